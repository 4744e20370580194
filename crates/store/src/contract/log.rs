//! The audit log.

use std::sync::Arc;

use verdict::{Actor, Event, Expect, Outcome, PersonTag};

use super::{NOW, Passed, commit, fresh_id, granted, put, record};
use crate::{AuditRow, Commit, NotCommitted, Store};

/// Events become durable with the changes they tell of; a conflict leaves none. Every member comes
/// back.
pub async fn events_are_kept_with_their_commit_and_only_then<S: Store>(home: Arc<S>) -> Passed {
    let row = record("row");
    let whose = PersonTag {
        key_id: 3,
        tag: [0xa5; 32],
    };
    let events = vec![
        Event::granted("RFC 6749 §4.1.2", "code issued", Actor::Person).about(whose),
        Event::refused(
            "seed 000 step 9",
            "scope",
            Actor::Party("pgo.localhost".to_owned()),
        ),
        Event::refused("RFC 6749 §5.2", "nobody", Actor::Unknown),
    ];
    let changes = || vec![put(&row, Expect::Absent, "")];
    let kept = Commit::new(fresh_id(), NOW, changes(), events.clone())?;
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
    assert_eq!(log[3].what, "replay");
    for (seq, (row, event)) in (log[0].seq..).zip(log.iter().zip(events)) {
        let expected = AuditRow {
            seq,
            moment: NOW,
            requirement: event.requirement.to_owned(),
            what: event.what.to_owned(),
            outcome: event.outcome,
            who: event.who,
            whose: event.whose,
            commit: kept.id(),
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
