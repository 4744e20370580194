//! A database of a test.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use store::postgres::{Postgres, Settings};
use tokio_postgres::Client;

use super::cluster::{Cluster, READY_STEPS, Result, TEMPLATE, client, scratch};

/// A database with the schema, of one test.
pub(crate) struct Database {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) name: String,
}

impl Database {
    /// On the server that the tests of this process share.
    pub(crate) async fn fresh() -> Result<Self> {
        Self::on(Cluster::shared()?, TEMPLATE).await
    }

    /// On a server of the test's own, which it may maltreat.
    pub(crate) async fn alone() -> Result<Self> {
        Self::on(Arc::new(Cluster::start(&scratch())?), TEMPLATE).await
    }

    /// Without a schema.
    pub(crate) async fn empty() -> Result<Self> {
        Self::on(Cluster::shared()?, "template0").await
    }

    pub(crate) async fn on(cluster: Arc<Cluster>, template: &str) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let admin = client(&cluster.address("postgres")).await?;
        admin
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .await?;
        Ok(Self { cluster, name })
    }

    pub(crate) fn address(&self) -> String {
        self.cluster.address(&self.name)
    }

    /// One more node on this database.
    pub(crate) async fn node(&self) -> Result<Postgres> {
        Ok(Postgres::open(&self.address(), Settings::default()).await?)
    }

    /// Waits until no more than so many connections of nodes are left.
    pub(crate) async fn quiet(&self, left: i64) -> Result<()> {
        let admin = client(&self.cluster.address("postgres")).await?;
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1";
        for _ in 0..READY_STEPS {
            let row = admin.query_one(others, &[&self.name]).await?;
            if row.get::<_, i64>(0) <= left {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("somebody is still connected".into())
    }

    /// A shell of the operator.
    pub(crate) async fn outside(&self) -> Result<Client> {
        client(&self.address()).await
    }

    /// The first number that a query of the operator gives.
    pub(crate) async fn number(&self, sql: &str) -> Result<i64> {
        Ok(self.outside().await?.query_one(sql, &[]).await?.get(0))
    }
}
