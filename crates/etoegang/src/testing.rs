//! Values that the tests of this crate share: those of the acceptance cases (etoegang.md §9).

use std::sync::OnceLock;

use identity::{EntityId, Oin, ServiceId, ServiceUuid};
use jose::{Algorithm, Jwks, RsaSize, SigningKey, generate_pkcs8};
use protocol::assertion::ClientKeys;
use protocol::client::{Authentication, Client};
use protocol::grant::CodeTerms;
use protocol::not_before::NotBefore;
use protocol::pkce::Challenge;
use protocol::wire::{Parameters, with_query};
use serde_json::Value;
use verdict::Entropy;

use crate::attribuut::{Attributen, Attribuutnaam, Attribuutwaarde};
use crate::authenticatiedienst::bewijs::Bewijs;
use crate::authenticatiedienst::middel::{Middel, Stand};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::dienstencatalogus::{Dienst, Dienstattribuut, Dienstencatalogus};
use crate::dv_hm::attributen::{GegevenAttribuut, Plaatsen};
use crate::dv_hm::authorize::AuthorizationRequest;
use crate::dv_hm::family::{Family, Keten, Schakel, Secret, Vertegenwoordiging};
use crate::dv_hm::{DvApp, DvApps, Hm};
use crate::hm_ad::{AdRefreshToken, AdSessie, Authenticatiedienst};
use crate::hm_mr::MandateCheck;
use crate::instellingen::Instellingen;
use crate::kenmerk::{Kenmerk, Soort, Vestigingsnr};
use crate::machtiging::{Gemachtigde, InternPseudoniem, Machtiging};

pub(crate) const NOW: i64 = 1_795_305_600;
pub(crate) const VERIFIER: &str = "een-verifier-van-precies-lang-genoeg-0123456789";
pub(crate) const CB: &str = "https://app.dv.test/cb";
pub(crate) const WACHTWOORD: &str = "een lang wachtwoord";
pub(crate) const CODESLEUTEL: [u8; 32] = [7; 32];
pub(crate) const SCOPE: &str = "openid urn:etoegang:DV:00000001234567890000:services:1";

fn entity(text: &str) -> EntityId {
    EntityId::parse(text).expect("an EntityID")
}

pub(crate) fn ad() -> EntityId {
    entity("urn:etoegang:AD:00000004000000001000:entities:1")
}

pub(crate) fn mr() -> EntityId {
    entity("urn:etoegang:MR:00000004000000002000:entities:1")
}

fn mr2() -> EntityId {
    entity("urn:etoegang:MR:00000004000000003000:entities:1")
}

pub(crate) fn hm() -> Hm {
    Hm {
        issuer: "https://hm.test/etd/1.13".into(),
        entity: entity("urn:etoegang:HM:00000003273226310000:entities:1"),
        instellingen: Instellingen::default(),
        not_before: NotBefore::NEVER,
    }
}

pub(crate) fn service_uuid() -> ServiceUuid {
    ServiceUuid::parse("2c9d1c2e-1d0a-4d6b-8f5e-000000000001").expect("a UUID")
}

fn service_id() -> ServiceId {
    let text = "urn:etoegang:DV:00000001234567890000:services:1";
    ServiceId::parse(text).expect("a ServiceID")
}

pub(crate) fn dienst() -> Dienst {
    Dienst {
        service_id: service_id(),
        service_uuid: service_uuid(),
        niveau: Betrouwbaarheidsniveau::Loa3,
        herkenningsmakelaars: vec![Oin::parse("00000003273226310000").expect("an OIN")],
        classifiers: vec!["native-app".into()],
        attributen: Vec::new(),
    }
}

pub(crate) fn attribuutnaam(urn: &str) -> Attribuutnaam {
    Attribuutnaam::parse(urn).expect("a name")
}

fn waarde(text: &str) -> Attribuutwaarde {
    Attribuutwaarde::parse(text).expect("a value")
}

pub(crate) fn attributen(pairs: &[(&str, &str)]) -> Attributen {
    let pairs = pairs.iter();
    let pairs = pairs.map(|(urn, text)| (attribuutnaam(urn), waarde(text)));
    Attributen::new(pairs).expect("each once")
}

/// An attribute that a login brought, for the ID token or for userinfo.
pub(crate) fn gegeven(urn: &str, text: &str, in_id_token: bool) -> Vec<GegevenAttribuut> {
    vec![GegevenAttribuut {
        naam: attribuutnaam(urn),
        waarde: waarde(text),
        plaatsen: Plaatsen {
            id_token: in_id_token,
            userinfo: !in_id_token,
        },
    }]
}

pub(crate) fn kvk(digits: &str) -> Kenmerk {
    Kenmerk::parse(Soort::KvkNr, digits).expect("eight digits")
}

fn person() -> InternPseudoniem {
    InternPseudoniem("een-intern-pseudoniem".into())
}

pub(crate) fn machtiging() -> Machtiging {
    Machtiging {
        vertegenwoordigde: kvk("12345678"),
        gemachtigde: Gemachtigde::Persoon(person()),
        service_uuid: service_uuid(),
        niveau: Betrouwbaarheidsniveau::Loa3,
        beperking: None,
        attributen: Attributen::default(),
        van: NOW - 86_400,
        tot: NOW + 365 * 86_400,
        ingetrokken: None,
        verloop: Vec::new(),
    }
}

pub(crate) fn check() -> MandateCheck {
    MandateCheck {
        check_id: "8f2a6d3c-0001".into(),
        mr: mr(),
        machtiging: Some("M1".into()),
        gemachtigde: Gemachtigde::Persoon(person()),
        vertegenwoordigde: kvk("12345678"),
        service_uuid: service_uuid(),
        beperking: None,
        niveau_vereist: Betrouwbaarheidsniveau::Loa3,
    }
}

pub(crate) fn ad_sessie() -> AdSessie {
    AdSessie {
        ad: ad(),
        sub: "pseudoniem-bij-de-ad".into(),
        auth_time: NOW - 600,
        niveau: Betrouwbaarheidsniveau::Loa3,
    }
}

pub(crate) fn ad_token() -> AdRefreshToken {
    AdRefreshToken::new("token-van-de-ad-1".into()).expect("a token")
}

/// A family of `app-1` with a refresh token.
pub(crate) fn family() -> Family {
    let schakel = Schakel {
        mr: mr(),
        machtiging: Some("M1".into()),
    };
    Family {
        issuer: Some(hm().issuer),
        client_id: "app-1".into(),
        dv: entity("urn:etoegang:DV:00000001234567890000:entities:1"),
        service_id: service_id(),
        service_uuid: service_uuid(),
        scope: SCOPE.into(),
        sub: "pseudoniem-voor-deze-dv".into(),
        gevraagd: None,
        niveau: Betrouwbaarheidsniveau::Loa3,
        ad: ad_sessie(),
        vertegenwoordiging: Some(Vertegenwoordiging {
            vertegenwoordigde: kvk("12345678"),
            keten: Keten::Enkel(schakel),
            beperking: None,
            handelende: person(),
            gecontroleerd: NOW,
        }),
        attributen: Vec::new(),
        generation: 1,
        uitgegeven: NOW,
        secret: Secret::RefreshToken {
            ad_token: ad_token(),
            lease: None,
        },
    }
}

/// The same before its code was redeemed.
pub(crate) fn family_with_code() -> Family {
    let terms = CodeTerms {
        redirect_uri: CB.into(),
        challenge: Challenge::of(VERIFIER),
    };
    Family {
        generation: 0,
        secret: Secret::Code {
            terms,
            nonce: "n1".into(),
            ad_token: Some(ad_token()),
        },
        ..family()
    }
}

/// A chain over one organisation, restricted to a branch.
pub(crate) fn keten() -> Vertegenwoordiging {
    let schakel = |mr, name: &str| Schakel {
        mr,
        machtiging: Some(name.into()),
    };
    Vertegenwoordiging {
        vertegenwoordigde: kvk("12345678"),
        keten: Keten::Via {
            tussenpersoon: kvk("87654321"),
            eerste: schakel(mr(), "M1"),
            tweede: schakel(mr2(), "M2"),
        },
        beperking: Vestigingsnr::parse("000012345678").ok(),
        handelende: person(),
        gecontroleerd: NOW,
    }
}

pub(crate) fn app() -> DvApp {
    DvApp {
        client: Client {
            client_id: "app-1".into(),
            organisatienaam: "De Proefdienst".into(),
            authentication: Authentication::Public,
            redirect_uris: vec![CB.into()],
        },
        dv: family().dv,
        mag_vernieuwen: true,
    }
}

/// An app whose instances have a key.
pub(crate) fn instance() -> DvApp {
    let keys = ClientKeys::new(keys().1, &[Algorithm::Es256]).expect("a key");
    let mut app = app();
    app.client.client_id = "inst-1".into();
    app.client.authentication = Authentication::PrivateKeyJwt(keys);
    app
}

fn generated(at: &'static OnceLock<Vec<u8>>) -> (SigningKey, Jwks) {
    let der = at.get_or_init(|| {
        let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048);
        der.expect("a key").to_vec()
    });
    let key = SigningKey::from_pkcs8(Algorithm::Es256, der).expect("a key");
    let jwks = Jwks::new(vec![key.public().clone()]).expect("a set");
    (key, jwks)
}

/// A key pair that every party of a test has.
pub(crate) fn keys() -> (SigningKey, Jwks) {
    static DER: OnceLock<Vec<u8>> = OnceLock::new();
    generated(&DER)
}

/// One that nobody knows.
pub(crate) fn other_keys() -> (SigningKey, Jwks) {
    static DER: OnceLock<Vec<u8>> = OnceLock::new();
    generated(&DER)
}

pub(crate) fn sign(key: &SigningKey, typ: &str, claims: &Value) -> String {
    key.sign(typ, claims).expect("a signature")
}

/// The password and device of that means. Made once, since it is slow by intent.
pub(crate) fn bewijs() -> Bewijs {
    static BEWIJS: OnceLock<Bewijs> = OnceLock::new();
    let made =
        BEWIJS.get_or_init(|| Bewijs::nieuw(WACHTWOORD, Some(CODESLEUTEL), &Entropy::new([7; 32])));
    made.clone()
}

/// A means of a person.
pub(crate) fn middel() -> Middel {
    Middel {
        houder: person(),
        attributen: Attributen::default(),
        bewijs: bewijs(),
        niveau: Betrouwbaarheidsniveau::Loa3,
        tot: NOW + 365 * 86_400,
        stand: Stand::Actief,
        pogingen: 0,
        vast_tot: 0,
        code_gebruikt: 0,
    }
}

/// A good authorization request of `app-1`, with these parameters beside.
pub(crate) fn request(extra: &[(&str, &str)]) -> AuthorizationRequest {
    request_for(&[], extra)
}

/// The same, for a service that asks for these attributes.
pub(crate) fn request_for(attributen: &[&str], extra: &[(&str, &str)]) -> AuthorizationRequest {
    let challenge = Challenge::of(VERIFIER);
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", "app-1"),
        ("redirect_uri", CB),
        ("scope", SCOPE),
        ("state", "staat-van-precies-lang-genoeg"),
        ("nonce", "nonce-van-precies-lang-genoeg"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    pairs.extend(extra);
    let query = with_query("", &pairs);
    let parameters = Parameters::parse(&query.as_bytes()[1..]).expect("a query");
    let apps = DvApps::new([app()]).expect("an app");
    let asked = attributen.iter().map(|urn| Dienstattribuut {
        naam: attribuutnaam(urn),
        verplicht: false,
    });
    let dienst = Dienst {
        attributen: asked.collect(),
        ..dienst()
    };
    let catalogus = Dienstencatalogus::new([dienst]).expect("a service");
    AuthorizationRequest::read(&parameters, &hm(), &apps, &catalogus).expect("good")
}

/// The AD as the HM knows it.
pub(crate) fn ad_dienst() -> Authenticatiedienst {
    Authenticatiedienst {
        entity: ad(),
        issuer: "https://ad.test/1.13".into(),
        keys: keys().1,
        client_id: hm().entity.to_string(),
    }
}
