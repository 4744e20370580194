//! How a role keeps its service catalogue fresh, against a publisher that does as it is told.

mod party;
#[expect(dead_code, reason = "the tests of the door need more of the rig")]
mod rig;
mod uitgave;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::dienstencatalogus::geldend::OUDST_S;
use etoegang::dienstencatalogus::reading::BOUNDS;
use etoegang::dienstencatalogus::uitgave::Uitgave;
use http::StatusCode;
use http::header::{ETAG, IF_NONE_MATCH};
use identity::ServiceId;
use rig::{Open, Rig, host, open};
use saml::keys::SigningKey;
use server::app::{App, Given};
use server::catalogus::{Bron, Catalogus, GeenCatalogus, Plaats, document};
use server::clock::Clock;
use server::door::House;
use server::home::Home;
use server::log::RefusalLog;
use server::observer::Observer;
use uitgave::{S1, beheerder, signed, uitgave};

const UITGEVER: &str = "aggregator.localhost";
const DAG_S: i64 = 86_400;
const LOA3: Betrouwbaarheidsniveau = Betrouwbaarheidsniveau::Loa3;
const LOA4: Betrouwbaarheidsniveau = Betrouwbaarheidsniveau::Loa4;

/// What the publisher does, and how often it was asked.
#[derive(Default)]
struct Script {
    file: Vec<u8>,
    is_down: bool,
    asked: u32,
    sent: u32,
}

/// A role and the publisher that it reads.
struct World {
    rig: Rig,
    open: Open,
    script: Arc<Mutex<Script>>,
    clock: Clock,
    app: Arc<App>,
    beheerder: SigningKey,
}

impl World {
    async fn new() -> Self {
        let rig = Rig::new();
        let script = Arc::new(Mutex::new(Script::default()));
        let told = Arc::clone(&script);
        let router = Router::new().fallback(move |request: Request| {
            let script = Arc::clone(&told);
            async move { answer(&script, &request) }
        });
        let open = open([rig.site(UITGEVER, router)], House::default()).await;
        let clock = Clock::system();
        let app = app(&rig, &clock).await;
        let beheerder = beheerder();
        let world = Self {
            rig,
            open,
            script,
            clock,
            app,
            beheerder,
        };
        world.publish(1, LOA3);
        world
    }

    /// The catalogue of a role that was just started.
    fn catalogus(&self) -> Arc<Catalogus> {
        self.catalogus_at(Plaats::Url(
            self.open.url(UITGEVER, "/1.13/servicecatalog.xml"),
        ))
    }

    fn catalogus_at(&self, plaats: Plaats) -> Arc<Catalogus> {
        let bron = Bron {
            plaats,
            sleutels: vec![self.beheerder.certificate().key().clone()],
            oudst_s: OUDST_S,
        };
        Catalogus::of(bron, Some(&self.party()), self.clock.now())
    }

    fn party(&self) -> PathBuf {
        self.rig.directory.join("node")
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("script")
    }

    /// Publishes S1 at this level, under this number, now.
    fn publish(&self, volgnummer: u32, niveau: Betrouwbaarheidsniveau) {
        let uitgave = self.uitgave(volgnummer, niveau);
        self.script().file = signed(&uitgave, &self.beheerder);
    }

    fn uitgave(&self, volgnummer: u32, niveau: Betrouwbaarheidsniveau) -> Uitgave {
        uitgave(volgnummer, niveau, self.clock.now())
    }

    /// The level of S1, as the role knows it.
    async fn niveau(
        &self,
        catalogus: &Catalogus,
    ) -> Result<Option<Betrouwbaarheidsniveau>, GeenCatalogus> {
        let nu = catalogus.nu(&self.app).await?;
        Ok(nu.diensten().van_scope(S1).map(|dienst| dienst.niveau))
    }

    /// Lets the time pass that is between two fetches, and fetches.
    async fn later(&self, catalogus: &Catalogus) {
        self.clock.shift(900);
        catalogus.refresh(&self.app).await;
    }

    fn log(&self) -> String {
        fs::read_to_string(self.rig.directory.join("log.jsonl")).expect("a log")
    }

    /// How many lines of the log say this.
    fn told(&self, what: &str) -> usize {
        let log = self.log();
        log.lines().filter(|line| line.contains(what)).count()
    }
}

async fn app(rig: &Rig, clock: &Clock) -> Arc<App> {
    let given = Given {
        host: host("node.localhost"),
        clock: clock.clone(),
        outside: rig.outside(None),
        log: RefusalLog::open(&rig.directory.join("log.jsonl")).expect("a log"),
        observer: Observer::nobody("node"),
    };
    let directory = rig.directory.join("node");
    let home = Home::embedded(&directory).expect("a home");
    let keys = party::keys(&home, &directory).await;
    App::new("node", home, keys, given)
}

fn answer(script: &Mutex<Script>, request: &Request) -> Response {
    let mut script = script.lock().expect("script");
    script.asked += 1;
    if script.is_down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let etag = format!("\"{}\"", jose::base64url_encode(jose::sha256(&script.file)));
    let known = request.headers().get(IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    script.sent += 1;
    ([(ETAG, etag)], script.file.clone()).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_catalogue_is_fetched_by_whom_first_needs_it_and_again_when_it_is_time() {
    let world = World::new().await;
    let catalogus = world.catalogus();
    let niveau = |of| Ok(Some(of));
    let (first, second) = tokio::join!(world.niveau(&catalogus), world.niveau(&catalogus));
    assert_eq!((first, second), (niveau(LOA3), niveau(LOA3)));
    assert_eq!(
        world.script().asked,
        1,
        "who comes second waits for the first"
    );
    let id = ServiceId::parse(S1).expect("a service");
    let namen = catalogus.namen(&id, &BTreeMap::new());
    assert_eq!(
        (&*namen.dienst, &*namen.dienstverlener),
        ("Parkeervergunning", "Gemeente Voorbeeld")
    );
    world.publish(2, LOA4);
    catalogus.refresh(&world.app).await;
    assert_eq!(
        world.niveau(&catalogus).await,
        niveau(LOA3),
        "it is not time"
    );
    world.later(&catalogus).await;
    assert_eq!(world.niveau(&catalogus).await, niveau(LOA4));
    assert_eq!(world.script().sent, 2);
    world.later(&catalogus).await;
    let script = world.script();
    assert_eq!(
        (script.asked, script.sent),
        (3, 2),
        "it is sent once (RFC 9110 §15.4.5)"
    );
    drop(script);
    assert_eq!(world.log(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_092_a_bad_file_leaves_the_one_in_force_and_is_told_once() {
    let world = World::new().await;
    let catalogus = world.catalogus();
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA3)));
    let kept = fs::read(document(&world.party())).expect("kept");
    let now = world.uitgave(2, LOA4);
    let good = signed(&now, &world.beheerder);
    let ander = beheerder();
    let mut older = world.uitgave(2, LOA4);
    older.uitgegeven = older.uitgegeven.minus_s(3_600);
    let lower = world.uitgave(0, LOA4);
    let same = world.uitgave(1, LOA4);
    // etoegang case 92
    for (file, says) in [
        (signed(&now, &ander), "is not signed"),
        (altered(&good), "is not signed"),
        (good[..good.len() / 2].to_vec(), "cannot be read"),
        (signed(&older, &world.beheerder), "is older"),
        (signed(&lower, &world.beheerder), "is older"),
        (signed(&same, &world.beheerder), "differs"),
    ] {
        world.script().file = file;
        let before = world.told(says);
        world.later(&catalogus).await;
        world.later(&catalogus).await;
        assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA3)), "{says}");
        assert_eq!(world.told(says), before + 1, "{says}: {}", world.log());
        world.script().is_down = true;
        world.later(&catalogus).await;
        world.script().is_down = false;
    }
    assert_eq!(world.told("etoegang case 92"), 6);
    assert_eq!(fs::read(document(&world.party())).expect("kept"), kept);
    // And a good one is taken as if nothing had been.
    world.publish(3, LOA4);
    world.later(&catalogus).await;
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA4)));
}

/// The same file, in which a level was changed after it was signed.
fn altered(file: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(file.to_vec()).expect("text");
    assert!(text.contains("assurance-class:loa4"));
    text.replace("assurance-class:loa4", "assurance-class:loa2")
        .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_too_long_or_does_not_come_leaves_the_one_in_force() {
    let world = World::new().await;
    let catalogus = world.catalogus();
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA3)));
    world.script().file = vec![b' '; BOUNDS.bytes + 1];
    world.later(&catalogus).await;
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA3)));
    world.script().is_down = true;
    world.later(&catalogus).await;
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA3)));
    world.script().is_down = false;
    world.publish(2, LOA4);
    world.later(&catalogus).await;
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA4)));
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_093_a_file_that_is_not_of_its_schema_is_refused_by_that_name() {
    let world = World::new().await;
    let catalogus = world.catalogus();
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA3)));
    let mut bad = world.uitgave(2, LOA4);
    bad.dienstverleners[0].namen.clear();
    world.script().file = signed(&bad, &world.beheerder);
    world.later(&catalogus).await;
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA3)));
    // etoegang case 93
    assert_eq!(world.told("etoegang case 93"), 1);
    assert_eq!(world.told("OrganizationDisplayName"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_catalogue_there_is_none_until_one_can_be_fetched() {
    let world = World::new().await;
    world.script().is_down = true;
    let catalogus = world.catalogus();
    assert_eq!(world.niveau(&catalogus).await, Err(GeenCatalogus));
    assert!(catalogus.bekend().is_none());
    world.script().is_down = false;
    // Somebody waits, so that the next try is not put off.
    world.clock.shift(1);
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_starts_without_a_network_goes_on_with_what_it_kept() {
    let world = World::new().await;
    assert_eq!(world.niveau(&world.catalogus()).await, Ok(Some(LOA3)));
    world.script().is_down = true;
    let asked = world.script().asked;
    let catalogus = world.catalogus();
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA3)));
    assert_eq!(world.script().asked, asked, "nobody had to ask");
    // What was kept still bounds what follows.
    world.script().is_down = false;
    world.publish(0, LOA4);
    world.later(&catalogus).await;
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA3)));
    assert_eq!(world.told("is older"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_092_a_kept_catalogue_that_somebody_changed_is_not_used() {
    let world = World::new().await;
    world.publish(1, LOA4);
    assert_eq!(world.niveau(&world.catalogus()).await, Ok(Some(LOA4)));
    let at = document(&world.party());
    let kept = fs::read(&at).expect("kept");
    // etoegang case 92
    for bad in [altered(&kept), kept[..kept.len() / 2].to_vec(), Vec::new()] {
        fs::write(&at, bad).expect("writable");
        world.script().is_down = true;
        let catalogus = world.catalogus();
        assert_eq!(world.niveau(&catalogus).await, Err(GeenCatalogus));
        world.script().is_down = false;
        world.clock.shift(1);
        assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA4)));
        assert_eq!(fs::read(&at).expect("kept again"), kept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_that_nothing_follows_for_ninety_days_is_used_and_told_of() {
    let world = World::new().await;
    let catalogus = world.catalogus();
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA3)));
    world.clock.shift(i64::from(OUDST_S) - DAG_S);
    catalogus.refresh(&world.app).await;
    assert_eq!(world.told("issued too long ago"), 0);
    world.clock.shift(2 * DAG_S);
    catalogus.refresh(&world.app).await;
    world.later(&catalogus).await;
    assert_eq!(world.told("issued too long ago"), 1);
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA3)));
    // A role that starts anew goes on with it, and says so again.
    let again = world.catalogus();
    assert_eq!(world.niveau(&again).await, Ok(Some(LOA3)));
    again.refresh(&world.app).await;
    assert_eq!(world.told("in force was issued too long ago"), 2);
    world.publish(2, LOA4);
    world.later(&catalogus).await;
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA4)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_an_operator_puts_down_is_taken_when_it_is_edited() {
    let world = World::new().await;
    let at = world.rig.directory.join("servicecatalog.xml");
    let put = |volgnummer, niveau| {
        let file = signed(&world.uitgave(volgnummer, niveau), &world.beheerder);
        fs::write(&at, file).expect("writable");
    };
    put(1, LOA3);
    let catalogus = world.catalogus_at(Plaats::Bestand(at.clone()));
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA3)));
    fs::write(&at, "<nothing/>").expect("writable");
    catalogus.refresh(&world.app).await;
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA3)));
    assert_eq!(world.told("etoegang case 92"), 1);
    put(2, LOA4);
    catalogus.refresh(&world.app).await;
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA4)));
    fs::remove_file(&at).expect("removable");
    world.later(&catalogus).await;
    assert_eq!(world.niveau(&catalogus).await, Ok(Some(LOA4)));
    assert_eq!(world.script().asked, 0);
}
