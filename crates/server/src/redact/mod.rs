//! What of a message may be shown: the names, the kinds, the lengths, and the few values that are
//! no secret and tell of nobody.
//!
//! The demo's observer shows what parties said to each other. A party passes everything that it
//! tells through here first, so that no secret and no personal data leaves it. What may be shown
//! stands in lists (`names.rs`); what no list names is hidden, whoever made it up. Beside that,
//! nothing leaves that holds a BSN, wherever it stands.
//!
//! These are functions of values: nothing here reads a clock, opens a socket or keeps anything, and
//! whatever the bytes, the result is bounded.
//!
//! Start reading at [`Exchange::redacted`].

mod data;
mod headers;
mod names;
mod text;
mod token;
mod xml;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::door::TraceId;
use crate::observer::{Bericht, Inhoud, Richting, Weigering};

use self::data::Budget;

/// Of a body so many bytes are kept to be shown. A longer one is not shown, since half a document
/// cannot be read.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// What is shown of headers and body, as JSON; see [`Inhoud`].
pub const SHOWN_BYTES_MAX: usize = 32 * 1024;
/// The share of the headers in that, and of a query beside it.
const HEADERS_BYTES_MAX: usize = 7 * 1024;
const QUERY_BYTES_MAX: usize = 8 * 1024;
/// The share of the body. What is left is for the notes of what was left out.
const BODY_SHOWN_BYTES_MAX: usize = 22 * 1024;

/// A request and its answer as they were, on their way to be redacted. It prints and serializes as
/// nothing.
pub struct Exchange {
    /// The run that it belongs to.
    pub trace: TraceId,
    /// Whether the party got the request or sent it.
    pub richting: Richting,
    /// Who was at the other end.
    pub peer: String,
    /// The method of HTTP.
    pub method: Method,
    /// Scheme, host and path.
    pub url: String,
    /// The query, undecoded.
    pub query: Option<String>,
    /// What was asked.
    pub request: Side,
    /// The status of the answer; 0 when there was none.
    pub status: u16,
    /// What was answered.
    pub response: Side,
    /// Why there was no answer, if there was none.
    pub no_answer: Option<String>,
    /// When the request began, in milliseconds since 1970.
    pub begonnen_ms: i64,
    /// How long it took, in milliseconds.
    pub duur_ms: u32,
}

/// Headers and body of a request or an answer.
#[derive(Default)]
pub struct Side {
    headers: HeaderMap,
    /// The whole body, if it is short enough to be shown.
    body: Option<Bytes>,
    bytes: u64,
}

impl Side {
    /// Keeps of the body what may be shown.
    pub fn new(headers: HeaderMap, body: &Bytes) -> Self {
        Self {
            headers,
            body: (body.len() <= BODY_BYTES_MAX).then(|| body.clone()),
            bytes: body.len() as u64,
        }
    }

    /// The same of a body that somebody else owns.
    pub fn copied(headers: HeaderMap, body: &[u8]) -> Self {
        Self {
            headers,
            body: (body.len() <= BODY_BYTES_MAX).then(|| Bytes::copy_from_slice(body)),
            bytes: body.len() as u64,
        }
    }

    /// One whose body went by unread.
    pub const fn without_body(headers: HeaderMap, bytes: u64) -> Self {
        Self {
            headers,
            body: None,
            bytes,
        }
    }
}

impl Exchange {
    /// What a party may tell of it.
    pub fn redacted(&self, party: &str) -> Bericht {
        let query = self.query.as_deref();
        let mut request = inhoud(&self.request);
        if request.xml.is_none() {
            request.xml = query.and_then(|query| saml_of_query(query.as_bytes()));
        }
        let mut response = inhoud(&self.response);
        if let Some(why) = &self.no_answer {
            response.velden = Some(json!({ "no_answer": text::shown(why) }));
        }
        guarded(Bericht {
            trace_id: self.trace.to_string(),
            party: party.to_owned(),
            richting: self.richting,
            peer: text::shown(&self.peer),
            method: names::method(&self.method).to_owned(),
            url: text::url(&self.url).unwrap_or_else(|| text::hidden(&self.url)),
            query: query
                .map(|query| data::form(query.as_bytes(), &mut Budget::of(QUERY_BYTES_MAX))),
            request,
            status: self.status,
            response,
            begonnen_ms: self.begonnen_ms,
            duur_ms: self.duur_ms,
        })
    }
}

/// A refusal as it may leave the party: its texts are ours, but may repeat another party's.
pub fn refusal(weigering: Weigering) -> Weigering {
    Weigering {
        requirement: text::shown(&weigering.requirement),
        reason: text::shown(&weigering.reason),
        who: text::shown(&weigering.who),
        ..weigering
    }
}

/// What may be shown of a body of this media type: its data, and its XML. For the fuzzer; everybody
/// else has an [`Exchange`].
pub fn body(media_type: &str, bytes: &[u8]) -> (Option<Value>, Option<String>) {
    if bytes.len() > BODY_BYTES_MAX {
        return (None, None);
    }
    let mut budget = Budget::of(BODY_SHOWN_BYTES_MAX);
    match Kind::of(media_type) {
        Kind::Form => {
            let xml = saml_of_form(bytes, &mut budget);
            (Some(data::form(bytes, &mut budget)), xml)
        }
        Kind::Json => (data::json(bytes, &mut budget), None),
        Kind::Token => (token::of_body(bytes, &mut budget), None),
        Kind::Xml => (None, xml::shown(bytes, &mut budget)),
        Kind::Other => (None, None),
    }
}

/// What a body is, by its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Form,
    Json,
    Token,
    Xml,
    /// A page, a picture, anything: its length is all that is told.
    Other,
}

impl Kind {
    fn of(media_type: &str) -> Self {
        let ends = |suffix: &str| media_type.ends_with(suffix);
        match media_type {
            "application/x-www-form-urlencoded" => Self::Form,
            "application/json" => Self::Json,
            "application/jwt" => Self::Token,
            "application/xml" | "text/xml" => Self::Xml,
            "application/xhtml+xml" => Self::Other,
            _ if ends("+json") => Self::Json,
            _ if ends("+jwt") => Self::Token,
            _ if ends("+xml") => Self::Xml,
            _ => Self::Other,
        }
    }
}

fn inhoud(side: &Side) -> Inhoud {
    let media_type = media_type(&side.headers);
    let of_type = media_type.as_deref().unwrap_or_default();
    let (velden, xml) = match &side.body {
        Some(bytes) if !bytes.is_empty() => body(of_type, bytes),
        _ => (None, None),
    };
    Inhoud {
        headers: headers::shown(&side.headers, &mut Budget::of(HEADERS_BYTES_MAX)),
        media_type: media_type.map(|media_type| text::shown(&media_type)),
        bytes: side.bytes,
        velden,
        xml,
    }
}

/// The media type without its parameters, in lower case.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next()?.trim();
    Some(essence.to_ascii_lowercase())
}

/// The message of the Redirect binding (SAML bindings 3.4).
fn saml_of_query(query: &[u8]) -> Option<String> {
    let message = saml::redirect::inflated(&data::saml_parameter(query)?).ok()?;
    xml::shown(&message, &mut Budget::of(BODY_SHOWN_BYTES_MAX))
}

/// The message of the POST binding (SAML bindings 3.5).
fn saml_of_form(form: &[u8], budget: &mut Budget) -> Option<String> {
    let message = saml::incoming::posted(&data::saml_parameter(form)?)?;
    xml::shown(&message, budget)
}

/// The last line of defence: whatever the lists say, no text leaves that holds a BSN.
fn guarded(mut bericht: Bericht) -> Bericht {
    for text in [&mut bericht.peer, &mut bericht.url, &mut bericht.method] {
        text::guard(text);
    }
    if let Some(query) = &mut bericht.query {
        data::guard(query);
    }
    for inhoud in [&mut bericht.request, &mut bericht.response] {
        for (name, value) in &mut inhoud.headers {
            text::guard(name);
            text::guard(value);
        }
        for text in inhoud.media_type.iter_mut().chain(&mut inhoud.xml) {
            text::guard(text);
        }
        if let Some(velden) = &mut inhoud.velden {
            data::guard(velden);
        }
    }
    bericht
}
