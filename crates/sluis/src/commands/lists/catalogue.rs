//! `sluis lists catalogue`: the service catalogue of eToegang.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use etoegang::dienstencatalogus::reading::BOUNDS;
use etoegang::dienstencatalogus::uitgave::Uitgave;
use saml::keys::{Certificate, TrustedKey};
use server::certificates::roots_of;
use server::date;

use super::{cannot_begin, files};
use crate::commands::say;

/// Read a signed service catalogue (dienstencatalogus) of eToegang, as an HM or an MR would
///
/// Prints its version, when it was issued, and how much stands in it. A bad one is told on stderr. How old it
/// is, and whether it follows another, only a node knows.
#[derive(Args)]
#[command(after_help = "Examples:
  sluis lists catalogue servicecatalog.xml --certificate etoegang-beheerorganisatie.pem

Exit codes: 0 it is good, 1 it is not, 2 a file cannot be read.")]
pub(super) struct Catalogue {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Who may have signed it: a PEM file with certificates
    #[arg(long, required = true, value_name = "PEM")]
    certificate: Vec<PathBuf>,
}

impl Catalogue {
    pub(super) fn run(&self) -> ExitCode {
        let read = signers(&self.certificate).and_then(|keys| Ok((keys, bytes(&self.file)?)));
        let (keys, file) = match read {
            Ok(read) => read,
            Err(why) => return cannot_begin(&why),
        };
        match told(&file, &keys) {
            Ok(says) => {
                say(&format!("{}: {says}", self.file.display()));
                ExitCode::SUCCESS
            }
            Err(why) => {
                eprintln!("{}: {why}", self.file.display());
                ExitCode::FAILURE
            }
        }
    }
}

/// A line about a good catalogue.
fn told(file: &[u8], keys: &[TrustedKey]) -> Result<String, String> {
    let uitgave = Uitgave::read(file, keys).map_err(|fault| fault.to_string())?;
    let twice = "the service catalogue has a service twice, or too many";
    let catalogus = uitgave.catalogus().map_err(|_| twice)?;
    Ok(format!(
        "{} of {}, {} providers, {} services",
        uitgave.versie.as_str(),
        date::instant(uitgave.uitgegeven.unix()),
        uitgave.dienstverleners.len(),
        catalogus.diensten().len(),
    ))
}

fn signers(files: &[PathBuf]) -> Result<Vec<TrustedKey>, String> {
    let mut keys = Vec::new();
    for file in files {
        let at = file.display();
        let found = roots_of(&files::bytes(file)?).map_err(|why| format!("{at}: {why}"))?;
        for der in &found {
            let signer = Certificate::from_der(der).map_err(|bad| format!("{at}: {bad}"))?;
            keys.push(signer.key().clone());
        }
    }
    Ok(keys)
}

/// The bytes of a file, up to what a catalogue may have and one more.
fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let mut file = file.take(BOUNDS.bytes as u64 + 1);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}
