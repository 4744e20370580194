//! What an access token says: to its app by userinfo (OIDC Core §5.3), to the backend of its DV by
//! introspection (RFC 7662).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use etoegang::discovery::CLIENT_ALGORITHMS;
use etoegang::dv_hm::Hm;
use etoegang::dv_hm::claims::AccessToken;
use etoegang::dv_hm::family::Family;
use etoegang::dv_hm::introspect::{self, Introspectie};
use etoegang::dv_hm::userinfo::{self, UserinfoAnswer, UserinfoRequest};
use identity::EntityId;
use protocol::assertion::{ClientKeys, Receiver};
use protocol::bearer::BearerRefusal;
use protocol::client::{Authentication, Client, Clients, Shown};
use protocol::refusal::{ErrorCode, Refusal};
use serde_json::Value;
use verdict::{Change, Clear, Step, Verdict};

use super::HmRole;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, NotAForm, Visit};

/// The media type of userinfo.
const JWT: &str = "application/jwt";

// ── Userinfo ────────────────────────────────────────────────────────────────────────────────────

/// Who the person is, and for whom he acts: signed.
pub(super) async fn userinfo(State(role): State<Arc<HmRole>>, visit: Visit) -> Response {
    let token = match visit.bearer() {
        Ok(token) => token,
        Err(refusal) => return web::bearer_refused(refusal, None),
    };
    let Some(token) = role.access_token(token) else {
        let reason = "the token is none of ours, or over";
        role.app.refused(visit.trace, "RFC 6750 §3.1", reason);
        return web::bearer_refused(BearerRefusal::InvalidToken, None);
    };
    let reis = Userinforeis {
        hm: role.voor(&token.client_id),
        token,
    };
    match settle(&role.app, visit.trace, reis).await {
        Ok(UserinfoAnswer::Userinfo(claims)) => match role.sign("JWT", &claims) {
            Ok(signed) => web::typed(200, JWT, signed),
            Err(_) => web::unavailable(),
        },
        Ok(UserinfoAnswer::Refused(refusal)) => web::bearer_refused(refusal, None),
        Err(_) => web::unavailable(),
    }
}

struct Userinforeis {
    hm: Arc<Hm>,
    token: AccessToken,
}

impl Journey for Userinforeis {
    type Reply = UserinfoAnswer;
    type Question = userinfo::FamilyVraag;

    fn begin(&self, run: &Run) -> Step<UserinfoAnswer, userinfo::FamilyVraag> {
        UserinfoRequest::new(self.token.clone(), None).begin(&self.hm, run.now)
    }

    async fn answer(
        &self,
        run: &Run,
        question: userinfo::FamilyVraag,
    ) -> Result<Step<UserinfoAnswer, userinfo::FamilyVraag>, Outage> {
        let found = run.load::<Family>(question.key()).await?;
        Ok(question.answer(&self.hm, found))
    }
}

// ── Introspection ───────────────────────────────────────────────────────────────────────────────

/// Whether a token is active, for the backend of the DV that it is for (etoegang cases 86 and 87).
pub(super) async fn introspect(State(role): State<Arc<HmRole>>, visit: Visit) -> Response {
    let (reis, burn) = match role.introspectie(&visit).await {
        Ok(asked) => asked,
        Err(refusal) => {
            let (requirement, reason) = (refusal.requirement, refusal.reason);
            role.app.refused(visit.trace, requirement, reason);
            return web::refused(refusal.error);
        }
    };
    // The proof serves once; of tokens nothing is written.
    match settle(&role.app, visit.trace, Bewijs(burn)).await {
        Ok(true) => {}
        Ok(false) => return web::refused(ErrorCode::InvalidClient),
        Err(_) => return web::unavailable(),
    }
    match settle(&role.app, visit.trace, reis).await {
        Ok(body) => web::json(200, &body),
        Err(_) => web::unavailable(),
    }
}

impl HmRole {
    /// The claims of an access token that we signed and that is not over.
    fn access_token(&self, token: &str) -> Option<AccessToken> {
        self.own_token(token)?.parse_all().ok()
    }

    /// Which backend asks about what. An app is none, whatever it proves (A21 of
    /// etoegang.md §6.1).
    async fn introspectie(
        &self,
        visit: &Visit,
    ) -> Result<(Introspectiereis, Option<Change<Clear>>), Refusal> {
        let form = visit.form().map_err(NotAForm::refusal)?;
        let shown = Shown::read(&form, None, visit.has_authorization());
        let claimed = shown
            .assertion
            .1
            .and_then(protocol::assertion::claimed_client);
        let named = form.get("client_id").map(str::to_owned).or(claimed);
        let dv = named.and_then(|id| EntityId::parse(&id).ok());
        let unknown = Refusal::new(
            ErrorCode::InvalidClient,
            "etoegang case 86",
            "the caller is no backend of a DV",
        );
        let dv = dv.ok_or(unknown)?;
        let clients = self.backend(&dv).await?;
        let receiver = Receiver {
            audience: &[&self.hm.issuer],
            now: self.app.clock.now(),
        };
        let client = clients.prove(&shown, Some(&receiver))?;
        let token = form.get("token").and_then(|token| self.access_token(token));
        let reis = Introspectiereis {
            hm: self.voor(token.as_ref().map_or("", |token| &token.client_id)),
            introspectie: Introspectie::new(dv, token),
        };
        Ok((reis, client.burn()))
    }

    /// The backend of this DV, with its keys as they are now; nobody for a DV that is not ours.
    async fn backend(&self, dv: &EntityId) -> Result<Clients, Refusal> {
        let Some(deelnemer) = self.dvs.iter().find(|known| known.entity == *dv) else {
            return Ok(Clients::default());
        };
        let reason = "the keys of the DV's backend cannot be had";
        let down = Refusal::new(ErrorCode::TemporarilyUnavailable, "RFC 7662 §2.1", reason);
        let keys = self.keys.van(&self.app, deelnemer).await;
        let keys = keys.map_err(|_| down)?;
        let keys = ClientKeys::new(keys.as_ref().clone(), &CLIENT_ALGORITHMS).ok_or(down)?;
        let client = Client {
            client_id: dv.to_string(),
            organisatienaam: deelnemer.naam.clone(),
            authentication: Authentication::PrivateKeyJwt(keys),
            redirect_uris: Vec::new(),
        };
        Ok(std::iter::once(client).collect())
    }
}

struct Introspectiereis {
    hm: Arc<Hm>,
    introspectie: Introspectie,
}

impl Journey for Introspectiereis {
    type Reply = Value;
    type Question = introspect::FamilyVraag;

    fn begin(&self, run: &Run) -> Step<Value, introspect::FamilyVraag> {
        self.introspectie.begin(run.now)
    }

    async fn answer(
        &self,
        run: &Run,
        question: introspect::FamilyVraag,
    ) -> Result<Step<Value, introspect::FamilyVraag>, Outage> {
        let found = run.load::<Family>(question.key()).await?;
        Ok(question.answer(&self.hm, found))
    }
}

/// Spends a proof; whether it was fresh.
struct Bewijs(Option<Change<Clear>>);

impl Journey for Bewijs {
    type Reply = bool;
    type Question = ();

    fn begin(&self, _: &Run) -> Step<bool, ()> {
        Step::Done(Verdict {
            reply: true,
            changes: self.0.clone().into_iter().collect(),
            events: Vec::new(),
        })
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<bool, ()>, Outage> {
        Ok(self.begin(run))
    }

    fn lost(&self, _: &verdict::Key) -> Option<Step<bool, ()>> {
        Some(Step::reply(false))
    }
}
