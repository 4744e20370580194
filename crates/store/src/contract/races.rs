//! Many at once: one wins, the others learn it, nothing is half done.

use std::sync::Arc;

use tokio::task::JoinSet;
use verdict::{Change, Expect, Key};

use super::history::History;
use super::load::{self, Load};
use super::{
    CODES, Checker, LATER, NOW, Passed, commit, fresh_id, grant, granted, guard, put, record,
    row_at, version, winners,
};
use crate::{Commit, NotCommitted, Store};

/// 64 requests hold the same code; one redeems it.
pub async fn of_racing_redemptions_one_wins<S: Store>(home: Arc<S>) -> Passed {
    let code = grant(1);
    home.commit(commit(vec![put(&code, Expect::Absent, "code")])?)
        .await?;
    let redeem = |_| {
        let changes = vec![put(&code, Expect::Version(1), "redeemed")];
        Commit::new(fresh_id(), NOW, changes, vec![granted("redeemed")])
    };
    let redemptions = (0..64).map(redeem).collect::<Result<_, _>>()?;
    assert_eq!(winners(&home, redemptions, &code).await?, 1);
    assert_eq!(version(&*home, &code).await?, Some(2));
    assert_eq!(home.audit(0, 100).await?.len(), 1);
    Ok(())
}

/// Logins, refreshes, withdrawals and old tokens of 24 clients on eight people: every answer, read
/// and row agrees with one order of all commits.
pub async fn a_load_leaves_a_history_that_can_be<S: Store>(home: Arc<S>) -> Passed {
    let history = History::default();
    let load = Load {
        tag: 1,
        clients: 24,
        people: 8,
        applied_each: 25,
    };
    load::run(std::slice::from_ref(&home), load, &history.note()).await?;
    load::check(&mut Checker::default(), &*home, &history.take(), 0).await?;
    Ok(())
}

/// 64 requests present the same `jti`; one is the first.
pub async fn a_key_is_spent_once_by_whoever_comes_first<S: Store>(home: Arc<S>) -> Passed {
    let jti = Key::Once(CODES, [7; 32]);
    let spend = || commit(vec![Change::spend(jti.clone(), LATER)]);
    let all = (0..64).map(|_| spend()).collect::<Result<_, _>>()?;
    assert_eq!(winners(&home, all, &jti).await?, 1);
    let again = home.commit(spend()?).await;
    assert_eq!(again, Err(NotCommitted::Conflict(jti)));
    Ok(())
}

/// Two redemptions that arrive together, behind others, so that a home that groups takes both into
/// one group.
pub async fn of_two_redemptions_sent_together_one_wins<S: Store>(home: Arc<S>) -> Passed {
    for round in 0..50_u8 {
        let code = grant(round);
        home.commit(commit(vec![put(&code, Expect::Absent, "code")])?)
            .await?;
        let mut others = JoinSet::new();
        for other in 0..16_u8 {
            let name = format!("other-{round}-{other}");
            let commit = commit(vec![put(&record(&name), Expect::Absent, "")])?;
            let home = Arc::clone(&home);
            others.spawn(async move { home.commit(commit).await });
        }
        let redeem = || commit(vec![put(&code, Expect::Version(1), "redeemed")]);
        let (one, two) = (redeem()?, redeem()?);
        let (one, two) = tokio::join!(home.commit(one), home.commit(two));
        assert!(one.is_ok() != two.is_ok(), "{one:?}, {two:?}");
        while let Some(other) = others.join_next().await {
            // A conflict in one never touches another.
            other??;
        }
    }
    Ok(())
}

/// 16 clients refresh one grant as fast as they can: each generation is used once.
pub async fn of_racing_refreshes_each_generation_has_one_winner<S: Store>(home: Arc<S>) -> Passed {
    let family = grant(3);
    home.commit(commit(vec![put(&family, Expect::Absent, "0")])?)
        .await?;
    let mut clients = JoinSet::new();
    for _ in 0..16 {
        let (home, family) = (Arc::clone(&home), family.clone());
        clients.spawn(async move {
            let mut won = Vec::new();
            for _ in 0..40 {
                let seen = version(&*home, &family).await?.unwrap_or(0);
                let commit = commit(vec![put(&family, Expect::Version(seen), "next")])?;
                match home.commit(commit).await {
                    Ok(()) => won.push(seen),
                    Err(why) => assert_eq!(why, NotCommitted::Conflict(family.clone())),
                }
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(won)
        });
    }
    let mut won = Vec::new();
    while let Some(client) = clients.join_next().await {
        won.extend(client??);
    }
    won.sort_unstable();
    let generations = version(&*home, &family).await?.unwrap_or(0);
    assert_eq!(won, (1..generations).collect::<Vec<u64>>());
    Ok(())
}

/// Issuing guards the consent, so a withdrawal ends it at once: in the audit log no grant comes
/// after the withdrawal.
pub async fn after_a_withdrawal_nothing_is_issued<S: Store>(home: Arc<S>) -> Passed {
    let consent = record("consent");
    home.commit(commit(vec![put(&consent, Expect::Absent, "given")])?)
        .await?;
    let mut issuers = JoinSet::new();
    for number in 0..32_u8 {
        let (home, consent) = (Arc::clone(&home), consent.clone());
        issuers.spawn(async move {
            for generation in 0..20 {
                let expect = match generation {
                    0 => Expect::Absent,
                    n => Expect::Version(n),
                };
                let changes = vec![
                    guard(&consent, Expect::Present),
                    put(&grant(number), expect, "issued"),
                ];
                let commit = Commit::new(fresh_id(), NOW, changes, vec![granted("issued")])?;
                match home.commit(commit).await {
                    Ok(()) => {}
                    Err(NotCommitted::Conflict(key)) if key == consent => break,
                    Err(other) => return Err(other.into()),
                }
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        });
    }
    tokio::task::yield_now().await;
    let withdraw = vec![Change::remove(consent.clone(), 1)];
    let withdraw = Commit::new(fresh_id(), NOW, withdraw, vec![granted("withdrawn")])?;
    home.commit(withdraw).await?;
    let late = commit(vec![
        guard(&consent, Expect::Present),
        put(&grant(99), Expect::Absent, "late"),
    ])?;
    let late = home.commit(late).await;
    assert_eq!(late, Err(NotCommitted::Conflict(consent)));
    while let Some(issuer) = issuers.join_next().await {
        issuer??;
    }
    let log = home.audit(0, 1000).await?;
    assert_eq!(log.last().map(|row| row.what.as_str()), Some("withdrawn"));
    Ok(())
}

/// A conflict on the last row of a commit leaves the first ones as they were.
pub async fn a_commit_of_several_rows_is_all_or_nothing<S: Store>(home: Arc<S>) -> Passed {
    let (new, old, gone) = (record("new"), record("old"), grant(5));
    home.commit(commit(vec![put(&old, Expect::Absent, "as it was")])?)
        .await?;
    let refused = commit(vec![
        put(&new, Expect::Absent, "new"),
        put(&old, Expect::Version(1), "changed"),
        Change::remove(gone.clone(), 1),
    ])?;
    let refused = home.commit(refused).await;
    assert_eq!(refused, Err(NotCommitted::Conflict(gone.clone())));
    assert_eq!(version(&*home, &new).await?, None);
    assert_eq!(version(&*home, &old).await?, Some(1));

    home.commit(commit(vec![
        put(&new, Expect::Absent, "new"),
        put(&old, Expect::Version(1), "changed"),
        put(&gone, Expect::Absent, "there"),
    ])?)
    .await?;
    assert_eq!(version(&*home, &new).await?, Some(1));
    assert_eq!(version(&*home, &old).await?, Some(2));
    assert_eq!(version(&*home, &gone).await?, Some(1));
    Ok(())
}

/// Two rows that are only ever written together are never seen apart.
pub async fn rows_written_together_are_read_together<S: Store>(home: Arc<S>) -> Passed {
    let pair = [grant(1), record("beside")];
    let both = |expect| commit(pair.iter().map(|key| put(key, expect, "")).collect());
    home.commit(both(Expect::Absent)?).await?;
    let writer = {
        let home = Arc::clone(&home);
        let commits = (1..200_u64).map(|n| both(Expect::Version(n)));
        let commits = commits.collect::<Result<Vec<_>, _>>()?;
        tokio::spawn(async move {
            for commit in commits {
                home.commit(commit).await?;
            }
            Ok::<_, NotCommitted>(())
        })
    };
    while !writer.is_finished() {
        let rows = home.get(&pair, NOW).await?;
        let last: Vec<_> = rows.iter().flatten().map(|row| row.last).collect();
        assert!(matches!(last[..], [one, two] if one == two));
    }
    writer.await??;
    assert_eq!(version(&*home, &pair[1]).await?, Some(200));
    Ok(())
}

/// `Keep` with `Present` holds while there is a row, whatever its version.
pub async fn a_present_guard_fails_once_the_row_is_gone<S: Store>(home: Arc<S>) -> Passed {
    let (consent, issued) = (record("consent"), grant(1));
    let issue = |expect| {
        commit(vec![
            Change::guard(consent.clone()),
            put(&issued, expect, "issued"),
        ])
    };
    let none_yet = home.commit(issue(Expect::Absent)?).await;
    assert_eq!(none_yet, Err(NotCommitted::Conflict(consent.clone())));
    home.commit(commit(vec![put(&consent, Expect::Absent, "given")])?)
        .await?;
    home.commit(issue(Expect::Absent)?).await?;
    home.commit(commit(vec![put(&consent, Expect::Version(1), "wider")])?)
        .await?;
    home.commit(issue(Expect::Version(1))?).await?;
    assert_eq!(
        version(&*home, &consent).await?,
        Some(2),
        "guards write nothing"
    );
    home.commit(commit(vec![Change::remove(consent.clone(), 2)])?)
        .await?;
    let too_late = home.commit(issue(Expect::Version(2))?).await;
    assert_eq!(too_late, Err(NotCommitted::Conflict(consent)));
    assert_eq!(version(&*home, &issued).await?, Some(2));
    Ok(())
}

/// `Keep` with `Version` holds while nobody wrote.
pub async fn a_version_guard_fails_once_the_row_was_written<S: Store>(home: Arc<S>) -> Passed {
    let (read, written) = (record("read"), record("written"));
    home.commit(commit(vec![put(&read, Expect::Absent, "1")])?)
        .await?;
    let decide = || {
        commit(vec![
            guard(&read, Expect::Version(1)),
            put(&written, Expect::Absent, "decided on 1"),
        ])
    };
    home.commit(commit(vec![put(&read, Expect::Version(1), "2")])?)
        .await?;
    let stale = home.commit(decide()?).await;
    assert_eq!(stale, Err(NotCommitted::Conflict(read)));
    assert!(row_at(&*home, &written, NOW).await?.is_none());
    Ok(())
}

/// `Keep` with `Absent` holds while there is no row, also when the row comes in the same moment.
pub async fn an_absent_guard_fails_once_the_row_is_there<S: Store>(home: Arc<S>) -> Passed {
    let (objection, issued) = (record("objection"), grant(1));
    let issue = |expect| {
        commit(vec![
            guard(&objection, Expect::Absent),
            put(&issued, expect, "issued"),
        ])
    };
    home.commit(issue(Expect::Absent)?).await?;
    let object = commit(vec![put(&objection, Expect::Absent, "no")])?;
    let next = issue(Expect::Version(1))?;
    let (objected, next) = tokio::join!(home.commit(object), home.commit(next));
    objected?;
    if let Err(why) = next {
        assert_eq!(why, NotCommitted::Conflict(objection.clone()));
    }
    let issued_so_far = version(&*home, &issued).await?.unwrap_or(0);
    let late = home.commit(issue(Expect::Version(issued_so_far))?).await;
    assert_eq!(late, Err(NotCommitted::Conflict(objection)));
    Ok(())
}

/// An unknown outcome is settled by the commit id: whoever sends the commit again gets the same
/// answer, and it is applied once.
pub async fn a_commit_sent_again_is_applied_once<S: Store>(home: Arc<S>) -> Passed {
    let code = grant(1);
    home.commit(commit(vec![put(&code, Expect::Absent, "code")])?)
        .await?;
    let changes = vec![
        put(&code, Expect::Version(1), "redeemed"),
        Change::spend(Key::Once(CODES, [1; 32]), LATER),
    ];
    let redeem = Commit::new(fresh_id(), NOW, changes, vec![granted("redeemed")])?;
    home.commit(redeem.clone()).await?;
    home.commit(redeem.clone()).await?;
    let (one, two) = tokio::join!(home.commit(redeem.clone()), home.commit(redeem.clone()));
    one?;
    two?;
    let row = row_at(&*home, &code, NOW)
        .await?
        .ok_or("the row is there")?;
    assert_eq!((row.version, row.last), (2, redeem.id()));
    assert_eq!(home.audit(0, 10).await?.len(), 1);

    // Somebody else, with another id, did not redeem it.
    let other = commit(vec![put(&code, Expect::Version(1), "redeemed")])?;
    let other = home.commit(other).await;
    assert_eq!(other, Err(NotCommitted::Conflict(code)));
    Ok(())
}
