//! Searches and histories: asked narrowly, and judged entry by entry when they come back.
//!
//! The FHIR server may or may not know whose a resource is. Where it says that it does, it is asked for
//! the right ones only; that saves work, and nothing depends on it. What comes back is judged in any
//! case. Under scopes that reach some owners only, a page is filled from as many pages of the FHIR
//! server as it takes, and a next one is promised only when something is known to stand on it: a page
//! that is short, or empty, would tell that somebody else's resources were found (koppeltaal.md §2.6).

use std::sync::Arc;

use url::form_urlencoded;

use super::antwoord::{Antwoord, Cursor, Entry, Inhoud, Lijst};
use super::capabilities::Capabilities;
use super::exchange::{Exchange, Stap, below};
use super::gebeurtenis::{RESULTATEN_MAX, Verwijzing};
use super::media;
use super::page::{Judged, Page};
use super::refused::Refused;
use super::request::{FORM, Interaction};
use super::resource::Reach;
use super::search::{COUNT_MAX, Search};
use super::vraag::{
    BladzijdeVraag, CapabilitiesVraag, Then, UpstreamAnswer, UpstreamRequest, Vraag, Wachtend,
};
use crate::scope::RESOURCE_ORIGIN;

/// Pages of the FHIR server that are read for one of ours, at most: ten thousand resources at 200 each.
const PAGES_MAX: u32 = 50;
/// Bytes of resources on one page of ours; it ends before the one that would go beyond.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// A page while it is being filled.
#[derive(Debug)]
pub(super) struct Listing {
    search: Search,
    /// Whose resources may stand on it: what the scopes reach, and what the client asked for.
    reach: Reach,
    /// Whether the FHIR server finds those and no others.
    is_narrowed_there: bool,
    /// The page of the FHIR server that is being read, and whether it is asked by a form.
    upstream: Option<String>,
    by_form: bool,
    /// Entries of it that were given before.
    skip: u32,
    /// What is still to be passed over.
    offset: u32,
    pages: u32,
    bytes: usize,
    counted: u64,
    has_foreign: bool,
    total: Option<u64>,
    entries: Vec<Entry>,
}

/// Reads the parameters, and asks.
pub(super) fn begin(exchange: &Exchange) -> Stap {
    let search = match parameters(exchange) {
        Ok(search) => search,
        Err(why) => return exchange.refused(why),
    };
    match search.page.clone() {
        None => start(exchange, search, None),
        Some(sealed) => verdict::Step::Ask(Vraag::Bladzijde(Box::new(BladzijdeVraag {
            exchange: exchange.clone(),
            sealed,
        }))),
    }
}

fn parameters(exchange: &Exchange) -> Result<Search, Refused> {
    let request = &exchange.asked.request;
    let search = match &exchange.interaction {
        Interaction::Search(resource, false) => Search::read(resource, request.query.as_bytes())?,
        Interaction::Search(resource, true) => {
            if !request.is_form() {
                return Err(Refused::MediaType);
            }
            if !request.query.is_empty() {
                return Err(Refused::Parameter("The parameters stand in the body."));
            }
            Search::read(resource, &request.body)?
        }
        _ => Search::of_history(request.query.as_bytes())?,
    };
    media::acceptable(request.accept.as_deref(), search.format.as_deref())?;
    Ok(search)
}

/// Goes on where an earlier page ended. What was allowed then is asked again.
pub(super) fn go_on(exchange: &Exchange, cursor: Option<Cursor>) -> Stap {
    let ours = cursor.filter(|cursor| {
        cursor.client == exchange.asked.caller.client_id && cursor.path == path(exchange)
    });
    let Some(cursor) = ours else {
        return exchange.refused(Refused::Parameter("This page is not known here."));
    };
    let search = match &exchange.interaction {
        Interaction::Search(resource, _) => Search::read(resource, cursor.query.as_bytes()),
        _ => Search::of_history(cursor.query.as_bytes()),
    };
    match search {
        Ok(search) => start(exchange, search, Some(cursor)),
        Err(why) => exchange.refused(why),
    }
}

fn start(exchange: &Exchange, search: Search, cursor: Option<Cursor>) -> Stap {
    if !exchange.asked.caller.may_use(&search.needs) {
        return exchange.refused(Refused::Forbidden);
    }
    let reach = exchange.reach.and(search.asked.as_ref());
    let listing = Listing {
        reach,
        is_narrowed_there: false,
        offset: if cursor.is_some() { 0 } else { search.offset },
        skip: cursor.as_ref().map_or(0, |cursor| cursor.skip),
        by_form: match &cursor {
            Some(cursor) => cursor.by_form,
            None => matches!(exchange.interaction, Interaction::Search(_, true)),
        },
        upstream: cursor.map(|cursor| cursor.upstream),
        search,
        pages: 0,
        bytes: 0,
        counted: 0,
        has_foreign: false,
        total: None,
        entries: Vec::new(),
    };
    if listing.reach == Reach::NONE {
        // koppeltaal case 52
        return listing.done(exchange, None);
    }
    let is_search = matches!(exchange.interaction, Interaction::Search(..));
    if is_search && listing.reach != Reach::Everybody {
        verdict::Step::Ask(Vraag::Capabilities(Box::new(CapabilitiesVraag {
            exchange: exchange.clone(),
            waiting: Wachtend::Listing(Box::new(listing)),
        })))
    } else {
        listing.ask(exchange)
    }
}

/// Goes on with what the FHIR server says that it can do.
pub(super) fn knowing(
    exchange: &Exchange,
    mut listing: Listing,
    found: Option<&Arc<Capabilities>>,
) -> Stap {
    let resource = exchange.interaction.resource();
    listing.is_narrowed_there = found
        .zip(resource)
        .is_some_and(|(known, resource)| known.know_owners(resource));
    listing.ask(exchange)
}

/// Takes a page of the FHIR server.
pub(super) fn page(exchange: &Exchange, mut listing: Listing, answer: UpstreamAnswer) -> Stap {
    if answer.status != 200 {
        return failed(exchange, &listing, answer);
    }
    let body = answer.body.unwrap_or_default();
    let Some(page) = Page::read(&body, kind(exchange)) else {
        return exchange.refused(Refused::Unreadable);
    };
    listing.pages += 1;
    listing.total = page.total;
    if let Some(index) = listing.take(exchange, &page) {
        let here = listing.here(exchange);
        return listing.done(exchange, Some((here, index)));
    }
    let Some(next) = page.next() else {
        return listing.done(exchange, None);
    };
    let Some(next) = below(&exchange.asked.upstream, next) else {
        return exchange.refused(Refused::Unreadable);
    };
    listing.upstream = Some(next.clone());
    listing.by_form = false;
    listing.skip = 0;
    if listing.is_enough() {
        return listing.done(exchange, Some((next, 0)));
    }
    if listing.pages == PAGES_MAX {
        return exchange.refused(Refused::TooCostly);
    }
    listing.ask(exchange)
}

/// No page. That one is not there says nothing of a resource, but where the history of one was asked.
fn failed(exchange: &Exchange, listing: &Listing, answer: UpstreamAnswer) -> Stap {
    let is_absent = matches!(answer.status, 404 | 410);
    let is_instance = matches!(exchange.interaction, Interaction::HistoryInstance(_));
    let is_further = listing.upstream.is_some();
    match (is_absent, is_further, is_instance) {
        // koppeltaal.md §2.6: FHIR servers keep their further pages for a while
        (true, true, _) => exchange.refused(Refused::PageGone),
        (true, false, false) => exchange.refused(Refused::Unreadable),
        _ => exchange.unexpected(answer),
    }
}

impl Listing {
    /// Takes what may be seen of a page. Gives the number of the entry at which ours is full.
    fn take(&mut self, exchange: &Exchange, page: &Page<'_>) -> Option<u32> {
        let first = usize::try_from(self.skip).unwrap_or(usize::MAX);
        for index in first..page.entry.len() {
            let upstream = &exchange.asked.upstream;
            let entry = match page.judge(index, &exchange.interaction, &self.reach, upstream) {
                Judged::Kept(entry) => entry,
                Judged::Foreign => {
                    self.has_foreign = true;
                    continue;
                }
                Judged::Other => continue,
            };
            let bytes = entry.resource.as_ref().map_or(0, |raw| raw.get().len());
            if self.search.only_count {
                self.counted += 1;
            } else if self.offset > 0 && self.passes_over_itself() {
                self.offset -= 1;
            } else if self.is_full(bytes) {
                return u32::try_from(index).ok();
            } else {
                self.bytes += bytes;
                self.entries.push(entry);
            }
        }
        None
    }

    fn is_full(&self, bytes: usize) -> bool {
        let count = usize::try_from(self.search.count).unwrap_or(usize::MAX);
        let is_heavy = !self.entries.is_empty() && self.bytes + bytes > BYTES_MAX;
        self.entries.len() >= count || is_heavy
    }

    /// Whether what stands here is a whole page, and something stands on the next one.
    fn is_enough(&self) -> bool {
        let is_sure = self.is_narrowed_there && !self.has_foreign && self.is_full(0);
        self.reach == Reach::Everybody || (is_sure && !self.search.only_count)
    }

    /// Under narrower scopes the FHIR server counts others' resources too.
    fn passes_over_itself(&self) -> bool {
        self.reach != Reach::Everybody
    }

    fn ask(self, exchange: &Exchange) -> Stap {
        let here = self.here(exchange);
        let (path, form) = here.split_once('?').unwrap_or((&here, ""));
        let request = if self.by_form {
            UpstreamRequest {
                method: "POST",
                path: format!("{path}/_search"),
                body: Some((FORM, form.as_bytes().to_vec())),
                ..UpstreamRequest::default()
            }
        } else {
            UpstreamRequest {
                method: "GET",
                path: here,
                ..UpstreamRequest::default()
            }
        };
        exchange.ask(request, Then::Page(Box::new(self)))
    }

    /// The page of the FHIR server that is being read, below its base.
    fn here(&self, exchange: &Exchange) -> String {
        (self.upstream.clone()).unwrap_or_else(|| format!("{}?{}", path(exchange), self.query()))
    }

    /// The first question. Where others' resources will come along, pages are as large as may be.
    fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.search.filters);
        match &self.reach {
            Reach::Everybody => {
                query.extend_pairs(&self.search.shapes);
                if self.search.only_count {
                    query.append_pair("_summary", "count");
                }
                if self.search.offset > 0 {
                    query.append_pair("_offset", &self.search.offset.to_string());
                }
                query.append_pair("_count", &self.search.count.to_string());
            }
            Reach::Of(owners) => {
                let count = if self.is_narrowed_there && !self.search.only_count {
                    self.search.count
                } else {
                    COUNT_MAX
                };
                if self.is_narrowed_there {
                    // koppeltaal.md §2.6
                    let owners: Vec<String> = owners.iter().map(|owner| owner.device()).collect();
                    query.append_pair(RESOURCE_ORIGIN, &owners.join(","));
                }
                query.append_pair("_count", &count.to_string());
            }
        }
        query.finish()
    }

    fn done(self, exchange: &Exchange, rest: Option<(String, u32)>) -> Stap {
        let is_narrow = self.reach != Reach::Everybody;
        let is_instance = matches!(exchange.interaction, Interaction::HistoryInstance(_));
        if is_instance && is_narrow && self.entries.is_empty() {
            // koppeltaal case 54
            return exchange.refused(Refused::Forbidden);
        }
        let results = self.results();
        let reply = Antwoord::new(200, Inhoud::Lijst(Box::new(self.lijst(exchange, rest))));
        match exchange.answered(reply, None) {
            verdict::Step::Done(mut verdict) => {
                if let Some(told) = &mut verdict.reply.gebeurtenis {
                    told.resultaten = results;
                }
                verdict::Step::Done(verdict)
            }
            other => other,
        }
    }

    fn results(&self) -> Vec<Verwijzing> {
        let named = self.entries.iter().take(RESULTATEN_MAX);
        named
            .map(|entry| Verwijzing {
                at: entry.at.clone(),
                version: entry.version.clone(),
            })
            .collect()
    }

    fn lijst(self, exchange: &Exchange, rest: Option<(String, u32)>) -> Lijst {
        let path = path(exchange);
        let total = match &self.reach {
            Reach::Everybody => self.total,
            // It counts what the FHIR server found: others' too.
            Reach::Of(owners) if self.search.only_count || owners.is_empty() => Some(self.counted),
            Reach::Of(_) => None,
        };
        let own = match (&exchange.asked.request.query, &self.search.query) {
            (asked, _) if asked.contains("_page=") => format!("{path}?{asked}"),
            (_, query) if query.is_empty() => path.clone(),
            (_, query) => format!("{path}?{query}"),
        };
        Lijst {
            kind: kind(exchange),
            own,
            total,
            next: rest
                .filter(|_| !self.search.only_count)
                .map(|(upstream, skip)| Cursor {
                    client: exchange.asked.caller.client_id,
                    path: path.clone(),
                    query: self.search.query.clone(),
                    by_form: self.by_form,
                    upstream,
                    skip,
                }),
            entries: self.entries,
            path,
        }
    }
}

const fn kind(exchange: &Exchange) -> &'static str {
    match exchange.interaction {
        Interaction::Search(..) => "searchset",
        _ => "history",
    }
}

/// The path of the request, here and there.
fn path(exchange: &Exchange) -> String {
    match &exchange.interaction {
        Interaction::HistoryInstance(at) => format!("{at}/_history"),
        Interaction::HistoryType(resource) => format!("{resource}/_history"),
        other => other
            .resource()
            .map(ToString::to_string)
            .unwrap_or_default(),
    }
}
