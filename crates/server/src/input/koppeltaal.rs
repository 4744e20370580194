//! The domain of Koppeltaal.

use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Regels};

use super::InputFault;
use super::files::Files;

/// The declaration of a domain, with the demo's port in its URLs.
pub(super) fn domein(files: &mut Files, port: u16) -> Result<Vec<u8>, InputFault> {
    let file = files.get("koppeltaal.json")?;
    // Its faults of form, with their lines.
    let _: serde_json::Value = file.json()?;
    let document = file.text.replace("{port}", &port.to_string());
    let regels = Regels {
        http_on_loopback: true,
    };
    let meant = Domeinconfiguratie::read(document.as_bytes(), regels);
    match meant {
        Ok(meant) => Ok(meant.document()),
        Err(fout) => Err(file.whole(fout.to_string())),
    }
}
