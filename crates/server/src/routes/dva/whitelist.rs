//! The Whitelist at the back host, before anything that the Authorization server or the Resource server does
//! (core.whl.306–309).

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::DvaRole;
use crate::door::{Peer, TraceId, unanswered};

/// Lets a request pass when its certificate names a host of the Whitelist, as common name or as DNS name
/// (core.whl.307, medmij cases 49 and 50). Else, and also when the list cannot be had (case 51), there is no
/// answer, and nothing that tells why (core.whl.309).
///
/// A request without a certificate that holds passes: it goes no further than the proof of the client (case 48).
pub(super) async fn before(
    State(role): State<Arc<DvaRole>>,
    Extension(peer): Extension<Peer>,
    Extension(trace): Extension<TraceId>,
    request: Request,
    next: Next,
) -> Response {
    match role.on_the_whitelist(&peer).await {
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
    async fn on_the_whitelist(&self, peer: &Peer) -> Result<(), &'static str> {
        let Some(certificate) = peer.certificate_valid_at(self.app.clock.wall()) else {
            return Ok(());
        };
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
