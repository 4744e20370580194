//! The lists of the MedMij network: who takes part, and where.
//!
//! One file per list, named as MedMij names it. Each is read strictly by its published schema and
//! printed by the same; a list that does not fit its schema is not used at all (core.alst.202,
//! core.ocl.202, core.gnl.202, core.whl.304). Lists are values: fetching them, and telling the
//! moment, is the shell's.
//!
//! | list | says | asked by |
//! |---|---|---|
//! | [`Zal`], Zorgaanbiederslijst | a provider's data services and endpoints | DVP |
//! | [`Zakl`], Zorgaanbiederskoppellijst | which names belong to which URA | DVP |
//! | [`Ocl`], OAuth client list | which DVPs there are | authorization server |
//! | [`Gnl`], Gegevensdienstnamenlijst | what a data service is called | DVP, authorization server |
//! | [`Whitelist`] | which nodes may speak on the back channel | everybody |
//!
//! The schemas are written out in `schemas/`, one file for each release, and tests hold them and
//! the readers against each other. Where a reader is stricter than its schema stands in
//! `docs/frameworks/medmij.md`.
//!
//! Start reading at [`Document`], then [`Held`], [`Verversing`] and [`resolve`].

#![expect(
    clippy::similar_names,
    reason = "ZAL and ZAKL are what MedMij calls its lists"
)]

mod document;
mod fault;
mod gnl;
mod held;
mod ocl;
mod resolution;
mod soort;
mod values;
mod vermelding;
mod verversing;
mod whitelist;
mod xml;
mod zakl;
mod zal;

#[cfg(test)]
mod tests;

pub use document::Document;
pub use fault::{BadList, Why};
pub use gnl::{Gegevensdienstnaam, Gnl};
pub use held::{ALARM_S, Held, NotReplaced, State, USABLE_S, WHITELIST_USABLE_S};
pub use ocl::{OAuthclient, Ocl};
pub use resolution::{Resolution, resolve};
pub use soort::{NotASoort, Soort};
pub use values::{
    Aanbiedertype, BadValue, Endpointuri, FrontchannelPort, InterfaceversieId,
    OAuthclientOrganisatienaam, Systeemrolcode, Tijdstempel, Volgnummer, Weergavenaam,
};
pub use vermelding::{Vermelding, Verschil, Wijziging};
pub use verversing::{FETCH_S_MAX, LOOK_S, Verversing};
pub use whitelist::Whitelist;
pub use xml::{BYTES_MAX, ENTRIES_MAX};
pub use zakl::{Kenmerk, Koppeling, Zakl, ZaklGegevensdienst};
pub use zal::{
    Abonneren, Gegevensdienst, Interfaceversie, Systeemrol, Zal, ZalEntry, ZalRelease, ZalRules,
};

/// Which edition of a list this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uitgave {
    /// When it was published.
    pub tijdstempel: Tijdstempel,
    /// One more at each publication.
    pub volgnummer: Volgnummer,
}

/// What every list can do.
pub trait Lijst: PartialEq {
    /// Seconds since the last success after which the list may no longer be used.
    const USABLE_S: u32;

    /// Which edition this is.
    fn uitgave(&self) -> Uitgave;
}

/// Two entries of a list have the same key. The number is the later one's place, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twice(pub usize);

impl std::fmt::Display for Twice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "entry {} of the list has the key of an earlier one",
            self.0
        )
    }
}

impl std::error::Error for Twice {}
