//! The roles of a node, each put together from its section of the configuration.

pub(super) mod etoegang;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use koppeltaal::domeinconfiguratie::Regels;
use medmij::lists::{FrontchannelPort, ZalRelease, ZalRules};
use mitz::authorization_server::{Dva, Dvas, Mitz};
use mitz::discovery::Endpoints;
use mitz::dva::DvaServer;
use protocol::client::{Authentication, Client, Clients};
use saml::metadata::IdpMetadata;

use super::Foundation;
use super::files;
use crate::app::{App, Given};
use crate::certificates::{is_of_the_demo, thumbprint};
use crate::config::{
    DigidConfig, DvaConfig, KoppeltaalConfig, LokalisatieConfig, MedmijConfig, MitzConfig,
    NodeIdentity, PgoConfig, SiteConfig,
};
use crate::digid::{EntranceConfig, MetadataSource, ServiceProvider, ServiceProviderConfig};
use crate::input::{ClientAuth, Registers};
use crate::keys::{Custody, Keys, MasterKey, Purpose};
use crate::lists::{Lists, Stelselnode};
use crate::observer::Observer;
use crate::routes::dva::{DvaGiven, DvaRole, DvaUrls, Medmij};
use crate::routes::koppeltaal::KoppeltaalRole;
use crate::routes::lokalisatie::LokalisatieRole;
use crate::routes::mitz::{MitzRole, MitzUrls};
use crate::routes::pgo::{self, PgoRole};
use crate::web;

/// By which rules MedMij's Zorgaanbiederslijst is read.
const ZAL_RULES: ZalRules = ZalRules {
    release: ZalRelease::Release3,
    frontchannel_port: FrontchannelPort::Forbidden,
};

/// Whether a site asks its clients for a certificate: each role says so of each of its hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Never,
    Offered,
    Required,
}

/// A role that is ready to be served.
pub(super) struct Opened {
    pub(super) app: Arc<App>,
    pub(super) sites: Vec<(SiteConfig, Ask, Router)>,
    /// What it does by itself, once the doors stand open.
    pub(super) chores: Vec<Chore>,
}

/// Work that goes on for as long as the role is served.
pub(super) type Chore = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Opens every role that the configuration names.
///
/// # Errors
/// A text for the operator.
pub(super) async fn open(on: &Foundation) -> Result<Vec<Opened>, String> {
    let mut opened = Vec::new();
    if let Some(config) = &on.config.mitz {
        opened.push(mitz(on, config).await?);
    }
    if let Some(config) = &on.config.lokalisatie {
        opened.push(lokalisatie(on, config).await?);
    }
    if let Some(config) = &on.config.dva {
        opened.push(dva(on, config).await?);
    }
    if let Some(config) = &on.config.pgo {
        opened.push(pgo(on, config).await?);
    }
    if let Some(config) = &on.config.koppeltaal {
        opened.push(koppeltaal(on, config).await?);
    }
    if let Some(config) = &on.config.hm {
        opened.push(etoegang::hm(on, config).await?);
    }
    if let Some(config) = &on.config.ad {
        opened.push(etoegang::ad(on, config).await?);
    }
    if let Some(config) = &on.config.mr {
        opened.push(etoegang::mr(on, config).await?);
    }
    Ok(opened)
}

async fn app(
    on: &Foundation,
    role: &'static str,
    node: &NodeIdentity,
    purposes: &[Purpose],
) -> Result<Arc<App>, String> {
    let home = on.home(role).await?;
    let master = MasterKey::read(&on.config.master_file);
    let master = master.map_err(|fault| format!("keys: {fault}"))?;
    let now = on.clock.now();
    let schedule = on.config.schedule_of(role);
    let custody = Custody::new(master, on.token.clone());
    let keys = Keys::open(&home, custody, purposes, schedule, now).await;
    let keys = keys.map_err(|fault| format!("keys of {role}: {fault}"))?;
    let given = Given {
        host: node.host.clone(),
        clock: on.clock.clone(),
        outside: on.outside(role, node)?,
        log: on.log.clone(),
        observer: Observer::nobody(role),
    };
    Ok(App::new(role, home, keys, given))
}

async fn mitz(on: &Foundation, config: &MitzConfig) -> Result<Opened, String> {
    let app = app(on, "mitz", &config.node, &MitzRole::PURPOSES).await?;
    let dva = |dva: &crate::config::RegisteredDva| {
        let known = Dva {
            issuer: dva.issuer.clone(),
            jwks_uri: dva.jwks_uri.clone(),
            uras: dva.uras.clone(),
        };
        (dva.host.clone(), known)
    };
    let mitz = Mitz {
        issuer: config.front.url.clone(),
        clients: clients(&on.registers),
        dvas: config.dvas.iter().map(dva).collect::<Dvas>(),
        catalogus: on.registers.catalogus(),
        min_level: config.min_level,
        full_location_token: config.full_location_token,
        assertion_audience: config.assertion_audience,
    };
    let idp = idp_metadata(&config.digid)?;
    let login = idp.sso_redirect.as_ref().or(idp.sso_post.as_ref());
    let urls = MitzUrls {
        front: config.front.url.clone(),
        back: config.back.url.clone(),
        register: config.register.url.clone(),
        lokalisatie: config.lokalisatie.clone(),
        digid_origin: web::origin(login.map_or("", String::as_str)),
    };
    let digid = service_provider(on, config)?;
    let role = MitzRole::new(Arc::clone(&app), Arc::new(mitz), urls, digid);
    Ok(Opened {
        app,
        sites: vec![
            (config.front.clone(), Ask::Never, role.front()),
            (config.back.clone(), Ask::Offered, role.back()),
            (config.register.clone(), Ask::Never, role.register()),
        ],
        chores: Vec::new(),
    })
}

/// The metadata of a DigiD that is none of the demo's simulators.
///
/// # Errors
/// A text for the operator.
pub(super) fn idp_metadata(config: &DigidConfig) -> Result<IdpMetadata, String> {
    let at = config.metadata.display();
    let document = files::read(&config.metadata)?;
    let idp = IdpMetadata::parse(&document)
        .map_err(|bad| format!("{at}: is not metadata of DigiD: {bad}"))?;
    if idp.signing.iter().any(|key| is_of_the_demo(key.der())) {
        return Err(format!(
            "{at}: is of the demo's simulator of DigiD, which `sluis serve` never takes"
        ));
    }
    if idp.sso_redirect.is_none() && idp.sso_post.is_none() {
        return Err(format!("{at}: does not say where people log in"));
    }
    Ok(idp)
}

/// Mitz as DigiD knows it.
pub(super) fn service_provider(
    on: &Foundation,
    config: &MitzConfig,
) -> Result<ServiceProvider, String> {
    let (front, back) = (&config.front.url, &config.back.url);
    let signing = files::pair(&config.digid.signing, on.clock.wall())?;
    let provider = ServiceProviderConfig {
        entity_id: format!("{front}/saml/metadata"),
        acs_url: format!("{front}/saml/acs"),
        slo_url: Some(format!("{front}/saml/slo")),
        slo_soap_url: Some(format!("{back}/saml/slo")),
        min_level: config.min_level,
        metadata: MetadataSource::Document(files::read(&config.digid.metadata)?),
    };
    let provider = ServiceProvider::new(provider, &signing.identity);
    let provider = provider.map_err(|fault| {
        let key = config.digid.signing.key.display();
        format!("{key}: {fault}; SAML needs an RSA key in PKCS#8")
    })?;
    Ok(provider.named(config.digid.name.as_deref().unwrap_or("Mitz")))
}

async fn lokalisatie(on: &Foundation, config: &LokalisatieConfig) -> Result<Opened, String> {
    let app = app(on, "lokalisatie", &config.node, &[]).await?;
    let table = Arc::clone(&on.registers.localisation);
    let role = LokalisatieRole::new(Arc::clone(&app), config.mitz_host.clone(), table);
    Ok(Opened {
        app,
        sites: vec![(config.site.clone(), Ask::Required, role.router())],
        chores: Vec::new(),
    })
}

/// What MedMij's own interfaces need at a DVA.
fn medmij(on: &Foundation, dva: &DvaConfig, config: &MedmijConfig) -> Result<Medmij, String> {
    let front = &dva.front.url;
    let provider = |path: &str, digid: &DigidConfig| {
        idp_metadata(digid)?;
        let signing = files::pair(&digid.signing, on.clock.wall())?;
        let provider = ServiceProviderConfig {
            entity_id: format!("{front}{path}"),
            acs_url: format!("{front}/saml/acs"),
            slo_url: None,
            slo_soap_url: None,
            min_level: config.min_level,
            metadata: MetadataSource::Document(files::read(&digid.metadata)?),
        };
        let provider = ServiceProvider::new(provider, &signing.identity);
        let name = digid.name.as_ref().unwrap_or(&config.name);
        provider
            .map(|provider| provider.named(name))
            .map_err(|fault| {
                let key = digid.signing.key.display();
                format!("{key}: {fault}; SAML needs an RSA key in PKCS#8")
            })
    };
    let vertegenwoordiging = config.entrance.as_ref().map(|entrance| {
        let known = EntranceConfig {
            service_uuid: entrance.service_uuid.clone(),
            service_name: config.name.clone(),
            bvd_entity_id: entrance.bvd.clone(),
        };
        let encryption = files::pair(&entrance.encryption, on.clock.wall())?;
        let provider = provider("/saml/v4/metadata", &entrance.digid)?;
        provider
            .at_entrance(known, &encryption.identity)
            .map_err(|fault| {
                let key = entrance.encryption.key.display();
                format!("{key}: {fault}; SAML needs an RSA key in PKCS#8")
            })
    });
    let idp = idp_metadata(&config.digid)?;
    let login = idp.sso_redirect.or(idp.sso_post);
    Ok(Medmij {
        digid: provider("/saml/metadata", &config.digid)?,
        vertegenwoordiging: vertegenwoordiging.transpose()?,
        digid_origin: web::origin(login.as_deref().unwrap_or_default()),
        front: front.clone(),
        naam: config.name.clone(),
        telefoon: config.telephone.clone(),
        vormen: config.vormen,
        port: FrontchannelPort::Forbidden,
        abonneren_max: config.subscription_days_max,
        left_open: config.left_open.clone(),
        erkend: on.registers.erkend(),
    })
}

async fn dva(on: &Foundation, config: &DvaConfig) -> Result<Opened, String> {
    let app = app(on, "dva", &config.node, &DvaRole::PURPOSES).await?;
    let lists = lists(on, "dva", &config.stelselnode);
    let (front, back) = (&config.front.url, &config.back.url);
    let given = DvaGiven {
        dva: DvaServer {
            issuer: front.clone(),
            mitz: config.mitz.clone(),
            aanbieders: on.registers.aanbieders(),
            leeftijd_min: config.age_min,
            jwt_bearer: config.jwt_bearer,
            full_location_token: config.full_location_token,
        },
        endpoints: Endpoints {
            token_endpoint: format!("{back}/token"),
            jwks_uri: format!("{front}/jwks"),
            resource_base: format!("{back}/resource"),
        },
        urls: DvaUrls {
            mitz_jwks: config.mitz_jwks.clone(),
            consent_introspect: config.consent_introspection.clone(),
            xis: config.xis.clone(),
        },
        clients: clients(&on.registers),
        lists: Arc::clone(&lists),
        medmij: config
            .medmij
            .as_ref()
            .map(|medmij| self::medmij(on, config, medmij))
            .transpose()?,
    };
    let role = DvaRole::new(Arc::clone(&app), given);
    Ok(Opened {
        chores: vec![Box::pin(lists.keep_fresh(Arc::clone(&app)))],
        app,
        sites: vec![
            (config.front.clone(), Ask::Never, role.front()),
            (config.back.clone(), Ask::Offered, role.back()),
            (config.discovery.clone(), Ask::Never, role.discovery()),
        ],
    })
}

async fn pgo(on: &Foundation, config: &PgoConfig) -> Result<Opened, String> {
    let app = app(on, "pgo", &config.node, &[]).await?;
    let lists = lists(on, "pgo", &config.stelselnode);
    let providers = &on.registers.providers;
    let in_zal = providers.iter().filter(|provider| provider.dva.is_some());
    let logins = config.login_origins.iter().map(|url| web::origin(url));
    let given = pgo::PgoConfig {
        client_id: config.node.host.to_string(),
        front: config.front.url.clone(),
        mitz: config.mitz.clone(),
        toestemmingen: config.toestemmingen.clone(),
        login_origins: std::iter::once(web::origin(&config.mitz))
            .chain(logins)
            .collect(),
        aanbieders: in_zal
            .map(|provider| (provider.naam.clone(), provider.weergavenaam.clone()))
            .collect(),
        namen: providers
            .iter()
            .map(|provider| (provider.ura.clone(), provider.weergavenaam.clone()))
            .collect::<BTreeMap<_, _>>(),
        gegevensdiensten: on.registers.gegevensdiensten.clone(),
    };
    let role = PgoRole::new(Arc::clone(&app), given, Arc::clone(&lists));
    Ok(Opened {
        chores: vec![
            Box::pin(lists.keep_fresh(Arc::clone(&app))),
            Box::pin(Arc::clone(&role).collect_by_night()),
        ],
        app,
        sites: vec![(config.front.clone(), Ask::Never, role.front())],
    })
}

async fn koppeltaal(on: &Foundation, config: &KoppeltaalConfig) -> Result<Opened, String> {
    let app = app(on, "koppeltaal", &config.node, &KoppeltaalRole::PURPOSES).await?;
    let role = KoppeltaalRole::new(Arc::clone(&app), &config.site.url, Regels::default()).await;
    let role = role.map_err(|outage| format!("koppeltaal: {outage}"))?;
    Ok(Opened {
        app,
        sites: vec![(config.site.clone(), Ask::Never, role.router())],
        chores: vec![Box::pin(role.keep_fresh())],
    })
}

/// The lists of MedMij, kept in the role's directory.
fn lists(on: &Foundation, role: &str, base: &str) -> Arc<Lists> {
    let stelselnode = Stelselnode {
        base: base.to_owned(),
        zal: ZAL_RULES,
    };
    Lists::of(&stelselnode, Some(&on.config.state.join(role)))
}

/// The registered clients.
fn clients(registers: &Registers) -> Clients {
    let client = |client: &crate::input::Client| Client {
        client_id: client.client_id.to_string(),
        organisatienaam: client.organisation.to_string(),
        authentication: match &client.auth {
            ClientAuth::TlsClientAuth(names) => Authentication::TlsClientAuth {
                san_dns: names.iter().map(ToString::to_string).collect(),
            },
            ClientAuth::SelfSigned(certificate) => Authentication::SelfSignedTlsClientAuth {
                x5t_s256: thumbprint(certificate),
            },
            ClientAuth::PrivateKeyJwt(keys) => Authentication::PrivateKeyJwt(keys.clone()),
        },
        redirect_uris: client.redirect_uris.clone(),
    };
    registers.clients.iter().map(client).collect()
}
