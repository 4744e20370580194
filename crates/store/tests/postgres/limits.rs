//! Too much at once, and what cannot be stored.

use std::sync::Arc;
use std::time::Duration;

use store::postgres::Activity;
use store::{Commit, Down, NotCommitted, Store};
use tokio::task::JoinSet;
use tokio::time::sleep;
use verdict::{Actor, Change, Event, Expect};

use super::cluster::Result;
use super::database::Database;
use super::{NOW, commit, event, id, logged, put, record, version};

async fn all_at_once<S: Store>(
    home: &Arc<S>,
    commits: impl IntoIterator<Item = Commit>,
) -> Vec<std::result::Result<(), NotCommitted>> {
    let mut tasks = JoinSet::new();
    for commit in commits {
        let home = Arc::clone(home);
        tasks.spawn(async move { home.commit(commit).await });
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_wait_together_share_a_transaction() -> Result<()> {
    let database = Database::fresh().await?;
    let home = Arc::new(database.node().await?);
    let commits =
        (0..256).map(|n| commit(id(1, n), vec![put(record(&n.to_string()), Expect::Absent)]));
    let answers = all_at_once(&home, commits).await;
    assert!(answers.iter().all(std::result::Result::is_ok));
    let Activity { commits, groups } = home.activity();
    assert_eq!(commits, 256);
    assert!(groups < 128, "{groups} groups");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_instead_of_growing() -> Result<()> {
    let database = Database::fresh().await?;
    let home = Arc::new(database.node().await?);
    let outside = database.outside().await?;
    let hold = "BEGIN; SELECT * FROM fact WHERE name = 'audit_seq' FOR UPDATE";
    outside.batch_execute(hold).await?;
    let waiting = tokio::spawn({
        let home = Arc::clone(&home);
        async move { all_at_once(&home, (0..6_000).map(|n| commit(id(1, n), vec![]))).await }
    });
    sleep(Duration::from_millis(500)).await;
    outside.batch_execute("ROLLBACK").await?;
    let answers = waiting.await?;
    let busy = Err(NotCommitted::Busy { retry_after_s: 1 });
    let kept = answers.iter().filter(|answer| answer.is_ok()).count();
    let refused = answers.iter().filter(|answer| **answer == busy).count();
    assert_eq!(kept + refused, 6_000);
    assert!(refused > 0 && kept >= 4_096, "{kept} kept");
    assert_eq!(logged(&*home).await?.len(), kept);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_too_long_for_a_row_is_told_to_try_again() -> Result<()> {
    let database = Database::fresh().await?;
    let home = Arc::new(database.node().await?);
    let outside = database.outside().await?;
    outside
        .batch_execute("BEGIN; SELECT * FROM slot FOR UPDATE")
        .await?;
    let write = commit(id(1, 0), vec![put(record("a"), Expect::Absent)]);
    let busy = home.commit(write.clone()).await;
    assert_eq!(busy, Err(NotCommitted::Busy { retry_after_s: 1 }));
    outside.batch_execute("ROLLBACK").await?;
    home.commit(write).await?;
    assert_eq!(logged(&*home).await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_sql_refuses_does_not_take_its_group_along() -> Result<()> {
    let database = Database::fresh().await?;
    let home = Arc::new(database.node().await?);
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
                  AS $$ BEGIN RAISE EXCEPTION 'refused by the test'; END $$;
                  CREATE TRIGGER refuse BEFORE INSERT ON records FOR EACH ROW
                  WHEN (NEW.id = 'bad') EXECUTE FUNCTION refuse();";
    database.outside().await?.batch_execute(refuse).await?;
    let name = |n: u64| {
        if n == 20 {
            "bad".to_owned()
        } else {
            n.to_string()
        }
    };
    let commits = (0..40).map(|n| commit(id(1, n), vec![put(record(&name(n)), Expect::Absent)]));
    let answers = all_at_once(&home, commits).await;
    let down = answers
        .iter()
        .filter(|answer| **answer == Err(NotCommitted::Down));
    assert_eq!(down.count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 39);
    assert_eq!(
        logged(&*home).await?.len(),
        39,
        "no event of what was not stored"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_row_is_told_and_touches_nobody_else() -> Result<()> {
    let database = Database::fresh().await?;
    let home = database.node().await?;
    for (number, name) in (0..).zip(["damaged", "sound"]) {
        home.commit(commit(
            id(1, number),
            vec![put(record(name), Expect::Absent)],
        ))
        .await?;
    }
    let damage = "UPDATE records SET last = '\\x00' WHERE id = 'damaged'";
    database.outside().await?.batch_execute(damage).await?;
    assert_eq!(home.get(&[record("damaged")], NOW).await, Err(Down));
    let write = commit(id(1, 2), vec![Change::remove(record("damaged"), 1)]);
    assert_eq!(home.commit(write).await, Err(NotCommitted::Down));
    assert_eq!(version(&home, &record("sound")).await?, Some(1));
    home.commit(commit(id(1, 3), vec![put(record("next"), Expect::Absent)]))
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_append_only_and_keeps_any_name() -> Result<()> {
    let database = Database::fresh().await?;
    let home = database.node().await?;
    let who = Actor::Party("a\0b\\0\\".to_owned());
    let odd = Event::refused("test", "odd", who.clone());
    home.commit(Commit::new(id(1, 0), NOW, vec![], vec![odd, event()])?)
        .await?;
    let log = logged(&home).await?;
    assert_eq!(log[0].who, who);
    let outside = database.outside().await?;
    let changed = outside
        .batch_execute("UPDATE audit SET outcome = 'granted'")
        .await;
    let why = changed.err().ok_or("it was changed")?;
    let told = why.as_db_error().ok_or("by the database")?;
    assert!(told.message().contains("never changed"), "{told}");
    Ok(())
}
