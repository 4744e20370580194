//! What a client gets.

use fhir::operation_outcome;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::capabilities::Capabilities;
use super::gebeurtenis::Gebeurtenis;
use super::refused::Refused;
use super::request::{Id, Instance};
use crate::domein::ClientId;

/// An answer, and what is told of it.
#[derive(Debug)]
pub struct Antwoord {
    /// The HTTP status.
    pub status: u16,
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    /// The body.
    pub body: Inhoud,
    /// Why it is a refusal, for the operator.
    pub refused: Option<Refused>,
    /// What an AuditEvent tells; nothing of requests about AuditEvents, and of who has no name.
    pub gebeurtenis: Option<Gebeurtenis>,
}

/// A body.
#[derive(Debug)]
pub enum Inhoud {
    /// None.
    Leeg,
    /// These bytes, FHIR as JSON.
    Json(Vec<u8>),
    /// What the FHIR server's last answer has for a body, as it comes: one resource that the caller may
    /// read whosever it is.
    Doorgelaten,
    /// A page of a search or a history.
    Lijst(Box<Lijst>),
    /// What the service can do.
    Capabilities(Capabilities),
}

/// A page of what was found.
#[derive(Debug)]
pub struct Lijst {
    /// `searchset` or `history`.
    pub kind: &'static str,
    /// The path of the request below the base, with the query as it was understood.
    pub own: String,
    /// The path alone.
    pub path: String,
    /// How many there are; said only when it tells nothing of what the caller may not read.
    pub total: Option<u64>,
    /// What was found.
    pub entries: Vec<Entry>,
    /// Where it goes on.
    pub next: Option<Cursor>,
}

/// One of what was found.
#[derive(Debug)]
pub struct Entry {
    /// Which.
    pub at: Instance,
    /// Its version.
    pub version: Option<Id>,
    /// The resource as the FHIR server had it; nothing where a history tells of its end.
    pub resource: Option<Box<RawValue>>,
    /// In a history: the method by which it became so, and when.
    pub change: Option<Change>,
}

/// How a version came to be.
#[derive(Debug)]
pub struct Change {
    /// `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// `Bundle.entry.response.status`.
    pub status: String,
    /// `Bundle.entry.response.lastModified`.
    pub last_modified: Option<String>,
}

/// Where an answer ended: what must be known to go on. It leaves sealed, since it holds a URL of the
/// FHIR server; what it leads to is judged like everything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Whose it is.
    pub client: Option<ClientId>,
    /// The path of the first request, below our base.
    pub path: String,
    /// The query of the first request, as it was understood.
    pub query: String,
    /// The page at the FHIR server, below its base.
    pub upstream: String,
    /// Whether it is asked by a form.
    pub by_form: bool,
    /// How many of its entries were given already.
    pub skip: u32,
}

impl Antwoord {
    /// An answer with this status and body.
    pub const fn new(status: u16, body: Inhoud) -> Self {
        Self {
            status,
            etag: None,
            last_modified: None,
            location: None,
            body,
            refused: None,
            gebeurtenis: None,
        }
    }

    /// No, and why. `issues` are the FHIR server's own words, where they are about what the client sent.
    pub fn refused(why: Refused, issues: Option<Vec<u8>>) -> Self {
        let body = issues.unwrap_or_else(|| {
            let (issue, text) = why.says();
            operation_outcome(issue, text).to_string().into_bytes()
        });
        Self {
            refused: Some(why),
            ..Self::new(why.status(), Inhoud::Json(body))
        }
    }
}

impl Lijst {
    /// The Bundle, below this base; `sealed` makes the text of a cursor.
    pub fn to_json(&self, base: &str, sealed: impl Fn(&Cursor) -> String) -> Vec<u8> {
        let mut links = vec![json!({ "relation": "self", "url": format!("{base}/{}", self.own) })];
        if let Some(next) = &self.next {
            let url = format!("{base}/{}?_page={}", self.path, sealed(next));
            links.push(json!({ "relation": "next", "url": url }));
        }
        let bundle = Bundle {
            resource_type: "Bundle",
            kind: self.kind,
            total: self.total,
            link: links,
            entry: (self.entries.iter())
                .map(|entry| entry.written(base, self.kind))
                .collect(),
        };
        serde_json::to_vec(&bundle).unwrap_or_default()
    }
}

impl Entry {
    fn written(&self, base: &str, kind: &str) -> Written<'_> {
        let at = &self.at;
        let request = self.change.as_ref().map(|change| {
            let url = if change.method == "POST" {
                at.resource.to_string()
            } else {
                at.to_string()
            };
            json!({ "method": change.method, "url": url })
        });
        Written {
            full_url: format!("{base}/{at}"),
            resource: self.resource.as_deref(),
            search: (kind == "searchset").then(|| json!({ "mode": "match" })),
            request,
            response: self.change.as_ref().map(|change| self.response(change)),
        }
    }

    fn response(&self, change: &Change) -> Value {
        let mut response = json!({ "status": change.status });
        if let Some(version) = &self.version {
            response["etag"] = etag(version).into();
        }
        if let Some(time) = &change.last_modified {
            response["lastModified"] = time.as_str().into();
        }
        response
    }
}

#[derive(Serialize)]
struct Bundle<'a> {
    #[serde(rename = "resourceType")]
    resource_type: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    link: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entry: Vec<Written<'a>>,
}

#[derive(Serialize)]
struct Written<'a> {
    #[serde(rename = "fullUrl")]
    full_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Value>,
}

/// The tag of a version (koppeltaal.md §3.2).
pub(super) fn etag(version: &Id) -> String {
    format!("W/\"{version}\"")
}
