//! AuditEvents on their way to the FHIR server of their domain (koppeltaal case 110).
//!
//! Each is a row, written with what it tells of and removed when the FHIR server has it. Whoever
//! sends one leases it first, so that two nodes seldom send the same; one that crashes between
//! sending and removing sends it again.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use verdict::{
    BadRow, Change, Clear, Entropy, Expect, IndexKey, Key, Moment, Record, Space, Stored,
};

use crate::auditevent::{Auditevent, Spoor, Waarnemer};
use crate::domein::Domein;
use crate::rows;
use crate::token_endpoint::Nu;

/// Seconds for which whoever sends an event has it alone.
pub const LEASE_S: u32 = 60;
/// Seconds for which an event is tried, at most: a month. Then it is told to the operator.
pub const TRIED_S: u32 = 30 * 86_400;
/// Seconds for which a row is kept: far longer than it is tried, so that nothing is swept unseen.
const KEPT_S: u32 = 400 * 86_400;
/// Seconds until an event that was refused is tried again: the first time, and at most.
const AGAIN_S: (u32, u32) = (10, 3_600);

/// An event on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uitgaand {
    /// Of which domain.
    pub domein: Domein,
    /// When it happened; seconds since 1970.
    pub recorded: i64,
    /// Under which number its request is found.
    pub request: Spoor,
    /// How often the FHIR server refused it.
    pub refused: u32,
    /// From when on it may be sent; seconds since 1970.
    pub due: i64,
    /// The AuditEvent.
    pub event: Value,
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

impl Uitgaand {
    /// The index that the events of a domain carry.
    pub const INDEX: &'static str = "domein";

    /// The change that puts an event in the outbox of its domain.
    pub fn put_new(
        event: &Auditevent,
        domein: &Domein,
        waarnemer: &Waarnemer,
        entropy: &Entropy,
    ) -> Change<Clear> {
        let recorded = event.recorded;
        let id: [u8; 16] = entropy.bytes("koppeltaal.outbox");
        let uitgaand = Self {
            domein: domein.clone(),
            recorded: recorded.unix(),
            request: event.sporen.request.clone(),
            refused: 0,
            due: recorded.unix(),
            event: event.json(waarnemer),
        };
        uitgaand.put(key(recorded, id), Expect::Absent, recorded.plus_s(KEPT_S))
    }

    /// The changes for several events of one decision.
    pub fn put_all(events: &[Auditevent], nu: &Nu<'_>, entropy: &Entropy) -> Vec<Change<Clear>> {
        let waarnemer = Waarnemer::new(nu.domein.voorziening, nu.urls);
        let parts = (0u32..).map(|number| entropy.part("koppeltaal.outbox", number));
        let put = |(event, entropy): (&Auditevent, Entropy)| {
            Self::put_new(event, &nu.domein.domein, &waarnemer, &entropy)
        };
        events.iter().zip(parts).map(put).collect()
    }

    /// Whether it may be sent now.
    pub const fn is_due(&self, now: Moment) -> bool {
        self.due <= now.unix()
    }

    /// Whether it was tried for long enough.
    pub const fn is_given_up(&self, now: Moment) -> bool {
        self.recorded.saturating_add(TRIED_S as i64) <= now.unix()
    }

    /// Nobody else sends it for a while.
    pub fn lease(found: &Stored<Self>, key: Key, now: Moment) -> Change<Clear> {
        let leased = Self {
            due: now.plus_s(LEASE_S).unix(),
            ..found.value.clone()
        };
        leased.put(key, Expect::Version(found.version), found.until)
    }

    /// What becomes of one that was leased when `found` was read.
    pub fn sent(found: &Stored<Self>, key: Key, afloop: Afloop, now: Moment) -> Change<Clear> {
        let leased = found.version + 1;
        let next = match afloop {
            Afloop::Bezorgd => return Change::remove(key, leased),
            Afloop::Geweigerd => {
                let refused = found.value.refused.saturating_add(1);
                Self {
                    refused,
                    due: now.plus_s(again_s(refused)).unix(),
                    ..found.value.clone()
                }
            }
            Afloop::Onbereikbaar => Self {
                due: now.unix(),
                ..found.value.clone()
            },
        };
        next.put(key, Expect::Version(leased), found.until)
    }
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
    request: Spoor,
    refused: u32,
    due: i64,
}

impl Record for Uitgaand {
    const SPACE: Space = Space("koppeltaal.outbox");

    /// The event itself is sealed: a search has its query in it.
    fn to_body(&self) -> Clear {
        let open = Open {
            domein: self.domein.clone(),
            recorded: self.recorded,
            request: self.request.clone(),
            refused: self.refused,
            due: self.due,
        };
        let of_domain = IndexKey::Text(self.domein.as_str().to_owned());
        rows::body_with_private(&open, &self.event, vec![(Self::INDEX, of_domain)])
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: Open = rows::open(Self::SPACE, body)?;
        Ok(Self {
            domein: open.domein,
            recorded: open.recorded,
            request: open.request,
            refused: open.refused,
            due: open.due,
            event: rows::private(Self::SPACE, body)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auditevent::{Gebeurtenis, Sporen, Uitkomst};
    use crate::domein::{ClientId, DomeinUrls};

    const NOW: Moment = Moment::from_unix(1_800_000_000);

    fn stored() -> (Key, Stored<Uitgaand>) {
        let domein = Domein::parse("d1").expect("a domain");
        let event = Auditevent {
            gebeurtenis: Gebeurtenis::LaunchMislukt {
                taak: crate::launch::Verwijzing::parse("Task/t").expect("a reference"),
            },
            uitkomst: Uitkomst::Gelukt(""),
            sporen: Sporen::of(Spoor::parse("r-1").expect("an id")),
            recorded: NOW,
        };
        let urls = DomeinUrls::new("https://kt.example", &domein);
        let waarnemer = Waarnemer::new(ClientId::of([9; 16]), &urls);
        let change = Uitgaand::put_new(&event, &domein, &waarnemer, &Entropy::new([1; 32]));
        assert_eq!(change.expect, Expect::Absent);
        (change.key.clone(), written(change, 1))
    }

    fn written(change: Change<Clear>, version: u64) -> Stored<Uitgaand> {
        let verdict::Then::Put { until, body } = change.then else {
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
        let (key, found) = stored();
        assert!(found.value.is_due(NOW));
        let leased = Uitgaand::lease(&found, key.clone(), NOW);
        assert_eq!(leased.expect, Expect::Version(1));
        // nobody else sends it meanwhile
        assert!(!written(leased, 2).value.is_due(NOW));

        let down = Uitgaand::sent(&found, key.clone(), Afloop::Onbereikbaar, NOW);
        assert_eq!(down.expect, Expect::Version(2));
        assert!(written(down, 3).value.is_due(NOW));

        let refused = Uitgaand::sent(&found, key.clone(), Afloop::Geweigerd, NOW);
        let refused = written(refused, 3).value;
        assert!(!refused.is_due(NOW) && refused.is_due(NOW.plus_s(10)));

        let done = Uitgaand::sent(&found, key, Afloop::Bezorgd, NOW);
        assert!(matches!(done.then, verdict::Then::Remove));
    }

    #[test]
    fn koppeltaal_case_110_an_event_is_told_of_before_it_can_be_swept() {
        let (_, found) = stored();
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
}
