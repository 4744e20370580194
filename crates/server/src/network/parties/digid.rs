//! DigiD in the demo: the simulator, and those who let people log in there.

use std::path::Path;
use std::sync::Arc;

use identity::{Bsn, Loa};
use saml::metadata::IdpMetadata;
use verdict::Moment;

use super::super::addresses::DvaNames;
use super::super::{Foundation, Hosts, Party, hostname};
use crate::app::App;
use crate::certificates::{private_directory, saml_signing};
use crate::digid::{EntranceConfig, MetadataSource, ServiceProvider, ServiceProviderConfig};
use crate::input::{DvaId, Shows};
use crate::routes::digid::{
    Dienst, DigidGiven, DigidRole, Grond, Person, SpSource, Vertegenwoordigde,
};
use crate::web;

/// Mitz as DigiD knows it: a service provider with the key of this state, at these hosts.
pub(in crate::network) fn service_provider(
    state: &Path,
    hosts: &Hosts,
    now: Moment,
    min_level: Loa,
    digid: Option<&str>,
) -> Result<ServiceProvider, String> {
    let back = hosts.url("mitz-back");
    let login = Login {
        party: Party::Mitz,
        front: "mitz",
        back: Some(&back),
        min_level,
    };
    Ok(login.at(state, hosts, now, digid)?.named("Mitz"))
}

/// Who lets people log in at DigiD.
pub(super) struct Login<'a> {
    pub(super) party: Party,
    pub(super) front: &'static str,
    /// Where DigiD tells of a logout, if a login leaves a session.
    pub(super) back: Option<&'a str>,
    pub(super) min_level: Loa,
}

impl Login<'_> {
    pub(super) fn at(
        &self,
        state: &Path,
        hosts: &Hosts,
        now: Moment,
        digid: Option<&str>,
    ) -> Result<ServiceProvider, String> {
        let directory = state.join(self.party.name());
        let signing = saml_signing(&directory, &hostname(self.front)?, now);
        let front = hosts.url(self.front);
        let config = ServiceProviderConfig {
            entity_id: format!("{front}/saml/metadata"),
            acs_url: format!("{front}/saml/acs"),
            slo_url: self.back.map(|_| format!("{front}/saml/slo")),
            slo_soap_url: self.back.map(|back| format!("{back}/saml/slo")),
            min_level: self.min_level,
            metadata: match digid {
                Some(document) => MetadataSource::Document(document.into()),
                None => MetadataSource::Url(hosts.idp_metadata_url()),
            },
        };
        let provider = ServiceProvider::new(config, &signing.map_err(|fault| fault.to_string())?);
        provider.map_err(|fault| fault.to_string())
    }
}

impl Login<'_> {
    /// The same at the entrance of the simulator's DigiD 4.x, with a name and an encryption key of its own.
    pub(super) fn at_entrance(
        &self,
        state: &Path,
        hosts: &Hosts,
        now: Moment,
        config: EntranceConfig,
    ) -> Result<ServiceProvider, String> {
        let directory = state.join(self.party.name());
        let host = hostname(self.front)?;
        let (front, encryption) = (hosts.url(self.front), directory.join("encryption"));
        private_directory(&encryption).map_err(|fault| fault.to_string())?;
        let encryption =
            saml_signing(&encryption, &host, now).map_err(|fault| fault.to_string())?;
        let signing = saml_signing(&directory, &host, now).map_err(|fault| fault.to_string())?;
        let provider = ServiceProviderConfig {
            entity_id: format!("{front}/saml/v4/metadata"),
            acs_url: format!("{front}/saml/acs"),
            slo_url: None,
            slo_soap_url: None,
            min_level: self.min_level,
            metadata: MetadataSource::Url(hosts.entrance_metadata_url()),
        };
        let provider = ServiceProvider::new(provider, &signing);
        let provider = provider.and_then(|provider| provider.at_entrance(config, &encryption));
        provider.map_err(|fault| fault.to_string())
    }
}

/// Where a login leads the browser: the DigiD of `digid-metadata.xml`, of `parties.json`, or the
/// simulator.
pub(super) fn digid_origin(on: &Foundation) -> String {
    let document = on.input.digid_metadata.as_deref();
    let other = document.and_then(|text| IdpMetadata::parse(text.as_bytes()).ok());
    let login = other.and_then(|idp| idp.sso_redirect.or(idp.sso_post));
    web::origin(&login.unwrap_or_else(|| on.hosts.url("digid")))
}

/// Whom a person may log in for, as the simulator's page shows them.
fn represented(on: &Foundation, person: &crate::input::Person) -> Vec<Vertegenwoordigde> {
    let of = |(bsn, grond): &(Bsn, Grond)| {
        let mut people = on.input.people.iter();
        let found = people.find(|other| other.bsn == *bsn)?;
        Some(Vertegenwoordigde {
            bsn: bsn.clone(),
            naam: found.name.clone(),
            grond: *grond,
        })
    };
    person.represents.iter().filter_map(of).collect()
}

pub(super) fn digid(on: &Foundation, app: &Arc<App>) -> Result<Arc<DigidRole>, String> {
    let directory = on.state.join(Party::Digid.name());
    let signing = saml_signing(&directory, &hostname("digid")?, on.clock.wall());
    let people = on.input.people.iter().map(|person| {
        let shows = |of: fn(&Shows) -> &String| {
            person
                .shows
                .as_ref()
                .map_or_else(String::new, |shows| of(shows).clone())
        };
        Person {
            bsn: person.bsn.clone(),
            naam: person.name.clone(),
            omschrijving_nl: shows(|shows| &shows.nl),
            omschrijving_en: shows(|shows| &shows.en),
            vertegenwoordigt: represented(on, person),
        }
    });
    let given = DigidGiven {
        front_url: on.hosts.url("digid"),
        back_url: on.hosts.url("digid-back"),
        sps: service_providers(on),
        diensten: DvaId::ALL.map(dienst).to_vec(),
        people: people.collect(),
        next_origins: vec![on.hosts.url("toestemmingen")],
        has_substantieel: true,
        signing: signing.map_err(|fault| fault.to_string())?,
    };
    DigidRole::open(Arc::clone(app), given).map_err(|fault| fault.to_string())
}

/// Mitz, and the DVAs of this program.
fn service_providers(on: &Foundation) -> Vec<SpSource> {
    let own = DvaId::ALL.into_iter();
    let own = own.filter(|id| on.hosts.outside(Party::of_dva(*id)).is_none());
    let of_dva = |id| {
        let front = on.hosts.url(DvaNames::of(id).front);
        ["/saml/metadata", "/saml/v4/metadata"].map(|path| format!("{front}{path}"))
    };
    let mitz = std::iter::once(on.hosts.sp_metadata_url());
    mitz.chain(own.flat_map(of_dva))
        .map(SpSource::Url)
        .collect()
}

/// A DVA in the catalogue of DigiD 4.x.
pub(super) fn dienst(id: DvaId) -> Dienst {
    let (service_uuid, naam) = match id {
        DvaId::Dva => ("6c3c0a5e-5d3f-4d3a-8a41-0d6c8f0b1a01", "De Proef-DVA"),
        DvaId::Dva2 => (
            "6c3c0a5e-5d3f-4d3a-8a41-0d6c8f0b1a02",
            "De Tweede Proef-DVA",
        ),
    };
    Dienst {
        service_uuid: service_uuid.to_owned(),
        naam: naam.to_owned(),
        level: Loa::Substantieel,
    }
}
