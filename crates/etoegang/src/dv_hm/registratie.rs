//! An app that is registered while the HM runs (etoegang.md §4.2; RFC 7591): what it may ask, and the row
//! that makes it known.

use identity::EntityId;
use jose::Jwks;
use protocol::assertion::ClientKeys;
use protocol::client::{Authentication, Client};
use protocol::redirect;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use verdict::{BadRow, Change, Clear, Expect, IndexKey, Key, Moment, Record, Space, versioned};

use super::DvApp;
use crate::discovery::CLIENT_ALGORITHMS;
use crate::instellingen::Ondertekening;

/// Redirect URIs of one app, at most.
const REDIRECT_URIS_MAX: usize = 10;
/// Bytes of a redirect URI, at most.
const URI_BYTES_MAX: usize = 1024;
/// Characters of the name that people see, at most.
const NAAM_MAX: usize = 100;
/// Bytes of the keys of an instance, at most.
const JWKS_BYTES_MAX: usize = 8 * 1024;
/// Seconds that a registration lasts when nobody removes it: ten years.
const GELDIG_S: u32 = 10 * 366 * 86_400;

/// A registration. Its `client_id` is the name of its row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registratie {
    dv: EntityId,
    naam: String,
    redirect_uris: Vec<String>,
    mag_vernieuwen: bool,
    /// Of one instance; a public client has none.
    jwks: Option<Value>,
    geregistreerd: i64,
}

/// Why an app is not registered (RFC 7591 §3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fout {
    /// `invalid_redirect_uri`.
    RedirectUri,
    /// `invalid_client_metadata`, with the reason.
    Metagegevens(&'static str),
}

/// What an app asks. What is not known is passed over (RFC 7591 §2).
#[derive(Deserialize)]
struct Gevraagd {
    #[serde(default)]
    redirect_uris: Vec<String>,
    client_name: Option<String>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    id_token_signed_response_alg: Option<String>,
    userinfo_signed_response_alg: Option<String>,
    jwks: Option<Value>,
    jwks_uri: Option<Value>,
    /// Ours: the EntityID of the DV whose app it is.
    etd_dv: Option<String>,
}

impl Registratie {
    /// The index under which all of them are found.
    pub const ALLE: (&'static str, &'static str) = ("soort", "app");

    /// Reads what an app asks. `is_dv` knows the DVs of this HM.
    ///
    /// # Errors
    /// [`Fout`] names the first thing that is wrong.
    pub fn lees(
        document: &[u8],
        is_dv: impl Fn(&EntityId) -> bool,
        ondertekent: Ondertekening,
        now: Moment,
    ) -> Result<Self, Fout> {
        let asked: Gevraagd = serde_json::from_slice(document)
            .map_err(|_| Fout::Metagegevens("expected an object of client metadata"))?;
        let dv = asked.etd_dv.as_deref().map(EntityId::parse);
        let Some(Ok(dv)) = dv.filter(|dv| dv.as_ref().is_ok_and(&is_dv)) else {
            let reason = "etd_dv: expected the EntityID of a DV of this HM";
            return Err(Fout::Metagegevens(reason));
        };
        asked.has_redirect_uris()?;
        asked.is_of_the_code_flow()?;
        asked.has_fitting_keys()?;
        asked.reads(ondertekent)?;
        Ok(Self {
            dv,
            naam: asked.naam()?,
            mag_vernieuwen: asked.refreshes(),
            redirect_uris: asked.redirect_uris,
            jwks: asked.jwks,
            geregistreerd: now.unix(),
        })
    }

    /// Where the registration of this app stands.
    pub fn key(id: [u8; 16]) -> Key {
        Key::Record(Self::SPACE, id.to_vec())
    }

    /// The `client_id` of the app with this number.
    pub fn client_id(id: [u8; 16]) -> String {
        jose::base64url_encode(id)
    }

    /// The number in a `client_id`; nothing for one that no registration gave out.
    pub fn id(client_id: &str) -> Option<[u8; 16]> {
        jose::base64url_decode(client_id)?.try_into().ok()
    }

    /// The change that makes it known.
    pub fn registreren(&self, id: [u8; 16], now: Moment) -> Change<Clear> {
        self.put(Self::key(id), Expect::Absent, now.plus_s(GELDIG_S))
    }

    /// The app as the HM knows it; nothing when its keys are none any more.
    pub fn app(&self, client_id: &str) -> Option<DvApp> {
        let authentication = match &self.jwks {
            None => Authentication::Public,
            Some(jwks) => Authentication::PrivateKeyJwt(client_keys(jwks)?),
        };
        Some(DvApp {
            client: Client {
                client_id: client_id.to_owned(),
                organisatienaam: self.naam.clone(),
                authentication,
                redirect_uris: self.redirect_uris.clone(),
            },
            dv: self.dv.clone(),
            mag_vernieuwen: self.mag_vernieuwen,
        })
    }

    /// What was registered, as the app is told (RFC 7591 §3.2.1), with the algorithm of its tokens as the HM
    /// has it now.
    pub fn metagegevens(&self, client_id: &str, ondertekent: Ondertekening) -> Value {
        let mut grants = vec!["authorization_code"];
        grants.extend(self.mag_vernieuwen.then_some("refresh_token"));
        let method = self.jwks.as_ref().map_or("none", |_| "private_key_jwt");
        let mut told = json!({
            "client_id": client_id,
            "client_id_issued_at": self.geregistreerd,
            "client_name": self.naam,
            "redirect_uris": self.redirect_uris,
            "grant_types": grants,
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
            "id_token_signed_response_alg": ondertekent.naam(),
            "userinfo_signed_response_alg": ondertekent.naam(),
            "etd_dv": self.dv,
        });
        if let Some(jwks) = &self.jwks {
            told["jwks"] = jwks.clone();
        }
        told
    }
}

impl Gevraagd {
    fn has_redirect_uris(&self) -> Result<(), Fout> {
        let uris = &self.redirect_uris;
        let fits = |uri: &String| uri.len() <= URI_BYTES_MAX && redirect::is_for_an_app(uri);
        // etoegang cases 62 and 64
        if uris.is_empty() || uris.len() > REDIRECT_URIS_MAX || !uris.iter().all(fits) {
            return Err(Fout::RedirectUri);
        }
        Ok(())
    }

    fn is_of_the_code_flow(&self) -> Result<(), Fout> {
        let grants = self.grant_types.as_deref().unwrap_or_default();
        let known = |grant: &String| grant == "authorization_code" || grant == "refresh_token";
        let has_code = grants.iter().any(|grant| grant == "authorization_code");
        if self.grant_types.is_some() && !(has_code && grants.iter().all(known)) {
            let reason = "grant_types: expected authorization_code, and perhaps refresh_token";
            return Err(Fout::Metagegevens(reason));
        }
        let types = self.response_types.as_deref();
        if types.is_some_and(|types| types != ["code"]) {
            return Err(Fout::Metagegevens("response_types: expected code alone"));
        }
        Ok(())
    }

    /// Public, or with the keys of one instance. Nothing is fetched from where an app says.
    fn has_fitting_keys(&self) -> Result<(), Fout> {
        let usual = self.jwks.as_ref().map_or("none", |_| "private_key_jwt");
        let method = self.token_endpoint_auth_method.as_deref().unwrap_or(usual);
        if self.jwks_uri.is_some() {
            return Err(Fout::Metagegevens("jwks_uri: expected jwks"));
        }
        match (method, &self.jwks) {
            ("none", None) => Ok(()),
            ("private_key_jwt", Some(jwks)) if client_keys(jwks).is_some() => Ok(()),
            ("none" | "private_key_jwt", _) => Err(Fout::Metagegevens(
                "jwks: expected public keys for private_key_jwt, and none for none",
            )),
            _ => Err(Fout::Metagegevens(
                "token_endpoint_auth_method: expected none or private_key_jwt",
            )),
        }
    }

    /// Every app gets tokens with the one algorithm of the HM: one that asks for another could not read them
    /// (RFC 7591 §3.2.2). Where it says nothing it is told which (RFC 7591 §3.2.1).
    fn reads(&self, ondertekent: Ondertekening) -> Result<(), Fout> {
        let fits = |asked: &Option<String>| {
            let asked = asked.as_deref();
            asked.is_none_or(|asked| asked == ondertekent.naam())
        };
        if !fits(&self.id_token_signed_response_alg) {
            let reason = "id_token_signed_response_alg: expected one of id_token_signing_alg_values_supported";
            return Err(Fout::Metagegevens(reason));
        }
        if !fits(&self.userinfo_signed_response_alg) {
            let reason = "userinfo_signed_response_alg: expected one of userinfo_signing_alg_values_supported";
            return Err(Fout::Metagegevens(reason));
        }
        Ok(())
    }

    fn naam(&self) -> Result<String, Fout> {
        let naam = self.client_name.clone().unwrap_or_default();
        let length = naam.chars().count();
        if (1..=NAAM_MAX).contains(&length) && !naam.chars().any(char::is_control) {
            return Ok(naam);
        }
        let reason = "client_name: expected 1 to 100 characters on one line";
        Err(Fout::Metagegevens(reason))
    }

    fn refreshes(&self) -> bool {
        let grants = self.grant_types.as_deref().unwrap_or_default();
        grants.iter().any(|grant| grant == "refresh_token")
    }
}

fn client_keys(jwks: &Value) -> Option<ClientKeys> {
    let text = jwks.to_string();
    if text.len() > JWKS_BYTES_MAX {
        return None;
    }
    ClientKeys::new(Jwks::parse(text.as_bytes()).ok()?, &CLIENT_ALGORITHMS)
}

impl Fout {
    /// The code on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::RedirectUri => "invalid_redirect_uri",
            Self::Metagegevens(_) => "invalid_client_metadata",
        }
    }

    /// What is wrong, for the developer of the app.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::RedirectUri => {
                "redirect_uris: expected one to ten, each https, or http at 127.0.0.1 or [::1]"
            }
            Self::Metagegevens(reason) => reason,
        }
    }
}

impl Record for Registratie {
    const SPACE: Space = Space("etoegang.app");

    fn to_body(&self) -> Clear {
        let (index, key) = Self::ALLE;
        versioned::body(self, vec![(index, IndexKey::Text(key.to_owned()))])
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        versioned::open(Self::SPACE, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, app, keys};

    fn asked() -> Value {
        json!({
            "client_name": "App van de gemeente",
            "redirect_uris": ["https://app.dv.test/cb", "http://127.0.0.1/cb"],
            "grant_types": ["authorization_code", "refresh_token"],
            "etd_dv": app().dv,
            "logo_uri": "https://app.dv.test/logo",
        })
    }

    fn read(document: &Value) -> Result<Registratie, Fout> {
        let is_dv = |dv: &EntityId| *dv == app().dv;
        Registratie::lees(
            document.to_string().as_bytes(),
            is_dv,
            Ondertekening::Rs256,
            Moment::from_unix(NOW),
        )
    }

    fn with(member: &str, value: Value) -> Result<Registratie, Fout> {
        let mut document = asked();
        document[member] = value;
        read(&document)
    }

    #[test]
    fn an_app_that_reads_another_algorithm_than_the_hm_signs_with_is_not_registered() {
        // RFC 7591 §3.2.2
        for member in [
            "id_token_signed_response_alg",
            "userinfo_signed_response_alg",
        ] {
            assert!(with(member, json!("RS256")).is_ok(), "{member}");
            for other in ["ES256", "none", ""] {
                let refused = with(member, json!(other)).expect_err("no app");
                assert_eq!(refused.code(), "invalid_client_metadata");
                assert!(refused.reason().starts_with(member), "{other}");
            }
        }
    }

    #[test]
    fn rfc_7591_3_2_1_an_app_is_registered_with_what_it_asked_and_survives_its_row() {
        let registered = read(&asked()).expect("an app");
        let row = Registratie::from_body(&registered.to_body()).expect("a row");
        assert_eq!(row, registered);
        let id = [7; 16];
        let client_id = Registratie::client_id(id);
        assert_eq!(Registratie::id(&client_id), Some(id));
        assert_eq!(Registratie::id("gemeente-app"), None);
        let known = registered.app(&client_id).expect("an app");
        assert!(known.mag_vernieuwen);
        assert_eq!(known.client.authentication, Authentication::Public);
        let told = registered.metagegevens(&client_id, Ondertekening::Es256);
        assert_eq!(told["id_token_signed_response_alg"], "ES256");
        // RFC 7591 §3.2.1
        assert_eq!(told["redirect_uris"], asked()["redirect_uris"]);
        assert_eq!(told["token_endpoint_auth_method"], "none");
        assert_eq!(told["logo_uri"], Value::Null);
    }

    #[test]
    fn an_instance_brings_its_public_keys_and_proves_itself_by_them() {
        let jwks = keys().1.to_json();
        let registered = with("jwks", jwks.clone()).expect("an instance");
        let known = registered.app("x").expect("an app");
        let expected = Authentication::PrivateKeyJwt(client_keys(&jwks).expect("keys"));
        assert_eq!(known.client.authentication, expected);
        assert_eq!(
            registered.metagegevens("x", Ondertekening::Rs256)["jwks"],
            jwks
        );
        assert!(with("token_endpoint_auth_method", json!("private_key_jwt")).is_err());
        assert!(with("jwks_uri", json!("https://app.dv.test/jwks")).is_err());
        assert!(with("jwks", json!({ "keys": [] })).is_err());
    }

    #[test]
    fn etoegang_case_062_and_064_redirect_uris_that_others_can_claim_are_refused() {
        for bad in [
            json!(["myapp://cb"]),
            json!(["http://localhost:1/cb"]),
            json!(["https://app.dv.test/cb", "http://app.dv.test/cb"]),
            json!([]),
            json!(vec!["https://app.dv.test/cb"; 11]),
            json!([format!("https://app.dv.test/{}", "x".repeat(1024))]),
        ] {
            // etoegang cases 62 and 64
            assert_eq!(with("redirect_uris", bad), Err(Fout::RedirectUri));
        }
    }

    #[test]
    fn rfc_7591_3_2_2_metadata_that_the_hm_does_not_serve_are_refused() {
        for (member, bad) in [
            (
                "etd_dv",
                json!("urn:etoegang:DV:00000009999999990000:entities:1"),
            ),
            ("etd_dv", Value::Null),
            ("client_name", json!("")),
            ("client_name", json!("two\nlines")),
            ("grant_types", json!(["client_credentials"])),
            ("grant_types", json!(["refresh_token"])),
            ("response_types", json!(["token"])),
            ("token_endpoint_auth_method", json!("client_secret_basic")),
            ("redirect_uris", json!("https://app.dv.test/cb")),
        ] {
            let refused = with(member, bad).expect_err(member);
            // RFC 7591 §3.2.2
            assert_eq!(refused.code(), "invalid_client_metadata", "{member}");
        }
        assert!(read(&json!([])).is_err());
    }
}
