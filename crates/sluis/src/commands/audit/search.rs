//! `sluis audit search`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use server::audit::search::{FOUND_MAX, Filter, search};
use server::date;
use server::door::TraceId;
use store::AuditRow;
use verdict::{Actor, Moment, Outcome, person_tag_to_hex};

use super::{Whose, cannot_begin};
use crate::commands::keys::table::{aligned, moment};
use crate::commands::say;

/// Find events: what was granted or refused, to whom, by which requirement. Newest last
#[derive(Args)]
#[command(after_help = "Examples:
  sluis audit search --config /etc/sluis/mitz.toml --trace 69de1d6d-2d84-48e5-bb6c-6f3cc6482821
  sluis audit search --config /etc/sluis/dva.toml --outcome refused --from 2026-11-22 --who pgo.example.nl
  sluis audit search --state ./sluis-demo --party mitz --json | jq '.events[].requirement'

Exit codes: 0 it was searched, 2 it could not be. That nothing was found is said on stderr.")]
pub(super) struct Search {
    #[command(flatten)]
    whose: Whose,
    /// Not before this moment (UTC): 2026-11-22 or 2026-11-22T10:05:12Z
    #[arg(long, value_name = "TIME", value_parser = first_of)]
    from: Option<Moment>,
    /// Not after this moment; of a day, its last second
    #[arg(long, value_name = "TIME", value_parser = last_of)]
    to: Option<Moment>,
    /// The requirement that decided, as it stands in the log: "mitz case 20"
    #[arg(long, value_name = "ID")]
    requirement: Option<String>,
    /// How it ended
    #[arg(long, value_name = "HOW")]
    outcome: Option<How>,
    /// Who asked: person, unknown, or the name that a party proved
    #[arg(long, value_name = "NAME", value_parser = who)]
    who: Option<Actor>,
    /// The number of the request: trace-id in its answer, on the page, in log.jsonl
    #[arg(long, value_name = "UUID", value_parser = trace)]
    trace: Option<TraceId>,
    /// At most so many events of each log, the newest
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = limit)]
    limit: usize,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum How {
    Granted,
    Refused,
}

impl Search {
    pub(super) async fn run(self) -> ExitCode {
        let logs = match self.whose.open().await {
            Ok(logs) => logs,
            Err(code) => return code,
        };
        let filter = self.filter();
        let (mut events, mut meant, mut looked_at) = (Vec::new(), 0, 0);
        for (name, log) in logs {
            let found = match search(&log.home, &filter, self.limit).await {
                Ok(found) => found,
                Err(down) => return cannot_begin(&format!("{name}: {down}")),
            };
            meant += found.meant;
            looked_at += found.looked_at;
            events.extend(found.rows.into_iter().map(|row| (name.clone(), row)));
        }
        events.sort_by_key(|(_, row)| row.moment);
        if self.json {
            say(&as_json(&events, meant).to_string());
        } else if !events.is_empty() {
            say(&table(&events));
        }
        tell_rest(events.len(), meant, looked_at);
        ExitCode::SUCCESS
    }

    fn filter(&self) -> Filter {
        Filter {
            from: self.from,
            to: self.to,
            requirement: self.requirement.clone(),
            outcome: self.outcome.map(|how| match how {
                How::Granted => Outcome::Granted,
                How::Refused => Outcome::Refused,
            }),
            who: self.who.clone(),
            trace: self.trace,
        }
    }
}

/// What the list itself does not tell.
fn tell_rest(shown: usize, meant: u64, looked_at: u64) {
    if shown == 0 {
        eprintln!("sluis audit: nothing found among {looked_at} events");
    } else if u64::try_from(shown).is_ok_and(|shown| shown < meant) {
        eprintln!(
            "sluis audit: the newest {shown} of {meant}; --limit gives more, --from and --to fewer"
        );
    }
}

fn as_json(events: &[(String, AuditRow)], meant: u64) -> Value {
    let event = |(log, row): &(String, AuditRow)| {
        let (who, party) = who_of(&row.who);
        json!({
            "log": log,
            "seq": row.seq,
            "time": row.moment.unix(),
            "requirement": row.requirement,
            "what": row.what,
            "outcome": outcome_of(row.outcome),
            "who": who,
            "party": party,
            "details": row.details,
            "whose": row.whose.map(person_tag_to_hex),
            "trace_id": row.trace.map(|trace| TraceId::from_bytes(trace).to_string()),
        })
    };
    let events: Vec<Value> = events.iter().map(event).collect();
    json!({ "schema_version": 1, "found": meant, "events": events })
}

fn table(events: &[(String, AuditRow)]) -> String {
    let row = |(log, row): &(String, AuditRow)| {
        let (who, party) = who_of(&row.who);
        vec![
            log.clone(),
            row.seq.to_string(),
            moment(row.moment.unix()),
            outcome_of(row.outcome).to_owned(),
            row.requirement.clone(),
            row.what.clone(),
            party.unwrap_or(who).to_owned(),
            row.trace.map_or_else(
                || "-".to_owned(),
                |trace| TraceId::from_bytes(trace).to_string(),
            ),
        ]
    };
    let rows: Vec<Vec<String>> = events.iter().map(row).collect();
    let heads = [
        "LOG",
        "SEQ",
        "TIME",
        "OUTCOME",
        "REQUIREMENT",
        "WHAT",
        "WHO",
        "TRACE",
    ];
    aligned(&heads, &rows)
}

/// Who asked, as its kind and the name of a party.
fn who_of(actor: &Actor) -> (&'static str, Option<&str>) {
    match actor {
        Actor::Person => ("person", None),
        Actor::Party(name) => ("party", Some(name)),
        Actor::Unknown => ("unknown", None),
    }
}

const fn outcome_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Granted => "granted",
        Outcome::Refused => "refused",
    }
}

fn who(text: &str) -> Result<Actor, String> {
    Ok(match text {
        "" => return Err("expected person, unknown, or the name of a party".to_owned()),
        "person" => Actor::Person,
        "unknown" => Actor::Unknown,
        party => Actor::Party(party.to_owned()),
    })
}

fn trace(text: &str) -> Result<TraceId, String> {
    TraceId::parse(text).ok_or_else(|| {
        "expected a UUID of 36 characters, as 69de1d6d-2d84-48e5-bb6c-6f3cc6482821".to_owned()
    })
}

fn limit(text: &str) -> Result<usize, String> {
    let limit = text.parse().ok();
    let limit = limit.filter(|limit| (1..=FOUND_MAX).contains(limit));
    limit.ok_or_else(|| format!("expected 1 to {FOUND_MAX}"))
}

fn first_of(text: &str) -> Result<Moment, String> {
    time(text, "T00:00:00Z")
}

fn last_of(text: &str) -> Result<Moment, String> {
    time(text, "T23:59:59Z")
}

/// A moment, or the end of a day that `rest` says.
fn time(text: &str, rest: &str) -> Result<Moment, String> {
    let moment = date::read(text).or_else(|| date::read(&format!("{text}{rest}")));
    moment.ok_or_else(|| "expected a time in UTC, as 2026-11-22 or 2026-11-22T10:05:12Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_meant_from_its_first_second_to_its_last() {
        let second = |text: Result<Moment, String>| text.map(Moment::unix);
        assert_eq!(second(first_of("1970-01-02")), Ok(86_400));
        assert_eq!(second(last_of("1970-01-02")), Ok(2 * 86_400 - 1));
        assert_eq!(second(last_of("1970-01-02T00:00:07Z")), Ok(86_407));
        assert!(first_of("yesterday").is_err());
    }

    #[test]
    fn who_is_a_kind_or_the_name_of_a_party() {
        assert_eq!(who("person"), Ok(Actor::Person));
        assert_eq!(who("unknown"), Ok(Actor::Unknown));
        assert_eq!(
            who("pgo.localhost"),
            Ok(Actor::Party("pgo.localhost".to_owned()))
        );
        assert!(who("").is_err());
    }
}
