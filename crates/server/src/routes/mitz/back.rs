//! The back channel of Mitz, over mutual TLS: steps 8–19 and 24–26.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::response::Response;
use jose::{Expected, Typ, aead, jwe};
use mitz::authorization_server::grant::Grant;
use mitz::authorization_server::toestemmingsvraag::{
    self, Antwoord, Geweigerd, ProvenDva, Toestemmingsvraag,
};
use mitz::authorization_server::token::{
    GrantVraag, Issued, Offer, REFRESH_TOKEN, TokenAnswer, TokenRequest,
};
use mitz::authorization_server::userinfo::{self, Userinfo, UserinfoAnswer, UserinfoRequest};
use mitz::locatietoken::{self, Locatietoken};
use mitz::lokalisatie::{Locaties, Locatievraag, NietBereikbaar};
use mitz::toestemmingenregister::Toestemmingen;
use mitz::toestemmingenregister::opvragen::{Opgevraagd, Toestemmingenvraag};
use protocol::access_token::AccessToken;
use protocol::assertion::Receiver;
use protocol::bearer::BearerRefusal;
use protocol::client::{PeerCertificate, Shown};
use protocol::not_before::{self, NotBefore};
use protocol::refusal::Refusal;
use serde::Serialize;
use serde_json::json;
use verdict::{Key, Step, Stored};

use super::{MitzRole, SIGNING};
use crate::chance;
use crate::door::TraceId;
use crate::keys::{Purpose, Ring};
use crate::outside::Headers;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, NotAForm, Visit};

/// The purpose of the context that a sealed `jti` is bound to.
const JTI_CONTEXT: &[u8] = b"mitz.locatietoken";

// ── Steps 8–10 ──────────────────────────────────────────────────────────────────────────────────

/// A code or a refresh token for tokens.
pub(super) async fn token(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    let app = &role.app;
    let request = match role.token_request(&visit) {
        Ok(request) => request,
        Err(refusal) => {
            app.saw_fail(8, visit.trace, visit.peer_name(), refusal.reason);
            app.refused(visit.trace, refusal.requirement, refusal.reason);
            return web::refused(refusal.error);
        }
    };
    if let Err(soon) = visit.turn_of(request.client_id()) {
        if soon.is_first {
            app.refused(visit.trace, "RFC 6585 §4", "the client asks too often");
        }
        return web::too_soon(soon);
    }
    app.saw(8, visit.trace, visit.peer_name(), "token request");
    let signed = Arc::default();
    let journey = TokenJourney {
        role: Arc::clone(&role),
        request,
        signed: Arc::clone(&signed),
    };
    match settle(app, visit.trace, journey).await {
        Ok(TokenAnswer::Issued(issued)) => {
            app.saw(
                9,
                visit.trace,
                "authorization server",
                "code or refresh token is good",
            );
            role.issued(&issued, &signed)
        }
        Ok(TokenAnswer::Refused(refusal)) => {
            app.saw_fail(9, visit.trace, "authorization server", refusal.reason);
            web::refused(refusal.error)
        }
        Err(_) => web::unavailable(),
    }
}

/// A requirement and a reason, for the operator.
type Why = (&'static str, &'static str);

struct TokenJourney {
    role: Arc<MitzRole>,
    request: TokenRequest,
    signed: Arc<Mutex<Option<SignedTokens>>>,
}

/// What is signed before a code or refresh token is spent for it.
struct SignedTokens {
    access_token: String,
    id_token: String,
}

/// The answer of step 10.
#[derive(Serialize)]
struct Tokens<'a> {
    access_token: &'a str,
    expires_in: i64,
    id_token: &'a str,
    refresh_token: &'a str,
    scope: &'a str,
    token_type: &'static str,
}

impl Journey for TokenJourney {
    type Reply = TokenAnswer;
    type Question = GrantVraag;

    fn begin(&self, run: &Run) -> Step<TokenAnswer, GrantVraag> {
        self.request.begin(&self.role.mitz, run.now)
    }

    async fn answer(
        &self,
        run: &Run,
        question: GrantVraag,
    ) -> Result<Step<TokenAnswer, GrantVraag>, Outage> {
        let found = run.load::<Grant>(question.key()).await?;
        Ok(question.answer(found))
    }

    fn prepare(&self, reply: &TokenAnswer) -> Result<(), Outage> {
        if let TokenAnswer::Issued(issued) = reply {
            let signed = self.role.sign(issued)?;
            *self.signed.lock().unwrap_or_else(PoisonError::into_inner) = Some(signed);
        }
        Ok(())
    }

    fn lost(&self, key: &Key) -> Option<Step<TokenAnswer, GrantVraag>> {
        self.request.lost(key)
    }
}

impl MitzRole {
    /// RFC 6749 §3.2: a form, once each parameter, from a client that proves who it is.
    fn token_request(&self, visit: &Visit) -> Result<TokenRequest, Refusal> {
        let form = visit.form().map_err(NotAForm::refusal)?;
        let peer = visit.certificate(&self.app.clock);
        let shown = Shown::read(&form, peer.as_ref(), visit.has_authorization());
        let here = self.token_endpoint();
        let known = [self.mitz.issuer.as_str(), &here];
        let receiver = Receiver {
            audience: self.mitz.assertion_audience.of(&known),
            now: self.app.clock.now(),
        };
        let client = self.mitz.clients.prove(&shown, Some(&receiver))?;
        let open = |purpose, text: &str| self.app.handles.open(purpose, text);
        let not_before = self.not_before(client.id());
        Ok(TokenRequest::new(client, Offer::read(&form, open)?).not_before(not_before))
    }

    fn sign(&self, issued: &Issued) -> Result<SignedTokens, Outage> {
        let set = self.app.keys.set();
        let (access_tokens, tokens) = (set.access_tokens()?, set.tokens()?);
        Ok(SignedTokens {
            access_token: access_tokens.current().sign("JWT", &issued.access_token)?,
            id_token: tokens.current().sign("JWT", &issued.id_token)?,
        })
    }

    /// Hands out what was issued (mitz case 12).
    fn issued(&self, issued: &Issued, signed: &Mutex<Option<SignedTokens>>) -> Response {
        let signed = signed.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(SignedTokens {
            access_token,
            id_token,
        }) = signed
        else {
            return web::unavailable();
        };
        let refresh_token = self.app.handles.make(REFRESH_TOKEN, issued.refresh_token);
        web::json(
            200,
            &Tokens {
                access_token: &access_token,
                expires_in: issued.access_token.expires_in_s(),
                id_token: &id_token,
                refresh_token: &refresh_token,
                scope: &issued.access_token.scope,
                token_type: "Bearer",
            },
        )
    }
}

// ── Steps 11–19 ─────────────────────────────────────────────────────────────────────────────────

/// Signed userinfo with locations.
pub(super) async fn userinfo(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    let app = &role.app;
    app.saw(11, visit.trace, visit.peer_name(), "userinfo request");
    let token = match role.access_token(&visit) {
        Ok(token) => token,
        Err((refusal, (requirement, reason))) => {
            app.saw_fail(12, visit.trace, "authorization server", reason);
            app.refused(visit.trace, requirement, reason);
            return web::bearer_refused(refusal, None);
        }
    };
    let journey = UserinfoJourney {
        request: UserinfoRequest::new(token, visit.certificate(&app.clock)),
        role: Arc::clone(&role),
    };
    match settle(app, visit.trace, journey).await {
        Ok(UserinfoAnswer::Userinfo(userinfo)) => {
            let found = userinfo.locaties.len();
            let note = format!("{found} locations with consent");
            let turn = app.turn(visit.trace, None);
            turn.told(18, "authorization server", note, found > 0);
            role.signed_userinfo(*userinfo)
                .unwrap_or_else(web::unavailable)
        }
        Ok(UserinfoAnswer::Refused(refusal)) => {
            app.saw_fail(
                12,
                visit.trace,
                "authorization server",
                "the token is not good",
            );
            web::bearer_refused(refusal, None)
        }
        Ok(UserinfoAnswer::Onbereikbaar) | Err(_) => web::unavailable(),
    }
}

struct UserinfoJourney {
    role: Arc<MitzRole>,
    request: UserinfoRequest,
}

impl Journey for UserinfoJourney {
    type Reply = UserinfoAnswer;
    type Question = userinfo::Vraag;

    fn begin(&self, run: &Run) -> Step<UserinfoAnswer, userinfo::Vraag> {
        self.request.begin(&self.role.mitz, run.now, &run.entropy)
    }

    async fn answer(
        &self,
        run: &Run,
        question: userinfo::Vraag,
    ) -> Result<Step<UserinfoAnswer, userinfo::Vraag>, Outage> {
        Ok(match question {
            userinfo::Vraag::Grant(q) => {
                let found = run.load::<Grant>(q.key()).await?;
                if found.is_some() {
                    run.app
                        .saw(12, run.trace, "authorization server", "the token is good");
                }
                q.answer(found)
            }
            userinfo::Vraag::Toestemmingen(q) => {
                let vraag = Toestemmingenvraag {
                    bsn: q.bsn().clone(),
                    client_id: q.client_id().to_owned(),
                };
                q.answer(self.role.ask_register(run.trace, &vraag).await)
            }
            userinfo::Vraag::Locaties(q) => {
                let vraag = Locatievraag {
                    bsn: q.bsn().clone(),
                };
                q.answer(self.role.ask_lokalisatie(run.trace, &vraag).await)
            }
        })
    }
}

impl MitzRole {
    /// Step 12, first half: our own signature, for this resource, not over.
    fn access_token(&self, visit: &Visit) -> Result<AccessToken, (BearerRefusal, Why)> {
        let refused = |reason| ("RFC 6750 §3.1", reason);
        let text = visit
            .bearer()
            .map_err(|refusal| (refusal, refused("no readable bearer token")))?;
        let expected = Expected {
            typ: Typ::Is("JWT"),
            issuer: &self.mitz.issuer,
            audience: &[&self.mitz.issuer],
            now: self.app.clock.now(),
            leeway_s: 0,
        };
        let invalid = |why| (BearerRefusal::InvalidToken, why);
        let set = self.app.keys.set();
        let keys = set.access_tokens().map_or(&[][..], Ring::all);
        let claims = jose::verify_mac(text, keys, &expected)
            .map_err(|_| invalid(refused("the token is expired, altered or none of ours")))?;
        let token: AccessToken = claims
            .parse_all()
            .map_err(|_| invalid(refused("the token lacks a claim")))?;
        // design §4
        if self.not_before(&token.client_id).refuses(token.iat) {
            return Err(invalid((not_before::REQUIREMENT, not_before::REASON)));
        }
        Ok(token)
    }

    /// What was issued to this client before then does not count.
    fn not_before(&self, client_id: &str) -> NotBefore {
        let held = self.app.keys.not_before();
        held.of(&self.mitz.issuer, client_id)
    }

    /// Steps 13 and 14.
    async fn ask_register(
        &self,
        trace: TraceId,
        vraag: &Toestemmingenvraag,
    ) -> Result<Option<Opgevraagd>, NietBereikbaar> {
        let url = format!("{}/toestemmingen/opvragen", self.urls.back);
        let body = self.post_json(trace, &url, vraag).await;
        let read = body.and_then(|body| Opgevraagd::parse(&body));
        match &read {
            Ok(_) => self
                .app
                .saw(14, trace, "toestemmingenregister", "consents received"),
            Err(NietBereikbaar) => {
                self.app
                    .saw_fail(14, trace, "toestemmingenregister", "no usable answer");
            }
        }
        read
    }

    /// Steps 15 and 17.
    async fn ask_lokalisatie(
        &self,
        trace: TraceId,
        vraag: &Locatievraag,
    ) -> Result<Locaties, NietBereikbaar> {
        let url = format!("{}/locaties", self.urls.lokalisatie);
        let body = self.post_json(trace, &url, vraag).await;
        let read = body.and_then(|body| Locaties::parse(&body));
        match &read {
            Ok(_) => self.app.saw(17, trace, "lokalisatie", "locations received"),
            Err(NietBereikbaar) => self
                .app
                .saw_fail(17, trace, "lokalisatie", "no usable answer"),
        }
        read
    }

    async fn post_json(
        &self,
        trace: TraceId,
        url: &str,
        body: &impl Serialize,
    ) -> Result<Vec<u8>, NietBereikbaar> {
        let body = serde_json::to_vec(body).map_err(|_| NietBereikbaar)?;
        let headers = Headers::none().correlation_id(trace);
        let outside = &self.app.outside;
        let answer = outside
            .post_bytes(url, "application/json", body, headers)
            .await;
        match answer {
            Ok(answer) if answer.status.is_success() => Ok(answer.body),
            _ => Err(NietBereikbaar),
        }
    }

    /// Step 19: each location's token signed and put beside its location, and the whole signed.
    fn signed_userinfo(&self, userinfo: Userinfo) -> Option<Response> {
        let set = self.app.keys.set();
        let (tokens, jti) = (set.tokens().ok()?.current(), set.jti().ok()?.current());
        let signed = |open: userinfo::OpenLocatietoken| {
            self.app.keys.count_seal(Purpose::Jti);
            let jti = aead::seal_id(jti, open.grant, JTI_CONTEXT, open.nonce);
            let token = Locatietoken { jti, ..open.token };
            let id_token = tokens.sign(locatietoken::TYP, &token).ok()?;
            let locatie = token.locations.first()?;
            Some(json!({ "system": locatie.system, "value": locatie.value, "id_token": id_token }))
        };
        let locations: Option<Vec<_>> = userinfo.locaties.into_iter().map(signed).collect();
        let mut claims = serde_json::to_value(&userinfo.claims).ok()?;
        claims["locations"] = json!(locations?);
        let jwt = tokens.sign("JWT", &claims).ok()?;
        Some(web::typed(200, "application/jwt", jwt))
    }
}

/// Steps 13 and 14, the register's side: only Mitz itself may ask.
pub(super) async fn toestemmingen_opvragen(
    State(role): State<Arc<MitzRole>>,
    visit: Visit,
) -> Response {
    let app = &role.app;
    let own = visit.certificate(&app.clock);
    let own = own.as_ref().and_then(PeerCertificate::only_name);
    if own != Some(app.host.as_str()) {
        app.refused(
            visit.trace,
            "seed 000 step 13",
            "only the authorization server may ask",
        );
        return web::json(403, &json!({ "error": "forbidden" }));
    }
    let Ok(vraag) = serde_json::from_slice::<Toestemmingenvraag>(&visit.body) else {
        app.refused(
            visit.trace,
            "seed 000 step 13",
            "the question is unreadable",
        );
        return web::json(400, &json!({ "error": "invalid_request" }));
    };
    app.saw(13, visit.trace, visit.peer_name(), "question for consents");
    match role.toestemmingen_van(&vraag).await {
        Ok(found) => {
            let found = found.map(|found| Opgevraagd::from(found.value));
            web::typed(200, "application/json", Opgevraagd::to_body(found))
        }
        Err(_) => web::unavailable(),
    }
}

// ── Steps 24–26 ─────────────────────────────────────────────────────────────────────────────────

/// A DVA asks for consent.
pub(super) async fn consent_introspect(
    State(role): State<Arc<MitzRole>>,
    visit: Visit,
) -> Response {
    let app = &role.app;
    let (vraag, dva) = match role.toestemmingsvraag(&visit) {
        Ok(proven) => proven,
        Err(geweigerd) => {
            let (requirement, reason) = geweigerd.reason();
            let peer = visit.peer_name();
            app.refused_to(&peer, visit.trace, requirement, reason);
            app.saw_fail(24, visit.trace, peer, reason);
            return web::json(
                geweigerd.status(),
                &json!({ "error": reason_code(geweigerd) }),
            );
        }
    };
    let turn = app.turn(visit.trace, Some(vraag.ura.to_string()));
    turn.saw(24, visit.peer_name(), "consent question");
    let (token, grant) = role.locatietoken(&visit, &vraag.token);
    let journey = ToestemmingsvraagJourney {
        role: Arc::clone(&role),
        vraag,
        dva: dva.clone(),
        token,
        grant,
    };
    let Ok(antwoord) = settle(app, visit.trace, journey).await else {
        return web::unavailable();
    };
    let (good, note) = match &antwoord {
        Antwoord::Permit { .. } => (true, "the ID token is good, there is consent"),
        Antwoord::Deny(_) => (false, "the ID token is good, there is no consent"),
        Antwoord::Inactive => (false, "the ID token is not good"),
    };
    turn.told(25, "authorization server", note, good);
    role.encrypted(&dva, &antwoord).await.unwrap_or_else(|| {
        let reason =
            "the DVA publishes no key to encrypt the answer for, or its keys cannot be had";
        app.refused_to(&visit.peer_name(), visit.trace, "mitz.md §2.7", reason);
        web::unavailable()
    })
}

const fn reason_code(geweigerd: Geweigerd) -> &'static str {
    match geweigerd {
        Geweigerd::NotAuthenticated => "invalid_client",
        Geweigerd::NotTheDva => "access_denied",
        Geweigerd::Malformed => "invalid_request",
    }
}

struct ToestemmingsvraagJourney {
    role: Arc<MitzRole>,
    vraag: Toestemmingsvraag,
    dva: ProvenDva,
    token: Option<Locatietoken>,
    grant: Option<[u8; 16]>,
}

impl Journey for ToestemmingsvraagJourney {
    type Reply = Antwoord;
    type Question = toestemmingsvraag::Vraag;

    fn begin(&self, run: &Run) -> Step<Antwoord, toestemmingsvraag::Vraag> {
        let vraag = self.vraag.clone();
        let (dva, token) = (self.dva.clone(), self.token.clone());
        vraag.begin(&self.role.mitz, dva, token, self.grant, run.now)
    }

    async fn answer(
        &self,
        run: &Run,
        question: toestemmingsvraag::Vraag,
    ) -> Result<Step<Antwoord, toestemmingsvraag::Vraag>, Outage> {
        Ok(match question {
            toestemmingsvraag::Vraag::Grant(q) => {
                let found = run.load::<Grant>(q.key()).await?;
                q.answer(found)
            }
            toestemmingsvraag::Vraag::Toestemmingen(q) => {
                let found = run.load::<Toestemmingen>(q.key()).await?;
                q.answer(&self.role.mitz, found)
            }
        })
    }
}

impl MitzRole {
    /// What stands in the register for the person and the PGO of a question.
    async fn toestemmingen_van(
        &self,
        vraag: &Toestemmingenvraag,
    ) -> Result<Option<Stored<Toestemmingen>>, Outage> {
        let persoon = self.persoon(&vraag.bsn).await?;
        self.toestemmingen(persoon, &vraag.client_id).await
    }

    fn toestemmingsvraag(
        &self,
        visit: &Visit,
    ) -> Result<(Toestemmingsvraag, ProvenDva), Geweigerd> {
        let peer = visit.certificate(&self.app.clock);
        // mitz case 46 comes before any reading
        let peer = peer.ok_or(Geweigerd::NotAuthenticated)?;
        let form = visit.form().map_err(|_| Geweigerd::Malformed)?;
        let vraag = Toestemmingsvraag::read(&form)?;
        let dva = vraag.prove(&self.mitz, Some(&peer))?;
        Ok((vraag, dva))
    }

    /// Step 25, first half: our own signature on a location's token, and the grant in its `jti`.
    fn locatietoken(&self, visit: &Visit, text: &str) -> (Option<Locatietoken>, Option<[u8; 16]>) {
        let audience: Vec<&str> = self.mitz.dvas.issuers().collect();
        let expected = Expected {
            typ: Typ::Is(locatietoken::TYP),
            issuer: &self.mitz.issuer,
            audience: &audience,
            now: self.app.clock.now(),
            leeway_s: 0,
        };
        let set = self.app.keys.set();
        let (Ok(tokens), Ok(jti)) = (set.tokens(), set.jti()) else {
            return (None, None);
        };
        let claims = jose::verify(text, tokens.published(), &[SIGNING], &expected);
        let token: Option<Locatietoken> = claims.ok().and_then(|claims| claims.parse_all().ok());
        let too_early = |token: &Locatietoken| self.not_before(&token.azp).refuses(token.iat);
        // design §4: not active, as RFC 7662 §2.2 has it for whatever does not count
        if token.as_ref().is_some_and(too_early) {
            let (requirement, reason) = (not_before::REQUIREMENT, not_before::REASON);
            let peer = visit.peer_name();
            self.app.refused_to(&peer, visit.trace, requirement, reason);
            return (None, None);
        }
        let grant = token
            .as_ref()
            .and_then(|token| jti.open_id(&token.jti, JTI_CONTEXT).ok());
        (token, grant)
    }

    /// Step 26: signed for whoever wants to prove it, encrypted for the DVA alone (RFC 9701 §5).
    async fn encrypted(&self, dva: &ProvenDva, antwoord: &Antwoord) -> Option<Response> {
        let keys = self.dva_keys.keys(&self.app, dva.jwks_uri()).await.ok()?;
        let recipient = keys
            .keys()
            .iter()
            .find(|key| key.encrypts(jwe::Algorithm::EcdhEs))?;
        let claims = json!({
            "iss": self.mitz.issuer,
            "aud": dva.issuer(),
            "iat": self.app.clock.now().unix(),
            "exp": self.app.clock.now().plus_s(60).unix(),
            "token_introspection": antwoord.token_introspection(&self.mitz.issuer),
        });
        let jws = {
            let set = self.app.keys.set();
            let key = set.tokens().ok()?.current();
            key.sign("token-introspection+jwt", &claims).ok()?
        };
        let entropy = chance::entropy();
        let jwe = jwe::encrypt(
            jws.as_bytes(),
            recipient,
            jwe::Algorithm::EcdhEs,
            Some("JWT"),
            &entropy,
        );
        Some(web::typed(
            200,
            "application/token-introspection+jwt",
            jwe.ok()?,
        ))
    }
}
