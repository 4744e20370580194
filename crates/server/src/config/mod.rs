//! `sluis.toml`: what a node is to do, read before anything is opened.
//!
//! Reading goes in two steps, as with `--input`: [`written`] is what stands in the file, [`meant`]
//! is what it says, in types that need no second look. Only the second travels on. A fault is told
//! as [`ConfigFault`]: file, line, setting and reason. Files that the configuration names are not
//! opened here: [`crate::node`] does, and tells of all of them at once.
//!
//! Start reading at [`Config::read`].

mod etoegang;
mod fault;
mod hsm;
mod meant;
mod reading;
mod roles;
#[cfg(test)]
mod tests;
mod written;

pub use etoegang::{
    AdConfig, BackendConfig, CalledConfig, CallerConfig, CatalogusConfig, HmConfig, MrConfig,
    X5cConfig,
};
pub use fault::ConfigFault;
pub use meant::{
    Config, DigidConfig, DvaConfig, EntranceConfig, HomeConfig, KoppeltaalConfig, ListenerConfig,
    LokalisatieConfig, MedmijConfig, MitzConfig, NodeIdentity, PemFiles, PgoConfig, Pkcs11Config,
    RegisteredDva, Revocation, SiteConfig, TrustConfig,
};
pub use reading::{MASTER_FILE, PASSWORD_FILE, PIN_FILE};
