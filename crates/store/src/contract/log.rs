//! The audit log.

use std::sync::Arc;

use verdict::{Actor, Event, Expect, Outcome, PersonTag};

use super::{NOW, Passed, commit, fresh_id, granted, put, record};
use crate::{AuditGap, AuditRow, Commit, NotCommitted, RetentionDays, Store};

/// Events become durable with the changes they tell of; a conflict leaves none. Every member comes
/// back.
pub async fn events_are_kept_with_their_commit_and_only_then<S: Store>(home: Arc<S>) -> Passed {
    let row = record("row");
    let whose = PersonTag {
        key_id: 3,
        tag: [0xa5; 32],
    };
    let events = vec![
        Event::granted("RFC 6749 §4.1.2", "code issued", Actor::Person)
            .about(whose)
            .with("service", "a service, \"é\" and \0")
            .with("transaction", "7"),
        Event::refused(
            "seed 000 step 9",
            "scope",
            Actor::Party("pgo.localhost".to_owned()),
        ),
        Event::refused("RFC 6749 §5.2", "nobody", Actor::Unknown),
    ];
    let changes = || vec![put(&row, Expect::Absent, "")];
    let kept = Commit::new(fresh_id(), NOW, changes(), events.clone())?.traced([0xc7; 16]);
    let lost = Commit::new(fresh_id(), NOW, changes(), vec![granted("never")])?;
    home.commit(kept.clone()).await?;
    let conflict = home.commit(lost).await;
    assert_eq!(conflict, Err(NotCommitted::Conflict(row)));
    // Most refusals: an event and no change.
    let alone = vec![Event::refused("mitz case 13", "replay", Actor::Unknown)];
    home.commit(Commit::new(fresh_id(), NOW, vec![], alone)?)
        .await?;

    let log = home.audit(0, 100).await?;
    assert_eq!(log.len(), 4);
    assert_eq!((log[3].what.as_str(), log[3].trace), ("replay", None));
    for (seq, (row, event)) in (log[0].seq..).zip(log.iter().zip(events)) {
        let expected = AuditRow {
            seq,
            moment: NOW,
            requirement: event.requirement.to_owned(),
            what: event.what.to_owned(),
            outcome: event.outcome,
            who: event.who,
            whose: event.whose,
            details: crate::columns::owned(&event.details),
            commit: kept.id(),
            trace: Some([0xc7; 16]),
        };
        assert_eq!(*row, expected);
    }
    assert_eq!(log[1].outcome, Outcome::Refused);
    Ok(())
}

/// `after` is where the last answer ended; the log goes on from there.
pub async fn the_audit_log_is_read_in_order_and_in_parts<S: Store>(home: Arc<S>) -> Passed {
    const EVENTS: [&str; 5] = ["one", "two", "three", "four", "five"];
    for what in EVENTS {
        let event = vec![granted(what)];
        home.commit(Commit::new(fresh_id(), NOW, vec![], event)?)
            .await?;
    }
    home.commit(commit(vec![])?).await?;
    let mut read = Vec::new();
    let mut after = 0;
    for rows in [2, 2, 1, 0] {
        let part = home.audit(after, 2).await?;
        assert_eq!(part.len(), rows);
        assert!(part.iter().all(|row| row.seq > after));
        after = part.last().map_or(after, |row| row.seq);
        read.extend(part.into_iter().map(|row| row.what));
    }
    assert_eq!(read, EVENTS);
    Ok(())
}

/// Whole days go, the newest event's number is never given again, and whoever finds a number
/// missing finds out why. Days that the home made room for and days that it did not go alike.
pub async fn audit_events_go_after_their_retention_and_leave_their_numbers_explained<S: Store>(
    home: Arc<S>,
) -> Passed {
    const DAY_S: u32 = 86_400;
    const KEPT: RetentionDays = RetentionDays(2);
    let day = NOW.day();
    // The first two days find no room made for them; the sweep makes it for those that follow.
    for number in 0..6 {
        let now = NOW.plus_s(number * DAY_S);
        if number == 2 {
            home.sweep(now, 10).await?;
        }
        for _ in 0..3 {
            let event = vec![granted("daily")];
            home.commit(Commit::new(fresh_id(), now, vec![], event)?)
                .await?;
        }
    }
    assert_eq!(home.audit_gaps().await?, []);
    let last_day = NOW.plus_s(5 * DAY_S);
    let mut destroyed = 0;
    for _ in 0..20 {
        let part = home.destroy_audit(last_day, KEPT).await?;
        destroyed += part.events;
        if !part.more {
            break;
        }
    }
    assert_eq!(destroyed, 9, "three days of six");
    let again = home.destroy_audit(last_day, KEPT).await?;
    assert_eq!((again.events, again.more), (0, false));
    let gap = |number: u8| AuditGap {
        day: day + i64::from(number),
        first: u64::from(number) * 3 + 1,
        last: u64::from(number) * 3 + 3,
        count: 3,
    };
    assert_eq!(home.audit_gaps().await?, [gap(0), gap(1), gap(2)]);
    let log = home.audit(0, 100).await?;
    let numbers: Vec<u64> = log.iter().map(|row| row.seq).collect();
    assert_eq!(numbers, (10..=18).collect::<Vec<_>>());
    // An event that comes late for a day that is gone goes too, and is added to what is told.
    let late = vec![granted("late")];
    home.commit(Commit::new(fresh_id(), NOW, vec![], late)?)
        .await?;
    let next = vec![granted("next")];
    home.commit(Commit::new(fresh_id(), last_day, vec![], next)?)
        .await?;
    assert_eq!(home.audit(18, 9).await?.len(), 2);
    while home.destroy_audit(last_day, KEPT).await?.more {}
    let added = AuditGap {
        last: 19,
        count: 4,
        ..gap(0)
    };
    assert_eq!(home.audit_gaps().await?, [added, gap(1), gap(2)]);
    assert_eq!(home.audit(18, 9).await?.len(), 1);
    Ok(())
}
