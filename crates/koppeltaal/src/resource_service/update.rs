//! Changing a resource: the stored version says whose it is, and whose it stays (koppeltaal.md §2.4).

use super::antwoord::etag;
use super::exchange::{Exchange, Stap};
use super::gebeurtenis::Verwijzing;
use super::refused::Refused;
use super::request::{Id, Instance, Interaction};
use super::resource::{Head, Members, Owner};
use super::subscription::{self, Notice};
use super::vraag::{Then, UpstreamAnswer, UpstreamRequest};
use super::{media, read};
use crate::permissie::ResourceType;

/// Asks for the stored version: its owner decides, and stays.
pub(super) fn begin(exchange: &Exchange, at: &Instance) -> Stap {
    let request = UpstreamRequest {
        method: "GET",
        path: at.to_string(),
        ..UpstreamRequest::default()
    };
    exchange.ask(request, Then::JudgeUpdate)
}

pub(super) fn judged(exchange: &Exchange, answer: &UpstreamAnswer) -> Stap {
    let Interaction::Update(at) = &exchange.interaction else {
        return exchange.refused(Refused::Unreadable);
    };
    match change(exchange, at, answer) {
        Ok((request, notice)) => subscription::send(exchange, request, Then::Updated, notice),
        Err(why) => exchange.refused(why),
    }
}

/// The change, once it is known that it may be made: first who may, then what.
fn change(
    exchange: &Exchange,
    at: &Instance,
    stored: &UpstreamAnswer,
) -> Result<(UpstreamRequest, Option<Notice>), Refused> {
    let head = read::stored(exchange, at, stored)?;
    let request = &exchange.asked.request;
    media::is_json(request.content_type.as_deref())?;
    // koppeltaal case 62
    let named = exchange.if_match()?.ok_or(Refused::NoIfMatch)?;
    let current = stored.version().or_else(|| head.version.clone());
    if current.is_some_and(|current| current != named) {
        // koppeltaal case 63
        return Err(Refused::Stale);
    }
    if request.if_none_match.is_some() {
        // RFC 9110 §13.1.2
        return Err(Refused::IsThere);
    }
    let (body, notice) = body(exchange, at, &head, stored)?;
    let request = UpstreamRequest {
        method: "PUT",
        path: at.to_string(),
        // What was judged is what is replaced.
        if_match: Some(etag(&named)),
        prefer: preference(request.prefer.as_deref()),
        body: Some(("application/fhir+json", body)),
        ..UpstreamRequest::default()
    };
    Ok((request, notice))
}

/// The new version, with the owner that the stored one names.
fn body(
    exchange: &Exchange,
    at: &Instance,
    head: &Head,
    stored: &UpstreamAnswer,
) -> Result<(Vec<u8>, Option<Notice>), Refused> {
    let members = Members::read(&exchange.asked.request.body, &at.resource)?;
    if members.id().as_deref() != Some(at.id.as_str()) {
        return Err(Refused::Bad(
            "The id of the resource is not that of the path.",
        ));
    }
    let owner = members.owner()?;
    if owner != Owner::Nobody && owner != head.owner {
        // koppeltaal case 61
        return Err(Refused::OwnerChanged);
    }
    let (members, notice) = judged_content(members, exchange, &at.resource)?;
    let before = stored.body.as_deref().unwrap_or_default();
    let before = Members::read(before, &at.resource).map_err(|_| Refused::Unreadable)?;
    let origins = before.origins().map_err(|_| Refused::Unreadable)?;
    // koppeltaal case 60
    Ok((members.with_origins(&origins)?, notice))
}

pub(super) fn answered(exchange: &Exchange, answer: UpstreamAnswer) -> Stap {
    let Interaction::Update(at) = &exchange.interaction else {
        return exchange.refused(Refused::Unreadable);
    };
    match answer.status {
        200 | 201 => {
            let led = answer.leads_to(&exchange.asked.upstream);
            let led = led.filter(|(place, _)| place == at);
            written(exchange, 200, at, led.and_then(|led| led.1), answer)
        }
        // It changed, or went, since it was judged.
        404 | 409 | 410 | 412 => exchange.refused(Refused::Stale),
        _ => exchange.unexpected(answer),
    }
}

/// The answer to a resource that was written. Its body is nothing, that resource, or an
/// OperationOutcome; whatever else it is does not leave (docs/decisions/0021).
pub(super) fn written(
    exchange: &Exchange,
    status: u16,
    at: &Instance,
    led: Option<Id>,
    mut answer: UpstreamAnswer,
) -> Stap {
    let head = answer.head();
    let is_empty = answer.body.as_ref().is_some_and(Vec::is_empty);
    let is_it = (head.as_ref()).is_some_and(|head| head.at == *at && is_reached(exchange, head));
    if !is_empty && !is_it {
        let outcome = (answer.body.as_deref()).and_then(|body| exchange.outcome(body));
        if outcome.is_none() {
            return exchange.refused(Refused::Unreadable);
        }
        answer.body = outcome;
    }
    let version = head.and_then(|head| head.version).or(led);
    let reply = exchange.resource(status, at, version, answer);
    let version = reply.etag.as_deref().and_then(super::search::version);
    let at = at.clone();
    exchange.answered(reply, Some(Verwijzing { at, version }))
}

/// Whether what was written may be seen by who wrote it. Whose a new resource is was looked at before.
fn is_reached(exchange: &Exchange, head: &Head) -> bool {
    let is_new = matches!(exchange.interaction, Interaction::Create(_));
    is_new || exchange.reach.has(&head.owner)
}

/// What a FHIR server would do by itself with a resource is judged with it.
///
/// # Errors
/// See [`subscription::narrowed`].
pub(super) fn judged_content(
    members: Members,
    exchange: &Exchange,
    resource: &ResourceType,
) -> Result<(Members, Option<Notice>), Refused> {
    if resource.as_str() == subscription::TYPE {
        let judged = subscription::narrowed(members, &exchange.asked.caller)?;
        Ok((judged.members, judged.notice))
    } else {
        Ok((members, None))
    }
}

/// What the client wants back (koppeltaal.md §3.2), if it is one of what there is.
pub(super) fn preference(prefer: Option<&str>) -> Option<&'static str> {
    let known = [
        "return=minimal",
        "return=representation",
        "return=OperationOutcome",
    ];
    let mut asked = prefer?.split([',', ';']).map(str::trim);
    asked.find_map(|asked| known.into_iter().find(|known| *known == asked))
}
