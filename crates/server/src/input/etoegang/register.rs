//! What a node in production is told of eToegang: the same file as the demo's, without people, mandates and the
//! demo's own parties. Those whom a role knows stand in its configuration, means and mandates in its store.

use std::collections::BTreeMap;

use etoegang::dienstencatalogus::{Dienst, Dienstencatalogus, OngeldigeCatalogus};
use etoegang::kenmerk::Kenmerk;
use etoegang::machtiging::keuze::Organisaties;
use identity::{EntityId, Oin, ServiceId};

use super::super::InputFault;
use super::super::files::File;
use super::super::place::Place;
use super::{Dienstnaam, EtoegangApp, Reading, VERSIE, written};
use crate::routes::etoegang::pad;

/// The port of `{port}` in redirect URIs.
const HTTPS: u16 = 443;

/// Services, apps, and what organisations are called.
#[derive(Clone, Debug)]
pub struct EtoegangRegister {
    /// The path of every party's endpoints, which names the version of the scheme.
    pub pad: String,
    /// The DVs, each once.
    pub dienstverleners: Vec<EntityId>,
    diensten: Vec<Dienst>,
    /// What people call the services, and whose they are.
    pub namen: BTreeMap<ServiceId, Dienstnaam>,
    /// The apps; no two have the same `client_id`.
    pub apps: Vec<EtoegangApp>,
    /// What organisations are called.
    pub organisaties: BTreeMap<Kenmerk, String>,
    /// What an MR can declare of them.
    pub bekend: Organisaties,
}

impl Default for EtoegangRegister {
    fn default() -> Self {
        Self {
            pad: pad(VERSIE),
            dienstverleners: Vec::new(),
            diensten: Vec::new(),
            namen: BTreeMap::new(),
            apps: Vec::new(),
            organisaties: BTreeMap::new(),
            bekend: BTreeMap::new(),
        }
    }
}

impl EtoegangRegister {
    /// The services, each offered by these HMs.
    ///
    /// # Errors
    /// [`OngeldigeCatalogus`]; not for a register that was read.
    pub fn catalogus(&self, hms: &[&EntityId]) -> Result<Dienstencatalogus, OngeldigeCatalogus> {
        let oins = hms.iter().filter_map(|hm| Oin::parse(hm.oin()).ok());
        let oins: Vec<Oin> = oins.collect();
        let offered = |dienst: &Dienst| Dienst {
            herkenningsmakelaars: oins.clone(),
            ..dienst.clone()
        };
        Dienstencatalogus::new(self.diensten.iter().map(offered))
    }

    /// How many services there are.
    pub const fn diensten(&self) -> usize {
        self.diensten.len()
    }
}

/// The register of a node.
pub(in super::super) fn register(mut file: File) -> Result<EtoegangRegister, InputFault> {
    file.text = file.text.replace("{port}", &HTTPS.to_string());
    let written: written::Register = file.json()?;
    Reading { file: &file }.register(written)
}

impl Reading<'_> {
    fn register(&self, written: written::Register) -> Result<EtoegangRegister, InputFault> {
        self.version(written.schema_version)?;
        let elsewhere = [
            ("middelen", written.middelen.is_some(), "the AD"),
            ("machtigingen", written.machtigingen.is_some(), "the MR"),
        ];
        if let Some((name, _, whose)) = elsewhere.into_iter().find(|(_, is_there, _)| *is_there) {
            let why = format!(
                "a node takes none from a file: register them at {whose}, by /beheer/{name}"
            );
            return Err(self.file.fault(&Place::root().member(name), why));
        }
        let dvs = self.dienstverleners(written.dienstverleners)?;
        let (diensten, namen) = self.diensten(written.diensten, &dvs, &[])?;
        let (organisaties, bekend) = self.organisaties(written.organisaties)?;
        let versie = Place::root().member("versie");
        Ok(EtoegangRegister {
            pad: self.pad(&versie, written.versie.as_deref())?,
            dienstverleners: dvs.iter().map(|dv| dv.entity.clone()).collect(),
            diensten,
            namen,
            apps: self.apps(written.apps, &dvs)?,
            organisaties,
            bekend,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HM: &str = "urn:etoegang:HM:00000003273226310000:entities:1";
    const REGISTER: &str = r#"{
      "schema_version": 1,
      "dienstverleners": [
        { "entity": "urn:etoegang:DV:00000001234567890000:entities:1", "naam": "Gemeente Voorbeeld" }
      ],
      "diensten": [{
        "service_id": "urn:etoegang:DV:00000001234567890000:services:1",
        "service_uuid": "2c9d1c2e-1d0a-4d6b-8f5e-000000000001",
        "naam": "Parkeervergunning",
        "niveau": "urn:etoegang:core:assurance-class:loa3",
        "classifiers": ["native-app"]
      }],
      "apps": [{
        "client_id": "gemeente-app",
        "dv": "urn:etoegang:DV:00000001234567890000:entities:1",
        "naam": "App van Gemeente Voorbeeld",
        "redirect_uris": ["https://app.example.nl:{port}/terug"]
      }]
    }"#;

    fn read(text: &str) -> Result<EtoegangRegister, String> {
        let file = File {
            shown: "etoegang.json".to_owned(),
            text: text.to_owned(),
        };
        register(file).map_err(|fault| fault.to_string())
    }

    #[test]
    fn services_and_apps_are_read_and_offered_by_the_hms_that_are_asked_for() {
        let register = read(REGISTER).expect("good");
        let hm = EntityId::parse(HM).expect("an EntityID");
        let catalogus = register.catalogus(&[&hm]).expect("each once");
        let uuid = "urn:uuid:2c9d1c2e-1d0a-4d6b-8f5e-000000000001";
        let dienst = catalogus.van_scope(uuid).expect("there");
        let offered: Vec<&str> = dienst
            .herkenningsmakelaars
            .iter()
            .map(Oin::as_str)
            .collect();
        assert_eq!(offered, ["00000003273226310000"]);
        assert_eq!(
            register.namen[&dienst.service_id].dienst,
            "Parkeervergunning"
        );
        let uris = &register.apps[0].redirect_uris;
        assert_eq!(uris, &["https://app.example.nl:443/terug"]);
    }

    #[test]
    fn people_and_mandates_are_refused_with_where_they_belong() {
        for (name, says) in [
            ("middelen", "register them at the AD, by /beheer/middelen"),
            (
                "machtigingen",
                "register them at the MR, by /beheer/machtigingen",
            ),
        ] {
            let text = REGISTER.replacen('{', &format!("{{ \"{name}\": [],"), 1);
            let why = read(&text).expect_err("refused");
            assert!(why.ends_with(says), "{why}");
        }
    }
}
