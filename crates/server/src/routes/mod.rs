//! What answers at each host: one screenplay per role.

mod applicatie;
mod beheer;
pub mod carried;
pub mod digid;
pub mod dva;
pub mod etoegang;
pub mod fhir_server;
pub mod idp;
pub mod koppeltaal;
pub mod lokalisatie;
pub mod mitz;
pub mod module;
pub mod netwerk;
pub mod pgo;
pub mod portaal;
pub mod stelselnode;
pub mod steps;
pub mod xis;

#[cfg(test)]
mod testing;
