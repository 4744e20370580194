//! Nodes that share a home and a token.

use std::sync::Arc;

use jose::{Algorithm, Expected, Typ};
use serde_json::json;
use server::keys::admin::{self, NotDone};
use server::keys::schedule::Plan;
use server::keys::{Custody, KeyFault, Keys, MasterKey, Purpose, Schedule, SigningToken};
use store::{Commit, Memory, Store as _};
use verdict::{Change, CommitId, Expect, Key, Moment, Space, Then};

use super::soft_hsm::{SoftHsm, can_be_taken_out, private_keys, with_token};

const NOW: Moment = Moment::from_unix(1_000_000);
const LEAD_S: u32 = 100;
/// A plan that a test can live through.
const SHORT: Plan = Plan {
    rotate_s: 1_000,
    lead_s: LEAD_S,
    life_s: Some(300),
    seals_max: None,
};

fn schedule() -> Schedule {
    Schedule::default().with(Purpose::Tokens, SHORT)
}

fn master(at: &SoftHsm) -> MasterKey {
    MasterKey::read_or_make(&at.0.join("master.key")).expect("a key")
}

/// What a node has: the master key, and the token opened by itself.
fn custody(at: &SoftHsm) -> Custody {
    Custody::new(master(at), Some(Arc::new(at.open())))
}

async fn open(home: &Memory, custody: Custody, now: Moment) -> Result<Keys, KeyFault> {
    Keys::open(home, custody, &[Purpose::Tokens], schedule(), now).await
}

async fn node(home: &Memory, at: &SoftHsm) -> Keys {
    open(home, custody(at), NOW).await.expect("keys")
}

fn kid(keys: &Keys) -> String {
    let set = keys.set();
    set.tokens().expect("tokens").current().kid().to_owned()
}

fn sign(keys: &Keys) -> String {
    let claims = json!({ "iss": "mitz", "aud": "pgo", "exp": NOW.unix() + 9_000 });
    let set = keys.set();
    let key = set.tokens().expect("tokens").current();
    key.sign("JWT", &claims).expect("signed")
}

/// Whether what one signed verifies under what the other publishes.
fn verifies(token: &str, at: &Keys) -> bool {
    let expected = Expected {
        typ: Typ::Is("JWT"),
        issuer: "mitz",
        audience: &["pgo"],
        now: NOW,
        leeway_s: 0,
    };
    let set = at.set();
    let published = set.tokens().expect("tokens").published();
    jose::verify(token, published, &[Algorithm::Es256], &expected).is_ok()
}

/// Where the private part of each key for tokens is.
async fn held(home: &Memory, now: Moment) -> Vec<(u32, Option<String>)> {
    let all = admin::list(home, &schedule(), now).await.expect("listed");
    let tokens = all.into_iter().filter(|key| key.purpose == "tokens");
    tokens.map(|key| (key.number, key.pkcs11_id)).collect()
}

/// design §4: nodes agree through the store.
#[test]
fn pkcs11_nodes_that_start_together_use_one_key_of_the_token() {
    with_token(async |at| {
        let home = Memory::new();
        let (a, b) = tokio::join!(node(&home, at), node(&home, at));
        assert_eq!(kid(&a), kid(&b));
        let there = private_keys();
        assert_eq!(there.len(), 1, "who lost the race destroyed its own");
        let id = there[0].to_string();
        assert_eq!(held(&home, NOW).await, [(1, Some(id))]);
        assert!(verifies(&sign(&a), &b) && verifies(&sign(&b), &a));
    });
}

#[test]
fn pkcs11_a_private_key_cannot_be_taken_out_and_is_not_in_the_store() {
    with_token(async |at| {
        let home = Memory::new();
        let _keys = node(&home, at).await;
        assert!(!can_be_taken_out());
        let all = admin::list(&home, &schedule(), NOW).await.expect("listed");
        let others = all.iter().filter(|key| key.purpose != "tokens");
        assert!(others.clone().count() > 0);
        assert!(others.clone().all(|key| key.pkcs11_id.is_none()));
    });
}

#[test]
fn pkcs11_a_rotation_makes_the_next_key_there_and_the_old_one_is_destroyed_once_it_is_over() {
    with_token(async |at| {
        let home = Memory::new();
        let (a, b) = (node(&home, at).await, node(&home, at).await);
        let (first, old) = (kid(&a), sign(&a));
        let due = NOW.plus_s(900);
        let (left, right) = tokio::join!(a.tend(&home, due), b.tend(&home, due));
        left.and(right).expect("tended");
        assert_eq!((kid(&a), kid(&b)), (first.clone(), first.clone()));
        assert_eq!(private_keys().len(), 2, "published before its use");
        let used = due.plus_s(LEAD_S);
        for keys in [&a, &b] {
            keys.look(&home, used).await.expect("looked");
            assert_ne!(kid(keys), first);
            assert!(verifies(&old, keys));
        }
        assert!(verifies(&sign(&a), &b));
        a.look(&home, used.plus_s(360)).await.expect("looked");
        assert!(!verifies(&old, &a));
        let left: Vec<String> = private_keys().iter().map(ToString::to_string).collect();
        let listed = held(&home, used.plus_s(360)).await;
        assert_eq!(listed, [(2, Some(left.concat()))]);
        b.look(&home, used.plus_s(360))
            .await
            .expect("gone already, and well");
    });
}

#[test]
fn pkcs11_a_node_that_starts_again_signs_with_the_same_key() {
    with_token(async |at| {
        let home = Memory::new();
        let first = node(&home, at).await;
        let (kid_before, token) = (kid(&first), sign(&first));
        drop(first);
        let again = node(&home, at).await;
        assert_eq!(kid(&again), kid_before);
        assert!(verifies(&token, &again) && verifies(&sign(&again), &again));
        assert_eq!(private_keys().len(), 1);
    });
}

#[test]
fn pkcs11_a_retired_key_is_destroyed_and_only_by_who_has_the_token() {
    with_token(async |at| {
        let home = Memory::new();
        let (keys, schedule) = (node(&home, at).await, schedule());
        let next = admin::rotate(&home, &custody(at), &schedule, Purpose::Tokens, NOW).await;
        assert_eq!(next.expect("made").number, 2);
        let first = (Purpose::Tokens, 1);
        let blind = admin::retire(&home, None, &schedule, first, true, NOW).await;
        assert!(matches!(blind, Err(NotDone::Fault(KeyFault::NoToken(_)))));
        let token = at.open();
        let token: &dyn SigningToken = &token;
        let retired = admin::retire(&home, Some(token), &schedule, first, true, NOW).await;
        assert_eq!(retired.expect("retired").left, None);
        assert_eq!(private_keys().len(), 1);
        keys.look(&home, NOW).await.expect("looked");
        assert!(verifies(&sign(&keys), &keys));
    });
}

#[test]
fn pkcs11_keys_move_into_the_token_and_out_of_it_by_rotation() {
    with_token(async |at| {
        let home = Memory::new();
        let in_store = open(&home, master(at).into(), NOW).await.expect("keys");
        let token = sign(&in_store);
        let moved = node(&home, at).await;
        assert!(verifies(&token, &moved));
        let rotate = async |custody: &Custody, now| {
            admin::rotate(&home, custody, &schedule(), Purpose::Tokens, now).await
        };
        rotate(&custody(at), NOW).await.expect("into the token");
        let id = private_keys()[0].to_string();
        assert_eq!(held(&home, NOW).await, [(1, None), (2, Some(id.clone()))]);
        let without = open(&home, master(at).into(), NOW).await;
        assert!(matches!(without.err(), Some(KeyFault::NoToken(key)) if key == "tokens-2"));
        let used = NOW.plus_s(LEAD_S);
        rotate(&master(at).into(), used).await.expect("out of it");
        let used = used.plus_s(LEAD_S);
        assert_eq!(
            held(&home, used).await,
            [(1, None), (2, Some(id)), (3, None)]
        );
        let without = open(&home, master(at).into(), used).await.expect("keys");
        assert!(verifies(&sign(&without), &without));
    });
}

/// Who can write rows cannot have us sign with, or publish, another key.
#[test]
fn pkcs11_a_row_that_names_another_object_is_refused() {
    with_token(async |at| {
        let home = Memory::new();
        drop(node(&home, at).await);
        let key = Key::Record(Space("sluis.sleutel"), b"tokens\0\0\0\0\x01".to_vec());
        let mut found = home
            .get(std::slice::from_ref(&key), NOW)
            .await
            .expect("rows");
        let mut row = found.remove(0).expect("a row");
        let mut said = row.body.open.value();
        said["d"]["held"] = json!("00".repeat(16));
        row.body.open = said.into();
        let change = Change {
            key,
            expect: Expect::Version(row.version),
            then: Then::Put {
                until: row.until,
                body: row.body,
            },
        };
        let commit = Commit::new(CommitId([1; 16]), NOW, vec![change], Vec::new());
        home.commit(commit.expect("a commit"))
            .await
            .expect("written");
        let fault = open(&home, custody(at), NOW).await.err().expect("a fault");
        assert!(fault.to_string().contains("altered"), "{fault}");
    });
}
