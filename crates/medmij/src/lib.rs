//! MedMij: the rules of the network between personal health environments and care providers.
//!
//! One file per interface or list of the MedMij Afsprakenstelsel, under the name that it has there.
//! This crate opens no socket and reads no clock.
//!
//! Start reading at [`lists`], at [`authorization_interface`] and [`token_interface`] for a DVA, or at
//! [`dvp`] for whoever uses those.

pub mod authorization_interface;
pub mod beheren;
pub mod beschikbaarheidstoets;
pub mod dvp;
pub mod lists;
pub mod resource_interface;
pub mod scope;
#[cfg(test)]
mod testing;
pub mod toestemming;
pub mod token_interface;
pub mod vertegenwoordiging;
