//! Who may administer an AD or an MR: whoever holds its key of administration. A bearer secret, made by
//! the party's key for handles; a new key ends it.

use axum::response::Response;
use protocol::bearer::BearerRefusal;
use protocol::handle::{Handle, Purpose};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::app::App;
use crate::web::{self, Visit};

const BEHEER: Purpose = Purpose("etoegang.beheer");
const HANDLE: Handle = Handle {
    id: *b"etoegang.beheer\0",
    generation: 0,
};

/// The key.
pub fn sleutel(app: &App) -> String {
    app.handles.make(BEHEER, HANDLE)
}

/// Whether the holder of the key asks; what he gets otherwise.
///
/// # Errors
/// 401 (RFC 6750 §3.1).
pub(super) fn mag(app: &App, visit: &Visit) -> Result<(), Box<Response>> {
    let shown = visit.bearer().ok();
    let held = shown.and_then(|token| app.handles.open(BEHEER, token));
    if held == Some(HANDLE) {
        return Ok(());
    }
    app.refused(visit.trace, "RFC 6750 §3.1", "no key of administration");
    let refused = web::bearer_refused(BearerRefusal::InvalidToken, None);
    Err(Box::new(refused))
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
