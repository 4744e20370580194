//! One connection, with its settings, and what its failures mean.

use std::fmt;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::{Client, Row};

use super::address::{Address, CONNECT_MAX};
use super::{OpenError, schema};
use crate::columns::Damaged;

/// How long the server may take over one round trip of a group or one read. Longer than any lock
/// is waited for, so that a server that works says so itself.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(5);

/// For connections that write. Waiting for a lock ends before the caller's patience does. A server
/// whose client went away notices, and gives its locks back. Statements always find their rows by
/// key: a plan made while a table was small must not be kept for when it is large. There is no
/// `statement_timeout`, because it would end the wait of a COMMIT for its standby and call it done.
const TO_WRITE: &str = "
    SET lock_timeout = '2s';
    SET idle_in_transaction_session_timeout = '10s';
    SET client_connection_check_interval = '1s';
    SET statement_timeout = 0;
    SET jit = off;
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;";
/// For connections that read.
const TO_READ: &str = "
    SET default_transaction_read_only = on;
    SET statement_timeout = '4s';
    SET client_connection_check_interval = '1s';
    SET jit = off;
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;";

/// Whether a server that may forget what it answered is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Refuse a server whose `fsync`, `full_page_writes` or `synchronous_commit` let an answered
    /// commit be lost.
    #[default]
    Required,
    /// Take the server as it is: for one whose file system makes the settings unnecessary, or whose
    /// content may be lost.
    AsTheServerHas,
}

/// A connection.
pub(super) struct Session {
    pub(super) client: Client,
    carrier: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        // A server that no longer answers must not keep the socket: closing it is what tells the
        // server, once it goes on, that nobody waits.
        self.carrier.abort();
    }
}

impl Session {
    /// A connection with no settings of ours.
    pub(super) async fn bare(address: &Address) -> Result<Self, Fault> {
        let connecting = address.config.connect(address.tls.clone());
        let (client, connection) = match timeout(2 * CONNECT_MAX, connecting).await {
            Ok(done) => done?,
            Err(_) => return Err(Fault::Late),
        };
        let carrier = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the database ended");
            }
        });
        Ok(Self { client, carrier })
    }

    /// A connection that may write, once the server is known to keep what it promises and to have
    /// this program's schema.
    pub(super) async fn to_write(
        address: &Address,
        durability: Durability,
    ) -> Result<Self, OpenError> {
        let session = Self::bare(address).await?;
        let checked = async {
            let kept = promises(&session, durability).await?;
            schema::check(&session.client).await?;
            session
                .client
                .batch_execute(TO_WRITE)
                .await
                .map_err(Fault::from)?;
            let set = format!("SET synchronous_commit = {kept}");
            Ok(session
                .client
                .batch_execute(&set)
                .await
                .map_err(Fault::from)?)
        };
        match timeout(ANSWER_MAX, checked).await {
            Ok(done) => done.map(|()| session),
            Err(_) => Err(Fault::Late.into()),
        }
    }

    /// A connection that only reads.
    pub(super) async fn to_read(address: &Address) -> Result<Self, Fault> {
        let session = Self::bare(address).await?;
        match timeout(ANSWER_MAX, session.client.batch_execute(TO_READ)).await {
            Ok(done) => done.map(|()| session).map_err(Fault::from),
            Err(_) => Err(Fault::Late),
        }
    }
}

/// What to set `synchronous_commit` to, on a server that keeps what it answers.
async fn promises(session: &Session, durability: Durability) -> Result<String, OpenError> {
    let settings = "SELECT current_setting('fsync'), current_setting('full_page_writes'),
                           current_setting('synchronous_commit')";
    let row = session.client.query_one(settings, &[]).await;
    let row = row.map_err(Fault::from)?;
    let [fsync, pages, commit] = [0, 1, 2].map(|column| row.get::<_, String>(column));
    if durability == Durability::AsTheServerHas {
        return Ok(commit);
    }
    for (name, value) in [("fsync", &fsync), ("full_page_writes", &pages)] {
        if value != "on" {
            return Err(OpenError::Forgetful(name, value.clone()));
        }
    }
    match commit.as_str() {
        "on" | "remote_apply" => Ok(commit),
        _ => Err(OpenError::Forgetful("synchronous_commit", commit)),
    }
}

/// One statement of a round trip, with its answer to come.
pub(super) type Asked<'a> = BoxFuture<'a, Result<Vec<Row>, tokio_postgres::Error>>;

/// Sends the statements one behind the other without waiting in between, and waits for all answers:
/// one round trip. The server runs them in order; each sees what committed before it began. After
/// the first failure the server refuses the rest of the transaction, so that one is what counts.
pub(super) async fn round_trip(asked: Vec<Asked<'_>>) -> Result<Vec<Vec<Row>>, Fault> {
    // A statement is sent when its future is first polled, and `join_all` polls in order.
    let answers = timeout(ANSWER_MAX, join_all(asked)).await;
    let answers = answers.map_err(|_| Fault::Late)?;
    answers
        .into_iter()
        .map(|answer| answer.map_err(Fault::from))
        .collect()
}

/// What went wrong between here and the server.
#[derive(Debug)]
pub(super) enum Fault {
    /// No answer in time. The connection is of no use any more.
    Late,
    /// The server, or the way to it.
    Server(tokio_postgres::Error),
    /// A row that cannot be read.
    Damaged(Damaged),
    /// Something else that should be there is not.
    Missing(&'static str),
}

/// What a fault before COMMIT means for who met it: nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Another transaction was in the way.
    Again,
    /// The connection is of no use any more.
    Lost,
    /// Locks are held for too long.
    Busy,
    /// The server cannot do any work just now.
    Unable,
    /// This statement cannot be done.
    Refused,
}

impl Fault {
    pub(super) fn meaning(&self) -> Meaning {
        let error = match self {
            Self::Late | Self::Missing(_) => return Meaning::Lost,
            Self::Damaged(_) => return Meaning::Refused,
            Self::Server(error) => error,
        };
        let Some(told) = error.as_db_error() else {
            // An argument that cannot be sent is the statement's fault; all else is the way's.
            let about_values = error.to_string().starts_with("error serializing");
            return if about_values {
                Meaning::Refused
            } else {
                Meaning::Lost
            };
        };
        if matches!(
            told.parsed_severity(),
            Some(Severity::Fatal | Severity::Panic)
        ) {
            return Meaning::Lost;
        }
        match told.code() {
            code if *code == SqlState::T_R_SERIALIZATION_FAILURE
                || *code == SqlState::T_R_DEADLOCK_DETECTED
                || *code == SqlState::UNIQUE_VIOLATION =>
            {
                Meaning::Again
            }
            code if *code == SqlState::LOCK_NOT_AVAILABLE || *code == SqlState::QUERY_CANCELED => {
                Meaning::Busy
            }
            // It is a standby now, or the schema changed under a prepared statement.
            code if *code == SqlState::READ_ONLY_SQL_TRANSACTION
                || *code == SqlState::FEATURE_NOT_SUPPORTED
                || *code == SqlState::INVALID_SQL_STATEMENT_NAME =>
            {
                Meaning::Lost
            }
            code => match code.code().get(..2) {
                Some("08" | "57") => Meaning::Lost,
                Some("53" | "58" | "XX" | "42" | "28") => Meaning::Unable,
                _ => Meaning::Refused,
            },
        }
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl From<Damaged> for Fault {
    fn from(damaged: Damaged) -> Self {
        Self::Damaged(damaged)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late => f.write_str("the database does not answer in time"),
            // The library's own words leave out the server's. What the server says may quote a
            // value in its detail, so only its message and code are told.
            Self::Server(error) => match error.as_db_error() {
                Some(told) => write!(f, "{} ({})", told.message(), told.code().code()),
                None => match std::error::Error::source(error) {
                    Some(source) => write!(f, "{error}: {source}"),
                    None => error.fmt(f),
                },
            },
            Self::Damaged(damaged) => damaged.fmt(f),
            Self::Missing(what) => write!(f, "the database has no {what}"),
        }
    }
}

impl std::error::Error for Fault {}
