//! A Dienstverlener aanbieder: its Discovery server (steps 21, 22), Authorization server (23–28) and
//! Resource server (29, 30).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use fhir::{Bundle, IssueType, NotASearch, Search, Zoekvraag, operation_outcome};
use identity::{Bsn, GegevensdienstId, Hostname, Ura, Zorgaanbiedernaam};
use jose::{Algorithm, Expected, Jwks, MacKey, Typ, jwe};
use mitz::discovery::{self, Endpoints};
use mitz::dva::DvaServer;
use mitz::dva::beschikbaarheidstoets::{Bevinding, Geboortedatum, Patient};
use mitz::dva::resource::{self, ResourceAnswer, ResourceRequest};
use mitz::dva::token::{self, Grant, MitzAntwoord, TokenAnswer, TokenRequest};
use mitz::locatietoken::{self, BSN_SYSTEM, Locatietoken};
use mitz::lokalisatie::NietBereikbaar;
use mitz::toestemming::Functie;
use protocol::access_token::AccessToken;
use protocol::bearer::BearerRefusal;
use protocol::client::{Clients, ProvenClient};
use protocol::refusal::{ErrorCode, Refusal};
use protocol::token_exchange::{ACCESS_TOKEN_TYPE, Exchange};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use verdict::Step;

use crate::app::App;
use crate::door::TraceId;
use crate::jwks::JwksCache;
use crate::keys::{KeyFault, KeyRing};
use crate::lists::Lists;
use crate::outside::Headers;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, NotAForm, Visit};

/// When a refusal that could tell of a treatment relation leaves, after the request came: later than
/// Mitz and a record system that works need to answer, so that the time tells nothing.
const ALIKE_AFTER: Duration = Duration::from_millis(1_500);
/// What the answer to a consent question must say it is (RFC 9701 §5).
const INTROSPECTION_TYP: &str = "token-introspection+jwt";
/// How far Mitz' clock and ours may differ, in seconds (mitz.md §2.5).
const LEEWAY_S: u32 = 60;

/// Where others of the chain are reached.
#[derive(Clone, Debug)]
pub struct DvaUrls {
    /// Public keys of Mitz.
    pub mitz_jwks: String,
    /// The consent question of Mitz.
    pub consent_introspect: String,
    /// The record systems of its providers.
    pub xis: String,
}

/// Everything that the roles of a DVA need.
pub struct DvaRole {
    app: Arc<App>,
    dva: DvaServer,
    endpoints: Endpoints,
    urls: DvaUrls,
    clients: Clients,
    lists: Lists,
    mitz_keys: JwksCache,
    access_tokens: MacKey,
    decryption: [jwe::DecryptionKey; 1],
}

/// What a DVA is given at its start.
pub struct DvaGiven {
    /// Its providers and switches.
    pub dva: DvaServer,
    /// Where it serves.
    pub endpoints: Endpoints,
    /// Where others serve.
    pub urls: DvaUrls,
    /// How DVPs prove who they are.
    pub clients: Clients,
    /// The lists of MedMij.
    pub lists: Lists,
}

impl DvaRole {
    /// Opens the role's keys.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn open(app: Arc<App>, ring: &KeyRing, given: DvaGiven) -> Result<Arc<Self>, KeyFault> {
        Ok(Arc::new(Self {
            app,
            dva: given.dva,
            endpoints: given.endpoints,
            urls: given.urls,
            clients: given.clients,
            lists: given.lists,
            mitz_keys: JwksCache::default(),
            access_tokens: ring.mac("access_tokens")?,
            decryption: [ring.decryption("introspection")?],
        }))
    }

    /// What answers at the front host: what anybody may read.
    pub fn front(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/jwks", get(jwks))
            .with_state(Arc::clone(self))
    }

    /// What answers at the discovery host.
    pub fn discovery(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/.well-known/oauth-authorization-server", get(discover))
            .with_state(Arc::clone(self))
    }

    /// What answers at the back host.
    pub fn back(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/token", post(token))
            .route("/resource/{ura}/{dienst}/fhir/{type}", get(resource))
            .with_state(Arc::clone(self))
    }
}

/// Public keys, for those who encrypt for this DVA.
async fn jwks(State(role): State<Arc<DvaRole>>) -> Response {
    let keys = role
        .decryption
        .iter()
        .map(|key| key.public().clone())
        .collect();
    Jwks::new(keys).map_or_else(
        |_| web::unavailable(),
        |keys| web::json(200, &keys.to_json()),
    )
}

// ── Steps 21 and 22 ─────────────────────────────────────────────────────────────────────────────

async fn discover(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    let app = &role.app;
    let query = visit.query().unwrap_or_default();
    let naam = query.get("zorgaanbiedernaam").unwrap_or_default();
    let naam = Zorgaanbiedernaam::parse(naam).ok();
    let document = naam.and_then(|naam| discovery::document(&role.dva, &role.endpoints, &naam));
    let peer = visit.peer_name();
    if let Some(document) = document {
        app.tell_at(
            21,
            visit.trace,
            peer,
            "question for endpoints",
            true,
            role.at(&query),
        );
        web::json(200, &document)
    } else {
        app.saw_fail(21, visit.trace, peer, "the provider is none of this DVA");
        app.refused(
            visit.trace,
            "mitz case 34",
            "the provider is none of this DVA",
        );
        web::json(404, &json!({ "error": "not_found" }))
    }
}

impl DvaRole {
    /// The URA of the provider that a query names, for the observer.
    fn at(&self, query: &protocol::wire::Parameters) -> Option<String> {
        let naam = Zorgaanbiedernaam::parse(query.get("zorgaanbiedernaam")?).ok()?;
        Some(self.dva.aanbieders.get(&naam)?.ura.to_string())
    }
}

// ── Steps 23–28 ─────────────────────────────────────────────────────────────────────────────────

/// An ID token of Mitz for an access token.
async fn token(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    let arrived = Instant::now();
    let app = &role.app;
    let (client, exchange) = match role.exchange(&visit).await {
        Ok(read) => read,
        Err(refusal) => {
            app.saw_fail(23, visit.trace, visit.peer_name(), refusal.reason);
            app.refused(visit.trace, refusal.requirement, refusal.reason);
            return web::refused(refusal.error);
        }
    };
    let aanbieder = role.ura_of(&exchange.audience);
    let peer = visit.peer_name();
    app.tell_at(
        23,
        visit.trace,
        peer,
        "token request with ID token",
        true,
        aanbieder.clone(),
    );
    let Ok(id_token) = role.id_token(&exchange.id_token).await else {
        app.refused(
            visit.trace,
            "mitz case 48",
            "the keys of Mitz cannot be had",
        );
        return web::unavailable();
    };
    let journey = TokenJourney {
        request: TokenRequest::new(client, exchange, id_token),
        role: Arc::clone(&role),
        antwoord: OnceCell::new(),
        bevinding: OnceCell::new(),
    };
    match settle(app, visit.trace, journey).await {
        Ok(TokenAnswer::Issued(token)) => {
            app.tell_at(
                27,
                visit.trace,
                "xis",
                "data are available",
                true,
                aanbieder,
            );
            role.issued(&token)
        }
        Ok(TokenAnswer::Refused(refusal)) => web::refused(refusal.error),
        Ok(TokenAnswer::RefusedAlike(refusal)) => {
            if refusal.requirement == "mitz case 49" || refusal.requirement == "mitz case 50" {
                app.tell_at(
                    27,
                    visit.trace,
                    "xis",
                    "nothing is available",
                    false,
                    aanbieder,
                );
            }
            tokio::time::sleep_until(arrived + ALIKE_AFTER).await;
            web::refused(refusal.error)
        }
        Err(_) => web::unavailable(),
    }
}

struct TokenJourney {
    role: Arc<DvaRole>,
    request: TokenRequest,
    antwoord: OnceCell<Result<MitzAntwoord, NietBereikbaar>>,
    bevinding: OnceCell<Result<Bevinding, NietBereikbaar>>,
}

impl Journey for TokenJourney {
    type Reply = TokenAnswer;
    type Question = token::Vraag;

    fn begin(&self, run: &Run) -> Step<TokenAnswer, token::Vraag> {
        self.request.begin(&self.role.dva, run.now, &run.entropy)
    }

    async fn answer(
        &self,
        run: &Run,
        question: token::Vraag,
    ) -> Result<Step<TokenAnswer, token::Vraag>, Outage> {
        Ok(match question {
            token::Vraag::Toestemming(q) => {
                let ask = || self.role.ask_mitz(run, &q);
                let antwoord = self.antwoord.get_or_init(ask).await.clone();
                q.answer(antwoord)
            }
            token::Vraag::Beschikbaarheid(q) => {
                let ask = || self.role.ask_xis(run.trace, &q);
                let bevinding = self.bevinding.get_or_init(ask).await.clone();
                q.answer(bevinding)
            }
        })
    }
}

impl DvaRole {
    /// The request of a DVP that proved who it is, stands in the OCL and on the Whitelist.
    async fn exchange(&self, visit: &Visit) -> Result<(ProvenClient, Exchange), Refusal> {
        let form = visit.form().map_err(NotAForm::refusal)?;
        let peer = visit.certificate(&self.app.clock);
        let client = self.clients.prove(form.get("client_id"), peer.as_ref())?;
        let named = peer.and_then(|peer| peer.san_dns).unwrap_or_default();
        self.takes_part(client.id(), &named).await?;
        Ok((client, Exchange::read(&form, self.dva.jwt_bearer)?))
    }

    /// core.whl.302, core.ocl.201: checked at every request, and fails closed.
    async fn takes_part(&self, client_id: &str, peer: &str) -> Result<(), Refusal> {
        let refuse = |error, requirement, reason| Err(Refusal::new(error, requirement, reason));
        let down = "the Whitelist or the OCL cannot be had";
        let (Ok(peer), Ok(client)) = (Hostname::parse(peer), Hostname::parse(client_id)) else {
            let reason = "the certificate or the client names no host";
            return refuse(ErrorCode::InvalidClient, "core.whl.302", reason);
        };
        let Ok(whitelist) = self.lists.whitelist(&self.app).await else {
            return refuse(ErrorCode::TemporarilyUnavailable, "core.whl.307", down);
        };
        let Ok(is_client) = self.lists.is_client(&self.app, &client).await else {
            return refuse(ErrorCode::TemporarilyUnavailable, "core.ocl.201", down);
        };
        if !whitelist.contains(&peer) {
            let reason = "the host is not on the Whitelist";
            return refuse(ErrorCode::InvalidClient, "core.whl.302", reason);
        }
        if !is_client {
            let reason = "the client does not stand in the OCL";
            return refuse(ErrorCode::InvalidClient, "core.ocl.201", reason);
        }
        Ok(())
    }

    fn ura_of(&self, audience: &str) -> Option<String> {
        let naam = Zorgaanbiedernaam::parse(audience).ok()?;
        Some(self.dva.aanbieders.get(&naam)?.ura.to_string())
    }

    /// The claims of the ID token when the signature of Mitz holds (mitz cases 38 and 39), else why
    /// not; no answer when the keys of Mitz cannot be had.
    async fn id_token(
        &self,
        text: &str,
    ) -> Result<Result<Locatietoken, &'static str>, crate::jwks::NoKeys> {
        let url = &self.urls.mitz_jwks;
        let keys = self.mitz_keys.keys(&self.app, url).await?;
        match self.verified(text, &keys) {
            Err(jose::Refused::UnknownKey) => {
                let keys = self.mitz_keys.keys_again(&self.app, url).await?;
                Ok(self.verified(text, &keys).map_err(|_| BAD_ID_TOKEN))
            }
            read => Ok(read.map_err(|_| BAD_ID_TOKEN)),
        }
    }

    fn verified(&self, text: &str, keys: &Jwks) -> Result<Locatietoken, jose::Refused> {
        let expected = Expected {
            typ: Typ::Is(locatietoken::TYP),
            issuer: &self.dva.mitz,
            audience: &[&self.dva.issuer],
            now: self.app.clock.now(),
            leeway_s: LEEWAY_S,
        };
        let claims = jose::verify(text, keys, &[Algorithm::Es256], &expected)?;
        claims.parse_all().map_err(|_| jose::Refused::Payload)
    }

    /// Steps 24–26.
    async fn ask_mitz(
        &self,
        run: &Run,
        q: &token::ToestemmingVraag,
    ) -> Result<MitzAntwoord, NietBereikbaar> {
        let (services, presenter) = (q.services(), q.presenter_x5t());
        let form = [
            ("token", q.id_token()),
            ("token_type_hint", "id_token"),
            ("ura", q.ura().as_str()),
            ("function", Functie::Verzamelen.as_str()),
            ("services", &services),
            ("presenter_x5t", &presenter),
        ];
        let headers = Headers::none()
            .correlation_id(run.trace)
            .accept("application/token-introspection+jwt");
        let url = &self.urls.consent_introspect;
        let answer = self.app.outside.post_form(url, &form, headers).await;
        let body = match answer {
            Ok(answer) if answer.status == 200 => Some(answer.body),
            // mitz case 45: Mitz does not take us for the DVA of this provider
            Ok(answer) if answer.status == 403 => {
                self.told(
                    run,
                    q.ura(),
                    "Mitz says that this is not our provider",
                    false,
                );
                return Ok(MitzAntwoord::Nee {
                    reason: "Mitz says that we are not the DVA of this provider",
                });
            }
            _ => None,
        };
        let introspection = match body {
            Some(body) => self.introspection(&body).await,
            None => None,
        };
        let Some(introspection) = introspection else {
            self.told(run, q.ura(), "no usable answer of Mitz", false);
            return Err(NietBereikbaar);
        };
        let antwoord = MitzAntwoord::read(&introspection, q.ura(), q.client_id());
        let permit = matches!(antwoord, MitzAntwoord::Permit { .. });
        let note = if permit {
            "consent and BSN received"
        } else {
            "no consent"
        };
        self.told(run, q.ura(), note, permit);
        Ok(antwoord)
    }

    fn told(&self, run: &Run, ura: &Ura, note: &str, ok: bool) {
        self.app
            .tell_at(26, run.trace, "mitz", note, ok, Some(ura.to_string()));
    }

    /// Step 26: decrypted with our key, signed by Mitz, for us, now.
    async fn introspection(&self, body: &[u8]) -> Option<Value> {
        let text = std::str::from_utf8(body).ok()?;
        let jws = jwe::decrypt(text, &self.decryption).ok()?;
        let jws = std::str::from_utf8(&jws.plain).ok()?;
        let keys = self
            .mitz_keys
            .keys(&self.app, &self.urls.mitz_jwks)
            .await
            .ok()?;
        let expected = Expected {
            typ: Typ::Is(INTROSPECTION_TYP),
            issuer: &self.dva.mitz,
            audience: &[&self.dva.issuer],
            now: self.app.clock.now(),
            leeway_s: LEEWAY_S,
        };
        let claims = jose::verify(jws, &keys, &[Algorithm::Es256], &expected).ok()?;
        claims.get("token_introspection").cloned()
    }

    /// Step 27: the questions of the beschikbaarheidstoets, to the provider's own record system.
    async fn ask_xis(
        &self,
        trace: TraceId,
        q: &token::BeschikbaarheidVraag,
    ) -> Result<Bevinding, NietBereikbaar> {
        let patients = self.search(trace, q.ura(), q.bsn(), "Patient", &[]).await;
        let Ok(patients) = patients else {
            let aanbieder = Some(q.ura().to_string());
            self.app
                .tell_at(27, trace, "xis", "no answer", false, aanbieder);
            return Err(NietBereikbaar);
        };
        let patient = patients.resources.first().map(|patient| Patient {
            geboortedatum: patient["birthDate"].as_str().and_then(Geboortedatum::parse),
        });
        let mut beschikbaar = Vec::new();
        if patient.is_some() {
            for dienst in q.gegevensdiensten() {
                if self.has_any(trace, q, &dienst.zoekvragen).await? {
                    beschikbaar.push(dienst.id.clone());
                }
            }
        }
        Ok(Bevinding {
            patient,
            beschikbaar,
        })
    }

    /// Whether one of the searches of a gegevensdienst finds something.
    async fn has_any(
        &self,
        trace: TraceId,
        q: &token::BeschikbaarheidVraag,
        zoekvragen: &[Zoekvraag],
    ) -> Result<bool, NietBereikbaar> {
        for zoekvraag in zoekvragen {
            let mut parameters = zoekvraag.parameters.clone();
            parameters.push(("_count".to_owned(), "1".to_owned()));
            let kind = &zoekvraag.resource_type;
            let found = self
                .search(trace, q.ura(), q.bsn(), kind, &parameters)
                .await?;
            if !found.resources.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A search at a provider's record system for one person. The BSN travels in the body.
    async fn search(
        &self,
        trace: TraceId,
        ura: &Ura,
        bsn: &Bsn,
        kind: &str,
        parameters: &[(String, String)],
    ) -> Result<Bundle, NietBereikbaar> {
        let person = format!("{BSN_SYSTEM}|{}", bsn.reveal());
        let by = if kind == "Patient" {
            "identifier"
        } else {
            "patient.identifier"
        };
        let mut form = vec![(by, person.as_str())];
        form.extend(parameters.iter().map(|(n, v)| (n.as_str(), v.as_str())));
        let url = format!("{}/{ura}/fhir/{kind}/_search", self.urls.xis);
        let headers = Headers::none()
            .correlation_id(trace)
            .accept("application/fhir+json");
        let answer = self.app.outside.post_form(&url, &form, headers).await;
        match answer {
            Ok(answer) if answer.status == 200 => {
                Bundle::parse(&answer.body).map_err(|_| NietBereikbaar)
            }
            _ => Err(NietBereikbaar),
        }
    }

    /// Step 28 (RFC 8693 §2.2.1).
    fn issued(&self, token: &AccessToken) -> Response {
        let Ok(access_token) = self.access_tokens.sign("JWT", token) else {
            return web::unavailable();
        };
        web::json(
            200,
            &json!({
                "access_token": access_token,
                "issued_token_type": ACCESS_TOKEN_TYPE,
                "token_type": "Bearer",
                "expires_in": token.expires_in_s(),
                "scope": token.scope,
            }),
        )
    }
}

const BAD_ID_TOKEN: &str = "the ID token is not signed by Mitz for this DVA, or is over";

// ── Steps 29 and 30 ─────────────────────────────────────────────────────────────────────────────

/// Data of the person behind the token.
async fn resource(
    State(role): State<Arc<DvaRole>>,
    Path((ura, dienst, kind)): Path<(String, String, String)>,
    visit: Visit,
) -> Response {
    let app = &role.app;
    let (ura, dienst) = (Ura::parse(&ura), GegevensdienstId::parse(&dienst));
    let (Ok(ura), Ok(dienst)) = (ura, dienst) else {
        return fhir_error(
            404,
            IssueType::NotSupported,
            "There is nothing at this address.",
        );
    };
    let token = match role.access_token(&visit) {
        Ok(token) => token,
        Err((refusal, reason)) => {
            app.saw_fail(29, visit.trace, visit.peer_name(), reason);
            app.refused(visit.trace, "mitz case 53", reason);
            return bearer_refused(refusal);
        }
    };
    let search = match visit.query().map(|query| Search::read(&kind, &query)) {
        Ok(Ok(search)) => search,
        Ok(Err(NotASearch::Type)) => {
            return fhir_error(
                404,
                IssueType::NotSupported,
                "There is nothing at this address.",
            );
        }
        Ok(Err(NotASearch::Parameter)) | Err(_) => {
            app.refused(
                visit.trace,
                "FHIR R4 §3.1.1.2",
                "a search parameter is not taken",
            );
            return fhir_error(
                400,
                IssueType::NotSupported,
                "A search parameter is not taken.",
            );
        }
    };
    let aanbieder = Some(ura.to_string());
    app.tell_at(
        29,
        visit.trace,
        visit.peer_name(),
        "resource request",
        true,
        aanbieder,
    );
    let request = ResourceRequest {
        token,
        peer: visit.certificate(&app.clock),
        ura,
        gegevensdienst: dienst,
        search,
    };
    let journey = ResourceJourney {
        role: Arc::clone(&role),
        request,
    };
    match settle(app, visit.trace, journey).await {
        Ok(ResourceAnswer::Data(bundle)) => {
            let body = serde_json::to_vec(&bundle.to_json()).unwrap_or_default();
            web::typed(200, "application/fhir+json", body)
        }
        Ok(ResourceAnswer::Refused(refusal)) => bearer_refused(refusal),
        Ok(ResourceAnswer::Onbereikbaar) | Err(_) => fhir_error(
            503,
            IssueType::Transient,
            "The record system does not answer. Please try again later.",
        ),
    }
}

struct ResourceJourney {
    role: Arc<DvaRole>,
    request: ResourceRequest,
}

impl Journey for ResourceJourney {
    type Reply = ResourceAnswer;
    type Question = resource::Vraag;

    fn begin(&self, _: &Run) -> Step<ResourceAnswer, resource::Vraag> {
        self.request.clone().begin(&self.role.dva)
    }

    async fn answer(
        &self,
        run: &Run,
        question: resource::Vraag,
    ) -> Result<Step<ResourceAnswer, resource::Vraag>, Outage> {
        Ok(match question {
            resource::Vraag::Grant(q) => {
                let found = run.load::<Grant>(q.key()).await?;
                q.answer(found)
            }
            resource::Vraag::Gegevens(q) => {
                let found = self.role.gegevens(run.trace, &q).await;
                q.answer(found)
            }
        })
    }
}

impl DvaRole {
    fn access_token(&self, visit: &Visit) -> Result<AccessToken, (BearerRefusal, &'static str)> {
        let text = visit
            .bearer()
            .map_err(|refusal| (refusal, "no readable bearer token"))?;
        let expected = Expected {
            typ: Typ::Is("JWT"),
            issuer: &self.dva.issuer,
            audience: &[&self.dva.issuer],
            now: self.app.clock.now(),
            leeway_s: 0,
        };
        let keys = std::slice::from_ref(&self.access_tokens);
        let claims = jose::verify_mac(text, keys, &expected);
        let token = claims.ok().and_then(|claims| claims.parse_all().ok());
        token.ok_or((
            BearerRefusal::InvalidToken,
            "the token is expired, altered or none of ours",
        ))
    }

    async fn gegevens(
        &self,
        trace: TraceId,
        q: &resource::GegevensVraag,
    ) -> Result<Bundle, NietBereikbaar> {
        let mut all = Bundle::default();
        for zoekvraag in q.zoekvragen() {
            let kind = &zoekvraag.resource_type;
            let found = self
                .search(trace, q.ura(), q.bsn(), kind, &zoekvraag.parameters)
                .await?;
            all.join(found);
        }
        Ok(all)
    }
}

fn bearer_refused(refusal: BearerRefusal) -> Response {
    let (issue, text) = match refusal {
        BearerRefusal::InsufficientScope => {
            (IssueType::Forbidden, "The token does not reach this.")
        }
        _ => (IssueType::Security, "The token is missing or not valid."),
    };
    web::bearer_refused(refusal, Some(&operation_outcome(issue, text)))
}

fn fhir_error(status: u16, issue: IssueType, text: &'static str) -> Response {
    let body = serde_json::to_vec(&operation_outcome(issue, text)).unwrap_or_default();
    web::typed(status, "application/fhir+json", body)
}
