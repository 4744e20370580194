//! Creating a resource: its owner is who makes it (koppeltaal.md §2.4).

use super::exchange::{Exchange, Stap};
use super::gebeurtenis::Verwijzing;
use super::refused::Refused;
use super::request::Interaction;
use super::resource::{Members, Owner, Reach};
use super::search::Search;
use super::vraag::{Then, UpstreamAnswer, UpstreamRequest};
use super::{media, update};
use crate::permissie::ResourceType;
use crate::scope::Actions;

/// Sends the resource on, with its owner. The content is looked at only now, that a scope allows it
/// (koppeltaal case 59).
pub(super) fn begin(exchange: &Exchange, resource: &ResourceType) -> Stap {
    match request(exchange, resource) {
        Ok(request) => exchange.ask(request, Then::Created),
        Err(why) => exchange.refused(why),
    }
}

fn request(exchange: &Exchange, resource: &ResourceType) -> Result<UpstreamRequest, Refused> {
    let asked = &exchange.asked;
    media::is_json(asked.request.content_type.as_deref())?;
    let mut members = Members::read(&asked.request.body, resource)?;
    if members.owner()? != Owner::Nobody {
        // koppeltaal case 57
        return Err(Refused::Bad("The server says whose a new resource is."));
    }
    members.forget_id();
    let members = update::judged_content(members, exchange, resource)?;
    let owner = asked.caller.client_id.ok_or(Refused::Forbidden)?;
    // koppeltaal case 56
    let origin = Members::origin_of(owner).ok_or(Refused::Unreadable)?;
    Ok(UpstreamRequest {
        method: "POST",
        path: resource.to_string(),
        if_none_exist: condition(exchange, resource)?,
        prefer: update::preference(asked.request.prefer.as_deref()),
        body: Some(("application/fhir+json", members.with_origins(&[origin])?)),
        may_pass: true,
        ..UpstreamRequest::default()
    })
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
    let head = answer.head();
    let led = answer.leads_to(&exchange.asked.upstream);
    let place = led.or_else(|| head.map(|head| (head.at, head.version)));
    match place {
        Some((at, version)) if at.resource == *resource => {
            let reply = exchange.resource(status, &at, version.clone(), answer);
            exchange.answered(reply, Some(Verwijzing { at, version }))
        }
        _ => exchange.refused(Refused::Unreadable),
    }
}
