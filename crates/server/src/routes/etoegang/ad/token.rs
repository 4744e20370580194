//! The back channel of the AD: a code or a refresh token for a declaration (GUC9 9.2 and 9.3), and
//! revocation.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use etoegang::authenticatiedienst::intrekken::{Antwoord, Intrekking, SessieVraag};
use etoegang::authenticatiedienst::middel::Middel;
use etoegang::authenticatiedienst::sessie::{
    CODE, Issued, Offer, REFRESH_TOKEN, Sessie, TokenAnswer, TokenRequest, Vraag,
};
use etoegang::machtiging::InternPseudoniem;
use http::StatusCode;
use identity::EntityId;
use jose::{Jwk, jwe};
use protocol::assertion::Receiver;
use protocol::client::{ProvenClient, Shown};
use protocol::refusal::{ErrorCode, Refusal};
use protocol::wire::Parameters;
use serde_json::{Value, json};
use verdict::{Key, Step};

use super::AdRole;
use crate::chance;
use crate::routes::etoegang::keten;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, NotAForm, Visit};

/// The type of an internal pseudonym. A proposal.
const INTERN: &str = "urn:etoegang:1.13:EntityConcernedID:Pseudo";

/// A code or a refresh token for tokens.
pub(super) async fn token(State(role): State<Arc<AdRole>>, visit: Visit) -> Response {
    let request = match role.token_request(&visit).await {
        Ok(request) => request,
        Err(refusal) => return role.refused(&visit, refusal),
    };
    let signed = Arc::new(Mutex::new(None));
    let reis = Tokenreis {
        role: Arc::clone(&role),
        request,
        recipient: Mutex::new(None),
        signed: Arc::clone(&signed),
    };
    match settle(&role.app, visit.trace, reis).await {
        Ok(TokenAnswer::Issued(issued)) => {
            let signed = signed.lock().unwrap_or_else(PoisonError::into_inner).take();
            signed.map_or_else(web::unavailable, |signed| role.issued(&issued, &signed))
        }
        Ok(TokenAnswer::Refused(refusal)) => web::refused(refusal.error),
        Err(_) => web::unavailable(),
    }
}

/// RFC 7009: 200 and empty, also for a token that nobody knows.
pub(super) async fn revoke(State(role): State<Arc<AdRole>>, visit: Visit) -> Response {
    let (client, form) = match role.proven(&visit).await {
        Ok(proven) => proven,
        Err(refusal) => return role.refused(&visit, refusal),
    };
    let token = form.get("token").unwrap_or_default();
    let handle = role.app.handles.open(REFRESH_TOKEN, token);
    let reis = Intrekreis(Intrekking::new(client, handle));
    match settle(&role.app, visit.trace, reis).await {
        Ok(Antwoord::Gedaan) => StatusCode::OK.into_response(),
        Ok(Antwoord::Geweigerd(refusal)) => web::refused(refusal.error),
        Err(_) => web::unavailable(),
    }
}

/// What is signed before anything is spent for it.
struct Signed {
    access_token: String,
    id_token: String,
}

impl AdRole {
    fn refused(&self, visit: &Visit, refusal: Refusal) -> Response {
        let (requirement, reason) = (refusal.requirement, refusal.reason);
        self.app.refused(visit.trace, requirement, reason);
        web::refused(refusal.error)
    }

    /// Which HM asks, with its form.
    async fn proven(&self, visit: &Visit) -> Result<(ProvenClient, Parameters), Refusal> {
        let form = visit.form().map_err(NotAForm::refusal)?;
        let shown = Shown::read(&form, None, visit.has_authorization());
        let clients = self
            .clients(form.get("client_id").unwrap_or_default())
            .await;
        let reason = "the HM's keys cannot be had";
        let down = Refusal::new(
            ErrorCode::TemporarilyUnavailable,
            "etoegang.md §4.6",
            reason,
        );
        let receiver = Receiver {
            audience: &[&self.given.ad.issuer],
            now: self.app.clock.now(),
        };
        let client = clients.map_err(|_| down)?.prove(&shown, Some(&receiver))?;
        Ok((client, form))
    }

    async fn token_request(&self, visit: &Visit) -> Result<TokenRequest, Refusal> {
        let (client, form) = self.proven(visit).await?;
        let text = |name: &str| form.get(name).map(str::to_owned);
        let open = |purpose, name: &str| {
            let token = form.get(name)?;
            self.app.handles.open(purpose, token)
        };
        let offer = match form.get("grant_type") {
            Some("authorization_code") => Offer::Code {
                handle: open(CODE, "code"),
                redirect_uri: text("redirect_uri"),
                code_verifier: text("code_verifier").unwrap_or_default(),
            },
            Some("refresh_token") => Offer::RefreshToken(open(REFRESH_TOKEN, "refresh_token")),
            _ => {
                let reason = "the grant type is not offered here";
                return Err(Refusal::new(
                    ErrorCode::UnsupportedGrantType,
                    "RFC 6749 §5.2",
                    reason,
                ));
            }
        };
        Ok(TokenRequest::new(client, offer))
    }

    /// Signs the declaration, with what was asked for of the person, and with the internal pseudonym for a register in it where one is named.
    fn signed(&self, issued: &Issued, recipient: Option<&Jwk>) -> Result<Signed, Outage> {
        let mut claims = json!(issued.id_token);
        for (naam, waarde) in issued.attributen.iter() {
            claims[naam.as_str()] = waarde.as_str().into();
        }
        if let (Some((mr, intern)), Some(recipient)) = (&issued.intern, recipient) {
            let encrypted = encrypted(intern, recipient)?;
            claims["alt_sub"] = alt_sub(mr, &encrypted);
        }
        Ok(Signed {
            access_token: keten::sign(&self.app, "at+jwt", &issued.access_token)?,
            id_token: keten::sign(&self.app, "JWT", &claims)?,
        })
    }

    fn issued(&self, issued: &Issued, signed: &Signed) -> Response {
        let mut body = json!({
            "access_token": signed.access_token,
            "token_type": "Bearer",
            "expires_in": issued.access_token.expires_in_s(),
            "id_token": signed.id_token,
            "scope": issued.access_token.scope,
        });
        if let Some(handle) = issued.refresh_token {
            body["refresh_token"] = self.app.handles.make(REFRESH_TOKEN, handle).into();
        }
        web::json(200, &body)
    }

    /// The key to which a register wants its pseudonyms encrypted.
    async fn recipient(&self, mr: &EntityId) -> Result<Jwk, Outage> {
        let down = || Outage::Store("the register's key for encryption cannot be had".to_owned());
        let deelnemer = self.mr(mr).ok_or_else(down)?;
        let keys = self.keys.van(&self.app, deelnemer).await;
        let keys = keys.map_err(|_| down())?;
        let mut able = keys.keys().iter();
        let key = able.find(|key| key.encrypts(jwe::Algorithm::EcdhEs));
        key.cloned().ok_or_else(down)
    }
}

fn encrypted(intern: &InternPseudoniem, recipient: &Jwk) -> Result<String, Outage> {
    let (plain, algorithm) = (intern.0.as_bytes(), jwe::Algorithm::EcdhEs);
    let made = jwe::encrypt(plain, recipient, algorithm, None, &chance::entropy());
    made.map_err(|_| Outage::Fault("a pseudonym could not be encrypted".to_owned()))
}

/// `alt_sub` (etoegang.md §4.6): only this register can read it.
fn alt_sub(mr: &EntityId, encrypted: &str) -> Value {
    json!([{ "aud": mr, "sub": encrypted, "sub_id_type": INTERN }])
}

struct Tokenreis {
    role: Arc<AdRole>,
    request: TokenRequest,
    /// To whom the internal pseudonym is encrypted, once that is known.
    recipient: Mutex<Option<Jwk>>,
    signed: Arc<Mutex<Option<Signed>>>,
}

impl Journey for Tokenreis {
    type Reply = TokenAnswer;
    type Question = Vraag;

    fn begin(&self, run: &Run) -> Step<TokenAnswer, Vraag> {
        self.request.begin(run.now)
    }

    async fn answer(&self, run: &Run, question: Vraag) -> Result<Step<TokenAnswer, Vraag>, Outage> {
        let ad = &self.role.given.ad;
        Ok(match question {
            Vraag::Sessie(vraag) => {
                let found = run.load::<Sessie>(vraag.key()).await?;
                vraag.answer(ad, found)
            }
            Vraag::Middel(vraag) => {
                let found = run.load::<Middel>(vraag.key()).await?;
                if let Some(mr) = vraag.mr() {
                    let recipient = self.role.recipient(mr).await?;
                    *self
                        .recipient
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner) = Some(recipient);
                }
                vraag.answer(ad, found.as_ref())
            }
        })
    }

    fn prepare(&self, reply: &TokenAnswer) -> Result<(), Outage> {
        if let TokenAnswer::Issued(issued) = reply {
            let recipient = self
                .recipient
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let signed = self.role.signed(issued, recipient.as_ref())?;
            *self.signed.lock().unwrap_or_else(PoisonError::into_inner) = Some(signed);
        }
        Ok(())
    }

    fn lost(&self, key: &Key) -> Option<Step<TokenAnswer, Vraag>> {
        self.request.lost(key)
    }
}

struct Intrekreis(Intrekking);

impl Journey for Intrekreis {
    type Reply = Antwoord;
    type Question = SessieVraag;

    fn begin(&self, _: &Run) -> Step<Antwoord, SessieVraag> {
        self.0.begin()
    }

    async fn answer(
        &self,
        run: &Run,
        question: SessieVraag,
    ) -> Result<Step<Antwoord, SessieVraag>, Outage> {
        let found = run.load::<Sessie>(question.key()).await?;
        Ok(question.answer(found, run.now))
    }

    fn lost(&self, key: &Key) -> Option<Step<Antwoord, SessieVraag>> {
        Intrekking::lost(key)
    }
}
