//! Creating a resource: its owner is who makes it (koppeltaal.md §2.4).

use super::exchange::{Exchange, Stap};
use super::refused::Refused;
use super::request::{Id, Instance, Interaction};
use super::resource::{Members, Owner, Reach};
use super::search::Search;
use super::subscription::{self, Notice};
use super::vraag::{Then, UpstreamAnswer, UpstreamRequest};
use super::{media, update};
use crate::permissie::ResourceType;
use crate::scope::Actions;

/// Sends the resource on, with its owner. The content is looked at only now, that a scope allows it
/// (koppeltaal case 59).
pub(super) fn begin(exchange: &Exchange, resource: &ResourceType) -> Stap {
    match request(exchange, resource) {
        Ok((request, notice)) => subscription::send(exchange, request, Then::Created, notice),
        Err(why) => exchange.refused(why),
    }
}

fn request(
    exchange: &Exchange,
    resource: &ResourceType,
) -> Result<(UpstreamRequest, Option<Notice>), Refused> {
    let asked = &exchange.asked;
    media::is_json(asked.request.content_type.as_deref())?;
    let mut members = Members::read(&asked.request.body, resource)?;
    if members.owner()? != Owner::Nobody {
        // koppeltaal case 57
        return Err(Refused::Bad("The server says whose a new resource is."));
    }
    members.forget_id();
    let (members, notice) = update::judged_content(members, exchange, resource)?;
    let owner = asked.caller.client_id.ok_or(Refused::Forbidden)?;
    // koppeltaal case 56
    let origin = Members::origin_of(owner).ok_or(Refused::Unreadable)?;
    let request = UpstreamRequest {
        method: "POST",
        path: resource.to_string(),
        if_none_exist: condition(exchange, resource)?,
        prefer: update::preference(asked.request.prefer.as_deref()),
        body: Some(("application/fhir+json", members.with_origins(&[origin])?)),
        ..UpstreamRequest::default()
    };
    Ok((request, notice))
}

/// `If-None-Exist` searches among everybody's resources and gives what it finds: it is for who may read
/// them all (koppeltaal.md §3.2, trial use).
fn condition(exchange: &Exchange, resource: &ResourceType) -> Result<Option<String>, Refused> {
    let Some(query) = &exchange.asked.request.if_none_exist else {
        return Ok(None);
    };
    let caller = &exchange.asked.caller;
    let reads = |action| caller.reach(resource, action) == Some(Reach::Everybody);
    if !reads(Actions::SEARCH) || !reads(Actions::READ) {
        return Err(Refused::Forbidden);
    }
    let query = query.strip_prefix('?').unwrap_or(query);
    let search = Search::read(resource, query.as_bytes())?;
    let is_plain = search.asked.is_none() && search.shapes.is_empty() && search.page.is_none();
    if !is_plain || search.filters.is_empty() {
        return Err(Refused::Parameter("If-None-Exist takes filters only."));
    }
    if !caller.may_use(&search.needs) {
        return Err(Refused::Forbidden);
    }
    Ok(Some(search.query))
}

pub(super) fn answered(exchange: &Exchange, answer: UpstreamAnswer) -> Stap {
    let is_conditional = exchange.asked.request.if_none_exist.is_some();
    let status = match answer.status {
        201 => 201,
        200 if is_conditional => 200,
        412 if is_conditional => return exchange.refused(Refused::Ambiguous),
        404 | 410 => return exchange.refused(Refused::NoSuchPath),
        _ => return exchange.unexpected(answer),
    };
    let Interaction::Create(resource) = &exchange.interaction else {
        return exchange.refused(Refused::Unreadable);
    };
    match made(exchange, resource, status, &answer) {
        Some((at, version)) => update::written(exchange, status, &at, version, answer),
        None => exchange.refused(Refused::Unreadable),
    }
}

/// Which resource it is, if the answer is about one of the caller's: a new one is his, one that was found
/// may be anybody's. What stands in the body and where `Location` leads must be the same.
fn made(
    exchange: &Exchange,
    resource: &ResourceType,
    status: u16,
    answer: &UpstreamAnswer,
) -> Option<(Instance, Option<Id>)> {
    let head = answer.head();
    let led = answer.leads_to(&exchange.asked.upstream);
    if let Some(head) = &head {
        let mine = exchange.asked.caller.client_id.map(Owner::Of);
        let is_mine = status == 200 || Some(&head.owner) == mine.as_ref();
        let is_same = led.as_ref().is_none_or(|(at, _)| *at == head.at);
        (is_mine && is_same).then_some(())?;
    }
    let place = led.or_else(|| head.map(|head| (head.at, head.version)));
    place.filter(|(at, _)| at.resource == *resource)
}
