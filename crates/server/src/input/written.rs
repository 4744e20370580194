//! What stands in the files, member by member; no value has been looked at yet.
//!
//! Nothing here prints: values may be BSNs.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::place::Entries;
use crate::routes::dva::LeftOpen;

/// A person of `people.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) bsn: String,
    pub(super) name: String,
    pub(super) birth_date: String,
    pub(super) shows: Option<Shows>,
    #[serde(default)]
    pub(super) represents: Vec<Represents>,
}

/// Whom a person may represent, and by what right.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Represents {
    pub(super) bsn: String,
    pub(super) by: String,
}

/// What a person is an example of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shows {
    pub(super) nl: String,
    pub(super) en: String,
}

/// A provider of `providers.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Provider {
    pub(super) ura: String,
    pub(super) naam: String,
    pub(super) weergavenaam: String,
    pub(super) aanbiedertype: String,
    pub(super) category: String,
    pub(super) dva: Option<String>,
    #[serde(default)]
    pub(super) gegevensdiensten: Vec<String>,
    #[serde(default)]
    pub(super) down: bool,
}

/// A gegevensdienst of `gegevensdiensten.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gegevensdienst {
    pub(super) id: String,
    pub(super) weergavenaam: String,
    pub(super) systeemrolcode: String,
    pub(super) zoekvragen: Vec<Zoekvraag>,
    #[serde(default)]
    pub(super) plaatsen: Vec<Plaatsbaar>,
}

/// A kind of resource that may be placed under a gegevensdienst.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plaatsbaar {
    #[serde(rename = "type")]
    pub(super) resource_type: String,
    #[serde(default)]
    pub(super) members: Vec<String>,
    pub(super) category: Option<String>,
}

/// One search of a gegevensdienst.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Zoekvraag {
    #[serde(rename = "type")]
    pub(super) resource_type: String,
    #[serde(default)]
    pub(super) parameters: Vec<(String, String)>,
}

/// `localisation.json`: URAs by BSN.
pub(super) type Localisation = Entries<Vec<String>>;

/// A person's choices for a PGO, of `consents.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Consent {
    pub(super) bsn: String,
    pub(super) client_id: String,
    pub(super) choices: Vec<Choice>,
}

/// A choice for a category or for one provider.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    pub(super) category: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) function: String,
    pub(super) decision: String,
}

/// A client of `clients.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_field_names,
    reason = "client_id is the name on the wire and in the file"
)]
pub(super) struct Client {
    pub(super) client_id: String,
    pub(super) organisation: String,
    pub(super) auth: String,
    /// For `tls_client_auth`: the DNS names of its certificates (RFC 8705 §2.1.2).
    pub(super) tls_client_auth_san_dns: Option<Vec<String>>,
    /// For `self_signed_tls_client_auth`: its PEM file, by a path inside the folder.
    pub(super) certificate: Option<String>,
    /// For `private_key_jwt`: its public keys (RFC 7517 §5).
    pub(super) jwks: Option<serde_json::Value>,
    pub(super) redirect_uris: Vec<String>,
    pub(super) gegevensdiensten: Option<Vec<String>>,
}

/// `lists.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lists {
    pub(super) volgnummer: u64,
    pub(super) interfaceversie: String,
    #[serde(default)]
    pub(super) whitelist: Vec<String>,
}

/// `parties.json`: outside parties by their name.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Parties {
    pub(super) pgo: Option<OutsideParty>,
    pub(super) mitz: Option<OutsideParty>,
    pub(super) lokalisatie: Option<OutsideParty>,
    pub(super) digid: Option<OutsideParty>,
    pub(super) dva: Option<OutsideParty>,
    pub(super) xis: Option<OutsideParty>,
    pub(super) dva2: Option<OutsideParty>,
    pub(super) xis2: Option<OutsideParty>,
    pub(super) stelselnode: Option<OutsideParty>,
    pub(super) hm: Option<OutsideParty>,
    pub(super) ad: Option<OutsideParty>,
    pub(super) mr: Option<OutsideParty>,
    pub(super) dv: Option<OutsideParty>,
}

/// A party that somebody else's server plays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutsideParty {
    pub(super) base_url: Option<String>,
    /// By the name of a host of the party.
    #[serde(default)]
    pub(super) hosts: BTreeMap<String, String>,
    /// A PEM file, by a path inside the folder.
    pub(super) ca: Option<String>,
    /// A PEM file, by a path inside the folder.
    pub(super) certificate: Option<String>,
    /// By their name in the party's metadata.
    #[serde(default)]
    pub(super) endpoints: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) redirect_uris: Vec<String>,
    pub(super) organisation: Option<String>,
}

/// `settings.json`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    pub(super) mitz: MitzSettings,
    pub(super) dva: DvaSettings,
    pub(super) dva2: DvaSettings,
}

/// What can be set at Mitz.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MitzSettings {
    pub(super) min_level: Option<String>,
    pub(super) full_location_token: bool,
    pub(super) token_endpoint_as_audience: bool,
}

/// What can be set at a DVA.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DvaSettings {
    pub(super) jwt_bearer: bool,
    pub(super) full_location_token: bool,
    pub(super) age_min: Option<u8>,
    pub(super) subscription_days_max: u32,
    pub(super) post_query: Option<bool>,
    pub(super) get_query: Option<bool>,
    pub(super) left_open: LeftOpen,
}
