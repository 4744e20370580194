//! What tests of several modules need.

use identity::{Bsn, Ura};
use verdict::PersonTag;

use crate::authorization_interface::verzoek::Verzoek;
use crate::scope::Scope;
use crate::toestemming::{Geheim, Toestemming};

pub(crate) const CLIENT: &str = "medmij.deenigeechtepgo.nl";
pub(crate) const CB: &str = "https://medmij.deenigeechtepgo.nl/cb";
pub(crate) const PERSOON: PersonTag = PersonTag {
    key_id: 1,
    tag: [7; 32],
};

pub(crate) fn bsn() -> Bsn {
    Bsn::parse("900029365").expect("passes the 11-check")
}

pub(crate) fn ura() -> Ura {
    Ura::parse("00000659").expect("a URA")
}

pub(crate) fn verzoek(scope: &str) -> Verzoek {
    Verzoek {
        client_id: CLIENT.into(),
        redirect_uri: CB.into(),
        state: "S1".into(),
        scope: Scope::parse(scope).expect("a scope"),
        geboortedatum: None,
        request_id: "57510be1-73e6-4a75-9db8-ee005cced48f".into(),
        correlation_id: "c0e7b545-9606-4eef-bea7-75d8addaa54b".into(),
    }
}

/// A long-lived consent whose code was not presented yet.
pub(crate) fn toestemming() -> Toestemming {
    Toestemming {
        client_id: CLIENT.into(),
        ura: ura(),
        scope: Scope::parse("eenofanderezorgaanbieder").expect("a scope"),
        geboortedatum: None,
        bsn: bsn(),
        persoon: PERSOON,
        gever: None,
        correlation_id: "c0e7b545-9606-4eef-bea7-75d8addaa54b".into(),
        langdurig: true,
        gegeven: 1_795_305_600,
        gebruikt: None,
        diensten: Vec::new(),
        geheim: Geheim::Code(CB.into()),
    }
}
