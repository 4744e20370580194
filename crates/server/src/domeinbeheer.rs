//! What an operator does with the domains of Koppeltaal, on any home: show and change them, and make
//! and withdraw administration keys. A running node knows of it two seconds later.
//!
//! No row here has a private part ([`crate::plain`]), so no key is needed to read or write one.

use koppeltaal::Domein;
use koppeltaal::domeinbeheer::{
    Beheersleutel, Bewerking, Gewijzigd, Logboekregel, Macht, Nu, Verwacht, Wijzigen,
};
use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Domeinkop, Kept, Regels};
use store::{Page, Store};
use uuid::Uuid;
use verdict::{Actor, Change, Event, Key, Moment, Record as _, Step};

use crate::chance;
use crate::plain::{all, commit, load, read};

pub use crate::plain::NietGedaan;

/// Domains of one service, at most.
const DOMEINEN_MAX: usize = 1_000;
/// Administration keys of one service, at most: each is a person or a program.
const SLEUTELS_MAX: usize = 1_000;
/// How often a change may lose a race before it gives up. Who names the version he changes loses once.
const ATTEMPTS_MAX: u8 = 16;

/// A page of the log of a domain, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bladzijde {
    /// Its lines.
    pub regels: Vec<Logboekregel>,
    /// Where the next page begins, if there may be one.
    pub verder: Option<Key>,
}

// ── Domains ─────────────────────────────────────────────────────────────────────────────────────

/// Every domain with its version, by name.
///
/// # Errors
/// [`NietGedaan`], here and below.
pub async fn domeinen<S: Store>(home: &S, now: Moment) -> Result<Vec<(Domein, u64)>, NietGedaan> {
    let what = ("domains", DOMEINEN_MAX);
    let found = all::<Domeinkop, S>(home, Domeinkop::ALL, what, now).await?;
    let mut domeinen: Vec<_> = found
        .into_iter()
        .map(|(_, version, kop)| (kop.domein, version))
        .collect();
    domeinen.sort();
    Ok(domeinen)
}

/// A domain as it is kept.
pub async fn nu<S: Store>(
    home: &S,
    domein: &Domein,
    regels: Regels,
    now: Moment,
) -> Result<Option<Nu>, NietGedaan> {
    let Some((versie, kept)) = load::<Kept, S>(home, &Kept::key(domein), now).await? else {
        return Ok(None);
    };
    let meant = kept.meant(regels);
    let meant = meant.map_err(|fout| NietGedaan::Rij(format!("the domain {domein}: {fout}")))?;
    Ok(Some(Nu {
        versie,
        domein: meant,
    }))
}

/// Changes a domain, or tells why not.
pub async fn wijzigen<S: Store>(home: &S, wijzigen: &Wijzigen) -> Result<Gewijzigd, NietGedaan> {
    for _ in 0..ATTEMPTS_MAX {
        let nu = nu(home, &wijzigen.domein, wijzigen.regels, wijzigen.now).await?;
        let Step::Done(verdict) = wijzigen.clone().answer(nu.as_ref()) else {
            break;
        };
        if commit(home, verdict.changes, verdict.events, wijzigen.now).await? {
            return Ok(verdict.reply);
        }
    }
    Err(NietGedaan::Store("lost sixteen races in a row".to_owned()))
}

/// Sees to it that a domain is as it is declared, and keeps what else it has ([`Domeinconfiguratie::met`]).
/// With nothing to change, nothing is written.
pub async fn declareren<S: Store>(
    home: &S,
    declared: &Domeinconfiguratie,
    wie: &str,
    regels: Regels,
    now: Moment,
) -> Result<Gewijzigd, NietGedaan> {
    let nu = nu(home, &declared.domein, regels, now).await?;
    let (verwacht, wordt) = match nu.and_then(|nu| Some((nu.versie, nu.domein?))) {
        Some((versie, was)) => (Verwacht::Versie(versie), was.met(declared.clone())),
        None => (Verwacht::Nieuw, declared.clone()),
    };
    let change = Wijzigen {
        domein: declared.domein.clone(),
        bewerking: Bewerking::Geheel(Box::new(wordt)),
        verwacht,
        macht: Macht::Alles,
        wie: wie.to_owned(),
        regels,
        now,
        nonce: chance::entropy().bytes("domeinbeheer.declareren"),
    };
    wijzigen(home, &change).await
}

/// A page of the changes of a domain: the first, or the one that begins after `na`.
pub async fn logboek<S: Store>(
    home: &S,
    domein: &Domein,
    na: Option<Key>,
    rows_max: u16,
    now: Moment,
) -> Result<Bladzijde, NietGedaan> {
    let page = match na {
        None => Page::first(rows_max),
        Some(key) => Page::after(key, rows_max),
    };
    let by = Logboekregel::of_domain(domein);
    let found = home.find(Logboekregel::SPACE, Logboekregel::INDEX, &by, page, now);
    let found = found
        .await
        .map_err(|down| NietGedaan::Store(down.to_string()))?;
    let regels = found.rows.into_iter().map(|(_, row)| read(row));
    let regels = regels.map(|read| Ok(read?.1));
    Ok(Bladzijde {
        regels: regels.collect::<Result<_, NietGedaan>>()?,
        verder: found.next,
    })
}

// ── Administration keys ─────────────────────────────────────────────────────────────────────────

/// Every administration key that works, by the name of its holder.
pub async fn sleutels<S: Store>(
    home: &S,
    now: Moment,
) -> Result<Vec<([u8; 16], Beheersleutel)>, NietGedaan> {
    let what = ("administration keys", SLEUTELS_MAX);
    let found = all::<Beheersleutel, S>(home, Beheersleutel::ALL, what, now).await?;
    let of = |(key, _, sleutel): (Key, u64, Beheersleutel)| {
        Some((<[u8; 16]>::try_from(key.bytes()).ok()?, sleutel))
    };
    let mut sleutels: Vec<_> = found.into_iter().filter_map(of).collect();
    sleutels.sort_by(|(_, a), (_, b)| a.naam.cmp(&b.naam));
    Ok(sleutels)
}

/// Keeps a new administration key.
pub async fn sleutel_erbij<S: Store>(
    home: &S,
    id: [u8; 16],
    sleutel: &Beheersleutel,
    wie: &str,
    now: Moment,
) -> Result<bool, NietGedaan> {
    let event = event("an administration key was made", wie, &sleutel.naam);
    commit(home, vec![sleutel.toevoegen(id)], vec![event], now).await
}

/// Withdraws an administration key: what its holder asks from now on is refused, and his visits to the
/// pages end. Tells whose it was; nothing when there is no such key.
pub async fn sleutel_eraf<S: Store>(
    home: &S,
    id: [u8; 16],
    wie: &str,
    now: Moment,
) -> Result<Option<Beheersleutel>, NietGedaan> {
    let key = Beheersleutel::key(id);
    let Some((version, sleutel)) = load::<Beheersleutel, S>(home, &key, now).await? else {
        return Ok(None);
    };
    let event = event("an administration key was withdrawn", wie, &sleutel.naam);
    let changes = vec![Change::remove(key, version)];
    // Nobody writes such a row again: who else is first withdrew it.
    commit(home, changes, vec![event], now).await?;
    Ok(Some(sleutel))
}

fn event(what: &'static str, wie: &str, whose: &str) -> Event {
    let who = Actor::Party(format!("{wie} (key of {whose})"));
    Event::granted("koppeltaal.md §1.1", what, who)
}

/// The id of a key as operators see it.
pub fn sleutel_naam(id: [u8; 16]) -> String {
    Uuid::from_bytes(id).hyphenated().to_string()
}

/// The same back.
pub fn sleutel_genaamd(text: &str) -> Option<[u8; 16]> {
    Uuid::try_parse(text).ok().map(Uuid::into_bytes)
}
