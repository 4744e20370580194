//! What a server is and promises.

use std::fmt;

use tokio_postgres::Client;
use verdict::Moment;

use super::address::SchemaName;
use super::rows::get;
use super::schema;
use super::session::Fault;
use crate::inspection::Schema;

/// What [`super::Postgres::inspect`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The server's program.
    pub version: ServerVersion,
    /// The name of the schema that the address says.
    pub schema_name: String,
    /// Whether it is there and is this program's.
    pub schema: Schema,
    /// How often a backup was restored: the present epoch.
    pub epoch: u32,
    /// Whether a commit waits for the disk at all.
    pub fsync: bool,
    /// Whether a page that a crash tore can be mended.
    pub full_page_writes: bool,
    /// What a commit of this user in this database waits for.
    pub synchronous_commit: SynchronousCommit,
    /// The standbys that a commit waits for (`synchronous_standby_names`); empty for none.
    pub standbys: String,
    /// How far the server's clock is ahead of ours, in seconds; negative when it is behind.
    pub clock_ahead_s: i64,
    /// Connections that the server takes in all; a node needs `writers + readers + 1` of them.
    pub connections_max: u32,
    /// The size of the whole database, in bytes.
    pub bytes: u64,
}

impl Inspection {
    /// Whether the server keeps what it answered. [`super::Postgres::open`] refuses one that does
    /// not, unless that is meant.
    pub const fn is_durable(&self) -> bool {
        let waits = matches!(
            self.synchronous_commit,
            SynchronousCommit::On | SynchronousCommit::RemoteApply
        );
        self.fsync && self.full_page_writes && waits
    }

    pub(super) async fn of(
        client: &Client,
        name: &SchemaName,
        clock: impl Fn() -> Moment,
    ) -> Result<Self, Fault> {
        const ASK: &str = "
            SELECT current_setting('server_version_num')::int8, current_setting('fsync'),
                   current_setting('full_page_writes'), current_setting('synchronous_commit'),
                   current_setting('synchronous_standby_names'),
                   current_setting('max_connections')::int8,
                   pg_database_size(current_database()),
                   floor(extract(epoch FROM clock_timestamp()))::int8";
        let row = client.query_one(ASK, &[]).await?;
        let ours = clock();
        let text = |column, name| get::<String>(&row, column, "pg_settings", name);
        let number = |column, name| {
            let number = get::<i64>(&row, column, "pg_settings", name)?;
            u64::try_from(number).map_err(|_| Fault::Missing(name))
        };
        let small =
            |column, name| u32::try_from(number(column, name)?).map_err(|_| Fault::Missing(name));
        let schema = schema::found(client).await?;
        let theirs = get::<i64>(&row, 7, "pg_settings", "clock_timestamp")?;
        Ok(Self {
            version: ServerVersion(small(0, "server_version_num")?),
            schema_name: name.as_str().to_owned(),
            epoch: epoch(client, schema).await?,
            schema,
            fsync: text(1, "fsync")? == "on",
            full_page_writes: text(2, "full_page_writes")? == "on",
            synchronous_commit: SynchronousCommit::read(&text(3, "synchronous_commit")?)?,
            standbys: text(4, "synchronous_standby_names")?,
            clock_ahead_s: theirs.saturating_sub(ours.unix()),
            connections_max: small(5, "max_connections")?,
            bytes: number(6, "pg_database_size")?,
        })
    }
}

/// The present epoch; 0 before any backup was restored, and in a schema that knows of none.
async fn epoch(client: &Client, schema: Schema) -> Result<u32, Fault> {
    if schema.found < schema::EPOCHS_SINCE {
        return Ok(0);
    }
    let newest = "SELECT coalesce(max(number), 0) FROM epoch";
    let number = get::<i64>(&client.query_one(newest, &[]).await?, 0, "epoch", "number")?;
    u32::try_from(number).map_err(|_| Fault::Missing("number of its epoch"))
}

/// A server's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion(u32);

impl ServerVersion {
    /// 17 for 17.2.
    pub const fn major(self) -> u32 {
        self.0 / 10_000
    }

    /// 2 for 17.2.
    pub const fn minor(self) -> u32 {
        self.0 % 10_000
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major(), self.minor())
    }
}

/// What a commit waits for before it is answered: the setting of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SynchronousCommit {
    /// Nothing: a crash loses what was answered.
    Off,
    /// The server's own disk: a standby that takes over may not have it.
    Local,
    /// A standby that has it in memory only.
    RemoteWrite,
    /// The disk, and the standby's disk if there is one.
    On,
    /// The same, and that the standby shows it to readers.
    RemoteApply,
}

impl SynchronousCommit {
    fn read(setting: &str) -> Result<Self, Fault> {
        Ok(match setting {
            "off" => Self::Off,
            "local" => Self::Local,
            "remote_write" => Self::RemoteWrite,
            "on" => Self::On,
            "remote_apply" => Self::RemoteApply,
            _ => return Err(Fault::Missing("synchronous_commit that is known")),
        })
    }

    /// As the server spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Local => "local",
            Self::RemoteWrite => "remote_write",
            Self::On => "on",
            Self::RemoteApply => "remote_apply",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_told_as_its_makers_do() {
        let version = ServerVersion(150_013);
        assert_eq!((version.major(), version.to_string()), (15, "15.13".into()));
    }
}
