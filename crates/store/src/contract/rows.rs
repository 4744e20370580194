//! What goes in comes out, and is found.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use verdict::{Change, Expect, IndexKey, Key, PersonTag, Row, Sealed, Space};

use super::{
    LATER, NOW, Passed, RECORDS, body, commit, grant, guard, put, put_until, record, row_at,
    version,
};
use crate::{Commit, Memory, Page, Store};

const PERSON: IndexKey = IndexKey::Person(PersonTag {
    key_id: 7,
    tag: [0xfe; 32],
});

fn indexed(index: Vec<(&'static str, IndexKey)>) -> Sealed {
    Sealed {
        index,
        ..Sealed::default()
    }
}

fn text(value: &str) -> IndexKey {
    IndexKey::Text(value.to_owned())
}

/// Version, expiry, commit id and every part of the body survive, whatever is in them.
pub async fn rows_come_back_as_they_went<S: Store>(home: Arc<S>) -> Passed {
    let deep = (0..100).fold(json!("x"), |inner, _| json!([inner]));
    let opens = [
        Value::Null,
        json!({}),
        json!({"v": 1, "naam": "ë \u{1f512} \u{0} \" \\", "lijst": [null, true, -1, 1.5]}),
        json!("text"),
        deep,
    ];
    let indexes = [
        vec![],
        vec![("client", text("pgo.localhost")), ("person", PERSON)],
        vec![("b", text("")), ("a", text("é\u{0}"))],
    ];
    let privates = [vec![], vec![0; 1], (0..=255).collect::<Vec<u8>>()];
    let bodies = opens.into_iter().flat_map(|open| {
        let indexes = indexes.clone().into_iter();
        indexes
            .zip(privates.clone())
            .map(move |(index, private)| Sealed {
                open: open.clone().into(),
                index,
                private,
            })
    });
    for (number, body) in (0..).zip(bodies) {
        let change = put_until(&grant(number), Expect::Absent, LATER, body.clone());
        let commit = commit(vec![change])?;
        home.commit(commit.clone()).await?;
        let row = row_at(&*home, &grant(number), NOW).await?;
        let expected = Row {
            version: 1,
            until: LATER,
            last: commit.id(),
            body,
        };
        assert_eq!(row, Some(expected));
    }
    Ok(())
}

/// One answer per key asked, also for a key asked twice and for one that is not there.
pub async fn rows_are_given_in_the_order_asked<S: Store>(home: Arc<S>) -> Passed {
    let (one, two, none) = (record("1"), record("2"), grant(9));
    home.commit(commit(vec![
        put(&two, Expect::Absent, "two"),
        put(&one, Expect::Absent, "one"),
    ])?)
    .await?;
    let asked = [two.clone(), none, one, two];
    let rows = home.get(&asked, NOW).await?;
    let private = |row: &Option<Row<Sealed>>| row.as_ref().map(|row| row.body.private.clone());
    let found: Vec<_> = rows.iter().map(private).collect();
    let expected = [Some("two"), None, Some("one"), Some("two")];
    assert_eq!(
        found,
        expected.map(|text| text.map(|t| t.as_bytes().to_vec()))
    );
    assert!(home.get(&[], NOW).await?.is_empty());
    home.commit(commit(vec![])?).await?;
    Ok(())
}

/// The same bytes name different rows in another space or another kind.
pub async fn keys_of_different_kinds_and_spaces_do_not_meet<S: Store>(home: Arc<S>) -> Passed {
    let here = Space("contract.here");
    let keys = [
        Key::Once(here, [1; 32]),
        Key::Grant(here, [1; 16]),
        Key::Record(here, vec![1; 16]),
        Key::Record(here, vec![1; 32]),
        Key::Record(here, vec![]),
        Key::Record(Space("contract.her"), b"e".to_vec()),
        Key::Grant(Space("contract.there"), [1; 16]),
    ];
    for key in &keys {
        home.commit(commit(vec![put(key, Expect::Absent, "")])?)
            .await?;
    }
    home.commit(commit(vec![Change::remove(keys[1].clone(), 1)])?)
        .await?;
    let left: Vec<_> = home.get(&keys, NOW).await?;
    let left: Vec<_> = left.iter().map(Option::is_some).collect();
    assert_eq!(left, [true, false, true, true, true, true, true]);
    Ok(())
}

/// Every row of an index value comes once, page by page, in the order of the keys, also while rows
/// before the page come and go.
pub async fn pages_give_each_row_once_in_a_stable_order<S: Store>(home: Arc<S>) -> Passed {
    let by_client = |name: &str| indexed(vec![("client", text(name)), ("person", PERSON)]);
    for number in 0..130_u8 {
        let name = record(&format!("{number:03}"));
        let client = if number % 10 == 0 { "other" } else { "pgo" };
        home.commit(commit(vec![
            put_until(&name, Expect::Absent, LATER, by_client(client)),
            put_until(&grant(number), Expect::Absent, LATER, by_client(client)),
        ])?)
        .await?;
    }
    let elsewhere = Key::Record(Space("contract.elsewhere"), b"x".to_vec());
    let elsewhere = put_until(&elsewhere, Expect::Absent, LATER, by_client("pgo"));
    home.commit(commit(vec![elsewhere])?).await?;

    let mut seen = Vec::new();
    let mut page = Page::first(10);
    loop {
        let found = home
            .find(RECORDS, "client", &text("pgo"), page, NOW)
            .await?;
        assert!(found.rows.len() <= 10);
        seen.extend(found.rows.into_iter().map(|(key, _)| key));
        let Some(next) = found.next else { break };
        if seen.len() == 20 {
            home.commit(commit(vec![Change::remove(record("001"), 1)])?)
                .await?;
        }
        page = Page::after(next, 10);
    }
    let expected = (0..130).filter(|number| number % 10 != 0);
    let expected: Vec<Key> = expected.map(|n| record(&format!("{n:03}"))).collect();
    assert_eq!(seen, expected);
    let everything = Page::first(u16::MAX);
    let people = home.find(RECORDS, "person", &PERSON, everything.clone(), NOW);
    assert_eq!(people.await?.rows.len(), 129);
    let pgo = text("pgo");
    let nobody = home.find(RECORDS, "person", &pgo, everything, NOW);
    assert!(nobody.await?.rows.is_empty());
    Ok(())
}

/// Secondary keys follow the row: changed, kept, removed with it.
pub async fn a_row_is_found_by_what_its_index_says_now<S: Store>(home: Arc<S>) -> Passed {
    let row = record("row");
    let found = |value: &str| {
        let (home, value) = (Arc::clone(&home), text(value));
        async move {
            home.find(RECORDS, "name", &value, Page::first(9), NOW)
                .await
        }
    };
    let write = |expect, value: &str| {
        let body = indexed(vec![("name", text(value)), ("name", text("always"))]);
        commit(vec![put_until(&row, expect, LATER, body)])
    };
    home.commit(write(Expect::Absent, "old")?).await?;
    assert_eq!(found("old").await?.rows.len(), 1);
    home.commit(write(Expect::Version(1), "new")?).await?;
    home.commit(write(Expect::Version(2), "new")?).await?;
    assert_eq!(found("old").await?.rows.len(), 0);
    assert_eq!(found("new").await?.rows.len(), 1);
    assert_eq!(found("always").await?.rows[0].1.version, 3);
    home.commit(commit(vec![Change::remove(row.clone(), 3)])?)
        .await?;
    assert_eq!(found("new").await?.rows.len(), 0);
    assert_eq!(found("always").await?.rows.len(), 0);
    Ok(())
}

/// A few thousand commits, chosen by a fixed sequence, get the same answers and leave the same rows
/// as in memory.
pub async fn it_agrees_with_memory_on_many_commits<S: Store>(home: Arc<S>) -> Passed {
    let model = Memory::new();
    let mut dice = Dice(42);
    let keys: Vec<Key> = (0..4).map(grant).chain(["a", "b"].map(record)).collect();
    for _ in 0..2_000 {
        let commit = dice.commit(&keys)?;
        let expected = model.commit(commit.clone()).await;
        assert_eq!(home.commit(commit.clone()).await, expected);
        let now = commit.now();
        assert_eq!(home.get(&keys, now).await?, model.get(&keys, now).await?);
        if dice.roll(50) == 0 {
            let value = text(&dice.roll(3).to_string());
            let page = || Page::first(3);
            assert_eq!(
                home.find(RECORDS, "roll", &value, page(), now).await?,
                model.find(RECORDS, "roll", &value, page(), now).await?
            );
            assert_eq!(home.sweep(now, 9).await?, model.sweep(now, 9).await?);
        }
    }
    assert_eq!(home.audit(0, 1024).await?, model.audit(0, 1024).await?);
    let unchanged = version(&*home, &keys[0]).await?;
    assert_eq!(unchanged, version(&model, &keys[0]).await?);
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

    fn commit(&mut self, keys: &[Key]) -> Result<Commit, crate::BadCommit> {
        let now = NOW.plus_s(u32::try_from(self.roll(100_000)).unwrap_or(0));
        let mut chosen = BTreeSet::new();
        for _ in 0..=self.roll(2) {
            let at = usize::try_from(self.roll(keys.len() as u64)).unwrap_or(0);
            chosen.insert(&keys[at]);
        }
        let changes = chosen.into_iter().map(|key| {
            let expect = match self.roll(6) {
                0..=2 => Expect::Absent,
                3 => Expect::Present,
                n => Expect::Version(n - 3),
            };
            let until = now.plus_s(u32::try_from(self.roll(100_000)).unwrap_or(0));
            match self.roll(6) {
                0 => guard(key, expect),
                1 => Change {
                    key: key.clone(),
                    expect,
                    then: verdict::Then::Remove,
                },
                n => {
                    let index = vec![("roll", text(&self.roll(3).to_string()))];
                    let body = Sealed {
                        index,
                        ..body(&n.to_string())
                    };
                    put_until(key, expect, until, body)
                }
            }
        });
        let changes = changes.collect();
        Commit::new(
            super::fresh_id(),
            now,
            changes,
            vec![super::granted("rolled")],
        )
    }
}
