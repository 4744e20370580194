//! AuditEvents on their way to the FHIR server of their domain (koppeltaal case 110).
//!
//! A row holds those that were written together, and is removed when the FHIR server has them all.
//! Whoever sends for a domain takes its turn first, so that two nodes seldom send the same; what one
//! sent that crashes before it removes the row is sent again.

use std::iter;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use verdict::{
    BadRow, Change, Clear, Entropy, Expect, IndexKey, Key, Moment, Record, Space, Stored, Then,
    versioned,
};

use crate::auditevent::{Auditevent, Spoor, Waarnemer};
use crate::domein::{ClientId, Domein};
use crate::domeinconfiguratie::Domeinconfiguratie;
use crate::token_endpoint::Nu;

/// Seconds for which a turn counts that is not given back.
pub const BEURT_S: u32 = 60;
/// The turns: a row for each domain for which somebody sends.
const BEURT: Space = Space("koppeltaal.outbox.beurt");
/// Seconds for which an event is tried, at most: a month. Then it is told to the operator.
pub const TRIED_S: u32 = 30 * 86_400;
/// Seconds for which a row is kept: far longer than it is tried, so that nothing is swept unseen.
const KEPT_S: u32 = 400 * 86_400;
/// Seconds until an event that was refused is tried again: the first time, and at most.
const AGAIN_S: (u32, u32) = (10, 3_600);
/// Events of one row, at most, and of one Bundle: a page of what any FHIR server takes.
pub const BERICHTEN_MAX: usize = 64;
/// Bytes of one row, at most, but for a single event that is larger; and of one Bundle.
pub const BERICHTEN_BYTES_MAX: usize = 96 * 1024;

/// Events on their way: one row.
#[derive(Clone, Debug)]
pub struct Uitgaand {
    /// Of which domain.
    pub domein: Domein,
    /// When they were told; seconds since 1970.
    pub recorded: i64,
    /// How often the FHIR server refused one of them.
    pub refused: u32,
    /// From when on they may be sent; seconds since 1970.
    pub due: i64,
    /// Who tells them: the Device of the Koppeltaal voorziening. Rows of the release before have none.
    pub voorziening: Option<ClientId>,
    /// What the FHIR server does not have yet.
    pub berichten: Vec<Bericht>,
}

/// One event on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bericht {
    /// Under which number its request is found.
    pub request: Spoor,
    #[serde(flatten)]
    inhoud: Inhoud,
}

/// What is kept of an event. Of the event itself a fifth of what FHIR makes of it, which the home writes,
/// copies and removes.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Inhoud {
    /// The event.
    #[serde(rename = "gebeurtenis")]
    Gebeurtenis(Box<Auditevent>),
    /// As the release before wrote it: FHIR.
    #[serde(rename = "event")]
    Fhir(Map<String, Value>),
}

/// An event as the FHIR server gets it.
#[derive(Clone, Debug)]
pub struct Brief {
    /// Under which number its request is found.
    pub request: Spoor,
    /// The AuditEvent.
    pub event: Box<RawValue>,
}

/// What becomes of an event after it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afloop {
    /// The FHIR server has it.
    Bezorgd,
    /// It does not want this one now; others may pass.
    Geweigerd,
    /// It does not answer, to nobody.
    Onbereikbaar,
}

impl Bericht {
    /// An event that must be told.
    pub fn of(event: Auditevent) -> Self {
        Self {
            request: event.sporen.request.clone(),
            inhoud: Inhoud::Gebeurtenis(Box::new(event.bounded())),
        }
    }

    /// The event as this observer tells it.
    pub fn brief(&self, waarnemer: &Waarnemer) -> Brief {
        let event = match &self.inhoud {
            Inhoud::Gebeurtenis(event) => event.json(waarnemer),
            // What was read as JSON is JSON.
            Inhoud::Fhir(event) => to_raw_value(event).unwrap_or_default(),
        };
        Brief {
            request: self.request.clone(),
            event,
        }
    }

    fn bytes(&self) -> usize {
        match &self.inhoud {
            Inhoud::Gebeurtenis(event) => event.bytes(),
            // Such rows are read and never made.
            Inhoud::Fhir(_) => BERICHTEN_BYTES_MAX,
        }
    }
}

impl Brief {
    /// How many of these make one Bundle: at least one, if there is one.
    pub fn that_fit(brieven: &[Self]) -> usize {
        that_fit(brieven.iter().map(|brief| brief.event.get().len()))
    }
}

/// How many things of these sizes, in bytes, make one row or one Bundle: at least one, if there is one.
fn that_fit(sizes: impl Iterator<Item = usize>) -> usize {
    let mut bytes = 0;
    let fit = sizes.take(BERICHTEN_MAX).take_while(|size| {
        let is_first = bytes == 0;
        bytes += size;
        is_first || bytes <= BERICHTEN_BYTES_MAX
    });
    fit.count()
}

impl Uitgaand {
    /// The index that the rows of a domain carry.
    pub const INDEX: &'static str = "domein";

    /// The changes for the events of one decision.
    pub fn put_all(events: &[Auditevent], nu: &Nu<'_>, entropy: &Entropy) -> Vec<Change<Clear>> {
        let Some(first) = events.first() else {
            return Vec::new();
        };
        let berichten = events.iter().cloned().map(Bericht::of).collect();
        let rows = Self::together(berichten, nu.domein, first.recorded, entropy);
        rows.iter().map(Self::put_new).collect()
    }

    /// These as rows of the outbox of their domain, as few as they fit in: what they are once
    /// [`Self::put_new`] was committed.
    pub fn together(
        mut berichten: Vec<Bericht>,
        domein: &Domeinconfiguratie,
        recorded: Moment,
        entropy: &Entropy,
    ) -> Vec<(Key, Stored<Self>)> {
        let mut rows = Vec::new();
        while !berichten.is_empty() {
            let later = berichten.split_off(that_fit(berichten.iter().map(Bericht::bytes)));
            let part = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let id = entropy.part("koppeltaal.outbox", part).bytes("id");
            let uitgaand = Self {
                domein: domein.domein.clone(),
                recorded: recorded.unix(),
                refused: 0,
                due: recorded.unix(),
                voorziening: Some(domein.voorziening),
                berichten: std::mem::replace(&mut berichten, later),
            };
            let stored = Stored {
                version: 1,
                until: recorded.plus_s(KEPT_S),
                value: uitgaand,
            };
            rows.push((key(recorded, id), stored));
        }
        rows
    }

    /// The change that writes one of [`Self::together`].
    pub fn put_new((key, row): &(Key, Stored<Self>)) -> Change<Clear> {
        row.value.put(key.clone(), Expect::Absent, row.until)
    }

    /// Whether they may be sent now.
    pub const fn is_due(&self, now: Moment) -> bool {
        self.due <= now.unix()
    }

    /// Whether they were tried for long enough.
    pub const fn is_given_up(&self, now: Moment) -> bool {
        self.recorded.saturating_add(TRIED_S as i64) <= now.unix()
    }

    /// What becomes of a row after each of its events ended so.
    pub fn sent(found: &Stored<Self>, key: Key, aflopen: &[Afloop], now: Moment) -> Change<Clear> {
        let ended = found.value.berichten.iter().zip(aflopen);
        let left = ended.filter(|(_, afloop)| **afloop != Afloop::Bezorgd);
        let berichten: Vec<Bericht> = left.map(|(bericht, _)| bericht.clone()).collect();
        if berichten.is_empty() {
            return Change::remove(key, found.version);
        }
        let (refused, wait_s) = if aflopen.contains(&Afloop::Geweigerd) {
            let refused = found.value.refused.saturating_add(1);
            (refused, again_s(refused))
        } else {
            (found.value.refused, 0)
        };
        let next = Self {
            domein: found.value.domein.clone(),
            recorded: found.value.recorded,
            refused,
            due: now.plus_s(wait_s).unix(),
            voorziening: found.value.voorziening,
            berichten,
        };
        next.put(key, Expect::Version(found.version), found.until)
    }
}

/// Whose turn it is to send for a domain.
#[derive(Debug)]
pub struct Beurt;

impl Beurt {
    /// Takes the turn to send these rows: a conflict where another has it, or one of them changed since it was
    /// read.
    pub fn take<'a>(
        domein: &Domein,
        rows: impl IntoIterator<Item = (&'a Key, u64)>,
        now: Moment,
    ) -> Vec<Change<Clear>> {
        let unchanged = rows.into_iter().map(|(key, version)| Change {
            key: key.clone(),
            expect: Expect::Version(version),
            then: Then::Keep,
        });
        let turn = Change::spend(Self::key(domein), now.plus_s(BEURT_S));
        iter::once(turn).chain(unchanged).collect()
    }

    /// Gives it back. Where it was over and another has it now, that one's ends too: an event may be sent twice, and
    /// none is lost.
    pub fn give_back(domein: &Domein) -> Change<Clear> {
        Change::remove(Self::key(domein), 1)
    }

    /// Whether a row is the turn of some domain.
    pub fn is(key: &Key) -> bool {
        key.space() == BEURT
    }

    fn key(domein: &Domein) -> Key {
        Key::Record(BEURT, domein.as_str().as_bytes().to_vec())
    }
}

impl Afloop {
    /// Of an answer with this status. A server that lets nobody in, or nobody now, is as good as one
    /// that does not answer: what waits behind this event would fare no better.
    pub const fn of_status(status: u16) -> Self {
        match status {
            200..300 => Self::Bezorgd,
            401 | 403 | 408 | 425 | 429 => Self::Onbereikbaar,
            400..500 => Self::Geweigerd,
            _ => Self::Onbereikbaar,
        }
    }

    /// Of each of so many entries of a Bundle, by the Bundle that answers it.
    /// One that is not told of was refused: it is sent again alone.
    pub fn of_bundle(answer: &[u8], entries: usize) -> Vec<Self> {
        let read: Option<Antwoorden> = serde_json::from_slice(answer).ok();
        let told = read.filter(|read| read.entry.len() == entries);
        let told = told.map_or_else(Vec::new, |read| read.entry);
        let mut aflopen: Vec<Self> = told.iter().map(Antwoord::afloop).collect();
        aflopen.resize(entries, Self::Geweigerd);
        aflopen
    }
}

/// A `batch-response`, as far as it matters here.
#[derive(Deserialize)]
struct Antwoorden {
    entry: Vec<Antwoord>,
}

#[derive(Deserialize)]
struct Antwoord {
    response: Status,
}

#[derive(Deserialize)]
struct Status {
    status: String,
}

impl Antwoord {
    /// The status is text, and begins with its number.
    fn afloop(&self) -> Afloop {
        let number = self
            .response
            .status
            .get(..3)
            .and_then(|text| text.parse().ok());
        number.map_or(Afloop::Geweigerd, Afloop::of_status)
    }
}

/// The Bundle of these events: FHIR's way to send several at once, each of which stands alone.
pub fn bundle(brieven: &[Brief]) -> Vec<u8> {
    let entries = brieven.iter().map(|brief| Entry {
        resource: &brief.event,
        request: Interactie {
            method: "POST",
            url: "AuditEvent",
        },
    });
    let bundle = Bundle {
        resource_type: "Bundle",
        kind: "batch",
        entry: entries.collect(),
    };
    // Texts and JSON always serialise.
    serde_json::to_vec(&bundle).unwrap_or_default()
}

#[derive(Serialize)]
struct Bundle<'a> {
    #[serde(rename = "resourceType")]
    resource_type: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    entry: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    resource: &'a RawValue,
    request: Interactie,
}

#[derive(Serialize)]
struct Interactie {
    method: &'static str,
    url: &'static str,
}

/// Seconds until the next try after so many refusals.
pub fn again_s(refused: u32) -> u32 {
    let (first, most) = AGAIN_S;
    let doubled = refused.saturating_sub(1).min(16);
    first.saturating_mul(1 << doubled).min(most)
}

/// In the order in which they happened.
fn key(recorded: Moment, id: [u8; 16]) -> Key {
    let mut bytes = recorded.unix().max(0).to_be_bytes().to_vec();
    bytes.extend(id);
    Key::Record(Uitgaand::SPACE, bytes)
}

#[derive(Serialize, Deserialize)]
struct Open {
    domein: Domein,
    recorded: i64,
    refused: u32,
    due: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voorziening: Option<ClientId>,
}

impl Record for Uitgaand {
    const SPACE: Space = Space("koppeltaal.outbox");

    /// The events themselves are sealed: a search has its query in one.
    fn to_body(&self) -> Clear {
        let open = Open {
            domein: self.domein.clone(),
            recorded: self.recorded,
            refused: self.refused,
            due: self.due,
            voorziening: self.voorziening,
        };
        let of_domain = IndexKey::Text(self.domein.as_str().to_owned());
        versioned::body_with_private(&open, &self.berichten, vec![(Self::INDEX, of_domain)])
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: Open = versioned::open(Self::SPACE, body)?;
        Ok(Self {
            domein: open.domein,
            recorded: open.recorded,
            refused: open.refused,
            due: open.due,
            voorziening: open.voorziening,
            berichten: versioned::private(Self::SPACE, body)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auditevent::{Gebeurtenis, Sporen, Uitkomst};
    use crate::domein::DomeinUrls;

    const NOW: Moment = Moment::from_unix(1_800_000_000);

    fn domein() -> Domeinconfiguratie {
        crate::launch::testing::World::new().domein
    }

    fn bericht(query: Option<String>) -> Bericht {
        Bericht::of(Auditevent {
            gebeurtenis: Gebeurtenis::Rest {
                interactie: crate::resource_service::Interactie::SearchType,
                door: ClientId::of([1; 16]),
                soort: crate::permissie::ResourceType::parse("Task").expect("a type"),
                wat: None,
                query,
                gevonden: vec!["Task/1/_history/2".to_owned()],
            },
            uitkomst: Uitkomst::Gelukt("".into()),
            sporen: Sporen::of(Spoor::parse("r-1").expect("an id")),
            recorded: NOW,
        })
    }

    fn stored(events: usize) -> (Key, Stored<Uitgaand>) {
        let berichten = vec![bericht(Some("status=ready".to_owned())); events];
        let mut rows = Uitgaand::together(berichten, &domein(), NOW, &Entropy::new([1; 32]));
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }

    fn brieven(row: &Stored<Uitgaand>) -> Vec<Brief> {
        let urls = DomeinUrls::new("https://kt.example", &row.value.domein);
        let waarnemer = Waarnemer::new(ClientId::of([9; 16]), &urls);
        let berichten = row.value.berichten.iter();
        berichten.map(|bericht| bericht.brief(&waarnemer)).collect()
    }

    fn written(change: Change<Clear>, version: u64) -> Stored<Uitgaand> {
        let Then::Put { until, body } = change.then else {
            panic!("expected a row");
        };
        Stored {
            version,
            until,
            value: Uitgaand::from_body(&body).expect("a row"),
        }
    }

    #[test]
    fn koppeltaal_case_110_an_event_waits_until_the_fhir_server_has_it() {
        let (key, found) = stored(1);
        assert!(found.value.is_due(NOW));

        let down = Uitgaand::sent(&found, key.clone(), &[Afloop::Onbereikbaar], NOW);
        assert_eq!(down.expect, Expect::Version(1));
        assert!(written(down, 2).value.is_due(NOW));

        let refused = Uitgaand::sent(&found, key.clone(), &[Afloop::Geweigerd], NOW);
        let refused = written(refused, 2).value;
        assert!(!refused.is_due(NOW) && refused.is_due(NOW.plus_s(10)));

        let done = Uitgaand::sent(&found, key, &[Afloop::Bezorgd], NOW);
        assert!(matches!(done.then, Then::Remove));
    }

    #[test]
    fn koppeltaal_case_110_a_row_that_was_just_made_is_what_will_be_read() {
        let made = stored(2);
        let change = Uitgaand::put_new(&made);
        assert_eq!((&change.key, change.expect), (&made.0, Expect::Absent));
        let read = written(change, 1);
        let texts = |row| {
            let text = |brief: Brief| (brief.request, brief.event.get().to_owned());
            brieven(row).into_iter().map(text).collect::<Vec<_>>()
        };
        assert_eq!((read.version, read.until), (made.1.version, made.1.until));
        assert_eq!(texts(&read), texts(&made.1));
        assert_eq!(read.value.voorziening, Some(domein().voorziening));
        assert_eq!(
            (read.value.recorded, read.value.refused, read.value.due),
            (NOW.unix(), 0, NOW.unix())
        );
    }

    #[test]
    fn koppeltaal_case_110_a_row_of_the_release_before_is_sent_as_it_was_written() {
        let (key, found) = stored(1);
        let Then::Put { body, .. } = Uitgaand::put_new(&(key, found)).then else {
            panic!("expected a row");
        };
        let before = r#"{"v":1,"d":[{"request":"r-1","event":{"resourceType":"AuditEvent"}}]}"#;
        let row = Uitgaand::from_body(&Clear {
            private: verdict::Secrets::new(before.as_bytes().to_vec()),
            ..body
        });
        let urls = DomeinUrls::new("https://kt.example", &domein().domein);
        let waarnemer = Waarnemer::new(ClientId::of([9; 16]), &urls);
        let brief = row.expect("a row").berichten[0].brief(&waarnemer);
        assert_eq!(brief.event.get(), r#"{"resourceType":"AuditEvent"}"#);
        assert_eq!(brief.request.as_str(), "r-1");
    }

    #[test]
    fn koppeltaal_case_110_one_sends_at_a_time_and_only_what_is_as_it_was_read() {
        let (key, found) = stored(1);
        let domein = &found.value.domein;
        let taken = Beurt::take(domein, [(&key, found.version)], NOW);
        let [turn, row] = &taken[..] else {
            panic!("a turn and a row");
        };
        assert_eq!(turn.expect, Expect::Absent);
        assert!(
            matches!(turn.then, Then::Put { until, .. } if until == NOW.plus_s(BEURT_S)),
            "it ends by itself"
        );
        assert_eq!((&row.key, row.expect), (&key, Expect::Version(1)));
        assert!(matches!(row.then, Then::Keep));
        let back = Beurt::give_back(domein);
        assert_eq!((&back.key, back.expect), (&turn.key, Expect::Version(1)));
        let other = Domein::parse("d2").expect("a domain");
        assert_ne!(Beurt::give_back(&other).key, turn.key);
    }

    #[test]
    fn koppeltaal_case_110_an_event_is_told_of_before_it_can_be_swept() {
        let (_, found) = stored(1);
        assert!(!found.value.is_given_up(NOW));
        assert!(found.value.is_given_up(NOW.plus_s(TRIED_S)));
        assert!(found.until > NOW.plus_s(TRIED_S));
    }

    #[test]
    fn a_refused_event_is_tried_less_and_less_often() {
        assert_eq!(
            [1, 2, 3, 20, u32::MAX].map(again_s),
            [10, 20, 40, 3_600, 3_600]
        );
    }

    #[test]
    fn koppeltaal_case_110_of_several_events_only_those_wait_that_the_fhir_server_does_not_have() {
        let (key, found) = stored(3);
        let ended = [Afloop::Bezorgd, Afloop::Geweigerd, Afloop::Bezorgd];
        let next = written(Uitgaand::sent(&found, key.clone(), &ended, NOW), 3).value;
        assert_eq!((next.berichten.len(), next.refused), (1, 1));
        assert!(!next.is_due(NOW));
        let ended = [Afloop::Bezorgd, Afloop::Onbereikbaar, Afloop::Onbereikbaar];
        let next = written(Uitgaand::sent(&found, key, &ended, NOW), 3).value;
        assert_eq!((next.berichten.len(), next.refused), (2, 0));
        assert!(next.is_due(NOW));
    }

    #[test]
    fn many_events_make_rows_of_a_bounded_size() {
        let (_, found) = stored(1);
        let one = found.value.berichten[0].clone();
        let entropy = Entropy::new([1; 32]);
        let sizes = |berichten: Vec<Bericht>| -> Vec<usize> {
            let rows = Uitgaand::together(berichten, &domein(), NOW, &entropy);
            let rows: std::collections::BTreeMap<_, _> = rows.into_iter().collect();
            let sizes = rows.values().map(|row| row.value.berichten.len());
            let mut sizes: Vec<usize> = sizes.collect();
            sizes.sort_unstable();
            sizes
        };
        assert_eq!(sizes(vec![one.clone(); 130]), [2, 64, 64]);
        // The most that there is of one: a query of control characters.
        let large = bericht(Some("\u{1}".repeat(BERICHTEN_BYTES_MAX)));
        assert_eq!(
            sizes([vec![one.clone()], vec![large; 6], vec![one]].concat()),
            [4, 4]
        );
        assert_eq!(sizes(Vec::new()), [0; 0]);
    }

    #[test]
    fn koppeltaal_case_110_a_bundle_of_events_is_answered_entry_by_entry() {
        let (_, found) = stored(2);
        let sent = bundle(&brieven(&found));
        let sent: Value = serde_json::from_slice(&sent).expect("JSON");
        assert_eq!(
            (&sent["resourceType"], &sent["type"]),
            (&"Bundle".into(), &"batch".into())
        );
        assert_eq!(sent["entry"][1]["request"]["url"], "AuditEvent");
        assert_eq!(sent["entry"][1]["resource"]["resourceType"], "AuditEvent");
        let answer = br#"{"resourceType":"Bundle","type":"batch-response","entry":[
            {"response":{"status":"201 Created"}},{"response":{"status":"422"}}]}"#;
        let ended = [Afloop::Bezorgd, Afloop::Geweigerd];
        assert_eq!(Afloop::of_bundle(answer, 2), ended);
        for (answer, entries) in [(&answer[..], 3), (b"{}", 1), (b"no JSON", 2)] {
            assert_eq!(
                Afloop::of_bundle(answer, entries),
                vec![Afloop::Geweigerd; entries]
            );
        }
    }

    #[test]
    fn a_fhir_server_that_lets_nobody_in_is_as_good_as_away() {
        use Afloop::{Bezorgd, Geweigerd, Onbereikbaar};
        let of = [201, 400, 403, 429, 500, 302].map(Afloop::of_status);
        assert_eq!(
            of,
            [
                Bezorgd,
                Geweigerd,
                Onbereikbaar,
                Onbereikbaar,
                Onbereikbaar,
                Onbereikbaar
            ]
        );
    }
}
