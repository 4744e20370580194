//! What the parties tell the observer of what they say to each other, and what they keep to
//! themselves.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use http::{StatusCode, Uri};
use serde_json::Value;
use server::door::TraceId;
use server::door::{self, ClientCertificates, House, Limits, Site, Sites};
use server::network::{Party, Trouble, hostname};
use server::observer::{Bericht, Observer, Richting, Weigering};
use server::outside::{Ears, Headers, Others};
use tokio::net::TcpListener;

use crate::pgo::collected;
use crate::world::{SASKIA, VERIFIER, World, ZIEKENHUIS, ZIEKENHUIS_NAAM, login};

const PGO: &str = "anderpgo.localhost";

/// How often it is looked whether something was told, and for how long.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);

/// What was told, as it came: the path and the items.
type Heard = Arc<Mutex<Vec<(String, Value)>>>;

/// An observer that keeps all that it is told.
struct Ear {
    world: World,
    heard: Heard,
    _stop: door::Stop,
}

impl Ear {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let world = World::start_without(&[], BTreeMap::from([(Party::Netwerk, port)])).await;
        let heard = Heard::default();
        let site = site(&world, Arc::clone(&heard));
        let sites = Sites::open([site]).expect("a site");
        let (stop, stopping) = door::stop();
        let sites = Arc::new(ArcSwap::from_pointee(sites));
        tokio::spawn(door::serve(listener, sites, House::default(), stopping));
        Self {
            world,
            heard,
            _stop: stop,
        }
    }

    fn all<T: serde::de::DeserializeOwned>(&self, path: &str) -> Vec<T> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let of_path = heard.iter().filter(|(told_at, _)| told_at == path);
        let read = |(_, item): &(String, Value)| serde_json::from_value(item.clone());
        of_path
            .map(read)
            .collect::<Result<_, _>>()
            .expect("readable")
    }

    /// The first that is so, once it was told.
    async fn first<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        is: impl Fn(&T) -> bool,
    ) -> T {
        let told = async {
            loop {
                if let Some(found) = self.all(path).into_iter().find(|told| is(told)) {
                    return found;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let told = tokio::time::timeout(PATIENCE, told).await;
        told.expect("it is told")
    }

    /// The lines of the log under this number.
    fn logged(&self, trace: &str) -> Vec<Weigering> {
        let log = self.world.running.state.join("log.jsonl");
        let log = std::fs::read_to_string(log).expect("a log");
        let lines = log.lines().filter(|line| line.contains(trace));
        let read = |line| serde_json::from_str(line).expect("a refusal");
        lines.map(read).collect()
    }

    async fn bericht(&self, party: &str, path: &str) -> Bericht {
        let is = |told: &Bericht| told.party == party && told.url.ends_with(path);
        self.first("/berichten", is).await
    }
}

fn site(world: &World, heard: Heard) -> Site {
    let running = &world.running;
    let host = hostname("netwerk").expect("a host name");
    let directory = running.state.join("an-ear");
    std::fs::create_dir_all(&directory).expect("a folder");
    let identity = running
        .authority
        .server(&directory, &host, running.clock.wall());
    let router = Router::new().route("/{kind}", post(hear)).with_state(heard);
    Site {
        port: None,
        identity: identity.expect("a certificate"),
        clients: ClientCertificates::Never,
        proxies: std::collections::BTreeSet::new(),
        limits: Limits {
            body_bytes_max: 1024 * 1024,
            ..Limits::default()
        },
        host,
        router,
    }
}

async fn hear(State(heard): State<Heard>, uri: Uri, body: Bytes) -> StatusCode {
    let items: Vec<Value> = serde_json::from_slice(&body).expect("an array");
    let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
    heard.extend(items.into_iter().map(|item| (uri.path().to_owned(), item)));
    StatusCode::NO_CONTENT
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_request_is_overheard_without_its_secrets() {
    let ear = Ear::start().await;
    let dvp = ear.world.dvp(PGO);
    let tokens = dvp.tokens(SASKIA).await;
    let told = ear.bericht("mitz", "/token").await;
    assert_eq!(told.richting, Richting::Ontvangen);
    assert_eq!(told.url, format!("{}/token", ear.world.url("mitz-back")));
    assert_eq!(
        (&*told.method, told.status, &*told.peer),
        ("POST", 200, PGO)
    );
    assert!(told.begonnen_ms > 1_700_000_000_000);

    let asked = told.request.velden.expect("a form");
    assert_eq!(asked["grant_type"], "authorization_code");
    assert_eq!(asked["client_id"], PGO);
    assert_eq!(asked["code_verifier"], format!("••• ({})", VERIFIER.len()));

    let answered = told.response.velden.expect("an answer");
    assert_eq!(answered["token_type"], "Bearer");
    assert_eq!(answered["id_token"]["claims"]["aud"], PGO);
    assert_eq!(answered["id_token"]["signature"], "•••");
    let hidden = format!("••• ({})", tokens.refresh.len());
    assert_eq!(answered["refresh_token"], hidden);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_run_is_overheard_and_tells_no_bsn_token_or_assertion() {
    let ear = Ear::start().await;
    let dvp = ear.world.dvp(PGO);
    let tokens = dvp.tokens(SASKIA).await;
    let location = dvp.location_token(&tokens, ZIEKENHUIS).await;
    let form = dvp.exchange_form(&location, ZIEKENHUIS_NAAM, "51");
    dvp.exchange("dva-back", &form).await;

    let resolved = ear.bericht("digid", "/saml/idp/resolve_artifact").await;
    let assertion = resolved.response.xml.expect("the assertion");
    assert!(assertion.contains("StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\""));
    assert!(assertion.contains(">•••</saml:NameID>"), "{assertion}");
    let asked = ear
        .bericht("digid", "/saml/idp/request_authentication")
        .await;
    assert!(
        asked
            .request
            .xml
            .expect("a request")
            .contains("AuthnRequest")
    );
    let located = ear.bericht("lokalisatie", "/locaties").await;
    assert_eq!(
        located.request.velden.expect("a question")["bsn"],
        "••• (9)"
    );
    let userinfo = ear.bericht("mitz", "/userinfo").await;
    let locations = &userinfo.response.velden.expect("a token")["claims"]["locations"];
    assert_eq!(locations[0]["value"], ZIEKENHUIS);
    ear.bericht("dva", "/token").await;

    let all: Vec<Value> = ear.all("/berichten");
    let all = serde_json::to_string(&all).expect("JSON");
    for secret in [
        SASKIA,
        VERIFIER,
        &tokens.access,
        &tokens.refresh,
        &tokens.id,
        &location,
    ] {
        assert!(!all.contains(secret), "{secret}");
    }
    // No token's payload or signature, either.
    for token in [&tokens.access, &tokens.id, &location] {
        assert!(token.split('.').all(|part| !all.contains(part)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pgo_that_collects_is_overheard_and_nobodys_health_is_told() {
    let ear = Ear::start().await;
    let (_, result) = collected(&ear.world).await;
    assert_eq!(result.status, 200);
    let searched = ear.bericht("xis", "/Observation/_search").await;
    let velden = searched.response.velden.expect("a bundle");
    assert_eq!(velden["resourceType"], "Bundle");
    let page = ear.bericht("pgo", "/resultaat").await;
    assert_eq!(page.response.velden, None);
    assert!(page.response.bytes > 1_000);

    let all: Vec<Value> = ear.all("/berichten");
    let all = serde_json::to_string(&all).expect("JSON");
    for personal in [SASKIA, "Saskia", "Metformine", "mmHg", "Diabetes"] {
        assert!(!all.contains(personal), "{personal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_to_a_party_of_others_is_told_by_who_sent_it_answered_or_not() {
    let ear = Ear::start().await;
    let (world, clock) = (&ear.world, ear.world.running.clock.clone());
    let nobody = "https://weg.localhost:9";
    let others: Others = [world.url("discovery").as_str(), nobody]
        .into_iter()
        .collect();
    let outside = world.outside(Some(PGO));
    let observer = Observer::at("pgo", &world.url("netwerk"), "key", &outside);
    let outside = outside.overheard_by(Ears {
        others,
        observer,
        clock,
    });
    let trace = TraceId::fresh();
    let get = async |url: String| {
        let headers = Headers::none().correlation_id(trace).bearer("geheim");
        outside.get(&url, headers).await
    };
    let path = "/.well-known/oauth-authorization-server";
    let url = format!("{}{path}", world.url("discovery"));
    let asked = format!("{url}?zorgaanbiedernaam={ZIEKENHUIS_NAAM}&code=geheim");
    let answer = get(asked).await.expect("an answer");
    get(format!("{}/jwks", world.url("mitz")))
        .await
        .expect("ours");
    get(format!("{nobody}/token"))
        .await
        .expect_err("nobody is there");

    let sent = |told: &Bericht| told.richting == Richting::Verzonden;
    let last = |told: &Bericht| sent(told) && told.status == 0;
    let unanswered: Bericht = ear.first("/berichten", last).await;
    assert_eq!(unanswered.url, format!("{nobody}/token"));
    let all: Vec<Bericht> = ear.all("/berichten");
    let told: Vec<&Bericht> = all.iter().filter(|told| sent(told)).collect();
    assert_eq!(told.len(), 2, "what runs here tells by itself");
    assert_eq!((&*told[0].url, &*told[0].party), (&*url, "pgo"));
    assert_eq!(
        (told[0].status, &*told[0].peer),
        (200, "discovery.localhost")
    );
    assert_eq!(told[0].trace_id, trace.to_string());
    assert_eq!(told[0].query.as_ref().expect("a query")["code"], "••• (6)");
    assert_eq!(told[0].response.bytes, answer.body.len() as u64);
    let bearer = ("authorization".to_owned(), "Bearer ••• (6)".to_owned());
    assert!(told[0].request.headers.contains(&bearer));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_in_trouble_is_overheard_as_the_others_saw_it() {
    let ear = Ear::start().await;
    let control = ear.world.running.control.as_ref().expect("control");
    assert!(control.troubles.set(Party::Mitz, Some(Trouble::Down)));
    ear.world.dvp(PGO).offer_code("a-code").await;
    let told = ear.bericht("mitz", "/token").await;
    assert_eq!(told.status, 503);
    let answered = told.response.velden.expect("an answer");
    assert_eq!(answered["error"], "temporarily_unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_once_in_the_log_and_once_to_the_observer() {
    let ear = Ear::start().await;
    let dvp = ear.world.dvp(PGO);
    let code = dvp.code(SASKIA, &[]).await;
    assert_eq!(dvp.offer_code(&code).await.status, 200);
    // One that a rule decided, and one that no rule had to.
    let replayed = dvp.offer_code(&code).await;
    let without = dvp.userinfo("no-token").await;
    for (refused, who) in [(replayed, PGO), (without, "unknown")] {
        let trace = refused.headers["trace-id"].to_str().expect("a number");
        let is = |told: &Weigering| told.trace_id == trace;
        let told = ear.first("/weigeringen", is).await;
        assert_eq!((&*told.party, &*told.who), ("mitz", who));
        assert_eq!(ear.logged(trace), std::slice::from_ref(&told));
        let all: Vec<Weigering> = ear.all("/weigeringen");
        assert_eq!(all.iter().filter(|told| is(told)).count(), 1);
    }
}

/// A person who collected at the hospital's DVA itself, with a consent that lasts.
async fn connected(world: &World) -> server::network::Person {
    let mut person = world.person();
    let naam = ZIEKENHUIS_NAAM.trim_end_matches("@medmij");
    let path = format!("/rechtstreeks/{naam}");
    let keuze = person.open(&format!("{}{path}", world.url("pgo"))).await;
    let form = keuze.expect("an answer").form(&path).expect("a form");
    let landing = person.send(form).await.expect("an answer");
    let form = landing.form("/inloggen").expect("the landing page");
    let digid = person.send(form).await.expect("an answer");
    let verklaring = person.send(login(&digid, SASKIA, "inloggen")).await;
    let form = verklaring.expect("an answer").form("/verklaring");
    let form = form.expect("the declaration").with("keuze", "ja");
    let result = person.send(form.with("langdurig", "ja")).await;
    assert_eq!(result.expect("an answer").url.path(), "/resultaat");
    person
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_065_a_refresh_of_the_pgo_is_a_run_and_a_request_of_its_own() {
    let ear = Ear::start().await;
    let mut person = connected(&ear.world).await;
    let connections = format!("{}/verbindingen", ear.world.url("pgo"));
    let shown = person.open(&connections).await.expect("an answer");
    let form = shown.form("/verbindingen/ophalen").expect("a form");
    let shown = person.send(form).await.expect("an answer");
    assert!(shown.html.contains("De gegevens zijn opgehaald"));
    let grant =
        |told: &Bericht| told.request.velden.clone().unwrap_or_default()["grant_type"].clone();
    let of = |wanted: &'static str| {
        move |told: &Bericht| {
            let is_token = told.party == "dva" && told.url.ends_with("/token");
            is_token && grant(told) == wanted
        }
    };
    let code: Bericht = ear.first("/berichten", of("authorization_code")).await;
    let refresh: Bericht = ear.first("/berichten", of("refresh_token")).await;
    let number = |told: &Bericht, wanted: &str| {
        let mut headers = told.request.headers.iter();
        let (_, value) = headers.find(|(name, _)| name == wanted).expect("a number");
        TraceId::parse(value).expect("a UUID")
    };
    // medmij case 65; core.tknint.208
    let [code, refresh] = [&code, &refresh].map(|told| {
        let run = number(told, "x-correlation-id");
        (run, number(told, "medmij-request-id"))
    });
    assert_ne!(code.0, refresh.0, "another run");
    assert_ne!(code.1, refresh.1, "another request");
    assert_ne!(refresh.0, refresh.1);
}
