//! Who a person is in the rows: a number that means nothing, found by a keyed hash of the BSN.
//!
//! A person who is met for the first time gets a random [`PersonTag`]. Grants, consents, pseudonyms and
//! audit rows carry that tag for good; only one row, the person's own, is found by the keyed hash, and
//! only that row moves when the look-up key is rotated (`reindex.rs`, docs/decisions/0016).
//!
//! Two nodes that meet a person together make one row: the commit that makes it expects that no key the
//! party knows finds one, and that the key it is made under still stands.

use identity::Bsn;
use jose::aead::Key32;
use serde_json::json;
use store::Store as _;
use verdict::{
    BadRow, Body, Change, Clear, Expect, IndexKey, Key, Moment, PersonTag, Record, Secrets, Space,
    Stored, Then,
};

use super::agreed::{self, Won};
use super::{KeySet, Purpose, row};
use crate::app::App;
use crate::chance;
use crate::settle::Outage;

/// The rows of persons.
pub(super) const SPACE: Space = Space("sluis.persoon");
/// How long a person's number is kept after the person was last met, in seconds: two years longer than
/// a consent.
const PERSON_S: u32 = 32 * YEAR_S;
/// A row that ends sooner than this is written anew when the person is met, in seconds: at most once a
/// year per person.
const RENEW_S: u32 = 31 * YEAR_S;
const YEAR_S: u32 = 366 * 86_400;
/// How often the making of a row may lose a race.
const ATTEMPTS_MAX: u8 = 8;
/// The number of a tag that no key made.
const NO_KEY: u32 = 0;
/// The index of the look-up key by whose hash a row is found.
pub(super) const KEY: &str = "sleutel";

/// A person's own row.
#[derive(Clone, Debug)]
pub(super) struct Persoon {
    /// The number of the look-up key that finds it.
    pub(super) number: u32,
    pub(super) tag: PersonTag,
    pub(super) bsn: Bsn,
}

/// The value of the index [`KEY`] for a key's number.
pub(super) fn found_by(number: u32) -> IndexKey {
    IndexKey::Text(number.to_string())
}

impl Persoon {
    /// Where the person with this BSN stands under a look-up key.
    pub(super) fn key(number: u32, look_up: &Key32, bsn: &Bsn) -> Key {
        let hash = jose::hmac_sha256(look_up, &[b"bsn", bsn.reveal().as_bytes()]);
        let mut bytes = number.to_be_bytes().to_vec();
        bytes.extend(hash);
        Key::Record(Self::SPACE, bytes)
    }
}

impl Record for Persoon {
    const SPACE: Space = SPACE;

    fn to_body(&self) -> Clear {
        let tag = verdict::person_tag_to_hex(self.tag);
        Body {
            open: json!({ "v": 1, "d": { "sleutel": self.number, "persoon": tag } }).into(),
            index: vec![(KEY, found_by(self.number))],
            private: Secrets::new(self.bsn.reveal().as_bytes().to_vec()),
        }
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let bad = |member| BadRow {
            space: Self::SPACE.0,
            member,
        };
        let said = &body.open.value()["d"];
        let number = said["sleutel"].as_u64().and_then(|n| u32::try_from(n).ok());
        let tag = said["persoon"].as_str();
        let bsn = std::str::from_utf8(body.private.reveal()).ok();
        Ok(Self {
            number: number.ok_or(bad("sleutel"))?,
            tag: tag
                .and_then(verdict::person_tag_from_hex)
                .ok_or(bad("persoon"))?,
            bsn: bsn
                .and_then(|text| Bsn::parse(text).ok())
                .ok_or(bad("private part"))?,
        })
    }
}

impl App {
    /// The tag of the person with this BSN, whom we may meet for the first time.
    ///
    /// # Errors
    /// [`Outage`].
    pub async fn person(&self, bsn: &Bsn) -> Result<PersonTag, Outage> {
        for _ in 0..ATTEMPTS_MAX {
            let now = self.clock.now();
            let places = Places::of(&self.keys.set(), bsn)?;
            let found = match self.person_at(&places, now).await? {
                Some((at, found)) => {
                    self.renew(at, &found, now).await?;
                    return Ok(found.value.tag);
                }
                None => self.meet(places, bsn, now).await?,
            };
            if let Some(tag) = found {
                return Ok(tag);
            }
            // Somebody else met the person, or rotated the key, at this moment.
            let looked = self.keys.look(&self.home, now).await;
            looked.map_err(|fault| Outage::Store(fault.to_string()))?;
        }
        Err(Outage::Fault("a person could not be recorded".to_owned()))
    }

    /// The person's row, under whichever key. All are read of one instant, so that a row that moves is
    /// found in the one place or in the other.
    async fn person_at(
        &self,
        places: &Places,
        now: Moment,
    ) -> Result<Option<(Key, Stored<Persoon>)>, Outage> {
        let rows = self.home.get(&places.all, now).await?;
        let found = places.all.iter().zip(rows);
        let mut found = found.filter_map(|(key, row)| Some((key, row?)));
        let Some((key, row)) = found.next() else {
            return Ok(None);
        };
        let stored = self.opened(key, row)?;
        Ok(Some((key.clone(), stored)))
    }

    /// Makes a row; nothing when it turned out that there is one.
    async fn meet(
        &self,
        places: Places,
        bsn: &Bsn,
        now: Moment,
    ) -> Result<Option<PersonTag>, Outage> {
        let tag = PersonTag {
            key_id: NO_KEY,
            tag: chance::entropy().bytes("person"),
        };
        let met = Persoon {
            number: places.number,
            tag,
            bsn: bsn.clone(),
        };
        let nowhere_else = places.all.iter().filter(|key| **key != places.current);
        let nowhere_else = nowhere_else.map(|key| Change {
            key: key.clone(),
            expect: Expect::Absent,
            then: Then::Keep,
        });
        let mut changes: Vec<Change<Clear>> = nowhere_else.collect();
        changes.push(Change::guard(row::key(Purpose::Persons, places.number)));
        changes.push(met.put(places.current, Expect::Absent, now.plus_s(PERSON_S)));
        Ok(match self.write(changes, now).await? {
            Won::Yes => Some(tag),
            Won::No => None,
        })
    }

    /// A person who comes back is kept for longer. Losing a race means that the row was moved or renewed.
    async fn renew(&self, at: Key, found: &Stored<Persoon>, now: Moment) -> Result<(), Outage> {
        if found.until < now.plus_s(RENEW_S) {
            let expect = Expect::Version(found.version);
            let renewed = found.value.put(at, expect, now.plus_s(PERSON_S));
            self.write(vec![renewed], now).await?;
        }
        Ok(())
    }

    pub(super) async fn write(
        &self,
        changes: Vec<Change<Clear>>,
        now: Moment,
    ) -> Result<Won, Outage> {
        let sealed = changes
            .into_iter()
            .map(|change| self.seal.change(change))
            .collect();
        let written = agreed::commit(&self.home, sealed, now).await;
        written.map_err(|fault| Outage::Store(fault.to_string()))
    }
}

/// Where a person may stand: one place for each look-up key.
struct Places {
    all: Vec<Key>,
    current: Key,
    number: u32,
}

impl Places {
    fn of(set: &KeySet, bsn: &Bsn) -> Result<Self, Outage> {
        let ring = set.persons()?;
        let at = |(number, key): (u32, &Key32)| Persoon::key(number, key, bsn);
        Ok(Self {
            all: ring.numbers().rev().map(at).collect(),
            current: Persoon::key(ring.current_number(), ring.current(), bsn),
            number: ring.current_number(),
        })
    }
}
