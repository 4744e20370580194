//! The emergency brake, over the routes: what was issued before a moment is refused, and what is issued
//! after it is not.

use server::keys::admin;
use server::keys::not_before::Subject;
use server::network::Party;

use crate::dva::{consent_question, introspection, resource};
use crate::world::{SASKIA, World, ZIEKENHUIS, ZIEKENHUIS_NAAM, is_error, json, text};

const PGO: &str = "anderpgo.localhost";

/// Sets the moment to now, a second after everything that was issued, and lets the party look.
async fn brake(world: &World, party: Party, subject: &Subject) {
    world.running.clock.shift(1);
    let app = &world.running.apps[&party];
    let now = app.clock.now();
    let set = admin::set_not_before(&app.home, subject, now, now).await;
    set.expect("set");
    app.keys.look(&app.home, now).await.expect("looked");
}

fn client() -> Subject {
    Subject::Client(PGO.to_owned())
}

fn log_has_reason(world: &World) {
    let log = std::fs::read_to_string(world.running.state.join("log.jsonl")).expect("a log");
    let told = log
        .lines()
        .any(|line| line.contains("\"design §4\"") && line.contains(protocol::not_before::REASON));
    assert!(told, "{log}");
}

/// design §4
#[tokio::test(flavor = "multi_thread")]
async fn mitz_refuses_what_it_issued_to_a_client_before_the_moment() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let before = dvp.tokens(SASKIA).await;
    let code = dvp.code(SASKIA, &[]).await;
    let location = dvp.location_token(&before, ZIEKENHUIS).await;
    brake(&world, Party::Mitz, &client()).await;

    is_error(
        &dvp.offer_refresh(&before.refresh).await,
        400,
        "invalid_grant",
    );
    is_error(&dvp.offer_code(&code).await, 400, "invalid_grant");
    let userinfo = dvp.userinfo(&before.access).await;
    assert_eq!(userinfo.status, 401);
    let challenge = userinfo.headers["www-authenticate"].to_str().expect("text");
    assert!(challenge.contains("invalid_token"), "{challenge}");
    let dva = Some("dva-back.localhost");
    let answer = consent_question(&world, dva, &location, ZIEKENHUIS).await;
    assert_eq!(introspection(&world, &answer)["active"], false);
    let told = world.requirements(Party::Mitz).await;
    assert!(told.contains(&"design §4".to_owned()), "{told:?}");
    log_has_reason(&world);

    let after = dvp.tokens(SASKIA).await;
    assert_eq!(dvp.userinfo(&after.access).await.status, 200);
    assert_eq!(dvp.offer_refresh(&after.refresh).await.status, 200);
}

/// design §4
#[tokio::test(flavor = "multi_thread")]
async fn other_clients_do_not_notice_and_an_issuer_means_all() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let before = dvp.tokens(SASKIA).await;
    let other = Subject::Client("pgo.localhost".to_owned());
    brake(&world, Party::Mitz, &other).await;
    let still = crate::world::tokens(&dvp.offer_refresh(&before.refresh).await);
    assert_eq!(dvp.userinfo(&still.access).await.status, 200);
    brake(&world, Party::Mitz, &Subject::Issuer(world.url("mitz"))).await;
    is_error(
        &dvp.offer_refresh(&still.refresh).await,
        400,
        "invalid_grant",
    );
    assert_eq!(dvp.userinfo(&still.access).await.status, 401);
}

/// design §4
#[tokio::test(flavor = "multi_thread")]
async fn a_dva_refuses_what_mitz_and_it_issued_before_the_moment() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let tokens = dvp.tokens(SASKIA).await;
    let location = dvp.location_token(&tokens, ZIEKENHUIS).await;
    let form = dvp.exchange_form(&location, ZIEKENHUIS_NAAM, "51");
    let exchanged = dvp.exchange("dva-back", &form).await;
    assert_eq!(exchanged.status, 200, "{}", text(&exchanged));
    let access = json(&exchanged)["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let patient = format!("{ZIEKENHUIS}/51/fhir/Patient");
    assert_eq!(resource(&dvp, &patient, &access).await.status, 200);

    brake(&world, Party::Dva, &client()).await;
    assert_eq!(resource(&dvp, &patient, &access).await.status, 401);
    is_error(
        &dvp.exchange("dva-back", &form).await,
        400,
        "invalid_request",
    );
    let told = world.requirements(Party::Dva).await;
    assert!(told.contains(&"design §4".to_owned()), "{told:?}");
    log_has_reason(&world);

    let location = dvp.location_token(&tokens, ZIEKENHUIS).await;
    let form = dvp.exchange_form(&location, ZIEKENHUIS_NAAM, "51");
    assert_eq!(dvp.exchange("dva-back", &form).await.status, 200);
}
