//! The audit log, for who looks back: found again by [`search`], and proven by a chain of signed
//! segments (docs/decisions/0029).
//!
//! Rows are written by the store, in the same commit as what they tell of; nothing here writes one. The
//! [`writer`] of a node goes over them afterwards, in the order of their numbers, and signs what it
//! read: a segment says which rows there are and what they say, a tombstone says which were destroyed
//! after their retention. Each entry names the one before it by its hash, so that none can be taken out,
//! changed or put in without the rest no longer fitting. [`verify()`] walks it all; [`heads`] are the ends
//! of chains, kept elsewhere, by which a log that was set back as a whole is noticed.
//!
//! What a segment does not prove: a row of the last minute, which no segment has yet; and anything
//! against who has the database and the signing key, unless a head was kept elsewhere.
//!
//! Start reading at [`entry`].

pub mod entry;
pub mod heads;
mod row;
pub mod search;
#[cfg(test)]
mod tests;
pub mod verify;
pub mod writer;

pub use self::entry::CHAIN;
pub use self::verify::verify;
