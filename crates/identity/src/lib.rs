//! Identifiers with one spelling each.
//!
//! Text from outside becomes one of these types once, at the door; whoever holds the type never
//! checks it again. Two values are equal exactly when their texts are. No parse error repeats what
//! it was given, so an error may be logged.
//!
//! This crate knows no framework's messages, looks nothing up, and never prints a BSN.
//!
//! Start reading at [`Bsn`]; the others are plainer.

pub mod bsn;
mod etoegang;
mod gegevensdienst_id;
mod hostname;
mod loa;
mod oin;
mod text;
mod ura;
mod zorgaanbiedernaam;

pub use bsn::{Bsn, NotABsn};
pub use etoegang::{
    EntityId, NotAServiceId, NotAServiceUuid, NotAnEntityId, Rol, ServiceId, ServiceUuid,
};
pub use gegevensdienst_id::{GegevensdienstId, NotAGegevensdienstId};
pub use hostname::{Hostname, NotAHostname};
pub use loa::{Loa, UnknownLoa};
pub use oin::{NotAnOin, Oin};
pub use ura::{NotAUra, Ura};
pub use zorgaanbiedernaam::{NotAZorgaanbiedernaam, Zorgaanbiedernaam};
