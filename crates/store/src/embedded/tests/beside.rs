//! A second process, and a look from outside.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn of_a_race_between_the_owner_and_a_command_beside_it_one_wins() {
    let dir = Scratch::new();
    let owner = Arc::new(Embedded::open(&dir.0).expect("opens"));
    let beside = Arc::new(Embedded::beside(&dir.0).expect("opens beside it"));
    let (mut won, mut by_owner) = (0, 0);
    for round in 0..40_u8 {
        let (one, other) = tokio::join!(
            owner.commit(insert(2 * round, &round.to_string())),
            beside.commit(insert(2 * round + 1, &round.to_string())),
        );
        won += usize::from(one.is_ok()) + usize::from(other.is_ok());
        by_owner += usize::from(one.is_ok());
        for answer in [one, other] {
            let conflict = Err(NotCommitted::Conflict(record(&round.to_string())));
            assert!(answer == Ok(()) || answer == conflict, "{answer:?}");
        }
    }
    assert_eq!(won, 40, "{by_owner} by the owner");
    let log = owner.audit(0, 100).await.expect("reads");
    let numbers: Vec<u64> = log.iter().map(|row| row.seq).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    assert_eq!(beside.audit(0, 100).await.expect("reads"), log);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_beside_a_busy_owner_gets_its_turn() {
    let dir = Scratch::new();
    let owner = Arc::new(Embedded::open(&dir.0).expect("opens"));
    let busy = Arc::clone(&owner);
    let load = tokio::spawn(async move {
        for round in 0..=u8::MAX {
            let commits = (0..200).map(|n| {
                let id = CommitId([round, n, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                let event = Event::granted("test", "load", Actor::Unknown);
                Commit::new(id, NOW, vec![], vec![event]).expect("within bounds")
            });
            all_at_once(&busy, commits).await;
        }
    });
    let beside = Embedded::beside(&dir.0).expect("opens beside it");
    for number in 0..5 {
        let answer = beside.commit(insert(number, &number.to_string())).await;
        assert_eq!(answer, Ok(()), "commit {number}");
        let seen = owner.get(&[record(&number.to_string())], NOW).await;
        assert!(seen.expect("reads")[0].is_some(), "the owner sees it");
    }
    assert!(!load.is_finished(), "the owner was busy all the while");
    load.abort();
}

/// What was swept beside the owner is spent for the owner too, also when the clock is set back.
#[tokio::test]
async fn what_a_command_swept_stays_spent_for_the_owner() {
    let dir = Scratch::new();
    let owner = Embedded::open(&dir.0).expect("opens");
    let jti = Key::Once(Space("test.once"), [7; 32]);
    let spend = |number: u8| {
        let change = vec![Change::spend(jti.clone(), NOW.plus_s(60))];
        Commit::new(CommitId([number; 16]), NOW, change, vec![]).expect("within bounds")
    };
    owner.commit(spend(1)).await.expect("commits");
    let beside = Embedded::beside(&dir.0).expect("opens beside it");
    assert_eq!(beside.sweep(NOW.plus_s(200_000), 9).await, Ok(1));
    let again = owner.commit(spend(2)).await;
    assert_eq!(again, Err(NotCommitted::Conflict(jti)));
}

#[test]
fn a_command_makes_and_migrates_nothing() {
    let dir = Scratch::new();
    let missing = Embedded::beside(&dir.0).err().expect("refused");
    assert!(matches!(missing, OpenError::NotThere(_)), "{missing}");
    assert!(!dir.0.exists());
    drop(Embedded::open(&dir.0).expect("makes it"));
    let older = Connection::open(dir.database()).expect("opens");
    older
        .execute("DELETE FROM schema_version", [])
        .expect("as before the first step");
    let behind = Embedded::beside(&dir.0).err().expect("refused");
    assert!(
        matches!(behind, OpenError::NotMigrated { found: 0, .. }),
        "{behind}"
    );
}

#[test]
fn an_inspection_tells_the_schema_and_the_room_that_is_left() {
    let dir = Scratch::new();
    fs::create_dir_all(&dir.0).expect("makes");
    let before = Embedded::inspect(&dir.0).expect("inspects");
    assert_eq!((before.schema.found, before.bytes), (0, 0));
    assert!(before.bytes_free > 0);
    assert!(!dir.database().exists(), "it only looks");
    let home = Embedded::open(&dir.0).expect("opens");
    let during = Embedded::inspect(&dir.0).expect("beside the owner");
    assert_eq!(during.schema.standing(), crate::SchemaStanding::Fits);
    assert!(during.bytes > 4096, "{} bytes", during.bytes);
    drop(home);
    let nowhere = Embedded::inspect(&dir.0.join("nowhere")).expect_err("refused");
    assert!(nowhere.to_string().contains("nowhere"), "{nowhere}");
}
