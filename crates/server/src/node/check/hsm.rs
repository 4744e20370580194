//! The hardware security module.

use super::Finding;
use crate::config::Config;

/// The module, its token, the PIN and what the token can do; nothing where none is configured.
#[cfg(feature = "pkcs11")]
pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let Some(pkcs11) = config.pkcs11.clone() else {
        return Vec::new();
    };
    let looked = tokio::task::spawn_blocking(move || crate::keys::pkcs11::look(&pkcs11));
    let looked = match tokio::time::timeout(TIMEOUT, looked).await {
        Ok(looked) => looked.map_err(|error| error.to_string()),
        Err(_) => Err(format!(
            "the module did not answer within {} s",
            TIMEOUT.as_secs()
        )),
    };
    let looked = looked.unwrap_or_else(|why| vec![("module", Err(why))]);
    let finding = |(part, says)| Finding::of(format!("keys.pkcs11.{part}"), says);
    looked.into_iter().map(finding).collect()
}

/// For everything that is asked of a module: some take seconds to begin.
#[cfg(feature = "pkcs11")]
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

/// The reader of configurations refuses one that names a module.
#[cfg(not(feature = "pkcs11"))]
#[expect(clippy::unused_async, reason = "the same call as with the feature")]
pub(super) async fn look(_: &Config) -> Vec<Finding> {
    Vec::new()
}
