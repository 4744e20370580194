//! What the resource service must know: each question takes one answer.

use std::sync::Arc;

use super::antwoord::Cursor;
use super::capabilities::Capabilities;
use super::exchange::{Exchange, Stap, below};
use super::list::{self, Listing};
use super::refused::Refused;
use super::request::{Id, Instance};
use super::resource::Head;
use super::search;
use super::subscription::{self, Pending};
use super::{create, delete, read, update};

/// A question.
#[derive(Debug)]
pub enum Vraag {
    /// Something of the FHIR server.
    Upstream(Box<UpstreamVraag>),
    /// What the FHIR server can do.
    Capabilities(Box<CapabilitiesVraag>),
    /// What a page's sealed place means.
    Bladzijde(Box<BladzijdeVraag>),
}

/// A request for the FHIR server.
#[derive(Debug)]
pub struct UpstreamVraag {
    pub(super) exchange: Exchange,
    pub(super) request: UpstreamRequest,
    pub(super) then: Then,
}

/// What is sent there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpstreamRequest {
    /// The method.
    pub method: &'static str,
    /// The path below its base, with a query.
    pub path: String,
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `If-None-Exist`.
    pub if_none_exist: Option<String>,
    /// `Prefer`.
    pub prefer: Option<&'static str>,
    /// The body and its media type.
    pub body: Option<(&'static str, Vec<u8>)>,
    /// Whether an answer of 200 or 201 may be passed on as it comes when it is long. Else it is held, and
    /// [`Storing::TooLarge`] when it cannot be.
    pub may_pass: bool,
    /// An address that the FHIR server would call by itself afterwards. It is sent only when calls may go
    /// there; else the answer is [`Storing::NotCalled`] (koppeltaal.md §5).
    pub calls: Option<String>,
}

/// What comes back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpstreamAnswer {
    /// The HTTP status.
    pub status: u16,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
    /// `Location`, or `Content-Location`.
    pub location: Option<String>,
    /// The body; nothing when it is passed on as it comes.
    pub body: Option<Vec<u8>>,
}

/// Why nothing comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storing {
    /// No connection, or no answer in time.
    Away,
    /// What came is no answer.
    Unreadable,
    /// It is longer than what is held.
    TooLarge,
    /// It was not sent: no calls may go to the address in [`UpstreamRequest::calls`].
    NotCalled,
}

/// What an answer of the FHIR server is for.
#[derive(Debug)]
pub(super) enum Then {
    Read,
    Created,
    JudgeUpdate,
    Updated,
    JudgeDelete,
    Deleted,
    Page(Box<Listing>),
}

/// See [`Vraag::Capabilities`].
#[derive(Debug)]
pub struct CapabilitiesVraag {
    pub(super) exchange: Exchange,
    pub(super) waiting: Wachtend,
}

/// What waits for what the FHIR server can do.
#[derive(Debug)]
pub(super) enum Wachtend {
    /// Nothing: it is itself what is asked.
    Niets,
    /// A search.
    Listing(Box<Listing>),
    /// A subscription whose criteria were narrowed.
    Subscription(Box<Pending>),
}

/// See [`Vraag::Bladzijde`].
#[derive(Debug)]
pub struct BladzijdeVraag {
    pub(super) exchange: Exchange,
    pub(super) sealed: String,
}

impl UpstreamVraag {
    /// What is to be sent.
    pub const fn request(&self) -> &UpstreamRequest {
        &self.request
    }

    /// What came back.
    pub fn answer(self, answer: Result<UpstreamAnswer, Storing>) -> Stap {
        let exchange = self.exchange;
        let answer = match answer {
            Ok(answer) => answer,
            Err(storing) => return exchange.refused(storing.refused()),
        };
        match self.then {
            Then::Read => read::answered(&exchange, answer),
            Then::Created => create::answered(&exchange, answer),
            Then::JudgeUpdate => update::judged(&exchange, &answer),
            Then::Updated => update::answered(&exchange, answer),
            Then::JudgeDelete => delete::judged(&exchange, &answer),
            Then::Deleted => delete::answered(&exchange, &answer),
            Then::Page(listing) => list::page(&exchange, *listing, answer),
        }
    }
}

impl CapabilitiesVraag {
    /// What the FHIR server says of itself; nothing when it does not answer.
    pub fn answer(self, found: Option<&Arc<Capabilities>>) -> Stap {
        match (self.waiting, found) {
            // A search goes on without: what is found is judged in any case.
            (Wachtend::Listing(listing), found) => list::knowing(&self.exchange, *listing, found),
            (Wachtend::Subscription(pending), found) => {
                subscription::knowing(&self.exchange, *pending, found)
            }
            (Wachtend::Niets, Some(found)) => read::capabilities(&self.exchange, found),
            (Wachtend::Niets, None) => self.exchange.refused(Refused::Away),
        }
    }
}

impl BladzijdeVraag {
    /// The text that stands for a place.
    pub fn sealed(&self) -> &str {
        &self.sealed
    }

    /// The place, if we sealed it.
    pub fn answer(self, cursor: Option<Cursor>) -> Stap {
        list::go_on(&self.exchange, cursor)
    }
}

impl UpstreamAnswer {
    /// The version that its `ETag` names.
    pub(super) fn version(&self) -> Option<Id> {
        self.etag.as_deref().and_then(search::version)
    }

    /// What is judged of the resource in its body.
    pub(super) fn head(&self) -> Option<Head> {
        self.body.as_deref().and_then(Head::read)
    }

    /// The resource, and perhaps its version, that its `Location` leads to.
    pub(super) fn leads_to(&self, upstream: &str) -> Option<(Instance, Option<Id>)> {
        let path = below(upstream, self.location.as_deref()?)?;
        let parts: Vec<&str> = path.split('/').collect();
        let (resource, id, version) = match parts[..] {
            [resource, id] => (resource, id, None),
            [resource, id, "_history", version] => (resource, id, Some(Id::parse(version)?)),
            _ => return None,
        };
        let resource = crate::permissie::ResourceType::parse(resource)?;
        let id = Id::parse(id)?;
        Some((Instance { resource, id }, version))
    }
}

impl Storing {
    const fn refused(self) -> Refused {
        match self {
            Self::Away => Refused::Away,
            Self::Unreadable => Refused::Unreadable,
            Self::TooLarge => Refused::TooCostly,
            Self::NotCalled => Refused::Subscription("The endpoint is nowhere that may be called."),
        }
    }
}
