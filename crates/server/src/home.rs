//! The homes that the shell can be given.

use std::path::Path;

use store::embedded::Activity;
use store::{
    AuditGap, AuditRow, Commit, Destroyed, Down, Embedded, Found, Memory, NotCommitted, Page,
    Postgres, RetentionDays, Store,
};
use verdict::{IndexKey, Key, Moment, Row, Sealed, Space};

use crate::certificates::private_directory;
use crate::config::{Config, HomeConfig};

/// A store, chosen at start.
pub enum Home {
    /// Forgets everything when the program ends.
    Memory(Memory),
    /// SQLite in the party's directory.
    Embedded(Embedded),
    /// PostgreSQL, which other nodes may use too.
    Postgres(Box<Postgres>),
}

impl Home {
    /// Rows in this directory, which is made if it is not there and closed to others.
    ///
    /// # Errors
    /// A text for the operator: which file, what is wrong, what to do.
    pub fn embedded(directory: &Path) -> Result<Self, String> {
        private_directory(directory).map_err(|fault| fault.to_string())?;
        let home = Embedded::open(directory).map_err(|fault| fault.to_string())?;
        Ok(Self::Embedded(home))
    }

    /// The rows of a role, where a node's configuration says.
    ///
    /// # Errors
    /// A text for the operator. A database whose schema is older than the program is refused: see
    /// [`Home::migrate`].
    pub async fn of(config: &Config, role: &'static str) -> Result<Self, String> {
        match &config.home {
            HomeConfig::Sqlite => Self::embedded(&config.state.join(role)),
            HomeConfig::Postgresql { settings, .. } => {
                let address = config.home.address(role)?;
                let home = Postgres::open(&address, *settings).await;
                let home = home.map_err(|fault| format!("store: {fault}"))?;
                Ok(Self::Postgres(Box::new(home)))
            }
        }
    }

    /// Rows in the directory of a party that may run meanwhile, for an operator's command.
    ///
    /// # Errors
    /// A text for the operator: there are none, or of another release.
    pub fn beside(directory: &Path) -> Result<Self, String> {
        let home = Embedded::beside(directory).map_err(|fault| fault.to_string())?;
        Ok(Self::Embedded(home))
    }

    /// The rows of a role of a node that may run meanwhile, for an operator's command.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub async fn beside_node(config: &Config, role: &'static str) -> Result<Self, String> {
        match &config.home {
            HomeConfig::Sqlite => Self::beside(&config.state.join(role)),
            HomeConfig::Postgresql { .. } => Self::of(config, role).await,
        }
    }

    /// Brings the schema of a role's rows to this program's version, forward only; makes it when
    /// there is none. Safe while nodes of the previous release run.
    ///
    /// # Errors
    /// A text for the operator.
    pub async fn migrate(config: &Config, role: &'static str) -> Result<(), String> {
        match &config.home {
            HomeConfig::Sqlite => Self::embedded(&config.state.join(role)).map(drop),
            HomeConfig::Postgresql { .. } => {
                let address = config.home.address(role)?;
                let migrated = Postgres::migrate(&address).await;
                migrated.map_err(|fault| format!("store: {fault}"))
            }
        }
    }

    /// How much was committed since the start, and in how many groups.
    pub fn activity(&self) -> Activity {
        match self {
            Self::Memory(_) => Activity {
                commits: 0,
                groups: 0,
            },
            Self::Embedded(store) => store.activity(),
            Self::Postgres(store) => store.activity(),
        }
    }

    /// Whether the store stopped for good: what it answered before is durable, nothing more will be.
    pub fn is_down(&self) -> bool {
        match self {
            Self::Memory(_) => false,
            Self::Embedded(store) => store.is_down(),
            Self::Postgres(store) => store.is_down(),
        }
    }
}

/// Calls the same method of whichever home this is.
macro_rules! at_home {
    ($home:expr, $store:ident => $call:expr) => {
        match $home {
            Home::Memory($store) => $call.await,
            Home::Embedded($store) => $call.await,
            Home::Postgres($store) => $call.await,
        }
    };
}

impl Store for Home {
    async fn get(&self, keys: &[Key], now: Moment) -> Result<Vec<Option<Row<Sealed>>>, Down> {
        at_home!(self, store => store.get(keys, now))
    }

    async fn find(
        &self,
        space: Space,
        index: &'static str,
        key: &IndexKey,
        page: Page,
        now: Moment,
    ) -> Result<Found, Down> {
        at_home!(self, store => store.find(space, index, key, page, now))
    }

    async fn commit(&self, commit: Commit) -> Result<(), NotCommitted> {
        at_home!(self, store => store.commit(commit))
    }

    async fn sweep(&self, now: Moment, rows_max: u16) -> Result<u16, Down> {
        at_home!(self, store => store.sweep(now, rows_max))
    }

    async fn destroy_audit(&self, now: Moment, kept: RetentionDays) -> Result<Destroyed, Down> {
        at_home!(self, store => store.destroy_audit(now, kept))
    }

    async fn audit_gaps(&self) -> Result<Vec<AuditGap>, Down> {
        at_home!(self, store => store.audit_gaps())
    }

    async fn audit(&self, after: u64, rows_max: u16) -> Result<Vec<AuditRow>, Down> {
        at_home!(self, store => store.audit(after, rows_max))
    }
}
