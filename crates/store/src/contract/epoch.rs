//! A backup is restored: the story in three parts, for the tests of homes that can be backed up.

use verdict::{Change, Expect, IndexKey, Key, Moment, Sealed, Space};

use super::{
    LATER, NOW, Passed, body, commit, commit_at, fresh_id, grant, granted, guard, put, put_until,
    record, row_at,
};
use crate::epoch::epoch_of;
use crate::{Commit, NewEpoch, NotCommitted, Page, Restored, Store};

const CONSENTS: Space = Space("contract.consent");
/// The longest life of a code in this story, in seconds.
const LIFE_S: u32 = 600;
const RESTORED: Moment = NOW.plus_s(1_000);

fn consent() -> Key {
    Key::Record(CONSENTS, b"consent".to_vec())
}

fn code(number: u8) -> Key {
    Key::Once(Space("contract.once"), [number; 32])
}

fn indexed() -> Sealed {
    let index = vec![("client", IndexKey::Text("pgo".to_owned()))];
    Sealed {
        index,
        ..body("consent")
    }
}

/// What the backup holds: a grant and the consent it rests on, a code that was spent, and a record
/// of a kind that is never withdrawn.
pub async fn before_the_backup(home: &impl Store) -> Passed {
    let changes = vec![
        put(&grant(1), Expect::Absent, "first generation"),
        put_until(&consent(), Expect::Absent, LATER, indexed()),
        put(&record("signing key"), Expect::Absent, "public"),
        Change::spend(code(1), LATER),
    ];
    let event = vec![granted("issued")];
    home.commit(Commit::new(fresh_id(), NOW, changes, event)?)
        .await?;
    Ok(())
}

/// What happened after it was taken: a refresh, another code spent, and the consent withdrawn.
pub async fn after_the_backup(home: &impl Store) -> Passed {
    let spent = Change::spend(code(2), NOW.plus_s(LIFE_S + 950));
    let refresh = put(&grant(1), Expect::Version(1), "second generation");
    home.commit(commit(vec![refresh, spent])?).await?;
    let withdrawn = vec![Change::remove(consent(), 1), Change::remove(grant(1), 2)];
    let event = vec![granted("withdrawn")];
    home.commit(Commit::new(fresh_id(), NOW, withdrawn, event)?)
        .await?;
    Ok(())
}

/// What the operator says.
pub fn restored() -> Restored {
    Restored {
        now: RESTORED,
        backup_taken: NOW,
        once_life_s_max: LIFE_S,
        records_kept: vec![record("").space()],
    }
}

/// Nothing that was spent or withdrawn is back, what is new works, and the log goes on under
/// numbers that nobody was told before.
pub async fn after_the_restoration(home: &impl Store, epoch: &NewEpoch) -> Passed {
    let expected = NewEpoch {
        number: 1,
        last_before: 1,
        first: 1 << 40,
        grants_removed: 1,
        once_floor: RESTORED.plus_s(LIFE_S),
        records_removed: vec![(CONSENTS.0.to_owned(), 1)],
        records_kept: vec![("contract.record".to_owned(), 1)],
    };
    assert_eq!(*epoch, expected);
    let now = RESTORED.plus_s(1);
    for gone in [grant(1), consent()] {
        assert_eq!(row_at(home, &gone, now).await?, None);
        let rests_on_it = commit_at(now, vec![guard(&gone, Expect::Present)])?;
        let refused = home.commit(rests_on_it).await;
        assert_eq!(refused, Err(NotCommitted::Conflict(gone)));
    }
    let client = IndexKey::Text("pgo".to_owned());
    let page = Page::first(9);
    let found = home.find(CONSENTS, "client", &client, page, now).await?;
    assert_eq!(found.rows, []);
    let kept = row_at(home, &record("signing key"), now).await?;
    assert_eq!(kept.map(|row| row.version), Some(1));

    // One was spent before the backup, one after it, and one perhaps.
    for number in 1..=3 {
        let until = RESTORED.plus_s(LIFE_S);
        let again = commit_at(now, vec![Change::spend(code(number), until)])?;
        let refused = home.commit(again).await;
        assert_eq!(refused, Err(NotCommitted::Conflict(code(number))));
    }
    let fresh = vec![
        Change::spend(code(4), now.plus_s(LIFE_S)),
        put(&grant(1), Expect::Absent, "logged in again"),
        put_until(&consent(), Expect::Absent, LATER, indexed()),
    ];
    home.commit(Commit::new(fresh_id(), now, fresh, vec![granted("again")])?)
        .await?;

    let log = home.audit(0, 9).await?;
    let told: Vec<_> = log.iter().map(|row| (row.seq, row.what.as_str())).collect();
    let (first, restored) = (1 << 40, "backup restored: new epoch");
    assert_eq!(
        told,
        [(1, "issued"), (first, restored), (first + 1, "again")]
    );
    assert_eq!((epoch_of(1), epoch_of(first + 1)), (0, 1));
    assert_eq!(log[1].moment, RESTORED);
    Ok(())
}
