//! Steps 20–30 over TLS.

use serde_json::Value;
use server::network::Party;
use server::outside::{Answer, Headers};

use crate::world::{
    Dvp, HUISARTS, HUISARTS_NAAM, SASKIA, World, ZIEKENHUIS, ZIEKENHUIS_NAAM, answer, is_error,
    json, login, payload, text, tokens,
};

const PGO: &str = "anderpgo.localhost";

/// An access token at the hospital.
async fn at_hospital(dvp: &Dvp<'_>) -> String {
    let tokens = dvp.tokens(SASKIA).await;
    let token = dvp.location_token(&tokens, ZIEKENHUIS).await;
    let form = dvp.exchange_form(&token, ZIEKENHUIS_NAAM, "51 52");
    let answer = dvp.exchange("dva-back", &form).await;
    assert_eq!(answer.status, 200, "{}", text(&answer));
    json(&answer)["access_token"]
        .as_str()
        .expect("a token")
        .to_owned()
}

pub(crate) async fn resource(dvp: &Dvp<'_>, path: &str, token: &str) -> Answer {
    let url = format!("{}/resource/{path}", dvp.world.url("dva-back"));
    dvp.outside
        .get(&url, Headers::none().bearer(token))
        .await
        .expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_034_discovery_names_the_endpoints_of_a_provider() {
    // RFC 8414 §3
    let world = World::start().await;
    let url = format!(
        "{}/.well-known/oauth-authorization-server?zorgaanbiedernaam=ziekenhuisdesluiswachter%40medmij",
        world.url("discovery")
    );
    let outside = world.outside(None);
    let answer = outside.get(&url, Headers::none()).await.expect("an answer");
    assert_eq!(
        json(&answer)["token_endpoint"],
        format!("{}/token", world.url("dva-back"))
    );
    let other = url.replace("discovery", "discovery2");
    let answer = outside
        .get(&other, Headers::none())
        .await
        .expect("an answer");
    assert_eq!(answer.status, 404, "the other DVA does not answer for it");
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_036_and_052_a_location_token_brings_what_the_provider_offers() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let tokens = dvp.tokens(SASKIA).await;
    let token = dvp.location_token(&tokens, ZIEKENHUIS).await;
    let form = dvp.exchange_form(&token, ZIEKENHUIS_NAAM, "51 999");
    let answer = dvp.exchange("dva-back", &form).await;
    assert_eq!(answer.status, 200, "{}", text(&answer));
    let body = json(&answer);
    assert_eq!(
        body["issued_token_type"],
        "urn:ietf:params:oauth:token-type:access_token"
    );
    assert_eq!(body["expires_in"], 900);
    assert_eq!(body["scope"], "51");
    assert!(body.get("refresh_token").is_none());
    let claims = payload(body["access_token"].as_str().expect("a token"));
    assert!(claims.get("sub").is_none());
    assert!(!claims.to_string().contains(SASKIA));
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_036a_the_id_token_of_the_code_exchange_is_refused() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let tokens = dvp.tokens(SASKIA).await;
    let userinfo = text(&dvp.userinfo(&tokens.access).await);
    for token in [&tokens.id, &userinfo] {
        let form = dvp.exchange_form(token, ZIEKENHUIS_NAAM, "51");
        is_error(
            &dvp.exchange("dva-back", &form).await,
            400,
            "invalid_request",
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_037_038_039_and_040_bad_subject_tokens_are_one_answer() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let tokens = dvp.tokens(SASKIA).await;
    let token = dvp.location_token(&tokens, ZIEKENHUIS).await;
    let mut other_type = dvp.exchange_form(&token, ZIEKENHUIS_NAAM, "51");
    other_type.retain(|(name, _)| *name != "subject_token_type");
    other_type.push((
        "subject_token_type",
        protocol::token_exchange::ACCESS_TOKEN_TYPE,
    ));
    is_error(
        &dvp.exchange("dva-back", &other_type).await,
        400,
        "invalid_request",
    );

    // The first character of the signature, whatever it was.
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let altered = format!("{signed}.{first}{}", &signature[1..]);
    let form = dvp.exchange_form(&altered, ZIEKENHUIS_NAAM, "51");
    is_error(
        &dvp.exchange("dva-back", &form).await,
        400,
        "invalid_request",
    );
    let asked = world.requirements(Party::Mitz).await;
    assert!(
        !asked.contains(&"seed 000 step 26".to_owned()),
        "mitz case 38: no call with a BSN"
    );

    let thief = world.dvp("pgo.localhost");
    let form = thief.exchange_form(&token, ZIEKENHUIS_NAAM, "51");
    is_error(
        &thief.exchange("dva-back", &form).await,
        400,
        "invalid_request",
    );

    world.running.clock.shift(1_000);
    let form = dvp.exchange_form(&token, ZIEKENHUIS_NAAM, "51");
    is_error(
        &dvp.exchange("dva-back", &form).await,
        400,
        "invalid_request",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_041_jwt_bearer_is_unsupported_until_it_is_switched_on() {
    let assertion = |token: &str| {
        vec![
            (
                "grant_type".to_owned(),
                protocol::token_exchange::JWT_BEARER.to_owned(),
            ),
            ("assertion".to_owned(), token.to_owned()),
            ("audience".to_owned(), ZIEKENHUIS_NAAM.to_owned()),
            ("scope".to_owned(), "51".to_owned()),
            ("client_id".to_owned(), PGO.to_owned()),
        ]
    };
    let offer = async |dvp: &Dvp<'_>, token: &str| {
        let form = assertion(token);
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        dvp.exchange("dva-back", &form).await
    };
    let off = World::start().await;
    is_error(
        &offer(&off.dvp(PGO), "a.b.c").await,
        400,
        "unsupported_grant_type",
    );
    let on = World::start_with(&[("settings.json", r#"{"dva":{"jwt_bearer":true}}"#)]).await;
    let dvp = on.dvp(PGO);
    let tokens = dvp.tokens(SASKIA).await;
    let other = dvp.location_token(&tokens, HUISARTS).await;
    is_error(&offer(&dvp, &other).await, 400, "invalid_grant");
    let own = dvp.location_token(&tokens, ZIEKENHUIS).await;
    assert_eq!(offer(&dvp, &own).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_dva_is_refused_for_the_provider_of_the_other() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let tokens = dvp.tokens(SASKIA).await;
    let token = dvp.location_token(&tokens, HUISARTS).await;
    let form = dvp.exchange_form(&token, HUISARTS_NAAM, "51");
    is_error(
        &dvp.exchange("dva-back", &form).await,
        400,
        "invalid_target",
    );
    let form = dvp.exchange_form(&token, ZIEKENHUIS_NAAM, "51");
    is_error(
        &dvp.exchange("dva-back", &form).await,
        400,
        "invalid_request",
    );
}

/// Step 24 as a caller of our choice.
pub(crate) async fn consent_question(
    world: &World,
    caller: Option<&str>,
    token: &str,
    ura: &str,
) -> Answer {
    let thumbprint = {
        let identity_file = world.running.state.join("clients").join(PGO);
        let host = PGO.parse().expect("a host name");
        let wall = world.running.clock.wall();
        let identity = world.running.authority.client(&identity_file, &host, wall);
        jose::x5t_s256(identity.expect("a certificate").certificate())
    };
    let form = [
        ("token", token),
        ("token_type_hint", "id_token"),
        ("ura", ura),
        ("function", "verzamelen"),
        ("services", "51 52"),
        ("presenter_x5t", &thumbprint),
    ];
    let url = format!("{}/consent-introspect", world.url("mitz-back"));
    world
        .outside(caller)
        .post_form(&url, &form, Headers::none())
        .await
        .expect("an answer")
}

/// What the first DVA reads in an answer to its question.
pub(crate) fn introspection(world: &World, answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", text(answer));
    assert_eq!(
        answer.headers["content-type"],
        "application/token-introspection+jwt"
    );
    let set = world.running.apps[&Party::Dva].keys.set();
    let keys = set.introspection().expect("the DVA's keys").all();
    let plain = jose::jwe::decrypt(&text(answer), keys).expect("for this DVA");
    let claims = payload(std::str::from_utf8(&plain.plain).expect("a JWS"));
    claims["token_introspection"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_042_043_and_044_mitz_answers_the_dva_under_its_own_key() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let code = dvp.code(SASKIA, &[("aanbieder-00000673", "nee")]).await;
    let tokens = tokens(&dvp.offer_code(&code).await);
    let token = dvp.location_token(&tokens, ZIEKENHUIS).await;
    let dva = Some("dva-back.localhost");

    let answer = consent_question(&world, dva, &token, ZIEKENHUIS).await;
    // RFC 9701 §5
    assert!(!text(&answer).contains(SASKIA), "the answer is encrypted");
    let permit = introspection(&world, &answer);
    assert_eq!(permit["consent"]["decision"], "Permit");
    assert_eq!(permit["bsn"]["value"], SASKIA);

    let answer = consent_question(&world, dva, &token, "00000673").await;
    let deny = introspection(&world, &answer);
    assert_eq!(deny["active"], true);
    assert_eq!(deny["consent"], serde_json::json!({ "decision": "Deny" }));
    assert!(deny.get("bsn").is_none());

    let answer = consent_question(&world, dva, &tokens.id, ZIEKENHUIS).await;
    let inactive = introspection(&world, &answer);
    assert_eq!(inactive, serde_json::json!({ "active": false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_045_and_046_only_the_dva_of_the_provider_may_ask() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let tokens = dvp.tokens(SASKIA).await;
    let token = dvp.location_token(&tokens, ZIEKENHUIS).await;
    let other = consent_question(&world, Some("dva2-back.localhost"), &token, ZIEKENHUIS).await;
    assert_eq!(other.status, 403);
    let pgo = consent_question(&world, Some(PGO), &token, ZIEKENHUIS).await;
    assert_eq!(pgo.status, 403);
    let nobody = consent_question(&world, None, &token, ZIEKENHUIS).await;
    assert_eq!(nobody.status, 401);
    let told = world.requirements(Party::Mitz).await;
    assert!(!told.contains(&"seed 000 step 26".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_049_and_050_no_relation_and_too_young_look_the_same() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let mut seen = Vec::new();
    for (bsn, ura, naam, dva) in [
        ("900221537", ZIEKENHUIS, ZIEKENHUIS_NAAM, "dva-back"),
        ("900231968", HUISARTS, HUISARTS_NAAM, "dva2-back"),
    ] {
        let tokens = dvp.tokens(bsn).await;
        let token = dvp.location_token(&tokens, ura).await;
        let form = dvp.exchange_form(&token, naam, "51");
        let asked = tokio::time::Instant::now();
        let answer = dvp.exchange(dva, &form).await;
        assert!(
            asked.elapsed().as_millis() >= 1_490,
            "it left before its time"
        );
        is_error(&answer, 400, "invalid_request");
        seen.push(answer.body);
    }
    let form = dvp.exchange_form("a.b.c", ZIEKENHUIS_NAAM, "51");
    seen.push(dvp.exchange("dva-back", &form).await.body);
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    assert!(
        world
            .requirements(Party::Dva)
            .await
            .contains(&"mitz case 49".to_owned())
    );
    assert!(
        world
            .requirements(Party::Dva2)
            .await
            .contains(&"mitz case 50".to_owned())
    );
}

/// A location token of a person who lets this PGO share.
async fn location_token_to_share(dvp: &Dvp<'_>) -> String {
    let mut person = dvp.world.person().stopping_at(&dvp.redirect_uri);
    let url = dvp.authorize_url(&[("function", Some("delen"))]);
    let shown = person.open(&url).await.expect("an answer");
    let shown = person.send(login(&shown, SASKIA, "inloggen")).await;
    let shown = shown.expect("an answer");
    let form = shown.form("/toestemming").expect("a form").with_every("ja");
    let shown = person.send(form.with("keuze", "geven")).await;
    let code = answer(&shown.expect("an answer"), "code").expect("a code");
    let tokens = tokens(&dvp.offer_code(&code).await);
    dvp.location_token(&tokens, ZIEKENHUIS).await
}

/// Shares a measurement with the hospital.
async fn place(dvp: &Dvp<'_>, token: &str) -> Answer {
    let weight = serde_json::json!({
        "resourceType": "Observation", "status": "final",
        "category": [{ "coding": [{ "code": "vital-signs" }] }],
        "code": { "text": "Gewicht op de badkamerweegschaal" },
        "valueQuantity": { "value": 71.5, "unit": "kg" },
    });
    let url = dvp.world.url("dva-back") + "/resource/00000659/42/fhir/Observation";
    let (media_type, bytes) = ("application/fhir+json", weight.to_string().into_bytes());
    let headers = Headers::none().bearer(token);
    let sent = dvp.outside.post_bytes(&url, media_type, bytes, headers);
    sent.await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_051_who_shares_by_the_chain_places_once_and_reads_nothing() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let location = location_token_to_share(&dvp).await;
    let mut form = dvp.exchange_form(&location, ZIEKENHUIS_NAAM, "42");
    let collecting = dvp.exchange("dva-back", &form).await;
    is_error(&collecting, 400, "invalid_request");
    form.push(("function", "delen"));
    let issued = json(&dvp.exchange("dva-back", &form).await);
    assert_eq!(issued["scope"], "42");
    let token = issued["access_token"].as_str().expect("a token");
    let read = resource(&dvp, "00000659/42/fhir/Observation", token).await;
    assert_eq!(read.status, 403, "{}", text(&read));
    let first = place(&dvp, token).await;
    assert_eq!(first.status, 201, "{}", text(&first));
    // core.autorisatie.101: one exchange, one placement
    assert_eq!(place(&dvp, token).await.status, 401);
    let to_read = at_hospital(&dvp).await;
    assert_eq!(place(&dvp, &to_read).await.status, 403);
    let told = world.requirements(Party::Dva).await;
    let placed = told.iter().filter(|it| *it == "core.autorisatie.101");
    assert_eq!(placed.count(), 3, "one placement, two refusals");
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_053_a_token_reaches_its_own_gegevensdiensten_and_no_further() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let token = at_hospital(&dvp).await;
    let patients = resource(&dvp, "00000659/51/fhir/Patient", &token).await;
    assert_eq!(patients.status, 200);
    let bundle = json(&patients);
    assert_eq!(bundle["entry"][0]["resource"]["resourceType"], "Patient");
    assert!(
        !bundle.to_string().contains(SASKIA),
        "no BSN towards the DVP"
    );
    for (path, why) in [
        ("00000659/42/fhir/Observation", "not granted"),
        ("00000659/51/fhir/Observation", "not in the gegevensdienst"),
        ("00000673/48/fhir/MedicationRequest", "another provider"),
    ] {
        assert_eq!(resource(&dvp, path, &token).await.status, 403, "{why}");
    }
    let chained = resource(&dvp, "00000659/51/fhir/Condition?patient=Patient/2", &token).await;
    assert_eq!(chained.status, 400);
    let other = world.dvp("pgo.localhost");
    assert_eq!(
        resource(&other, "00000659/51/fhir/Patient", &token)
            .await
            .status,
        401
    );
    world.running.clock.shift(900);
    assert_eq!(
        resource(&dvp, "00000659/51/fhir/Patient", &token)
            .await
            .status,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_a_certificate_gets_no_token() {
    let world = World::start().await;
    let outside = world.outside(None);
    let url = format!("{}/token", world.url("dva-back"));
    let form = [
        ("grant_type", protocol::token_exchange::GRANT_TYPE),
        ("client_id", PGO),
    ];
    let answer = outside.post_form(&url, &form, Headers::none()).await;
    is_error(&answer.expect("an answer"), 401, "invalid_client");
}
