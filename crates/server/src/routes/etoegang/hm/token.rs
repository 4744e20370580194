//! The token endpoint of the HM: a code for tokens, and GUC9 (etoegang.md §4.4, §4.8).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use etoegang::dienstencatalogus::Stand;
use etoegang::dv_hm::ProvenApp;
use etoegang::dv_hm::claims::ACCESS_TOKEN_TYP;
use etoegang::dv_hm::family::{Family, REFRESH_TOKEN};
use etoegang::dv_hm::token::{self, Inwisseling, Issued, Offer, TokenAnswer, TokenRequest};
use etoegang::guc::guc9::{AdVraag, MrVraag, Vernieuwing, Vraag, WACHT_MS};
use etoegang::hm_ad::{AdAntwoord, AdRefreshToken};
use etoegang::hm_mr::{MandateCheck, MrAntwoord, VRAAG_TYP};
use etoegang::keten::LATER_S;
use futures_util::future::join_all;
use http::HeaderValue;
use http::header::RETRY_AFTER;
use identity::{ServiceId, ServiceUuid};
use protocol::assertion::Receiver;
use protocol::client::Shown;
use protocol::refusal::{ErrorCode, Refusal};
use protocol::wire::Parameters;
use serde_json::json;
use verdict::{Key, Step};

use super::HmRole;
use crate::chance;
use crate::routes::etoegang::keten;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, NotAForm, Visit};

/// A code or a refresh token for tokens (GUC8 8.4, GUC9 9.1 to 9.5).
pub(super) async fn token(State(role): State<Arc<HmRole>>, visit: Visit) -> Response {
    let request = match role.token_request(&visit).await {
        Ok(request) => request,
        Err(refusal) => {
            let (requirement, reason) = (refusal.requirement, refusal.reason);
            role.app.refused(visit.trace, requirement, reason);
            return web::refused(refusal.error);
        }
    };
    let signed = Arc::new(Mutex::new(None));
    let given = Arc::clone(&signed);
    let answer = match request {
        TokenRequest::Inwisseling(inwisseling) => {
            let journey = Inwisselreis {
                role: Arc::clone(&role),
                inwisseling,
                signed: given,
            };
            settle(&role.app, visit.trace, journey).await
        }
        TokenRequest::Vernieuwing(vernieuwing) => {
            let journey = Vernieuwreis {
                role: Arc::clone(&role),
                vernieuwing,
                signed: given,
                van_ad: Mutex::new(None),
                van_mr: Mutex::new(None),
            };
            settle(&role.app, visit.trace, journey).await
        }
    };
    match answer {
        Ok(answer) => role.answered(&answer, &signed),
        Err(_) => web::unavailable(),
    }
}

/// What is signed before anything is spent for it.
struct Signed {
    access_token: String,
    id_token: Option<String>,
}

type Slot = Arc<Mutex<Option<Signed>>>;

impl HmRole {
    /// Steps 1 and 2: a form, from an app that is known.
    async fn token_request(&self, visit: &Visit) -> Result<TokenRequest, Refusal> {
        let form = visit.form().map_err(NotAForm::refusal)?;
        // RFC 6749 §3.2: parameters stand in the body alone
        if !visit.query.is_empty() {
            let reason = "the token endpoint takes no query";
            return Err(Refusal::new(
                ErrorCode::InvalidRequest,
                "RFC 6749 §3.2",
                reason,
            ));
        }
        let app = self.proven_app(visit, &form).await?;
        let offer = Offer::read(&form, |purpose, text| self.app.handles.open(purpose, text))?;
        Ok(offer.by(self.voor(app.id()), app, &chance::entropy()))
    }

    /// Which app asks.
    pub(super) async fn proven_app(
        &self,
        visit: &Visit,
        form: &Parameters,
    ) -> Result<ProvenApp, Refusal> {
        let shown = Shown::read(form, None, visit.has_authorization());
        let receiver = Receiver {
            audience: &[&self.hm.issuer],
            now: self.app.clock.now(),
        };
        let claimed = form.get("client_assertion").map(jose::claimed_issuer);
        let claimed = claimed.and_then(Result::ok);
        let named = form.get("client_id").or(claimed.as_deref());
        let apps = self.apps_met(named).await.map_err(|_| {
            let reason = "the registrations of apps cannot be read";
            Refusal::new(
                ErrorCode::TemporarilyUnavailable,
                "etoegang.md §4.2",
                reason,
            )
        })?;
        apps.prove(&shown, &receiver)
    }

    fn signed(&self, issued: &Issued) -> Result<Signed, Outage> {
        let id_token = issued.id_token.as_ref();
        Ok(Signed {
            access_token: self.sign(ACCESS_TOKEN_TYP, &issued.access_token)?,
            id_token: id_token.map(|token| self.sign("JWT", token)).transpose()?,
        })
    }

    fn answered(&self, answer: &TokenAnswer, signed: &Slot) -> Response {
        match answer {
            TokenAnswer::Issued(issued) => {
                let signed = signed.lock().unwrap_or_else(PoisonError::into_inner).take();
                signed.map_or_else(web::unavailable, |signed| self.issued(issued, signed))
            }
            TokenAnswer::Refused(refusal) => web::refused(refusal.error),
            // F10, F13
            TokenAnswer::Later { retry_after_s, .. } => {
                let body = json!({ "error": "temporarily_unavailable" });
                let later = (RETRY_AFTER, HeaderValue::from(*retry_after_s));
                web::with(web::json(503, &body), later)
            }
            // F9
            TokenAnswer::Keten(_) => web::json(502, &json!({ "error": "server_error" })),
        }
    }

    /// RFC 6749 §5.1.
    fn issued(&self, issued: &Issued, signed: Signed) -> Response {
        let mut body = json!({
            "access_token": signed.access_token,
            "token_type": "Bearer",
            "expires_in": issued.access_token.expires_in_s(),
            "scope": issued.access_token.scope,
        });
        if let Some(handle) = issued.refresh_token {
            body["refresh_token"] = self.app.handles.make(REFRESH_TOKEN, handle).into();
        }
        if let Some(id_token) = signed.id_token {
            body["id_token"] = id_token.into();
        }
        web::json(200, &body)
    }

    /// How a service stands now (F6, F16, F17). Nobody's login ends because no catalogue could be had.
    async fn stand(
        &self,
        service_id: &ServiceId,
        service_uuid: &ServiceUuid,
    ) -> Result<Stand, Outage> {
        let (hm, instellingen) = (&self.hm.entity, &self.hm.instellingen);
        let nu = self.catalogus.nu(&self.app).await?;
        let diensten = nu.diensten();
        Ok(diensten.stand(service_id, service_uuid, hm, instellingen))
    }
}

fn keep(role: &HmRole, reply: &TokenAnswer, slot: &Slot) -> Result<(), Outage> {
    if let TokenAnswer::Issued(issued) = reply {
        let signed = role.signed(issued)?;
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(signed);
    }
    Ok(())
}

// ── A code for tokens ───────────────────────────────────────────────────────────────────────────

struct Inwisselreis {
    role: Arc<HmRole>,
    inwisseling: Inwisseling,
    signed: Slot,
}

impl Journey for Inwisselreis {
    type Reply = TokenAnswer;
    type Question = token::Vraag;

    fn begin(&self, run: &Run) -> Step<TokenAnswer, token::Vraag> {
        self.inwisseling.begin(run.now)
    }

    async fn answer(
        &self,
        run: &Run,
        question: token::Vraag,
    ) -> Result<Step<TokenAnswer, token::Vraag>, Outage> {
        Ok(match question {
            token::Vraag::Family(vraag) => {
                let found = run.load::<Family>(vraag.key()).await?;
                vraag.answer(found)
            }
            token::Vraag::Dienst(vraag) => {
                let family = vraag.family();
                let stand = self
                    .role
                    .stand(&family.service_id, &family.service_uuid)
                    .await?;
                vraag.answer(&stand)
            }
        })
    }

    fn prepare(&self, reply: &TokenAnswer) -> Result<(), Outage> {
        keep(&self.role, reply, &self.signed)
    }

    fn lost(&self, key: &Key) -> Option<Step<TokenAnswer, token::Vraag>> {
        self.inwisseling.lost(key)
    }
}

// ── GUC9 ────────────────────────────────────────────────────────────────────────────────────────

struct Vernieuwreis {
    role: Arc<HmRole>,
    vernieuwing: Vernieuwing,
    signed: Slot,
    /// What the AD answered to this token: nobody asks it twice with one token.
    van_ad: Mutex<Option<(AdRefreshToken, AdAntwoord)>>,
    /// What the MRs answered to these questions.
    van_mr: Mutex<Option<(Vec<MandateCheck>, Vec<MrAntwoord>)>>,
}

impl Journey for Vernieuwreis {
    type Reply = TokenAnswer;
    type Question = Vraag;

    fn begin(&self, run: &Run) -> Step<TokenAnswer, Vraag> {
        self.vernieuwing.begin(run.now)
    }

    async fn answer(&self, run: &Run, question: Vraag) -> Result<Step<TokenAnswer, Vraag>, Outage> {
        Ok(match question {
            Vraag::Family(vraag) => {
                let found = run.load::<Family>(vraag.key()).await?;
                vraag.answer(found)
            }
            // F18
            Vraag::Wacht(vraag) => {
                tokio::time::sleep(Duration::from_millis(WACHT_MS.into())).await;
                vraag.gewacht()
            }
            Vraag::Dienst(vraag) => {
                let stand = self
                    .role
                    .stand(vraag.service_id(), vraag.service_uuid())
                    .await?;
                vraag.answer(stand)
            }
            Vraag::Ad(vraag) => {
                let antwoord = self.ask_ad(&vraag).await?;
                vraag.answer(antwoord)
            }
            Vraag::NaAd(vraag) => {
                let found = run.load::<Family>(vraag.key()).await?;
                vraag.answer(found)
            }
            Vraag::Mr(vraag) => {
                let antwoorden = self.ask_mrs(&vraag).await?;
                vraag.answer(&antwoorden)
            }
            Vraag::Slot(vraag) => {
                let found = run.load::<Family>(vraag.key()).await?;
                vraag.answer(found)
            }
        })
    }

    fn prepare(&self, reply: &TokenAnswer) -> Result<(), Outage> {
        keep(&self.role, reply, &self.signed)
    }

    fn lost(&self, key: &Key) -> Option<Step<TokenAnswer, Vraag>> {
        self.vernieuwing.lost(key)
    }
}

impl Vernieuwreis {
    /// GUC9 9.2 and 9.3.
    async fn ask_ad(&self, vraag: &AdVraag) -> Result<AdAntwoord, Outage> {
        let kept = self
            .van_ad
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((token, antwoord)) = kept
            && token == *vraag.ad_token()
        {
            return Ok(antwoord);
        }
        let antwoord = self.role.refreshed(vraag).await?;
        let kept = Some((vraag.ad_token().clone(), antwoord.clone()));
        *self.van_ad.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        Ok(antwoord)
    }

    /// GUC9 9.4: each register about its own mandate, at once.
    async fn ask_mrs(&self, vraag: &MrVraag) -> Result<Vec<MrAntwoord>, Outage> {
        let kept = self
            .van_mr
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((checks, antwoorden)) = kept
            && checks == vraag.checks()
        {
            return Ok(antwoorden);
        }
        let asked = vraag.checks().iter().map(|check| self.role.checked(check));
        let antwoorden: Result<Vec<_>, Outage> = join_all(asked).await.into_iter().collect();
        let antwoorden = antwoorden?;
        let kept = Some((vraag.checks().to_vec(), antwoorden.clone()));
        *self.van_mr.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        Ok(antwoorden)
    }
}

impl HmRole {
    async fn refreshed(&self, vraag: &AdVraag) -> Result<AdAntwoord, Outage> {
        let later_s = LATER_S;
        let Some(deelnemer) = self.ad(vraag.ad()) else {
            // It left the network: nothing of it counts any more.
            return Ok(AdAntwoord::Geweigerd);
        };
        let Ok(ad) = self.authenticatiedienst(deelnemer).await else {
            return Ok(AdAntwoord::Onbereikbaar { later_s });
        };
        let scope = vraag.scope();
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", vraag.ad_token().reveal()),
            ("scope", scope.as_str()),
        ];
        let token_endpoint = deelnemer.at("/token");
        let sent = keten::post_form(
            &self.app,
            &token_endpoint,
            &ad.client_id,
            &ad.issuer,
            &fields,
        );
        let answer = sent.await?;
        let (sessie, sent_token) = (vraag.sessie(), vraag.ad_token());
        Ok(ad.lees(sessie, sent_token, &answer, self.app.clock.now()))
    }

    async fn checked(&self, check: &MandateCheck) -> Result<MrAntwoord, Outage> {
        let Some(deelnemer) = self.mr(&check.mr) else {
            // It left the network: nothing of it counts any more.
            return Ok(MrAntwoord::Nee);
        };
        let Ok(register) = self.register(deelnemer).await else {
            return Ok(MrAntwoord::Onbekend { later_s: LATER_S });
        };
        let hm = &self.hm.entity;
        let claims = check.claims(hm, self.app.clock.now());
        let signed = keten::sign(&self.app, VRAAG_TYP, &claims)?;
        let answer = keten::post_signed(&self.app, &deelnemer.at("/besluiten"), signed).await;
        Ok(register.lees(check, hm, &answer, self.app.clock.now()))
    }
}
