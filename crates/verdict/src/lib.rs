//! What a rule may say: the words that every framework and every store share.
//!
//! A rule of a framework is a function of values. It says what it wants in a [`Step`]: it asks a
//! question, saves something that must be durable before it goes on, or is done with a [`Verdict`].
//! The shell answers questions and commits changes; nothing in here does either.
//!
//! This crate never reads a clock, draws randomness, opens a socket or knows a framework.
//!
//! Start reading at [`Step`], then [`Verdict`] and [`Change`].

mod body;
mod change;
mod entropy;
mod event;
mod moment;
mod record;
mod step;
pub mod versioned;

pub use body::{BadRow, Body, Clear, IndexKey, Open, PersonTag, Sealed, Secrets};
pub use change::{Change, CommitId, Expect, Key, Row, Space, Then};
pub use entropy::Entropy;
pub use event::{Actor, Event, Outcome};
pub use moment::Moment;
pub use record::{Record, Stored, member, person_tag_from_hex, person_tag_to_hex};
pub use step::{Resume, Step, Verdict};
