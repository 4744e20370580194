//! The authorization interface of a DVA (medmij.md §3, core.authint): a person's way from the PGO to a
//! code.
//!
//! [`verzoek`] reads the request, [`aanmelding`] goes on when DigiD answered, [`verklaring`] when the
//! person decided.

pub mod aanmelding;
pub mod verklaring;
pub mod verzoek;
