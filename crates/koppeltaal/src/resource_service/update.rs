//! Changing a resource: the stored version says whose it is, and whose it stays (koppeltaal.md §2.4).

use super::antwoord::etag;
use super::exchange::{Exchange, Stap};
use super::gebeurtenis::Verwijzing;
use super::refused::Refused;
use super::request::{Instance, Interaction};
use super::resource::{Head, Members, Owner};
use super::vraag::{Then, UpstreamAnswer, UpstreamRequest};
use super::{media, read, subscription};
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
        Ok(request) => exchange.ask(request, Then::Updated),
        Err(why) => exchange.refused(why),
    }
}

/// The change, once it is known that it may be made: first who may, then what.
fn change(
    exchange: &Exchange,
    at: &Instance,
    stored: &UpstreamAnswer,
) -> Result<UpstreamRequest, Refused> {
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
    Ok(UpstreamRequest {
        method: "PUT",
        path: at.to_string(),
        // What was judged is what is replaced.
        if_match: Some(etag(&named)),
        prefer: preference(request.prefer.as_deref()),
        body: Some(("application/fhir+json", body(exchange, at, &head, stored)?)),
        may_pass: true,
        ..UpstreamRequest::default()
    })
}

/// The new version, with the owner that the stored one names.
fn body(
    exchange: &Exchange,
    at: &Instance,
    head: &Head,
    stored: &UpstreamAnswer,
) -> Result<Vec<u8>, Refused> {
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
    let members = judged_content(members, exchange, &at.resource)?;
    let before = stored.body.as_deref().unwrap_or_default();
    let before = Members::read(before, &at.resource).map_err(|_| Refused::Unreadable)?;
    let origins = before.origins().map_err(|_| Refused::Unreadable)?;
    // koppeltaal case 60
    members.with_origins(&origins)
}

pub(super) fn answered(exchange: &Exchange, answer: UpstreamAnswer) -> Stap {
    let Interaction::Update(at) = &exchange.interaction else {
        return exchange.refused(Refused::Unreadable);
    };
    match answer.status {
        200 | 201 => {
            let led = answer.leads_to(&exchange.asked.upstream);
            let version = answer.head().and_then(|head| head.version);
            let version = version.or_else(|| led?.1);
            let reply = exchange.resource(200, at, version, answer);
            let version = reply.etag.as_deref().and_then(super::search::version);
            let at = at.clone();
            exchange.answered(reply, Some(Verwijzing { at, version }))
        }
        // It changed, or went, since it was judged.
        404 | 409 | 410 | 412 => exchange.refused(Refused::Stale),
        _ => exchange.unexpected(answer),
    }
}

/// What a FHIR server would do by itself with a resource is judged with it.
///
/// # Errors
/// See [`subscription::narrowed`].
pub(super) fn judged_content(
    members: Members,
    exchange: &Exchange,
    resource: &ResourceType,
) -> Result<Members, Refused> {
    if resource.as_str() == subscription::TYPE {
        subscription::narrowed(members, &exchange.asked.caller)
    } else {
        Ok(members)
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
