//! What an operator does with the mandates of an MR, on any home: register, show and withdraw them. A running
//! node reads each row when it is asked about it.
//!
//! Who is represented and who may act is sealed, so that the keys of the MR are needed here.

use std::fmt;

use etoegang::dienstencatalogus::Dienstencatalogus;
use etoegang::machtiging::{Machtiging, Wat, Weigering};
use store::{Page, Store};
use verdict::{Actor, Change, Clear, IndexKey, Key, Moment, Record as _, Row, Sealed, Stored};

use crate::chance;
use crate::plain::commit_sealed;
use crate::seal::Seal;

pub use crate::plain::NietGedaan;

/// Rows asked at once.
const PAGE_ROWS: u16 = 256;
/// Rows that one list looks at, at most.
pub const GEZIEN_MAX: usize = 100_000;
/// How often a withdrawal may lose a race before it gives up. A mandate is written once more after its
/// registration, so who loses finds it withdrawn.
const ATTEMPTS_MAX: u8 = 3;

/// The mandates of a home, with the keys that open them.
#[derive(Clone, Copy)]
pub struct Machtigingenbeheer<'a, S> {
    /// Where they stand.
    pub home: &'a S,
    /// What opens them.
    pub seal: &'a Seal,
    /// The moment of what is done.
    pub now: Moment,
}

/// Why a mandate was not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Geweigerd {
    /// Its service is not in the catalogue of the MR.
    Dienst,
    /// The mandate itself cannot be.
    Machtiging(Weigering),
}

/// Part of a list of mandates, by reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deel {
    /// Each under its reference.
    pub machtigingen: Vec<(String, Machtiging)>,
    /// After which reference the list goes on, if it may.
    pub verder: Option<String>,
}

/// A reference that no mandate has.
pub fn nieuwe_referentie() -> String {
    jose::b64::encode(chance::entropy().bytes::<12>("etoegang.machtiging"))
}

/// The reference under which a mandate stands.
pub(crate) fn referentie(key: &Key) -> String {
    String::from_utf8_lossy(key.bytes()).into_owned()
}

impl<S: Store> Machtigingenbeheer<'_, S> {
    /// Registers a mandate for a service of this catalogue; tells its reference.
    ///
    /// # Errors
    /// [`NietGedaan`], here and below.
    pub async fn registreren(
        &self,
        machtiging: &Machtiging,
        catalogus: &Dienstencatalogus,
        wie: &str,
    ) -> Result<Result<String, Geweigerd>, NietGedaan> {
        let scope = format!("urn:uuid:{}", machtiging.service_uuid);
        if catalogus.van_scope(&scope).is_none() {
            return Ok(Err(Geweigerd::Dienst));
        }
        let id = nieuwe_referentie();
        let change = match machtiging.registreren(&id, wie, self.now) {
            Ok(change) => change,
            Err(weigering) => return Ok(Err(Geweigerd::Machtiging(weigering))),
        };
        if self.commit(change, Wat::Geregistreerd, &id, wie).await? {
            return Ok(Ok(id));
        }
        let taken = "a mandate has the reference that was drawn; try again";
        Err(NietGedaan::Store(taken.to_owned()))
    }

    /// The mandate of this reference.
    pub async fn een(&self, id: &str) -> Result<Option<Machtiging>, NietGedaan> {
        Ok(self.load(id).await?.map(|stored| stored.value))
    }

    /// Mandates of which this holds, by reference and after `na`: `max` at most, among [`GEZIEN_MAX`] that are
    /// looked at. A mandate that a build before this index registered is not among them until it is withdrawn.
    pub async fn lijst(
        &self,
        na: Option<&str>,
        max: usize,
        past: impl Fn(&Machtiging) -> bool,
    ) -> Result<Deel, NietGedaan> {
        let (index, value) = Machtiging::ALL;
        let by = IndexKey::Text(value.to_owned());
        let mut page = na.map_or_else(
            || Page::first(PAGE_ROWS),
            |id| Page::after(Machtiging::key(id), PAGE_ROWS),
        );
        let (mut machtigingen, mut gezien, mut laatste) = (Vec::new(), 0_usize, None);
        loop {
            let space = Machtiging::SPACE;
            let found = self.home.find(space, index, &by, page, self.now).await;
            let found = found.map_err(|down| NietGedaan::Store(down.to_string()))?;
            for (key, row) in found.rows {
                if machtigingen.len() >= max || gezien == GEZIEN_MAX {
                    let verder = laatste;
                    return Ok(Deel {
                        machtigingen,
                        verder,
                    });
                }
                let (id, stored) = (referentie(&key), self.opened(&key, row)?);
                gezien += 1;
                laatste = Some(id.clone());
                if past(&stored.value) {
                    machtigingen.push((id, stored.value));
                }
            }
            match found.next {
                Some(next) => page = Page::after(next, PAGE_ROWS),
                None => {
                    return Ok(Deel {
                        machtigingen,
                        verder: None,
                    });
                }
            }
        }
    }

    /// Withdraws a mandate; tells since when it is. Nothing when none has this reference. One that was
    /// withdrawn before stays as it was.
    pub async fn intrekken(&self, id: &str, wie: &str) -> Result<Option<i64>, NietGedaan> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(stored) = self.load(id).await? else {
                return Ok(None);
            };
            let before = stored.value.ingetrokken;
            let Some(change) = Machtiging::intrekken(stored, id, wie, self.now) else {
                return Ok(before);
            };
            if self.commit(change, Wat::Ingetrokken, id, wie).await? {
                return Ok(Some(self.now.unix()));
            }
        }
        Err(NietGedaan::Store("lost three races in a row".to_owned()))
    }

    async fn load(&self, id: &str) -> Result<Option<Stored<Machtiging>>, NietGedaan> {
        let key = Machtiging::key(id);
        let rows = self.home.get(std::slice::from_ref(&key), self.now).await;
        let rows = rows.map_err(|down| NietGedaan::Store(down.to_string()))?;
        let row = rows.into_iter().next().flatten();
        row.map(|row| self.opened(&key, row)).transpose()
    }

    fn opened(&self, key: &Key, row: Row<Sealed>) -> Result<Stored<Machtiging>, NietGedaan> {
        let body = self.seal.open_row(key, row.body);
        let body = body.map_err(|_| {
            NietGedaan::Rij("a mandate was not sealed by the keys of this MR".to_owned())
        })?;
        Ok(Stored {
            version: row.version,
            until: row.until,
            value: Machtiging::from_body(&body)?,
        })
    }

    async fn commit(
        &self,
        change: Change<Clear>,
        wat: Wat,
        id: &str,
        wie: &str,
    ) -> Result<bool, NietGedaan> {
        let event = wat.event(id, Actor::Party(wie.to_owned()));
        let changes = vec![self.seal.change(change)];
        commit_sealed(self.home, changes, vec![event], self.now).await
    }
}

impl fmt::Display for Geweigerd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dienst => f.write_str("the service is not in the catalogue"),
            Self::Machtiging(weigering) => weigering.fmt(f),
        }
    }
}

impl std::error::Error for Geweigerd {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use store::Memory;

    use super::*;
    use crate::input::Input;
    use crate::keys::testing::master;
    use crate::keys::{Keys, Schedule};

    const NU: i64 = 1_800_000_000;

    /// A mandate of a bakery for somebody at a service of the sample.
    fn machtiging(kvk: &str, dienst: u8) -> Machtiging {
        let document = json!({
            "vertegenwoordigde": { "soort": "urn:etoegang:1.9:EntityConcernedID:KvKnr", "waarde": kvk },
            "gemachtigde": { "persoon": "iemand" },
            "service_uuid": format!("2c9d1c2e-1d0a-4d6b-8f5e-00000000000{dienst}"),
            "niveau": "urn:etoegang:core:assurance-class:loa3",
            "van": NU,
            "tot": NU + 3_600,
        });
        let nieuw: etoegang::machtiging::document::NieuweMachtiging =
            serde_json::from_value(document).expect("a mandate");
        nieuw.into()
    }

    async fn seal(home: &Memory) -> Seal {
        let now = Moment::from_unix(NU);
        let keys = Keys::open(home, master(7), &[], Schedule::default(), now).await;
        Seal::new(Arc::new(keys.expect("keys")))
    }

    #[tokio::test]
    async fn mandates_are_registered_listed_in_parts_and_withdrawn_once() {
        let home = Memory::new();
        let seal = seal(&home).await;
        let catalogus = Input::sample(443).expect("good").etoegang.catalogus;
        let at = |now| Machtigingenbeheer {
            home: &home,
            seal: &seal,
            now: Moment::from_unix(now),
        };
        let mut ids = Vec::new();
        for kvk in ["12345678", "87654321", "12345678"] {
            let nieuw = machtiging(kvk, 1);
            let made = at(NU).registreren(&nieuw, &catalogus, "test").await;
            ids.push(made.expect("a store").expect("a mandate"));
        }
        ids.sort();
        // Two, and then what is left.
        let eerste = at(NU).lijst(None, 2, |_| true).await.expect("a store");
        let found: Vec<&String> = eerste.machtigingen.iter().map(|(id, _)| id).collect();
        assert_eq!(found, [&ids[0], &ids[1]]);
        assert_eq!(eerste.verder.as_ref(), Some(&ids[1]));
        let rest = at(NU).lijst(eerste.verder.as_deref(), 2, |_| true).await;
        let rest = rest.expect("a store");
        assert_eq!((&rest.machtigingen[0].0, rest.verder), (&ids[2], None));
        let one = |machtiging: &Machtiging| machtiging.vertegenwoordigde.waarde() == "87654321";
        let bakers = at(NU).lijst(None, 9, one).await.expect("a store");
        assert_eq!(bakers.machtigingen.len(), 1);

        let gone = at(NU + 5).intrekken(&ids[0], "test").await;
        assert_eq!(gone, Ok(Some(NU + 5)));
        let again = at(NU + 9).intrekken(&ids[0], "test").await;
        assert_eq!(again, Ok(Some(NU + 5)));
        let kept = at(NU + 9).een(&ids[0]).await.expect("a store");
        assert_eq!(kept.expect("kept").ingetrokken, Some(NU + 5));
        assert_eq!(at(NU).intrekken("nonsense", "test").await, Ok(None));
        // etoegang.md §3: the audit log tells of each, and once.
        let audit = home.audit(0, 100).await.expect("a store");
        let what: Vec<&str> = audit.iter().map(|row| &*row.what).collect();
        assert_eq!(
            what,
            [
                "a mandate was registered",
                "a mandate was registered",
                "a mandate was registered",
                "a mandate was withdrawn"
            ]
        );
    }

    #[tokio::test]
    async fn a_mandate_of_no_service_or_that_cannot_be_is_not_registered() {
        let home = Memory::new();
        let seal = seal(&home).await;
        let catalogus = Input::sample(443).expect("good").etoegang.catalogus;
        let beheer = Machtigingenbeheer {
            home: &home,
            seal: &seal,
            now: Moment::from_unix(NU),
        };
        let unknown = machtiging("12345678", 9);
        let refused = beheer.registreren(&unknown, &catalogus, "test").await;
        assert_eq!(refused, Ok(Err(Geweigerd::Dienst)));
        let mut over = machtiging("12345678", 1);
        over.tot = NU;
        let refused = beheer.registreren(&over, &catalogus, "test").await;
        assert_eq!(refused, Ok(Err(Geweigerd::Machtiging(Weigering::Voorbij))));
        let none = beheer.lijst(None, 9, |_| true).await.expect("a store");
        assert_eq!(none.machtigingen, []);
    }
}
