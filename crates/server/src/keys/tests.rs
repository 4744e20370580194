//! Several nodes on one home.

use store::{Memory, Store as _};
use verdict::Moment;

use super::admin::{self, NotDone};
use super::not_before::Subject;
use super::schedule::Plan;
use super::testing::{custody, master};
use super::*;

const NOW: Moment = Moment::from_unix(1_000_000);
const MITZ: [Purpose; 2] = [Purpose::Tokens, Purpose::Persons];
/// A plan that a test can live through.
const SHORT: Plan = Plan {
    rotate_s: 1_000,
    lead_s: 100,
    life_s: Some(300),
    seals_max: Some(1 << 21),
};

fn schedule() -> Schedule {
    let with = |schedule: Schedule, purpose| schedule.with(purpose, SHORT);
    Purpose::ALL.into_iter().fold(Schedule::default(), with)
}

async fn node(home: &Memory) -> Keys {
    let keys = Keys::open(home, master(1), &MITZ, schedule(), NOW).await;
    keys.expect("keys")
}

fn kid(keys: &Keys) -> String {
    let set = keys.set();
    set.tokens().expect("tokens").current().kid().to_owned()
}

/// design §4: nodes agree through the store.
#[tokio::test]
async fn nodes_that_start_together_use_one_key() {
    let home = Memory::new();
    let (a, b) = tokio::join!(node(&home), node(&home));
    assert_eq!(kid(&a), kid(&b));
    assert_eq!(
        admin::list(&home, &schedule(), NOW)
            .await
            .expect("listed")
            .len(),
        6
    );
}

#[tokio::test]
async fn nodes_that_rotate_together_use_one_key_and_both_know_it_before_its_use() {
    let home = Memory::new();
    let (a, b) = (node(&home).await, node(&home).await);
    let first = kid(&a);
    let due = NOW.plus_s(900);
    let (left, right) = tokio::join!(a.tend(&home, due), b.tend(&home, due));
    left.expect("tended");
    right.expect("tended");
    for keys in [&a, &b] {
        assert_eq!(kid(keys), first, "the next key is only published");
        assert_eq!(
            keys.set()
                .tokens()
                .expect("tokens")
                .published()
                .keys()
                .len(),
            2
        );
    }
    for keys in [&a, &b] {
        keys.look(&home, due.plus_s(100)).await.expect("looked");
    }
    assert_eq!(kid(&a), kid(&b));
    assert_ne!(kid(&a), first);
    let set = a.set();
    assert!(
        set.tokens().expect("tokens").find(&first).is_some(),
        "still verifies"
    );
}

#[tokio::test]
async fn a_key_is_gone_once_everything_that_it_made_is_over() {
    let home = Memory::new();
    let keys = node(&home).await;
    let first = kid(&keys);
    keys.tend(&home, NOW.plus_s(900)).await.expect("tended");
    let published = |keys: &Keys| {
        keys.set()
            .tokens()
            .expect("tokens")
            .published()
            .keys()
            .len()
    };
    // Used until 1000, may have been used for a minute more, and what it made lives for 300 seconds.
    keys.look(&home, NOW.plus_s(1_359)).await.expect("looked");
    assert_eq!(published(&keys), 2);
    keys.look(&home, NOW.plus_s(1_360)).await.expect("looked");
    assert_eq!(published(&keys), 1);
    assert_ne!(kid(&keys), first);
}

#[tokio::test]
async fn a_key_that_another_node_made_is_known_at_the_next_look() {
    let home = Memory::new();
    let keys = node(&home).await;
    let made = admin::rotate(&home, &custody(1), &schedule(), Purpose::Rows, NOW).await;
    assert_eq!(made.expect("made").number, 2);
    assert!(keys.set().rows.numbered(2).is_none());
    keys.look(&home, NOW).await.expect("looked");
    assert!(keys.set().rows.numbered(2).is_some());
    assert_eq!(keys.set().rows.current_number(), 1);
}

/// SP 800-38D §8.3.
#[tokio::test]
async fn seals_are_told_to_the_store_by_the_million_and_bring_the_next_key() {
    let home = Memory::new();
    let (a, b) = (node(&home).await, node(&home).await);
    let listed = async || {
        let all = admin::list(&home, &schedule(), NOW).await.expect("listed");
        let rows = all.into_iter().filter(|key| key.purpose == "rows");
        rows.map(|key| (key.number, key.seals)).collect::<Vec<_>>()
    };
    a.seals.rows.store(SEALS_TOLD - 1, Ordering::Relaxed);
    a.tend(&home, NOW).await.expect("tended");
    assert_eq!(listed().await, [(1, 0)]);
    for keys in [&a, &b] {
        keys.seals.rows.store(SEALS_TOLD, Ordering::Relaxed);
        keys.tend(&home, NOW).await.expect("tended");
    }
    assert_eq!(b.seals.rows.load(Ordering::Relaxed), 0);
    assert_eq!(listed().await, [(1, 2 * SEALS_TOLD)]);
    b.tend(&home, NOW).await.expect("tended");
    assert_eq!(listed().await, [(1, 2 * SEALS_TOLD), (2, 0)]);
}

#[tokio::test]
async fn a_home_under_another_master_key_is_not_opened() {
    let home = Memory::new();
    node(&home).await;
    let opened = Keys::open(&home, master(2), &MITZ, schedule(), NOW).await;
    let fault = opened.err().expect("another master");
    assert!(matches!(fault, KeyFault::OtherMaster { .. }), "{fault}");
    let rotated = admin::rotate(&home, &custody(2), &schedule(), Purpose::Rows, NOW).await;
    assert!(matches!(
        rotated,
        Err(NotDone::Fault(KeyFault::OtherMaster { .. }))
    ));
}

#[tokio::test]
async fn only_a_key_that_nothing_needs_can_be_retired() {
    let home = Memory::new();
    node(&home).await;
    let schedule = schedule();
    let retire = async |number, anyway, now| {
        admin::retire(
            &home,
            None,
            &schedule,
            (Purpose::Handles, number),
            anyway,
            now,
        )
        .await
    };
    for anyway in [false, true] {
        let only = retire(1, anyway, NOW).await;
        assert!(matches!(only, Err(NotDone::OnlyKey(Purpose::Handles))));
    }
    let rotated = admin::rotate(&home, &custody(1), &schedule, Purpose::Handles, NOW).await;
    rotated.expect("rotated");
    let again = admin::rotate(&home, &custody(1), &schedule, Purpose::Handles, NOW).await;
    assert!(matches!(again, Err(NotDone::Waits(Purpose::Handles, _))));
    let needed = retire(1, false, NOW).await.expect_err("needed");
    let text = needed.to_string();
    assert!(text.contains("is still needed until 1970-01-12"), "{text}");
    assert!(text.contains("people log in again"), "{text}");
    assert!(matches!(
        retire(7, false, NOW).await,
        Err(NotDone::NoSuchKey(Purpose::Handles, Some(7)))
    ));
}

/// An emergency: the key is known to others.
#[tokio::test]
async fn a_key_that_goes_at_once_gives_its_place_to_the_one_that_waits() {
    let home = Memory::new();
    let keys = node(&home).await;
    let (first, schedule) = (kid(&keys), schedule());
    let rotated = admin::rotate(&home, &custody(1), &schedule, Purpose::Tokens, NOW).await;
    rotated.expect("rotated");
    let retired = admin::retire(&home, None, &schedule, (Purpose::Tokens, 1), true, NOW).await;
    assert!(retired.expect("retired").loss.is_some());
    keys.look(&home, NOW).await.expect("looked");
    assert_ne!(kid(&keys), first);
    let set = keys.set();
    assert!(set.tokens().expect("tokens").find(&first).is_none());
}

#[tokio::test]
async fn a_key_that_waits_can_be_taken_back() {
    let home = Memory::new();
    node(&home).await;
    let schedule = schedule();
    let rotated = admin::rotate(&home, &custody(1), &schedule, Purpose::Tokens, NOW).await;
    rotated.expect("rotated");
    let retired = admin::retire(&home, None, &schedule, (Purpose::Tokens, 2), false, NOW).await;
    assert_eq!(retired.expect("retired").loss, None);
}

/// design §4
#[tokio::test]
async fn a_moment_is_known_at_the_next_look_and_never_lies_ahead() {
    let home = Memory::new();
    let keys = node(&home).await;
    let client = Subject::Client("pgo.localhost".to_owned());
    let ahead = admin::set_not_before(&home, &client, NOW.plus_s(1), NOW).await;
    assert!(matches!(ahead, Err(NotDone::InTheFuture)));
    let set = admin::set_not_before(&home, &client, NOW, NOW).await;
    set.expect("set");
    let holds = || keys.not_before().of("https://mitz", "pgo.localhost");
    assert!(!holds().refuses(NOW.unix() - 1));
    keys.look(&home, NOW).await.expect("looked");
    assert!(holds().refuses(NOW.unix() - 1));
    assert_eq!(
        admin::not_before(&home, NOW).await.expect("listed").len(),
        1
    );
}

/// The store shows no key to who has it without the master key.
#[tokio::test]
async fn no_secret_of_a_key_stands_in_the_store() {
    let home = Memory::new();
    let keys = node(&home).await;
    let set = keys.set();
    let secret = set.rows.current().reveal();
    let rows = [1].map(|number| row::key(Purpose::Rows, number));
    let found = home.get(&rows, NOW).await.expect("rows");
    let body = &found[0].as_ref().expect("a row").body;
    assert!(!body.private.windows(32).any(|part| part == secret));
    assert!(!body.open.to_string().contains(&jose::b64::encode(secret)));
}
