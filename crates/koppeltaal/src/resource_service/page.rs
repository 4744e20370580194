//! A Bundle of the FHIR server, entry by entry.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::antwoord::{Change, Entry};
use super::exchange::below;
use super::request::{Id, Instance, Interaction};
use super::resource::{Head, Owner, Reach};
use super::search;
use crate::permissie::ResourceType;

/// Entries of a page of the FHIR server, at most.
const ENTRIES_MAX: usize = 10_000;

/// A page: a `searchset` or a `history`.
#[derive(Deserialize)]
pub(super) struct Page<'a> {
    #[serde(rename = "resourceType", borrow)]
    resource_type: Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    pub(super) total: Option<u64>,
    #[serde(default, borrow)]
    link: Vec<Link<'a>>,
    #[serde(default, borrow)]
    pub(super) entry: Vec<Found<'a>>,
}

#[derive(Deserialize)]
struct Link<'a> {
    #[serde(borrow)]
    relation: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Found<'a> {
    #[serde(default, borrow)]
    resource: Option<&'a RawValue>,
    #[serde(default, borrow)]
    search: Option<Mode<'a>>,
    #[serde(default, borrow)]
    request: Option<Request<'a>>,
    #[serde(default, borrow)]
    response: Option<Response<'a>>,
}

#[derive(Deserialize)]
struct Mode<'a> {
    #[serde(default, borrow)]
    mode: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(default, borrow)]
    etag: Option<Cow<'a, str>>,
    #[serde(rename = "lastModified", default, borrow)]
    last_modified: Option<Cow<'a, str>>,
}

/// What becomes of an entry.
pub(super) enum Judged {
    /// It may be seen.
    Kept(Entry),
    /// It is of the type that was asked, and somebody else's.
    Foreign,
    /// It is none of what was asked: another type, or brought along by one that was.
    Other,
}

impl<'a> Page<'a> {
    /// Reads a page of this kind.
    pub(super) fn read(json: &'a [u8], kind: &str) -> Option<Self> {
        let page: Self = serde_json::from_slice(json).ok()?;
        let is_it = page.resource_type == "Bundle" && page.kind == kind;
        (is_it && page.entry.len() <= ENTRIES_MAX).then_some(page)
    }

    /// The URL of the page after it.
    pub(super) fn next(&self) -> Option<&str> {
        let next = self.link.iter().find(|link| link.relation == "next");
        next.map(|link| &*link.url)
    }

    /// What becomes of entry number `index`. Each is judged by its own type and owner (koppeltaal cases
    /// 51, 72).
    pub(super) fn judge(
        &self,
        index: usize,
        asked: &Interaction,
        reach: &Reach,
        base: &str,
    ) -> Judged {
        let Some(found) = self.entry.get(index) else {
            return Judged::Other;
        };
        let head = found.resource.map(|raw| Head::read(raw.get().as_bytes()));
        let (at, owner) = match &head {
            Some(Some(head)) => (head.at.clone(), head.owner.clone()),
            Some(None) => return Judged::Other,
            None => match found.ended(base) {
                Some(at) => {
                    let owner = self.owner_before(index, &at);
                    (at, owner)
                }
                None => return Judged::Other,
            },
        };
        if !is_asked(asked, &at) || !found.is_match() {
            // koppeltaal case 72
            return Judged::Other;
        }
        if reach.has(&owner) {
            // koppeltaal case 51
            Judged::Kept(found.entry(at, head.flatten(), asked))
        } else {
            Judged::Foreign
        }
    }

    /// Whose a resource was before it was ended: the latest version that the page still has.
    fn owner_before(&self, index: usize, at: &Instance) -> Owner {
        let older = self.entry.iter().skip(index + 1);
        let mut heads = older.filter_map(|found| Head::read(found.resource?.get().as_bytes()));
        heads
            .find(|head| head.at == *at)
            .map_or(Owner::Unclear, |head| head.owner)
    }
}

impl Found<'_> {
    /// What an entry without a resource tells the end of.
    fn ended(&self, base: &str) -> Option<Instance> {
        let request = self.request.as_ref()?;
        if request.method != "DELETE" {
            return None;
        }
        let path = match below(base, &request.url) {
            Some(path) if request.url.contains("://") => path,
            _ => request.url.to_string(),
        };
        let mut parts = path.trim_start_matches('/').split('/');
        let (resource, id) = (parts.next()?, parts.next()?);
        Some(Instance {
            resource: ResourceType::parse(resource)?,
            id: Id::parse(id)?,
        })
    }

    /// Whether a search found it, and did not just bring it along.
    fn is_match(&self) -> bool {
        let mode = self
            .search
            .as_ref()
            .and_then(|search| search.mode.as_deref());
        mode.is_none_or(|mode| mode == "match")
    }

    fn entry(&self, at: Instance, head: Option<Head>, asked: &Interaction) -> Entry {
        let response = self.response.as_ref();
        let version = head.as_ref().and_then(|head| head.version.clone());
        let tag = response.and_then(|response| response.etag.as_deref());
        let is_history = !matches!(asked, Interaction::Search(..));
        Entry {
            version: version.or_else(|| tag.and_then(search::version)),
            resource: self.resource.map(ToOwned::to_owned),
            change: is_history.then(|| self.change(head)),
            at,
        }
    }

    fn change(&self, head: Option<Head>) -> Change {
        let written = self.request.as_ref().map(|request| &*request.method);
        let method = match written {
            Some("POST") => "POST",
            Some("DELETE") => "DELETE",
            _ => "PUT",
        };
        let response = self.response.as_ref();
        let time = response.and_then(|response| response.last_modified.as_deref());
        Change {
            method,
            status: response
                .map_or_else(|| "200".to_owned(), |response| response.status.to_string()),
            last_modified: time.map(ToOwned::to_owned).or_else(|| head?.last_updated),
        }
    }
}

fn is_asked(asked: &Interaction, at: &Instance) -> bool {
    match asked {
        Interaction::HistoryInstance(one) => one == at,
        Interaction::HistoryType(resource) | Interaction::Search(resource, _) => {
            *resource == at.resource
        }
        _ => false,
    }
}
