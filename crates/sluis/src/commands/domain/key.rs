//! `sluis domain key`: who may administer domains by REST and at the pages.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::{Args, Subcommand};
use koppeltaal::Domein;
use koppeltaal::domeinbeheer::{Beheersleutel, Domeinen, SLEUTEL};
use serde_json::{Value, json};
use server::domeinbeheer::{self, sleutel_genaamd, sleutel_naam};
use server::keys::Keys;
use server::seal::Handles;

use super::{Ended, Whose, cannot_begin, name, not_done, refused, who};
use crate::commands::keys::table::{aligned, moment};
use crate::commands::say;

/// Administration keys: make, list and withdraw them
#[derive(Args)]
pub(super) struct Key {
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
#[command(after_help = "Examples:
  sluis domain key add \"A. Jansen\" --domain ggz-noord --config /etc/sluis/koppeltaal.toml
  sluis domain key add terraform --all --days 90 --config /etc/sluis/koppeltaal.toml

The secret goes into `Authorization: Bearer …`, or into the login page at /beheer. It is kept nowhere:
who loses it gets another key.

Exit codes: 0 it was made, 1 it was refused, 2 it could not begin.")]
struct Add {
    /// Who holds it, for the log of changes
    #[arg(value_name = "NAME")]
    name: String,
    /// A domain that it is for; may be said again
    #[arg(long, value_name = "DOMAIN", value_parser = name, required_unless_present = "all")]
    domain: Vec<Domein>,
    /// It is for every domain, also those to come
    #[arg(long, conflicts_with = "domain")]
    all: bool,
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
  sluis domain key list --config /etc/sluis/koppeltaal.toml

Exit codes: 0 they are shown, 2 they cannot be read.")]
struct List {
    /// Print them as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

/// Withdraw a key, at once, and with it every visit to the pages
#[derive(Args)]
#[command(after_help = "Example:
  sluis domain key withdraw 4f3c1c86-… --config /etc/sluis/koppeltaal.toml

Exit codes: 0 it is gone, 1 there is no such key, 2 it could not begin.")]
struct Withdraw {
    /// The key, as `list` names it
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    whose: Whose,
}

impl Key {
    pub(super) async fn run(self) -> Result<(), Ended> {
        match self.command {
            Command::Add(add) => add.run().await,
            Command::List(list) => list.run().await,
            Command::Withdraw(withdraw) => withdraw.run().await,
        }
    }
}

impl Add {
    async fn run(self) -> Result<(), Ended> {
        let opened = self.whose.open().await?;
        let domeinen = if self.all {
            Domeinen::Alle
        } else {
            Domeinen::Deze(self.domain.into_iter().collect::<BTreeSet<_>>())
        };
        let life_s = self.days.saturating_mul(86_400);
        let sleutel = Beheersleutel::nieuw(&self.name, domeinen, life_s, opened.now)?;
        let custody = opened.custody_of_all().map_err(|why| cannot_begin(&why))?;
        let (home, schedule) = (&opened.home, opened.schedule.clone());
        let keys = Keys::open(home, custody, &[], schedule, opened.now).await;
        let handles = Handles::new(Arc::new(
            keys.map_err(|why| cannot_begin(&why.to_string()))?,
        ));
        let id = server::chance::entropy().bytes("beheersleutel");
        let made = domeinbeheer::sleutel_erbij(home, id, &sleutel, &who(), opened.now).await;
        if !made.map_err(not_done)? {
            return Err(refused("the key could not be made; try again"));
        }
        let secret = handles.make(SLEUTEL, Beheersleutel::handle(id));
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
    async fn run(self) -> Result<(), Ended> {
        let opened = self.whose.open().await?;
        let keys = domeinbeheer::sleutels(&opened.home, opened.now).await;
        let keys = keys.map_err(not_done)?;
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
    async fn run(self) -> Result<(), Ended> {
        let opened = self.whose.open().await?;
        let no_such = || refused(&format!("there is no key {}", self.id));
        let id = sleutel_genaamd(&self.id).ok_or_else(no_such)?;
        let gone = domeinbeheer::sleutel_eraf(&opened.home, id, &who(), opened.now).await;
        let gone = gone.map_err(not_done)?.ok_or_else(no_such)?;
        say(&format!("the key of {} is gone", gone.naam));
        Ok(())
    }
}

fn as_json((id, sleutel): &([u8; 16], Beheersleutel)) -> Value {
    let domains = match &sleutel.domeinen {
        Domeinen::Alle => Value::Null,
        Domeinen::Deze(these) => json!(these),
    };
    json!({
        "id": sleutel_naam(*id),
        "name": sleutel.naam,
        "domains": domains,
        "made": sleutel.gemaakt,
        "until": sleutel.tot,
    })
}

fn table(keys: &[([u8; 16], Beheersleutel)]) -> String {
    let row = |(id, sleutel): &([u8; 16], Beheersleutel)| {
        let domains = match &sleutel.domeinen {
            Domeinen::Alle => "all".to_owned(),
            Domeinen::Deze(these) => {
                let names: Vec<&str> = these.iter().map(Domein::as_str).collect();
                names.join(",")
            }
        };
        vec![
            sleutel_naam(*id),
            moment(sleutel.gemaakt),
            moment(sleutel.tot),
            domains,
            sleutel.naam.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = keys.iter().map(row).collect();
    aligned(&["ID", "MADE", "UNTIL", "DOMAINS", "NAME"], &rows)
}
