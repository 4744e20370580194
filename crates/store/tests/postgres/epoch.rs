//! A backup is restored.

use store::contract;
use store::postgres::{Postgres, Settings};

use super::cluster::Result;
use super::database::Database;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_spent_or_withdrawn_after_a_backup_does_not_come_back_with_it() -> Result<()> {
    let database = Database::alone().await?;
    let home = database.node().await?;
    contract::before_the_backup(&home).await?;
    drop(home);
    database.quiet(0).await?;
    let backup = Database::on(database.cluster.clone(), &database.name).await?;
    let home = database.node().await?;
    contract::after_the_backup(&home).await?;

    let address = backup.address();
    let epoch = Postgres::restored(&address, &contract::restored()).await?;
    let home = Postgres::open(&address, Settings::default()).await?;
    contract::after_the_restoration(&home, &epoch).await?;
    drop(home);
    let again = Postgres::restored(&address, &contract::restored()).await?;
    assert_eq!((again.number, again.last_before), (2, (1 << 40) + 1));
    assert_eq!(again.first, 2 << 40);
    Ok(())
}

/// It is one transaction: whoever begins an epoch and does not end it has changed nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_that_cannot_begin_changes_nothing() -> Result<()> {
    let database = Database::fresh().await?;
    let home = database.node().await?;
    contract::before_the_backup(&home).await?;
    let outside = database.outside().await?;
    outside
        .batch_execute("ALTER TABLE epoch ADD CHECK (number > 1)")
        .await?;
    let failed = Postgres::restored(&database.address(), &contract::restored()).await;
    assert!(failed.is_err());
    for (rows, table) in [(1, "grants"), (2, "records"), (1, "audit"), (1, "lookup")] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(database.number(&count).await?, rows, "{table}");
    }
    Ok(())
}
