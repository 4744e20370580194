//! Administration by people and programs that hold a key for it: what that is like at every role.
//!
//! [`beheerder`] proves a key, for an API and for pages alike; [`loket`] is where a browser comes in with one,
//! and what its visit is.

pub(super) mod beheerder;
pub(super) mod loket;
