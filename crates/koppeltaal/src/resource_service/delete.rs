//! Ending a resource.

use super::antwoord::{Antwoord, Inhoud, etag};
use super::exchange::{Exchange, Stap};
use super::read;
use super::refused::Refused;
use super::request::{Id, Instance, Interaction};
use super::resource::Reach;
use super::vraag::{Then, UpstreamAnswer, UpstreamRequest};

/// Asks for the stored version where its owner or its number matters; else ends it at once.
pub(super) fn begin(exchange: &Exchange, at: &Instance) -> Stap {
    let has_condition = exchange.asked.request.if_match.is_some();
    if exchange.reach == Reach::Everybody && !has_condition {
        return end(exchange, at, None);
    }
    let request = UpstreamRequest {
        method: "GET",
        path: at.to_string(),
        ..UpstreamRequest::default()
    };
    exchange.ask(request, Then::JudgeDelete)
}

pub(super) fn judged(exchange: &Exchange, answer: &UpstreamAnswer) -> Stap {
    let Interaction::Delete(at) = &exchange.interaction else {
        return exchange.refused(Refused::Unreadable);
    };
    match version(exchange, at, answer) {
        Ok(version) => end(exchange, at, version.as_ref()),
        Err(why) => exchange.refused(why),
    }
}

/// The version that was judged: that one is ended, or none.
fn version(
    exchange: &Exchange,
    at: &Instance,
    answer: &UpstreamAnswer,
) -> Result<Option<Id>, Refused> {
    let head = read::stored(exchange, at, answer)?;
    let current = answer.version().or(head.version);
    let named = exchange.if_match()?;
    if named.is_some() && current.is_some() && named != current {
        // koppeltaal case 66
        return Err(Refused::Stale);
    }
    Ok(current.or(named))
}

fn end(exchange: &Exchange, at: &Instance, version: Option<&Id>) -> Stap {
    let request = UpstreamRequest {
        method: "DELETE",
        path: at.to_string(),
        if_match: version.map(etag),
        ..UpstreamRequest::default()
    };
    exchange.ask(request, Then::Deleted)
}

pub(super) fn answered(exchange: &Exchange, answer: &UpstreamAnswer) -> Stap {
    let is_conditional = exchange.asked.request.if_match.is_some();
    let why = match answer.status {
        200 | 202 | 204 => {
            return exchange.answered(Antwoord::new(204, Inhoud::Leeg), None);
        }
        404 | 410 => exchange.absent(false),
        412 if is_conditional => Refused::Stale,
        // Who refers to it is not said (design §5).
        409 | 412 => Refused::Conflict,
        429 | 500.. => Refused::Away,
        _ => Refused::Unreadable,
    };
    exchange.refused(why)
}
