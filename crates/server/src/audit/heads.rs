//! The ends of chains, kept elsewhere: whoever sets a log back as a whole cannot set back what others
//! have.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Store;
use verdict::Moment;

use super::entry::{self, ChainFault};
use super::verify::Last;

/// Bytes of a file of heads, at most: some of the largest entries for every role there is.
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// A file of heads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    /// 1.
    pub schema_version: u8,
    /// By the name of the role or party.
    pub logs: BTreeMap<String, Head>,
}

/// The last entry of one log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its number in the chain.
    pub number: u64,
    /// When it was made, in seconds since 1970.
    pub made: i64,
    /// Its name: the hash of its text.
    pub name: String,
    /// The entry, a JWS (RFC 7515).
    pub jws: String,
    /// The public keys of the log (RFC 7517), with which anybody can verify it.
    pub keys: Vec<Value>,
}

/// How a log does not go on from an earlier head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetBack {
    /// Its chain does not come so far.
    Shorter(u64),
    /// It has another entry there.
    Other(u64),
}

impl Head {
    /// The head of a log.
    pub fn of(last: &Last, keys: Vec<Value>) -> Self {
        Self {
            number: last.number,
            made: last.made,
            name: entry::name(&last.text),
            jws: last.text.clone(),
            keys,
        }
    }

    /// Whether the log still has what it had when this was its head; what not, otherwise.
    ///
    /// # Errors
    /// [`ChainFault`].
    pub async fn stands<S: Store>(
        &self,
        home: &S,
        now: Moment,
    ) -> Result<Result<(), SetBack>, ChainFault> {
        let texts = entry::texts(home, &[self.number], now).await?;
        Ok(match texts.into_iter().next().flatten() {
            None => Err(SetBack::Shorter(self.number)),
            Some(text) if entry::name(&text) != self.name => Err(SetBack::Other(self.number)),
            Some(_) => Ok(()),
        })
    }
}

impl fmt::Display for SetBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shorter(number) => write!(
                f,
                "entry {number}, which the file of heads has, is not there: the log was set back"
            ),
            Self::Other(number) => write!(
                f,
                "entry {number} is another one than the file of heads has: the log was set back, and went on"
            ),
        }
    }
}
