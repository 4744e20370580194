//! What the PGO keeps of a person who collects at DVAs: that he was here, each connection, and what it brought.

use std::fmt;

use identity::GegevensdienstId;
use medmij::dvp::ophalen::{INACTIEF_S, MINUTEN};
use medmij::dvp::verbinding::Verbinding;
use medmij::dvp::wens::{Voor, Wens};
use medmij::vertegenwoordiging::Vertegenwoordiging;
use protocol::wire::with_query;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{Page, Store as _};
use tokio::sync::MutexGuard;
use verdict::{
    BadRow, Body, Change, Clear, Expect, IndexKey, Key, Moment, Record, Secrets, Space, Stored,
};

use super::super::PgoRole;
use super::super::dossier::{Aanbieder, fit};
use crate::pages::PgoVoor;
use crate::settle::Outage;

/// Seconds for which all of it is kept after its last change: half a year, after which the account is
/// inactive and no refresh token works any more (core.account.101, core.autorisatie.100).
pub(super) const BEWAARD_S: u32 = INACTIEF_S;
/// Connections of one person, at most.
pub(super) const VERBINDINGEN_MAX: u16 = 16;
/// The index of a person's connections.
const VAN_ACCOUNT: &str = "account";
/// The index of those that are collected by itself, by the minute of the night in which it is their turn.
pub(super) const VANZELF: &str = "vanzelf";

/// A person of whom nothing is known but what he collects: a random number in his browser's cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(in super::super) struct AccountId(pub(super) [u8; 16]);

/// A connection. It prints as the text by which pages name it, which says nothing about the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct VerbindingId([u8; 32]);

/// That the person was here.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in super::super) struct Account {
    /// When last, in seconds since 1970, to a day.
    pub(super) gebruikt: i64,
}

/// A connection, and what of it the person wants.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in super::super) struct Rij {
    /// Whose.
    pub(super) account: AccountId,
    pub(super) verbinding: Verbinding,
    /// Which gegevensdiensten.
    pub(super) diensten: Vec<GegevensdienstId>,
    /// Since when, in seconds since 1970.
    pub(super) sinds: i64,
}

/// What a connection brought last: with the Aanbieder, and each part with its gegevensdienst
/// (core.dossier.102).
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Gegevens {
    pub(super) aanbieder: Aanbieder,
}

impl AccountId {
    pub(super) const fn key(self) -> Key {
        Key::Grant(Account::SPACE, self.0)
    }

    /// The minute of the night in which it is its turn: accounts are spread by their hashes
    /// (core.gegevensuitwisseling.201).
    fn minuut(self) -> u16 {
        let hash = jose::sha256(&self.0);
        u16::from_be_bytes([hash[0], hash[1]]) % MINUTEN
    }

    /// As it stands in an index, where it may be read: nobody finds the account by it.
    fn index(self) -> IndexKey {
        IndexKey::Text(jose::b64::encode(jose::sha256(&self.0)))
    }
}

impl VerbindingId {
    /// The one of this person, wish and authorization server (see `Verbinding::is_for`).
    pub(super) fn of(account: AccountId, wens: &Wens, authorization_endpoint: &str) -> Self {
        let geboren = match wens.voor {
            Voor::Mijzelf => String::new(),
            Voor::Ander { geboortedatum, .. } => String::from(geboortedatum),
        };
        let text = format!("{}\n{geboren}\n{authorization_endpoint}", wens.scope());
        Self(jose::sha256(&[&account.0, text.as_bytes()].concat()))
    }

    pub(super) fn key(self) -> Key {
        Key::Record(Rij::SPACE, self.0.to_vec())
    }

    pub(super) fn gegevens_key(self) -> Key {
        Key::Record(Gegevens::SPACE, self.0.to_vec())
    }

    /// Which of so many locks is its.
    pub(super) fn lock(self, locks: usize) -> usize {
        usize::from(self.0[0]) % locks
    }
}

impl fmt::Display for VerbindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&jose::b64::encode(self.0))
    }
}

impl Account {
    pub(super) fn at(now: Moment) -> Self {
        Self {
            gebruikt: now.unix(),
        }
    }

    /// When the person was last here.
    pub(super) const fn moment(self) -> Moment {
        Moment::from_unix(self.gebruikt)
    }

    pub(super) fn put_at(self, id: AccountId, expect: Expect) -> Change<Clear> {
        let until = self.moment().plus_s(BEWAARD_S);
        self.put(id.key(), expect, until)
    }
}

impl Rij {
    pub(super) fn put_at(&self, id: VerbindingId, expect: Expect, now: Moment) -> Change<Clear> {
        self.put(id.key(), expect, now.plus_s(BEWAARD_S))
    }

    /// Whether it brings data of the person himself.
    pub(super) fn is_eigen(&self) -> bool {
        self.verbinding.wens.is_verzamelen() && self.verbinding.wens.voor == Voor::Mijzelf
    }

    /// Where what it brought is shown, or what it took.
    pub(super) fn data(&self, id: VerbindingId) -> String {
        let of_it = |page| with_query(page, &[("verbinding", &id.to_string())]);
        match (self.is_eigen(), self.verbinding.wens.is_verzamelen()) {
            (true, _) => "/resultaat".to_owned(),
            (false, true) => of_it("/resultaat"),
            (false, false) => of_it("/delen/bon"),
        }
    }

    /// For whom, as pages say it.
    pub(super) fn voor(&self) -> PgoVoor {
        voor(self.verbinding.wens.voor)
    }
}

/// For whom, as pages say it.
fn voor(voor: Voor) -> PgoVoor {
    match voor {
        Voor::Mijzelf => PgoVoor::Mijzelf,
        Voor::Ander {
            soort,
            geboortedatum,
        } => {
            let day = String::from(geboortedatum);
            let day = format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]);
            match soort {
                Vertegenwoordiging::Ouderlijk => PgoVoor::Kind(day),
                Vertegenwoordiging::Machtiging => PgoVoor::Machtiging(day),
            }
        }
    }
}

impl Gegevens {
    /// What fits into a row.
    pub(super) fn of(aanbieder: Aanbieder) -> Option<Self> {
        let mut all = vec![aanbieder];
        fit(&mut all);
        all.pop().map(|aanbieder| Self { aanbieder })
    }

    pub(super) fn put_at(&self, id: VerbindingId, expect: Expect, now: Moment) -> Change<Clear> {
        self.put(id.gegevens_key(), expect, now.plus_s(BEWAARD_S))
    }
}

impl PgoRole {
    /// Until nobody else of this node works with the connection; the others of its lock wait too.
    pub(super) async fn alone(&self, id: VerbindingId) -> MutexGuard<'_, ()> {
        self.collecting[id.lock(self.collecting.len())].lock().await
    }

    /// A connection as it stands now.
    pub(super) async fn rij(&self, id: VerbindingId) -> Result<Option<Stored<Rij>>, Outage> {
        self.app.load(id.key(), self.app.clock.now()).await
    }

    /// The connections of an account, in the order of their ids.
    pub(super) async fn rijen(
        &self,
        account: AccountId,
    ) -> Result<Vec<(VerbindingId, Stored<Rij>)>, Outage> {
        let (index, page) = (account.index(), Page::first(VERBINDINGEN_MAX));
        let home = &self.app.home;
        let found = home.find(Rij::SPACE, VAN_ACCOUNT, &index, page, self.app.clock.now());
        let mut rijen = Vec::new();
        for (key, row) in found.await?.rows {
            if let Ok(id) = <[u8; 32]>::try_from(key.bytes()) {
                rijen.push((VerbindingId(id), self.app.opened(&key, row)?));
            }
        }
        Ok(rijen)
    }
}

// ── Rows: all of it is health data or a secret ──────────────────────────────────────────────────

impl Record for Account {
    const SPACE: Space = Space("pgo.account");

    fn to_body(&self) -> Clear {
        sealed(self)
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        opened(body, Self::SPACE)
    }
}

impl Record for Rij {
    const SPACE: Space = Space("pgo.verbinding");

    fn to_body(&self) -> Clear {
        let mut index = vec![(VAN_ACCOUNT, self.account.index())];
        if self.verbinding.is_besteld() {
            let minuut = self.account.minuut().to_string();
            index.push((VANZELF, IndexKey::Text(minuut)));
        }
        Clear {
            index,
            ..sealed(self)
        }
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        opened(body, Self::SPACE)
    }
}

impl Record for Gegevens {
    const SPACE: Space = Space("pgo.gegevens");

    fn to_body(&self) -> Clear {
        sealed(self)
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        opened(body, Self::SPACE)
    }
}

fn sealed(value: &impl Serialize) -> Clear {
    Body {
        private: Secrets::new(serde_json::to_vec(value).unwrap_or_default()),
        ..Clear::default()
    }
}

fn opened<T: DeserializeOwned>(body: &Clear, space: Space) -> Result<T, BadRow> {
    serde_json::from_slice(body.private.reveal()).map_err(|_| BadRow {
        space: space.0,
        member: "private part",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_gegevensuitwisseling_201_accounts_are_spread_over_the_night() {
        // core.gegevensuitwisseling.201
        let number = 8 * u32::from(MINUTEN);
        let mut hours = [0u32; 7];
        for account in 0..number {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&account.to_be_bytes());
            let minuut = AccountId(id).minuut();
            assert!(minuut < MINUTEN);
            hours[usize::from(minuut / 60)] += 1;
        }
        // 6.5 hours of 480 each: none has half as many again.
        assert!(hours.iter().all(|hour| *hour < 720), "{hours:?}");
        assert!(hours[..6].iter().all(|hour| *hour > 320), "{hours:?}");
    }
}
