//! The DVP's side of MedMij's own interfaces (medmij.md §2.3, §2.6, §3.1, §4.2): what its server sends,
//! what it takes, and what it may do by itself.
//!
//! A [`wens::Wens`] is what a person wants; [`ingang`] finds the DVA for it; [`verzoek`] goes there by the
//! person's browser and comes back with a code; [`tokens`] reads what the code brought; [`verbinding`]
//! keeps it, and [`ophalen`] says when it may be used without the person.

pub mod ingang;
pub mod ophalen;
pub mod resource;
pub mod tokens;
pub mod verbinding;
pub mod verzoek;
pub mod wens;
