//! What parties tell: believed by the party's key, checked, and cut to size before it is kept.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::kept::Kept;
use crate::door::TraceId;
use crate::observer::{Bericht, Inhoud, Sighting, Weigering};
use crate::web::Visit;

/// Characters of a text; what is longer is cut off.
pub(super) const TEXT_CHARS_MAX: usize = 300;
/// Characters of the value of a header.
const HEADER_CHARS_MAX: usize = 2_000;
/// Headers of a request or an answer; further ones are left out. The door lets in 100.
const HEADERS_MAX: usize = 100;
/// Characters of a URL; the door takes targets of 8 KiB, and a URL here has no query.
const URL_CHARS_MAX: usize = 2_048;
/// Bytes of a body as data or as XML; a longer one is left out, with a note in its place.
pub(super) const BODY_BYTES_MAX: usize = 48 * 1024;
/// Letters of a method of HTTP.
const METHOD_CHARS_MAX: usize = 16;
/// The end of the year 9999, in milliseconds: what the calendar of pages can show.
const MOMENT_MS_MAX: i64 = 253_402_300_799_999;

/// Each party's key.
pub(super) struct Keys(pub(super) BTreeMap<String, String>);

/// Why something that was told is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// No key, or not that of the party that each item names.
    Key,
    /// No array of such items, too many, or one that cannot be true.
    Malformed,
}

/// Something that a party tells.
pub(super) trait Told: DeserializeOwned {
    /// Items in one message; parties send fewer.
    const BATCH_MAX: usize;

    /// Who tells it.
    fn party(&self) -> &str;
    /// Whether it can be true: of a run that has a number, and of a thing that there is.
    fn is_sound(&self) -> bool;
    /// The same within the bounds of what is kept.
    fn shortened(self) -> Self;
    /// Puts it with what else is known of its run.
    fn keep(self, kept: &mut Kept);
}

impl Keys {
    /// What a request tells: all of it, or nothing.
    pub(super) fn read<T: Told>(&self, visit: &Visit) -> Result<Vec<T>, NotTaken> {
        let key = visit.bearer().map_err(|_| NotTaken::Key)?;
        if !self.has(key) {
            return Err(NotTaken::Key);
        }
        let told: Vec<T> = serde_json::from_slice(&visit.body).map_err(|_| NotTaken::Malformed)?;
        if told.len() > T::BATCH_MAX || !told.iter().all(T::is_sound) {
            return Err(NotTaken::Malformed);
        }
        if !told.iter().all(|item| self.is_of(item.party(), key)) {
            return Err(NotTaken::Key);
        }
        Ok(told.into_iter().map(T::shortened).collect())
    }

    /// Whether a key is anybody's. All are compared, each in constant time.
    fn has(&self, key: &str) -> bool {
        self.0
            .values()
            .fold(false, |found, known| found | same(known, key))
    }

    /// Whether a key is this party's.
    fn is_of(&self, party: &str, key: &str) -> bool {
        self.0.get(party).is_some_and(|known| same(known, key))
    }
}

fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

impl Told for Sighting {
    const BATCH_MAX: usize = 1_000;

    fn party(&self) -> &str {
        &self.party
    }

    fn is_sound(&self) -> bool {
        (1..=30).contains(&self.step) && is_trace(&self.trace_id)
    }

    fn shortened(mut self) -> Self {
        let texts = [&mut self.party, &mut self.peer, &mut self.note];
        for text in texts.into_iter().chain(&mut self.aanbieder) {
            cut(text, TEXT_CHARS_MAX);
        }
        self
    }

    fn keep(self, kept: &mut Kept) {
        kept.saw(self);
    }
}

impl Told for Bericht {
    const BATCH_MAX: usize = 200;

    fn party(&self) -> &str {
        &self.party
    }

    fn is_sound(&self) -> bool {
        is_trace(&self.trace_id)
            && is_method(&self.method)
            && is_url(&self.url)
            && (self.status == 0 || (100..=599).contains(&self.status))
            && (0..=MOMENT_MS_MAX).contains(&self.begonnen_ms)
    }

    fn shortened(mut self) -> Self {
        cut(&mut self.party, TEXT_CHARS_MAX);
        cut(&mut self.peer, TEXT_CHARS_MAX);
        bounded(&mut self.query);
        self.request.shorten();
        self.response.shorten();
        self
    }

    fn keep(self, kept: &mut Kept) {
        kept.heard(&self);
    }
}

impl Told for Weigering {
    const BATCH_MAX: usize = 200;

    fn party(&self) -> &str {
        &self.party
    }

    fn is_sound(&self) -> bool {
        is_trace(&self.trace_id)
    }

    fn shortened(mut self) -> Self {
        for text in [
            &mut self.party,
            &mut self.requirement,
            &mut self.reason,
            &mut self.who,
        ] {
            cut(text, TEXT_CHARS_MAX);
        }
        self
    }

    fn keep(self, kept: &mut Kept) {
        kept.refused(self);
    }
}

impl Inhoud {
    fn shorten(&mut self) {
        self.headers.truncate(HEADERS_MAX);
        for (name, value) in &mut self.headers {
            cut(name, TEXT_CHARS_MAX);
            cut(value, HEADER_CHARS_MAX);
        }
        if let Some(media_type) = &mut self.media_type {
            cut(media_type, TEXT_CHARS_MAX);
        }
        bounded(&mut self.velden);
        if let Some(xml) = self.xml.as_mut().filter(|xml| xml.len() > BODY_BYTES_MAX) {
            *xml = format!("<!-- left out: {} bytes -->", xml.len());
        }
    }
}

/// Leaves out data that is too long.
fn bounded(data: &mut Option<Value>) {
    let bytes = data.as_ref().map_or(0, weight);
    if bytes > BODY_BYTES_MAX {
        *data = Some(json!({ "_left_out": format!("{bytes} bytes") }));
    }
}

/// How long something is as JSON, in bytes.
pub(super) fn weight(data: &impl Serialize) -> usize {
    serde_json::to_vec(data).map_or(0, |bytes| bytes.len())
}

/// One run has one spelling, or it would be several journeys.
fn is_trace(text: &str) -> bool {
    TraceId::parse(text).is_some_and(|trace| trace.to_string() == text)
}

fn is_method(text: &str) -> bool {
    let letters = text.bytes().all(|byte| byte.is_ascii_uppercase());
    letters && (1..=METHOD_CHARS_MAX).contains(&text.len())
}

/// Scheme, host and path, and nothing that could hide a query.
fn is_url(text: &str) -> bool {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"?#".contains(c);
    let has_scheme = text.starts_with("https://") || text.starts_with("http://");
    has_scheme && text.chars().all(plain) && text.chars().count() <= URL_CHARS_MAX
}

fn cut(text: &mut String, chars_max: usize) {
    if let Some((end, _)) = text.char_indices().nth(chars_max) {
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bericht, sighting};
    use super::*;

    #[test]
    fn long_texts_are_cut_off_between_characters() {
        let long = Sighting {
            note: "é".repeat(TEXT_CHARS_MAX + 1),
            aanbieder: Some("x".repeat(10_000)),
            ..sighting(8, "mitz", true)
        };
        let short = long.shortened();
        assert_eq!(short.note.chars().count(), TEXT_CHARS_MAX);
        assert_eq!(short.aanbieder.map(|text| text.len()), Some(TEXT_CHARS_MAX));
        assert_eq!(short.peer, "user agent");
    }

    #[test]
    fn a_body_that_is_too_long_is_left_out_with_a_note() {
        let mut long = bericht("mitz", "https://mitz-back.localhost:8443/token");
        long.request.velden = Some(json!({ "x": "y".repeat(BODY_BYTES_MAX) }));
        long.response.xml = Some("<x/>".repeat(BODY_BYTES_MAX));
        long.response.headers = vec![("x".to_owned(), "y".repeat(10_000)); 200];
        let short = long.shortened();
        let note = &short.request.velden.expect("a note")["_left_out"];
        assert_eq!(note, "49160 bytes");
        let note = short.response.xml.expect("a note");
        assert!(note.starts_with("<!-- left out"), "{note}");
        assert_eq!(short.response.headers.len(), HEADERS_MAX);
        assert_eq!(short.response.headers[0].1.len(), HEADER_CHARS_MAX);
    }

    #[test]
    fn a_message_that_cannot_be_true_is_no_message() {
        let good = bericht("mitz", "https://mitz-back.localhost:8443/token");
        assert!(good.is_sound());
        for url in [
            "/token",
            "ftp://x/",
            "https://x/?code=1",
            "https://x/#y",
            "https://x/ y",
            &format!("https://{}", "x".repeat(URL_CHARS_MAX)),
        ] {
            assert!(!bericht("mitz", url).is_sound(), "{url}");
        }
        let with = |change: fn(&mut Bericht)| {
            let mut changed = good.clone();
            change(&mut changed);
            changed.is_sound()
        };
        assert!(with(|it| it.status = 0), "there was no answer");
        assert!(!with(|it| it.status = 99) && !with(|it| it.status = 600));
        assert!(!with(|it| it.method = "post".to_owned()));
        assert!(!with(|it| it.method = String::new()));
        assert!(!with(|it| it.begonnen_ms = -1));
        assert!(!with(|it| it.trace_id = it.trace_id.to_uppercase()));
    }
}
