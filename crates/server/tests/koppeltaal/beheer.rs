//! Domain administration by REST.

use http::Method;
use http::header::{ALLOW, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, WWW_AUTHENTICATE};
use jose::Algorithm;
use koppeltaal::Domein;
use koppeltaal::domeinbeheer::{Beheersleutel, Domeinen, SLEUTEL};
use serde_json::{Value, json};
use server::chance;
use server::domeinbeheer;
use server::network::Party;
use server::outside::{Answer, Headers};

use crate::world::{
    Applicatie, Shown, World, assert_invalid_client, body, declaration, id, key, part, set, text,
};

pub(crate) const JSON: &str = "application/json";
pub(crate) const PATCH: &str = "application/merge-patch+json";

/// A key of somebody who may administer, and how he asks.
pub(crate) struct Beheer<'a> {
    world: &'a World,
    id: [u8; 16],
    secret: String,
}

/// Which version a request names.
#[derive(Clone, Copy)]
pub(crate) enum Version<'a> {
    None,
    Match(&'a str),
    New,
}

impl<'a> Beheer<'a> {
    pub(crate) async fn of(world: &'a World, naam: &str, domeinen: Domeinen) -> Self {
        let app = &world.running.apps[&Party::Koppeltaal];
        let now = app.clock.now();
        let sleutel = Beheersleutel::nieuw(naam, domeinen, 3_600, now).expect("a key");
        let id = chance::entropy().bytes("beheersleutel");
        let made = domeinbeheer::sleutel_erbij(&app.home, id, &sleutel, "test", now).await;
        assert_eq!(made, Ok(true));
        let secret = app.handles.make(SLEUTEL, Beheersleutel::handle(id));
        Self { world, id, secret }
    }

    pub(crate) async fn new(world: &'a World) -> Self {
        Self::of(world, "jansen", Domeinen::Alle).await
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        version: Version<'_>,
        said: Option<(&str, &Value)>,
    ) -> Answer {
        let url = self.world.at(&format!("beheer/{path}"));
        let headers = Headers::none().bearer(&self.secret);
        asked(self.world, method, &url, headers, version, said).await
    }

    /// The same of the domain `d2`.
    pub(crate) async fn ask_d2(
        &self,
        method: Method,
        path: &str,
        version: Version<'_>,
        said: Option<(&str, &Value)>,
    ) -> Answer {
        let url = self
            .world
            .at(&format!("beheer/{path}"))
            .replace("/d1/", "/d2/");
        let headers = Headers::none().bearer(&self.secret);
        asked(self.world, method, &url, headers, version, said).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, Version::None, None).await
    }

    /// The version of the domain as it is.
    pub(crate) async fn version(&self) -> String {
        etag(&self.get("domain").await)
    }

    pub(crate) async fn patch(&self, number: u16, version: &str, patch: &Value) -> Answer {
        let at = format!("applications/{}", id(number));
        let version = Version::Match(version);
        self.ask(Method::PATCH, &at, version, Some((PATCH, patch)))
            .await
    }

    pub(crate) async fn register(&self, said: &Value) -> Answer {
        let said = Some((JSON, said));
        self.ask(Method::POST, "applications", Version::None, said)
            .await
    }
}

async fn asked(
    world: &World,
    method: Method,
    url: &str,
    headers: Headers,
    version: Version<'_>,
    said: Option<(&str, &Value)>,
) -> Answer {
    let headers = match version {
        Version::None => headers,
        Version::Match(tag) => headers.with(IF_MATCH, tag),
        Version::New => headers.with(IF_NONE_MATCH, "*"),
    };
    let (headers, said) = match said {
        Some((media_type, said)) => (
            headers.with(CONTENT_TYPE, media_type),
            Some(said.to_string().into_bytes()),
        ),
        None => (headers, None),
    };
    let answer = world.outside.send(method, url, headers, said).await;
    answer.expect("an answer")
}

pub(crate) fn etag(answer: &Answer) -> String {
    let tag = answer.headers.get(ETAG).expect("an ETag");
    tag.to_str().expect("text").to_owned()
}

/// A refusal of this status, about this member.
pub(crate) fn assert_problem(answer: &Answer, status: u16, member: Option<&str>) {
    assert_eq!(answer.status, status, "{}", text(answer));
    // RFC 9457 §3
    let media_type = answer.media_type();
    assert_eq!(media_type.as_deref(), Some("application/problem+json"));
    let said = body(answer);
    assert_eq!(said["status"], status);
    assert_eq!(said["member"].as_str(), member, "{said}");
    assert_eq!(
        said["trace_id"],
        answer.headers["trace-id"].to_str().expect("text")
    );
}

/// Every line of the log of refusals.
pub(crate) fn log(world: &World) -> String {
    let file = world.running.state.join("log.jsonl");
    std::fs::read_to_string(file).expect("a log")
}

fn deze(domein: &str) -> Domeinen {
    Domeinen::Deze([Domein::parse(domein).expect("a domain")].into())
}

// ── Who may ─────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn only_who_holds_a_key_of_the_domain_gets_in_and_only_as_long_as_it_works() {
    let world = World::start().await;
    let url = world.at("beheer/domain");
    let ask = |headers| asked(&world, Method::GET, &url, headers, Version::None, None);
    // koppeltaal.md §1.1
    let jansen = Beheer::of(&world, "jansen", deze("d1")).await;
    assert_eq!(jansen.get("domain").await.status, 200);

    let mut guessed = jansen.secret.clone();
    let last = guessed.pop().expect("a letter");
    guessed.push(if last == 'A' { 'E' } else { 'A' });
    for headers in [
        Headers::none(),
        Headers::none().bearer("x"),
        Headers::none().bearer(&guessed),
    ] {
        let answer = ask(headers).await;
        assert_problem(&answer, 401, None);
        assert!(answer.headers.contains_key(WWW_AUTHENTICATE));
    }
    let other = Beheer::of(&world, "pietersen", deze("d2")).await;
    assert_problem(&other.get("domain").await, 403, None);
    // Nor may he look whether there is another.
    let unknown = world.at("beheer/domain").replace("/d1/", "/d9/");
    let headers = Headers::none().bearer(&jansen.secret);
    let answer = asked(&world, Method::GET, &unknown, headers, Version::None, None).await;
    assert_problem(&answer, 403, None);

    let app = &world.running.apps[&Party::Koppeltaal];
    let now = app.clock.now();
    let gone = domeinbeheer::sleutel_eraf(&app.home, jansen.id, "test", now).await;
    assert!(gone.expect("withdrawn").is_some());
    assert_problem(&jansen.get("domain").await, 401, None);
    // No secret is in the log of refusals.
    let log = log(&world);
    assert!(!log.contains(&jansen.secret) && !log.contains(&guessed));
}

#[tokio::test]
async fn every_operation_that_is_promised_asks_for_a_key_and_is_there() {
    let world = World::start().await;
    let url = world.at("beheer/openapi.json");
    let document = body(&world.get(&url, Headers::none()).await);
    assert_eq!(document["openapi"], "3.1.0");
    let base = document["servers"][0]["url"].as_str().expect("a URL");
    assert_eq!(base, world.at("beheer"));
    let jansen = Beheer::new(&world).await;
    let paths = document["paths"].as_object().expect("paths");
    let mut asked_for = 0;
    for (path, methods) in paths {
        let path = path
            .replace("{client_id}", &id(99).to_string())
            .replace("{name}", "Niemand");
        for method in methods.as_object().expect("methods").keys() {
            if method == "parameters" {
                continue;
            }
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let url = format!("{base}{path}");
            let none = Headers::none();
            let answer = asked(&world, method.clone(), &url, none, Version::None, None).await;
            assert_problem(&answer, 401, None);
            let path = path.trim_start_matches('/');
            let answer = jansen.ask(method.clone(), path, Version::None, None).await;
            // Whatever it says: it is an operation of the administration that says it.
            assert_ne!(answer.status, 405, "{method} {path}");
            assert!(
                answer.status.is_success() || body(&answer)["title"].is_string(),
                "{method} {path}: {}",
                text(&answer)
            );
            asked_for += 1;
        }
    }
    assert_eq!(asked_for, 20);
}

// ── Applications ────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn koppeltaal_case_031_and_043_an_application_is_registered_approved_and_gets_tokens() {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    let new = key(Algorithm::Es384);
    world
        .shelf
        .show("nieuw", Shown::Keys(set(&[&new]), "max-age=60"));
    let said = json!({ "name": "Nieuw", "jwks_uri": world.shelf.url("nieuw") });
    let registered = jansen.register(&said).await;
    assert_eq!(registered.status, 201, "{}", text(&registered));
    let application = body(&registered)["application"].clone();
    assert_eq!(application["status"], "pending");
    let client_id = application["client_id"].as_str().expect("an id").to_owned();
    // koppeltaal.md §1.2: a random UUID of version 4
    assert_eq!(client_id.as_bytes()[14], b'4');
    let new = Applicatie {
        id: koppeltaal::ClientId::parse(&client_id).expect("a UUID"),
        key: new,
    };
    // koppeltaal case 31
    assert_invalid_client(&world.ask(&world.assertion(&new)).await);

    let at = format!("applications/{client_id}");
    let approve = json!({ "status": "approved" });
    let (patch, version) = (Some((PATCH, &approve)), etag(&registered));
    let version = Version::Match(&version);
    let approved = jansen.ask(Method::PATCH, &at, version, patch).await;
    assert_eq!(approved.status, 200, "{}", text(&approved));
    assert_eq!(body(&approved)["changes"][0]["is"], "approved");
    // koppeltaal case 43: at once, since the node that changed it knows
    assert_eq!(world.token(&new).await["scope"], "");

    let version = etag(&approved);
    let gone = jansen.ask(Method::DELETE, &at, Version::Match(&version), None);
    assert_eq!(gone.await.status, 200);
    assert_invalid_client(&world.ask(&world.assertion(&new)).await);
    assert_problem(&jansen.get(&at).await, 404, None);
}

#[tokio::test]
async fn koppeltaal_case_044_045_and_115_what_cannot_be_is_refused_and_named() {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    let version = jansen.version().await;
    // koppeltaal case 44
    let create_all = json!({ "Task": { "create": "all" } });
    let said = Some((JSON, &create_all));
    let answer = jansen.ask(Method::PUT, "roles/Portaal", Version::Match(&version), said);
    assert_problem(&answer.await, 422, Some("Task.create"));
    // koppeltaal case 45
    let two = json!({ "role": ["Portaal", "Module"] });
    assert_problem(&jansen.patch(3, &version, &two).await, 422, None);
    let unknown = json!({ "role": "Module" });
    assert_problem(
        &jansen.patch(3, &version, &unknown).await,
        422,
        Some("role"),
    );
    // koppeltaal case 115
    for bad in [
        "http://keys.example/jwks",
        "https://keys.example/jwks",
        "https://10.0.0.1/jwks",
        "nergens",
    ] {
        let said = json!({ "name": "Nieuw", "jwks_uri": bad });
        assert_problem(&jansen.register(&said).await, 422, Some("jwks_uri"));
        let moved = json!({ "jwks_uri": bad });
        assert_problem(
            &jansen.patch(3, &version, &moved).await,
            422,
            Some("jwks_uri"),
        );
    }
    let taken = json!({ "name": "Nieuw", "jwks_uri": world.shelf.url("1") });
    assert_problem(&jansen.register(&taken).await, 422, Some("jwks_uri"));
    let own_id =
        json!({ "name": "x", "jwks_uri": world.shelf.url("x"), "client_id": id(9).to_string() });
    assert_problem(&jansen.register(&own_id).await, 400, Some("client_id"));
    // Of all that nothing was kept.
    assert_eq!(jansen.version().await, version);
}

#[tokio::test]
async fn koppeltaal_case_046_a_permission_that_is_taken_away_is_gone_from_new_tokens() {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    let before = world.token(&portaal).await;
    assert!(
        before["scope"]
            .as_str()
            .expect("a scope")
            .contains("system/Task.crus")
    );
    let version = jansen.version().await;
    let role = json!({ "Patient": { "read": "all" } });
    let put = jansen.ask(
        Method::PUT,
        "roles/Portaal",
        Version::Match(&version),
        Some((JSON, &role)),
    );
    let put = put.await;
    assert_eq!(put.status, 200, "{}", text(&put));
    assert_eq!(world.token(&portaal).await["scope"], "system/Patient.rs");
    // koppeltaal case 46: the older token says what it said, until its five minutes are over
    let claims = part(before["access_token"].as_str().expect("a token"), 1);
    let lifetime = claims["exp"].as_i64().zip(claims["iat"].as_i64());
    assert_eq!(lifetime.map(|(exp, iat)| exp - iat), Some(300));
    let audit = world.audit().await;
    let told = audit
        .iter()
        .rfind(|row| row.what == "permissions of a role were changed")
        .expect("an event");
    // TGB 006
    assert_eq!(told.requirement, "TGB 006");
    assert_eq!(told.who, verdict::Actor::Party("jansen (d1)".to_owned()));
}

#[tokio::test]
async fn of_many_who_change_one_version_one_wins_and_the_others_hear_of_it() {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    let version = jansen.version().await;
    let name = |n| json!({ "name": format!("Naam {n}") });
    let patches: Vec<Value> = (0..8).map(name).collect();
    let all = patches.iter().map(|patch| jansen.patch(3, &version, patch));
    let answers = futures_util::future::join_all(all).await;
    let won = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(won.count(), 1);
    for lost in answers.iter().filter(|answer| answer.status != 200) {
        assert_problem(lost, 412, None);
        assert_eq!(etag(lost), "\"2\"");
    }
    assert_problem(&jansen.patch(3, &version, &name(9)).await, 412, None);
    for (bad, status) in [("*", 400), ("\"x\"", 400), ("W/\"2\"", 400)] {
        let answer = jansen.patch(3, bad, &name(9)).await;
        assert_problem(&answer, status, Some("If-Match"));
    }
    let at = format!("applications/{}", id(3));
    let patch = name(9);
    let said = Some((PATCH, &patch));
    let answer = jansen.ask(Method::PATCH, &at, Version::None, said);
    assert_problem(&answer.await, 428, None);
    let said = Some((JSON, &patch));
    let answer = jansen.ask(Method::PATCH, &at, Version::Match("\"2\""), said);
    assert_problem(&answer.await, 415, None);
}

#[tokio::test]
async fn who_registers_at_the_same_moment_as_others_overwrites_nobody() {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    let said: Vec<Value> = (0..6)
        .map(|n| json!({ "name": format!("Nieuw {n}"), "jwks_uri": world.shelf.url(&format!("n{n}")) }))
        .collect();
    let all = said.iter().map(|said| jansen.register(said));
    for answer in futures_util::future::join_all(all).await {
        assert_eq!(answer.status, 201, "{}", text(&answer));
    }
    let all = body(&jansen.get("applications").await);
    assert_eq!(all["applications"].as_array().expect("all").len(), 5 + 6);
}

#[tokio::test]
async fn koppeltaal_case_115_a_whole_declaration_leads_no_more_inside_than_a_patch() {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    let shown = jansen.get("domain").await;
    let (tag, good) = (etag(&shown), body(&shown));
    let idp = |issuer| json!([{ "name": "Inloggen", "issuer": issuer, "client_id": "kt" }]);
    let in_first = format!("applications {} jwks_uri", id(1));
    for (pointer, value, member) in [
        (
            "/applications/0/jwks_uri",
            json!("https://10.0.0.1/jwks"),
            in_first.as_str(),
        ),
        (
            "/applications/0/jwks_uri",
            json!("https://[fd00::1]/jwks"),
            in_first.as_str(),
        ),
        (
            "/applications/0/jwks_uri",
            json!("https://169.254.169.254/"),
            in_first.as_str(),
        ),
        (
            "/identity_providers",
            idp("https://192.168.1.1"),
            "identity_providers Inloggen issuer",
        ),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).expect("a member") = value;
        let said = Some((JSON, &bad));
        let put = jansen.ask(Method::PUT, "domain", Version::Match(&tag), said);
        assert_problem(&put.await, 422, Some(member));
        let plan = jansen.ask(Method::POST, "domain/plan", Version::None, said);
        assert_problem(&plan.await, 422, Some(member));
    }
    assert_eq!(jansen.version().await, tag);
}

#[tokio::test]
async fn the_koppeltaal_voorziening_is_no_application_of_a_declaration() {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    let shown = jansen.get("domain").await;
    let (tag, mut bad) = (etag(&shown), body(&shown));
    bad["service"] = bad["applications"][0]["client_id"].clone();
    let said = Some((JSON, &bad));
    let refused = jansen.ask(Method::PUT, "domain", Version::Match(&tag), said);
    // koppeltaal.md §1.7
    assert_problem(&refused.await, 422, Some("applications[0].client_id"));
    assert_eq!(jansen.version().await, tag);
}

#[tokio::test]
async fn a_member_that_stands_twice_is_named_and_nothing_is_made() {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    let version = jansen.version().await;
    // RFC 8259 §4
    for (method, path, media_type, said, member) in [
        (
            Method::PUT,
            "roles/Dup".to_owned(),
            JSON,
            r#"{"Task":{"read":"own"},"Task":{"read":"all"}}"#,
            "Task",
        ),
        (
            Method::PUT,
            "roles/Dup".to_owned(),
            JSON,
            r#"{"Task":{"read":"own","\u0072ead":"all"}}"#,
            "Task.read",
        ),
        (
            Method::PATCH,
            format!("applications/{}", id(3)),
            PATCH,
            r#"{"status":"rejected","status":"approved"}"#,
            "status",
        ),
    ] {
        let url = world.at(&format!("beheer/{path}"));
        let headers = Headers::none().bearer(&jansen.secret);
        let headers = headers.with(CONTENT_TYPE, media_type);
        let headers = headers.with(IF_MATCH, &version);
        let said = Some(said.as_bytes().to_vec());
        let answer = world.outside.send(method, &url, headers, said).await;
        assert_problem(&answer.expect("an answer"), 400, Some(member));
    }
    assert_eq!(jansen.version().await, version);
    assert_problem(&jansen.get("roles/Dup").await, 404, None);
}

#[tokio::test]
async fn what_is_no_text_in_an_address_is_nothing_that_there_is() {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    for path in ["roles/%ff", "identity-providers/%ff", "applications/%ff"] {
        assert_problem(&jansen.get(path).await, 404, None);
    }
    let url = world.at("beheer/domain").replace("/d1/", "/%ff/");
    let ask = |headers| asked(&world, Method::GET, &url, headers, Version::None, None);
    assert_problem(
        &ask(Headers::none().bearer(&jansen.secret)).await,
        404,
        None,
    );
    // Who shows no key learns as little as elsewhere.
    assert_problem(&ask(Headers::none()).await, 401, None);
    for (path, status) in [("beheer/openapi.json", 404), ("beheer", 303)] {
        let url = world.at(path).replace("/d1/", "/%ff/");
        let answer = world.get(&url, Headers::none()).await;
        assert_eq!(answer.status, status, "{path}: {}", text(&answer));
        assert!(!text(&answer).contains("domein"), "{}", text(&answer));
    }
}

#[tokio::test]
async fn rfc_9457_another_address_and_another_method_are_problems_too() {
    let world = World::start().await;
    let beheer = Beheer::new(&world).await;
    let elsewhere = beheer.get("application").await;
    assert_problem(&elsewhere, 404, None);
    assert!(!elsewhere.headers.contains_key(ALLOW));

    let other = (beheer.ask(Method::PUT, "applications", Version::None, None)).await;
    assert_problem(&other, 405, None);
    // RFC 9110 §15.5.6
    let allow = other.headers[ALLOW].to_str().expect("text");
    let mut methods: Vec<_> = allow.split(',').map(str::trim).collect();
    methods.sort_unstable();
    assert_eq!(methods, ["GET", "HEAD", "POST"]);
    assert_eq!(beheer.get("applications").await.status, 200);
}

// ── The whole domain ────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn a_domain_is_declared_planned_and_made_by_rest() {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    let applications = json!([{ "number": 1, "role": "Portaal" }]);
    let declared = declaration("d2", &world.shelf, &applications);
    let said = Some((JSON, &declared));
    assert_problem(
        &jansen
            .ask_d2(Method::GET, "domain", Version::None, None)
            .await,
        404,
        None,
    );
    let plan = jansen
        .ask_d2(Method::POST, "domain/plan", Version::None, said)
        .await;
    assert_eq!(plan.status, 200, "{}", text(&plan));
    assert!(body(&plan)["version"].is_null());
    assert_eq!(body(&plan)["changes"][0]["change"], "added");
    assert_problem(
        &jansen
            .ask_d2(Method::GET, "domain", Version::None, None)
            .await,
        404,
        None,
    );

    assert_problem(
        &jansen
            .ask_d2(Method::PUT, "domain", Version::None, said)
            .await,
        428,
        None,
    );
    let old = Version::Match("\"1\"");
    assert_problem(
        &jansen.ask_d2(Method::PUT, "domain", old, said).await,
        404,
        None,
    );
    let made = jansen
        .ask_d2(Method::PUT, "domain", Version::New, said)
        .await;
    assert_eq!(made.status, 201, "{}", text(&made));
    let again = jansen
        .ask_d2(Method::PUT, "domain", Version::New, said)
        .await;
    assert_problem(&again, 412, None);
    // It serves at once.
    let keys = world.at("oauth2/jwks").replace("/d1/", "/d2/");
    assert_eq!(world.get(&keys, Headers::none()).await.status, 200);

    let shown = jansen
        .ask_d2(Method::GET, "domain", Version::None, None)
        .await;
    let shown_body = body(&shown);
    assert_eq!(shown_body["applications"][0]["name"], "Applicatie 1");
    let tag = etag(&shown);
    let same = Some((JSON, &shown_body));
    let same = jansen
        .ask_d2(Method::PUT, "domain", Version::Match(&tag), same)
        .await;
    assert_eq!(body(&same)["changes"], json!([]));
    assert_eq!(etag(&same), tag, "what is the same is not written again");

    let mut bad = shown_body.clone();
    bad["applications"][0]["redirect_uris"] = json!(["nergens"]);
    let refused = jansen
        .ask_d2(
            Method::PUT,
            "domain",
            Version::Match(&tag),
            Some((JSON, &bad)),
        )
        .await;
    assert_problem(&refused, 422, Some("applications[0].redirect_uris[0]"));
    bad = shown_body;
    bad["domain"] = json!("d1");
    let refused = jansen
        .ask_d2(
            Method::PUT,
            "domain",
            Version::Match(&tag),
            Some((JSON, &bad)),
        )
        .await;
    assert_problem(&refused, 422, Some("domain"));
}

#[tokio::test]
async fn top_kt_018_a_key_of_one_domain_does_not_lead_it_to_the_data_of_another() {
    let world = World::start().await;
    let jansen = Beheer::of(&world, "jansen", deze("d1")).await;
    let shown = jansen.get("domain").await;
    let mut declared = body(&shown);
    declared["fhir"]["upstream"] = json!("https://fhir.localhost:1/d2");
    let (tag, said) = (etag(&shown), Some((JSON, &declared)));
    let put = jansen.ask(Method::PUT, "domain", Version::Match(&tag), said);
    // TOP-KT-018
    assert_problem(&put.await, 403, Some("fhir.upstream"));
    assert_eq!(jansen.version().await, tag);
    let jansen = Beheer::of(&world, "jansen", deze("d2")).await;
    let new = declaration("d2", &world.shelf, &json!([]));
    let new = Some((JSON, &new));
    let made = jansen
        .ask_d2(Method::PUT, "domain", Version::New, new)
        .await;
    assert_problem(&made, 403, Some("domain"));
}

#[tokio::test]
async fn roles_and_identity_providers_come_and_go_one_by_one() {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    let role = json!({ "Task": { "create": "own", "read": "granted" } });
    let put = |path: &'static str, version, said| {
        let jansen = &jansen;
        async move { jansen.ask(Method::PUT, path, version, said).await }
    };
    let made = put(
        "roles/Zorg%20ondersteuning",
        Version::New,
        Some((JSON, &role)),
    )
    .await;
    assert_eq!(made.status, 201, "{}", text(&made));
    let shown = jansen.get("roles/Zorg%20ondersteuning").await;
    assert_eq!(body(&shown), role);
    let again = put(
        "roles/Zorg%20ondersteuning",
        Version::New,
        Some((JSON, &role)),
    )
    .await;
    assert_problem(&again, 412, None);

    let idp = json!({ "issuer": "https://idp.localhost:1", "client_id": "kt" });
    let made = put(
        "identity-providers/inloggen",
        Version::New,
        Some((JSON, &idp)),
    )
    .await;
    assert_eq!(made.status, 201, "{}", text(&made));
    // koppeltaal.md §4.5
    assert_eq!(
        body(&jansen.get("identity-providers/inloggen").await)["claim"],
        "email"
    );
    let tag = jansen.version().await;
    let name = json!({ "name": "inloggen" });
    let default = put(
        "default-identity-provider",
        Version::Match(&tag),
        Some((JSON, &name)),
    );
    assert_eq!(default.await.status, 200);
    let tag = jansen.version().await;
    let tag = Version::Match(&tag);
    // MIDP: somebody refers to it
    let gone = jansen
        .ask(Method::DELETE, "identity-providers/inloggen", tag, None)
        .await;
    assert_problem(&gone, 422, Some("default_identity_provider"));
    let gone = jansen.ask(Method::DELETE, "roles/Portaal", tag, None).await;
    assert_problem(&gone, 422, Some(&format!("applications {} role", id(1))));
    let gone = jansen
        .ask(Method::DELETE, "roles/Zorg%20ondersteuning", tag, None)
        .await;
    assert_eq!(gone.status, 200, "{}", text(&gone));
    let gone = jansen.get("roles/Zorg%20ondersteuning").await;
    assert_problem(&gone, 404, None);
    let names = body(&jansen.get("names").await);
    assert_eq!(names["roles"], json!(["Portaal"]));
    assert_eq!(names["identity_providers"], json!(["inloggen"]));
}

// ── The log and the brake ───────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn the_log_tells_who_changed_what_newest_first_and_page_by_page() {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    let pietersen = Beheer::of(&world, "pietersen", deze("d1")).await;
    for (who, number) in [(&jansen, 1), (&pietersen, 2), (&jansen, 3)] {
        let (tag, patch) = (
            who.version().await,
            json!({ "name": format!("Naam {number}") }),
        );
        assert_eq!(who.patch(number, &tag, &patch).await.status, 200);
    }
    let first = body(&jansen.get("audit?limit=2").await);
    let changes = first["changes"].as_array().expect("changes");
    let whos: Vec<&str> = changes.iter().filter_map(|c| c["who"].as_str()).collect();
    assert_eq!(whos, ["jansen", "pietersen"]);
    assert_eq!(changes[0]["version"], 4);
    assert_eq!(changes[0]["changes"][0]["member"], "name");
    assert_eq!(changes[0]["changes"][0]["is"], "Naam 3");
    let next = first["next"].as_str().expect("a next page");
    let second = body(&jansen.get(&format!("audit?limit=2&after={next}")).await);
    let changes = second["changes"].as_array().expect("changes");
    let whos: Vec<&str> = changes.iter().filter_map(|c| c["who"].as_str()).collect();
    // The oldest line is the declaration that the network started with.
    assert_eq!(whos, ["jansen", "demo"]);
    assert_eq!(changes[0]["changes"][0]["is"], "Naam 1");
    for (bad, member) in [
        ("audit?limit=0", "limit"),
        ("audit?limit=101", "limit"),
        ("audit?after=%25", "after"),
    ] {
        assert_problem(&jansen.get(bad).await, 400, Some(member));
    }
    // A cursor of another domain shows nothing of that domain, and nothing of this one twice.
    let strange = jose::b64::encode(b"d0\0x");
    let answer = jansen.get(&format!("audit?after={strange}")).await;
    assert_eq!(
        body(&answer)["changes"].as_array().expect("changes").len(),
        4
    );
}

#[tokio::test]
async fn koppeltaal_section_2_7_the_emergency_brake_holds_for_what_was_issued_before() {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    assert!(body(&jansen.get("not-before").await)["not_before"].is_null());
    let ahead = json!({ "not_before": "9026-11-22T10:00:00Z" });
    let ahead = Some((JSON, &ahead));
    let refused = jansen
        .ask(Method::POST, "not-before", Version::None, ahead)
        .await;
    assert_problem(&refused, 400, Some("not_before"));
    for (said, member) in [
        (
            json!({ "notbefore": "2026-11-22T10:00:00Z" }),
            Some("notbefore"),
        ),
        (json!(["2026-11-22T10:00:00Z"]), None),
    ] {
        let said = Some((JSON, &said));
        let refused = jansen.ask(Method::POST, "not-before", Version::None, said);
        assert_problem(&refused.await, 400, member);
    }
    assert!(body(&jansen.get("not-before").await)["not_before"].is_null());
    let pulled = jansen
        .ask(Method::POST, "not-before", Version::None, None)
        .await;
    assert_eq!(pulled.status, 200, "{}", text(&pulled));
    let app = &world.running.apps[&Party::Koppeltaal];
    let now = app.clock.now().unix();
    // koppeltaal.md §2.7: this node knows at once
    let held = app.keys.not_before();
    assert!(held.of_domain("d1").refuses(now - 10));
    assert!(!held.of_domain("d1").refuses(now + 1));
    assert!(!held.of_domain("d2").refuses(now - 10));
    let shown = body(&jansen.get("not-before").await);
    assert_eq!(shown, body(&pulled));
    let log = body(&jansen.get("audit").await);
    assert_eq!(log["changes"][0]["changes"][0]["member"], "not_before");
    let audit = world.audit().await;
    assert!(
        audit
            .iter()
            .any(|row| row.requirement == "koppeltaal.md §2.7")
    );
}
