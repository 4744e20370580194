//! The audit log, for who looks back: found again by [`search`].
//!
//! Rows are written by the store, in the same commit as what they tell of; nothing here writes one.

pub mod search;
