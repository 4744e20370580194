//! `sluis domain`: the domains of Koppeltaal, for who runs them.

mod apply;
mod key;
mod list;
mod plan;
mod remove;
mod show;

use std::fs::File;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use koppeltaal::Domein;
use koppeltaal::domeinbeheer::{Bewerking, Gewijzigd, Macht, Nu, Plan, Verwacht, Wijzigen};
use koppeltaal::domeinconfiguratie::{DOCUMENT_BYTES_MAX, Domeinconfiguratie, Fout, Regels};
use serde_json::{Value, json};
use server::domeinbeheer::{self, NietGedaan};
use server::network::Party;

use super::beside::{NodeOrDemo, Opened};
use super::ended::{self, Ended};
use super::who;

/// The role, as a configuration names it.
const ROLE: &str = "koppeltaal";

/// Domains of Koppeltaal: show, plan and apply what a file declares, and who may administer them
#[derive(Args)]
pub(crate) struct Domain {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    List(list::List),
    Show(show::Show),
    Plan(plan::PlanFile),
    Apply(apply::Apply),
    Remove(remove::Remove),
    Key(key::Key),
}

/// Whose domains: of a node, or of a demo. Either may run meanwhile.
#[derive(Args)]
struct Whose {
    #[command(flatten)]
    rows: NodeOrDemo,
}

impl Domain {
    /// Does what was asked. Exit code 0 when it went well, 1 when it was refused, 2 when it could not
    /// begin.
    pub(crate) async fn run(self) -> ExitCode {
        ended::code(match self.command {
            Command::List(list) => list.run().await,
            Command::Show(show) => show.run().await,
            Command::Plan(plan) => plan.run().await,
            Command::Apply(apply) => apply.run().await,
            Command::Remove(remove) => remove.run().await,
            Command::Key(key) => key.run().await,
        })
    }
}

impl Whose {
    /// Opens the rows.
    async fn open(&self) -> Result<Opened, Ended> {
        let opened = self.rows.open(ROLE, Party::Koppeltaal).await;
        opened.map_err(|why| cannot_begin(&why))
    }
}

/// A declaration beside what is kept of its domain.
struct Beside {
    declared: Domeinconfiguratie,
    verwacht: Verwacht,
    plan: Plan,
}

impl Beside {
    /// Reads a file, and the domain that it declares.
    async fn read(opened: &Opened, file: &Path) -> Result<Self, Ended> {
        let declared = declared(opened, file)?;
        let nu = kept(opened, &declared.domein).await?;
        let was = nu.as_ref().and_then(|nu| nu.domein.as_ref());
        Ok(Self {
            plan: Plan::tussen(was, Some(&declared)),
            verwacht: match (&nu, was) {
                (Some(nu), Some(_)) => Verwacht::Versie(nu.versie),
                _ => Verwacht::Nieuw,
            },
            declared,
        })
    }

    /// What would change, for people.
    fn text(&self) -> String {
        let domein = &self.declared.domein;
        match (&self.verwacht, self.plan.is_leeg()) {
            (_, true) => format!("domain {domein} is as the file says"),
            (Verwacht::Nieuw, _) => format!("domain {domein} would be new\n{}", self.plan),
            (Verwacht::Versie(versie), _) => {
                format!(
                    "domain {domein}, version {versie}, would change\n{}",
                    self.plan
                )
            }
        }
    }

    fn json(&self) -> Value {
        json!({
            "schema_version": 1,
            "domain": self.declared.domein,
            "version": match self.verwacht {
                Verwacht::Nieuw => None,
                Verwacht::Versie(versie) => Some(versie),
            },
            "changes": self.plan.regels().collect::<Vec<_>>(),
        })
    }
}

/// What a declaration may say there: a demo's domains may have keys on loopback without TLS.
const fn regels(opened: &Opened) -> Regels {
    Regels {
        http_on_loopback: opened.is_demo(),
    }
}

/// The domain in a file.
fn declared(opened: &Opened, file: &Path) -> Result<Domeinconfiguratie, Ended> {
    let mut document = Vec::new();
    let bytes_max = u64::try_from(DOCUMENT_BYTES_MAX).unwrap_or(u64::MAX);
    let read = File::open(file).and_then(|open| {
        open.take(bytes_max.saturating_add(1))
            .read_to_end(&mut document)
    });
    read.map_err(|why| cannot_begin(&format!("{}: {why}", file.display())))?;
    let meant = Domeinconfiguratie::read(&document, regels(opened));
    meant.map_err(|fout| refused(&format!("{}: {fout}", file.display())))
}

/// A domain as it is kept.
async fn kept(opened: &Opened, domein: &Domein) -> Result<Option<Nu>, Ended> {
    let nu = domeinbeheer::nu(&opened.home, domein, regels(opened), opened.now).await;
    nu.map_err(not_done)
}

/// Changes a domain, if it is still the one that the plan was made for.
async fn change(
    opened: &Opened,
    domein: &Domein,
    bewerking: Bewerking,
    verwacht: Verwacht,
) -> Result<Option<u64>, Ended> {
    let entropy = server::chance::entropy();
    let wijzigen = Wijzigen {
        domein: domein.clone(),
        bewerking,
        verwacht,
        wie: who(),
        macht: Macht::Alles,
        regels: regels(opened),
        now: opened.now,
        nonce: entropy.bytes("logboek"),
    };
    match domeinbeheer::wijzigen(&opened.home, &wijzigen).await {
        Ok(Gewijzigd::Ja { versie, .. }) => Ok(versie),
        Ok(Gewijzigd::Anders { .. } | Gewijzigd::Onbekend) => Err(refused(&format!(
            "{domein} was changed since it was planned, and stays as it is; plan again"
        ))),
        Ok(Gewijzigd::Fout(fout)) => Err(refused(&fout.to_string())),
        // Who is at the command line runs the service.
        Ok(Gewijzigd::NietAanHem(member)) => Err(refused(member)),
        Err(not) => Err(not_done(not)),
    }
}

/// Asks whether to go on; a program that does not say `--yes` is told to.
fn agreed(yes: bool, question: &str) -> Result<(), Ended> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(cannot_begin("nobody is here to ask: say --yes"));
    }
    let mut out = std::io::stderr();
    let _ = write!(out, "{question} [y/N] ");
    let _ = out.flush();
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    if matches!(answer.trim(), "y" | "yes") {
        Ok(())
    } else {
        Err(refused("nothing was changed"))
    }
}

fn name(text: &str) -> Result<Domein, String> {
    Domein::parse(text).map_err(|not| not.to_string())
}

/// It could not begin, and why.
fn cannot_begin(why: &str) -> Ended {
    Ended::before_it_began("domain", why)
}

/// It was refused, and why.
fn refused(why: &str) -> Ended {
    Ended::refused("domain", why)
}

fn no_such_domain(domein: &Domein) -> Ended {
    refused(&format!("there is no domain {domein}"))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn not_done(not: NietGedaan) -> Ended {
    cannot_begin(&not.to_string())
}

impl From<Fout> for Ended {
    fn from(fout: Fout) -> Self {
        refused(&fout.to_string())
    }
}
