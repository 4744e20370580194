//! What goes, and what must not come back.

use super::*;

/// Puts a backup in the place of the database.
fn put_back(dir: &Scratch, backup: &Path) {
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(dir.0.join(format!("{FILE_NAME}{beside}")));
    }
    fs::copy(backup, dir.database()).expect("copies");
}

#[tokio::test]
async fn what_was_spent_or_withdrawn_after_a_backup_does_not_come_back_with_it() {
    let dir = Scratch::new();
    let backup = dir.0.join("backup.sqlite3");
    let home = Embedded::open(&dir.0).expect("opens");
    crate::contract::before_the_backup(&home)
        .await
        .expect("answers");
    Embedded::back_up(&dir.0, &backup, NOW).expect("while the owner runs");
    crate::contract::after_the_backup(&home)
        .await
        .expect("answers");
    drop(home);
    assert_eq!(mode(&backup), 0o600);
    assert!(Embedded::back_up(&dir.0, &backup, NOW).is_err(), "kept");

    put_back(&dir, &backup);
    let refused = Embedded::open(&dir.0).err().expect("refused");
    assert!(
        matches!(refused, OpenError::Backup(taken) if taken == NOW),
        "{refused}"
    );
    assert!(refused.to_string().contains("sluis restore"), "{refused}");
    assert!(Embedded::beside(&dir.0).is_err());
    let epoch = Embedded::restored(&dir.0, &crate::contract::restored()).expect("begins");
    let home = Embedded::open(&dir.0).expect("opens");
    let running = Embedded::restored(&dir.0, &crate::contract::restored()).err();
    assert!(matches!(running, Some(OpenError::Owned(..))), "{running:?}");
    crate::contract::after_the_restoration(&home, &epoch)
        .await
        .expect("answers");
    drop(home);

    put_back(&dir, &backup);
    let outside = Connection::open(dir.database()).expect("opens");
    let refuse = "CREATE TRIGGER full BEFORE INSERT ON epoch BEGIN SELECT RAISE(ABORT, 'no'); END";
    outside.execute_batch(refuse).expect("makes");
    drop(outside);
    assert!(Embedded::restored(&dir.0, &crate::contract::restored()).is_err());
    let untouched = Embedded::open(&dir.0).err();
    assert!(
        matches!(untouched, Some(OpenError::Backup(_))),
        "{untouched:?}"
    );
}

/// Days come and go; the file stays as large as the days that are kept.
#[tokio::test(flavor = "multi_thread")]
async fn the_room_of_destroyed_events_is_used_again() {
    let dir = Scratch::new();
    let home = Embedded::open(&dir.0).expect("opens");
    let mut after_each_day = Vec::new();
    for day in 0..12_u8 {
        let now = NOW.plus_s(u32::from(day) * 86_400);
        for number in 0..20_u8 {
            let who = || Actor::Party("a party with a long name ".repeat(8));
            let events = (0..50).map(|_| Event::granted("test", "daily", who()));
            let mut id = [day; 16];
            id[0] = number;
            let commit = Commit::new(CommitId(id), now, vec![], events.collect());
            home.commit(commit.expect("within bounds"))
                .await
                .expect("commits");
        }
        while home
            .destroy_audit(now, RetentionDays(2))
            .await
            .expect("destroys")
            .more
        {}
        let pages = Connection::open(dir.database()).expect("opens").query_row(
            "PRAGMA page_count",
            [],
            |row| row.get::<_, i64>(0),
        );
        after_each_day.push(pages.expect("counts"));
    }
    assert_eq!(home.audit_gaps().await.expect("reads").len(), 9);
    // From the fourth day on as much goes as comes.
    let (early, late) = (after_each_day[4], after_each_day[11]);
    assert!(late <= early + early / 10, "{after_each_day:?}");
}
