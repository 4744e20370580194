//! The lists that the demo makes from its input.

use std::fmt;

use identity::Hostname;
use medmij::lists::{
    Document, Endpointuri, FrontchannelPort, Gegevensdienst, Gegevensdienstnaam, Gnl,
    Interfaceversie, Kenmerk, Koppeling, OAuthclient, Ocl, Systeemrol, Tijdstempel, Uitgave,
    Volgnummer, Whitelist, Zakl, ZaklGegevensdienst, Zal, ZalEntry, ZalRelease,
};
use protocol::wire::encode;
use verdict::Moment;

use crate::input::{ClientAuth, DvaId, Input, Provider};
use crate::network::DvaAddress;

/// Where the parties of the demo are, as far as lists tell it.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// The first DVA.
    pub dva: DvaAddress,
    /// The second DVA.
    pub dva2: DvaAddress,
    /// Every host of the demo that speaks or listens on the back channel.
    pub back_channel: Vec<Hostname>,
}

/// Why the lists cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLists {
    /// The moment of publication is beyond what a list can tell.
    Moment,
    /// The value of this element does not fit its schema: a base URL, most likely.
    Value(&'static str),
    /// This key stands twice in its list.
    Twice(&'static str),
}

/// All five lists of an input, made at `now` under `volgnummer`.
///
/// In the Zorgaanbiederslijst stand the providers that a DVA serves. In the koppellijst stand those
/// that offer a gegevensdienst, with a DVA or without.
///
/// # Errors
/// [`NoLists`].
pub fn made(
    input: &Input,
    hosts: &Hosts,
    now: Moment,
    volgnummer: Volgnummer,
) -> Result<[Document; 5], NoLists> {
    let uitgave = Uitgave {
        tijdstempel: Tijdstempel::at(now).ok_or(NoLists::Moment)?,
        volgnummer,
    };
    Ok([
        zal(input, hosts, uitgave)?,
        zakl(input, uitgave)?,
        ocl(input, uitgave)?,
        gnl(input, uitgave)?,
        whitelist(input, hosts, uitgave)?,
    ])
}

fn zal(input: &Input, hosts: &Hosts, uitgave: Uitgave) -> Result<Document, NoLists> {
    let entry = |provider: &Provider, dva: &DvaAddress| {
        let diensten = input.gegevensdiensten_of(provider);
        let diensten = diensten
            .values()
            .map(|dienst| gegevensdienst(provider, dva, dienst));
        let versie = Interfaceversie {
            id: Some(input.lists.interfaceversie.clone()),
            gegevensdiensten: diensten.collect::<Result<_, NoLists>>()?,
        };
        // Seed 000 step 20. The query that names the provider is the client's to add.
        Ok(ZalEntry {
            naam: provider.naam.clone(),
            aanbiedertype: Some(provider.aanbiedertype.clone()),
            interfaceversies: vec![versie],
            discovery: Some(endpoint(&dva.discovery_endpoint, "DiscoveryEndpointuri")?),
        })
    };
    let served = input
        .providers
        .iter()
        .filter_map(|provider| Some((provider, provider.dva?)));
    let entries = served.map(|(provider, dva)| entry(provider, hosts.of(dva)));
    let entries = entries.collect::<Result<_, NoLists>>()?;
    let list = Zal::new(uitgave, ZalRelease::Release3, entries);
    list.map(Document::Zal)
        .map_err(|_| NoLists::Twice("Zorgaanbiedernaam"))
}

fn gegevensdienst(
    provider: &Provider,
    dva: &DvaAddress,
    dienst: &fhir::Gegevensdienst,
) -> Result<Gegevensdienst, NoLists> {
    let resource = encode(dienst.id.as_str());
    let resource = format!("{}/{}/{resource}/fhir", dva.resource_base, provider.ura);
    Ok(Gegevensdienst {
        id: dienst.id.clone(),
        authorization_endpoint: Endpointuri::frontchannel(
            &dva.authorization_endpoint,
            FrontchannelPort::Allowed,
        )
        .map_err(|_| NoLists::Value("AuthorizationEndpointuri"))?,
        token_endpoint: endpoint(&dva.token_endpoint, "TokenEndpointuri")?,
        abonneren: None,
        systeemrollen: vec![Systeemrol {
            code: value(&dienst.systeemrolcode, "Systeemrolcode")?,
            resource_endpoint: endpoint(&resource, "ResourceEndpointuri")?,
        }],
    })
}

fn zakl(input: &Input, uitgave: Uitgave) -> Result<Document, NoLists> {
    let offers = |provider: &&Provider| !provider.gegevensdiensten.is_empty();
    let dienst = |dienst: &fhir::Gegevensdienst| {
        Ok(ZaklGegevensdienst {
            id: dienst.id.clone(),
            weergavenaam: value(&dienst.weergavenaam, "Weergavenaam")?,
            interfaceversies: vec![input.lists.interfaceversie.clone()],
        })
    };
    let koppeling = |provider: &Provider| {
        let diensten = input.gegevensdiensten_of(provider);
        Ok(Koppeling {
            naam: provider.naam.clone(),
            kenmerken: vec![Kenmerk::Ura(provider.ura.clone())],
            gegevensdiensten: diensten
                .values()
                .map(dienst)
                .collect::<Result<_, NoLists>>()?,
        })
    };
    let koppelingen = input.providers.iter().filter(offers).map(koppeling);
    let list = Zakl::new(uitgave, koppelingen.collect::<Result<_, NoLists>>()?);
    list.map(Document::Zakl)
        .map_err(|_| NoLists::Twice("Zorgaanbiedernaam"))
}

fn ocl(input: &Input, uitgave: Uitgave) -> Result<Document, NoLists> {
    let clients = input.clients.iter().map(|client| OAuthclient {
        hostname: client.client_id.clone(),
        organisatienaam: client.organisation.clone(),
        gegevensdiensten: client.gegevensdiensten.clone(),
    });
    let list = Ocl::new(uitgave, clients.collect());
    list.map(Document::Ocl)
        .map_err(|_| NoLists::Twice("Hostname"))
}

fn gnl(input: &Input, uitgave: Uitgave) -> Result<Document, NoLists> {
    let naam = |dienst: &fhir::Gegevensdienst| {
        Ok(Gegevensdienstnaam {
            id: dienst.id.clone(),
            weergavenaam: value(&dienst.weergavenaam, "Weergavenaam")?,
        })
    };
    let namen = input.gegevensdiensten.values().map(naam);
    let list = Gnl::new(uitgave, namen.collect::<Result<_, NoLists>>()?);
    list.map(Document::Gnl)
        .map_err(|_| NoLists::Twice("GegevensdienstId"))
}

/// The demo's nodes, the clients', the names of their certificates and whoever the input adds, each once.
fn whitelist(input: &Input, hosts: &Hosts, uitgave: Uitgave) -> Result<Document, NoLists> {
    let clients = input.clients.iter().map(|client| &client.client_id);
    let certified = input.clients.iter().flat_map(|client| match &client.auth {
        ClientAuth::TlsClientAuth(names) => &names[..],
        ClientAuth::SelfSigned(_) | ClientAuth::PrivateKeyJwt(_) => &[],
    });
    let mut nodes: Vec<Hostname> = hosts
        .back_channel
        .iter()
        .chain(clients)
        .chain(certified)
        .chain(&input.lists.whitelist)
        .cloned()
        .collect();
    nodes.sort();
    nodes.dedup();
    let list = Whitelist::new(uitgave, nodes);
    list.map(Document::Whitelist)
        .map_err(|_| NoLists::Twice("Hostname"))
}

fn endpoint(url: &str, element: &'static str) -> Result<Endpointuri, NoLists> {
    Endpointuri::backchannel(url).map_err(|_| NoLists::Value(element))
}

fn value<T: std::str::FromStr>(text: &str, element: &'static str) -> Result<T, NoLists> {
    text.parse().map_err(|_| NoLists::Value(element))
}

impl Hosts {
    /// Where this DVA is.
    pub const fn of(&self, dva: DvaId) -> &DvaAddress {
        match dva {
            DvaId::Dva => &self.dva,
            DvaId::Dva2 => &self.dva2,
        }
    }
}

impl fmt::Display for NoLists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moment => f.write_str("a list cannot tell this moment"),
            Self::Value(element) => write!(f, "a value of {element} does not fit its schema"),
            Self::Twice(key) => write!(f, "a {key} stands twice in its list"),
        }
    }
}

impl std::error::Error for NoLists {}
