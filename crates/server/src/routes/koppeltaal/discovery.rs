//! What a domain tells everybody (TOP-KT-016, TOP-KT-020).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use jose::Jwks;
use koppeltaal::smart_configuration;

use super::{InPath, KoppeltaalRole, no_domain, public};
use crate::web;

/// The discovery document, JSON whatever `Accept` says (koppeltaal case 1).
pub(super) async fn smart_configuration(
    State(role): State<Arc<KoppeltaalRole>>,
    path: InPath,
) -> Response {
    match role.domein(&path) {
        Some(domein) => public(web::json(200, &smart_configuration::document(&domein.urls))),
        None => no_domain(),
    }
}

/// The same for clients that read ID tokens (OpenID Connect Discovery 1.0 §4).
pub(super) async fn openid_configuration(
    State(role): State<Arc<KoppeltaalRole>>,
    path: InPath,
) -> Response {
    match role.domein(&path) {
        Some(domein) => public(web::json(200, &smart_configuration::openid(&domein.urls))),
        None => no_domain(),
    }
}

/// The keys of access tokens and ID tokens (koppeltaal case 6).
pub(super) async fn jwks(State(role): State<Arc<KoppeltaalRole>>, path: InPath) -> Response {
    if role.domein(&path).is_none() {
        return no_domain();
    }
    let set = role.app.keys.set();
    let (Ok(access), Ok(id)) = (set.tokens(), set.id_tokens()) else {
        return web::unavailable();
    };
    let keys = [access.published(), id.published()];
    let keys = keys.into_iter().flat_map(Jwks::keys).cloned().collect();
    match Jwks::new(keys) {
        Ok(keys) => public(web::json(200, &keys.to_json())),
        Err(_) => web::unavailable(),
    }
}
