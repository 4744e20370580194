//! The configuration of every party, and what they know at the start.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fhir::Gegevensdienst;
use identity::{GegevensdienstId, Hostname, Loa, Zorgaanbiedernaam};
use jose::aead::Key32;
use jose::{Algorithm, Jwks, MacKey, RsaSize, SigningKey, generate_pkcs8};
use mitz::authorization_server::{Dva, Dvas, Mitz};
use mitz::catalogus::{Aanbieder, Categorie};
use mitz::dva::{self, DvaServer};
use protocol::assertion::{Audience, ClientKeys};
use protocol::client::{Authentication, Client, Clients};
use serde_json::json;

use super::{
    ANDERE_PGO, APOTHEEK, BAKKER, DVA, DVA_HOST, DVA2, DVA2_HOST, Dossier, JANSEN, MITZ, OOST,
    OOST_NAAM, Outside, PGO, SLEUTEL_PGO, WEST, WEST_NAAM, ura,
};

/// The key of Mitz for ID tokens and userinfo.
pub(super) static MITZ_KEY: LazyLock<SigningKey> = LazyLock::new(signing_key);
/// The key with which [`SLEUTEL_PGO`] signs its assertions.
pub(crate) static SLEUTEL_PGO_KEY: LazyLock<SigningKey> = LazyLock::new(signing_key);
/// A key of nobody in this world.
pub(super) static STRANGERS_KEY: LazyLock<SigningKey> = LazyLock::new(signing_key);

/// The secret keys of the parties.
pub(super) struct Keys {
    pub(super) mitz_access_tokens: MacKey,
    pub(super) dva_access_tokens: MacKey,
    pub(super) jti: Key32,
}

impl Keys {
    pub(super) fn new() -> Self {
        let mac = |byte| MacKey::new("test", &[byte; 32]).expect("32 bytes");
        Self {
            mitz_access_tokens: mac(2),
            dva_access_tokens: mac(3),
            jti: Key32::new([4; 32]),
        }
    }
}

fn signing_key() -> SigningKey {
    let pkcs8 = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("generated");
    SigningKey::from_pkcs8(Algorithm::Es256, &pkcs8).expect("usable")
}

pub(super) fn mitz() -> Mitz {
    let aanbieder = |weergavenaam: &str, categorie: &str| Aanbieder {
        weergavenaam: weergavenaam.to_owned(),
        categorie: Categorie(categorie.to_owned()),
    };
    Mitz {
        issuer: MITZ.to_owned(),
        clients: clients(),
        dvas: dvas(),
        catalogus: [
            (ura(WEST), aanbieder("Ziekenhuis West", "ziekenhuis")),
            (ura(OOST), aanbieder("Ziekenhuis Oost", "ziekenhuis")),
            (ura(APOTHEEK), aanbieder("Apotheek De Brug", "apotheek")),
        ]
        .into_iter()
        .collect(),
        min_level: Loa::Substantieel,
        full_location_token: false,
        assertion_audience: Audience::Issuer,
    }
}

pub(super) fn clients() -> Clients {
    let client = |id: &str| Client {
        client_id: id.to_owned(),
        organisatienaam: format!("De PGO van {id}"),
        authentication: Authentication::TlsClientAuth {
            san_dns: vec![id.to_owned()],
        },
        redirect_uris: vec![format!("https://{id}/callback")],
    };
    let keys = Jwks::new(vec![SLEUTEL_PGO_KEY.public().clone()]).expect("a set");
    let with_key = Client {
        authentication: Authentication::PrivateKeyJwt(
            ClientKeys::new(keys, &[Algorithm::Es256]).expect("a key"),
        ),
        ..client(SLEUTEL_PGO)
    };
    [client(PGO), client(ANDERE_PGO), with_key]
        .into_iter()
        .collect()
}

fn dvas() -> Dvas {
    let dva = |host: &str, issuer: &str, uras: &[&str]| {
        let dva = Dva {
            issuer: issuer.to_owned(),
            jwks_uri: format!("{issuer}/jwks"),
            uras: uras.iter().map(|text| ura(text)).collect(),
        };
        (Hostname::parse(host).expect("a host"), dva)
    };
    [
        dva(DVA_HOST, DVA, &[WEST, OOST]),
        dva(DVA2_HOST, DVA2, &[APOTHEEK]),
    ]
    .into_iter()
    .collect()
}

pub(super) fn dva() -> DvaServer {
    let aanbieder = |naam: &str, text: &str| {
        let aanbieder = dva::Aanbieder {
            weergavenaam: naam.to_owned(),
            ura: ura(text),
            gegevensdiensten: gegevensdiensten(),
        };
        (Zorgaanbiedernaam::parse(naam).expect("a name"), aanbieder)
    };
    DvaServer {
        issuer: DVA.to_owned(),
        mitz: MITZ.to_owned(),
        aanbieders: [aanbieder(WEST_NAAM, WEST), aanbieder(OOST_NAAM, OOST)]
            .into_iter()
            .collect(),
        leeftijd_min: 16,
        jwt_bearer: false,
        full_location_token: false,
    }
}

fn gegevensdiensten() -> BTreeMap<GegevensdienstId, Gegevensdienst> {
    let diensten = json!([
        {"id": "51", "weergavenaam": "Basisgegevens Zorg", "systeemrolcode": "MM-2.1-BZB-FHIR",
         "zoekvragen": [{"type": "Condition"}, {"type": "Encounter"}]},
        {"id": "52", "weergavenaam": "Laboratoriumresultaten", "systeemrolcode": "LAB-1.1-LRB-FHIR",
         "zoekvragen": [{"type": "Observation", "parameters": [["category", "laboratory"]]}],
         "plaatsen": [{"type": "Observation"}]},
    ]);
    let diensten: Vec<Gegevensdienst> = serde_json::from_value(diensten).expect("well formed");
    let numbered = diensten
        .into_iter()
        .map(|dienst| (dienst.id.clone(), dienst));
    numbered.collect()
}

pub(super) fn outside() -> Outside {
    let dossier = Dossier {
        geboortedatum: Some("1980-05-17"),
        overleden: false,
        resources: vec![
            json!({"resourceType": "Condition", "id": "c1"}),
            json!({"resourceType": "Observation", "id": "o1", "category": "laboratory"}),
            json!({"resourceType": "Observation", "id": "o2", "category": "vital-signs"}),
        ],
    };
    let mut outside = Outside::default();
    for person in [JANSEN, BAKKER] {
        outside.bekend.insert(person, vec![WEST, OOST, APOTHEEK]);
        for aanbieder in [WEST, OOST] {
            outside
                .dossiers
                .insert((aanbieder, person), dossier.clone());
        }
    }
    outside
}
