//! What the requirement asks that a refusal names.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;

use super::{not_found, show};
use crate::pages::Eis;
use crate::requirements;
use crate::web::Visit;

/// A requirement by its id.
pub(super) async fn eis(eis: Result<Path<String>, PathRejection>, visit: Visit) -> Response {
    // What is no text is no id.
    let found = eis.ok().and_then(|Path(id)| requirements::find(&id));
    let Some(requirement) = found else {
        return not_found(&visit);
    };
    let page = Eis {
        id: requirement.id.clone(),
        tekst: requirement.text.clone(),
        bron: requirement.source.clone(),
        release: requirement.release.clone(),
        url: requirement.url.clone(),
    };
    show(200, &visit, &page)
}
