//! The domain of Koppeltaal, and what stands in it.

use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Regels};
use serde::Deserialize;
use serde_json::Value;

use super::InputFault;
use super::files::Files;

/// The declaration of a domain, with the demo's port in its URLs.
pub(super) fn domein(files: &mut Files, port: u16) -> Result<Vec<u8>, InputFault> {
    let file = files.get("koppeltaal.json")?;
    // Its faults of form, with their lines.
    let _: Value = file.json()?;
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

/// Resources of a file, at most.
const RESOURCES_MAX: usize = 1_000;

/// What stands in a domain of Koppeltaal at the start: a resource, and which application of the demo
/// makes it.
#[derive(Clone, Debug)]
pub struct KoppeltaalResource {
    /// By what others refer to it: `{anna}` stands for the reference.
    pub name: String,
    /// Who makes it.
    pub by: Maker,
    /// The resource, of which the FHIR server gives the id.
    pub resource: Value,
}

/// The applications of the demo that make resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// The record system of the care provider.
    Epd,
    /// The portal.
    Portaal,
    /// The module.
    Module,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "schema_version")]
    _schema_version: u32,
    resources: Vec<WrittenResource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenResource {
    name: String,
    by: String,
    resource: Value,
}

impl Maker {
    fn named(name: &str) -> Option<Self> {
        match name {
            "epd" => Some(Self::Epd),
            "portaal" => Some(Self::Portaal),
            "module" => Some(Self::Module),
            _ => None,
        }
    }
}

/// The resources, with the demo's port in their URLs.
pub(super) fn resources(
    files: &mut Files,
    port: u16,
) -> Result<Vec<KoppeltaalResource>, InputFault> {
    let mut file = files.get("koppeltaal-fhir.json")?;
    file.text = file.text.replace("{port}", &port.to_string());
    let written: Written = file.json()?;
    if written.resources.len() > RESOURCES_MAX {
        return Err(file.whole(format!("more than {RESOURCES_MAX} resources")));
    }
    let mut read: Vec<KoppeltaalResource> = Vec::new();
    for WrittenResource { name, by, resource } in written.resources {
        let fault = |why: &str| Err(file.whole(format!("the resource {name} {why}")));
        let Some(by) = Maker::named(&by) else {
            return fault("is made by none of epd, portaal and module");
        };
        if !resource.get("resourceType").is_some_and(Value::is_string) {
            return fault("has no resourceType");
        }
        if read.iter().any(|other| other.name == name) {
            return fault("has the name of another");
        }
        read.push(KoppeltaalResource { name, by, resource });
    }
    Ok(read)
}
