//! Who may administer an AD or an MR: whoever shows a key of administration that works now.

use axum::response::Response;
use etoegang::beheersleutel::{Beheersleutel, SLEUTEL};
use protocol::bearer::BearerRefusal;
use serde::de::DeserializeOwned;
use serde_json::json;
use verdict::Actor;

use crate::app::App;
use crate::web::{self, Visit};

/// Whose key was shown, for the audit log; what is answered where none was that works.
///
/// # Errors
/// 401 (RFC 6750 §3.1), or 503 when the store does not answer.
pub(super) async fn mag(app: &App, visit: &Visit) -> Result<Actor, Box<Response>> {
    let shown = visit.bearer().ok();
    let held = shown.and_then(|token| app.handles.open(SLEUTEL, token));
    let mut found = None;
    if let Some(handle) = held.filter(|held| *held == Beheersleutel::handle(held.id)) {
        let key = Beheersleutel::key(handle.id);
        let row = app.load::<Beheersleutel>(key, app.clock.now()).await;
        found = row.map_err(|_| Box::new(web::unavailable()))?;
    }
    let Some(sleutel) = found else {
        app.refused(visit.trace, "RFC 6750 §3.1", "no key of administration");
        let refused = web::bearer_refused(BearerRefusal::InvalidToken, None);
        return Err(Box::new(refused));
    };
    Ok(Actor::Party(format!("key of {}", sleutel.value.naam)))
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
