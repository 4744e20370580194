//! What an HM and an AD publish of themselves (etoegang.md §4.2): metadata and keys. [`gevonden`] and
//! [`sleutels::read`] are how an HM reads those of an AD.
//!
//! The document is made from the values that the endpoints obey: addresses, algorithms, levels,
//! claims. It is found at the paths of [`plaats`] and nowhere else; there is no WebFinger.

pub mod gevonden;
pub mod sleutels;

use jose::{Algorithm, jwe};
use serde_json::{Map, Value, json};
use verdict::Moment;

use crate::attribuut::{VAN_ORGANISATIES, VAN_PERSONEN};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::dv_hm::claims::{ID_TOKEN_CLAIMS, PSEUDO};
use crate::kenmerk::Soort;

/// Seconds that metadata and keys may be kept by whoever fetched them: one week, as the NL GOV profile
/// recommends (etoegang.md §4.2). A key must stand in the set for that long before it signs.
pub const BEWAREN_S: u32 = 604_800;

/// Algorithms of client assertions and request objects: RS256 must be taken, PS256 should
/// (etoegang.md §6.2); ES256 is as strong.
pub const CLIENT_ALGORITHMS: [Algorithm; 3] =
    [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256];

/// Languages of the pages.
const TALEN: [&str; 2] = ["nl", "en"];

/// A document that is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plaats {
    /// OpenID Connect Discovery, and RFC 8414: one document.
    Metadata,
    /// The keys.
    Jwks,
}

/// Which provider it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aanbieder {
    /// For the apps of DVs: public, or with a key for each instance.
    Hm,
    /// For HMs: each with its keys or its certificate.
    Ad,
}

/// Where a provider answers: each path of etoegang.md §4.2 under one base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adressen {
    /// The issuer; one for each version of the scheme (etoegang case 95).
    pub issuer: String,
    /// The base of the same paths at a host that asks for certificates, where there is one.
    pub mtls: Option<String>,
}

/// How it signs and what it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metagegevens {
    /// Which provider.
    pub aanbieder: Aanbieder,
    /// Where.
    pub adressen: Adressen,
    /// Algorithms of its signing keys, those in use first.
    pub ondertekent: Vec<Algorithm>,
    /// In which ways one may encrypt a request to it; none when it has no key for that.
    pub ontsleutelt: Vec<jwe::Algorithm>,
}

/// Where a path leads; nothing for every other path, that of WebFinger among them (etoegang case 83).
///
/// Both forms of the well-known path count: appended to the issuer, as OpenID Connect has it, and
/// inserted before its path, as RFC 8414 has it (etoegang.md §8, C12).
pub fn plaats(issuer: &str, path: &str) -> Option<Plaats> {
    let own = path_of(issuer);
    let is_metadata = ["openid-configuration", "oauth-authorization-server"]
        .iter()
        .any(|name| {
            let appended = format!("{own}/.well-known/{name}");
            let inserted = format!("/.well-known/{name}{own}"); // RFC 8414 §3
            path == appended || path == inserted
        });
    let is_jwks = path.strip_prefix(own) == Some("/jwks");
    match (is_metadata, is_jwks) {
        (true, _) => Some(Plaats::Metadata),
        (_, true) => Some(Plaats::Jwks),
        _ => None, // etoegang case 83
    }
}

/// `Cache-Control` of both documents (etoegang case 81).
pub fn cache_control() -> String {
    format!("public, max-age={BEWAREN_S}") // etoegang case 81
}

impl Adressen {
    /// The address of an endpoint: `token`, `authorize`.
    pub fn van(&self, endpoint: &str) -> String {
        format!("{}/{endpoint}", self.issuer)
    }
}

impl Metagegevens {
    /// The document (RFC 8414 §2, OIDC Discovery §3).
    pub fn document(&self) -> Value {
        let mut document = Map::new();
        let issuer = json!(self.adressen.issuer);
        document.insert("issuer".to_owned(), issuer); // etoegang case 81
        self.endpoints(&mut document);
        self.tokens(&mut document);
        self.requests(&mut document);
        Value::Object(document)
    }

    /// The claims of `signed_metadata`, the same once more, signed (RFC 8414 §2.1): for a client that
    /// has the issuer's certificate and not its word.
    pub fn ondertekend(&self, now: Moment) -> Value {
        let mut claims = self.document();
        claims["iss"] = json!(self.adressen.issuer);
        claims["iat"] = json!(now.unix());
        claims
    }

    fn endpoints(&self, document: &mut Map<String, Value>) {
        let adressen = &self.adressen;
        let mut aliases = Map::new();
        for (name, endpoint, has_clients) in self.aanbieder.endpoints() {
            document.insert((*name).to_owned(), json!(adressen.van(endpoint)));
            if let Some(base) = adressen.mtls.as_ref().filter(|_| *has_clients) {
                let alias = json!(format!("{base}/{endpoint}"));
                aliases.insert((*name).to_owned(), alias);
            }
        }
        if !aliases.is_empty() {
            let aliases = Value::Object(aliases);
            document.insert("mtls_endpoint_aliases".to_owned(), aliases); // RFC 8705 §5
        }
    }

    fn tokens(&self, document: &mut Map<String, Value>) {
        let signs: Vec<_> = self.ondertekent.iter().map(|each| each.name()).collect();
        let levels = Betrouwbaarheidsniveau::ALL.into_iter();
        let levels = levels.filter(|niveau| Betrouwbaarheidsniveau::from_urn(niveau.urn()).is_ok());
        let levels: Vec<_> = levels.map(Betrouwbaarheidsniveau::urn).collect();
        let kinds = [PSEUDO, Soort::KvkNr.urn(), Soort::Rsin.urn()];
        document.extend([
            ("id_token_signing_alg_values_supported".into(), json!(signs)),
            ("userinfo_signing_alg_values_supported".into(), json!(signs)),
            ("subject_types_supported".into(), json!(["pairwise"])),
            ("sub_id_types_supported".into(), json!(kinds)),
            ("acr_values_supported".into(), json!(levels)),
            ("claims_supported".into(), json!(self.claims())), // `represents` among them
            // RFC 8705 §3.3
            (
                "tls_client_certificate_bound_access_tokens".into(),
                json!(self.adressen.mtls.is_some()),
            ),
        ]);
    }

    /// What its tokens can say: what they always do, and the attributes that can be asked for. Which ones a
    /// service may ask for the catalogue says.
    fn claims(&self) -> Vec<&'static str> {
        let of_organisations: &[&str] = match self.aanbieder {
            Aanbieder::Hm => &VAN_ORGANISATIES,
            Aanbieder::Ad => &[],
        };
        [&ID_TOKEN_CLAIMS[..], &VAN_PERSONEN, of_organisations].concat()
    }

    fn requests(&self, document: &mut Map<String, Value>) {
        let methods = self.aanbieder.methods(self.adressen.mtls.is_some());
        let algorithms = CLIENT_ALGORITHMS.map(Algorithm::name);
        for endpoint in ["token", "revocation"] {
            let name = |rest: &str| format!("{endpoint}_endpoint_auth_{rest}");
            document.insert(name("methods_supported"), json!(methods));
            document.insert(name("signing_alg_values_supported"), json!(algorithms));
        }
        document.extend([
            ("scopes_supported".into(), json!(["openid"])),
            ("response_types_supported".into(), json!(["code"])), // etoegang case 81
            ("response_modes_supported".into(), json!(["query"])),
            // etoegang.md §8, C8
            (
                "grant_types_supported".into(),
                json!(["authorization_code", "refresh_token"]),
            ),
            ("code_challenge_methods_supported".into(), json!(["S256"])), // etoegang case 81
            ("ui_locales_supported".into(), json!(TALEN)),
            // RFC 9207 §3
            (
                "authorization_response_iss_parameter_supported".into(),
                json!(true),
            ),
            // A request_uri counts only when it was pushed (RFC 9126 §5): none is fetched.
            ("request_uri_parameter_supported".into(), json!(false)),
        ]);
        let is_hm = self.aanbieder == Aanbieder::Hm;
        document.insert("request_parameter_supported".to_owned(), json!(true));
        document.insert("claims_parameter_supported".to_owned(), json!(true));
        // An AD takes no other requests (etoegang.md §4.6); at an HM a native app may have no key.
        document.insert("require_signed_request_object".to_owned(), json!(!is_hm));
        let name = "request_object_signing_alg_values_supported";
        document.insert(name.to_owned(), json!(algorithms));
        if is_hm {
            self.encryption(document);
        }
    }

    fn encryption(&self, document: &mut Map<String, Value>) {
        let ways: Vec<_> = self.ontsleutelt.iter().map(|way| way.name()).collect();
        if !ways.is_empty() {
            let name = |what| format!("request_object_encryption_{what}_values_supported");
            document.insert(name("alg"), json!(ways));
            document.insert(name("enc"), json!(["A256GCM"]));
        }
    }
}

impl Aanbieder {
    /// Each endpoint: its member, its path under the issuer, and whether clients prove themselves or
    /// show a bound token there.
    const fn endpoints(self) -> &'static [(&'static str, &'static str, bool)] {
        match self {
            Self::Hm => &[
                ("authorization_endpoint", "authorize", false),
                ("pushed_authorization_request_endpoint", "par", true), // RFC 9126 §5
                ("token_endpoint", "token", true),
                ("jwks_uri", "jwks", false),
                ("userinfo_endpoint", "userinfo", true),
                ("revocation_endpoint", "revoke", true),
                ("introspection_endpoint", "introspect", true),
                ("registration_endpoint", "register", false),
            ],
            Self::Ad => &[
                ("authorization_endpoint", "authorize", false),
                ("token_endpoint", "token", true),
                ("jwks_uri", "jwks", false),
                ("revocation_endpoint", "revoke", true),
            ],
        }
    }

    /// How clients prove who they are. An app of the HM may be public (etoegang.md §8, C7); an HM at
    /// an AD never is (etoegang.md §4.6).
    fn methods(self, has_mtls: bool) -> Vec<&'static str> {
        let mut methods = vec!["private_key_jwt"];
        methods.extend(has_mtls.then_some("tls_client_auth"));
        methods.extend((self == Self::Hm).then_some("none"));
        methods
    }
}

/// The path of an issuer, without a slash at its end; empty when it has none.
fn path_of(issuer: &str) -> &str {
    let rest = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    let path = rest.find('/').and_then(|at| rest.get(at..));
    path.unwrap_or_default().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dv_hm::claims::IdToken;
    use crate::testing::{family, hm};
    use protocol::handle::Handle;

    fn metagegevens(aanbieder: Aanbieder, mtls: Option<&str>) -> Value {
        let adressen = Adressen {
            issuer: hm().issuer,
            mtls: mtls.map(str::to_owned),
        };
        let ondertekent = vec![Algorithm::Ps256, Algorithm::Rs256];
        Metagegevens {
            aanbieder,
            adressen,
            ondertekent,
            ontsleutelt: vec![jwe::Algorithm::RsaOaep256],
        }
        .document()
    }

    #[test]
    fn etoegang_case_081_the_hm_says_what_its_endpoints_do() {
        let said = metagegevens(Aanbieder::Hm, None);
        let url = |path: &str| json!(format!("https://hm.test/etd/1.13/{path}"));
        let algorithms = json!(["RS256", "PS256", "ES256"]);
        let levels = ["loa2", "loa2plus", "loa3", "loa4"];
        let levels = levels.map(|level| format!("urn:etoegang:core:assurance-class:{level}"));
        // etoegang case 81
        let claims = [&ID_TOKEN_CLAIMS[..], &VAN_PERSONEN, &VAN_ORGANISATIES].concat();
        let expected = json!({
            "issuer": "https://hm.test/etd/1.13",
            "authorization_endpoint": url("authorize"),
            "pushed_authorization_request_endpoint": url("par"),
            "token_endpoint": url("token"),
            "jwks_uri": url("jwks"),
            "userinfo_endpoint": url("userinfo"),
            "revocation_endpoint": url("revoke"),
            "introspection_endpoint": url("introspect"),
            "registration_endpoint": url("register"),
            "scopes_supported": ["openid"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["pairwise"],
            "sub_id_types_supported": [
                "urn:etoegang:1.13:EntityConcernedID:Pseudo",
                "urn:etoegang:1.9:EntityConcernedID:KvKnr",
                "urn:etoegang:1.9:EntityConcernedID:RSIN",
            ],
            "acr_values_supported": levels,
            "claims_supported": claims,
            "ui_locales_supported": ["nl", "en"],
            "id_token_signing_alg_values_supported": ["PS256", "RS256"],
            "userinfo_signing_alg_values_supported": ["PS256", "RS256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "revocation_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
            "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
            "authorization_response_iss_parameter_supported": true,
            "tls_client_certificate_bound_access_tokens": false,
            "request_object_signing_alg_values_supported": algorithms,
            "request_object_encryption_alg_values_supported": ["RSA-OAEP-256"],
            "request_object_encryption_enc_values_supported": ["A256GCM"],
            "request_parameter_supported": true,
            "request_uri_parameter_supported": false,
            "require_signed_request_object": false,
            "claims_parameter_supported": true,
        });
        assert_eq!(said, expected);
        assert_eq!(cache_control(), "public, max-age=604800");
    }

    #[test]
    fn an_ad_knows_no_public_client_and_names_the_host_that_asks_for_certificates() {
        let said = metagegevens(Aanbieder::Ad, Some("https://ad-back.test/1.13"));
        let methods = json!(["private_key_jwt", "tls_client_auth"]);
        // etoegang.md §4.6
        assert_eq!(said["token_endpoint_auth_methods_supported"], methods);
        assert_eq!(said["introspection_endpoint"], Value::Null);
        assert_eq!(said["require_signed_request_object"], true);
        // RFC 8705 §5
        let aliases = json!({
            "token_endpoint": "https://ad-back.test/1.13/token",
            "revocation_endpoint": "https://ad-back.test/1.13/revoke",
        });
        assert_eq!(said["mtls_endpoint_aliases"], aliases);
        assert_eq!(said["tls_client_certificate_bound_access_tokens"], true);
    }

    #[test]
    fn etoegang_case_083_both_forms_of_the_path_are_served_and_no_webfinger() {
        let issuer = "https://hm.test/etd/1.13";
        for path in [
            "/etd/1.13/.well-known/openid-configuration",
            "/.well-known/openid-configuration/etd/1.13",
            "/etd/1.13/.well-known/oauth-authorization-server",
            "/.well-known/oauth-authorization-server/etd/1.13",
        ] {
            // etoegang.md §8, C12
            assert_eq!(plaats(issuer, path), Some(Plaats::Metadata), "{path}");
        }
        assert_eq!(plaats(issuer, "/etd/1.13/jwks"), Some(Plaats::Jwks));
        for path in [
            // etoegang case 83
            "/.well-known/webfinger",
            "/etd/1.13/.well-known/webfinger",
            // etoegang case 95: the issuer of another version is another one
            "/etd/1.11/.well-known/openid-configuration",
            "/.well-known/openid-configuration",
            "/etd/1.13/jwks/",
            "/",
        ] {
            assert_eq!(plaats(issuer, path), None, "{path}");
        }
        let bare = "/.well-known/openid-configuration";
        assert_eq!(plaats("https://hm.test", bare), Some(Plaats::Metadata));
        assert_eq!(plaats("https://hm.test/", "/jwks"), Some(Plaats::Jwks));
    }

    #[test]
    fn an_id_token_says_its_level_by_acr_alone() {
        // etoegang.md §6.2
        assert!(ID_TOKEN_CLAIMS.contains(&"acr"));
        for other in ["amr", "vot", "vtm"] {
            assert!(!ID_TOKEN_CLAIMS.contains(&other), "{other}");
        }
    }

    #[test]
    fn every_claim_of_an_id_token_is_among_those_that_are_told() {
        let handle = Handle {
            id: [7; 16],
            generation: 1,
        };
        let now = Moment::from_unix(crate::testing::NOW);
        let token = IdToken::of(&hm(), &family(), handle, Some("n".into()), now);
        let Ok(Value::Object(claims)) = serde_json::to_value(token) else {
            panic!("claims are an object");
        };
        let mut told = ID_TOKEN_CLAIMS;
        told.sort_unstable();
        // etoegang.md §6.2
        assert!(claims.keys().eq(told.iter()));
    }

    #[test]
    fn signed_metadata_are_the_same_once_more_with_issuer_and_time() {
        let adressen = Adressen {
            issuer: hm().issuer,
            mtls: None,
        };
        let metagegevens = Metagegevens {
            aanbieder: Aanbieder::Hm,
            adressen,
            ondertekent: vec![Algorithm::Rs256],
            ontsleutelt: Vec::new(),
        };
        let mut signed = metagegevens.ondertekend(Moment::from_unix(7));
        // RFC 8414 §2.1
        assert_eq!(
            (&signed["iss"], &signed["iat"]),
            (&json!(hm().issuer), &json!(7))
        );
        let members = signed.as_object_mut().expect("an object");
        members.remove("iss");
        members.remove("iat");
        assert_eq!(signed, metagegevens.document());
    }
}
