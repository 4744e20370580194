//! The chain on SQLite, and what becomes of it when somebody who can write the file changes something.

use std::path::PathBuf;
use std::sync::Arc;

use jose::{Algorithm, Jwk, RsaSize, SigningKey};
use rusqlite::Connection;
use store::postgres::Settings;
use store::{Commit, Embedded, Postgres, Restored, RetentionDays, Store as _, embedded};
use testkit::Cluster;
use verdict::{Actor, CommitId, Event, Moment};

use super::entry::{self, ChainFault, Entry, ROWS_MAX, Tombstone, What};
use super::heads::{Head, SetBack};
use super::verify::{Fault, Report};
use super::writer::{WAIT_S, turn};
use super::{CHAIN, verify};
use crate::chance;

const DAY_S: u32 = 86_400;
/// Ten in the morning of some day.
const NOW: Moment = Moment::from_unix(1_795_773_600);

/// A log on disk, and whoever signs it.
struct Log {
    folder: PathBuf,
    home: Arc<Embedded>,
    key: SigningKey,
}

fn key() -> SigningKey {
    let der = jose::generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("made");
    SigningKey::from_pkcs8(Algorithm::Es256, &der).expect("a key")
}

async fn events(home: &impl store::Store, count: u64, now: Moment) {
    for _ in 0..count {
        let who = Actor::Party("pgo.localhost".to_owned());
        let event = vec![Event::granted("mitz case 1", "consent given", who)];
        let id = CommitId(chance::entropy().bytes("commit"));
        let commit = Commit::new(id, now, vec![], event).expect("within bounds");
        home.commit(commit).await.expect("applied");
    }
}

impl Log {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(chance::entropy().uuid("audit"));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self {
            home: Arc::new(Embedded::open(&folder).expect("opens")),
            key: key(),
            folder,
        }
    }

    /// So many events at a moment.
    async fn events(&self, count: u64, now: Moment) {
        events(&*self.home, count, now).await;
    }

    /// Lets the chain catch up.
    async fn chain(&self, kept: Option<RetentionDays>, now: Moment) {
        for _ in 0..100 {
            let sign = |entry: &Entry| entry.sign(&self.key);
            if !turn(&*self.home, &sign, kept, now).await.expect("chained") {
                return;
            }
        }
        unreachable!("a turn that never ends");
    }

    /// The same for what waited long enough.
    async fn chained(&self) {
        self.chain(None, NOW.plus_s(WAIT_S)).await;
    }

    async fn verified(&self) -> Report {
        let keys: [Jwk; 1] = [self.key.public().clone()];
        verify(&*self.home, &keys, NOW).await.expect("answers")
    }

    async fn first_fault(&self) -> Option<Fault> {
        self.verified().await.first_fault
    }

    /// What somebody does who can write the file.
    fn tamper(&self, sql: &str) {
        let connection = Connection::open(self.folder.join(embedded::FILE_NAME)).expect("opens");
        let trigger = "DROP TRIGGER IF EXISTS audit_is_append_only";
        connection.execute_batch(trigger).expect("dropped");
        connection.execute_batch(sql).expect("tampered");
    }

    /// The last number, and the text of each entry.
    async fn entries(&self) -> Vec<String> {
        let kop = entry::kop(&*self.home, NOW).await.expect("answers");
        let last = kop.map_or(0, |(_, kop)| kop.number);
        let numbers: Vec<u64> = (1..=last).collect();
        let texts = entry::texts(&*self.home, &numbers, NOW).await;
        texts.expect("answers").into_iter().flatten().collect()
    }

    async fn tombstones(&self) -> Vec<Tombstone> {
        let told = self.verified().await.tombstones;
        told.into_iter().map(|(_, tombstone)| tombstone).collect()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The row of an entry, as SQL.
fn at(number: u64) -> String {
    format!("space = '{}' AND id = x'{number:016x}'", CHAIN.0)
}

/// SQL that puts another text in the place of an entry.
fn replace(number: u64, text: &str) -> String {
    let open = serde_json::json!({ "v": 1, "d": { "jws": text } });
    format!("UPDATE records SET open = '{open}' WHERE {}", at(number))
}

#[tokio::test]
async fn design_5_what_was_committed_is_chained_once_and_proven() {
    let log = Log::new();
    let many = u64::from(ROWS_MAX) + 5;
    log.events(many, NOW).await;
    log.chained().await;
    log.chained().await;
    let report = log.verified().await;
    assert!(report.holds(), "{report:?}");
    assert_eq!((report.segments, report.proven), (2, many));
    assert_eq!((report.younger, report.since), (0, Some(NOW.unix())));
    assert_eq!(log.entries().await.len(), 2, "nothing was chained twice");
}

#[tokio::test]
async fn what_is_younger_than_a_minute_waits_and_is_counted() {
    let log = Log::new();
    log.events(3, NOW).await;
    log.chain(None, NOW.plus_s(WAIT_S - 1)).await;
    let report = log.verified().await;
    assert_eq!((report.proven, report.younger, report.last), (0, 3, None));
    log.chained().await;
    log.events(2, NOW).await;
    let report = log.verified().await;
    assert_eq!((report.proven, report.younger), (3, 2));
    assert!(report.holds());
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_stop_the_chain() {
    let log = Log::new();
    log.events(3, NOW.plus_s(DAY_S)).await;
    log.chain(None, NOW).await;
    assert_eq!(log.verified().await.proven, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_nodes_that_chain_at_once_one_adds_each_entry() {
    let log = Arc::new(Log::new());
    log.events(2 * u64::from(ROWS_MAX) + 1, NOW).await;
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let log = Arc::clone(&log);
        nodes.spawn(async move { log.chained().await });
    }
    while let Some(node) = nodes.join_next().await {
        node.expect("ended");
    }
    let report = log.verified().await;
    assert!(report.holds(), "{report:?}");
    assert_eq!(report.segments, 3);
    assert_eq!(log.entries().await.len(), 3);
}

#[tokio::test]
async fn a_row_that_was_removed_changed_or_moved_is_named() {
    let change = "UPDATE audit SET outcome = 'refused' WHERE seq = 4";
    let swap = "UPDATE audit SET seq = 1000 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5;
                UPDATE audit SET seq = 5 WHERE seq = 1000";
    let of_other = "UPDATE audit SET party = 'other.localhost' WHERE seq = 9";
    let late = "UPDATE audit SET moment = moment + 1 WHERE seq = 1";
    let trace = "UPDATE audit SET trace = zeroblob(16) WHERE seq = 2";
    let cases = [
        ("DELETE FROM audit WHERE seq = 4", Fault::RowGone(4)),
        ("DELETE FROM audit WHERE seq >= 3", Fault::RowGone(3)),
        ("DELETE FROM audit", Fault::RowGone(1)),
        (change, Fault::RowChanged(4)),
        (swap, Fault::RowChanged(4)),
        (of_other, Fault::RowChanged(9)),
        (late, Fault::RowChanged(1)),
        (trace, Fault::RowChanged(2)),
    ];
    for (sql, fault) in cases {
        let log = Log::new();
        log.events(5, NOW).await;
        log.chained().await;
        log.events(5, NOW).await;
        log.chained().await;
        assert!(log.verified().await.holds());
        log.tamper(sql);
        assert_eq!(log.first_fault().await, Some(fault), "{sql}");
    }
}

#[tokio::test]
async fn a_row_that_was_removed_before_it_was_chained_is_missed() {
    let log = Log::new();
    log.events(5, NOW).await;
    log.tamper("DELETE FROM audit WHERE seq = 3");
    log.chained().await;
    assert_eq!(log.first_fault().await, Some(Fault::Unchained(3, 3)));
}

#[tokio::test]
async fn an_entry_that_was_removed_altered_or_replaced_is_named() {
    let log = Log::new();
    for _ in 0..3 {
        log.events(2, NOW).await;
        log.chained().await;
    }
    let texts = log.entries().await;
    let again = Entry::read(&texts[1], &[log.key.public().clone()], NOW).expect("ours");
    // The same content under the same key is another entry: its signature is random.
    let resigned = again.sign(&log.key).expect("signed");
    let stranger = again.sign(&key()).expect("signed");
    let altered = texts[1].replacen('e', "f", 3);
    let cases = [
        (
            format!("DELETE FROM records WHERE {}", at(2)),
            Fault::EntryGone(2),
        ),
        (
            format!("DELETE FROM records WHERE {}", at(1)),
            Fault::EntryGone(1),
        ),
        (replace(2, &altered), Fault::EntryForged(2)),
        (replace(2, &stranger), Fault::EntryForged(2)),
        (replace(2, &resigned), Fault::EntryOther(2)),
        (replace(2, &texts[0]), Fault::EntryForged(2)),
    ];
    for (sql, fault) in cases {
        log.tamper(&format!(
            "CREATE TABLE kept AS SELECT * FROM records; {sql}"
        ));
        assert_eq!(log.first_fault().await, Some(fault), "{sql}");
        log.tamper("DELETE FROM records; INSERT INTO records SELECT * FROM kept; DROP TABLE kept");
        assert!(log.verified().await.holds());
    }
}

#[tokio::test]
async fn a_chain_whose_last_number_was_set_back_or_removed_is_named_and_not_added_to() {
    let log = Log::new();
    log.events(2, NOW).await;
    log.chained().await;
    let kop = "space = 'sluis.auditketen' AND id = CAST('kop' AS BLOB)";
    log.tamper(&format!(
        "CREATE TABLE kept AS SELECT * FROM records WHERE {kop}"
    ));
    log.events(2, NOW).await;
    log.chained().await;
    log.tamper(&format!(
        "UPDATE records SET open = (SELECT open FROM kept) WHERE {kop}"
    ));
    assert_eq!(log.first_fault().await, Some(Fault::BadKop));
    log.events(2, NOW).await;
    let sign = |entry: &Entry| entry.sign(&log.key);
    let added = turn(&*log.home, &sign, None, NOW.plus_s(WAIT_S)).await;
    assert_eq!(added, Err(ChainFault::Stuck(2)));
    log.tamper(&format!("DELETE FROM records WHERE {kop}"));
    assert_eq!(log.first_fault().await, Some(Fault::NoKop));
}

#[tokio::test]
async fn a_last_number_that_is_far_too_high_does_not_make_the_walk_endless() {
    let log = Log::new();
    log.events(2, NOW).await;
    log.chained().await;
    log.tamper("UPDATE records SET open = replace(open, '\"number\":1', '\"number\":18446744073709551615')");
    let fault = log.first_fault().await;
    assert!(matches!(fault, Some(Fault::EntryGone(_))), "{fault:?}");
}

/// Rows of six days, chained each day; of the first three nothing stays.
async fn six_days(kept: RetentionDays) -> Log {
    let log = Log::new();
    for day in 0..6 {
        let now = NOW.plus_s(day * DAY_S);
        log.events(4, now).await;
        log.chain(Some(kept), now.plus_s(WAIT_S)).await;
    }
    log
}

#[tokio::test]
async fn design_5_what_retention_destroys_leaves_a_signed_tombstone_and_the_rest_is_proven() {
    let log = six_days(RetentionDays(2)).await;
    let report = log.verified().await;
    assert!(report.holds(), "{report:?}");
    assert_eq!((report.segments, report.proven), (6, 12));
    assert_eq!((report.destroyed, report.going), (12, 0));
    assert_eq!(report.since, Some(NOW.plus_s(3 * DAY_S).unix()));
    let tombstone = |days: i64| Tombstone {
        before_day: NOW.day() + days,
        to: u64::try_from((days + 3) * 4).expect("a number"),
        kept_days: Some(2),
    };
    assert_eq!(log.tombstones().await, [1, 2, 3].map(tombstone));
    let oldest = log.home.audit(0, 1).await.expect("answers");
    assert_eq!(oldest[0].seq, 13);
}

#[tokio::test]
async fn a_tombstone_explains_no_day_that_it_does_not_name() {
    let log = six_days(RetentionDays(2)).await;
    log.tamper("DELETE FROM audit WHERE seq = 14");
    assert_eq!(log.first_fault().await, Some(Fault::RowGone(14)));
}

#[tokio::test]
async fn a_tombstone_that_nobody_here_signed_explains_nothing() {
    let log = six_days(RetentionDays(9)).await;
    assert_eq!(log.tombstones().await, []);
    let texts = log.entries().await;
    let entry = Entry {
        number: 6,
        previous: entry::name(&texts[4]),
        made: NOW.unix(),
        what: What::Tombstone(Tombstone {
            before_day: NOW.day() + 3,
            to: 20,
            kept_days: Some(2),
        }),
    };
    let forged = entry.sign(&key()).expect("signed");
    log.tamper(&replace(6, &forged));
    log.tamper("DELETE FROM audit WHERE seq < 5");
    let report = log.verified().await;
    assert_eq!(report.first_fault, Some(Fault::RowGone(1)));
    assert_eq!(report.faults, 2, "the row and the entry");
}

#[tokio::test]
async fn a_row_that_is_to_go_and_was_changed_meanwhile_is_named() {
    let log = Log::new();
    log.events(4, NOW).await;
    log.events(1, NOW.plus_s(5 * DAY_S)).await;
    log.chain(None, NOW.plus_s(5 * DAY_S + WAIT_S)).await;
    let (version, kop) = entry::kop(&*log.home, NOW)
        .await
        .expect("answers")
        .expect("a chain");
    let entry = Entry {
        number: kop.number + 1,
        previous: kop.name.clone(),
        made: NOW.unix(),
        what: What::Tombstone(Tombstone {
            before_day: NOW.day() + 1,
            to: kop.to,
            kept_days: Some(4),
        }),
    };
    let text = entry.sign(&log.key).expect("signed");
    let added = entry::add(&*log.home, Some(&(version, kop)), (&entry, text), NOW).await;
    assert!(added.expect("answers").is_some());
    log.tamper("DELETE FROM audit WHERE seq <= 2; UPDATE audit SET what = 'nothing' WHERE seq = 4");
    assert_eq!(log.first_fault().await, Some(Fault::RowChanged(4)));
    log.tamper("DELETE FROM audit WHERE seq = 4");
    let report = log.verified().await;
    assert!(report.holds(), "{report:?}");
    assert_eq!((report.destroyed, report.going, report.proven), (3, 1, 1));
}

#[tokio::test]
async fn what_was_destroyed_before_there_was_a_chain_is_told_in_its_first_entry_and_cannot_be_put_back()
 {
    let log = Log::new();
    log.events(4, NOW).await;
    let later = NOW.plus_s(9 * DAY_S);
    log.events(4, later).await;
    // Late, and so among those of the day that goes.
    log.events(1, NOW).await;
    log.events(2, later).await;
    while log
        .home
        .destroy_audit(later, RetentionDays(2))
        .await
        .expect("answers")
        .more
    {}
    log.chain(None, later.plus_s(WAIT_S)).await;
    let report = log.verified().await;
    assert!(report.holds(), "{report:?}");
    assert_eq!((report.segments, report.proven), (1, 6));
    let before = Tombstone {
        before_day: NOW.day() + 1,
        to: 9,
        kept_days: None,
    };
    assert_eq!(log.tombstones().await, [before]);
    for seq in [2, 9] {
        log.tamper(&format!(
            "INSERT INTO audit SELECT {seq}, day, moment, requirement, what, outcome, who, party, whose,
             commit_id, trace, details FROM audit WHERE seq = 6"
        ));
        assert_eq!(log.first_fault().await, Some(Fault::RowAdded(seq)));
        log.tamper(&format!("DELETE FROM audit WHERE seq = {seq}"));
    }
}

#[tokio::test]
async fn an_epoch_begins_at_a_higher_number_and_the_chain_goes_on() {
    let mut log = Log::new();
    log.events(3, NOW).await;
    log.chained().await;
    let folder = log.folder.clone();
    // The directory is given up before an epoch may begin.
    log.home = Arc::new(
        Embedded::open(&folder.join("elsewhere")).unwrap_or_else(|_| {
            std::fs::create_dir_all(folder.join("elsewhere")).expect("a folder");
            Embedded::open(&folder.join("elsewhere")).expect("opens")
        }),
    );
    let restored = Restored {
        now: NOW,
        backup_taken: NOW,
        once_life_s_max: 60,
        records_kept: vec![CHAIN],
    };
    Embedded::restored(&folder, &restored).expect("an epoch");
    log.home = Arc::new(Embedded::open(&folder).expect("opens"));
    log.events(2, NOW).await;
    log.chained().await;
    let report = log.verified().await;
    assert!(report.holds(), "{report:?}");
    assert_eq!((report.segments, report.proven), (2, 6));
    log.tamper("DELETE FROM audit WHERE seq = 3");
    assert_eq!(log.first_fault().await, Some(Fault::RowGone(3)));
}

#[tokio::test]
async fn a_log_that_was_set_back_as_a_whole_is_noticed_by_a_head_kept_elsewhere() {
    let log = Log::new();
    log.events(3, NOW).await;
    log.chained().await;
    let earlier = log.verified().await.last.expect("a chain");
    log.tamper(
        "CREATE TABLE was AS SELECT * FROM records; CREATE TABLE had AS SELECT * FROM audit",
    );
    log.events(3, NOW).await;
    log.chained().await;
    let head = Head::of(&log.verified().await.last.expect("a chain"), Vec::new());
    let earlier = Head::of(&earlier, Vec::new());
    assert_eq!(earlier.stands(&*log.home, NOW).await, Ok(Ok(())));
    assert_eq!(head.stands(&*log.home, NOW).await, Ok(Ok(())));

    log.tamper(
        "DELETE FROM records; INSERT INTO records SELECT * FROM was;
         DELETE FROM audit; INSERT INTO audit SELECT * FROM had",
    );
    assert!(log.verified().await.holds(), "by itself it cannot tell");
    assert_eq!(earlier.stands(&*log.home, NOW).await, Ok(Ok(())));
    assert_eq!(
        head.stands(&*log.home, NOW).await,
        Ok(Err(SetBack::Shorter(2)))
    );
    log.events(1, NOW).await;
    log.chained().await;
    assert_eq!(
        head.stands(&*log.home, NOW).await,
        Ok(Err(SetBack::Other(2)))
    );
}

/// Two nodes on one PostgreSQL, and whoever can write its tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_share_a_postgresql_keep_one_chain_and_its_tombstones() {
    let cluster = Cluster::start("");
    let address = cluster.address();
    Postgres::migrate(&address).await.expect("migrated");
    let open = || Postgres::open(&address, Settings::default());
    let (one, other) = tokio::try_join!(open(), open()).expect("opened");
    let key = key();
    let keys = [key.public().clone()];
    let sign = |entry: &Entry| entry.sign(&key);
    let kept = RetentionDays(1);
    for day in 0..4 {
        let now = NOW.plus_s(day * DAY_S);
        let late = now.plus_s(WAIT_S);
        one.sweep(now, 10)
            .await
            .expect("partitions of the days to come");
        for number in 0..6 {
            let home = if number % 2 == 0 { &one } else { &other };
            events(home, 1, now).await;
        }
        loop {
            let both = tokio::join!(
                turn(&one, &sign, Some(kept), late),
                turn(&other, &sign, Some(kept), late)
            );
            if !both.0.expect("chained") && !both.1.expect("chained") {
                break;
            }
        }
    }
    let report = verify(&other, &keys, NOW).await.expect("answers");
    assert!(report.holds(), "{report:?}");
    assert_eq!(
        (report.segments, report.proven, report.destroyed),
        (4, 12, 12)
    );
    assert_eq!(report.tombstones.len(), 2, "{report:?}");

    let first_fault = async || {
        let report = verify(&one, &keys, NOW).await;
        report.expect("answers").first_fault
    };
    let tamper = |sql: &str| cluster.sql("sluis", sql);
    let columns =
        "day, moment, requirement, what, outcome, who, party, whose, commit_id, trace, details";
    for seq in [15, 24] {
        tamper(&format!(
            "INSERT INTO audit (seq, {columns}) SELECT seq, {columns} FROM audit WHERE seq = {seq}"
        ));
        assert!(first_fault().await.is_some(), "row {seq} is there twice");
        tamper(&format!(
            "DELETE FROM audit WHERE ctid = (SELECT max(ctid) FROM audit WHERE seq = {seq}) AND seq = {seq}"
        ));
        assert_eq!(first_fault().await, None);
    }
    tamper("DELETE FROM audit WHERE seq = 20");
    assert_eq!(first_fault().await, Some(Fault::RowGone(20)));
}
