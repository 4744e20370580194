//! The hardware security module that a configuration names.

use std::path::PathBuf;

use super::meant::Pkcs11Config;
use super::reading::{PIN_FILE, Reading};
use super::{ConfigFault, written};
use crate::keys::custody::NOT_BUILT_IN;

/// A token's label is 32 bytes, padded with blanks (PKCS#11 3.0 §3.2, CK_TOKEN_INFO).
const LABEL_BYTES_MAX: usize = 32;

impl Reading<'_> {
    pub(super) fn pkcs11(
        &self,
        written: Option<&written::Pkcs11>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Pkcs11Config>, ConfigFault> {
        let Some(written) = written else {
            return Ok(None);
        };
        if cfg!(not(feature = "pkcs11")) {
            return Err(self.fault("keys.pkcs11", NOT_BUILT_IN));
        }
        // A bare name would be looked for wherever the loader looks.
        if !written.module.is_absolute() {
            let why = "expected the whole path of a library: \"/usr/lib/softhsm/libsofthsm2.so\"";
            return Err(self.fault("keys.pkcs11.module", why));
        }
        if !(1..=LABEL_BYTES_MAX).contains(&written.token.len()) {
            let why = "expected the label of a token, 1 to 32 bytes";
            return Err(self.fault("keys.pkcs11.token", why));
        }
        let given = variable(PIN_FILE).map(PathBuf::from);
        let pin_file = given.or(written.pin_file.as_ref().map(|file| self.file_of(file)));
        let pin_file = pin_file.ok_or_else(|| {
            let why = format!("`pin_file` (or {PIN_FILE}) must name the file of the user's PIN");
            self.fault("keys.pkcs11", why)
        })?;
        Ok(Some(Pkcs11Config {
            module: written.module.clone(),
            token: written.token.clone(),
            pin_file,
        }))
    }
}
