//! The Whitelist at the back host, before anything that the Authorization server or the Resource server does
//! (core.whl.306–309).

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use protocol::refusal::ErrorCode;

use super::DvaRole;
use crate::door::{Peer, PeerCertificate, TraceId, unanswered};
use crate::web;

/// Lets a request pass when its certificate names a host of the Whitelist, as common name or as DNS name
/// (core.whl.307, medmij cases 49 and 50). Else, and also when the list cannot be had (case 51), there is no
/// answer, and nothing that tells why (core.whl.309).
///
/// Whoever shows no certificate that holds is told so, whatever he asks (case 48).
pub(super) async fn before(
    State(role): State<Arc<DvaRole>>,
    Extension(peer): Extension<Peer>,
    Extension(trace): Extension<TraceId>,
    request: Request,
    next: Next,
) -> Response {
    let Some(certificate) = peer.certificate_valid_at(role.app.clock.wall()) else {
        let why = "there is no client certificate that holds";
        role.app
            .refused_to(&peer.name(), trace, "core.tls.314", why);
        return web::refused(ErrorCode::InvalidClient);
    };
    match role.on_the_whitelist(certificate).await {
        Ok(()) => next.run(request).await,
        Err(why) => {
            role.app
                .refused_to(&peer.name(), trace, "core.whl.307", why);
            unanswered()
        }
    }
}

impl DvaRole {
    /// core.whl.302: the most recent list, at every request, also on a connection that was begun before.
    async fn on_the_whitelist(&self, certificate: &PeerCertificate) -> Result<(), &'static str> {
        let whitelist = self.lists.whitelist(&self.app).await;
        let whitelist = whitelist.map_err(|_| "the Whitelist cannot be had")?;
        let mut named = certificate.hosts_named.iter();
        if named.any(|host| whitelist.contains(host)) {
            Ok(())
        } else {
            Err("the certificate names no host of the Whitelist")
        }
    }
}
