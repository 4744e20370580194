//! Means (middelen): what a person logs in with, and when that does not count (GUC3 in etoegang.md
//! §2.1).

use serde::{Deserialize, Serialize};
use verdict::{
    Actor, BadRow, Change, Clear, Event, Expect, Key, Moment, Record, Space, Stored, Verdict,
    versioned,
};

use super::Instellingen;
use super::bewijs::{Bewijs, Proef};
use crate::attribuut::{Attributen, Drager};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::machtiging::InternPseudoniem;

/// Seconds for which a means is kept after its end: seven years (etoegang.md §3).
const BEWAARD_S: u32 = 7 * 366 * 86_400;

/// A means of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Middel {
    /// The person as the network knows him: the same each time the same means is used.
    pub houder: InternPseudoniem,
    /// What is known of him, by names of attributes of people.
    pub attributen: Attributen,
    /// By what its holder is known.
    pub bewijs: Bewijs,
    /// The level that it reaches; no higher than its proof allows.
    pub niveau: Betrouwbaarheidsniveau,
    /// Until when it is valid; seconds since 1970.
    pub tot: i64,
    /// What its issuer says of it.
    pub stand: Stand,
    /// Wrong proofs since the last good one.
    pub pogingen: u8,
    /// Until when nobody gets in with it, whatever he shows; seconds since 1970.
    pub vast_tot: i64,
    /// The step of the last code that was used ([`Bewijs::proef`]).
    pub code_gebruikt: i64,
}

/// What the issuer of a means (middelenuitgever) says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stand {
    /// It may be used.
    Actief,
    /// Not for now.
    Geschorst,
    /// Never again.
    Ingetrokken,
}

/// Why a person is not let in. The AD tells him, and lets him try again or cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afwijzing {
    /// The proof does not fit.
    Onjuist,
    /// Too many wrong proofs; also for whoever now has the right one.
    Vast,
    /// Over.
    Verlopen,
    /// Suspended or revoked.
    NietActief,
    /// Below the level that the service asks.
    NiveauTeLaag,
}

/// Why a means is not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weigering {
    /// It is over already.
    Voorbij,
    /// Its proof does not reach its level: above loa2 a device is needed.
    NiveauTeHoog,
    /// An attribute is none of a person.
    Attributen,
}

impl Middel {
    /// A means that nobody used yet.
    pub fn nieuw(
        houder: InternPseudoniem,
        bewijs: Bewijs,
        niveau: Betrouwbaarheidsniveau,
        tot: i64,
    ) -> Self {
        Self {
            houder,
            attributen: Attributen::default(),
            bewijs,
            niveau,
            tot,
            stand: Stand::Actief,
            pogingen: 0,
            vast_tot: 0,
            code_gebruikt: 0,
        }
    }

    /// The same with what is known of its holder.
    #[must_use]
    pub fn met(self, attributen: Attributen) -> Self {
        Self { attributen, ..self }
    }

    /// The change that registers it under a name that nobody has. The name of one that was revoked, or
    /// that is over, stays taken for as long as its row is kept.
    ///
    /// # Errors
    /// [`Weigering`]; nothing is written then.
    pub fn registreren(&self, naam: &str, now: Moment) -> Result<Change<Clear>, Weigering> {
        let tot = Moment::from_unix(self.tot);
        if tot.is_over_at(now) {
            return Err(Weigering::Voorbij);
        }
        if self.niveau > self.bewijs.hoogste() {
            return Err(Weigering::NiveauTeHoog);
        }
        if !self.attributen.zijn_van(Drager::is_van_ad) {
            return Err(Weigering::Attributen);
        }
        let until = tot.plus_s(BEWAARD_S);
        Ok(self.put(Self::key(naam), Expect::Absent, until))
    }

    /// Where it stands, under the name that its holder gives.
    pub fn key(naam: &str) -> Key {
        Key::Record(Self::SPACE, naam.as_bytes().to_vec())
    }

    /// Whether it counts now: at a login, and again at each refresh (etoegang case 37).
    ///
    /// # Errors
    /// Why not.
    pub fn geldt(&self, now: Moment) -> Result<(), Afwijzing> {
        if self.stand != Stand::Actief {
            return Err(Afwijzing::NietActief);
        }
        if Moment::from_unix(self.tot).is_over_at(now) {
            return Err(Afwijzing::Verlopen);
        }
        if !Moment::from_unix(self.vast_tot).is_over_at(now) {
            return Err(Afwijzing::Vast);
        }
        Ok(())
    }

    /// Judges an attempt to log in, after `proef` has said whether password and code were right. A wrong
    /// one is counted, and locks the means in the end; of a locked one nobody learns whether he was right.
    pub fn poging(
        stored: &Stored<Self>,
        naam: &str,
        proef: Proef,
        vereist: Betrouwbaarheidsniveau,
        instellingen: &Instellingen,
        now: Moment,
    ) -> Verdict<Result<(), Afwijzing>> {
        let middel = &stored.value;
        if let Err(afwijzing) = middel.geldt(now) {
            return refused(afwijzing, Vec::new());
        }
        let Proef::Juist { stap } = proef else {
            let counted = middel.na_fout(instellingen, now);
            let change = counted.opgeslagen(stored, naam);
            return refused(Afwijzing::Onjuist, vec![change]);
        };
        if middel.niveau.min(middel.bewijs.hoogste()) < vereist {
            return refused(Afwijzing::NiveauTeLaag, Vec::new());
        }
        // The version is guarded, so that a revocation in the same moment wins.
        let good = Self {
            pogingen: 0,
            code_gebruikt: stap.unwrap_or(middel.code_gebruikt),
            ..middel.clone()
        };
        Verdict {
            reply: Ok(()),
            changes: vec![good.opgeslagen(stored, naam)],
            events: vec![Event::granted(
                "etoegang.md §2.1",
                "a person logged in",
                Actor::Person,
            )],
        }
    }

    /// The change by which its issuer suspends, revokes or frees it; nothing for one that was revoked,
    /// which never comes back.
    pub fn wordt(stored: &Stored<Self>, naam: &str, stand: Stand) -> Option<Change<Clear>> {
        if stored.value.stand == Stand::Ingetrokken {
            return None;
        }
        let changed = Self {
            stand,
            ..stored.value.clone()
        };
        Some(changed.opgeslagen(stored, naam))
    }

    /// The change by which its issuer says anew what is known of its holder. What was declared before
    /// stays with the logins that it was declared for.
    ///
    /// # Errors
    /// [`Weigering::Attributen`].
    pub fn kent(
        stored: &Stored<Self>,
        naam: &str,
        attributen: Attributen,
    ) -> Result<Change<Clear>, Weigering> {
        if !attributen.zijn_van(Drager::is_van_ad) {
            return Err(Weigering::Attributen);
        }
        let changed = stored.value.clone().met(attributen);
        Ok(changed.opgeslagen(stored, naam))
    }

    fn na_fout(&self, instellingen: &Instellingen, now: Moment) -> Self {
        let pogingen = self.pogingen.saturating_add(1);
        let is_locked = pogingen >= instellingen.pogingen;
        Self {
            pogingen: if is_locked { 0 } else { pogingen },
            vast_tot: if is_locked {
                now.plus_s(instellingen.vast_s).unix()
            } else {
                self.vast_tot
            },
            ..self.clone()
        }
    }

    fn opgeslagen(&self, stored: &Stored<Self>, naam: &str) -> Change<Clear> {
        let until = Moment::from_unix(self.tot).plus_s(BEWAARD_S);
        self.put(Self::key(naam), Expect::Version(stored.version), until)
    }
}

fn refused(afwijzing: Afwijzing, changes: Vec<Change<Clear>>) -> Verdict<Result<(), Afwijzing>> {
    let what = match afwijzing {
        Afwijzing::Onjuist => "a proof did not fit",
        Afwijzing::Vast => "the means is locked",
        Afwijzing::Verlopen => "the means is over",
        Afwijzing::NietActief => "the means is suspended or revoked",
        Afwijzing::NiveauTeLaag => "the means does not reach the level",
    };
    Verdict {
        reply: Err(afwijzing),
        changes,
        events: vec![Event::refused("etoegang.md §2.1", what, Actor::Unknown)],
    }
}

#[derive(Serialize, Deserialize)]
struct Open {
    niveau: Betrouwbaarheidsniveau,
    tot: i64,
    stand: Stand,
    pogingen: u8,
    vast_tot: i64,
    code_gebruikt: i64,
}

#[derive(Serialize, Deserialize)]
struct Private {
    houder: InternPseudoniem,
    #[serde(default)]
    attributen: Attributen,
    bewijs: Bewijs,
}

impl Record for Middel {
    const SPACE: Space = Space("etoegang.middel");

    fn to_body(&self) -> Clear {
        let open = Open {
            niveau: self.niveau,
            tot: self.tot,
            stand: self.stand,
            pogingen: self.pogingen,
            vast_tot: self.vast_tot,
            code_gebruikt: self.code_gebruikt,
        };
        let private = Private {
            houder: self.houder.clone(),
            attributen: self.attributen.clone(),
            bewijs: self.bewijs.clone(),
        };
        versioned::body_with_private(&open, &private, Vec::new())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: Open = versioned::open(Self::SPACE, body)?;
        let private: Private = versioned::private(Self::SPACE, body)?;
        Ok(Self {
            houder: private.houder,
            attributen: private.attributen,
            bewijs: private.bewijs,
            niveau: open.niveau,
            tot: open.tot,
            stand: open.stand,
            pogingen: open.pogingen,
            vast_tot: open.vast_tot,
            code_gebruikt: open.code_gebruikt,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribuut::{COMPANY_NAME, VAN_PERSONEN};
    use crate::testing::{NOW, attributen, middel};
    use verdict::Then;

    fn bram() -> Attributen {
        attributen(&[(VAN_PERSONEN[0], "Bram")])
    }

    const LOA3: Betrouwbaarheidsniveau = Betrouwbaarheidsniveau::Loa3;

    fn stored(value: Middel) -> Stored<Middel> {
        Stored {
            version: 3,
            until: Moment::from_unix(NOW + 60),
            value,
        }
    }

    /// What the attempt brings, and what the row is then.
    fn attempt(middel: Middel, klopt: bool, now: i64) -> (Result<(), Afwijzing>, Middel) {
        let proef = if klopt {
            let stap = Some(now / 30);
            Proef::Juist { stap }
        } else {
            Proef::Onjuist
        };
        let settings = Instellingen::default();
        let now = Moment::from_unix(now);
        let stored = stored(middel);
        let mut verdict = Middel::poging(&stored, "u", proef, LOA3, &settings, now);
        let kept = verdict.changes.pop().map(|change| {
            assert_eq!(
                (change.key, change.expect),
                (Middel::key("u"), Expect::Version(3))
            );
            match change.then {
                Then::Put { body, .. } => Middel::from_body(&body).expect("a row"),
                other => panic!("expected a row, got {other:?}"),
            }
        });
        assert_eq!(verdict.events.len(), 1);
        (verdict.reply, kept.unwrap_or(stored.value))
    }

    #[test]
    fn five_wrong_proofs_lock_a_means_for_a_quarter_of_an_hour() {
        let mut kept = middel();
        for count in 1..5 {
            let (reply, row) = attempt(kept, false, NOW);
            assert_eq!((reply, row.pogingen), (Err(Afwijzing::Onjuist), count));
            kept = row;
        }
        let (reply, locked) = attempt(kept, false, NOW);
        assert_eq!(
            (reply, locked.vast_tot),
            (Err(Afwijzing::Onjuist), NOW + 900)
        );
        // etoegang.md §2.1
        for klopt in [true, false] {
            let (reply, row) = attempt(locked.clone(), klopt, NOW + 899);
            assert_eq!((reply, row), (Err(Afwijzing::Vast), locked.clone()));
        }
        let (reply, free) = attempt(locked, true, NOW + 900);
        assert_eq!((reply, free.pogingen), (Ok(()), 0));
    }

    #[test]
    fn a_good_proof_forgets_the_wrong_ones() {
        let mut tried = middel();
        tried.pogingen = 4;
        let (reply, row) = attempt(tried, true, NOW);
        let used = Middel {
            code_gebruikt: NOW / 30,
            ..middel()
        };
        assert_eq!((reply, row), (Ok(()), used));
    }

    #[test]
    fn a_means_that_is_over_revoked_or_too_low_lets_nobody_in() {
        let refused = |change: fn(&mut Middel)| {
            let mut changed = middel();
            change(&mut changed);
            attempt(changed, true, NOW).0
        };
        // etoegang.md §3
        assert_eq!(refused(|m| m.tot = NOW), Err(Afwijzing::Verlopen));
        assert_eq!(
            refused(|m| m.stand = Stand::Geschorst),
            Err(Afwijzing::NietActief)
        );
        let low = refused(|m| m.niveau = Betrouwbaarheidsniveau::Loa2Plus);
        assert_eq!(low, Err(Afwijzing::NiveauTeLaag));
    }

    #[test]
    fn a_means_is_registered_under_a_free_name_and_reaches_no_more_than_its_proof_allows() {
        let now = Moment::from_unix(NOW);
        let change = middel().registreren("u", now).expect("registered");
        assert_eq!(
            (change.key, change.expect),
            (Middel::key("u"), Expect::Absent)
        );
        let refused = |change: fn(&mut Middel)| {
            let mut changed = middel();
            change(&mut changed);
            changed.registreren("u", now).map(|_| ())
        };
        assert_eq!(refused(|m| m.tot = NOW), Err(Weigering::Voorbij));
        // etoegang.md §5.3: a password alone is one factor
        let entropy = || verdict::Entropy::new([7; 32]);
        let low = |niveau| {
            let bewijs = Bewijs::nieuw("w", None, &entropy());
            let middel = Middel::nieuw(middel().houder, bewijs, niveau, NOW + 60);
            middel.registreren("u", now).map(|_| ())
        };
        assert_eq!(low(LOA3), Err(Weigering::NiveauTeHoog));
        assert_eq!(low(Betrouwbaarheidsniveau::Loa2), Ok(()));
        // etoegang.md §3: nobody but an MR declares what an organisation is
        let of_organisation = refused(|m| m.attributen = attributen(&[(COMPANY_NAME, "x")]));
        assert_eq!(of_organisation, Err(Weigering::Attributen));
        assert_eq!(refused(|m| m.attributen = bram()), Ok(()));
    }

    #[test]
    fn a_revoked_means_never_comes_back_and_a_row_tells_no_person() {
        let mut revoked = middel();
        revoked.stand = Stand::Ingetrokken;
        assert!(Middel::wordt(&stored(revoked), "u", Stand::Actief).is_none());
        let known = middel().met(bram());
        let change = Middel::wordt(&stored(known), "u", Stand::Ingetrokken);
        let Then::Put { body, .. } = change.expect("a change").then else {
            panic!("a row");
        };
        assert!(!body.open.to_string().contains(&middel().houder.0));
        assert!(!body.open.to_string().contains("Bram"));
        let row = Middel::from_body(&body).expect("a row");
        assert_eq!((row.stand, row.attributen), (Stand::Ingetrokken, bram()));
    }
}
