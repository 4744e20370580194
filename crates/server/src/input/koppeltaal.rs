//! The domain of Koppeltaal, and what stands in it.

use std::collections::BTreeMap;

use koppeltaal::domeinconfiguratie::{Declaratie, Domeinconfiguratie, Regels};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::InputFault;
use super::files::Files;

/// The declaration of a domain, with the demo's port in its URLs.
pub(super) fn domein(files: &mut Files, port: u16) -> Result<Domeinconfiguratie, InputFault> {
    let file = files.get("koppeltaal.json")?;
    let _: Declaratie = file.json()?;
    let document = file.text.replace("{port}", &port.to_string());
    let meant = Domeinconfiguratie::read(document.as_bytes(), Regels::ON_ONE_MACHINE);
    meant.map_err(|fout| InputFault {
        file: file.shown.clone(),
        line: line_of(&file.text, &fout.at),
        member: fout.at,
        reason: fout.why,
    })
}

/// The line, from 1, of the member of this name, `applications[2].jwks_uri`, or of what is left of the way
/// to it.
fn line_of(text: &str, at: &str) -> Option<usize> {
    let line_at = |offset: usize| {
        let before = text.get(..offset)?.bytes();
        Some(before.filter(|byte| *byte == b'\n').count() + 1)
    };
    // What one part says of another is told by the id of its application.
    if let Some((id, _)) = at
        .strip_prefix("applications ")
        .and_then(|at| at.split_once(' '))
    {
        return line_at(text.find(id)?);
    }
    let mut here: &RawValue = serde_json::from_str(text).ok()?;
    for name in at.split(['.', '[']) {
        let next = if let Some(index) = name.strip_suffix(']') {
            let items: Vec<&RawValue> = serde_json::from_str(here.get()).ok()?;
            items.get(index.parse::<usize>().ok()?).copied()
        } else {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(here.get()).ok()?;
            members.get(name).copied()
        };
        let Some(next) = next else { break };
        here = next;
    }
    // A raw value borrows from the text.
    line_at(
        here.get()
            .as_ptr()
            .addr()
            .checked_sub(text.as_ptr().addr())?,
    )
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
