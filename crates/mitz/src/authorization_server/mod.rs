//! The Authorization server of Mitz (seed 000 steps 2–19 and 24–26).

pub mod aanmelding;
pub mod aanvraag;
pub mod code;
pub mod grant;
pub mod pseudoniem;
pub mod toestemmingsvraag;
pub mod token;
pub mod userinfo;

use std::collections::{BTreeMap, BTreeSet};

use identity::{Hostname, Loa, Ura};
use protocol::assertion::Audience;
use protocol::client::Clients;

use crate::catalogus::Catalogus;

/// What the authorization server knows before anybody asks: configuration, parsed.
#[derive(Clone, Debug)]
pub struct Mitz {
    /// The issuer identifier: an https URL without a trailing slash.
    pub issuer: String,
    /// The registered DVP clients.
    pub clients: Clients,
    /// The registered DVAs.
    pub dvas: Dvas,
    /// Providers and their categories.
    pub catalogus: Catalogus,
    /// The lowest level of DigiD that will do; Substantieel by default (design §5).
    pub min_level: Loa,
    /// Whether a token that names several providers is taken in step 25 (design §5; off).
    pub full_location_token: bool,
    /// What clients may write as `aud` into their assertions (design §5; the issuer).
    pub assertion_audience: Audience,
}

/// A DVA that may ask for consent (step 24).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dva {
    /// Its issuer: an audience of the location tokens for its providers.
    pub issuer: String,
    /// Where its public keys stand; answers are encrypted for one of them.
    pub jwks_uri: String,
    /// For whom it answers.
    pub uras: BTreeSet<Ura>,
}

/// The registered DVAs by the host name in their client certificate.
#[derive(Clone, Debug, Default)]
pub struct Dvas(BTreeMap<Hostname, Dva>);

impl Dvas {
    /// The DVA that showed a certificate of this host.
    pub fn by_host(&self, host: &str) -> Option<&Dva> {
        self.0.get(host)
    }

    /// The issuers of all DVAs.
    pub fn issuers(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(|dva| dva.issuer.as_str())
    }

    /// The issuers of the DVAs that answer for this provider: none, one, or several.
    pub fn issuers_for<'a>(&'a self, ura: &'a Ura) -> impl Iterator<Item = &'a str> {
        self.0
            .values()
            .filter(|dva| dva.uras.contains(ura))
            .map(|dva| dva.issuer.as_str())
    }
}

impl FromIterator<(Hostname, Dva)> for Dvas {
    fn from_iter<I: IntoIterator<Item = (Hostname, Dva)>>(dvas: I) -> Self {
        Self(dvas.into_iter().collect())
    }
}

/// The `acr` of a DigiD level: its eIDAS URI, or the SAML class where eIDAS has none
/// (digid.md §2.3).
pub fn acr(level: Loa) -> &'static str {
    level.eidas_uri().unwrap_or_else(|| level.class_ref())
}
