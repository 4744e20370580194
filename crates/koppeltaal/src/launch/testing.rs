//! What tests of a launch share: a domain with a portal and a module, keys, and a launch of one by
//! the other.

use jose::{Algorithm, Jwks, Remembered, RsaSize, SigningKey, generate_pkcs8};
use protocol::assertion::{self, ClientKeys, Receiver};
use protocol::wire::{Parameters, encode};
use serde_json::{Value, json};
use verdict::{Change, Clear, Key, Moment, Record as _, Then};

use super::NietGoed;
use super::authorize::{AuthorizeRefusal, AuthorizeVerzoek};
use super::hti::{Hti, Shown};
use crate::auditevent::Waarnemer;
use crate::client_assertion::{self, ALGORITHMS, ProvenApplicatie};
use crate::domein::{ClientId, DomeinUrls};
use crate::domeinconfiguratie::{Domeinconfiguratie, Regels, Toegestaan};
use crate::outbox::Uitgaand;
use crate::token_endpoint::Nu;

pub(crate) const NOW: Moment = Moment::from_unix(1_800_000_000);
pub(crate) const PORTAL: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const MODULE: &str = "22222222-2222-4222-8222-222222222222";
pub(crate) const SERVICE: &str = "99999999-9999-4999-8999-999999999999";
pub(crate) const TERUG: &str = "https://module.example/terug";
/// The vector of koppeltaal case 107.
pub(crate) const VERIFIER: &str = "fygtVH1btwCabQq8h4XGd7ivxZNVPucHANVW4hhUbiU";
pub(crate) const CHALLENGE: &str = "3EKXXv90zoVx_SxRwqGM-g9Wek9wxZRocal6_mvCTQ4";

/// A domain, its endpoints, and the key of everybody in it.
pub(crate) struct World {
    pub(crate) domein: Domeinconfiguratie,
    pub(crate) urls: DomeinUrls,
    toegestaan: Toegestaan,
    pub(crate) key: SigningKey,
    pub(crate) keys: Jwks,
    pub(crate) remembered: Remembered,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(&document())
    }

    pub(crate) fn of(document: &Value) -> Self {
        let bytes = document.to_string();
        let domein = Domeinconfiguratie::read(bytes.as_bytes(), Regels::default());
        let domein = domein.expect("a domain");
        let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("generated");
        let key = SigningKey::from_pkcs8(Algorithm::Es256, &der).expect("a key");
        Self {
            urls: DomeinUrls::new("https://kt.example", &domein.domein),
            toegestaan: Toegestaan::of(&domein),
            keys: Jwks::new(vec![key.public().clone()]).expect("a set"),
            remembered: Remembered::new(16),
            domein,
            key,
        }
    }

    pub(crate) fn nu(&self) -> Nu<'_> {
        Nu {
            domein: &self.domein,
            version: 7,
            urls: &self.urls,
            toegestaan: &self.toegestaan,
        }
    }

    pub(crate) fn signed(&self, claims: &Value) -> String {
        self.key.sign("JWT", claims).expect("signed")
    }

    /// What `claims` prove to the module.
    pub(crate) fn hti(&self, claims: &Value) -> Result<Hti, NietGoed> {
        let token = self.signed(claims);
        let shown = Shown::read(&token)?;
        shown.applicatie(&self.domein)?;
        shown.prove(&self.keys, id(MODULE), NOW)
    }

    pub(crate) fn good_hti(&self) -> Hti {
        self.hti(&launch()).expect("a good launch")
    }

    /// The application, after it proved itself.
    pub(crate) fn proven(&self, client_id: &str) -> ProvenApplicatie {
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": "here", "jti": "a-1",
            "iat": NOW.unix(), "exp": NOW.unix() + 60,
        });
        let form = format!(
            "client_assertion_type={}&client_assertion={}",
            encode(assertion::TYPE),
            self.signed(&claims)
        );
        let form = Parameters::parse(form.as_bytes()).expect("a form");
        let keys = ClientKeys::new(self.keys.clone(), &ALGORITHMS).expect("keys");
        let receiver = Receiver {
            audience: &["here"],
            now: NOW,
        };
        let shown = client_assertion::Shown::read(&form, false).expect("an assertion");
        shown.prove(&keys, &receiver).expect("proven")
    }

    /// An authorization request with one parameter left out or given another value.
    pub(crate) fn authorize(
        &self,
        change: &str,
        value: Option<&str>,
    ) -> Result<AuthorizeVerzoek, AuthorizeRefusal> {
        let fhir = self.urls.fhir();
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", MODULE),
            ("redirect_uri", TERUG),
            ("launch", "a.b.c"),
            ("scope", "openid fhirUser launch"),
            ("state", "s 1"),
            ("aud", fhir.as_str()),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        pairs.retain(|(name, _)| *name != change);
        pairs.extend(value.map(|value| (change, value)));
        let pair = |(name, value): &(&str, &str)| format!("{name}={}", encode(value));
        let query: Vec<String> = pairs.iter().map(pair).collect();
        let parameters = Parameters::parse(query.join("&").as_bytes()).expect("a query");
        AuthorizeVerzoek::read(&parameters, &self.domein, &self.urls)
    }
}

pub(crate) fn id(text: &str) -> ClientId {
    ClientId::parse(text).expect("a UUID")
}

/// The claims of a launch for a patient.
pub(crate) fn launch() -> Value {
    json!({
        "iss": PORTAL, "aud": format!("Device/{MODULE}"), "sub": "Patient/p",
        "resource": "Task/t", "definition": "ActivityDefinition/a", "intent": "plan",
        "iat": NOW.unix(), "exp": NOW.unix() + 300, "jti": "0d5f4b8e-6f7d-4c62-9a70-3a5d9c1f0b21",
    })
}

/// The same with one claim more, or with another value.
pub(crate) fn launch_with(name: &str, value: Value) -> Value {
    let mut claims = launch();
    claims[name] = value;
    claims
}

pub(crate) fn document() -> Value {
    let application = |client_id: &str, name: &str| {
        json!({
            "client_id": client_id, "name": name, "status": "approved",
            "jwks_uri": format!("https://{name}.example/jwks"),
        })
    };
    let mut module = application(MODULE, "module");
    module["redirect_uris"] = json!([TERUG]);
    module["identity_providers"] = json!({ "Patient": ["eerste", "tweede"] });
    let idp = |name: &str| json!({ "name": name, "issuer": format!("https://{name}.example"), "client_id": "kt" });
    json!({
        "schema_version": 1, "domain": "d1", "service": SERVICE,
        "fhir": { "upstream": "https://fhir.example/d1" },
        "applications": [application(PORTAL, "portal"), module],
        "identity_providers": [idp("eerste"), idp("tweede"), idp("standaard")],
        "default_identity_provider": "standaard",
    })
}

/// The AuditEvents among changes.
pub(crate) fn told(changes: &[Change<Clear>]) -> Vec<Value> {
    let rows = changes.iter().filter_map(|change| match &change.then {
        Then::Put { body, .. } if change.key.space() == Uitgaand::SPACE => {
            Some(Uitgaand::from_body(body).expect("a row"))
        }
        _ => None,
    });
    let events = rows.flat_map(|row| {
        let urls = DomeinUrls::new("https://kt.example", &row.domein);
        let waarnemer = Waarnemer::new(row.voorziening.expect("who tells"), &urls);
        let brieven = row.berichten.into_iter();
        brieven.map(move |bericht| bericht.brief(&waarnemer).event)
    });
    events
        .map(|event| serde_json::from_str(event.get()).expect("JSON"))
        .collect()
}

/// `outcome` and `outcomeDesc` of each of those.
pub(crate) fn outcomes(changes: &[Change<Clear>]) -> Vec<(String, String)> {
    let text = |event: &Value, member: &str| {
        let text = event.get(member).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let events = told(changes);
    let events = events.iter();
    events
        .map(|event| (text(event, "outcome"), text(event, "outcomeDesc")))
        .collect()
}

/// Whether a row of this space is among what is spent.
pub(crate) fn spends(changes: &[Change<Clear>], space: verdict::Space) -> bool {
    let is_spent = |change: &Change<Clear>| {
        matches!(change.key, Key::Once(of, _) if of == space)
            && change.expect == verdict::Expect::Absent
    };
    changes.iter().any(is_spent)
}
