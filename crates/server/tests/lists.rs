//! How a node keeps its lists fresh, against a stelselnode that does as it is told.

mod party;
#[expect(dead_code, reason = "the tests of the door need more of the rig")]
mod rig;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use medmij::lists::{FrontchannelPort, Soort, Volgnummer, ZalRelease, ZalRules};
use rig::{Open, Rig, host, open};
use server::app::{App, Given};
use server::clock::Clock;
use server::door::House;
use server::home::Home;
use server::lists::kept::Kept;
use server::lists::{ListDown, Lists, Stelselnode};
use server::log::RefusalLog;
use server::observer::Observer;
use store::Store as _;

const STELSELNODE: &str = "stelselnode.localhost";
/// When the tests' documents are said to have changed last.
const CHANGED: &str = "Sun, 22 Nov 2026 00:00:00 GMT";

/// What the stelselnode does, and what it was asked.
#[derive(Default)]
struct Script {
    documents: BTreeMap<Soort, String>,
    is_down: bool,
    slow: Duration,
    asked: Vec<Asked>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    uri: String,
    if_none_match: Option<String>,
    if_modified_since: Option<String>,
}

/// A node and the stelselnode that it reads.
struct World {
    rig: Rig,
    open: Open,
    script: Arc<Mutex<Script>>,
    clock: Clock,
    app: Arc<App>,
}

impl World {
    async fn new() -> Self {
        let rig = Rig::new();
        let script = Arc::new(Mutex::new(Script::default()));
        for (soort, text) in [
            (Soort::Whitelist, whitelist(7, "dva-back.test")),
            (Soort::Ocl, ocl(7, "De Enige Echte PGO")),
            (Soort::Gnl, gnl(7)),
        ] {
            script.lock().expect("script").documents.insert(soort, text);
        }
        let told = Arc::clone(&script);
        let router = Router::new().fallback(move |request: Request| {
            let script = Arc::clone(&told);
            let asked = Asked::of(&request);
            async move { answer(&script, asked).await }
        });
        let open = open([rig.site(STELSELNODE, router)], House::default()).await;
        let clock = Clock::system();
        let app = app(&rig, &clock).await;
        Self {
            rig,
            open,
            script,
            clock,
            app,
        }
    }

    /// The lists of a node that was just started.
    fn lists(&self) -> Arc<Lists> {
        let stelselnode = Stelselnode {
            base: self.open.url(STELSELNODE, ""),
            zal: ZalRules {
                release: ZalRelease::Release3,
                frontchannel_port: FrontchannelPort::Forbidden,
            },
        };
        Lists::of(&stelselnode, Some(&self.rig.directory.join("node")))
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("script")
    }

    fn publish(&self, soort: Soort, text: String) {
        self.script().documents.insert(soort, text);
    }

    /// What was asked of this list since the last time.
    fn asked(&self, soort: Soort) -> Vec<Asked> {
        let path = soort.path();
        let mut script = self.script();
        let (these, others) = std::mem::take(&mut script.asked)
            .into_iter()
            .partition(|asked| asked.uri == path);
        script.asked = others;
        these
    }

    async fn has(&self, lists: &Lists, name: &str) -> Result<bool, ListDown> {
        let whitelist = lists.whitelist(&self.app).await?;
        Ok(whitelist.contains(&host(name)))
    }

    async fn knows_pgo(&self, lists: &Lists) -> Result<bool, ListDown> {
        let pgo = host("medmij.deenigeechtepgo.nl");
        lists.is_client(&self.app, &pgo).await
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.rig.directory.join("log.jsonl")).expect("a log")
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

impl Asked {
    fn of(request: &Request) -> Self {
        let header = |name| {
            let value = request.headers().get(name)?;
            Some(value.to_str().expect("text").to_owned())
        };
        Self {
            uri: request.uri().path_and_query().expect("a path").to_string(),
            if_none_match: header(IF_NONE_MATCH),
            if_modified_since: header(IF_MODIFIED_SINCE),
        }
    }
}

async fn answer(script: &Mutex<Script>, asked: Asked) -> Response {
    let slow = script.lock().expect("script").slow;
    tokio::time::sleep(slow).await;
    let mut script = script.lock().expect("script");
    script.asked.push(asked.clone());
    let soort = Soort::ALL.into_iter().find(|each| each.path() == asked.uri);
    let document = soort.and_then(|soort| script.documents.get(&soort));
    let (false, Some(document)) = (script.is_down, document) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let etag = format!(
        "\"{}\"",
        jose::base64url_encode(jose::sha256(document.as_bytes()))
    );
    if asked.if_none_match.as_ref() == Some(&etag) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    (
        [(ETAG, etag), (LAST_MODIFIED, CHANGED.to_owned())],
        document.clone(),
    )
        .into_response()
}

fn list(root: &str, namespace: &str, volgnummer: u64, content: &str) -> String {
    format!(
        "<{root} xmlns=\"xmlns://afsprakenstelsel.medmij.nl/{namespace}/\">\n\
         <Tijdstempel>2026-01-02T03:04:05Z</Tijdstempel>\n<Volgnummer>{volgnummer}</Volgnummer>\n\
         {content}\n</{root}>\n"
    )
}

fn whitelist(volgnummer: u64, name: &str) -> String {
    let node =
        format!("<MedMijNodes><MedMijNode><Hostname>{name}</Hostname></MedMijNode></MedMijNodes>");
    list("Whitelist", "whitelist/release2", volgnummer, &node)
}

fn ocl(volgnummer: u64, naam: &str) -> String {
    let client = format!(
        "<OAuthclients><OAuthclient><Hostname>medmij.deenigeechtepgo.nl</Hostname>\
         <OAuthclientOrganisatienaam>{naam}</OAuthclientOrganisatienaam></OAuthclient></OAuthclients>"
    );
    list(
        "OAuthclientlist",
        "oauthclientlist/release2",
        volgnummer,
        &client,
    )
}

fn gnl(volgnummer: u64) -> String {
    let none = "<Gegevensdiensten/>";
    list(
        "Gegevensdienstnamenlijst",
        "gegevensdienstnamenlijst/release1",
        volgnummer,
        none,
    )
}

#[tokio::test]
async fn medmij_case_074_no_two_fetches_are_more_than_900_seconds_apart() {
    let world = World::new().await;
    let lists = world.lists();
    let mut fetched_at = Vec::new();
    for second in (0..6_000).step_by(5) {
        lists.refresh(&world.app).await;
        let asked = world.asked(Soort::Ocl);
        assert!(asked.len() <= 1);
        for asked in asked {
            // core.lijsten.300
            assert_eq!(asked.uri, "/MedMij_OAuthclientlist.xml?api=2");
            fetched_at.push(second);
        }
        world.clock.shift(5);
    }
    assert_eq!(fetched_at.first(), Some(&0));
    assert!(fetched_at.len() >= 7, "{fetched_at:?}");
    for pair in fetched_at.windows(2) {
        let apart_s = pair[1] - pair[0];
        assert!((600..840).contains(&apart_s), "{fetched_at:?}");
    }
}

#[tokio::test]
async fn medmij_case_075_an_ocl_that_breaks_its_schema_is_not_used_and_ours_is_kept() {
    let world = World::new().await;
    let lists = world.lists();
    assert_eq!(world.knows_pgo(&lists).await, Ok(true));
    world.publish(Soort::Ocl, ocl(8, "X"));
    world.clock.shift(800);
    lists.refresh(&world.app).await;
    assert_eq!(world.asked(Soort::Ocl).len(), 2);
    assert_eq!(world.knows_pgo(&lists).await, Ok(true));
    let log = world.log();
    assert!(log.contains("core.ocl.202"), "{log}");
    assert!(log.contains("OAuthclientOrganisatienaam"), "{log}");
}

#[tokio::test]
async fn the_whitelist_fails_closed_after_900_seconds_and_others_480_minutes_later() {
    let world = World::new().await;
    let lists = world.lists();
    lists.refresh(&world.app).await;
    world.script().is_down = true;
    world.clock.shift(895);
    assert_eq!(world.has(&lists, "dva-back.test").await, Ok(true));
    world.clock.shift(10);
    assert_eq!(world.has(&lists, "dva-back.test").await, Err(ListDown));
    assert_eq!(world.knows_pgo(&lists).await, Ok(true));
    world.clock.shift(480 * 60 - 15);
    assert_eq!(world.knows_pgo(&lists).await, Ok(true));
    world.clock.shift(15);
    assert_eq!(world.knows_pgo(&lists).await, Err(ListDown));
    world.script().is_down = false;
    world.clock.shift(130);
    assert_eq!(world.knows_pgo(&lists).await, Ok(true));
    assert_eq!(world.has(&lists, "dva-back.test").await, Ok(true));
}

#[tokio::test]
async fn a_list_that_did_not_change_is_not_sent_again_and_counts_as_fetched() {
    let world = World::new().await;
    let lists = world.lists();
    lists.refresh(&world.app).await;
    let [first] = &world.asked(Soort::Whitelist)[..] else {
        panic!("one request");
    };
    assert_eq!(
        (&first.if_none_match, &first.if_modified_since),
        (&None, &None)
    );
    world.clock.shift(800);
    lists.refresh(&world.app).await;
    let [second] = &world.asked(Soort::Whitelist)[..] else {
        panic!("one request");
    };
    assert!(second.if_none_match.is_some());
    assert_eq!(second.if_modified_since.as_deref(), Some(CHANGED));
    world.script().is_down = true;
    world.clock.shift(800);
    assert_eq!(world.has(&lists, "dva-back.test").await, Ok(true));
}

#[tokio::test]
async fn a_stelselnode_that_is_down_is_asked_once_however_many_want_the_list() {
    let world = World::new().await;
    world.script().is_down = true;
    world.script().slow = Duration::from_millis(100);
    let lists = world.lists();
    let readers: Vec<_> = (0..50)
        .map(|_| {
            let (lists, app) = (Arc::clone(&lists), Arc::clone(&world.app));
            tokio::spawn(async move { lists.whitelist(&app).await })
        })
        .collect();
    for reader in readers {
        assert!(reader.await.expect("no panic").is_err());
    }
    let asked = world.asked(Soort::Whitelist).len();
    assert!((1..=2).contains(&asked), "{asked} requests");
    world.script().is_down = false;
    world.clock.shift(10);
    assert_eq!(world.has(&lists, "dva-back.test").await, Ok(true));
}

#[tokio::test]
async fn a_lower_volgnummer_waits_for_an_operator_and_is_audited() {
    let world = World::new().await;
    let lists = world.lists();
    assert_eq!(world.has(&lists, "dva-back.test").await, Ok(true));
    world.publish(Soort::Whitelist, whitelist(6, "old.test"));
    world.clock.shift(800);
    lists.refresh(&world.app).await;
    assert_eq!(world.has(&lists, "old.test").await, Ok(false));
    assert!(world.log().contains("Volgnummer 6, ours has 7"));
    let kept = Kept::of(&world.rig.directory.join("node"), Soort::Whitelist);
    let accepted = kept.accept_reset(world.clock.now()).expect("writable");
    assert_eq!(accepted.map(Volgnummer::number), Some(7));
    world.clock.shift(130);
    lists.refresh(&world.app).await;
    assert_eq!(world.has(&lists, "old.test").await, Ok(true));
    let audit = world.app.home.audit(0, 10).await.expect("readable");
    let [row] = &audit[..] else {
        panic!("one event: {audit:?}");
    };
    assert_eq!(row.requirement, "design §5");
    assert!(row.what.contains("Whitelist began anew"));
    // The word counted once.
    world.publish(Soort::Whitelist, whitelist(5, "older.test"));
    world.clock.shift(800);
    lists.refresh(&world.app).await;
    assert_eq!(world.has(&lists, "older.test").await, Ok(false));
}

#[tokio::test]
async fn a_node_that_starts_anew_in_an_outage_goes_on_with_what_it_had() {
    let world = World::new().await;
    world.lists().refresh(&world.app).await;
    world.script().is_down = true;
    world.clock.shift(600);
    let lists = world.lists();
    lists.refresh(&world.app).await;
    assert_eq!(world.has(&lists, "dva-back.test").await, Ok(true));
    // Its age is that of the fetch, not of the start.
    world.clock.shift(400);
    assert_eq!(world.has(&lists, "dva-back.test").await, Err(ListDown));
    // And so is its number, even when the document is gone.
    let kept = Kept::of(&world.rig.directory.join("node"), Soort::Whitelist);
    std::fs::remove_file(kept.document()).expect("it is there");
    world.script().is_down = false;
    world.publish(Soort::Whitelist, whitelist(6, "old.test"));
    let lists = world.lists();
    assert_eq!(world.has(&lists, "old.test").await, Err(ListDown));
    world.publish(Soort::Whitelist, whitelist(7, "dva-back.test"));
    world.clock.shift(10);
    assert_eq!(world.has(&lists, "dva-back.test").await, Ok(true));
}
