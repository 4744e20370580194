//! What answers at each host: one screenplay per role.

pub mod carried;
pub mod digid;
pub mod dva;
pub mod koppeltaal;
pub mod lokalisatie;
pub mod mitz;
pub mod netwerk;
pub mod pgo;
pub mod stelselnode;
pub mod steps;
pub mod xis;

#[cfg(test)]
mod testing;
