//! `sluis mandates register`.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use clap::Args;
use etoegang::machtiging::Machtiging;
use etoegang::machtiging::document::{DOCUMENT_BYTES_MAX, NieuweMachtiging};
use serde_json::json;

use super::{Ended, Whose, as_json, cannot_begin, catalogue, not_done, refused};
use crate::commands::{say, who};

/// Register the mandate that a file declares; its reference is printed
#[derive(Args)]
#[command(after_help = "Examples:
  sluis mandates register mandate.json --config /etc/sluis/mr.toml
  sluis mandates register - --config /etc/sluis/mr.toml < mandate.json

The file is what POST /beheer/machtigingen takes:
  { \"vertegenwoordigde\": { \"soort\": \"urn:etoegang:1.9:EntityConcernedID:KvKnr\", \"waarde\": \"12345678\" },
    \"gemachtigde\": { \"persoon\": \"the houder that the AD told\" },
    \"service_uuid\": \"2c9d1c2e-1d0a-4d6b-8f5e-000000000001\",
    \"niveau\": \"urn:etoegang:core:assurance-class:loa3\", \"van\": 1795000000, \"tot\": 1826000000 }
An organisation that stands between: \"gemachtigde\": { \"organisatie\": { \"soort\": …, \"waarde\": … } }.
Numbers stand in the file, so that no list of processes and no history of a shell has them.

Exit codes: 0 it is registered, 1 it was refused, 2 it could not begin.")]
pub(super) struct Register {
    /// The mandate, or - for what comes in
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
    /// The input directory that the demo was given
    #[arg(long, value_name = "DIR", requires = "state")]
    input: Option<PathBuf>,
    #[command(flatten)]
    whose: Whose,
}

impl Register {
    pub(super) async fn run(self) -> Result<(), Ended> {
        let machtiging = declared(&self.file)?;
        let register = self.whose.open().await?;
        let catalogue = catalogue(&register.opened, self.input.as_deref())?;
        let (beheer, who) = (register.beheer(), who());
        let made = beheer.registreren(&machtiging, &catalogue, &who).await;
        let id = made.map_err(not_done)?;
        let id = id.map_err(|why| refused(&why.to_string()))?;
        say(&if self.json {
            let registered = as_json(&id, &machtiging);
            json!({ "schema_version": 1, "registered": registered }).to_string()
        } else {
            format!("{id} is registered")
        });
        Ok(())
    }
}

/// The mandate in a file.
fn declared(file: &Path) -> Result<Machtiging, Ended> {
    let bytes_max = u64::try_from(DOCUMENT_BYTES_MAX).unwrap_or(u64::MAX);
    let mut document = Vec::new();
    let mut read = |from: &mut dyn Read| from.take(bytes_max + 1).read_to_end(&mut document);
    let shown = file.display();
    let read = if file == Path::new("-") {
        read(&mut stdin().lock())
    } else {
        File::open(file).and_then(|mut open| read(&mut open))
    };
    read.map_err(|why| cannot_begin(&format!("{shown}: {why}")))?;
    if document.len() > DOCUMENT_BYTES_MAX {
        let why = format!("{shown}: over {DOCUMENT_BYTES_MAX} bytes, which no mandate has");
        return Err(refused(&why));
    }
    let nieuw: Result<NieuweMachtiging, _> = serde_json::from_slice(&document);
    // What stands there is not repeated: it may be a number of a person.
    let nieuw = nieuw.map_err(|fault| {
        let (line, column) = (fault.line(), fault.column());
        let why = format!("{shown}: line {line} column {column}: not what a mandate has there");
        refused(&format!("{why}; see `sluis mandates register --help`"))
    })?;
    Ok(nieuw.into())
}
