//! The Dienstverlener aanbieder: its Authorization server (steps 23–28) and its Resource server
//! (steps 29 and 30).

pub mod beschikbaarheidstoets;
pub mod resource;
pub mod token;

use std::collections::BTreeMap;

use fhir::Gegevensdienst;
use identity::{GegevensdienstId, Ura, Zorgaanbiedernaam};

/// What a DVA knows before anybody asks: configuration, parsed.
#[derive(Clone, Debug)]
pub struct DvaServer {
    /// Its issuer identifier.
    pub issuer: String,
    /// The issuer whose ID tokens it takes.
    pub mitz: String,
    /// The providers for which it answers, by the name that is the `audience` of a token request.
    pub aanbieders: BTreeMap<Zorgaanbiedernaam, Aanbieder>,
    /// The age from which a person can collect, in years: 16 (MedMij Functies en gegevens).
    pub leeftijd_min: u8,
    /// Whether RFC 7523 is taken beside RFC 8693 (mitz.md §2.6; off).
    pub jwt_bearer: bool,
    /// Whether a token that names several providers is taken (design §5; off).
    pub full_location_token: bool,
}

/// A provider of a DVA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aanbieder {
    /// Its name for people.
    pub weergavenaam: String,
    /// Its URA.
    pub ura: Ura,
    /// What can be collected there, by number.
    pub gegevensdiensten: BTreeMap<GegevensdienstId, Gegevensdienst>,
}

impl DvaServer {
    /// The name of the provider of this URA.
    pub fn naam(&self, ura: &Ura) -> Option<&Zorgaanbiedernaam> {
        let mut aanbieders = self.aanbieders.iter();
        aanbieders.find_map(|(naam, a)| (a.ura == *ura).then_some(naam))
    }

    /// The provider of this URA.
    pub fn aanbieder(&self, ura: &Ura) -> Option<&Aanbieder> {
        self.aanbieders.values().find(|a| a.ura == *ura)
    }
}
