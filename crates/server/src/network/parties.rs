//! How each party of the demo is put together.

mod digid;
mod domein;
mod dva;
mod etoegang;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use identity::Hostname;
use medmij::lists::{Soort, Volgnummer};
use mitz::authorization_server::{Dvas, Mitz};
use protocol::client::{Authentication, Client, Clients};
use saml::metadata::IdpMetadata;
use verdict::Moment;

use self::digid::digid_origin;
pub(super) use self::digid::service_provider;
use super::{Foundation, Party, hostname, ready, trusted};
use crate::app::{App, Given};
use crate::certificates::{private_directory, thumbprint};
use crate::door::{ClientCertificates, Limits, Site};
use crate::home::Home;
use crate::input::Input;
use crate::input::{ClientAuth, DvaId, Provider, ZAL_RULES};
use crate::keys::{Keys, MasterKey, Purpose, Schedule, master};
use crate::lists::{Lists, Stelselnode};
use crate::observer::Observer;
use crate::outside::{Ears, Others, Outside, OutsideConfig};
use crate::routes::dva::DvaRole;
use crate::routes::etoegang::ad::AdRole;
use crate::routes::etoegang::dv::DvRole;
use crate::routes::etoegang::hm::HmRole;
use crate::routes::etoegang::mr::MrRole;
use crate::routes::idp::IdpRole;
use crate::routes::koppeltaal::KoppeltaalRole;
use crate::routes::lokalisatie::LokalisatieRole;
use crate::routes::mitz::{MitzRole, MitzUrls};
use crate::routes::module::ModuleRole;
use crate::routes::netwerk::NetwerkRole;
use crate::routes::pgo::{PgoConfig, PgoRole};
use crate::routes::portaal::PortaalRole;
use crate::routes::stelselnode::{self, Candidate, Sources, StelselnodeRole};
use crate::routes::xis::XisRole;
use crate::web;

/// The hosts that people visit: the observer's page leads to these.
const PAGES: [&str; 5] = ["pgo", "mitz", "toestemmingen", "digid", "netwerk"];

/// A party that is ready to be served.
pub(super) struct Opened {
    pub(super) app: Arc<App>,
    pub(super) sites: Vec<(&'static str, Ask, Router)>,
    /// What it does by itself, once the door stands open.
    pub(super) chores: Vec<Chore>,
}

/// Work that goes on for as long as the party lives.
pub(super) type Chore = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Whether a host asks its clients for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// People come here with a browser, or anybody may read.
    Never,
    /// The handlers say who must have shown one.
    Offered,
    /// Nobody gets in without.
    Required,
}

/// Opens a party: its directory, its keys, its roles.
pub(super) async fn open(on: &Foundation, party: Party) -> Result<Opened, String> {
    let app = app(on, party).await?;
    let mut chores: Vec<Chore> = Vec::new();
    let lists = lists(on, party);
    let sites = match party {
        Party::Pgo => {
            let role = pgo(on, &app, &lists);
            let router = role.front();
            chores.push(Box::pin(role.collect_by_night()));
            vec![("pgo", Ask::Never, router)]
        }
        Party::Mitz => {
            let role = mitz(on, &app)?;
            vec![
                ("mitz", Ask::Never, role.front()),
                ("mitz-back", Ask::Offered, role.back()),
                ("toestemmingen", Ask::Never, role.register()),
            ]
        }
        Party::Lokalisatie => vec![("lokalisatie", Ask::Required, lokalisatie(on, &app)?)],
        Party::Digid => {
            let role = digid::digid(on, &app)?;
            vec![
                ("digid", Ask::Never, role.front()),
                ("digid-back", Ask::Required, role.back()),
            ]
        }
        Party::Dva => dva::dva(on, &app, &lists, DvaId::Dva)?,
        Party::Dva2 => dva::dva(on, &app, &lists, DvaId::Dva2)?,
        Party::Xis => vec![("xis", Ask::Required, xis(on, &app, DvaId::Dva)?)],
        Party::Xis2 => vec![("xis2", Ask::Required, xis(on, &app, DvaId::Dva2)?)],
        Party::Stelselnode => {
            let role = stelselnode(on, &app)?;
            let router = role.router();
            chores.push(Box::pin(role.watch(Arc::clone(&app))));
            vec![("stelselnode", Ask::Never, router)]
        }
        Party::Koppeltaal => {
            let role = domein::koppeltaal(on, &app).await?;
            let router = role.router();
            chores.push(Box::pin(role.keep_fresh()));
            vec![("koppeltaal", Ask::Never, router)]
        }
        Party::Fhir => vec![("fhir", Ask::Required, domein::fhir_server(on, &app)?)],
        Party::Idp => vec![("idp", Ask::Never, domein::idp(on, &app))],
        Party::Portaal => {
            let role = domein::portaal(on, &app);
            let router = role.router();
            chores.push(Box::pin(role.sow()));
            vec![("portaal", Ask::Never, router)]
        }
        Party::Module => {
            let role = domein::module(on, &app);
            let router = role.router();
            chores.push(Box::pin(role.sow()));
            vec![("module", Ask::Never, router)]
        }
        Party::Netwerk => vec![("netwerk", Ask::Never, netwerk(on, &app))],
        Party::Aggregator | Party::Hm | Party::Ad | Party::Mr | Party::Dv => {
            return etoegang::open(on, app, party).await;
        }
    };
    if matches!(party, Party::Pgo | Party::Dva | Party::Dva2) {
        chores.push(Box::pin(lists.keep_fresh(Arc::clone(&app))));
    }
    Ok(Opened { app, sites, chores })
}

/// A host of a party, with its server certificate.
pub(super) fn site(
    on: &Foundation,
    party: Party,
    host: &'static str,
    ask: Ask,
    router: Router,
) -> Result<Site, String> {
    let host = hostname(host)?;
    let directory = on.state.join(party.name());
    let identity = on.authority.server(&directory, &host, on.clock.wall());
    Ok(Site {
        port: None,
        identity: identity.map_err(|fault| fault.to_string())?,
        clients: match ask {
            Ask::Never => ClientCertificates::Never,
            Ask::Offered => ClientCertificates::Offered(trusted::of(on)),
            Ask::Required => ClientCertificates::Required(trusted::of(on)),
        },
        limits: limits(party),
        proxies: BTreeSet::new(),
        host,
        router,
    })
}

/// The observer takes batches, a FHIR server whole resources; everybody else takes one request's worth.
fn limits(party: Party) -> Limits {
    match party {
        Party::Netwerk | Party::Koppeltaal | Party::Fhir => Limits {
            body_bytes_max: 1024 * 1024,
            ..Limits::on_one_machine()
        },
        _ => Limits::on_one_machine(),
    }
}

/// The secrets with which the parties tell the observer, one each; made once per state directory.
pub(super) fn observer_keys(state: &Path) -> Result<BTreeMap<&'static str, String>, String> {
    let directory = state.join("sightings");
    private_directory(&directory).map_err(|fault| fault.to_string())?;
    let key = |party: Party| {
        let file = directory.join(format!("{}.1.key", party.name()));
        let key = master::secret(&file).map_err(|fault| fault.to_string())?;
        Ok((party.name(), jose::b64::encode(key.reveal())))
    };
    Party::ALL.into_iter().map(key).collect()
}

async fn app(on: &Foundation, party: Party) -> Result<Arc<App>, String> {
    let directory = on.state.join(party.name());
    let host = hostname(party.client_host())?;
    let identity = on.authority.client(&directory, &host, on.clock.wall());
    let identity = identity.map_err(|fault| fault.to_string())?;
    let usual = OutsideConfig::new(trusted::of(on), Some(identity));
    let outside = Outside::new(OutsideConfig {
        // Applications on this machine may show their keys without TLS.
        https_only: party != Party::Koppeltaal,
        timeout: match party {
            Party::Hm => HmRole::KETEN,
            _ => usual.timeout,
        },
        ..usual
    });
    let outside = outside.map_err(|fault| fault.to_string())?;
    let clock = on.clock.of_party();
    let observer = if party == Party::Netwerk {
        Observer::nobody(party.name())
    } else {
        let key = on
            .observer_keys
            .get(party.name())
            .map_or("", String::as_str);
        Observer::at(party.name(), &on.hosts.url("netwerk"), key, &outside)
    };
    let outside = outside.overheard_by(Ears {
        others: others(on),
        observer: observer.clone(),
        clock: clock.clone(),
    });
    let home = Home::embedded(&directory)?;
    let purposes = purposes(party, &on.input);
    let keys = keys(&directory, &home, (party, &purposes), clock.now()).await?;
    let given = Given {
        host,
        clock,
        outside,
        log: on.log.clone(),
        observer,
    };
    Ok(App::new(party.name(), home, keys, given))
}

/// The keys of a party, under the master key in its directory, which is made at the first start.
async fn keys(
    directory: &Path,
    home: &Home,
    (party, purposes): (Party, &[Purpose]),
    now: Moment,
) -> Result<Keys, String> {
    if directory.join("keys").is_dir() {
        return Err(format!(
            "{}: this party was made by an earlier version, which kept its keys in files; remove its \
             whole directory to start anew",
            directory.display()
        ));
    }
    let master = MasterKey::read_or_make(&master_file(directory));
    let master = master.map_err(|fault| fault.to_string())?;
    let keys = Keys::open(home, master, purposes, schedule(party), now).await;
    keys.map_err(|fault| format!("{}: {fault}", directory.display()))
}

/// How the keys of a party come and go.
fn schedule(party: Party) -> Schedule {
    let usual = Schedule::default();
    match party {
        Party::Hm => HmRole::schedule(usual),
        _ => usual,
    }
}

/// Where the master key of a party of the demo stands, in the party's directory.
pub fn master_file(directory: &Path) -> PathBuf {
    directory.join("master.key")
}

/// What a party has keys for, beside what every party has.
pub fn purposes(party: Party, input: &Input) -> Vec<Purpose> {
    let purposes: &[Purpose] = match party {
        Party::Mitz => &MitzRole::PURPOSES,
        Party::Dva | Party::Dva2 => &DvaRole::PURPOSES,
        Party::Koppeltaal => &KoppeltaalRole::PURPOSES,
        Party::Idp => &IdpRole::PURPOSES,
        Party::Portaal => &PortaalRole::PURPOSES,
        Party::Module => &ModuleRole::PURPOSES,
        Party::Hm => &HmRole::purposes(input.etoegang.instellingen_hm.ondertekent),
        Party::Ad => &AdRole::PURPOSES,
        Party::Mr => &MrRole::PURPOSES,
        Party::Dv => &DvRole::PURPOSES,
        _ => &[],
    };
    purposes.to_vec()
}

/// The hosts of parties that are not of this program, which tell the observer nothing: what a party
/// sends there, it tells itself.
fn others(on: &Foundation) -> Others {
    let document = on.input.digid_metadata.as_deref();
    let digid = document.and_then(|text| IdpMetadata::parse(text.as_bytes()).ok());
    let resolves = |idp: IdpMetadata| idp.artifact_resolution.into_iter().map(|at| at.url);
    let urls = digid.into_iter().flat_map(resolves);
    let urls = urls.filter(|url| !on.hosts.all().any(|(_, own)| own == web::origin(url)));
    let outside = on.input.parties.values();
    let outside = outside.flat_map(|party| party.hosts.values().chain(party.endpoints.values()));
    urls.chain(outside.cloned()).collect()
}

fn lists(on: &Foundation, party: Party) -> Arc<Lists> {
    let stelselnode = Stelselnode {
        base: on.hosts.url("stelselnode"),
        zal: ZAL_RULES,
    };
    Lists::of(&stelselnode, Some(&on.state.join(party.name())))
}

fn pgo(on: &Foundation, app: &Arc<App>, lists: &Arc<Lists>) -> Arc<PgoRole> {
    let in_zal = on
        .input
        .providers
        .iter()
        .filter(|provider| provider.dva.is_some());
    let named = |provider: &Provider| (provider.naam.clone(), provider.weergavenaam.clone());
    let config = PgoConfig {
        client_id: app.host.to_string(),
        front: on.hosts.url("pgo"),
        mitz: on.hosts.mitz_issuer(),
        toestemmingen: on.hosts.url("toestemmingen"),
        login_origins: vec![on.hosts.url("mitz"), digid_origin(on)],
        aanbieders: in_zal.map(named).collect(),
        namen: on
            .input
            .providers
            .iter()
            .map(|provider| (provider.ura.clone(), provider.weergavenaam.clone()))
            .collect(),
        gegevensdiensten: on.input.gegevensdiensten.clone(),
    };
    PgoRole::new(Arc::clone(app), config, Arc::clone(lists))
}

fn mitz(on: &Foundation, app: &Arc<App>) -> Result<Arc<MitzRole>, String> {
    let settings = &on.input.settings.mitz;
    let front = on.hosts.url("mitz");
    let dvas: Result<Vec<_>, String> = [DvaId::Dva, DvaId::Dva2]
        .into_iter()
        .map(|id| dva::registered_dva(on, id))
        .collect();
    let mitz = Mitz {
        issuer: front.clone(),
        clients: clients(on)?,
        dvas: dvas?.into_iter().collect::<Dvas>(),
        catalogus: on.input.catalogus(),
        min_level: settings.min_level,
        full_location_token: settings.full_location_token,
        assertion_audience: settings.assertion_audience,
    };
    let urls = MitzUrls {
        back: on.hosts.url("mitz-back"),
        register: on.hosts.url("toestemmingen"),
        lokalisatie: on.hosts.url("lokalisatie"),
        digid_origin: digid_origin(on),
        front,
    };
    let digid = service_provider(
        &on.state,
        &on.hosts,
        on.clock.wall(),
        settings.min_level,
        on.input.digid_metadata.as_deref(),
    )?;
    let role = MitzRole::new(Arc::clone(app), Arc::new(mitz), urls, digid);
    let seeded = Arc::clone(&role);
    let input = Arc::clone(&on.input);
    tokio::spawn(async move { seeded.seed(&input.consents).await });
    Ok(role)
}

/// The registered clients. Those that the demo gives a certificate get theirs here.
fn clients(on: &Foundation) -> Result<Clients, String> {
    let client = |client: &crate::input::Client| {
        let authentication = match &client.auth {
            ClientAuth::TlsClientAuth(names) => {
                let files = ready::client_files(&on.state, &client.client_id)?;
                let directory = files.key.parent().unwrap_or(&on.state);
                on.authority
                    .client(
                        directory,
                        names.first().unwrap_or(&client.client_id),
                        on.clock.wall(),
                    )
                    .map_err(|fault| fault.to_string())?;
                Authentication::TlsClientAuth {
                    san_dns: names.iter().map(ToString::to_string).collect(),
                }
            }
            ClientAuth::SelfSigned(certificate) => Authentication::SelfSignedTlsClientAuth {
                x5t_s256: thumbprint(certificate),
            },
            ClientAuth::PrivateKeyJwt(keys) => Authentication::PrivateKeyJwt(keys.clone()),
        };
        Ok(Client {
            client_id: client.client_id.to_string(),
            organisatienaam: client.organisation.to_string(),
            authentication,
            redirect_uris: client.redirect_uris.clone(),
        })
    };
    on.input.clients.iter().map(client).collect()
}

fn lokalisatie(on: &Foundation, app: &Arc<App>) -> Result<Router, String> {
    let mitz = on.hosts.node(Party::Mitz)?;
    let table = Arc::clone(&on.input.localisation);
    Ok(LokalisatieRole::new(Arc::clone(app), mitz, table).router())
}

fn xis(on: &Foundation, app: &Arc<App>, id: DvaId) -> Result<Router, String> {
    let dva_host = on.hosts.node(Party::of_dva(id))?;
    let records = Arc::clone(&on.input.records);
    Ok(XisRole::new(Arc::clone(app), dva_host, id, &on.input, records).router())
}

fn stelselnode(on: &Foundation, app: &App) -> Result<Arc<StelselnodeRole>, String> {
    let nodes = [Party::Dva, Party::Dva2, Party::Mitz].map(|party| back_channel(on, party));
    let nodes: Result<Vec<BTreeSet<Hostname>>, String> = nodes.into_iter().collect();
    let hosts = stelselnode::Hosts {
        dva: on.hosts.dva(DvaId::Dva),
        dva2: on.hosts.dva(DvaId::Dva2),
        back_channel: nodes?.into_iter().flatten().collect(),
    };
    // A later start publishes a later edition: readers refuse a number that they hold with another
    // content, and the lists tell when they were made.
    let started = u64::try_from(on.clock.wall().unix())
        .ok()
        .and_then(Volgnummer::new);
    let volgnummer = started.max(Some(on.input.lists.volgnummer));
    let volgnummer = volgnummer.unwrap_or(on.input.lists.volgnummer);
    let now = app.clock.now();
    let made = stelselnode::made(&on.input, &hosts, now, volgnummer);
    let read = |(soort, xml): (Soort, &String)| Candidate::read(soort, xml.clone());
    let files = on.input.lists.replaced.each().map(read);
    let sources = Sources {
        made: made.map_err(|no| no.to_string())?,
        files: files
            .collect::<Result<_, _>>()
            .map_err(|bad| bad.to_string())?,
        folder: on.input.lists.folder.clone(),
    };
    let party = on.state.join(Party::Stelselnode.name());
    Ok(StelselnodeRole::open(sources, Some(&party), now))
}

/// The names under which a party is met on the back channel, for the Whitelist. The consent register
/// is a page for people.
fn back_channel(on: &Foundation, party: Party) -> Result<BTreeSet<Hostname>, String> {
    let mut names = on.hosts.names(party)?;
    if on.hosts.outside(party).is_none() {
        names.remove(&hostname("toestemmingen")?);
    }
    Ok(names)
}

fn netwerk(on: &Foundation, app: &Arc<App>) -> Router {
    let hosts = PAGES
        .map(|host| (host.to_owned(), on.hosts.url(host)))
        .to_vec();
    let keys = on
        .observer_keys
        .iter()
        .map(|(party, key)| ((*party).to_owned(), key.clone()));
    let control = on.control.clone();
    let control = control.map(|control| (control, on.hosts.url("netwerk")));
    let others = on.input.parties.keys().map(|party| party.name().to_owned());
    NetwerkRole::new(
        Arc::clone(app),
        keys.collect(),
        hosts,
        others.collect(),
        control,
    )
    .router()
}
