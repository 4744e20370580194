//! DigiD as the service provider meets it: our side of a login, with sockets and keys around the
//! rules of [`saml`].
//!
//! [`ServiceProvider::login`] sends a person to DigiD, [`ServiceProvider::resolve`] exchanges the
//! artifact that comes back for the answer, over mutual TLS and only at the address that DigiD's
//! metadata gives. Whether an answer logs anybody in is [`saml::digid::accept`]'s to say.
//! [`ServiceProvider::logout`] and what stands beside it end a login, from either side.
//!
//! This module never shows or logs a BSN, an artifact or a part of a message. It keeps nothing but
//! DigiD's metadata: that an AuthnRequest is answered once is for the caller to see to.
//!
//! Start reading at [`ServiceProvider`].

mod entrance;
mod fault;
mod logout;
mod metadata;
mod resolve;

use identity::Loa;
use rustls_pki_types::PrivateKeyDer;
use saml::authn_request::{AuthnRequest, Consumer, RequestedLevel};
use saml::keys::{Certificate, KeyInfo, SigningKey};
use saml::metadata::{AssertionConsumerService, IdpMetadata, SpMetadata};
use saml::signature::CannotSign;
use verdict::Moment;

pub use entrance::{Afwijking, EntranceConfig, Vertegenwoordiging};
pub use fault::{Misconfigured, Unreachable};
pub use logout::{BadLogout, LoggedOut};
pub use metadata::{MetadataSource, Remembered};
pub use resolve::{Antwoord, Resolve, SoapMediaType};
/// How the browser is sent to DigiD: by a signed redirect, or by a form when the metadata offers
/// POST only (amendment to digid case 1).
pub use saml::authn_request::Sent as Login;

use crate::app::App;
use crate::certificates;

/// The index of our only assertion consumer service.
const CONSUMER: u16 = 0;

/// Who we are to DigiD, and which DigiD.
#[derive(Clone, Debug)]
pub struct ServiceProviderConfig {
    /// The name by which we call ourselves in `Issuer`: by habit the URL of our metadata.
    pub entity_id: String,
    /// Where browsers bring artifacts.
    pub acs_url: String,
    /// Where browsers bring the answer to a logout; nothing where a login leaves no session.
    pub slo_url: Option<String>,
    /// Where DigiD tells of a logout, over the back channel; likewise.
    pub slo_soap_url: Option<String>,
    /// The lowest level that will do; Substantieel unless configured otherwise (digid.md §5).
    pub min_level: Loa,
    /// Where DigiD's metadata is.
    pub metadata: MetadataSource,
}

/// A service provider of DigiD: of 3.x, or at the entrance of 4.x.
pub struct ServiceProvider {
    entity_id: String,
    acs_url: String,
    slo_url: Option<String>,
    slo_soap_url: Option<String>,
    min_level: Loa,
    /// Shown on DigiD's login page.
    name: Option<String>,
    media_type: SoapMediaType,
    key: SigningKey,
    idp: Remembered<IdpMetadata>,
    /// None with 3.x.
    entrance: Option<entrance::Entrance>,
}

impl ServiceProvider {
    /// A service provider that signs with `identity`: an RSA key, as
    /// [`saml_signing`](certificates::saml_signing) makes.
    ///
    /// # Errors
    /// [`Misconfigured`] when the key cannot sign SAML or the given metadata cannot be read.
    pub fn new(
        config: ServiceProviderConfig,
        identity: &certificates::Identity,
    ) -> Result<Self, Misconfigured> {
        Ok(Self {
            entity_id: config.entity_id,
            acs_url: config.acs_url,
            slo_url: config.slo_url,
            slo_soap_url: config.slo_soap_url,
            min_level: config.min_level,
            name: None,
            media_type: SoapMediaType::default(),
            key: signing_key(identity, KeyInfo::Certificate)?,
            idp: Remembered::new(config.metadata, IdpMetadata::parse)?,
            entrance: None,
        })
    }

    /// The same as a service of 4.x. People are encrypted for `encryption`: an RSA key of its own.
    ///
    /// # Errors
    /// [`Misconfigured`] when that key cannot be used.
    pub fn at_entrance(
        mut self,
        config: EntranceConfig,
        encryption: &certificates::Identity,
    ) -> Result<Self, Misconfigured> {
        self.entrance = Some(entrance::Entrance::new(config, encryption)?);
        Ok(self)
    }

    /// The same under a name that DigiD shows on its login page (`ProviderName`).
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The same, sending its questions under this media type.
    #[must_use]
    pub const fn sending(mut self, media_type: SoapMediaType) -> Self {
        self.media_type = media_type;
        self
    }

    /// Our metadata, signed, with this `ID` (digid.md §2.1).
    ///
    /// # Errors
    /// [`CannotSign`] when the library fails.
    pub fn metadata(&self, id: &str) -> Result<String, CannotSign> {
        let metadata = SpMetadata {
            entity_id: self.entity_id.clone(),
            consumers: vec![AssertionConsumerService {
                index: CONSUMER,
                url: self.acs_url.clone(),
                is_default: true,
            }],
            slo_redirect: self.slo_url.clone(),
            slo_post: None,
            slo_soap: self.slo_soap_url.clone(),
            signing: vec![self.key.certificate().clone()],
            encryption: self
                .entrance
                .iter()
                .map(|e| e.certificate().clone())
                .collect(),
            services: self
                .entrance
                .iter()
                .map(entrance::Entrance::service)
                .collect(),
        };
        metadata.to_xml(id, &self.key)
    }

    /// A request for a fresh login at our level or above, on its way to DigiD (digid.md §2.2).
    /// `relay_state` comes back with the artifact; it may have 80 bytes.
    ///
    /// # Errors
    /// [`Unreachable`] when DigiD's metadata cannot be had, or the request cannot be sent to what it
    /// names; the log says why.
    pub async fn login(
        &self,
        app: &App,
        authn_request_id: &str,
        relay_state: &str,
        now: Moment,
    ) -> Result<Login, Unreachable> {
        let nobody = Vertegenwoordiging::Geen;
        self.login_for(app, authn_request_id, relay_state, nobody, now)
            .await
    }

    /// The same for a person who may be asked to log in for somebody else, which 3.x cannot ask.
    /// [`Vertegenwoordiging::afwijking`] tells whether the answer is what was asked.
    ///
    /// # Errors
    /// As [`Self::login`]; and when representation is asked of 3.x.
    pub async fn login_for(
        &self,
        app: &App,
        authn_request_id: &str,
        relay_state: &str,
        vertegenwoordiging: Vertegenwoordiging,
        now: Moment,
    ) -> Result<Login, Unreachable> {
        let idp = self.idp.get(app).await?;
        let relay_state = Some(relay_state);
        let unsent = |why: &dyn std::fmt::Display| {
            tracing::error!(party = app.party, %why, "an AuthnRequest could not be sent");
            Unreachable
        };
        if let Some(entrance) = &self.entrance {
            let issuer = &self.entity_id;
            let request = entrance.request(authn_request_id, issuer, vertegenwoordiging, now);
            let form = request.send(&idp, relay_state, &self.key);
            return form.map(Login::Post).map_err(|why| unsent(&why));
        }
        if vertegenwoordiging != Vertegenwoordiging::Geen {
            return Err(unsent(&"DigiD 3.x knows no representation"));
        }
        let request = AuthnRequest {
            id: authn_request_id.to_owned(),
            issue_instant: now,
            issuer: self.entity_id.clone(),
            consumer: Consumer::Index(CONSUMER),
            level: RequestedLevel::minimum(self.min_level), // digid case 1
            force_authn: true,                              // design §5 "front channel"
            provider_name: self.name.clone(),
        };
        let sent = request.send(&idp, relay_state, &self.key);
        sent.map_err(|why| unsent(&why))
    }
}

/// The key with which a party signs SAML messages, read once.
///
/// # Errors
/// [`Misconfigured`] when it is no RSA key in PKCS#8, or the certificate is for another key.
pub fn signing_key(
    identity: &certificates::Identity,
    key_info: KeyInfo,
) -> Result<SigningKey, Misconfigured> {
    let PrivateKeyDer::Pkcs8(key) = identity.key() else {
        return Err(saml::keys::BadKey::Unreadable.into());
    };
    let certificate = Certificate::from_der(identity.certificate())?;
    Ok(SigningKey::from_pkcs8(
        key.secret_pkcs8_der(),
        certificate,
        key_info,
    )?)
}
