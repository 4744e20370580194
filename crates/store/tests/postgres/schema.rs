//! Opening: which databases are taken, and what is said of the others.

use std::sync::Arc;
use std::time::Duration;

use store::postgres::{Durability, OpenError, Postgres, Settings, SynchronousCommit};
use store::{NotCommitted, SchemaStanding, Store};
use tokio::task::JoinSet;
use tokio::time::sleep;
use verdict::Expect;

use super::cluster::Result;
use super::database::Database;
use super::{commit, id, put, record};

async fn refused(address: &str, settings: Settings) -> Result<OpenError> {
    let refused = Postgres::open(address, settings).await.err();
    Ok(refused.ok_or("it was opened")?)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_is_refused_with_the_command_that_helps() -> Result<()> {
    let database = Database::empty().await?;
    let refused = refused(&database.address(), Settings::default()).await?;
    assert!(
        matches!(refused, OpenError::NotMigrated { found: 0, .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("sluis migrate"), "{refused}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_migrate_at_once_make_one_schema() -> Result<()> {
    let database = Database::empty().await?;
    let mut nodes = JoinSet::new();
    for _ in 0..5 {
        let address = database.address();
        nodes.spawn(async move { Postgres::migrate(&address).await });
    }
    while let Some(node) = nodes.join_next().await {
        node??;
    }
    assert_eq!(
        database
            .number("SELECT count(*) FROM schema_version WHERE version > 0")
            .await?,
        4
    );
    assert_eq!(database.number("SELECT count(*) FROM slot").await?, 65_536);
    let home = database.node().await?;
    home.commit(commit(id(1, 0), vec![put(record("a"), Expect::Absent)]))
        .await?;
    Postgres::migrate(&database.address()).await?;
    assert_eq!(
        home.audit(0, 9).await?.len(),
        1,
        "migrating again changes nothing"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_taken_as_long_as_it_serves_this_program() -> Result<()> {
    let database = Database::fresh().await?;
    let outside = database.outside().await?;
    let expand = "INSERT INTO schema_version (version, serves, name) VALUES (1000, 1, 'expand')";
    outside.batch_execute(expand).await?;
    let home = database.node().await?;
    let contract = "INSERT INTO schema_version (version, serves, name)
                    VALUES (1001, 1000, 'contract')";
    outside.batch_execute(contract).await?;
    let refused = refused(&database.address(), Settings::default()).await?;
    assert!(
        matches!(refused, OpenError::Newer { found: 1001, .. }),
        "{refused}"
    );
    let too_old = Postgres::migrate(&database.address()).await.err();
    assert!(
        matches!(too_old, Some(OpenError::Newer { .. })),
        "{too_old:?}"
    );

    // A node that runs finds out when it next connects, and says so for good.
    assert!(!home.is_down());
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'sluis'";
    outside.batch_execute(end).await?;
    let answer = home.commit(commit(id(1, 0), vec![])).await;
    assert_eq!(answer, Err(NotCommitted::Down));
    assert!(home.is_down());
    assert!(home.get(&[record("a")], super::NOW).await.is_err());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgets_is_refused_unless_that_is_meant() -> Result<()> {
    let database = Database::alone().await?;
    let outside = database.outside().await?;
    let name = &database.name;
    let as_it_is = Settings {
        durability: Durability::AsTheServerHas,
        ..Settings::default()
    };
    for value in ["off", "local", "remote_write"] {
        let set = format!("ALTER DATABASE {name} SET synchronous_commit = {value}");
        outside.batch_execute(&set).await?;
        let refused = refused(&database.address(), Settings::default()).await?;
        let why = refused.to_string();
        assert!(
            why.contains(&format!("synchronous_commit = {value}")),
            "{why}"
        );
        drop(Postgres::open(&database.address(), as_it_is).await?);
    }
    let reset = format!("ALTER DATABASE {name} RESET synchronous_commit");
    outside.batch_execute(&reset).await?;
    drop(database.node().await?);
    for setting in ["fsync", "full_page_writes"] {
        outside
            .batch_execute(&format!("ALTER SYSTEM SET {setting} = off"))
            .await?;
        outside.batch_execute("SELECT pg_reload_conf()").await?;
        sleep(Duration::from_millis(300)).await;
        let refused = refused(&database.address(), Settings::default()).await?;
        assert!(
            matches!(refused, OpenError::Forgetful(name, _) if name == setting),
            "{refused}"
        );
        outside
            .batch_execute(&format!("ALTER SYSTEM RESET {setting}"))
            .await?;
        outside.batch_execute("SELECT pg_reload_conf()").await?;
        sleep(Duration::from_millis(300)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_told_at_once_and_by_its_own_words() -> Result<()> {
    let database = Database::fresh().await?;
    let nowhere = "host=/nowhere user=sluis dbname=x";
    let why = refused(nowhere, Settings::default()).await?.to_string();
    assert!(why.contains("No such file"), "{why}");
    let other = database.cluster.address("no_such_database");
    let why = refused(&other, Settings::default()).await?.to_string();
    assert!(why.contains("no_such_database"), "{why}");
    Ok(())
}

/// Writers go on while the audit log gets a partition for each of the coming days; an event of a
/// day without one is kept all the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_has_a_partition_for_each_day_to_come() -> Result<()> {
    let database = Database::fresh().await?;
    let home = Arc::new(database.node().await?);
    home.commit(commit(id(1, 0), vec![])).await?;
    let tomorrow = super::NOW.plus_s(86_400);
    let mut clients = JoinSet::new();
    for client in 2..10 {
        let home = Arc::clone(&home);
        clients.spawn(async move {
            for number in 0..40 {
                let event = vec![super::event()];
                home.commit(store::Commit::new(
                    id(client, number),
                    tomorrow,
                    vec![],
                    event,
                )?)
                .await?;
            }
            Result::Ok(())
        });
    }
    let other = database.node().await?;
    let today = super::NOW.minus_s(2 * 86_400);
    let (one, two) = tokio::join!(home.sweep(today, 9), other.sweep(today, 9));
    assert_eq!((one?, two?), (0, 0));
    while let Some(client) = clients.join_next().await {
        client??;
    }
    home.commit(store::Commit::new(
        id(99, 0),
        super::NOW.plus_s(4 * 86_400),
        vec![],
        vec![super::event()],
    )?)
    .await?;
    let parts = |which: &str| {
        format!(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'audit'::regclass
             AND inhrelid::regclass::text {which} 'audit_1970%'"
        )
    };
    // A day whose events were kept elsewhere before keeps them there.
    assert!((5..=8).contains(&database.number(&parts("LIKE")).await?));
    // The migration made those from the server's own day on, and there is one for all other days.
    assert_eq!(database.number(&parts("NOT LIKE")).await?, 9);
    assert_eq!(super::logged(&*home).await?.len(), 1 + 8 * 40 + 1);
    let named = "SELECT count(*) FROM audit_1970_01_16";
    assert_eq!(database.number(named).await?, 1);
    Ok(())
}

/// Two roles keep their rows in one database, and neither meets the other's: not its rows, its
/// locks, its audit numbers or its partitions.
#[tokio::test(flavor = "multi_thread")]
async fn roles_that_share_a_database_have_a_schema_each() -> Result<()> {
    let database = Database::empty().await?;
    let address = |role: &str| format!("{} schema={role}", database.address());
    let early = refused(&address("mitz"), Settings::default()).await?;
    assert!(
        matches!(early, OpenError::NotMigrated { found: 0, .. }),
        "{early}"
    );
    let mut both = Vec::new();
    for role in ["mitz", "dva"] {
        let (one, two) = (address(role), address(role));
        let nodes = tokio::join!(Postgres::migrate(&one), Postgres::migrate(&two));
        nodes.0?;
        nodes.1?;
        both.push(Postgres::open(&address(role), Settings::default()).await?);
    }
    for (number, home) in (1..).zip(&both) {
        let same_row = vec![put(record("a"), Expect::Absent)];
        home.commit(commit(id(number, 0), same_row)).await?;
        home.sweep(super::NOW, 9).await?;
        let log = super::logged(home).await?;
        assert_eq!(log.len(), 1);
        assert_eq!(log[0].commit, id(number, 0));
    }
    let tables = "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p')
                  AND relnamespace = 'public'::regnamespace";
    assert_eq!(database.number(tables).await?, 0, "nothing in public");
    let days = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'dva.audit'::regclass";
    assert!(database.number(days).await? >= 8);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inspection_tells_what_the_server_promises_and_what_its_clock_says() -> Result<()> {
    let database = Database::empty().await?;
    let address = database.address();
    let theirs = "SELECT floor(extract(epoch FROM clock_timestamp()))::int8";
    let now = verdict::Moment::from_unix(database.number(theirs).await?);
    let found = Postgres::inspect(&address, || now.minus_s(120)).await?;
    assert_eq!(found.schema.standing(), SchemaStanding::Behind);
    assert_eq!((found.schema.found, &*found.schema_name), (0, "public"));
    assert!((120..=125).contains(&found.clock_ahead_s), "{found:?}");
    assert!(found.is_durable() && found.standbys.is_empty());
    assert!(found.version.major() >= 13 && found.bytes > 0);
    assert_eq!(found.connections_max, 100);
    Postgres::migrate(&address).await?;
    let name = &database.name;
    let set = format!("ALTER DATABASE {name} SET synchronous_commit = local");
    database.outside().await?.batch_execute(&set).await?;
    let found = Postgres::inspect(&address, || now.plus_s(3_600)).await?;
    assert_eq!(found.schema.standing(), SchemaStanding::Fits);
    assert_eq!(found.synchronous_commit, SynchronousCommit::Local);
    assert!(!found.is_durable());
    assert!((-3_600..-3_500).contains(&found.clock_ahead_s), "{found:?}");
    Ok(())
}
