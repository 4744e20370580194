//! The DVAs.

use std::sync::Arc;

use axum::Router;
use identity::{Hostname, Loa};
use medmij::lists::FrontchannelPort;
use mitz::authorization_server::Dva;
use mitz::discovery::Endpoints;
use mitz::dva::DvaServer;

use super::super::addresses::DvaNames;
use super::super::{Foundation, Party};
use super::digid::{Login, dienst, digid_origin};
use super::{Ask, clients};
use crate::app::App;
use crate::digid::EntranceConfig;
use crate::input::DvaId;
use crate::lists::Lists;
use crate::routes::digid::{BVD, Dienst};
use crate::routes::dva::{DvaGiven, DvaRole, DvaUrls, Medmij};

/// Where the demo's DVAs are called, on the page of a technical fault (technische-storing-core). Nobody's:
/// no number of the Netherlands is that short.
const TELEFOON: &str = "0800 0000";

/// What MedMij's own interfaces need at a DVA.
fn medmij(on: &Foundation, id: DvaId, front: &'static str) -> Result<Medmij, String> {
    let Dienst {
        service_uuid, naam, ..
    } = dienst(id);
    let login = Login {
        party: Party::of_dva(id),
        front,
        back: None,
        // medmij.md §2: DigiD at Substantieel
        min_level: Loa::Substantieel,
    };
    let other = on.input.digid_metadata.as_deref();
    let now = on.clock.wall();
    let digid = login.at(&on.state, &on.hosts, now, other)?;
    let entrance = EntranceConfig {
        service_uuid,
        service_name: naam.clone(),
        bvd_entity_id: BVD.to_owned(),
    };
    // The DigiD of `digid-metadata.xml` has no entrance that we know of.
    let vertegenwoordiging = match other {
        Some(_) => None,
        None => Some(login.at_entrance(&on.state, &on.hosts, now, entrance)?),
    };
    Ok(Medmij {
        digid: digid.named(naam.clone()),
        vertegenwoordiging,
        digid_origin: digid_origin(on),
        front: on.hosts.url(front),
        naam,
        telefoon: Some(TELEFOON.to_owned()),
        vormen: on.input.settings.of(id).vormen,
        port: FrontchannelPort::Allowed,
        abonneren_max: on.input.settings.of(id).subscription_days_max,
        left_open: on.input.settings.of(id).left_open.clone(),
        erkend: on.input.erkend(),
    })
}

pub(super) fn dva(
    on: &Foundation,
    app: &Arc<App>,
    lists: &Arc<Lists>,
    id: DvaId,
) -> Result<Vec<(&'static str, Ask, Router)>, String> {
    let names = DvaNames::of(id);
    let address = on.hosts.dva(id);
    let settings = on.input.settings.of(id);
    let given = DvaGiven {
        dva: DvaServer {
            issuer: address.issuer,
            mitz: on.hosts.mitz_issuer(),
            aanbieders: on.input.aanbieders_of(id),
            leeftijd_min: settings.age_min,
            jwt_bearer: settings.jwt_bearer,
            full_location_token: settings.full_location_token,
        },
        endpoints: Endpoints {
            token_endpoint: address.token_endpoint,
            jwks_uri: address.jwks_uri,
            resource_base: address.resource_base,
        },
        urls: DvaUrls {
            mitz_jwks: on.hosts.mitz_jwks_uri(),
            consent_introspect: on.hosts.consent_introspection(),
            xis: on.hosts.url(names.xis),
        },
        clients: clients(on)?,
        lists: Arc::clone(lists),
        medmij: Some(medmij(on, id, names.front)?),
    };
    let role = DvaRole::new(Arc::clone(app), given);
    Ok(vec![
        (names.front, Ask::Never, role.front()),
        (names.back, Ask::Offered, role.back()),
        (names.discovery, Ask::Never, role.discovery()),
    ])
}

/// A DVA as Mitz knows it.
pub(super) fn registered_dva(on: &Foundation, id: DvaId) -> Result<(Hostname, Dva), String> {
    let address = on.hosts.dva(id);
    let dva = Dva {
        issuer: address.issuer,
        jwks_uri: address.jwks_uri,
        uras: on.input.uras_of(id),
    };
    Ok((on.hosts.node(Party::of_dva(id))?, dva))
}
