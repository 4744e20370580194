//! Rows end.

use std::sync::Arc;

use tokio::task::JoinSet;
use verdict::{Change, Expect, IndexKey, Key, Sealed};

use super::{
    CODES, GRANTS, LATER, NOW, Passed, RECORDS, commit, commit_at, grant, guard, put, put_until,
    record, row_at, version,
};
use crate::{NotCommitted, Page, Store};

const DAY_S: u32 = 86_400;

/// From the second of its `until` on a row is not there, swept or not: not to readers, not to
/// guards, and not to whoever wants the key, who starts at version 1.
pub async fn what_is_over_counts_as_absent<S: Store>(home: Arc<S>) -> Passed {
    let key = record("row");
    let until = NOW.plus_s(60);
    let named = IndexKey::Text("x".to_owned());
    let body = Sealed {
        index: vec![("name", named.clone())],
        ..Sealed::default()
    };
    home.commit(commit(vec![put_until(&key, Expect::Absent, until, body)])?)
        .await?;
    let before = until.minus_s(1);
    assert!(row_at(&*home, &key, before).await?.is_some());
    assert!(row_at(&*home, &key, until).await?.is_none());
    let found = |now| home.find(RECORDS, "name", &named, Page::first(9), now);
    assert_eq!(found(before).await?.rows.len(), 1);
    assert_eq!(found(until).await?.rows.len(), 0);

    let conflict = Err(NotCommitted::Conflict(key.clone()));
    for expect in [Expect::Present, Expect::Version(1)] {
        let guard = || vec![guard(&key, expect)];
        home.commit(commit_at(before, guard())?).await?;
        assert_eq!(home.commit(commit_at(until, guard())?).await, conflict);
    }
    let again = |now| commit_at(now, vec![put(&key, Expect::Absent, "again")]);
    assert_eq!(home.commit(again(before)?).await, conflict);
    home.commit(again(until)?).await?;
    let row = row_at(&*home, &key, until).await?.ok_or("written again")?;
    assert_eq!((row.version, row.until), (1, LATER));
    assert_eq!(
        found(until).await?.rows.len(),
        0,
        "the new row has no such key"
    );
    Ok(())
}

/// A sweep removes rows of days before today, as many as asked, and keeps the rest.
pub async fn a_sweep_takes_what_is_over_and_nothing_else<S: Store>(home: Arc<S>) -> Passed {
    let tomorrow = NOW.plus_s(DAY_S);
    for number in 0..20_u8 {
        let over = put_until(
            &grant(number),
            Expect::Absent,
            NOW.plus_s(1),
            Sealed::default(),
        );
        let lives = put(&record(&number.to_string()), Expect::Absent, "");
        let spent = Change::spend(Key::Once(CODES, [number; 32]), NOW.plus_s(1));
        home.commit(commit(vec![over, lives, spent])?).await?;
    }
    assert_eq!(home.sweep(NOW, 100).await?, 0, "they may still be live");
    assert_eq!(home.sweep(tomorrow, 0).await?, 0);
    assert_eq!(home.sweep(tomorrow, 15).await?, 15);
    assert_eq!(home.sweep(tomorrow, 100).await?, 25);
    assert_eq!(home.sweep(tomorrow, 100).await?, 0);
    for number in 0..20_u8 {
        // Really gone: not there either for whoever asks about the past.
        assert_eq!(version(&*home, &grant(number)).await?, None);
        assert_eq!(
            version(&*home, &record(&number.to_string())).await?,
            Some(1)
        );
    }
    Ok(())
}

/// Commits and a sweep at the same time: every live row survives, every old one goes, also from
/// the index.
pub async fn a_sweep_goes_on_under_load<S: Store>(home: Arc<S>) -> Passed {
    const OLD: u16 = 600;
    let named = IndexKey::Text("x".to_owned());
    let body = || Sealed {
        index: vec![("name", named.clone())],
        ..Sealed::default()
    };
    let id = |n: u16| Key::Record(RECORDS, n.to_be_bytes().to_vec());
    for part in 0..OLD / 50 {
        let old = |n| put_until(&id(part * 50 + n), Expect::Absent, NOW.plus_s(1), body());
        home.commit(commit((0..50).map(old).collect())?).await?;
    }
    let tomorrow = NOW.plus_s(DAY_S);
    let mut clients = JoinSet::new();
    for number in 0..16_u8 {
        let (home, body) = (Arc::clone(&home), body());
        clients.spawn(async move {
            for generation in 0..40_u64 {
                let expect = match generation {
                    0 => Expect::Absent,
                    n => Expect::Version(n),
                };
                let change = put_until(&grant(number), expect, LATER, body.clone());
                home.commit(commit_at(tomorrow, vec![change])?).await?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        });
    }
    let mut swept = 0;
    while swept < OLD {
        let rows = home.sweep(tomorrow, 70).await?;
        assert!(rows > 0, "{swept} swept");
        swept += rows;
        tokio::task::yield_now().await;
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }
    assert_eq!((swept, home.sweep(tomorrow, 70).await?), (OLD, 0));
    for number in 0..16 {
        assert_eq!(version(&*home, &grant(number)).await?, Some(40));
    }
    let old = home
        .find(RECORDS, "name", &named, Page::first(9), NOW)
        .await?;
    assert!(old.rows.is_empty() && old.next.is_none());
    let live = home.find(GRANTS, "name", &named, Page::first(99), NOW);
    assert_eq!(live.await?.rows.len(), 16);
    Ok(())
}

/// What was spent, swept, and then presented again under a clock that was set back is still spent.
pub async fn a_clock_set_back_does_not_unspend<S: Store>(home: Arc<S>) -> Passed {
    let jti = Key::Once(CODES, [1; 32]);
    let until = NOW.plus_s(60);
    let spend = |key: &Key, until| commit(vec![Change::spend(key.clone(), until)]);
    home.commit(spend(&jti, until)?).await?;
    assert_eq!(home.sweep(NOW.plus_s(2 * DAY_S), 9).await?, 1);
    let conflict = Err(NotCommitted::Conflict(jti.clone()));
    assert_eq!(home.commit(spend(&jti, until)?).await, conflict);

    // What lasts longer than anything swept cannot have been swept.
    let fresh = Key::Once(CODES, [2; 32]);
    home.commit(spend(&fresh, until.plus_s(1))?).await?;
    // A row that expired under the wrong clock and was not swept is live again.
    let row = record("row");
    home.commit(commit(vec![put_until(
        &row,
        Expect::Absent,
        until,
        Sealed::default(),
    )])?)
    .await?;
    assert!(row_at(&*home, &row, until).await?.is_none());
    assert!(row_at(&*home, &row, NOW).await?.is_some());
    Ok(())
}
