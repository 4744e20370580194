//! `sluis mandates`: the mandates (machtigingen) of an MR of eToegang, for who runs it.

mod list;
mod register;
mod show;
mod withdraw;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use etoegang::dienstencatalogus::Dienstencatalogus;
use etoegang::machtiging::Machtiging;
use etoegang::machtiging::document::GetoondeMachtiging;
use serde_json::{Value, json};
use server::home::Home;
use server::input::Input;
use server::keys::Keys;
use server::machtigingenbeheer::{Machtigingenbeheer, NietGedaan};
use server::network::Party;
use server::seal::Seal;

use super::beside::{NodeOrDemo, Opened};
use super::ended::{self, Ended};

/// The role, as a configuration names it.
const ROLE: &str = "mr";
/// Characters of a reference, at most.
const REFERENCE_MAX: usize = 64;

/// Mandates of eToegang at an MR: who may act for whom, at which service
#[derive(Args)]
pub(crate) struct Mandates {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Register(register::Register),
    List(list::List),
    Show(show::Show),
    Withdraw(withdraw::Withdraw),
}

/// Whose mandates: of a node, or of a demo. Either may run meanwhile.
#[derive(Args)]
struct Whose {
    #[command(flatten)]
    rows: NodeOrDemo,
}

/// The rows of an MR, and what opens them.
struct Register {
    opened: Opened,
    seal: Seal,
}

impl Mandates {
    /// Does what was asked. Exit code 0 when it went well, 1 when it was refused, 2 when it could not
    /// begin.
    pub(crate) async fn run(self) -> ExitCode {
        ended::code(match self.command {
            Command::Register(register) => register.run().await,
            Command::List(list) => list.run().await,
            Command::Show(show) => show.run().await,
            Command::Withdraw(withdraw) => withdraw.run().await,
        })
    }
}

impl Whose {
    /// Opens the rows, and the keys that open what is sealed in them.
    async fn open(&self) -> Result<Register, Ended> {
        let opened = self.rows.open(ROLE, Party::Mr).await;
        let opened = opened.map_err(|why| cannot_begin(&why))?;
        let custody = opened.custody_of_all().map_err(|why| cannot_begin(&why))?;
        let (home, schedule) = (&opened.home, opened.schedule.clone());
        let keys = Keys::open(home, custody, &[], schedule, opened.now).await;
        let keys = keys.map_err(|why| cannot_begin(&why.to_string()))?;
        Ok(Register {
            seal: Seal::new(Arc::new(keys)),
            opened,
        })
    }
}

impl Register {
    const fn beheer(&self) -> Machtigingenbeheer<'_, Home> {
        Machtigingenbeheer {
            home: &self.opened.home,
            seal: &self.seal,
            now: self.opened.now,
        }
    }

    /// The mandate of this reference.
    async fn one(&self, id: &str) -> Result<Machtiging, Ended> {
        let found = self.beheer().een(id).await.map_err(not_done)?;
        found.ok_or_else(|| no_such_mandate(id))
    }
}

/// The services for which mandates can be: of the node, or of a demo with this input.
fn catalogue(opened: &Opened, input: Option<&Path>) -> Result<Dienstencatalogus, Ended> {
    if let Some(services) = opened.services().map_err(|why| cannot_begin(&why))? {
        return Ok(services);
    }
    // The port stands in redirect URIs alone, which no mandate has.
    let input = input.map_or_else(|| Input::sample(443), |folder| Input::read(folder, 443));
    let input = input.map_err(|fault| cannot_begin(&fault.to_string()))?;
    Ok(input.etoegang.catalogus)
}

/// A mandate as the API shows it.
fn as_json(id: &str, machtiging: &Machtiging) -> Value {
    json!(GetoondeMachtiging::new(id, machtiging))
}

fn reference(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_one = (1..=REFERENCE_MAX).contains(&text.len()) && text.chars().all(is_plain);
    is_one
        .then(|| text.to_owned())
        .ok_or_else(|| "expected a reference, as `list` names it".to_owned())
}

/// It could not begin, and why.
fn cannot_begin(why: &str) -> Ended {
    Ended::before_it_began("mandates", why)
}

/// It was refused, and why.
fn refused(why: &str) -> Ended {
    Ended::refused("mandates", why)
}

fn no_such_mandate(id: &str) -> Ended {
    refused(&format!("there is no mandate {id}"))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn not_done(not: NietGedaan) -> Ended {
    cannot_begin(&not.to_string())
}
