//! One list as it is published, and which edition follows it.

use bytes::Bytes;
use http::HeaderValue;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use medmij::lists::{BadList, Document, Soort, Tijdstempel, Uitgave, Zal};
use verdict::Moment;

use crate::input::ZAL_RULES;
use crate::web::Visit;

/// A list that was read by its schema, with the text in which it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    document: Document,
    xml: String,
}

/// A list as it is published. No two publications of the same bytes differ.
#[derive(Clone, Debug)]
pub(super) struct Published {
    pub(super) document: Document,
    pub(super) xml: Bytes,
    pub(super) etag: HeaderValue,
    pub(super) last_modified: Option<HeaderValue>,
    pub(super) at: Moment,
}

impl Candidate {
    /// Reads the list of this kind by the rules of the demo's readers.
    ///
    /// # Errors
    /// What breaks the schema.
    pub fn read(soort: Soort, xml: String) -> Result<Self, BadList> {
        let bytes = xml.as_bytes();
        let document = match soort {
            Soort::Zal => Zal::parse(bytes, ZAL_RULES).map(Document::Zal)?,
            other => Document::parse_as(other, bytes, ZAL_RULES.frontchannel_port)?,
        };
        Ok(Self { document, xml })
    }

    /// Which list it is.
    pub const fn soort(&self) -> Soort {
        self.document.soort()
    }
}

impl From<Document> for Candidate {
    fn from(document: Document) -> Self {
        Self {
            xml: document.to_xml(),
            document,
        }
    }
}

impl Published {
    /// Published at `at` as it is.
    pub(super) fn of(candidate: Candidate, at: Moment) -> Self {
        let hash = jose::base64url_encode(jose::sha256(candidate.xml.as_bytes()));
        // Base64url is text that a header can carry.
        let etag = HeaderValue::from_str(&format!("\"{hash}\""));
        Self {
            document: candidate.document,
            xml: Bytes::from(candidate.xml),
            etag: etag.unwrap_or(HeaderValue::from_static("\"\"")),
            last_modified: http_date(at),
            at,
        }
    }

    /// What is published at `now` when this is offered: as it is if its number is higher, under our
    /// next number if it only says something else, nothing if it says the same. A number never goes
    /// down: readers would refuse it (design §5).
    pub(super) fn followed_by(&self, offered: Candidate, now: Moment) -> Option<Self> {
        let ours = self.document.uitgave();
        let theirs = offered.document.uitgave();
        if theirs.volgnummer > ours.volgnummer {
            return Some(Self::of(offered, now));
        }
        if offered.document.clone().with_uitgave(ours) == self.document {
            return None;
        }
        let next = Uitgave {
            tijdstempel: Tijdstempel::at(now).unwrap_or(theirs.tijdstempel),
            volgnummer: ours.volgnummer.next(),
        };
        let renumbered = offered.document.with_uitgave(next);
        Some(Self::of(Candidate::from(renumbered), now))
    }

    /// Whether the client has this very publication. Its tags decide if it sent any (RFC 9110
    /// §13.1.2, weak comparison), else the time of its copy (§13.1.3).
    pub(super) fn is_known_to(&self, visit: &Visit) -> bool {
        if !visit.headers.contains_key(IF_NONE_MATCH) {
            let since = visit.headers.get(IF_MODIFIED_SINCE);
            let since = since.and_then(|value| from_http_date(value.to_str().ok()?));
            return since.is_some_and(|since| self.at <= since);
        }
        let ours = self.etag.to_str().unwrap_or_default();
        let lines = visit.headers.get_all(IF_NONE_MATCH).iter();
        let tags = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','));
        let mut tags = tags.map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == ours)
    }
}

/// RFC 9110 §5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(at: Moment) -> Option<HeaderValue> {
    let stamp = Timestamp::from_second(at.unix()).ok()?;
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&stamp);
    HeaderValue::from_str(&text.ok()?).ok()
}

fn from_http_date(text: &str) -> Option<Moment> {
    let stamp = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Moment::from_unix(stamp.as_second()))
}
