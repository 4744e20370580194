//! `sluis lists accept-reset`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use medmij::lists::Soort;
use server::clock::Clock;
use server::lists::kept::Kept;
use server::network::Party;

use super::{cannot_begin, soort};
use crate::commands::say;

/// Accept that a list began anew with a lower Volgnummer, once
///
/// A node refuses an edition with a lower number than it has, or with its own number and another
/// content: that may be a stale copy or an attack. Ask the publisher first. Your word concerns the
/// edition that the node has now; the node takes the next one at its next fetch, also while it runs,
/// and writes that into its audit log.
#[derive(Args)]
#[command(after_help = "Examples:
  sluis lists accept-reset --state ~/sluis-demo whitelist
  sluis lists accept-reset --state ~/sluis-demo --party dva ocl

Exit codes: 0 it was accepted, 1 no party there has such a list, 2 it could not begin.")]
pub(super) struct AcceptReset {
    /// The state directory
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// The party whose list it is; every party that has it, when left out
    #[arg(long, value_name = "PARTY", value_parser = party)]
    party: Option<Party>,
    /// The list: zal, zakl, ocl, gnl or whitelist
    #[arg(value_name = "LIST", value_parser = soort)]
    list: Soort,
}

/// The parties that read lists.
const READERS: [Party; 3] = [Party::Pgo, Party::Dva, Party::Dva2];

fn party(name: &str) -> Result<Party, String> {
    let found = Party::named(name).filter(|party| READERS.contains(party));
    found.ok_or_else(|| {
        let names = READERS.map(Party::name).join(", ");
        format!("no such reader of lists; there are {names}")
    })
}

impl AcceptReset {
    pub(super) fn run(&self) -> ExitCode {
        if !self.state.is_dir() {
            let state = self.state.display();
            return cannot_begin(&format!("{state}: there is no such directory"));
        }
        let now = Clock::system().now();
        let mut accepted = 0;
        for party in self.party.map_or(READERS.to_vec(), |party| vec![party]) {
            let name = party.name();
            let kept = Kept::of(&self.state.join(name), self.list);
            match kept.accept_reset(now) {
                Ok(None) => {}
                Ok(Some(held)) => {
                    accepted += 1;
                    let list = self.list;
                    say(&format!(
                        "{name}: the next {list} may come in the place of Volgnummer {held}"
                    ));
                }
                Err(error) => {
                    let path = kept.document();
                    return cannot_begin(&format!("{}: {error}", path.display()));
                }
            }
        }
        if accepted > 0 {
            return ExitCode::SUCCESS;
        }
        let (state, list) = (self.state.display(), self.list);
        eprintln!("sluis lists: {state}: no party there has the {list}");
        ExitCode::FAILURE
    }
}
