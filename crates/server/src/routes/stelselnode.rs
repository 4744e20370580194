//! The stelselnode: where the lists of the MedMij network are published.
//!
//! Anybody may read them (core.alst.200 and its like ask for no authentication). The query, `api=2`
//! in MedMij's own addresses, makes no difference.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use http::{HeaderValue, StatusCode};
use identity::Hostname;
use medmij::lists::{
    Endpointuri, FrontchannelPort, Gegevensdienst, Gegevensdienstnaam, Gnl, Interfaceversie,
    Kenmerk, Koppeling, OAuthclient, Ocl, Systeemrol, Tijdstempel, Uitgave, Volgnummer, Whitelist,
    Zakl, ZaklGegevensdienst, Zal, ZalEntry, ZalRelease,
};
use protocol::wire::encode;
use verdict::Moment;

use crate::input::{DvaId, Input, Provider};
use crate::web::{self, Visit};

/// Where the parties of the demo are, as far as lists tell it.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// The first DVA.
    pub dva: DvaHosts,
    /// The second DVA.
    pub dva2: DvaHosts,
    /// Every host of the demo that speaks or listens on the back channel.
    pub back_channel: Vec<Hostname>,
}

/// Where a DVA is: base URLs without a slash at the end.
#[derive(Clone, Debug)]
pub struct DvaHosts {
    /// Its front channel.
    pub front: String,
    /// Its back channel: token and resource endpoints.
    pub back: String,
    /// Its discovery server.
    pub discovery: String,
}

/// The lists as they are published. No two publications of the same bytes differ.
#[derive(Clone)]
pub struct Lists(BTreeMap<&'static str, Published>);

#[derive(Clone)]
struct Published {
    xml: Bytes,
    etag: HeaderValue,
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

const ZAL: &str = "/MedMij_Zorgaanbiederslijst.xml";
const ZAKL: &str = "/MedMij_Zorgaanbiederskoppellijst.xml";
const OCL: &str = "/MedMij_OAuthclientlist.xml";
const GNL: &str = "/MedMij_Gegevensdienstnamenlijst.xml";
const WHITELIST: &str = "/MedMij_Whitelist.xml";

impl Lists {
    /// All five lists of an input, published at `now` under `volgnummer`; those that the input
    /// brings along stay as they are.
    ///
    /// In the Zorgaanbiederslijst stand the providers that a DVA serves. In the koppellijst stand
    /// those that offer a gegevensdienst, with a DVA or without.
    ///
    /// # Errors
    /// [`NoLists`].
    pub fn generate(
        input: &Input,
        hosts: &Hosts,
        now: Moment,
        volgnummer: Volgnummer,
    ) -> Result<Self, NoLists> {
        let uitgave = Uitgave {
            tijdstempel: Tijdstempel::at(now).ok_or(NoLists::Moment)?,
            volgnummer,
        };
        let replaced = &input.lists.replaced;
        let list = |replaced: &Option<String>, made: Result<String, NoLists>| match replaced {
            Some(list) => Ok(Published::of(list.clone())),
            None => made.map(Published::of),
        };
        Ok(Self(BTreeMap::from([
            (ZAL, list(&replaced.zal, zal(input, hosts, uitgave))?),
            (ZAKL, list(&replaced.zakl, zakl(input, uitgave))?),
            (OCL, list(&replaced.ocl, ocl(input, uitgave))?),
            (GNL, list(&replaced.gnl, gnl(input, uitgave))?),
            (WHITELIST, list(&replaced.whitelist, whitelist(input, hosts, uitgave))?),
        ])))
    }

    /// A list's XML by its path, `/MedMij_Whitelist.xml`.
    pub fn xml(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(|published| &*published.xml)
    }
}

// ── The lists ───────────────────────────────────────────────────────────────────────────────────

fn zal(input: &Input, hosts: &Hosts, uitgave: Uitgave) -> Result<String, NoLists> {
    let entry = |provider: &Provider, dva: &DvaHosts| {
        let diensten = input.gegevensdiensten_of(provider);
        let diensten = diensten.values().map(|dienst| gegevensdienst(provider, dva, dienst));
        let versie = Interfaceversie {
            id: Some(input.lists.interfaceversie.clone()),
            gegevensdiensten: diensten.collect::<Result<_, NoLists>>()?,
        };
        // Seed 000 step 20. The query that names the provider is the client's to add.
        let discovery = format!("{}/.well-known/oauth-authorization-server", dva.discovery);
        Ok(ZalEntry {
            naam: provider.naam.clone(),
            aanbiedertype: Some(provider.aanbiedertype.clone()),
            interfaceversies: vec![versie],
            discovery: Some(endpoint(&discovery, "DiscoveryEndpointuri")?),
        })
    };
    let served = input.providers.iter().filter_map(|provider| Some((provider, provider.dva?)));
    let entries = served.map(|(provider, dva)| entry(provider, hosts.of(dva)));
    let entries = entries.collect::<Result<_, NoLists>>()?;
    let list = Zal::new(uitgave, ZalRelease::Release3, entries);
    list.map(|list| list.to_xml()).map_err(|_| NoLists::Twice("Zorgaanbiedernaam"))
}

fn gegevensdienst(
    provider: &Provider,
    dva: &DvaHosts,
    dienst: &fhir::Gegevensdienst,
) -> Result<Gegevensdienst, NoLists> {
    let authorization = format!("{}/authorize", dva.front);
    let resource = encode(dienst.id.as_str());
    let resource = format!("{}/resource/{}/{resource}/fhir", dva.back, provider.ura);
    Ok(Gegevensdienst {
        id: dienst.id.clone(),
        authorization_endpoint: Endpointuri::frontchannel(&authorization, FrontchannelPort::Allowed)
            .map_err(|_| NoLists::Value("AuthorizationEndpointuri"))?,
        token_endpoint: endpoint(&format!("{}/token", dva.back), "TokenEndpointuri")?,
        abonneren: None,
        systeemrollen: vec![Systeemrol {
            code: value(&dienst.systeemrolcode, "Systeemrolcode")?,
            resource_endpoint: endpoint(&resource, "ResourceEndpointuri")?,
        }],
    })
}

fn zakl(input: &Input, uitgave: Uitgave) -> Result<String, NoLists> {
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
            gegevensdiensten: diensten.values().map(dienst).collect::<Result<_, NoLists>>()?,
        })
    };
    let koppelingen = input.providers.iter().filter(offers).map(koppeling);
    let list = Zakl::new(uitgave, koppelingen.collect::<Result<_, NoLists>>()?);
    list.map(|list| list.to_xml()).map_err(|_| NoLists::Twice("Zorgaanbiedernaam"))
}

fn ocl(input: &Input, uitgave: Uitgave) -> Result<String, NoLists> {
    let clients = input.clients.iter().map(|client| OAuthclient {
        hostname: client.client_id.clone(),
        organisatienaam: client.organisation.clone(),
    });
    let list = Ocl::new(uitgave, clients.collect());
    list.map(|list| list.to_xml()).map_err(|_| NoLists::Twice("Hostname"))
}

fn gnl(input: &Input, uitgave: Uitgave) -> Result<String, NoLists> {
    let naam = |dienst: &fhir::Gegevensdienst| {
        Ok(Gegevensdienstnaam {
            id: dienst.id.clone(),
            weergavenaam: value(&dienst.weergavenaam, "Weergavenaam")?,
        })
    };
    let namen = input.gegevensdiensten.values().map(naam);
    let list = Gnl::new(uitgave, namen.collect::<Result<_, NoLists>>()?);
    list.map(|list| list.to_xml()).map_err(|_| NoLists::Twice("GegevensdienstId"))
}

/// The demo's nodes, the clients' and whoever the input adds, each once.
fn whitelist(input: &Input, hosts: &Hosts, uitgave: Uitgave) -> Result<String, NoLists> {
    let clients = input.clients.iter().map(|client| &client.client_id);
    let mut nodes: Vec<Hostname> =
        hosts.back_channel.iter().chain(clients).chain(&input.lists.whitelist).cloned().collect();
    nodes.sort();
    nodes.dedup();
    let list = Whitelist::new(uitgave, nodes);
    list.map(|list| list.to_xml()).map_err(|_| NoLists::Twice("Hostname"))
}

fn endpoint(url: &str, element: &'static str) -> Result<Endpointuri, NoLists> {
    Endpointuri::backchannel(url).map_err(|_| NoLists::Value(element))
}

fn value<T: std::str::FromStr>(text: &str, element: &'static str) -> Result<T, NoLists> {
    text.parse().map_err(|_| NoLists::Value(element))
}

impl Hosts {
    /// Where this DVA is.
    pub const fn of(&self, dva: DvaId) -> &DvaHosts {
        match dva {
            DvaId::Dva => &self.dva,
            DvaId::Dva2 => &self.dva2,
        }
    }
}

impl Published {
    fn of(xml: String) -> Self {
        let hash = jose::base64url_encode(jose::sha256(xml.as_bytes()));
        // Base64url is text that a header can carry.
        let etag = HeaderValue::from_str(&format!("\"{hash}\""));
        Self {
            xml: Bytes::from(xml),
            etag: etag.unwrap_or(HeaderValue::from_static("\"\"")),
        }
    }

    /// Whether the client has this very publication (RFC 9110 §13.1.2, weak comparison).
    fn is_known_to(&self, visit: &Visit) -> bool {
        let ours = self.etag.to_str().unwrap_or_default();
        let lines = visit.headers.get_all(IF_NONE_MATCH).iter();
        let tags = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        let mut tags = tags.map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == ours)
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

// ── The host ────────────────────────────────────────────────────────────────────────────────────

/// Everything that the stelselnode needs.
pub struct StelselnodeRole {
    lists: ArcSwap<Lists>,
}

impl StelselnodeRole {
    /// A stelselnode that publishes these lists.
    pub fn new(lists: Lists) -> Arc<Self> {
        Arc::new(Self {
            lists: ArcSwap::from_pointee(lists),
        })
    }

    /// Publishes these lists from now on.
    pub fn publish(&self, lists: Lists) {
        self.lists.store(Arc::new(lists));
    }

    /// What answers at its host, to anybody.
    pub fn router(self: &Arc<Self>) -> Router {
        let paths = [ZAL, ZAKL, OCL, GNL, WHITELIST];
        let router = paths.into_iter().fold(Router::new(), |router, path| {
            let list = move |State(role): State<Arc<Self>>, visit: Visit| async move {
                role.list(path, &visit)
            };
            router.route(path, get(list))
        });
        router.with_state(Arc::clone(self))
    }

    fn list(&self, path: &str, visit: &Visit) -> Response {
        let lists = self.lists.load();
        let Some(published) = lists.0.get(path) else {
            return web::typed(404, "text/plain", "there is no such list\n");
        };
        let mut response = if published.is_known_to(visit) {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            web::typed(200, "application/xml", published.xml.clone())
        };
        let headers = response.headers_mut();
        headers.insert(ETAG, published.etag.clone());
        // To be kept, and asked about at every use.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}
