//! What the Koppeltaal voorziening does by itself at the FHIR server of a domain: it reads who
//! launches, and writes what happened. It is the Device of the domain's `service` there, under a
//! token of two minutes (koppeltaal.md §2.3).

use http::header::{ACCEPT, HeaderName};
use koppeltaal::launch::Verwijzing;
use koppeltaal::launch::inloggen::Vondst;
use koppeltaal::outbox::{self, Afloop, Brief};
use serde_json::json;

use super::outbox::Zending;
use super::{DomeinNu, KoppeltaalRole};
use crate::chance;
use crate::outside::{Answer, Bounds, Headers, OutsideError};
use crate::settle::Outage;

/// Seconds that a token of the service lasts (koppeltaal.md §2.3).
const TOKEN_S: u32 = 120;
/// FHIR's JSON.
const FHIR_JSON: &str = "application/fhir+json";
/// A resource of a person has no pictures.
const BOUNDS: Bounds = Bounds {
    bytes_max: 256 * 1024,
    timeout_s: 5,
};
const PREFER: HeaderName = HeaderName::from_static("prefer");
const X_CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

impl KoppeltaalRole {
    /// With what the service says who it is at the FHIR server of the domain. The token is for that
    /// server alone: at our own FHIR base it is a token for somebody else.
    pub(super) fn system_token(&self, domein: &DomeinNu) -> Result<String, Outage> {
        let now = self.app.clock.now();
        let service = domein.configuratie.voorziening;
        let claims = json!({
            "iss": domein.urls.issuer(),
            "azp": service,
            "sub": service,
            "aud": [domein.configuratie.upstream],
            "iat": now.unix(),
            "nbf": now.unix(),
            "exp": now.plus_s(TOKEN_S).unix(),
            "jti": chance::entropy().uuid("koppeltaal.system_token"),
            "scope": "system/*.cruds",
            "type": "access",
        });
        let set = self.app.keys.set();
        Ok(set.tokens()?.current().sign("JWT", &claims)?)
    }

    /// The resource of who launches (koppeltaal.md §4.5).
    pub(super) async fn person(&self, domein: &DomeinNu, who: &Verwijzing) -> Vondst {
        let Ok(token) = self.system_token(domein) else {
            return Vondst::Onbereikbaar;
        };
        let url = format!("{}/{who}", domein.configuratie.upstream);
        let headers = Headers::none().bearer(&token).accept(FHIR_JSON);
        let answer = self.app.outside.get_within(&url, headers, BOUNDS).await;
        found(answer)
    }

    /// Gives the FHIR server of the domain AuditEvents, and tells what became of each.
    pub(super) async fn deliver(
        &self,
        domein: &DomeinNu,
        token: &str,
        zending: &Zending,
    ) -> Vec<Afloop> {
        match &zending.brieven[..] {
            [brief] => vec![self.deliver_one(domein, token, brief).await],
            brieven => self.deliver_bundle(domein, token, brieven).await,
        }
    }

    async fn deliver_one(&self, domein: &DomeinNu, token: &str, brief: &Brief) -> Afloop {
        let url = format!("{}/AuditEvent", domein.configuratie.upstream);
        let headers = Headers::none()
            .bearer(token)
            .with(ACCEPT, FHIR_JSON)
            .with(PREFER, "return=minimal")
            // koppeltaal.md §3.5: what caused this request
            .with(X_CORRELATION_ID, brief.request.as_str());
        let body = brief.event.get().as_bytes().to_vec();
        let outside = &self.app.outside;
        let answer = outside.post_bytes(&url, FHIR_JSON, body, headers).await;
        answer.map_or(Afloop::Onbereikbaar, |answer| {
            Afloop::of_status(answer.status.as_u16())
        })
    }

    async fn deliver_bundle(
        &self,
        domein: &DomeinNu,
        token: &str,
        brieven: &[Brief],
    ) -> Vec<Afloop> {
        let url = &domein.configuratie.upstream;
        let headers = Headers::none().bearer(token).with(ACCEPT, FHIR_JSON);
        let body = outbox::bundle(brieven);
        let outside = &self.app.outside;
        let answer = outside.post_bytes(url, FHIR_JSON, body, headers).await;
        let Ok(answer) = answer else {
            return vec![Afloop::Onbereikbaar; brieven.len()];
        };
        match Afloop::of_status(answer.status.as_u16()) {
            Afloop::Bezorgd => Afloop::of_bundle(&answer.body, brieven.len()),
            // It says nothing of any of them: perhaps they are too much at once.
            Afloop::Geweigerd => self.deliver_each(domein, token, brieven).await,
            Afloop::Onbereikbaar => vec![Afloop::Onbereikbaar; brieven.len()],
        }
    }

    /// One by one, until the FHIR server does not answer.
    async fn deliver_each(&self, domein: &DomeinNu, token: &str, brieven: &[Brief]) -> Vec<Afloop> {
        let mut aflopen = Vec::with_capacity(brieven.len());
        for brief in brieven {
            aflopen.push(self.deliver_one(domein, token, brief).await);
            if aflopen.ends_with(&[Afloop::Onbereikbaar]) {
                break;
            }
        }
        aflopen.resize(brieven.len(), Afloop::Onbereikbaar);
        aflopen
    }
}

fn found(answer: Result<Answer, OutsideError>) -> Vondst {
    match answer {
        Ok(answer) if answer.status == 200 => match serde_json::from_slice(&answer.body) {
            Ok(resource) => Vondst::Gevonden(Box::new(resource)),
            Err(_) => Vondst::Onbereikbaar,
        },
        // TOP-KT-013: a deleted resource is gone
        Ok(answer) if matches!(answer.status.as_u16(), 404 | 410) => Vondst::Onbekend,
        _ => Vondst::Onbereikbaar,
    }
}
