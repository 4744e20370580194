//! The parties of eToegang.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use etoegang::authenticatiedienst::sessie::Ad;
use etoegang::dienstencatalogus::geldend::OUDST_S;
use etoegang::dv_hm::{DvApps, Hm};
use identity::{EntityId, Oin};
use jose::Jwk;
use protocol::not_before::NotBefore;
use saml::keys::{Certificate, KeyInfo, SigningKey};

use super::super::{Foundation, Party, hostname, ready};
use super::{Ask, Chore, Opened};
use crate::app::App;
use crate::catalogus::{Bron, Catalogus, Plaats};
use crate::certificates::{Authority, private_directory, saml_signing, write_private};
use crate::clock::Clock;
use crate::etoegangbeheer;
use crate::input::{Etoegang, EtoegangApp, opnieuw};
use crate::routes::etoegang::ad::{AdGiven, AdHm, AdRole};
use crate::routes::etoegang::aggregator::{
    AggregatorGiven, AggregatorRole, Diensten, Lezen, adres,
};
use crate::routes::etoegang::dv::{DvGiven, DvRole};
use crate::routes::etoegang::hm::{self, HmGiven, HmRole};
use crate::routes::etoegang::mr::{MrGiven, MrRole};
use crate::routes::etoegang::sleutels::{Certificeerder, Sleutelbos};
use crate::routes::etoegang::{Deelnemer, uncached_pages};

/// Certificates of one party's keys that are kept, at most: more than it has keys.
const CERTIFICATEN_MAX: usize = 64;
/// What people call the parties of the demo.
const NAAM_HM: &str = "Proef-herkenningsmakelaar";
const NAAM_AD: &str = "Proef-authenticatiedienst";
const NAAM_MR: &str = "Proef-machtigingenregister";

pub(super) async fn open(on: &Foundation, app: Arc<App>, party: Party) -> Result<Opened, String> {
    let mut chores: Vec<Chore> = Vec::new();
    let (host, router) = match party {
        Party::Aggregator => {
            let role = aggregator(on, &app)?;
            let router = role.router();
            chores.push(Box::pin(role.watch()));
            ("aggregator", router)
        }
        Party::Hm => {
            administrable(on, &app, party).await?;
            let catalogus = catalogus(on, &app, party)?;
            let role = hm(on, &app, &catalogus)?;
            let router = role.router();
            chores.push(Box::pin(role.herroep()));
            chores.push(Box::pin(catalogus.keep_fresh(Arc::clone(&app))));
            ("hm", router)
        }
        Party::Ad => {
            administrable(on, &app, party).await?;
            let role = ad(on, &app)?;
            let router = role.router();
            chores.push(Box::pin(role.sow()));
            ("ad", router)
        }
        Party::Mr => {
            administrable(on, &app, party).await?;
            let catalogus = catalogus(on, &app, party)?;
            let role = mr(on, &app, &catalogus)?;
            let router = role.router();
            chores.push(Box::pin(role.sow()));
            chores.push(Box::pin(catalogus.keep_fresh(Arc::clone(&app))));
            ("mr", router)
        }
        _ => {
            let catalogus = catalogus(on, &app, party)?;
            let role = dv(on, &app, &catalogus)?;
            let router = role.router();
            chores.push(Box::pin(role.keep_keys()));
            chores.push(Box::pin(catalogus.keep_fresh(Arc::clone(&app))));
            ("dv", router)
        }
    };
    Ok(Opened {
        app,
        sites: vec![(host, Ask::Never, uncached_pages(router))],
        chores,
    })
}

/// The key with which the party is administered, in a file.
async fn administrable(on: &Foundation, app: &App, party: Party) -> Result<(), String> {
    let made = etoegangbeheer::voor_de_demo(app).await;
    made.map_err(|why| why.to_string())?;
    let file = ready::beheersleutel_file(&on.state, party);
    let secret = etoegangbeheer::geheim_van_de_demo(app);
    write_private(&file, secret.as_bytes()).map_err(|fault| fault.to_string())
}

fn aggregator(on: &Foundation, app: &Arc<App>) -> Result<Arc<AggregatorRole>, String> {
    let (network, port) = (&on.input.etoegang, on.hosts.port());
    let lezen: Lezen = Box::new(move |path| Ok(Diensten::of(&opnieuw(path, port)?)));
    let given = AggregatorGiven {
        pad: network.pad.clone(),
        diensten: Diensten::of(network),
        sleutel: beheerder(on)?,
        bestand: network.bestand.clone().map(|path| (path, lezen)),
        party: on.state.join(Party::Aggregator.name()),
    };
    Ok(AggregatorRole::new(Arc::clone(app), given))
}

/// The key of the scheme's manager, made when it is first asked for.
fn beheerder(on: &Foundation) -> Result<SigningKey, String> {
    let directory = on.state.join(Party::Aggregator.name());
    private_directory(&directory).map_err(|fault| fault.to_string())?;
    let made = saml_signing(&directory, &hostname("aggregator")?, on.clock.wall());
    let made = made.map_err(|fault| fault.to_string())?;
    let certificate = Certificate::from_der(made.certificate()).map_err(|bad| bad.to_string())?;
    let key = SigningKey::from_pkcs8(made.key().secret_der(), certificate, KeyInfo::Certificate);
    key.map_err(|bad| bad.to_string())
}

/// The service catalogue of a party: what the manager of the demo publishes and signed.
fn catalogus(on: &Foundation, app: &App, party: Party) -> Result<Arc<Catalogus>, String> {
    let url = on.hosts.url("aggregator") + &adres(&on.input.etoegang.pad);
    let bron = Bron {
        plaats: Plaats::Url(url),
        sleutels: vec![beheerder(on)?.certificate().key().clone()],
        oudst_s: OUDST_S,
    };
    let directory = on.state.join(party.name());
    Ok(Catalogus::of(bron, Some(&directory), app.clock.now()))
}

/// A party as the others know it. The keys of one that somebody else's server plays have no certificates of ours:
/// they count as they stand at its address.
fn deelnemer(on: &Foundation, party: Party, entity: &EntityId, naam: &str) -> Deelnemer {
    let own_root = on.authority.certificate().clone();
    let is_ours = on.hosts.outside(party).is_none();
    Deelnemer {
        entity: entity.clone(),
        naam: naam.to_owned(),
        basis: on.hosts.etoegang(party, &on.input.etoegang.pad),
        jwks_uri: None,
        wortels: is_ours.then_some(own_root).into_iter().collect(),
    }
}

/// The keys of a party, certified by the demo's authority.
fn sleutels(on: &Foundation, entity: &EntityId) -> Result<Sleutelbos, String> {
    let oin = Oin::parse(entity.oin()).map_err(|error| error.to_string())?;
    Ok(Sleutelbos::new(Some(Arc::new(Proefcertificaten {
        authority: Arc::clone(&on.authority),
        clock: on.clock.clone(),
        oin,
        made: Mutex::default(),
    }))))
}

/// Certificates of the demo for the keys of one party, each made when it is first asked for. A new start makes
/// new ones.
struct Proefcertificaten {
    authority: Arc<Authority>,
    clock: Clock,
    oin: Oin,
    /// By the `kid` of the key.
    made: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Certificeerder for Proefcertificaten {
    fn keten(&self, key: &Jwk) -> Option<Vec<Vec<u8>>> {
        let kid = key.kid()?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= CERTIFICATEN_MAX {
            made.clear();
        }
        if !made.contains_key(kid) {
            let new = self
                .authority
                .of_messages(key, &self.oin, self.clock.wall())?;
            made.insert(kid.to_owned(), new);
        }
        let root = self.authority.certificate().to_vec();
        Some(vec![made.get(kid)?.clone(), root])
    }
}

fn hm(on: &Foundation, app: &Arc<App>, catalogus: &Arc<Catalogus>) -> Result<Arc<HmRole>, String> {
    let network = &on.input.etoegang;
    let front = on.hosts.url("hm");
    let apps = DvApps::new(network.apps.iter().map(EtoegangApp::dv_app));
    let apps =
        apps.map_err(|app| format!("{}: a redirect URI that is none for an app", app.client_id))?;
    let given = HmGiven {
        hm: Hm {
            issuer: format!("{front}{}", network.pad),
            entity: network.hm.clone(),
            instellingen: network.instellingen_hm.clone(),
            not_before: NotBefore::NEVER,
        },
        apps,
        catalogus: Arc::clone(catalogus),
        dienstverleners: dienstverleners(network),
        namen: network.namen.clone(),
        ads: vec![deelnemer(on, Party::Ad, &network.ad, NAAM_AD)],
        mrs: vec![deelnemer(on, Party::Mr, &network.mr, NAAM_MR)],
        dvs: backends(on, network),
        sleutels: sleutels(on, &network.hm)?,
        front,
    };
    Ok(HmRole::new(Arc::clone(app), given))
}

/// The DVs that offer services, each once.
fn dienstverleners(network: &Etoegang) -> Vec<EntityId> {
    let dvs = network.namen.values().map(|naam| naam.dv.clone());
    dvs.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The backend of the DV of the demo, which may introspect.
fn backends(on: &Foundation, network: &Etoegang) -> Vec<Deelnemer> {
    let callback = format!("{}/app/terug", on.hosts.url("dv"));
    let mut apps = network.apps.iter();
    let with_pages = apps.find(|app| app.redirect_uris.contains(&callback));
    let backend = |app: &EtoegangApp| deelnemer(on, Party::Dv, &app.dv, &app.naam);
    with_pages.map(backend).into_iter().collect()
}

/// The HM as AD and MR know it; `redirect_uris` are those for the one that asks.
fn known_hm(on: &Foundation, redirect_uri: fn(&str, usize) -> String) -> AdHm {
    let hm = deelnemer(on, Party::Hm, &on.input.etoegang.hm, NAAM_HM);
    AdHm {
        redirect_uris: vec![redirect_uri(&hm.basis, 0)],
        deelnemer: hm,
    }
}

fn ad(on: &Foundation, app: &Arc<App>) -> Result<Arc<AdRole>, String> {
    let network = &on.input.etoegang;
    let front = on.hosts.url("ad");
    let given = AdGiven {
        ad: Ad {
            issuer: format!("{front}{}", network.pad),
            entity: network.ad.clone(),
            instellingen: network.instellingen_ad,
        },
        hms: vec![known_hm(on, hm::terug_van_ad)],
        mrs: vec![deelnemer(on, Party::Mr, &network.mr, NAAM_MR)],
        namen: network.namen.clone(),
        testpersonen: network.middelen.clone(),
        next_origins: next_origins(on, network),
        sleutels: sleutels(on, &network.ad)?,
        front,
    };
    Ok(AdRole::new(Arc::clone(app), given))
}

fn mr(on: &Foundation, app: &Arc<App>, catalogus: &Arc<Catalogus>) -> Result<Arc<MrRole>, String> {
    let network = &on.input.etoegang;
    let given = MrGiven {
        front: on.hosts.url("mr"),
        pad: network.pad.clone(),
        entity: network.mr.clone(),
        hms: vec![known_hm(on, hm::terug_van_mr)],
        catalogus: Arc::clone(catalogus),
        namen: network.namen.clone(),
        organisaties: network.organisaties.clone(),
        bekend: network.bekend.clone(),
        machtigingen: network.machtigingen.clone(),
        next_origins: next_origins(on, network),
        sleutels: sleutels(on, &network.mr)?,
    };
    Ok(MrRole::new(Arc::clone(app), given))
}

/// The first app of the first DV of the input is the one with pages.
fn dv(on: &Foundation, app: &Arc<App>, catalogus: &Arc<Catalogus>) -> Result<Arc<DvRole>, String> {
    let network = &on.input.etoegang;
    let front = on.hosts.url("dv");
    let callback = format!("{front}/app/terug");
    let mut apps = network.apps.iter();
    let with_pages = apps.find(|app| app.redirect_uris.contains(&callback));
    let with_pages = with_pages.ok_or_else(|| {
        format!(
            "etoegang.json: no app has the redirect_uri {callback}, which the DV of the demo uses"
        )
    })?;
    let given = DvGiven {
        pad: network.pad.clone(),
        entity: with_pages.dv.clone(),
        client_id: with_pages.client_id.clone(),
        hm: deelnemer(on, Party::Hm, &network.hm, NAAM_HM),
        namen: network.namen.clone(),
        catalogus: Arc::clone(catalogus),
        organisaties: network.organisaties.clone(),
        next_origins: next_origins(on, network),
        sleutels: sleutels(on, &with_pages.dv)?,
        front,
    };
    Ok(DvRole::new(Arc::clone(app), given))
}

/// Where a login leads the browser: browsers hold a form's policy against every redirect that follows.
fn next_origins(on: &Foundation, network: &Etoegang) -> Vec<String> {
    let parties = ["hm", "ad", "mr"].map(|host| on.hosts.url(host));
    let apps = network.apps.iter().flat_map(|app| &app.redirect_uris);
    parties.into_iter().chain(apps.cloned()).collect()
}
