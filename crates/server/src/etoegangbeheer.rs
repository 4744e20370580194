//! Who may administer an HM, an AD or an MR of eToegang: its keys of administration, made and withdrawn on any home.
//! A running node looks each key up when it is shown.

use etoegang::beheersleutel::{Beheersleutel, SLEUTEL, SLEUTEL_S_MAX};
use store::Store;
use verdict::{Actor, Change, Event, Expect, Key, Moment};

use crate::app::App;
use crate::plain::{all, commit, load};
use crate::seal::Handles;

pub use crate::domeinbeheer::{sleutel_genaamd, sleutel_naam};
pub use crate::plain::NietGedaan;

/// Keys of one role, at most: each is a person or a program.
const SLEUTELS_MAX: usize = 1_000;
/// The one key of a party of the demo.
const VAN_DE_DEMO: [u8; 16] = *b"etoegang.beheer\0";

/// Every key that works, by the name of its holder.
///
/// # Errors
/// [`NietGedaan`], here and below.
pub async fn sleutels<S: Store>(
    home: &S,
    now: Moment,
) -> Result<Vec<([u8; 16], Beheersleutel)>, NietGedaan> {
    let what = ("keys of administration", SLEUTELS_MAX);
    let found = all::<Beheersleutel, S>(home, Beheersleutel::ALL, what, now).await?;
    let of = |(key, _, sleutel): (Key, u64, Beheersleutel)| {
        Some((<[u8; 16]>::try_from(key.bytes()).ok()?, sleutel))
    };
    let mut sleutels: Vec<_> = found.into_iter().filter_map(of).collect();
    sleutels.sort_by(|(_, a), (_, b)| a.naam.cmp(&b.naam));
    Ok(sleutels)
}

/// Keeps a new key; false when there is one of this id.
pub async fn erbij<S: Store>(
    home: &S,
    id: [u8; 16],
    sleutel: &Beheersleutel,
    wie: &str,
    now: Moment,
) -> Result<bool, NietGedaan> {
    let event = event("a key of administration was made", wie, &sleutel.naam);
    let changes = vec![sleutel.toevoegen(id, Expect::Absent)];
    commit(home, changes, vec![event], now).await
}

/// Withdraws a key: what its holder asks from now on is refused. Tells whose it was; nothing when there is
/// no such key.
pub async fn eraf<S: Store>(
    home: &S,
    id: [u8; 16],
    wie: &str,
    now: Moment,
) -> Result<Option<Beheersleutel>, NietGedaan> {
    let key = Beheersleutel::key(id);
    let Some((version, sleutel)) = load::<Beheersleutel, S>(home, &key, now).await? else {
        return Ok(None);
    };
    let event = event("a key of administration was withdrawn", wie, &sleutel.naam);
    let changes = vec![Change::remove(key, version)];
    // Nobody writes such a row again: who else is first withdrew it.
    commit(home, changes, vec![event], now).await?;
    Ok(Some(sleutel))
}

/// The secret of a key, which nobody keeps.
pub fn geheim(handles: &Handles, id: [u8; 16]) -> String {
    handles.make(SLEUTEL, Beheersleutel::handle(id))
}

/// Sees to it that the one key of a party of the demo works from now on.
pub async fn voor_de_demo(app: &App) -> Result<(), NietGedaan> {
    let now = app.clock.now();
    let sleutel = Beheersleutel::nieuw("demo", SLEUTEL_S_MAX, now);
    let sleutel = sleutel.map_err(|bad| NietGedaan::Rij(bad.to_string()))?;
    let key = Beheersleutel::key(VAN_DE_DEMO);
    let found = load::<Beheersleutel, _>(&app.home, &key, now).await?;
    let expect = found.map_or(Expect::Absent, |(version, _)| Expect::Version(version));
    let changes = vec![sleutel.toevoegen(VAN_DE_DEMO, expect)];
    commit(&app.home, changes, Vec::new(), now).await?;
    Ok(())
}

/// The secret of that key.
pub fn geheim_van_de_demo(app: &App) -> String {
    geheim(&app.handles, VAN_DE_DEMO)
}

fn event(what: &'static str, wie: &str, whose: &str) -> Event {
    let who = Actor::Party(format!("{wie} (key of {whose})"));
    Event::granted("etoegang.md §3", what, who)
}
