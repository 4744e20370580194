//! The roles of eToegang.

use std::path::PathBuf;
use std::sync::Arc;

use etoegang::authenticatiedienst::sessie::Ad;
use etoegang::dienstencatalogus::Dienstencatalogus;
use etoegang::dv_hm::{DvApps, Hm};
use identity::{EntityId, Oin};
use protocol::not_before::NotBefore;
use rustls_pki_types::CertificateDer;
use verdict::Moment;

use super::super::ketens::Ketens;
use super::super::{Foundation, files};
use super::{Ask, Chore, Opened, app};
use crate::app::App;
use crate::catalogus::{self, Bron, Catalogus};
use crate::config::{
    AdConfig, BackendConfig, CalledConfig, CallerConfig, CatalogusConfig, Config, HmConfig,
    MrConfig, X5cConfig,
};
use crate::input::{EtoegangApp, EtoegangRegister, Registers};
use crate::routes::etoegang::ad::{AdGiven, AdHm, AdRole};
use crate::routes::etoegang::hm::{HmGiven, HmRole};
use crate::routes::etoegang::mr::{MrGiven, MrRole};
use crate::routes::etoegang::sleutels::{Certificeerder, Sleutelbos};
use crate::routes::etoegang::{Deelnemer, uncached_pages};

pub(super) async fn hm(on: &Foundation, config: &HmConfig) -> Result<Opened, String> {
    let purposes = HmRole::purposes(config.instellingen.ondertekent);
    let app = app(on, "hm", &config.node, &purposes).await?;
    let register = &on.registers.etoegang;
    let apps = DvApps::new(register.apps.iter().map(EtoegangApp::dv_app));
    let apps = apps.map_err(|app| {
        format!(
            "etoegang.json: {}: a redirect URI that is none for an app",
            app.client_id
        )
    })?;
    let front = config.site.url.clone();
    let keys = certificaten(on, &app, &config.entity, &config.x5c)?;
    let wortels = &keys.wortels;
    let catalogus = catalogus(on, "hm", config.catalogus.as_ref(), &[&config.entity])?;
    let given = HmGiven {
        hm: Hm {
            issuer: format!("{front}{}", register.pad),
            entity: config.entity.clone(),
            instellingen: config.instellingen.clone(),
            not_before: NotBefore::NEVER,
        },
        apps,
        catalogus: Arc::clone(&catalogus),
        dienstverleners: register.dienstverleners.clone(),
        namen: register.namen.clone(),
        ads: config.ads.iter().map(|ad| called(ad, wortels)).collect(),
        mrs: config.mrs.iter().map(|mr| called(mr, wortels)).collect(),
        dvs: config.dvs.iter().map(|dv| backend(dv, wortels)).collect(),
        sleutels: keys.sleutels,
        front,
    };
    let role = HmRole::new(Arc::clone(&app), given);
    let mut chores: Vec<Chore> = vec![
        Box::pin(Arc::clone(&role).herroep()),
        Box::pin(catalogus.keep_fresh(Arc::clone(&app))),
    ];
    chores.extend(keys.chore);
    Ok(Opened {
        sites: vec![(
            config.site.clone(),
            Ask::Never,
            uncached_pages(role.router()),
        )],
        chores,
        app,
    })
}

pub(super) async fn ad(on: &Foundation, config: &AdConfig) -> Result<Opened, String> {
    let app = app(on, "ad", &config.node, &AdRole::PURPOSES).await?;
    let register = &on.registers.etoegang;
    let front = config.site.url.clone();
    let keys = certificaten(on, &app, &config.entity, &config.x5c)?;
    let wortels = &keys.wortels;
    let given = AdGiven {
        ad: Ad {
            issuer: format!("{front}{}", register.pad),
            entity: config.entity.clone(),
            instellingen: config.instellingen,
        },
        hms: config.hms.iter().map(|hm| caller(hm, wortels)).collect(),
        mrs: config.mrs.iter().map(|mr| called(mr, wortels)).collect(),
        namen: register.namen.clone(),
        testpersonen: Vec::new(),
        next_origins: next_origins(register, &config.hms, &config.mrs),
        sleutels: keys.sleutels,
        front,
    };
    let role = AdRole::new(Arc::clone(&app), given);
    Ok(Opened {
        app,
        sites: vec![(
            config.site.clone(),
            Ask::Never,
            uncached_pages(role.router()),
        )],
        chores: keys.chore.into_iter().collect(),
    })
}

pub(super) async fn mr(on: &Foundation, config: &MrConfig) -> Result<Opened, String> {
    let app = app(on, "mr", &config.node, &MrRole::PURPOSES).await?;
    let register = &on.registers.etoegang;
    let hms: Vec<&EntityId> = config.hms.iter().map(|hm| &hm.entity).collect();
    let catalogus = catalogus(on, "mr", config.catalogus.as_ref(), &hms)?;
    let keys = certificaten(on, &app, &config.entity, &config.x5c)?;
    let wortels = &keys.wortels;
    let given = MrGiven {
        pad: register.pad.clone(),
        front: config.site.url.clone(),
        entity: config.entity.clone(),
        hms: config.hms.iter().map(|hm| caller(hm, wortels)).collect(),
        catalogus: Arc::clone(&catalogus),
        namen: register.namen.clone(),
        organisaties: register.organisaties.clone(),
        bekend: register.bekend.clone(),
        machtigingen: Vec::new(),
        next_origins: next_origins(register, &config.hms, &[]),
        sleutels: keys.sleutels,
    };
    let role = MrRole::new(Arc::clone(&app), given);
    let mut chores: Vec<Chore> = vec![Box::pin(catalogus.keep_fresh(Arc::clone(&app)))];
    chores.extend(keys.chore);
    Ok(Opened {
        sites: vec![(
            config.site.clone(),
            Ask::Never,
            uncached_pages(role.router()),
        )],
        chores,
        app,
    })
}

/// The keys of a role and of others, by their certificates.
struct Certificaten {
    sleutels: Sleutelbos,
    /// By whose certificates the keys of others count.
    wortels: Vec<CertificateDer<'static>>,
    /// What keeps its own certificates as the directory has them.
    chore: Option<Chore>,
}

/// What the files hold that `x5c` names.
///
/// # Errors
/// A text for the operator.
fn certificaten(
    on: &Foundation,
    app: &Arc<App>,
    entity: &EntityId,
    config: &X5cConfig,
) -> Result<Certificaten, String> {
    let wortels = config.roots.iter().map(|file| files::roots(file));
    let wortels: Vec<_> = wortels.collect::<Result<_, _>>()?;
    let open = |directory: &PathBuf| {
        let oin = Oin::parse(entity.oin()).map_err(|error| error.to_string())?;
        Ketens::open(directory, oin, on.clock.clone()).map(Arc::new)
    };
    let ketens = config.directory.as_ref().map(open).transpose()?;
    let eigen = ketens
        .clone()
        .map(|ketens| ketens as Arc<dyn Certificeerder>);
    Ok(Certificaten {
        sleutels: Sleutelbos::new(eigen),
        wortels: wortels.into_iter().flatten().collect(),
        chore: ketens.map(|ketens| Box::pin(ketens.keep_fresh(Arc::clone(app))) as Chore),
    })
}

/// The service catalogue of a role: the published one, kept in the role's directory, or what
/// `etoegang.json` says that these HMs offer.
fn catalogus(
    on: &Foundation,
    role: &str,
    config: Option<&CatalogusConfig>,
    hms: &[&EntityId],
) -> Result<Arc<Catalogus>, String> {
    let Some(config) = config else {
        let why = "etoegang.json: a service stands there twice, or there are too many";
        let diensten = on.registers.etoegang.catalogus(hms);
        return Ok(Catalogus::register(diensten.map_err(|_| why.to_owned())?));
    };
    let party = on.config.state.join(role);
    Ok(Catalogus::of(bron(config)?, Some(&party), on.clock.now()))
}

/// The services for which mandates can be at the MR of a node, for who works beside it: of the catalogue
/// that it keeps, or of its registers where it is told of none.
///
/// # Errors
/// A text for the operator: no MR, a file that cannot be read, or nothing kept yet.
pub fn diensten_van_mr(
    config: &Config,
    registers: &Registers,
    now: Moment,
) -> Result<Dienstencatalogus, String> {
    let mr = config.mr.as_ref().ok_or("the configuration has no [mr]")?;
    let Some(published) = &mr.catalogus else {
        // Which HMs offer a service says nothing of its mandates.
        let diensten = registers.etoegang.catalogus(&[]);
        return diensten.map_err(|_| "etoegang.json: a service stands there twice".to_owned());
    };
    let kept = Catalogus::of(bron(published)?, Some(&config.state.join("mr")), now);
    let kept = kept.bekend().ok_or_else(|| {
        let at = catalogus::document(&config.state.join("mr"));
        let why = "the MR keeps no service catalogue yet; it does once it could fetch one";
        format!("{}: {why}", at.display())
    })?;
    Ok(kept.diensten().clone())
}

/// Where the catalogue is published, and whose signature counts.
///
/// # Errors
/// A text for the operator.
pub(in super::super) fn bron(config: &CatalogusConfig) -> Result<Bron, String> {
    let mut sleutels = Vec::new();
    for file in &config.certificates {
        let signers = files::signers(file)?;
        sleutels.extend(signers.iter().map(|signer| signer.key().clone()));
    }
    Ok(Bron {
        plaats: config.plaats.clone(),
        sleutels,
        oudst_s: config.oudst_s,
    })
}

fn called(known: &CalledConfig, wortels: &[CertificateDer<'static>]) -> Deelnemer {
    Deelnemer {
        entity: known.entity.clone(),
        naam: known.name.clone(),
        basis: known.url.clone(),
        jwks_uri: known.jwks_uri.clone(),
        wortels: wortels.to_vec(),
    }
}

/// Nothing but its keys is asked of a backend.
fn backend(known: &BackendConfig, wortels: &[CertificateDer<'static>]) -> Deelnemer {
    asks((&known.entity, &known.name), &known.jwks_uri, wortels)
}

fn caller(known: &CallerConfig, wortels: &[CertificateDer<'static>]) -> AdHm {
    AdHm {
        deelnemer: asks((&known.entity, &known.name), &known.jwks_uri, wortels),
        redirect_uris: known.redirect_uris.clone(),
    }
}

/// A participant of which only the keys are asked.
fn asks(
    (entity, name): (&EntityId, &str),
    jwks_uri: &str,
    wortels: &[CertificateDer<'static>],
) -> Deelnemer {
    Deelnemer {
        entity: entity.clone(),
        naam: name.to_owned(),
        basis: String::new(),
        jwks_uri: Some(jwks_uri.to_owned()),
        wortels: wortels.to_vec(),
    }
}

/// Where a login leads the browser: browsers hold a form's policy against every redirect that follows.
fn next_origins(
    register: &EtoegangRegister,
    hms: &[CallerConfig],
    mrs: &[CalledConfig],
) -> Vec<String> {
    let back = hms.iter().flat_map(|hm| &hm.redirect_uris);
    let apps = register.apps.iter().flat_map(|app| &app.redirect_uris);
    let mrs = mrs.iter().map(|mr| &mr.url);
    back.chain(mrs).chain(apps).cloned().collect()
}
