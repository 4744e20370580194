//! `cargo xtask foreign-samples`: lists and records that others made, in our program.
//!
//! They stand beside the repository, in `../shared/data`, and are read when this runs: nothing of
//! them comes into the repository. Where they are absent it says so and exits 3.

mod chain;
mod examples;
mod folder;
mod lists;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::chain::{Ended, Sluis};
use self::folder::Folder;
use crate::tree;

/// The exit code that tells "there is nothing to work on" from a failure.
const ABSENT: u8 = 3;
/// The step in which a provider is found to be on no list: the published ones know none of ours.
const UNKNOWN: u64 = 20;
/// Where the FHIR examples are, in the data.
const FHIR_EXAMPLES: &str = "koppeltaal/fhir-examples";

/// Does everything; the first thing that does not hold ends it.
pub(crate) fn run() -> Result<ExitCode, String> {
    let root = tree::root();
    let data = root.join("../shared/data");
    if !data.is_dir() {
        println!("foreign samples: there is no ../shared/data beside the repository");
        return Ok(ExitCode::from(ABSENT));
    }
    examples::run(&data)?;
    published_lists(&data)?;
    let sluis = Sluis::find(&root)?;
    let temporary = Temporary::new()?;
    let folder = Folder::read(&data.join(FHIR_EXAMPLES))?;
    records(&folder, &sluis, &temporary.0)?;
    replaced_lists(&folder, &data, &sluis, &temporary.0)?;
    println!("foreign samples: all of it holds");
    Ok(ExitCode::SUCCESS)
}

/// mitz cases 30 and 31, on the lists that MedMij published as examples.
fn published_lists(data: &Path) -> Result<(), String> {
    let resolved = lists::resolve(data)?;
    println!(
        "lists: mitz case 30: URA {} is {}",
        lists::URA,
        resolved.naam
    );
    println!(
        "lists: mitz case 31: token endpoint {}",
        resolved.token_endpoint
    );
    println!(
        "lists: mitz case 31: resource endpoint {}",
        resolved.resource_endpoint
    );
    Ok(())
}

/// Every FHIR example through all thirty steps.
fn records(folder: &Folder, sluis: &Sluis, temporary: &Path) -> Result<(), String> {
    let input = temporary.join("records");
    folder.write(&input)?;
    let report = match sluis.mitz(&input, &temporary.join("records-state"))? {
        Ended::Passed(report) => report,
        Ended::Stopped(_, why) => {
            return Err(format!("the chain with foreign records stopped: {why}"));
        }
        Ended::Refused(why) => {
            return Err(format!("the folder of foreign records was refused: {why}"));
        }
    };
    let mut received = 0;
    for provider in &folder.providers {
        let (served, got) = (provider.resources().count(), report.received(provider.ura));
        if got != served {
            let ura = provider.ura;
            return Err(format!(
                "provider {ura} served {served} examples, {got} came through"
            ));
        }
        received += got;
        for (kind, examples) in &provider.examples {
            let ids: Vec<&str> = examples
                .iter()
                .filter_map(|example| example["id"].as_str())
                .collect();
            println!("records: {:>2} {kind}: {}", ids.len(), ids.join(", "));
        }
    }
    if received == 0 {
        return Err("there is no FHIR example".to_owned());
    }
    println!(
        "records: {received} FHIR examples came through the 30 steps in {} ms; {} of them had to be tied to the person",
        report.took_ms, folder.tied
    );
    Ok(())
}

/// The published lists as `lists/*.xml`: whole ones are loaded and obeyed, a damaged one is refused.
fn replaced_lists(
    folder: &Folder,
    data: &Path,
    sluis: &Sluis,
    temporary: &Path,
) -> Result<(), String> {
    let input = temporary.join("lists");
    folder.write(&input)?;
    lists::write(data, &input)?;
    match sluis.mitz(&input, &temporary.join("lists-state"))? {
        Ended::Stopped(Some(UNKNOWN), why) => {
            println!("lists: all five were loaded, and obeyed in step {UNKNOWN}: {why}");
        }
        Ended::Stopped(_, why) => return Err(format!("with published lists: {why}")),
        Ended::Passed(_) => {
            return Err("the chain passed under lists without our providers".to_owned());
        }
        Ended::Refused(why) => return Err(format!("a published list was refused: {why}")),
    }
    lists::damage(&input)?;
    match sluis.mitz(&input, &temporary.join("damaged-state"))? {
        Ended::Refused(why) => println!("lists: a damaged one is refused: {why}"),
        _ => return Err("a damaged list was loaded".to_owned()),
    }
    Ok(())
}

/// A folder that goes when this ends.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Result<Self, String> {
        let name = format!("sluis-foreign-samples-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed is swept by the system with its other temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
