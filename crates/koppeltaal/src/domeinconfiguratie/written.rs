//! A declaration, word for word. What it means is said in [`super`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Gebruikerssoort, Status};
use crate::permissie::Bereik;

/// The version of this form.
pub(super) const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) schema_version: u32,
    pub(super) domain: String,
    pub(super) service: String,
    pub(super) fhir: Fhir,
    #[serde(default)]
    pub(super) applications: Vec<Application>,
    #[serde(default)]
    pub(super) roles: BTreeMap<String, BTreeMap<String, Rights>>,
    #[serde(default)]
    pub(super) identity_providers: Vec<IdentityProvider>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) default_identity_provider: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fhir {
    pub(super) upstream: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Application {
    pub(super) client_id: String,
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) jwks_uri: String,
    #[serde(default)]
    pub(super) redirect_uris: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<String>,
    #[serde(default)]
    pub(super) granted: Vec<String>,
    #[serde(default)]
    pub(super) identity_providers: BTreeMap<Gebruikerssoort, Vec<String>>,
}

/// What a role allows on one type, action by action.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rights {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) create: Option<Bereik>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) read: Option<Bereik>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) update: Option<Bereik>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) delete: Option<Bereik>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityProvider {
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) client_id: String,
    #[serde(default = "email")]
    pub(super) claim: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) identifier_system: Option<String>,
    #[serde(default)]
    pub(super) extra_scopes: Vec<String>,
}

/// The claim that production's IdPs are asked for when nothing is said (koppeltaal.md §4.5).
fn email() -> String {
    "email".to_owned()
}
