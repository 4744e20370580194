//! Reading one resource, as it is or as it was.

use super::antwoord::{Antwoord, Inhoud};
use super::capabilities::Capabilities;
use super::exchange::{Exchange, Stap};
use super::gebeurtenis::Verwijzing;
use super::refused::Refused;
use super::request::{Instance, Interaction};
use super::resource::{Head, Reach};
use super::search;
use super::vraag::{Then, UpstreamAnswer, UpstreamRequest};

/// Asks for the resource. Under scopes that reach some owners only it is held until its owner is known,
/// whether it is there or not (design §5).
pub(super) fn begin(exchange: &Exchange, at: &Instance) -> Stap {
    let path = match &exchange.interaction {
        Interaction::Vread(_, version) => format!("{at}/_history/{version}"),
        _ => at.to_string(),
    };
    let request = UpstreamRequest {
        method: "GET",
        path,
        may_pass: exchange.reach == Reach::Everybody,
        ..UpstreamRequest::default()
    };
    exchange.ask(request, Then::Read)
}

pub(super) fn answered(exchange: &Exchange, answer: UpstreamAnswer) -> Stap {
    let (Interaction::Read(at) | Interaction::Vread(at, _)) = &exchange.interaction else {
        return exchange.refused(Refused::Unreadable);
    };
    match answer.status {
        200 => found(exchange, at, answer),
        410 if exchange.reach == Reach::Everybody => gone(exchange, at, &answer),
        // What a server says of an id that it does not like says nothing more.
        400 | 422 => exchange.refused(exchange.absent(false)),
        _ => exchange.unexpected(answer),
    }
}

fn found(exchange: &Exchange, at: &Instance, answer: UpstreamAnswer) -> Stap {
    let head = match (answer.head(), &answer.body) {
        (Some(head), _) if head.at == *at => Some(head),
        // Passed on as it comes, to who may read everybody's.
        (None, None) if exchange.reach == Reach::Everybody => None,
        _ => return exchange.refused(Refused::Unreadable),
    };
    if let Some(head) = &head
        && !exchange.reach.has(&head.owner)
    {
        // koppeltaal case 54
        return exchange.refused(Refused::Forbidden);
    }
    let version = head.and_then(|head| head.version);
    let reply = exchange.resource(200, at, version, answer);
    let wat = Verwijzing {
        at: at.clone(),
        version: reply.etag.as_deref().and_then(search::version),
    };
    exchange.answered(unless_known(exchange, reply), Some(wat))
}

/// 304 when the client has this very version, or any (koppeltaal.md §3.2 "conditional read"; RFC 9110 §13.1.2).
fn unless_known(exchange: &Exchange, reply: Antwoord) -> Antwoord {
    let known = exchange.asked.request.if_none_match.as_deref();
    let has_any = known.is_some_and(|tags| tags.trim() == "*");
    let known = known.into_iter().flat_map(|tags| tags.split(','));
    let current = reply.etag.as_deref().and_then(search::version);
    let has_it = current.is_some() && known.map(search::version).any(|tag| tag == current);
    if has_any || has_it {
        Antwoord {
            status: 304,
            body: Inhoud::Leeg,
            ..reply
        }
    } else {
        reply
    }
}

/// 410 says where what was deleted can still be read (TOP-KT-013).
fn gone(exchange: &Exchange, at: &Instance, answer: &UpstreamAnswer) -> Stap {
    let led = answer.leads_to(&exchange.asked.upstream);
    let version = answer.version().or_else(|| led?.1);
    let place = match version {
        Some(version) => format!("{at}/_history/{version}"),
        None => format!("{at}/_history"),
    };
    let step = exchange.refused(Refused::Gone);
    // koppeltaal case 55
    with_location(step, exchange.url(&place))
}

fn with_location(step: Stap, location: String) -> Stap {
    match step {
        verdict::Step::Done(mut verdict) => {
            verdict.reply.location = Some(location);
            verdict::Step::Done(verdict)
        }
        other => other,
    }
}

/// What the service can do.
pub(super) fn capabilities(exchange: &Exchange, found: &Capabilities) -> Stap {
    let reply = Antwoord::new(200, Inhoud::Capabilities(found.clone()));
    exchange.answered(reply, None)
}

/// What is judged of a stored resource before something is done with it.
///
/// # Errors
/// [`Refused`]: it is not there, or not of those that the scopes reach.
pub(super) fn stored(
    exchange: &Exchange,
    at: &Instance,
    answer: &UpstreamAnswer,
) -> Result<Head, Refused> {
    let head = match answer.status {
        200 => answer.head().filter(|head| head.at == *at),
        // koppeltaal case 64
        400 | 404 | 410 | 422 => return Err(exchange.absent(false)),
        429 | 500.. => return Err(Refused::Away),
        _ => None,
    };
    let head = head.ok_or(Refused::Unreadable)?;
    if exchange.reach.has(&head.owner) {
        Ok(head)
    } else {
        // koppeltaal case 54
        Err(Refused::Forbidden)
    }
}
