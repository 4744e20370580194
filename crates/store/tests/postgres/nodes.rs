//! Several nodes on one database.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use store::Store;
use store::contract::Checker;
use store::contract::history::{Answer, History};
use store::contract::load::{self, Load};
use store::postgres::Postgres;
use store::{
    AuditGap, AuditRow, Commit, Destroyed, Down, Found, NotCommitted, Page, RetentionDays,
};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use verdict::{Change, Expect, IndexKey, Key, Moment, Row, Sealed, Space, Then};

use super::cluster::Result;
use super::database::Database;
use super::{LATER, NOW, commit, id, logged, put, record, rotation, version};

/// Several nodes as one home: every call goes to the next of them.
struct Nodes {
    nodes: Vec<Postgres>,
    next: AtomicUsize,
}

impl Nodes {
    async fn on(database: &Database, count: usize) -> Result<Self> {
        let mut nodes = Vec::new();
        for _ in 0..count {
            nodes.push(database.node().await?);
        }
        Ok(Self {
            nodes,
            next: AtomicUsize::new(0),
        })
    }

    fn next(&self) -> &Postgres {
        &self.nodes[self.next.fetch_add(1, Ordering::Relaxed) % self.nodes.len()]
    }
}

impl Store for Nodes {
    async fn get(
        &self,
        keys: &[Key],
        now: Moment,
    ) -> std::result::Result<Vec<Option<Row<Sealed>>>, Down> {
        self.next().get(keys, now).await
    }

    async fn find(
        &self,
        space: Space,
        index: &'static str,
        key: &IndexKey,
        page: Page,
        now: Moment,
    ) -> std::result::Result<Found, Down> {
        self.next().find(space, index, key, page, now).await
    }

    async fn commit(&self, commit: Commit) -> std::result::Result<(), NotCommitted> {
        self.next().commit(commit).await
    }

    async fn sweep(&self, now: Moment, rows_max: u16) -> std::result::Result<u16, Down> {
        self.next().sweep(now, rows_max).await
    }

    async fn destroy_audit(
        &self,
        now: Moment,
        kept: RetentionDays,
    ) -> std::result::Result<Destroyed, Down> {
        self.next().destroy_audit(now, kept).await
    }

    async fn audit_gaps(&self) -> std::result::Result<Vec<AuditGap>, Down> {
        self.next().audit_gaps().await
    }

    async fn audit(&self, after: u64, rows_max: u16) -> std::result::Result<Vec<AuditRow>, Down> {
        self.next().audit(after, rows_max).await
    }
}

mod three_nodes_are_one_home {
    use super::*;

    store::contract::every_scenario!(async {
        let database = Database::fresh().await.expect("a database");
        (Nodes::on(&database, 3).await.expect("opens"), database)
    });
}

/// Redemptions, refreshes and withdrawals of the same few grants from several nodes: each
/// generation is won once, whichever node it was.
async fn nodes_race(count: usize) -> Result<()> {
    let database = Database::fresh().await?;
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(Arc::new(database.node().await?));
    }
    let history = History::default();
    let load = Load {
        tag: 1,
        clients: 24,
        people: 4,
        applied_each: 20,
    };
    load::run(&nodes, load, &history.note()).await?;
    assert!(history.has(|answer| matches!(answer, Answer::Conflict(_))));
    load::check(&mut Checker::default(), &*nodes[0], &history.take(), 0).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_two_nodes_redeem_and_refresh_at_once_each_has_one_winner() -> Result<()> {
    nodes_race(2).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_three_nodes_redeem_and_refresh_at_once_each_has_one_winner() -> Result<()> {
    nodes_race(3).await
}

/// Random commits of several rows from three nodes: puts, removals and guards, rows that are there
/// and rows that are not. Nobody meets a deadlock, and every answer is true.
#[tokio::test(flavor = "multi_thread")]
async fn commits_of_several_rows_from_three_nodes_never_deadlock() -> Result<()> {
    const ROWS: u64 = 12;
    let database = Database::fresh().await?;
    let home = Arc::new(Nodes::on(&database, 3).await?);
    let mut clients = JoinSet::new();
    for client in 0..24_u32 {
        let home = Arc::clone(&home);
        clients.spawn(async move {
            let mut dice = Dice(u64::from(client) + 1);
            let mut applied = Vec::new();
            for number in 0..60 {
                let mut changes = BTreeMap::new();
                for _ in 0..=dice.roll(5) {
                    let key = record(&dice.roll(ROWS).to_string());
                    let seen = version(&*home, &key).await?;
                    let expect = seen.map_or(Expect::Absent, Expect::Version);
                    let change = match dice.roll(4) {
                        0 => Change {
                            key: key.clone(),
                            expect,
                            then: Then::Keep,
                        },
                        1 if seen.is_some() => Change {
                            key: key.clone(),
                            expect,
                            then: Then::Remove,
                        },
                        _ => put(key.clone(), expect),
                    };
                    changes.insert(key, change);
                }
                let commit = commit(id(client, number), changes.into_values().collect());
                match home.commit(commit.clone()).await {
                    Ok(()) => applied.push(commit.id()),
                    Err(NotCommitted::Conflict(_)) => {}
                    Err(other) => return Err(other.into()),
                }
            }
            Result::Ok(applied)
        });
    }
    let mut applied = Vec::new();
    while let Some(client) = clients.join_next().await {
        applied.extend(client??);
    }
    let mut told: Vec<_> = logged(&*home).await?.iter().map(|row| row.commit).collect();
    told.sort_unstable_by_key(|id| id.0);
    applied.sort_unstable_by_key(|id| id.0);
    assert_eq!(told, applied);
    assert!(applied.len() > 100, "{} applied", applied.len());
    assert!(!database.cluster.log()?.contains("deadlock detected"));
    Ok(())
}

/// What is found wrong in the expectation of one commit: the state that the log tells is the state
/// that is there. Commits move one unit between two of eight rows, from any node.
#[tokio::test(flavor = "multi_thread")]
async fn what_nodes_do_to_the_same_rows_adds_up() -> Result<()> {
    let database = Database::fresh().await?;
    let home = Arc::new(Nodes::on(&database, 3).await?);
    let mut clients = JoinSet::new();
    for client in 0..16_u32 {
        let home = Arc::clone(&home);
        clients.spawn(async move {
            let mut dice = Dice(u64::from(client) + 77);
            let mut won = 0_u64;
            for number in 0..50 {
                let from = dice.roll(8);
                let pair =
                    [from, (from + 1 + dice.roll(7)) % 8].map(|row| record(&row.to_string()));
                let rows = home.get(&pair, NOW).await?;
                let seen = rows
                    .iter()
                    .map(|row| row.as_ref().map_or(0, |row| row.version));
                let changes = pair.into_iter().zip(seen);
                let changes = changes.map(|(key, seen)| put(key, super::after(seen)));
                match home
                    .commit(commit(id(client, number), changes.collect()))
                    .await
                {
                    Ok(()) => won += 1,
                    Err(NotCommitted::Conflict(_)) => {}
                    Err(other) => return Err(other.into()),
                }
            }
            Result::Ok(won)
        });
    }
    let mut won = 0;
    while let Some(client) = clients.join_next().await {
        won += client??;
    }
    let mut versions = 0;
    for row in 0..8 {
        versions += version(&*home, &record(&row.to_string()))
            .await?
            .unwrap_or(0);
    }
    assert_eq!(versions, 2 * won);
    assert_eq!(u64::try_from(logged(&*home).await?.len())?, won);
    Ok(())
}

/// Guards share; a removal waits for them, and is not kept waiting for ever.
#[tokio::test(flavor = "multi_thread")]
async fn guards_do_not_wait_for_one_another_and_a_removal_waits_for_them() -> Result<()> {
    let database = Database::fresh().await?;
    let home = Arc::new(database.node().await?);
    let consent = record("consent");
    home.commit(commit(id(0, 0), vec![put(consent.clone(), Expect::Absent)]))
        .await?;
    // What a guarding transaction of another node holds, for every slot there is.
    let other = database.outside().await?;
    other
        .batch_execute("BEGIN; SELECT n FROM slot FOR SHARE")
        .await?;
    let guard = commit(id(0, 1), vec![Change::guard(consent.clone())]);
    timeout(Duration::from_secs(1), home.commit(guard)).await??;
    let remove = commit(id(0, 2), vec![Change::remove(consent.clone(), 1)]);
    let removing = tokio::spawn({
        let home = Arc::clone(&home);
        async move { home.commit(remove).await }
    });
    sleep(Duration::from_millis(400)).await;
    assert!(!removing.is_finished(), "somebody rests on that row");
    other.batch_execute("COMMIT").await?;
    removing.await??;
    assert_eq!(version(&*home, &consent).await?, None);
    Ok(())
}

/// The same the other way: a guard waits for a writer, and then sees what it did.
#[tokio::test(flavor = "multi_thread")]
async fn a_guard_waits_for_whoever_writes() -> Result<()> {
    let database = Database::fresh().await?;
    let home = Arc::new(database.node().await?);
    let other = database.outside().await?;
    other
        .batch_execute("BEGIN; SELECT n FROM slot FOR UPDATE")
        .await?;
    let guard = commit(id(0, 1), vec![Change::guard(record("consent"))]);
    let guarding = tokio::spawn({
        let home = Arc::clone(&home);
        async move { home.commit(guard).await }
    });
    sleep(Duration::from_millis(300)).await;
    assert!(!guarding.is_finished());
    let written = "INSERT INTO records (space, id, version, until, day, last)
                   VALUES ('test.record', 'consent', 1, 9000000, 104, decode(repeat('00', 16), 'hex'));
                   COMMIT";
    other.batch_execute(written).await?;
    assert_eq!(guarding.await?, Ok(()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_is_not_kept_waiting_by_a_stream_of_guards() -> Result<()> {
    let database = Database::fresh().await?;
    let home = Arc::new(Nodes::on(&database, 3).await?);
    let consent = record("consent");
    home.commit(commit(id(0, 0), vec![put(consent.clone(), Expect::Absent)]))
        .await?;
    let mut issuers = JoinSet::new();
    for issuer in 1..=48_u32 {
        let (home, consent) = (Arc::clone(&home), consent.clone());
        issuers.spawn(async move {
            for number in 0.. {
                let guard = vec![Change::guard(consent.clone())];
                match home.commit(commit(id(issuer, number), guard)).await {
                    Ok(()) => {}
                    Err(why) => return (number, why),
                }
            }
            (0, NotCommitted::Down)
        });
    }
    sleep(Duration::from_millis(500)).await;
    let withdraw = commit(id(0, 1), vec![Change::remove(consent.clone(), 1)]);
    let withdrawn = timeout(Duration::from_secs(5), home.commit(withdraw)).await;
    assert_eq!(withdrawn?, Ok(()));
    while let Some(issuer) = issuers.join_next().await {
        let (_, why) = issuer?;
        assert_eq!(why, NotCommitted::Conflict(consent.clone()));
    }
    let log = logged(&*home).await?;
    assert_eq!(log.last().map(|row| row.commit), Some(id(0, 1)));
    Ok(())
}

/// Whoever follows the log while three nodes write it sees every number, in order, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_the_log_misses_nobody_who_commits_late() -> Result<()> {
    let database = Database::fresh().await?;
    let home = Arc::new(Nodes::on(&database, 3).await?);
    let mut clients = JoinSet::new();
    for client in 0..24_u32 {
        let home = Arc::clone(&home);
        clients.spawn(async move {
            for number in 0..50 {
                home.commit(rotation(client, number)).await?;
            }
            Result::Ok(())
        });
    }
    let mut seen = 0;
    while seen < 24 * 50 {
        for row in home.audit(seen, 100).await? {
            assert_eq!(row.seq, seen + 1, "a row came late");
            seen = row.seq;
        }
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_sweep_while_two_nodes_commit() -> Result<()> {
    const OLD: u16 = 900;
    let database = Database::fresh().await?;
    let home = Arc::new(Nodes::on(&database, 2).await?);
    let tomorrow = NOW.plus_s(86_400);
    let old = |n: u16| Change {
        key: record(&format!("old {n}")),
        expect: Expect::Absent,
        then: Then::Put {
            until: NOW.plus_s(1),
            body: Sealed::default(),
        },
    };
    for part in 0..OLD / 50 {
        let changes = (part * 50..(part + 1) * 50).map(old).collect();
        home.commit(commit(id(900, part.into()), changes)).await?;
    }
    let mut clients = JoinSet::new();
    for client in 0..8_u32 {
        let home = Arc::clone(&home);
        clients.spawn(async move {
            for number in 0..60 {
                home.commit(rotation(client, number)).await?;
            }
            Result::Ok(0)
        });
    }
    for _ in 0..2 {
        let home = Arc::clone(&home);
        clients.spawn(async move {
            let (mut swept, mut idle) = (0, 0);
            // A batch of which another node holds everything is empty; then it is tried again.
            while idle < 20 {
                match home.sweep(tomorrow, 40).await? {
                    0 => idle += 1,
                    rows => swept += rows,
                }
                tokio::task::yield_now().await;
            }
            Result::Ok(swept)
        });
    }
    let mut swept = 0;
    while let Some(client) = clients.join_next().await {
        swept += client??;
    }
    swept += home.sweep(tomorrow, OLD).await?;
    assert_eq!(swept, OLD, "each row is counted by one node");
    for client in 0..8 {
        assert_eq!(
            version(&*home, &record(&client.to_string())).await?,
            Some(60)
        );
    }
    assert!(!database.cluster.log()?.contains("deadlock detected"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_swept_another_node_does_not_unspend() -> Result<()> {
    let database = Database::fresh().await?;
    let (one, two) = (database.node().await?, database.node().await?);
    let jti = |n| Key::Once(Space("test.once"), [n; 32]);
    let until = NOW.plus_s(60);
    let spend = |number, key| commit(id(1, number), vec![Change::spend(key, until)]);
    one.commit(spend(1, jti(1))).await?;
    // The second node has committed, so it has seen the floor as it was.
    two.commit(spend(2, jti(2))).await?;
    assert_eq!(one.sweep(NOW.plus_s(200_000), 9).await?, 2);
    let again = two.commit(spend(3, jti(1))).await;
    assert_eq!(again, Err(NotCommitted::Conflict(jti(1))));
    let longer = commit(id(1, 4), vec![Change::spend(jti(3), LATER)]);
    two.commit(longer).await?;
    Ok(())
}

/// A fixed sequence of numbers that looks like none (Knuth's multiplier, MMIX).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}
