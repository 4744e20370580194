//! What a node in production is told about others: the same files as the demo's, and no sample for
//! those that are missing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use identity::{GegevensdienstId, Ura, Zorgaanbiedernaam};
use mitz::catalogus::Catalogus;

use super::clients::clients_of;
use super::etoegang::{EtoegangRegister, register};
use super::files::Files;
use super::people::localisation;
use super::providers::{Gegevensdiensten, aanbieders, catalogus, gegevensdiensten, providers};
use super::{BsnTable, Client, DvaId, InputFault, Provider};

/// The port of `{port}` in redirect URIs.
const HTTPS: u16 = 443;

/// Clients, providers and what can be collected. What a file does not say is empty.
#[derive(Default)]
pub struct Registers {
    /// The clients of Mitz and the DVA.
    pub clients: Vec<Client>,
    /// The care providers.
    pub providers: Vec<Provider>,
    /// What a gegevensdienst collects.
    pub gegevensdiensten: Gegevensdiensten,
    /// Which providers know a person.
    pub localisation: Arc<BsnTable<Vec<Ura>>>,
    /// The services and apps of eToegang.
    pub etoegang: EtoegangRegister,
}

impl Registers {
    /// Reads the folder; without one, everything is empty.
    ///
    /// # Errors
    /// [`InputFault`] for the first thing that is wrong anywhere: then nothing is loaded.
    pub fn read(folder: Option<&Path>) -> Result<Self, InputFault> {
        let mut files = match folder {
            Some(folder) => Files::of(folder)?,
            None => Files::sample(),
        };
        let gegevensdiensten = match files.given("gegevensdiensten.json")? {
            Some(file) => gegevensdiensten(&file)?,
            None => BTreeMap::default(),
        };
        let providers = match files.given("providers.json")? {
            Some(file) => providers(&file, &gegevensdiensten)?,
            None => Vec::new(),
        };
        let clients = match files.given("clients.json")? {
            Some(file) => clients_of(&file, &mut files, HTTPS)?,
            None => Vec::new(),
        };
        let localisation = match files.given("localisation.json")? {
            Some(file) => localisation(&file)?,
            None => BsnTable::default(),
        };
        let etoegang = match files.given("etoegang.json")? {
            Some(file) => register(file)?,
            None => EtoegangRegister::default(),
        };
        Ok(Self {
            clients,
            providers,
            gegevensdiensten,
            localisation: Arc::new(localisation),
            etoegang,
        })
    }

    /// The providers that are served here, as a DVA's servers know them.
    pub fn aanbieders(&self) -> BTreeMap<Zorgaanbiedernaam, mitz::dva::Aanbieder> {
        let ours = self.providers.iter();
        let ours = ours.filter(|provider| provider.dva == Some(DvaId::Dva));
        aanbieders(ours, &self.gegevensdiensten)
    }

    /// For which gegevensdiensten clients are recognised, of those for which not all are.
    pub fn erkend(&self) -> BTreeMap<String, BTreeSet<GegevensdienstId>> {
        super::meant::erkend(&self.clients)
    }

    /// The catalogue from which people choose at the register.
    pub fn catalogus(&self) -> Catalogus {
        catalogus(&self.providers)
    }
}
