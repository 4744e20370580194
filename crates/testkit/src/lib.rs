//! What tests and measurements need around a node: an authority of its own, and a folder with
//! everything that `sluis serve` asks for.
//!
//! Nothing here is for production: keys are made at once and kept nowhere safe.

mod authority;
mod installation;
mod postgresql;
mod small;

pub use authority::{Authority, Issued, saml_signing};
pub use installation::{Installation, Role, Store};
pub use postgresql::Cluster;
pub use small::{Small, fill};
