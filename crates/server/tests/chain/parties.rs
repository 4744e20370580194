//! Parties are separate: one of them can run in a process of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;

use server::chance;
use server::door::TraceId;
use server::input::Input;
use server::network::{self, Config, Party, Person};
use server::outside::{Outside, OutsideConfig};

use crate::world::{SASKIA, login};

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// The binary is another package's, so the second party runs as a second network of this process's
/// child: the headless tests of the program start real processes; here the two share nothing but
/// the state directory and the sockets.
#[tokio::test(flavor = "multi_thread")]
async fn one_dva_behind_a_door_of_its_own_still_serves_the_chain() {
    let state = std::env::temp_dir().join(format!("sluis-test-{}", chance::entropy().uuid("t")));
    let (port, port2) = (free_port(), free_port());
    let config = |parties: BTreeSet<Party>, own: u16, elsewhere: BTreeMap<Party, u16>| Config {
        state: state.clone(),
        port: own,
        input: Box::new(|port| Input::sample(port).map_err(|fault| fault.to_string())),
        parties,
        elsewhere,
        fault: None,
    };
    let most: BTreeSet<Party> = Party::ALL
        .into_iter()
        .filter(|party| *party != Party::Dva2)
        .collect();
    let others: BTreeMap<Party, u16> = most.iter().map(|party| (*party, port)).collect();
    let first = config(most, port, BTreeMap::from([(Party::Dva2, port2)]));
    let first = network::start(first).await.expect("starts");
    let second = config(BTreeSet::from([Party::Dva2]), port2, others);
    let second = network::start(second).await.expect("starts");

    let roots = vec![first.authority.certificate().clone()];
    let outside = Outside::new(OutsideConfig::new(roots, None)).expect("usable");
    let mut person = Person::new(outside, TraceId::fresh());
    let start = person
        .open(&first.hosts.url("pgo"))
        .await
        .expect("an answer");
    let digid = person
        .send(start.form("/verzamelen").expect("a form"))
        .await
        .expect("an answer");
    let register = person
        .send(login(&digid, SASKIA, "inloggen"))
        .await
        .expect("an answer");
    let form = register
        .form("/toestemming")
        .expect("a form")
        .with_every("ja");
    let result = person
        .send(form.with("keuze", "geven"))
        .await
        .expect("an answer");
    assert_eq!(result.url.path(), "/resultaat", "{}", result.heading());
    assert!(result.html.contains("Huisartsenpraktijk Het Stuwpand"));
    assert!(result.html.contains("Ziekenhuis De Sluiswachter"));
    assert!(!result.html.contains("NietBereikbaar"));
    second.stop().await.expect("stops");
    first.stop().await.expect("stops");
    std::fs::remove_dir_all(state).expect("removable");
}
