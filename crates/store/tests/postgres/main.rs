//! The home that nodes share, on a real PostgreSQL: the contract of every home, and what only
//! several nodes and a server that fails can show.

#[path = "../shared/child.rs"]
mod child;
mod cluster;
mod database;
mod epoch;
mod faults;
mod kills;
mod limits;
mod nodes;
mod proxy;
mod schema;
mod standby;
mod tls;

use cluster::Result;
use database::Database;
use store::{AuditRow, Commit, Store};
use verdict::{Actor, Change, CommitId, Event, Expect, Key, Moment, Sealed, Space, Then};

store::contract::every_scenario!(async {
    let database = Database::fresh().await.expect("a database");
    (database.node().await.expect("opens"), database)
});

const NOW: Moment = Moment::from_unix(1_000_000);
const LATER: Moment = Moment::from_unix(9_000_000);

fn record(name: &str) -> Key {
    Key::Record(Space("test.record"), name.as_bytes().to_vec())
}

fn id(family: u32, number: u64) -> CommitId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&family.to_be_bytes());
    id[8..].copy_from_slice(&number.to_be_bytes());
    CommitId(id)
}

fn put(key: Key, expect: Expect) -> Change<Sealed> {
    Change {
        key,
        expect,
        then: Then::Put {
            until: LATER,
            body: Sealed::default(),
        },
    }
}

fn event() -> Event {
    Event::granted("test", "done", Actor::Unknown)
}

fn commit(id: CommitId, changes: Vec<Change<Sealed>>) -> Commit {
    Commit::new(id, NOW, changes, vec![event()]).expect("within bounds")
}

/// The version that a row has when it has been written `times` times.
fn after(times: u64) -> Expect {
    match times {
        0 => Expect::Absent,
        n => Expect::Version(n),
    }
}

/// The `number`th rotation of a family, as a journey would commit it: the grant advances, and the
/// old token is spent.
fn rotation(family: u32, number: u64) -> Commit {
    let mut token = [0; 32];
    token[..16].copy_from_slice(&id(family, number).0);
    let spent = Change::spend(Key::Once(Space("test.token"), token), LATER);
    let advanced = put(record(&family.to_string()), after(number));
    commit(id(family, number), vec![advanced, spent])
}

/// The whole audit log. Its numbers have no gap.
async fn logged(home: &impl Store) -> Result<Vec<AuditRow>> {
    let mut log: Vec<AuditRow> = Vec::new();
    loop {
        let part = home
            .audit(log.last().map_or(0, |row| row.seq), 1024)
            .await?;
        if part.is_empty() {
            let gapless = (1..).zip(&log).all(|(seq, row)| row.seq == seq);
            assert!(gapless, "a number is missing");
            return Ok(log);
        }
        log.extend(part);
    }
}

async fn version(home: &impl Store, key: &Key) -> Result<Option<u64>> {
    let rows = home.get(std::slice::from_ref(key), NOW).await?;
    Ok(rows[0].as_ref().map(|row| row.version))
}
