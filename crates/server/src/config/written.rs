//! What stands in `sluis.toml`, word for word. What it means is said in [`super::meant`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::etoegang::written::{Ad, Hm, Mr};
use crate::routes::dva::LeftOpen;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Configuration {
    pub(super) state: PathBuf,
    pub(super) registers: Option<PathBuf>,
    pub(super) store: Store,
    pub(super) keys: Keys,
    pub(super) admin: Option<Admin>,
    pub(super) trust: Trust,
    #[serde(default)]
    pub(super) calls: Calls,
    pub(super) listeners: BTreeMap<String, Listener>,
    pub(super) mitz: Option<Mitz>,
    pub(super) lokalisatie: Option<Lokalisatie>,
    pub(super) dva: Option<Dva>,
    pub(super) pgo: Option<Pgo>,
    pub(super) koppeltaal: Option<Koppeltaal>,
    pub(super) hm: Option<Hm>,
    pub(super) ad: Option<Ad>,
    pub(super) mr: Option<Mr>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Store {
    pub(super) home: String,
    pub(super) address: Option<String>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) writers: Option<u8>,
    pub(super) readers: Option<u8>,
    pub(super) audit_days: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    pub(super) master_file: Option<PathBuf>,
    #[serde(default)]
    pub(super) rotate_days: BTreeMap<String, u32>,
    pub(super) pkcs11: Option<Pkcs11>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pkcs11 {
    pub(super) module: PathBuf,
    pub(super) token: String,
    pub(super) pin_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Admin {
    pub(super) listen: String,
    pub(super) drain_notice_s: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trust {
    pub(super) roots: Vec<PathBuf>,
    pub(super) revocation: Option<String>,
    #[serde(default)]
    pub(super) crls: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Calls {
    #[serde(default)]
    pub(super) private_hosts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listener {
    pub(super) listen: String,
    pub(super) connections_max: Option<usize>,
    pub(super) connections_per_address_max: Option<usize>,
    pub(super) drain_timeout_s: Option<u64>,
    pub(super) strict_transport_security: Option<bool>,
}

/// A host that is served.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Site {
    pub(super) host: String,
    pub(super) url: Option<String>,
    pub(super) listener: String,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    pub(super) body_bytes_max: Option<usize>,
    pub(super) requests_at_a_time_max: Option<usize>,
    pub(super) requests_per_s_per_address: Option<u32>,
    pub(super) requests_per_s_per_client: Option<u32>,
    #[serde(default)]
    pub(super) proxies: Vec<String>,
}

/// A certificate with which a role shows who it is to those it calls.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    pub(super) host: String,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Digid {
    pub(super) metadata: String,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mitz {
    pub(super) node: Node,
    pub(super) front: Site,
    pub(super) back: Site,
    pub(super) register: Site,
    pub(super) digid: Digid,
    pub(super) lokalisatie: String,
    pub(super) min_level: Option<String>,
    #[serde(default)]
    pub(super) full_location_token: bool,
    #[serde(default)]
    pub(super) token_endpoint_as_audience: bool,
    #[serde(default)]
    pub(super) dva: Vec<RegisteredDva>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisteredDva {
    pub(super) host: String,
    pub(super) issuer: String,
    pub(super) jwks_uri: String,
    pub(super) uras: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lokalisatie {
    pub(super) node: Node,
    pub(super) site: Site,
    pub(super) mitz_host: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dva {
    pub(super) node: Node,
    pub(super) front: Site,
    pub(super) back: Site,
    pub(super) discovery: Site,
    pub(super) mitz: String,
    pub(super) mitz_jwks: String,
    pub(super) consent_introspection: String,
    pub(super) xis: String,
    pub(super) stelselnode: String,
    pub(super) age_min: Option<u8>,
    #[serde(default)]
    pub(super) jwt_bearer: bool,
    #[serde(default)]
    pub(super) full_location_token: bool,
    pub(super) medmij: Option<Medmij>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Medmij {
    pub(super) name: String,
    pub(super) telephone: Option<String>,
    pub(super) min_level: Option<String>,
    #[serde(default)]
    pub(super) post_query: bool,
    #[serde(default)]
    pub(super) get_query: bool,
    #[serde(default)]
    pub(super) subscription_days_max: u32,
    #[serde(default)]
    pub(super) left_open: LeftOpen,
    pub(super) digid: Digid,
    pub(super) entrance: Option<Entrance>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entrance {
    pub(super) metadata: String,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    pub(super) encryption_certificate: PathBuf,
    pub(super) encryption_key: PathBuf,
    pub(super) service_uuid: String,
    pub(super) bvd: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pgo {
    pub(super) node: Node,
    pub(super) front: Site,
    pub(super) mitz: String,
    pub(super) toestemmingen: String,
    pub(super) stelselnode: String,
    #[serde(default)]
    pub(super) login_origins: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Koppeltaal {
    pub(super) node: Node,
    pub(super) site: Site,
}
