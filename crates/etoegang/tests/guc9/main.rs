//! GUC9 as a whole: the rule, the store in memory, an AD and two MRs.

#![expect(
    clippy::panic,
    reason = "a test that gets another answer than it expects says which"
)]

mod cases;
mod model;
mod world;
