//! Who may administer an HM, an AD or an MR: whoever shows a key of administration that works now.

use axum::response::Response;
use etoegang::beheersleutel::{Beheersleutel, SLEUTEL};
use protocol::bearer::BearerRefusal;
use protocol::handle::Purpose;
use serde::de::DeserializeOwned;
use serde_json::json;
use verdict::{Actor, Key};

use crate::app::App;
use crate::routes::beheer::beheerder::{self, Geen};
use crate::web::{self, Visit};

/// Somebody whose key was proven a moment ago.
pub(super) type Beheerder = beheerder::Beheerder<Beheersleutel>;

impl beheerder::Beheersleutel for Beheersleutel {
    const DOEL: Purpose = SLEUTEL;
    const EIS: &'static str = "RFC 6750 §3.1";

    fn plaats(id: [u8; 16]) -> Key {
        Self::key(id)
    }

    fn houder(&self) -> &str {
        &self.naam
    }
}

impl Beheerder {
    /// Who he is, for the audit log.
    pub(super) fn actor(&self) -> Actor {
        Actor::Party(format!("key of {}", self.wie()))
    }
}

/// Whose key was shown; what is answered where none was that works.
///
/// # Errors
/// 401 (RFC 6750 §3.1), 429 for who asks too often, or 503 when the store does not answer.
pub(super) async fn mag(app: &App, visit: &Visit) -> Result<Beheerder, Box<Response>> {
    let shown = Beheerder::of_bearer(app, visit).await;
    shown.map_err(|geen| {
        Box::new(match geen {
            Geen::Onbekend => web::bearer_refused(BearerRefusal::InvalidToken, None),
            Geen::TeVaak(soon) => web::too_soon(soon),
            Geen::Storing(_) => web::unavailable(),
        })
    })
}

/// The document of a request.
///
/// # Errors
/// 400 with what is wrong, without repeating what stands there.
pub(super) fn gelezen<T: DeserializeOwned>(visit: &Visit) -> Result<T, Box<Response>> {
    serde_json::from_slice(&visit.body).map_err(|error| {
        let detail = format!("line {}: not what is expected here", error.line());
        Box::new(fout(400, &detail))
    })
}

/// A refusal in words (RFC 9457).
pub(super) fn fout(status: u16, detail: &str) -> Response {
    web::json(status, &json!({ "status": status, "detail": detail }))
}
