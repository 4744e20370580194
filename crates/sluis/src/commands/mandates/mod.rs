//! `sluis mandates`: the mandates (machtigingen) of an MR of eToegang, for who runs it.

mod list;
mod register;
mod show;
mod withdraw;

use std::path::{Path, PathBuf};
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

use super::beside::Opened;

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
    /// The configuration of a node
    #[arg(long, value_name = "FILE", required_unless_present = "state")]
    config: Option<PathBuf>,
    /// The state directory of a demo
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    state: Option<PathBuf>,
}

/// The rows of an MR, and what opens them.
struct Register {
    opened: Opened,
    seal: Seal,
}

/// A command that ended before it was done: it said why.
struct Ended(ExitCode);

impl Mandates {
    /// Does what was asked. Exit code 0 when it went well, 1 when it was refused, 2 when it could not
    /// begin.
    pub(crate) async fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Register(register) => register.run().await,
            Command::List(list) => list.run().await,
            Command::Show(show) => show.run().await,
            Command::Withdraw(withdraw) => withdraw.run().await,
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(Ended(code)) => code,
        }
    }
}

impl Whose {
    /// Opens the rows, and the keys that open what is sealed in them.
    async fn open(&self) -> Result<Register, Ended> {
        let opened = match (&self.config, &self.state) {
            (Some(config), _) => Opened::of_node(config, ROLE).await,
            (_, Some(state)) => Opened::of_demo(&state.join(Party::Mr.name())),
            _ => Err("name --config or --state".to_owned()),
        };
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
    let registers = opened.registers().map_err(|why| cannot_begin(&why))?;
    if let Some(registers) = registers {
        // Which HMs offer a service says nothing of its mandates.
        let catalogue = registers.etoegang.catalogus(&[]);
        return catalogue.map_err(|_| cannot_begin("etoegang.json: a service stands there twice"));
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
    eprintln!("sluis mandates: {why}");
    Ended(ExitCode::from(2))
}

/// It was refused, and why.
fn refused(why: &str) -> Ended {
    eprintln!("sluis mandates: {why}");
    Ended(ExitCode::FAILURE)
}

fn no_such_mandate(id: &str) -> Ended {
    refused(&format!("there is no mandate {id}"))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn not_done(not: NietGedaan) -> Ended {
    cannot_begin(&not.to_string())
}
