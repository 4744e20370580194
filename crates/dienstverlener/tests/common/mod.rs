//! An HM's keys and token, and a backend that trusts it.

use std::sync::{Arc, LazyLock};

use dienstverlener::toegang::{Toegang, Vereist};
use dienstverlener::uitgever::Uitgever;
use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use jose::{Algorithm, Jwks, RsaSize, SigningKey, generate_pkcs8};
use serde_json::{Value, json};

pub(crate) const NOW: i64 = 1_795_305_600;
pub(crate) const SERVICE: &str = "urn:etoegang:DV:00000001234567890000:services:1";
pub(crate) const OTHER_SERVICE: &str = "urn:etoegang:DV:00000001234567890000:services:2";
const ISSUER: &str = "https://hm.test/etd/1.13";
const DV: &str = "urn:etoegang:DV:00000001234567890000:entities:1";

fn key() -> SigningKey {
    let der = generate_pkcs8(Algorithm::Ps256, RsaSize::Bits2048).expect("a key");
    SigningKey::from_pkcs8(Algorithm::Ps256, &der).expect("a key")
}

pub(crate) fn hm() -> &'static SigningKey {
    static KEY: LazyLock<SigningKey> = LazyLock::new(key);
    &KEY
}

pub(crate) fn other_hm() -> &'static SigningKey {
    static KEY: LazyLock<SigningKey> = LazyLock::new(key);
    &KEY
}

pub(crate) fn keys_of(key: &SigningKey) -> Jwks {
    Jwks::new(vec![key.public().clone()]).expect("a set")
}

pub(crate) fn sign(key: &SigningKey, typ: &str, claims: &Value) -> String {
    key.sign(typ, claims).expect("signed")
}

/// The claims of a good token (etoegang case 77).
pub(crate) fn token() -> Value {
    json!({
        "iss": ISSUER, "aud": DV, "azp": "app-1", "client_id": "app-1",
        "sub": "een-pseudoniem", "sub_id_type": "urn:etoegang:1.13:EntityConcernedID:Pseudo",
        "scope": format!("openid {SERVICE}"),
        "acr": Betrouwbaarheidsniveau::Loa3.urn(),
        "auth_time": NOW - 600, "jti": "1.1", "iat": NOW, "exp": NOW + 600,
        "urn:etoegang:core:ServiceID": SERVICE,
        "urn:etoegang:core:ServiceUUID": "2c9d1c2e-1d0a-4d6b-8f5e-000000000001",
        "represents": {
            "sub": "12345678", "sub_id_type": "urn:etoegang:1.9:EntityConcernedID:KvKnr",
            "iss": "urn:etoegang:MR:00000004000000002000:entities:1",
        },
    })
}

pub(crate) fn toegang() -> Toegang {
    let uitgever = Uitgever::new(ISSUER);
    uitgever.vernieuw(keys_of(hm()));
    Toegang {
        uitgever: Arc::new(uitgever),
        dv: DV.parse().expect("an EntityID"),
        vereist: Vereist {
            dienst: SERVICE.parse().expect("a ServiceID"),
            niveau: Betrouwbaarheidsniveau::Loa3,
            leeftijd_s_max: Some(3600),
        },
    }
}
