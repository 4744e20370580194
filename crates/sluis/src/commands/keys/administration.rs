//! `sluis keys administration`: who may administer an HM, an AD or an MR of eToegang.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use etoegang::beheersleutel::Beheersleutel;
use serde_json::{Value, json};
use server::etoegangbeheer::{self, NietGedaan, sleutel_genaamd, sleutel_naam};
use server::keys::Keys;
use server::seal::Handles;

use super::cannot_begin;
use super::table::{aligned, moment};
use crate::commands::beside::Opened;
use crate::commands::{say, who};

/// Keys with which the means at an AD, or the mandates at an MR, are administered
#[derive(Args)]
pub(super) struct Administration {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Add(Add),
    List(List),
    Withdraw(Withdraw),
}

/// Make a key for a person or a program; its secret is printed once
#[derive(Args)]
#[command(after_help = "Example:
  sluis keys administration add middelenuitgever --role ad --config /etc/sluis/ad.toml

The secret goes into `Authorization: Bearer …` of requests to /beheer. It is kept nowhere: who loses it
gets another key.

Exit codes: 0 it was made, 1 it was refused, 2 it could not begin.")]
struct Add {
    /// Who holds it, for the audit log
    #[arg(value_name = "NAME")]
    name: String,
    /// For how many days, 180 at most
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=180))]
    days: u32,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

/// Show the keys that work
#[derive(Args)]
#[command(after_help = "Example:
  sluis keys administration list --role mr --config /etc/sluis/mr.toml

Exit codes: 0 they are shown, 2 they cannot be read.")]
struct List {
    /// Print them as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

/// Withdraw a key, at once
#[derive(Args)]
#[command(after_help = "Example:
  sluis keys administration withdraw 4f3c1c86-… --role ad --config /etc/sluis/ad.toml

Exit codes: 0 it is gone, 1 there is no such key, 2 it could not begin.")]
struct Withdraw {
    /// The key, as `list` names it
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    whose: Whose,
}

/// Which role of a node, which may run meanwhile.
#[derive(Args)]
struct Whose {
    /// The configuration of the node
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The role in it
    #[arg(long, value_name = "NAME", value_parser = ["hm", "ad", "mr"])]
    role: String,
}

impl Administration {
    pub(super) async fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Add(add) => add.run().await,
            Command::List(list) => list.run().await,
            Command::Withdraw(withdraw) => withdraw.run().await,
        };
        done.err().unwrap_or(ExitCode::SUCCESS)
    }
}

impl Add {
    async fn run(self) -> Result<(), ExitCode> {
        let opened = self.whose.open().await?;
        let life_s = self.days.saturating_mul(86_400);
        let sleutel = Beheersleutel::nieuw(&self.name, life_s, opened.now);
        let sleutel = sleutel.map_err(|bad| refused(&bad.to_string()))?;
        let custody = opened.custody_of_all().map_err(|why| cannot_begin(&why))?;
        let (home, schedule) = (&opened.home, opened.schedule.clone());
        let keys = Keys::open(home, custody, &[], schedule, opened.now).await;
        let keys = keys.map_err(|why| cannot_begin(&why.to_string()))?;
        let handles = Handles::new(Arc::new(keys));
        let id = server::chance::entropy().bytes("beheersleutel");
        let made = etoegangbeheer::erbij(home, id, &sleutel, &who(), opened.now).await;
        if !made.map_err(|why| not_done(&why))? {
            return Err(refused("the key could not be made; try again"));
        }
        let secret = etoegangbeheer::geheim(&handles, id);
        say(&if self.json {
            let mut made = as_json(&(id, sleutel));
            made["secret"] = Value::from(secret);
            json!({ "schema_version": 1, "made": made }).to_string()
        } else {
            let (id, until) = (sleutel_naam(id), moment(sleutel.tot));
            format!("{id} works until {until}; its secret, which is shown now only:\n{secret}")
        });
        Ok(())
    }
}

impl List {
    async fn run(self) -> Result<(), ExitCode> {
        let opened = self.whose.open().await?;
        let keys = etoegangbeheer::sleutels(&opened.home, opened.now).await;
        let keys = keys.map_err(|why| not_done(&why))?;
        say(&if self.json {
            let keys: Value = keys.iter().map(as_json).collect();
            json!({ "schema_version": 1, "keys": keys }).to_string()
        } else {
            table(&keys)
        });
        Ok(())
    }
}

impl Withdraw {
    async fn run(self) -> Result<(), ExitCode> {
        let opened = self.whose.open().await?;
        let no_such = || refused(&format!("there is no key {}", self.id));
        let id = sleutel_genaamd(&self.id).ok_or_else(no_such)?;
        let gone = etoegangbeheer::eraf(&opened.home, id, &who(), opened.now).await;
        let gone = gone.map_err(|why| not_done(&why))?;
        let gone = gone.ok_or_else(no_such)?;
        say(&format!("the key of {} is gone", gone.naam));
        Ok(())
    }
}

impl Whose {
    async fn open(&self) -> Result<Opened, ExitCode> {
        let opened = Opened::of_node(&self.config, &self.role).await;
        opened.map_err(|why| cannot_begin(&why))
    }
}

fn refused(why: &str) -> ExitCode {
    eprintln!("sluis keys administration: {why}");
    ExitCode::FAILURE
}

fn not_done(why: &NietGedaan) -> ExitCode {
    cannot_begin(&why.to_string())
}

fn as_json((id, sleutel): &([u8; 16], Beheersleutel)) -> Value {
    json!({
        "id": sleutel_naam(*id),
        "name": sleutel.naam,
        "made": sleutel.gemaakt,
        "until": sleutel.tot,
    })
}

fn table(keys: &[([u8; 16], Beheersleutel)]) -> String {
    let row = |(id, sleutel): &([u8; 16], Beheersleutel)| {
        vec![
            sleutel_naam(*id),
            moment(sleutel.gemaakt),
            moment(sleutel.tot),
            sleutel.naam.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = keys.iter().map(row).collect();
    aligned(&["ID", "MADE", "UNTIL", "NAME"], &rows)
}
