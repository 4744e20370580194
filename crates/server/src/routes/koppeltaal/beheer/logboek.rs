//! What was changed, and the emergency brake.

use koppeltaal::domeinbeheer::Logboekregel;
use serde_json::{Value, json};
use store::{Commit, Store as _};
use verdict::{Actor, CommitId, Event, Key, Moment, Record as _};

use super::problem::Problem;
use super::{Antwoord, Vraag, only};
use crate::chance;
use crate::date;
use crate::domeinbeheer;
use crate::door::TraceId;
use crate::keys::admin::{self, NotDone};
use crate::keys::not_before::Subject;
use crate::routes::koppeltaal::KoppeltaalRole;
use crate::settle::Outage;
use crate::web;

/// Changes on one page of the log, when nothing is said.
const REGELS: u16 = 20;
/// Changes on one page of the log, at most: each is a row with up to 200 lines.
const REGELS_MAX: u16 = 100;

/// A page of the log, newest first.
pub(super) async fn list(vraag: Vraag) -> Antwoord {
    let query = vraag.visit.query();
    let query = query.map_err(|_| Problem::bad("query", "expected each parameter once"))?;
    let rows_max = match query.get("limit").map(str::parse) {
        None => REGELS,
        Some(Ok(limit)) if (1..=REGELS_MAX).contains(&limit) => limit,
        Some(_) => return Err(Problem::bad("limit", "expected a number from 1 to 100")),
    };
    let na = query.get("after").map(cursor).transpose()?;
    let app = &vraag.role.app;
    let now = app.clock.now();
    let page = domeinbeheer::logboek(&app.home, &vraag.domein, na, rows_max, now).await?;
    let next = page.verder.map(|key| jose::b64::encode(key.bytes()));
    let body = json!({ "changes": page.regels, "next": next });
    Ok(web::json(200, &body))
}

fn cursor(text: &str) -> Result<Key, Problem> {
    let bytes = jose::b64::decode(text).filter(|bytes| bytes.len() <= store::commit::KEY_BYTES_MAX);
    let bytes = bytes.ok_or_else(|| Problem::bad("after", "expected `next` of the page before"))?;
    Ok(Key::Record(Logboekregel::SPACE, bytes))
}

/// Since when tokens of this domain count (koppeltaal.md §2.7).
pub(super) async fn not_before(vraag: Vraag) -> Antwoord {
    vraag.nu().await?;
    let held = vraag.role.domain_not_before(vraag.domein.as_str()).await?;
    Ok(web::json(200, &said(held)))
}

/// Refuses at once what was issued in this domain before now, or before a moment that was
/// (koppeltaal.md §2.7).
pub(super) async fn brake(vraag: Vraag) -> Antwoord {
    vraag.nu().await?;
    let now = vraag.role.app.clock.now();
    let at = if vraag.visit.body.is_empty() {
        now
    } else {
        moment(&vraag.json("application/json")?, now)?
    };
    let (wie, trace) = (vraag.beheerder.wie(), vraag.visit.trace);
    let braked = vraag.role.brake(&vraag.domein, at, wie, trace).await;
    braked.map_err(|not| match not {
        NotDone::InTheFuture => Problem::bad("not_before", "expected a moment that was"),
        other => Problem::from(Outage::Store(other.to_string())),
    })?;
    Ok(web::json(200, &said(Some(at.unix()))))
}

fn moment(said: &Value, now: Moment) -> Result<Moment, Problem> {
    only(said, "not_before")?;
    match said.get("not_before") {
        None => Ok(now),
        Some(text) => {
            let at = text.as_str().and_then(date::read);
            at.ok_or_else(|| Problem::bad("not_before", "expected 2026-11-22T10:00:00Z"))
        }
    }
}

fn said(held: Option<i64>) -> Value {
    let text = held.map(|unix| format!("{}Z", date::moment(unix).replace(' ', "T")));
    json!({ "not_before": text })
}

impl KoppeltaalRole {
    /// Since when tokens of a domain count, in seconds since 1970.
    pub(super) async fn domain_not_before(&self, domein: &str) -> Result<Option<i64>, Problem> {
        let now = self.app.clock.now();
        let held = admin::not_before(&self.app.home, now).await;
        let held = held.map_err(|not| Problem::from(Outage::Store(not.to_string())))?;
        let of_it = held
            .into_iter()
            .find(|one| one.kind == "domain" && one.name == domein);
        Ok(of_it.map(|one| one.not_before))
    }

    /// Pulls the emergency brake of a domain; this node knows of it before the answer leaves. It comes
    /// first: that it could not be told is no reason not to brake.
    pub(super) async fn brake(
        &self,
        domein: &koppeltaal::Domein,
        at: Moment,
        wie: &str,
        trace: TraceId,
    ) -> Result<(), NotDone> {
        let (app, now) = (&self.app, self.app.clock.now());
        let subject = Subject::Domain(domein.to_string());
        admin::set_not_before(&app.home, &subject, at, now).await?;
        app.keys.look(&app.home, now).await?;
        let moment = format!("{}Z", date::moment(at.unix()).replace(' ', "T"));
        let told = Logboekregel::not_before(&moment, wie, now);
        let what = "everything issued in a domain before a moment is refused";
        let who = Actor::Party(format!("{wie} ({domein})"));
        let event = Event::granted("koppeltaal.md §2.7", what, who);
        let change = told.toevoegen(domein, chance::entropy().bytes("logboek"));
        let id = CommitId(chance::entropy().bytes("commit"));
        let commit = Commit::new(id, now, vec![app.seal.change(change)], vec![event]);
        let kept = match commit {
            Ok(commit) => app.home.commit(commit).await.map_err(|not| not.to_string()),
            Err(bad) => Err(bad.to_string()),
        };
        if let Err(why) = kept {
            tracing::error!(party = app.party, trace = %trace, %why, "a pulled brake is not in the log of its domain");
        }
        Ok(())
    }
}
