//! What a client of a node needs that measures it, or watches it fail: grants that stand in the store,
//! the refresh tokens that open them, and connections that stay open.

pub mod client;
pub mod proof;
pub mod seed;

/// Whatever stops a run, in words.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
