//! An AD that somebody else's server plays: another network of ours stands in for it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, TcpListener};

use serde_json::{Value, json};
use server::chance;
use server::input::Input;
use server::network::{self, Config, Party, Running};

use crate::world::{APP, Folder, SAMPLE, Tokens, VERIFIER, World, ZELF, query, refused};

fn folder() -> Folder {
    let name = format!("sluis-etoegang-{}", chance::entropy().uuid("test"));
    Folder(std::env::temp_dir().join(name))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A network that plays these parties, where the others stand as `parties` says.
async fn started(
    folder: &Folder,
    port: u16,
    ours: BTreeSet<Party>,
    (parties, ca): (Value, String),
) -> Running {
    let given = folder.0.with_added_extension("input");
    std::fs::create_dir_all(&given).expect("a folder");
    for (name, text) in [
        ("etoegang.json", SAMPLE.to_owned()),
        ("parties.json", parties.to_string()),
        ("ca.pem", ca),
    ] {
        std::fs::write(given.join(name), text).expect("writable");
    }
    let config = Config {
        control: true,
        state: folder.0.clone(),
        port,
        input: Box::new(move |port| Input::read(&given, port).map_err(|fault| fault.to_string())),
        parties: ours,
        elsewhere: BTreeMap::new(),
        fault: None,
    };
    network::start(config).await.expect("starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ad_of_somebody_else_logs_people_in_and_renews_their_tokens() {
    let (own, other) = (folder(), folder());
    let (own_port, other_port) = (free_port(), free_port());
    let (own_ca, other_ca) = (
        network::ca(&own.0).expect("an authority"),
        network::ca(&other.0).expect("an authority"),
    );
    let at = |port: u16| json!({ "base_url": format!("https://{{host}}.localhost:{port}"), "ca": "ca.pem" });
    let ours = BTreeSet::from([
        Party::Aggregator,
        Party::Hm,
        Party::Mr,
        Party::Dv,
        Party::Netwerk,
    ]);
    let ad = json!({ "ad": at(other_port) });
    let theirs = BTreeSet::from([Party::Ad, Party::Netwerk]);
    let rest = json!({ "hm": at(own_port), "mr": at(own_port), "dv": at(own_port) });
    let running = started(&other, other_port, theirs, (rest, own_ca)).await;
    let root = running.authority.certificate().clone();
    let other = World::of(running, Vec::new(), other);
    other.sown().await;
    let running = started(&own, own_port, ours, (ad, other_ca)).await;
    let world = World::of(running, vec![root], own);
    assert!(!world.running.apps.contains_key(&Party::Ad));
    assert_eq!(
        world.at("ad", ""),
        format!("https://ad.localhost:{other_port}/etd/1.13")
    );

    let browser = world.browser();
    let page = world.at_ad(&browser, ZELF).await;
    let fields = [
        ("keuze", "inloggen"),
        ("naam", "z.zelf"),
        ("wachtwoord", "alleen-een-wachtwoord"),
        ("code", ""),
    ];
    let since = other.audit_end(Party::Ad).await;
    let back = browser.send(&page, "/inloggen", &fields).await;
    let code = query(&back.url, "code").expect("a code");
    let tokens = Tokens::of(&world.redeem(APP, &code, VERIFIER).await);
    let renewed = world.refreshed(tokens.refresh()).await;
    assert_eq!(renewed.claims()["sub"], tokens.claims()["sub"]);
    assert_eq!(
        other.told(Party::Ad, since, "GUC9 9.3").await,
        2,
        "the login and the refresh"
    );
    other.stand("z.zelf", "ingetrokken").await;
    let over = world.refresh(APP, renewed.refresh()).await;
    refused(&over, 400, "invalid_grant");
    assert!(world.family(renewed.refresh()).await.is_none());
}
