//! The interface between DV and HM: the HM as OpenID provider of native apps (etoegang.md §4.2 to §4.5).
//!
//! The scheme's own page for native apps is not public: the NL GOV profiles and a proposal stand here.

pub mod attributen;
pub mod authorize;
pub mod claims;
pub mod code;
pub mod family;
pub mod gevraagde_claims;
pub mod introspect;
pub mod onderhanden;
pub mod registratie;
pub mod revoke;
pub mod token;
pub mod userinfo;
pub mod verzoek;

use std::collections::HashMap;
use std::sync::Arc;

use identity::EntityId;
use protocol::assertion::Receiver;
use protocol::client::{Client, Clients, ProvenClient, Shown};
use protocol::not_before::NotBefore;
use protocol::redirect;
use protocol::refusal::{ErrorCode, Refusal};

use crate::instellingen::Instellingen;

/// The HM that answers.
#[derive(Clone, Debug)]
pub struct Hm {
    /// One issuer for each version of the scheme (etoegang.md §3).
    pub issuer: String,
    /// Its EntityID.
    pub entity: EntityId,
    /// How it gives out tokens.
    pub instellingen: Instellingen,
    /// What was issued before this moment does not count.
    pub not_before: NotBefore,
}

/// An app of a DV, as the HM registered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DvApp {
    /// What OAuth says of it. Public, or with keys of each instance.
    pub client: Client,
    /// The DV, at whose backend its tokens are good.
    pub dv: EntityId,
    /// Whether it may refresh.
    pub mag_vernieuwen: bool,
}

/// The active apps that an HM knows. A disabled one is not among them.
#[derive(Clone, Debug, Default)]
pub struct DvApps {
    clients: Clients,
    apps: HashMap<String, Arc<DvApp>>,
}

/// An app whose redirect URIs are none for an app (etoegang case 62).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRedirectUri {
    /// Which app.
    pub client_id: String,
}

/// An app that said, or proved, who it is. Only [`DvApps::prove`] makes one.
#[derive(Clone, Debug)]
#[must_use]
pub struct ProvenApp {
    /// What may be spent, and who it is.
    pub client: ProvenClient,
    app: Arc<DvApp>,
}

impl DvApps {
    /// The registry of these apps.
    ///
    /// # Errors
    /// [`InvalidRedirectUri`] of the first app that has one.
    pub fn new(apps: impl IntoIterator<Item = DvApp>) -> Result<Self, InvalidRedirectUri> {
        let mut known = HashMap::new();
        for app in apps {
            // etoegang cases 62 and 64
            let uris = &app.client.redirect_uris;
            if !uris.iter().all(|uri| redirect::is_for_an_app(uri)) {
                let client_id = app.client.client_id;
                return Err(InvalidRedirectUri { client_id });
            }
            known.insert(app.client.client_id.clone(), Arc::new(app));
        }
        let clients = known.values().map(|app| app.client.clone()).collect();
        Ok(Self {
            clients,
            apps: known,
        })
    }

    /// What OAuth says of each.
    pub const fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The app with this `client_id`.
    pub fn get(&self, client_id: &str) -> Option<&Arc<DvApp>> {
        self.apps.get(client_id)
    }

    /// Finds out who asks at the token endpoint (etoegang cases 27 to 31).
    ///
    /// # Errors
    /// `invalid_request` without `client_id`, `invalid_client` for whoever is unknown or has not proven
    /// himself. No token is touched.
    pub fn prove(&self, shown: &Shown<'_>, receiver: &Receiver<'_>) -> Result<ProvenApp, Refusal> {
        // etoegang case 27
        if shown.client_id.is_none() && shown.assertion.1.is_none() {
            let reason = "client_id is missing";
            return Err(Refusal::new(
                ErrorCode::InvalidRequest,
                "etoegang case 27",
                reason,
            ));
        }
        let client = self.clients.prove(shown, Some(receiver))?;
        let app = self.apps.get(client.id()).ok_or(Refusal::new(
            ErrorCode::InvalidClient,
            "etoegang case 28",
            "the app is not registered",
        ))?;
        Ok(ProvenApp {
            app: Arc::clone(app),
            client,
        })
    }
}

impl ProvenApp {
    /// The registration.
    pub fn app(&self) -> &DvApp {
        &self.app
    }

    /// Its `client_id`.
    pub fn id(&self) -> &str {
        self.client.id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, app, instance, other_keys, sign};
    use protocol::assertion;
    use serde_json::json;
    use verdict::Moment;

    fn apps() -> DvApps {
        DvApps::new([app(), instance()]).expect("two apps")
    }

    fn prove(client_id: Option<&str>, assertion: Option<&str>) -> Result<ProvenApp, Refusal> {
        let shown = Shown {
            client_id,
            assertion: (assertion.map(|_| assertion::TYPE), assertion),
            ..Shown::default()
        };
        let receiver = Receiver {
            audience: &["https://hm.test/etd/1.13"],
            now: Moment::from_unix(NOW),
        };
        apps().prove(&shown, &receiver)
    }

    #[test]
    fn etoegang_case_027_and_028_an_app_must_name_itself_and_be_known() {
        assert_eq!(prove(Some("app-1"), None).expect("an app").id(), "app-1");
        // etoegang case 27
        let nobody = prove(None, None).expect_err("nobody");
        assert_eq!(nobody.error, ErrorCode::InvalidRequest);
        // etoegang case 28
        let unknown = prove(Some("unknown"), None).expect_err("unknown");
        assert_eq!(unknown.error, ErrorCode::InvalidClient);
        assert_eq!(unknown.error.status(), 401);
        let instance = prove(Some("inst-1"), None).expect_err("it has keys");
        assert_eq!(instance.error, ErrorCode::InvalidClient);
    }

    #[test]
    fn etoegang_case_029_and_031_an_assertion_that_is_over_or_for_another_server_is_invalid_client()
    {
        let claims = |exp: i64, aud: &str| {
            json!({
                "iss": "inst-1", "sub": "inst-1", "aud": aud, "iat": NOW - 10, "exp": exp,
                "jti": "een-nummer-dat-een-keer-dient",
            })
        };
        let here = "https://hm.test/etd/1.13";
        let signed = |claims| sign(&crate::testing::keys().0, "JWT", &claims);
        let good = signed(claims(NOW + 60, here));
        let proven = prove(Some("inst-1"), Some(&good)).expect("its own key");
        assert!(proven.client.burn().is_some());
        // etoegang cases 29 and 31
        for bad in [
            signed(claims(NOW - 61, here)),
            signed(claims(NOW + 60, "https://hm2.test/etd/1.13")),
            sign(&other_keys().0, "JWT", &claims(NOW + 60, here)),
        ] {
            let refusal = prove(Some("inst-1"), Some(&bad)).expect_err("no proof");
            assert_eq!(refusal.error, ErrorCode::InvalidClient);
        }
    }

    #[test]
    fn etoegang_case_062_an_app_with_a_scheme_of_its_own_is_not_registered() {
        for bad in ["myapp://cb", "http://localhost:1/cb"] {
            let mut app = app();
            app.client.redirect_uris.push(bad.into());
            // etoegang case 62
            let refused = DvApps::new([app]).expect_err("no redirect URI");
            assert_eq!(refused.client_id, "app-1");
        }
    }
}
