//! The service catalogue of the demo: published and signed by the scheme's manager, and followed by HM, MR and
//! DV without a restart.

use std::time::Duration;

use http::Method;
use http::header::WWW_AUTHENTICATE;
use serde_json::{Value, json};
use server::catalogus::document;
use server::network::{Party, Trouble, Wrong};

use tokio::time::{sleep, timeout};

use crate::world::{
    APP, BAKKERIJ, Login, PATIENCE, S1, S3, World, ZELF, body, header, location, query, refused,
    text, wrong,
};

const LOA2: &str = "urn:etoegang:core:assurance-class:loa2";
const LOA4: &str = "urn:etoegang:core:assurance-class:loa4";
/// Those that follow the catalogue.
const READERS: [Party; 3] = [Party::Hm, Party::Mr, Party::Dv];

/// The service of this id in `etoegang.json`.
pub(crate) fn dienst<'s>(sample: &'s mut Value, id: &str) -> &'s mut Value {
    let diensten = sample["diensten"].as_array_mut().expect("services");
    let mut diensten = diensten.iter_mut();
    let found = diensten.find(|dienst| dienst["service_id"] == id);
    found.expect("a service")
}

impl World {
    /// What the scheme's manager publishes now.
    async fn published(&self) -> String {
        let answer = self
            .get(&self.at("aggregator", "/servicecatalog.xml"))
            .await;
        assert_eq!(answer.status, 200);
        text(&answer)
    }

    /// The manager changes the services, and everybody follows.
    pub(crate) async fn with_services(&self, change: impl FnOnce(&mut Value)) {
        // A first fetch that is still under way would bring the catalogue of before.
        let all = async {
            while READERS.iter().any(|party| self.kept(*party).is_empty()) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, all).await.expect("a catalogue");
        self.edit_services(change).await;
        self.pass(800);
        self.followed().await;
    }

    /// The manager changes the services: what he publishes then is another catalogue.
    async fn edit_services(&self, change: impl FnOnce(&mut Value)) {
        let before = self.published().await;
        let file = self.given("etoegang.json");
        let text = std::fs::read_to_string(&file).expect("readable");
        let mut sample = serde_json::from_str(&text).expect("JSON");
        change(&mut sample);
        std::fs::write(file, sample.to_string()).expect("writable");
        let other = async {
            while self.published().await == before {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, other).await.expect("another catalogue");
    }

    /// Waits until everybody has in force what is published.
    async fn followed(&self) {
        let published = self.published().await;
        let all = async {
            while READERS.iter().any(|party| self.kept(*party) != published) {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, all)
            .await
            .expect("the catalogue is followed");
    }

    /// What a party keeps of it.
    fn kept(&self, party: Party) -> String {
        let at = document(&self.running.state.join(party.name()));
        std::fs::read_to_string(at).unwrap_or_default()
    }

    /// Waits until a party told its operator this of the catalogue.
    async fn operator_reads(&self, party: Party, what: &str) {
        let at = self.running.state.join("log.jsonl");
        let is_it = |line: &str| line.contains(what) && line.contains(party.name());
        let told = async {
            while !std::fs::read_to_string(&at).is_ok_and(|log| log.lines().any(is_it)) {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, told).await.expect(what);
    }

    /// Where the HM sends the browser with this login.
    async fn asked(&self, login: Login) -> String {
        location(&self.get(&self.authorize(login, &[])).await)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_leaves_the_catalogue_is_gone_at_the_next_request_of_an_app_and_at_the_dv() {
    let world = World::start().await;
    assert!(world.asked(ZELF).await.contains("/kiezen"));
    world
        .with_services(|sample| {
            let diensten = sample["diensten"].as_array_mut().expect("services");
            diensten.retain(|dienst| dienst["service_id"] != S3);
        })
        .await;
    // etoegang case 67
    let back = world.asked(ZELF).await;
    assert_eq!(
        query(&back, "error").as_deref(),
        Some("unauthorized_client")
    );
    let page = world.browser().open(&format!("{}/", world.url("dv"))).await;
    assert!(page.html().contains(S1) && !page.html().contains(S3));
}

#[tokio::test(flavor = "multi_thread")]
async fn f17_a_level_that_is_raised_holds_at_hm_and_dv_from_then_on() {
    let world = World::start().await;
    let first = world.login(BAKKERIJ).await;
    let at_dv = format!("{}/api/1/bericht", world.url("dv"));
    world.followed().await;
    // An access token of now outlives the next fetch.
    world.pass(450);
    let tokens = world.refreshed(first.refresh()).await;
    assert_eq!(world.get_with(&at_dv, &tokens.access).await.status, 200);
    world
        .edit_services(|sample| dienst(sample, S1)["niveau"] = json!(LOA4))
        .await;
    world.pass(350);
    world.followed().await;
    // RFC 9470 §3
    let answer = world.get_with(&at_dv, &tokens.access).await;
    let asked = header(&answer, &WWW_AUTHENTICATE);
    assert_eq!(answer.status, 401);
    let code = "insufficient_user_authentication";
    assert!(asked.contains(code) && asked.contains(LOA4), "{asked}");
    // F17
    let answer = world.refresh(APP, tokens.refresh()).await;
    refused(&answer, 400, "invalid_grant");
    assert!(world.family(tokens.refresh()).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_092_a_manager_in_trouble_leaves_the_catalogue_that_is_in_force() {
    let world = World::start().await;
    let mut tokens = world.login(ZELF).await;
    // Nobody is fetching when the trouble begins: a fetch that is under way would end well, and the next be
    // a quarter of an hour later.
    world.followed().await;
    // etoegang case 92
    for (how, says) in [
        (Wrong::BadSignature, "is not signed"),
        (Wrong::Truncated, "cannot be read"),
        (Wrong::Expired, "is older"),
    ] {
        let kept = world.kept(Party::Hm);
        world
            .edit_services(|sample| dienst(sample, S3)["niveau"] = json!(LOA4))
            .await;
        world.disturb(Party::Aggregator, wrong(how));
        world.pass(800);
        for party in READERS {
            world.operator_reads(party, says).await;
        }
        tokens = world.refreshed(tokens.refresh()).await;
        assert_eq!(world.kept(Party::Hm), kept, "{how:?}");
        world
            .edit_services(|sample| dienst(sample, S3)["niveau"] = json!(LOA2))
            .await;
        world.heal();
        world.pass(800);
        world.followed().await;
    }
    world.disturb(Party::Aggregator, Trouble::Down);
    world.pass(800);
    tokens = world.refreshed(tokens.refresh()).await;
    world.heal();
    world
        .with_services(|sample| dienst(sample, S3)["niveau"] = json!(LOA4))
        .await;
    refused(
        &world.refresh(APP, tokens.refresh()).await,
        400,
        "invalid_grant",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_without_its_manager_goes_on_with_what_it_kept_and_without_that_ends_no_login() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    world.followed().await;
    let shifted = world.running.clock.shifted_s();
    let (folder, port) = world.stop().await;
    let alone = READERS.into_iter().chain([Party::Ad, Party::Netwerk]);
    let world = World::start_parties(folder, port, alone.clone().collect(), |_| ()).await;
    world.pass(shifted);
    let tokens = world.refreshed(tokens.refresh()).await;

    let shifted = world.running.clock.shifted_s();
    let (folder, port) = world.stop().await;
    for party in READERS {
        std::fs::remove_file(document(&folder.0.join(party.name()))).expect("kept");
    }
    let world = World::start_parties(folder, port, alone.collect(), |_| ()).await;
    world.pass(shifted);
    let answer = world.refresh(APP, tokens.refresh()).await;
    assert_eq!(answer.status, 503);
    assert!(world.family(tokens.refresh()).await.is_some());
    let asked = world.get(&world.authorize(BAKKERIJ, &[])).await;
    assert_eq!(asked.status, 503);
    let at_dv = format!("{}/api/1/bericht", world.url("dv"));
    assert_eq!(world.get_with(&at_dv, &tokens.access).await.status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_manager_publishes_is_signed_numbered_and_told_where_it_is() {
    let world = World::start().await;
    let first = world.published().await;
    assert_eq!(world.published().await, first, "until something changes");
    assert!(first.contains("service-catalogue:T:1\""));
    let demo = std::fs::read(world.running.ready_file().expect("ready")).expect("demo.json");
    let demo: Value = serde_json::from_slice(&demo).expect("JSON");
    let told = &demo["etoegang"];
    assert_eq!(
        told["catalogue_url"],
        world.at("aggregator", "/servicecatalog.xml")
    );
    let certificate = told["catalogue_cert_file"].as_str().expect("a file");
    assert!(std::fs::read_to_string(certificate).is_ok_and(|pem| pem.contains("CERTIFICATE")));
    // A day later it says when it was published anew.
    world.pass(86_400);
    assert!(world.published().await.contains("service-catalogue:T:2\""));
    let nobody = world.at("aggregator", "/servicecatalog.xml");
    let posted = world.manage(Method::DELETE, &nobody, "nobody").await;
    assert_eq!(posted.status, 405);

    let file = world.given("etoegang.json");
    std::fs::write(&file, "{").expect("writable");
    // etoegang case 93
    world
        .operator_reads(Party::Aggregator, "etoegang case 93")
        .await;
    assert!(world.published().await.contains("service-catalogue:T:2\""));
    let metadata = format!("{}/.well-known/openid-configuration", world.issuer());
    assert_eq!(body(&world.get(&metadata).await)["issuer"], world.issuer());
}
