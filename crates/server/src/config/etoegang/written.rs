//! What stands in `[hm]`, `[ad]` and `[mr]`, word for word.

use std::path::PathBuf;

use serde::Deserialize;

use super::super::written::{Node, Site};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Hm {
    pub(super) entity: String,
    pub(super) x5c: Option<X5c>,
    pub(super) node: Node,
    pub(super) site: Site,
    pub(super) access_token_s: Option<u32>,
    pub(super) id_token_s: Option<u32>,
    pub(super) ongebruikt_s: Option<u32>,
    pub(super) familie_s: Option<u32>,
    pub(super) id_token_bij_vernieuwen: Option<bool>,
    pub(super) ondertekent: Option<String>,
    pub(super) native_app: Option<Vec<String>>,
    pub(super) catalogus: Option<Catalogus>,
    #[serde(default)]
    pub(super) ad: Vec<KnownAd>,
    #[serde(default)]
    pub(super) mr: Vec<KnownMr>,
    #[serde(default)]
    pub(super) dv: Vec<KnownDv>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Ad {
    pub(super) entity: String,
    pub(super) x5c: Option<X5c>,
    pub(super) node: Node,
    pub(super) site: Site,
    pub(super) sessie_s: Option<u32>,
    pub(super) token_s: Option<u32>,
    pub(super) roteert: Option<bool>,
    pub(super) herhaalbaar_s: Option<u32>,
    pub(super) pogingen: Option<u8>,
    pub(super) vast_s: Option<u32>,
    #[serde(default)]
    pub(super) hm: Vec<KnownHm>,
    #[serde(default)]
    pub(super) mr: Vec<KnownMr>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Mr {
    pub(super) entity: String,
    pub(super) x5c: Option<X5c>,
    pub(super) node: Node,
    pub(super) site: Site,
    pub(super) catalogus: Option<Catalogus>,
    #[serde(default)]
    pub(super) hm: Vec<KnownHm>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct X5c {
    pub(super) directory: Option<PathBuf>,
    pub(super) lead_days: Option<u32>,
    #[serde(default)]
    pub(super) roots: Vec<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Catalogus {
    pub(super) url: Option<String>,
    pub(super) file: Option<PathBuf>,
    pub(super) certificates: Vec<PathBuf>,
    pub(super) max_age_days: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KnownAd {
    pub(super) entity: String,
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) jwks_uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KnownMr {
    pub(super) entity: String,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) jwks_uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KnownDv {
    pub(super) entity: String,
    pub(super) name: String,
    pub(super) jwks_uri: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KnownHm {
    pub(super) entity: String,
    pub(super) name: String,
    pub(super) jwks_uri: String,
    pub(super) redirect_uris: Vec<String>,
}
