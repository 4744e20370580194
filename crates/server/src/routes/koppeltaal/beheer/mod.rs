//! Domain administration ([domeinbeheer], koppeltaal.md §1.1) by REST, below `/api/v1/<DOMEIN>/beheer`.
//!
//! [`tabel`] says what there is: the router and the OpenAPI document are both made from it. Whoever
//! asks shows an administration key, which [`beheerder`] proves before anything else is looked at. A
//! change names the version of the domain that it begins from; nobody overwrites another unknowingly.
//!
//! People do the same at [`bladzijden`], below `/beheer`.

mod applicaties;
mod beheerder;
mod bladzijden;
mod domein;
mod logboek;
mod onderdelen;
mod openapi;
mod pagina_applicatie;
mod pagina_delen;
mod plek;
mod problem;
mod strict;
mod tabel;
mod vooraf;
mod wijzigen;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{MethodFilter, any, get, on};
use http::HeaderValue;
use http::header::ETAG;
use koppeltaal::Domein;
use koppeltaal::domeinbeheer::Nu;
use koppeltaal::domeinconfiguratie::Domeinconfiguratie;
use serde_json::Value;

use self::beheerder::Beheerder;
use self::problem::Problem;
use self::tabel::{OPERATIES, Operatie};
use super::KoppeltaalRole;
use crate::domeinbeheer;
use crate::routes::beheer::Names;
use crate::web::{self, Visit};

/// A request by whoever may administer the domain of its path.
struct Vraag {
    role: Arc<KoppeltaalRole>,
    domein: Domein,
    beheerder: Beheerder,
    names: BTreeMap<String, String>,
    visit: Visit,
}

pub(super) use self::bladzijden::routes as bladzijden;

/// What comes of it.
type Antwoord = Result<Response, Problem>;
/// The same, on its way.
type Bezig = Pin<Box<dyn Future<Output = Antwoord> + Send>>;

/// What answers below a domain.
pub(super) fn routes() -> Router<Arc<KoppeltaalRole>> {
    let router = Router::new()
        .route("/", get(bladzijden::from_discovery))
        .route("/openapi.json", get(openapi::document));
    let router = OPERATIES.iter().fold(router, |router, operatie| {
        let handler = move |State(role), Names(names), visit| answer(operatie, role, names, visit);
        // Every method of the table is one that axum knows: a test asks each.
        let method = MethodFilter::try_from(operatie.method.clone()).unwrap_or(MethodFilter::GET);
        router.route(operatie.path, on(method, handler))
    });
    router
        .method_not_allowed_fallback(other_method)
        .route("/{*elsewhere}", any(elsewhere))
}

/// The path is one of the table, and the method is not. The router says in `Allow` which are.
async fn other_method(State(role): State<Arc<KoppeltaalRole>>, visit: Visit) -> Response {
    Problem::other_method().response(&role.app, visit.trace)
}

/// No path of the table.
async fn elsewhere(State(role): State<Arc<KoppeltaalRole>>, visit: Visit) -> Response {
    Problem::unknown("address").response(&role.app, visit.trace)
}

/// Who, may he, do it, answer.
async fn answer(
    operatie: &'static Operatie,
    role: Arc<KoppeltaalRole>,
    names: BTreeMap<String, String>,
    visit: Visit,
) -> Response {
    let (app, trace) = (Arc::clone(&role.app), visit.trace);
    let answered = match admitted(role, names, visit).await {
        Ok(vraag) => (operatie.run)(vraag).await,
        Err(problem) => Err(problem),
    };
    answered.unwrap_or_else(|problem| problem.response(&app, trace))
}

async fn admitted(
    role: Arc<KoppeltaalRole>,
    mut names: BTreeMap<String, String>,
    visit: Visit,
) -> Result<Vraag, Problem> {
    let beheerder = Beheerder::of_bearer(&role.app, &visit).await?;
    let domein = names.remove("domein");
    let domein = domein.ok_or_else(|| Problem::unknown("name"))?;
    let domein = Domein::parse(&domein).map_err(|_| Problem::unknown("domain"))?;
    beheerder.may(&domein)?;
    Ok(Vraag {
        role,
        domein,
        beheerder,
        names,
        visit,
    })
}

impl Vraag {
    /// A name in the path.
    fn name(&self, name: &str) -> &str {
        self.names.get(name).map_or("", String::as_str)
    }

    /// The domain as it is kept, whatever this node knew.
    async fn nu(&self) -> Result<(u64, Domeinconfiguratie), Problem> {
        match self.kept().await? {
            Some(Nu {
                versie,
                domein: Some(domein),
            }) => Ok((versie, domein)),
            _ => Err(Problem::unknown("domain")),
        }
    }

    /// The same; nothing is kept of a domain that never was.
    async fn kept(&self) -> Result<Option<Nu>, Problem> {
        let app = &self.role.app;
        let regels = self.role.domeinen.regels;
        let now = app.clock.now();
        Ok(domeinbeheer::nu(&app.home, &self.domein, regels, now).await?)
    }

    /// The body as JSON in which nothing is said twice.
    fn json(&self, media_type: &str) -> Result<Value, Problem> {
        if !self.visit.has_media_type(media_type) {
            return Err(Problem::media_type(media_type));
        }
        Ok(strict::read(&self.visit.body)?)
    }
}

/// That an object has this member and no other.
fn only(said: &Value, member: &str) -> Result<(), Problem> {
    let Value::Object(members) = said else {
        return Err(Problem::bad("", "expected an object"));
    };
    match members.keys().find(|name| *name != member) {
        Some(other) => Err(Problem::bad(other, &format!("expected {member} alone"))),
        None => Ok(()),
    }
}

/// JSON with the version of the domain.
fn of_version(status: u16, versie: u64, body: &Value) -> Response {
    let tag = HeaderValue::from_str(&format!("\"{versie}\""));
    let tag = tag.unwrap_or_else(|_| HeaderValue::from_static("\"\""));
    web::with(web::json(status, body), (ETAG, tag))
}
