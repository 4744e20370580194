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
            (
                WHITELIST,
                list(&replaced.whitelist, whitelist(input, hosts, uitgave))?,
            ),
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
        let diensten = diensten
            .values()
            .map(|dienst| gegevensdienst(provider, dva, dienst));
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
    let served = input
        .providers
        .iter()
        .filter_map(|provider| Some((provider, provider.dva?)));
    let entries = served.map(|(provider, dva)| entry(provider, hosts.of(dva)));
    let entries = entries.collect::<Result<_, NoLists>>()?;
    let list = Zal::new(uitgave, ZalRelease::Release3, entries);
    list.map(|list| list.to_xml())
        .map_err(|_| NoLists::Twice("Zorgaanbiedernaam"))
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
        authorization_endpoint: Endpointuri::frontchannel(
            &authorization,
            FrontchannelPort::Allowed,
        )
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
            gegevensdiensten: diensten
                .values()
                .map(dienst)
                .collect::<Result<_, NoLists>>()?,
        })
    };
    let koppelingen = input.providers.iter().filter(offers).map(koppeling);
    let list = Zakl::new(uitgave, koppelingen.collect::<Result<_, NoLists>>()?);
    list.map(|list| list.to_xml())
        .map_err(|_| NoLists::Twice("Zorgaanbiedernaam"))
}

fn ocl(input: &Input, uitgave: Uitgave) -> Result<String, NoLists> {
    let clients = input.clients.iter().map(|client| OAuthclient {
        hostname: client.client_id.clone(),
        organisatienaam: client.organisation.clone(),
    });
    let list = Ocl::new(uitgave, clients.collect());
    list.map(|list| list.to_xml())
        .map_err(|_| NoLists::Twice("Hostname"))
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
    list.map(|list| list.to_xml())
        .map_err(|_| NoLists::Twice("GegevensdienstId"))
}

/// The demo's nodes, the clients' and whoever the input adds, each once.
fn whitelist(input: &Input, hosts: &Hosts, uitgave: Uitgave) -> Result<String, NoLists> {
    let clients = input.clients.iter().map(|client| &client.client_id);
    let mut nodes: Vec<Hostname> = hosts
        .back_channel
        .iter()
        .chain(clients)
        .chain(&input.lists.whitelist)
        .cloned()
        .collect();
    nodes.sort();
    nodes.dedup();
    let list = Whitelist::new(uitgave, nodes);
    list.map(|list| list.to_xml())
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
        let tags = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','));
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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use identity::Ura;
    use medmij::lists::{Resolution, resolve};

    use super::*;
    use crate::input::ZAL_RULES;
    use crate::routes::testing::{self, host, send};

    /// 22 November 2026.
    const NOW: Moment = Moment::from_unix(1_795_305_600);

    fn hosts() -> Hosts {
        let dva = |name: &str, discovery: &str| DvaHosts {
            front: format!("https://{name}.localhost:8443"),
            back: format!("https://{name}-back.localhost:8443"),
            discovery: format!("https://{discovery}.localhost:8443"),
        };
        Hosts {
            dva: dva("dva", "discovery"),
            dva2: dva("dva2", "discovery2"),
            back_channel: ["dva-back.localhost", "pgo.localhost"].map(host).to_vec(),
        }
    }

    fn lists(input: &Input) -> Lists {
        let number = Volgnummer::new(7).expect("positive");
        Lists::generate(input, &hosts(), NOW, number).expect("lists")
    }

    fn sample() -> Input {
        Input::sample(8443).expect("a good sample")
    }

    fn zal_and_koppellijst(lists: &Lists) -> (Zal, Zakl) {
        let xml = |path| lists.xml(path).expect("a list");
        let zal = Zal::parse(xml(ZAL), ZAL_RULES);
        (zal.expect("a ZAL"), Zakl::parse(xml(ZAKL)).expect("a ZAKL"))
    }

    fn ura(text: &str) -> Ura {
        Ura::parse(text).expect("a URA")
    }

    #[test]
    fn a_ura_leads_to_the_discovery_server_and_the_endpoints_of_its_dva() {
        let (zal, koppellijst) = zal_and_koppellijst(&lists(&sample()));
        let found = resolve(&ura("00000666"), &koppellijst, &zal);
        let [Resolution::Discover { entry, endpoint }] = found[..] else {
            panic!("expected one discovery endpoint");
        };
        let discovery = "https://discovery2.localhost:8443/.well-known/oauth-authorization-server";
        assert_eq!(endpoint.as_str(), discovery);
        let version = &sample().lists.interfaceversie;
        let id = identity::GegevensdienstId::parse("48").expect("an id");
        let dienst = entry.gegevensdienst(version, &id).expect("offered");
        let dva = "https://dva2-back.localhost:8443";
        assert_eq!(dienst.token_endpoint.as_str(), format!("{dva}/token"));
        let resource = &dienst.systeemrollen[0].resource_endpoint;
        assert_eq!(
            resource.as_str(),
            format!("{dva}/resource/00000666/48/fhir")
        );
    }

    #[test]
    fn mitz_case_032_a_provider_without_a_dva_is_not_in_the_zal() {
        let mut input = sample();
        let (zal, koppellijst) = zal_and_koppellijst(&lists(&input));
        let found = resolve(&ura("00000697"), &koppellijst, &zal);
        assert!(matches!(found[..], [Resolution::NotInZal { .. }]));
        let mut providers = input.providers.iter_mut();
        let outside = providers.find(|provider| provider.dva.is_none());
        outside.expect("a provider").gegevensdiensten.clear();
        let (zal, koppellijst) = zal_and_koppellijst(&lists(&input));
        assert_eq!(resolve(&ura("00000697"), &koppellijst, &zal), []);
    }

    #[test]
    fn clients_names_and_nodes_stand_in_their_lists() {
        let mut input = sample();
        input.lists.whitelist = vec![host("elders.example"), host("pgo.localhost")];
        let lists = lists(&input);
        let xml = |path| lists.xml(path).expect("a list");
        let ocl = Ocl::parse(xml(OCL)).expect("an OCL");
        assert!(ocl.client(&host("anderpgo.localhost")).is_some());
        let gnl = Gnl::parse(xml(GNL)).expect("a GNL");
        assert_eq!(gnl.namen().len(), input.gegevensdiensten.len());
        let nodes = Whitelist::parse(xml(WHITELIST)).expect("a Whitelist");
        let expected = [
            "anderpgo.localhost",
            "dva-back.localhost",
            "elders.example",
            "pgo.localhost",
        ];
        assert_eq!(nodes.hostnames(), expected.map(host));
    }

    #[test]
    fn a_list_of_the_input_is_published_as_it_is() {
        let mut input = sample();
        input.lists.replaced.gnl = Some("<mine/>".to_owned());
        let lists = lists(&input);
        assert_eq!(lists.xml(GNL), Some(&b"<mine/>"[..]));
        assert!(Ocl::parse(lists.xml(OCL).expect("a list")).is_ok());
    }

    #[test]
    fn a_base_url_that_no_list_can_hold_is_refused() {
        let broken = Hosts {
            dva: DvaHosts {
                back: "http://dva-back.localhost".to_owned(),
                ..hosts().dva
            },
            ..hosts()
        };
        let number = Volgnummer::new(7).expect("positive");
        let refused = Lists::generate(&sample(), &broken, NOW, number).err();
        assert_eq!(refused, Some(NoLists::Value("TokenEndpointuri")));
    }

    #[tokio::test]
    async fn anybody_may_read_a_list_whatever_the_query() {
        // core.alst.200
        let lists = lists(&sample());
        let router = StelselnodeRole::new(lists.clone()).router();
        for path in [ZAL, ZAKL, OCL, GNL, WHITELIST] {
            let answer = testing::get(&router, &format!("{path}?api=2")).await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.headers["content-type"], "application/xml");
            assert_eq!(Some(&answer.body[..]), lists.xml(path));
        }
        assert_eq!(
            testing::get(&router, "/MedMij_Anders.xml").await.status,
            404
        );
    }

    #[tokio::test]
    async fn rfc_9110_13_1_2_who_has_the_list_is_told_so_until_another_is_published() {
        // RFC 9110 §13.1.2
        let role = StelselnodeRole::new(lists(&sample()));
        let router = role.router();
        let first = testing::get(&router, GNL).await;
        let etag = first.headers[ETAG].to_str().expect("text").to_owned();
        let ask = async |tags: &str| {
            let request = Request::get(GNL)
                .header(IF_NONE_MATCH, tags)
                .body(Body::empty());
            send(&router, None, request.expect("a request")).await
        };
        for known in [etag.clone(), format!("\"x\", W/{etag}"), "*".to_owned()] {
            let answer = ask(&known).await;
            assert_eq!(
                (answer.status.as_u16(), answer.body.len()),
                (304, 0),
                "{known}"
            );
            assert_eq!(answer.headers[ETAG], *etag);
        }
        assert_eq!(ask("\"x\"").await.status, 200);
        let next = Volgnummer::new(8).expect("positive");
        role.publish(Lists::generate(&sample(), &hosts(), NOW, next).expect("lists"));
        assert_eq!(ask(&etag).await.status, 200);
    }
}
