//! Faults on purpose: `--break N` makes step N of seed 000 fail for real, where that step happens.
//!
//! A fault stands in front of a party's router, as a network or a broken program would: the party is
//! down, what reaches it is altered, or what it answers is cut off. No rule knows of it.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use http::{HeaderValue, StatusCode};

use super::Party;
use crate::web;

/// The largest body that a fault alters.
const BODY_MAX: usize = 4 * 1024 * 1024;

/// Where and how a step is broken.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// At which hosts.
    hosts: &'static [&'static str],
    /// For paths that begin so.
    path: &'static str,
    /// How.
    harm: Harm,
}

/// What is done to a request or its answer.
#[derive(Clone, Copy, Debug)]
enum Harm {
    /// The party does not answer.
    Down,
    /// The bearer token is another one.
    Bearer,
    /// In the request, this text becomes that.
    Request(&'static str, &'static str),
    /// In the answer, this text becomes that.
    Answer(&'static str, &'static str),
    /// Half of the answer is lost.
    CutOff,
}

const fn fault(hosts: &'static [&'static str], path: &'static str, harm: Harm) -> Fault {
    Fault { hosts, path, harm }
}

// What breaks a step that both journeys at a DVA have.
const NO_AUTHORIZATION: Fault = fault(&["dva"], "/authorize", Harm::Down);
const NO_RECORDS: Fault = fault(&["xis"], "/", Harm::Down);
const PERSON_SAYS_NO: Fault = fault(
    &["dva"],
    "/verklaring",
    Harm::Request("keuze=ja", "keuze=nee"),
);
const OTHER_REDIRECT_URI: Fault = fault(
    &["dva-back"],
    "/token",
    Harm::Request("redirect_uri=", "redirect_uri=x"),
);
const NO_RESOURCE: Fault = fault(&["dva-back"], "/resource", Harm::Down);

impl Fault {
    /// What breaks each of the thirty steps, by its number less one.
    pub const MITZ: [Self; 30] = [
        fault(&["pgo"], "/verzamelen", Harm::Down),
        fault(&["mitz"], "/authorize", Harm::Down),
        fault(&["digid"], "/saml/idp/request_authentication", Harm::Down),
        fault(&["digid-back"], "/", Harm::CutOff),
        fault(&["toestemmingen"], "/openen", Harm::Down),
        fault(&["mitz"], "/toestemming-terug", Harm::Down),
        fault(&["pgo"], "/callback", Harm::Down),
        fault(&["mitz-back"], "/token", Harm::Down),
        fault(
            &["mitz-back"],
            "/token",
            Harm::Request("code_verifier=", "code_verifier=x"),
        ),
        fault(&["mitz-back"], "/token", Harm::CutOff),
        fault(&["mitz-back"], "/userinfo", Harm::Down),
        fault(&["mitz-back"], "/userinfo", Harm::Bearer),
        fault(&["mitz-back"], "/toestemmingen/opvragen", Harm::Down),
        fault(&["mitz-back"], "/toestemmingen/opvragen", Harm::CutOff),
        fault(&["lokalisatie"], "/locaties", Harm::Down),
        fault(
            &["lokalisatie"],
            "/locaties",
            Harm::Request("\"bsn\":", "\"bsn\":0,\"x\":"),
        ),
        fault(&["lokalisatie"], "/locaties", Harm::CutOff),
        fault(
            &["mitz-back"],
            "/toestemmingen/opvragen",
            Harm::Answer("\"besluit\":\"toestemming\"", "\"besluit\":\"bezwaar\""),
        ),
        fault(&["mitz-back"], "/userinfo", Harm::CutOff),
        fault(
            &["stelselnode"],
            "/MedMij_Zorgaanbiederskoppellijst.xml",
            Harm::CutOff,
        ),
        fault(&["discovery", "discovery2"], "/", Harm::Down),
        fault(&["discovery", "discovery2"], "/", Harm::CutOff),
        fault(&["dva-back", "dva2-back"], "/token", Harm::Down),
        fault(&["mitz-back"], "/consent-introspect", Harm::Down),
        fault(
            &["mitz-back"],
            "/consent-introspect",
            Harm::Request("presenter_x5t=", "presenter_x5t=x"),
        ),
        fault(&["mitz-back"], "/consent-introspect", Harm::CutOff),
        fault(&["xis", "xis2"], "/", Harm::Down),
        fault(&["dva-back", "dva2-back"], "/token", Harm::CutOff),
        fault(&["dva-back", "dva2-back"], "/resource", Harm::Down),
        fault(&["dva-back", "dva2-back"], "/resource", Harm::CutOff),
    ];

    /// The same of the journey `koppeltaal`. What the journey itself says in step 10 goes by the same door as
    /// what it says in step 1.
    pub const KOPPELTAAL: [Self; 9] = [
        fault(&["koppeltaal"], "/api/v1/d1/beheer", Harm::Down),
        fault(
            &["koppeltaal"],
            "/api/v1/d1/oauth2/token",
            Harm::Request("grant_type=client_credentials", "grant_type=x"),
        ),
        fault(&["koppeltaal"], "/api/v1/d1/fhir/r4/Task", Harm::Down),
        fault(
            &["koppeltaal"],
            "/api/v1/d1/fhir/r4/Task",
            Harm::Answer("searchset", "history"),
        ),
        fault(&["module"], "/start", Harm::Down),
        fault(&["koppeltaal"], "/api/v1/d1/oauth2/authorize", Harm::Down),
        fault(&["koppeltaal"], "/api/v1/d1/oauth2/idp", Harm::Down),
        fault(
            &["koppeltaal"],
            "/api/v1/d1/oauth2/token",
            Harm::Request("code_verifier=", "code_verifier=x"),
        ),
        fault(&["koppeltaal"], "/api/v1/d1/oauth2/introspect", Harm::Down),
    ];

    /// The same of the journey `etoegang`.
    pub const ETOEGANG: [Self; 15] = [
        fault(&["mr"], "/beheer/machtigingen", Harm::Down),
        fault(&["hm"], "/etd/1.13/authorize", Harm::Down),
        fault(&["ad"], "/etd/1.13/authorize", Harm::Down),
        fault(
            &["ad"],
            "/etd/1.13/inloggen",
            Harm::Request("wachtwoord=", "wachtwoord=x"),
        ),
        fault(
            &["mr"],
            "/etd/1.13/machtiging",
            Harm::Request("keuze=kiezen", "keuze=x"),
        ),
        fault(
            &["hm"],
            "/etd/1.13/token",
            Harm::Request("code_verifier=", "code_verifier=x"),
        ),
        fault(&["dv"], "/api/bericht", Harm::Down),
        fault(
            &["hm"],
            "/etd/1.13/token",
            Harm::Request("grant_type=refresh_token", "grant_type=x"),
        ),
        fault(
            &["ad"],
            "/etd/1.13/token",
            Harm::Request("grant_type=refresh_token", "grant_type=x"),
        ),
        fault(
            &["ad"],
            "/etd/1.13/token",
            Harm::Request("&refresh_token=", "&refresh_token=x"),
        ),
        fault(&["mr"], "/etd/1.13/besluiten", Harm::Down),
        fault(&["mr"], "/etd/1.13/besluiten", Harm::Answer("eyJ", "eyK")),
        fault(
            &["hm"],
            "/etd/1.13/kiezen",
            Harm::Request("voor=zelf", "voor=x"),
        ),
        fault(
            &["hm"],
            "/etd/1.13/token",
            Harm::Answer("invalid_grant", "invalid_scope"),
        ),
        fault(&["mr"], "/beheer/machtigingen/", Harm::Down),
    ];

    /// The same of the journey `medmij`.
    pub const MEDMIJ: [Self; 10] = [
        fault(
            &["stelselnode"],
            "/MedMij_Zorgaanbiederslijst.xml",
            Harm::CutOff,
        ),
        NO_AUTHORIZATION,
        fault(&["digid"], "/saml/idp/request_authentication", Harm::Down),
        NO_RECORDS,
        PERSON_SAYS_NO,
        OTHER_REDIRECT_URI,
        NO_RESOURCE,
        fault(
            &["dva-back"],
            "/token",
            Harm::Request("grant_type=refresh_token", "grant_type=refresh_code"),
        ),
        fault(&["dva"], "/toestemmingen", Harm::Down),
        fault(
            &["dva-back"],
            "/token",
            Harm::Answer("invalid_grant", "invalid_scope"),
        ),
    ];

    /// The same of the journey `vertegenwoordiging`.
    pub const VERTEGENWOORDIGING: [Self; 7] = [
        NO_AUTHORIZATION,
        fault(
            &["digid"],
            "/saml/v4/entrance/request_authentication",
            Harm::Down,
        ),
        fault(&["digid"], "/vertegenwoordigen", Harm::Down),
        NO_RECORDS,
        PERSON_SAYS_NO,
        OTHER_REDIRECT_URI,
        NO_RESOURCE,
    ];

    /// Whether the step happens at these parties alone, so that nobody else can break it.
    pub fn is_only_at(self, parties: impl Fn(Party) -> bool) -> bool {
        let of_it = |host: &&str| {
            let owner = Party::ALL
                .into_iter()
                .find(|party| party.hosts().contains(host));
            owner.is_some_and(&parties)
        };
        self.hosts.iter().all(of_it)
    }

    /// The router with the fault in front of it, if this is its host.
    pub fn before(self, host: &str, router: Router) -> Router {
        if self.hosts.contains(&host) {
            router.layer(from_fn_with_state(self, harm))
        } else {
            router
        }
    }
}

async fn harm(
    axum::extract::State(fault): axum::extract::State<Fault>,
    request: Request,
    next: Next,
) -> Response {
    if !request.uri().path().starts_with(fault.path) {
        return next.run(request).await;
    }
    match fault.harm {
        Harm::Down => web::unavailable(),
        Harm::Bearer => next.run(other_bearer(request)).await,
        Harm::Request(this, that) => match altered_request(request, this, that).await {
            Some(request) => next.run(request).await,
            None => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        },
        Harm::Answer(this, that) => {
            altered_answer(next.run(request).await, |body| replaced(body, this, that)).await
        }
        Harm::CutOff => {
            altered_answer(next.run(request).await, |body| {
                body[..body.len() / 2].to_vec()
            })
            .await
        }
    }
}

fn other_bearer(mut request: Request) -> Request {
    let other = HeaderValue::from_static("Bearer another.token.altogether");
    request.headers_mut().insert(AUTHORIZATION, other);
    request
}

async fn altered_request(request: Request, this: &str, that: &str) -> Option<Request> {
    let (mut head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_MAX).await.ok()?;
    head.headers.remove(CONTENT_LENGTH);
    Some(Request::from_parts(
        head,
        Body::from(replaced(&body, this, that)),
    ))
}

async fn altered_answer(answer: Response, alter: impl FnOnce(&[u8]) -> Vec<u8>) -> Response {
    let (mut head, body) = answer.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_MAX).await else {
        return web::unavailable();
    };
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(alter(&body)))
}

fn replaced(body: &[u8], this: &str, that: &str) -> Vec<u8> {
    String::from_utf8_lossy(body)
        .replace(this, that)
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_fault_at_a_host_that_exists() {
        let hosts: Vec<&str> = Party::ALL.iter().flat_map(|p| p.hosts()).copied().collect();
        let all = [
            &Fault::MITZ[..],
            &Fault::MEDMIJ,
            &Fault::VERTEGENWOORDIGING,
            &Fault::KOPPELTAAL,
        ];
        for (step, fault) in all.into_iter().flatten().enumerate() {
            assert!(
                fault.hosts.iter().all(|host| hosts.contains(host)),
                "step {step}"
            );
        }
    }
}
