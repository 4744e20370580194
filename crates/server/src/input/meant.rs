//! What an input means: types that need no second look.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fhir::Gegevensdienst;
use identity::{Bsn, GegevensdienstId, Hostname, Ura, Zorgaanbiedernaam};
use jiff::civil::Date;
use koppeltaal::domeinconfiguratie::Domeinconfiguratie;
use medmij::lists::{
    Aanbiedertype, FrontchannelPort, InterfaceversieId, OAuthclientOrganisatienaam, Soort,
    Volgnummer, ZalRelease, ZalRules,
};
use mitz::catalogus::{Catalogus, Categorie};
use mitz::toestemming::Keuze;
use protocol::assertion::ClientKeys;
use rustls_pki_types::CertificateDer;

use super::etoegang::Etoegang;
use super::files::Files;
use super::koppeltaal::KoppeltaalResource;
use super::providers::{Gegevensdiensten, aanbieders, catalogus};
use super::{BsnTable, InputFault, OutsideParties, Records, Settings, meaning};
use crate::pages::Grond;

/// By which rules the demo's Zorgaanbiederslijst is read. It serves everything on one port that is
/// not 443, which MedMij's front channel forbids.
pub const ZAL_RULES: ZalRules = ZalRules {
    release: ZalRelease::Release3,
    frontchannel_port: FrontchannelPort::Allowed,
};

/// Everything that the network is about.
pub struct Input {
    /// Who can log in, in the order of the file.
    pub people: Vec<Person>,
    /// The care providers, in the order of the file; no two have the same URA or name.
    pub providers: Vec<Provider>,
    /// What a gegevensdienst collects.
    pub gegevensdiensten: BTreeMap<GegevensdienstId, Gegevensdienst>,
    /// Which providers know a person. They need not be among `providers`.
    pub localisation: Arc<BsnTable<Vec<Ura>>>,
    /// What people decided before; once for each person and client.
    pub consents: Vec<Consent>,
    /// The clients of Mitz and the DVAs; no two have the same id.
    pub clients: Vec<Client>,
    /// The providers' FHIR resources.
    pub records: Arc<Records>,
    /// The domain of Koppeltaal.
    pub koppeltaal: Domeinconfiguratie,
    /// What stands in it at the start, in the order of the file; no two have the same name.
    pub koppeltaal_resources: Vec<KoppeltaalResource>,
    /// The network of eToegang.
    pub etoegang: Etoegang,
    /// What stands in the lists beside all that.
    pub lists: ListSettings,
    /// What can be set.
    pub settings: Settings,
    /// The parties that somebody else's server plays.
    pub parties: OutsideParties,
    /// The metadata of a DigiD that takes the simulator's place, good enough to be used.
    pub digid_metadata: Option<String>,
    /// Roots that count beside the demo's own.
    pub trust: Vec<CertificateDer<'static>>,
}

/// A person who can log in.
pub struct Person {
    /// Whom DigiD names.
    pub bsn: Bsn,
    /// What the simulator shows.
    pub name: String,
    /// What the simulator shows.
    pub birth_date: Date,
    /// What this person is an example of.
    pub shows: Option<Shows>,
    /// Whom this person may log in for, each once: people of the same file.
    pub represents: Vec<(Bsn, Grond)>,
}

/// A sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shows {
    /// In Dutch.
    pub nl: String,
    /// In English.
    pub en: String,
}

/// A care provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its organisation.
    pub ura: Ura,
    /// Its name on the network.
    pub naam: Zorgaanbiedernaam,
    /// The name on the gevel.
    pub weergavenaam: String,
    /// Its kind in the Zorgaanbiederslijst.
    pub aanbiedertype: Aanbiedertype,
    /// Its category in Mitz.
    pub categorie: Categorie,
    /// Who serves it; nobody when it does not take part in MedMij.
    pub dva: Option<DvaId>,
    /// What can be collected there; at least one where there is a DVA.
    pub gegevensdiensten: Vec<GegevensdienstId>,
    /// Whether its record system is out of order.
    pub down: bool,
}

/// The DVAs of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DvaId {
    /// `dva.localhost` and its hosts.
    Dva,
    /// `dva2.localhost` and its hosts.
    Dva2,
}

/// A person's choices for a PGO.
pub struct Consent {
    /// Whose.
    pub bsn: Bsn,
    /// For which client; one of [`Input::clients`].
    pub client_id: Hostname,
    /// The choices; at least one.
    pub keuzes: Vec<Keuze>,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id: the host name of its node.
    pub client_id: Hostname,
    /// The organisation behind it.
    pub organisation: OAuthclientOrganisatienaam,
    /// How it proves who it is.
    pub auth: ClientAuth,
    /// Where codes may go, to be compared as strings; at least one.
    pub redirect_uris: Vec<String>,
    /// For which gegevensdiensten MedMij recognises it; nothing means all (core.tknint.201).
    pub gegevensdiensten: Option<BTreeSet<GegevensdienstId>>,
}

/// For which gegevensdiensten clients are recognised, of those for which not all are.
pub(super) fn erkend(clients: &[Client]) -> BTreeMap<String, BTreeSet<GegevensdienstId>> {
    let of = |client: &Client| {
        Some((
            client.client_id.to_string(),
            client.gegevensdiensten.clone()?,
        ))
    };
    clients.iter().filter_map(of).collect()
}

/// How a client proves who it is (RFC 8705 §2, OIDC Core §9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// By a certificate of a trusted root with one of these DNS names; the client's id unless it says otherwise.
    TlsClientAuth(Vec<Hostname>),
    /// By exactly this certificate.
    SelfSigned(CertificateDer<'static>),
    /// By an assertion that one of these keys signed (OIDC Core §9).
    PrivateKeyJwt(ClientKeys),
}

impl ClientAuth {
    /// Its name, as `clients.json` and `demo.json` have it.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::TlsClientAuth(_) => "tls_client_auth",
            Self::SelfSigned(_) => "self_signed_tls_client_auth",
            Self::PrivateKeyJwt(_) => "private_key_jwt",
        }
    }
}

/// What stands in the lists beside people, providers and clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSettings {
    /// The number of the first publication.
    pub volgnummer: Volgnummer,
    /// The release of the interfaces that every provider offers.
    pub interfaceversie: InterfaceversieId,
    /// Nodes that may take part beside those of the demo and the clients.
    pub whitelist: Vec<Hostname>,
    /// Lists that are published as they are.
    pub replaced: ReplacedLists,
    /// The folder in which they stand or may appear; none for the built-in sample.
    pub folder: Option<PathBuf>,
}

/// Lists to publish as they are; each was read by its schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplacedLists {
    /// The Zorgaanbiederslijst, by [`ZAL_RULES`].
    pub zal: Option<String>,
    /// The Zorgaanbiederskoppellijst.
    pub zakl: Option<String>,
    /// The OAuth client list.
    pub ocl: Option<String>,
    /// The Gegevensdienstnamenlijst.
    pub gnl: Option<String>,
    /// The Whitelist.
    pub whitelist: Option<String>,
}

impl ReplacedLists {
    /// Those that there are.
    pub fn each(&self) -> impl Iterator<Item = (Soort, &String)> {
        let lists = [
            (Soort::Zal, &self.zal),
            (Soort::Zakl, &self.zakl),
            (Soort::Ocl, &self.ocl),
            (Soort::Gnl, &self.gnl),
            (Soort::Whitelist, &self.whitelist),
        ];
        let given = lists.into_iter();
        given.filter_map(|(soort, list)| Some((soort, list.as_ref()?)))
    }
}

impl Input {
    /// Reads a folder. `{port}` in a redirect URI becomes `port`.
    ///
    /// # Errors
    /// [`InputFault`] for the first thing that is wrong anywhere: then nothing is loaded.
    pub fn read(folder: &Path, port: u16) -> Result<Self, InputFault> {
        meaning::of(&mut Files::of(folder)?, port)
    }

    /// The built-in sample.
    ///
    /// # Errors
    /// None, unless the program was built with a broken sample.
    pub fn sample(port: u16) -> Result<Self, InputFault> {
        meaning::of(&mut Files::sample(), port)
    }

    /// The provider of this URA.
    pub fn provider(&self, ura: &Ura) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.ura == *ura)
    }

    /// The providers that a DVA serves.
    pub fn providers_of(&self, dva: DvaId) -> impl Iterator<Item = &Provider> {
        self.providers
            .iter()
            .filter(move |provider| provider.dva == Some(dva))
    }

    /// The URAs for which a DVA answers.
    pub fn uras_of(&self, dva: DvaId) -> BTreeSet<Ura> {
        self.providers_of(dva)
            .map(|provider| provider.ura.clone())
            .collect()
    }

    /// A DVA's providers as its servers know them.
    pub fn aanbieders_of(&self, dva: DvaId) -> BTreeMap<Zorgaanbiedernaam, mitz::dva::Aanbieder> {
        aanbieders(self.providers_of(dva), &self.gegevensdiensten)
    }

    /// For which gegevensdiensten clients are recognised, of those for which not all are.
    pub fn erkend(&self) -> BTreeMap<String, BTreeSet<GegevensdienstId>> {
        erkend(&self.clients)
    }

    /// What can be collected at a provider.
    pub fn gegevensdiensten_of(&self, provider: &Provider) -> Gegevensdiensten {
        provider.offered(&self.gegevensdiensten)
    }

    /// The catalogue from which people choose at the register: every provider, also those that
    /// MedMij does not reach.
    pub fn catalogus(&self) -> Catalogus {
        catalogus(&self.providers)
    }
}

impl DvaId {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Dva, Self::Dva2];

    /// Its name: that of its host, and of its directory.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dva => "dva",
            Self::Dva2 => "dva2",
        }
    }
}

impl fmt::Display for DvaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much there is, and of nobody what.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("people", &self.people.len())
            .field("providers", &self.providers.len())
            .field("clients", &self.clients.len())
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}
