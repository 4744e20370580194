//! `sluis mandates list`.

use clap::Args;
use etoegang::kenmerk::{Kenmerk, Soort};
use etoegang::machtiging::{Gemachtigde, Machtiging};
use identity::ServiceUuid;
use serde_json::{Value, json};
use verdict::Moment;

use super::{Ended, Whose, as_json, not_done, reference};
use crate::commands::keys::table::{aligned, moment};
use crate::commands::say;

/// Show which mandates there are, also those that were withdrawn or are over
#[derive(Args)]
#[command(after_help = "Examples:
  sluis mandates list --config /etc/sluis/mr.toml
  sluis mandates list --for 12345678 --valid --config /etc/sluis/mr.toml

A table shows no RSIN, which may be a person's BSN, and no pseudonym; `show` and --json do.

Exit codes: 0 they are shown, 2 they cannot be read.")]
pub(super) struct List {
    /// Only for the organisation with this number in the trade register
    #[arg(long = "for", value_name = "KVK", value_parser = kvk)]
    represented: Option<Kenmerk>,
    /// Only at this service
    #[arg(long, value_name = "UUID", value_parser = service)]
    service: Option<ServiceUuid>,
    /// Only those that count now
    #[arg(long)]
    valid: bool,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    max: u16,
    /// Those that follow this one
    #[arg(long, value_name = "ID", value_parser = reference, allow_hyphen_values = true)]
    after: Option<String>,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

impl List {
    pub(super) async fn run(self) -> Result<(), Ended> {
        let register = self.whose.open().await?;
        let now = register.opened.now;
        let asked = |machtiging: &Machtiging| self.asks(machtiging, now);
        let (after, max) = (self.after.as_deref(), usize::from(self.max));
        let found = register.beheer().lijst(after, max, asked).await;
        let found = found.map_err(not_done)?;
        let all = &found.machtigingen;
        say(&if self.json {
            let mandates = all.iter().map(|(id, machtiging)| as_json(id, machtiging));
            let mandates: Value = mandates.collect();
            json!({ "schema_version": 1, "mandates": mandates, "more_after": found.verder })
                .to_string()
        } else {
            table(all, now)
        });
        if let Some(id) = found.verder.filter(|_| !self.json) {
            eprintln!("sluis mandates: there may be more: --after {id}");
        }
        Ok(())
    }

    fn asks(&self, machtiging: &Machtiging, now: Moment) -> bool {
        let who = self.represented.as_ref();
        let service = self.service.as_ref();
        who.is_none_or(|who| *who == machtiging.vertegenwoordigde)
            && service.is_none_or(|service| *service == machtiging.service_uuid)
            && !(self.valid && machtiging.is_geldig(now).is_err())
    }
}

fn table(all: &[(String, Machtiging)], now: Moment) -> String {
    let row = |(id, machtiging): &(String, Machtiging)| {
        vec![
            id.clone(),
            number(&machtiging.vertegenwoordigde),
            who(&machtiging.gemachtigde),
            machtiging.service_uuid.to_string(),
            machtiging.niveau.naam().to_owned(),
            moment(machtiging.van),
            moment(machtiging.tot),
            standing(machtiging, now),
        ]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let heads = [
        "ID", "FOR", "WHO", "SERVICE", "LEVEL", "FROM", "UNTIL", "STATE",
    ];
    aligned(&heads, &rows)
}

fn number(kenmerk: &Kenmerk) -> String {
    match kenmerk.soort() {
        Soort::KvkNr => format!("kvk {}", kenmerk.waarde()),
        Soort::Rsin => "an rsin".to_owned(),
    }
}

fn who(gemachtigde: &Gemachtigde) -> String {
    match gemachtigde {
        Gemachtigde::Persoon(_) => "a person".to_owned(),
        Gemachtigde::Organisatie(kenmerk) => number(kenmerk),
    }
}

fn standing(machtiging: &Machtiging, now: Moment) -> String {
    match machtiging.ingetrokken {
        Some(when) => format!("withdrawn {}", moment(when)),
        None if machtiging.is_geldig(now).is_ok() => "counts".to_owned(),
        None if now.unix() < machtiging.van => "not begun".to_owned(),
        None => "over".to_owned(),
    }
}

fn kvk(text: &str) -> Result<Kenmerk, String> {
    let kenmerk = Kenmerk::parse(Soort::KvkNr, text);
    kenmerk.map_err(|_| "expected eight digits".to_owned())
}

fn service(text: &str) -> Result<ServiceUuid, String> {
    ServiceUuid::parse(text).map_err(|_| "expected a ServiceUUID".to_owned())
}
