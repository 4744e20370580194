//! The lists in a network that runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use medmij::lists::{Document, FrontchannelPort, Lijst as _, Soort, Uitgave, Whitelist, Zal};
use server::network::Party;
use server::outside::Headers;
use tokio::net::TcpListener;

use crate::pgo::collected;
use crate::world::{SASKIA, World, ZIEKENHUIS, ZIEKENHUIS_NAAM, text};

/// How often and how many times the lists are looked at before the test gives up.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS_MAX: u32 = 100;

/// A list as it is published now.
async fn published(world: &World, soort: Soort) -> Document {
    let url = format!("{}{}", world.url("stelselnode"), soort.path());
    let answer = world.outside(None).get(&url, Headers::none()).await;
    let body = answer.expect("an answer").body;
    Document::parse_as(soort, &body, FrontchannelPort::Allowed).expect("a list")
}

/// The edition after this one.
async fn edition_after(world: &World, before: &Document) -> Document {
    for _ in 0..LOOKS_MAX {
        let now = published(world, before.soort()).await;
        if now.uitgave().volgnummer > before.uitgave().volgnummer {
            return now;
        }
        tokio::time::sleep(LOOK).await;
    }
    unreachable!("no edition was published");
}

/// A Whitelist without these hosts, under a number that is too low.
fn without(list: &Document, hosts: &[&str]) -> String {
    let Document::Whitelist(list) = list else {
        unreachable!("it is a Whitelist");
    };
    let mut names = list.hostnames().to_vec();
    names.retain(|name| !hosts.contains(&name.as_str()));
    let uitgave = Uitgave {
        volgnummer: "1".parse().expect("positive"),
        ..list.uitgave()
    };
    Whitelist::new(uitgave, names).expect("unique").to_xml()
}

fn log(world: &World) -> String {
    std::fs::read_to_string(world.running.state.join("log.jsonl")).expect("a log")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_source_file_is_published_and_a_broken_one_is_not() {
    let world = World::start_with(&[]).await;
    let first = published(&world, Soort::Whitelist).await;
    let file = "lists/MedMij_Whitelist.xml";
    world.edit(file, &without(&first, &["discovery.localhost"]));
    let second = edition_after(&world, &first).await;
    let next = first.uitgave().volgnummer.next();
    assert_eq!(second.uitgave().volgnummer, next);
    assert_eq!(second.vermeldingen().len() + 1, first.vermeldingen().len());
    world.edit(file, "<Whitelist>");
    for _ in 0..LOOKS_MAX {
        if log(&world).contains("core.whl.304") {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    assert!(log(&world).contains("MedMij_Whitelist.xml:1: "));
    assert_eq!(published(&world, Soort::Whitelist).await, second);
    world.edit(file, &without(&first, &[]));
    let third = edition_after(&world, &second).await;
    assert_eq!(third.vermeldingen(), first.vermeldingen());
}

/// A machine in the place of a party, which counts who calls.
async fn elsewhere() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, calls)
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_080_a_host_that_is_not_on_the_whitelist_is_never_called() {
    let whitelist = published(&World::start().await, Soort::Whitelist).await;
    for (missing, is_called) in [(vec![], true), (vec!["discovery.localhost"], false)] {
        let (port, calls) = elsewhere().await;
        let list = without(&whitelist, &missing);
        let files = [("lists/MedMij_Whitelist.xml", list.as_str())];
        let parties = BTreeMap::from([(Party::Dva, port)]);
        let world = World::start_without(&files, parties).await;
        collected(&world).await;
        // core.whl.306, .307: not so much as a connection.
        let calls = calls.load(Ordering::SeqCst);
        assert_eq!(calls > 0, is_called, "{calls} connections");
        assert_eq!(log(&world).contains("core.whl.306"), !is_called);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_084_a_gegevensdienst_that_left_the_zal_half_an_hour_ago_is_still_served() {
    let world = World::start().await;
    let first = published(&world, Soort::Zal).await;
    let Document::Zal(zal) = &first else {
        panic!("a ZAL");
    };
    let mut entries = zal.entries().to_vec();
    entries.retain(|entry| entry.naam.as_str() != ZIEKENHUIS_NAAM);
    let delisted = Zal::new(zal.uitgave(), zal.release(), entries).expect("unique");
    world.edit("lists/MedMij_Zorgaanbiederslijst.xml", &delisted.to_xml());
    let second = edition_after(&world, &first).await;
    assert_eq!(second.vermeldingen().len() + 1, first.vermeldingen().len());
    // core.gegevensdiensten.104: for 3600 s.
    world.running.clock.shift(30 * 60);
    let dvp = world.dvp("anderpgo.localhost");
    let tokens = dvp.tokens(SASKIA).await;
    let token = dvp.location_token(&tokens, ZIEKENHUIS).await;
    let form = dvp.exchange_form(&token, ZIEKENHUIS_NAAM, "51");
    let answer = dvp.exchange("dva-back", &form).await;
    assert_eq!(answer.status, 200, "{}", text(&answer));
}
