//! MedMij: the rules of the network between personal health environments and care providers.
//!
//! One file per interface or list of the MedMij Afsprakenstelsel, under the name that it has there.
//! This crate opens no socket and reads no clock.
//!
//! Start reading at [`lists`].

pub mod lists;
