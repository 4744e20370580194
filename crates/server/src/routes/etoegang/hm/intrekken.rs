//! Revocation by an app (RFC 7009; etoegang.md §4.9).

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use etoegang::dv_hm::claims::{ACCESS_TOKEN_TYP, AccessToken};
use etoegang::dv_hm::family::{Family, REFRESH_TOKEN};
use etoegang::dv_hm::revoke::{FamilyVraag, Intrekking};
use etoegang::instellingen::Ondertekening;
use http::StatusCode;
use identity::EntityId;
use jose::{Claims, Expected, Typ};
use protocol::access_token::grant_of;
use protocol::refusal::{ErrorCode, Refusal};
use verdict::Step;

use super::HmRole;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, NotAForm, Visit};

/// 200 and empty, also for a token that nobody knows (etoegang case 85).
pub(super) async fn revoke(State(role): State<Arc<HmRole>>, visit: Visit) -> Response {
    let intrekking = match role.intrekking(&visit).await {
        Ok(intrekking) => intrekking,
        Err(refusal) => {
            let (requirement, reason) = (refusal.requirement, refusal.reason);
            role.app.refused(visit.trace, requirement, reason);
            return web::refused(refusal.error);
        }
    };
    match settle(&role.app, visit.trace, Intrekreis(intrekking)).await {
        Ok(()) => StatusCode::OK.into_response(),
        // RFC 7009 §2.2.1
        Err(_) => web::unavailable(),
    }
}

impl HmRole {
    async fn intrekking(&self, visit: &Visit) -> Result<Intrekking, Refusal> {
        let form = visit.form().map_err(NotAForm::refusal)?;
        let app = self.proven_app(visit, &form).await?;
        let missing = Refusal::new(
            ErrorCode::InvalidRequest,
            "RFC 7009 §2.1",
            "token is missing",
        );
        let token = form.get("token").ok_or(missing)?;
        Ok(match self.app.handles.open(REFRESH_TOKEN, token) {
            Some(handle) => Intrekking::of_refresh_token(app, Some(handle)),
            None => Intrekking::new(app, self.family_of(token)),
        })
    }

    /// The family of an access token that we signed and that is not over.
    fn family_of(&self, token: &str) -> Option<[u8; 16]> {
        let claims: AccessToken = self.own_token(token)?.parse_all().ok()?;
        grant_of(&claims.jti)
    }

    /// The claims of an access token that we signed, for whichever DV.
    pub(super) fn own_token(&self, token: &str) -> Option<Claims> {
        let audience: Vec<&str> = self.dienstverleners.iter().map(EntityId::as_str).collect();
        let expected = Expected {
            typ: Typ::Is(ACCESS_TOKEN_TYP),
            issuer: &self.hm.issuer,
            audience: &audience,
            now: self.app.clock.now(),
            leeway_s: 0,
        };
        let set = self.app.keys.set();
        // What was signed before the setting was changed is ours too.
        Ondertekening::ALL.into_iter().find_map(|each| {
            let keys = set.app_tokens(each).ok()?.published();
            jose::verify(token, keys, &[each.algorithm()], &expected).ok()
        })
    }
}

struct Intrekreis(Intrekking);

impl Journey for Intrekreis {
    type Reply = ();
    type Question = FamilyVraag;

    fn begin(&self, run: &Run) -> Step<(), FamilyVraag> {
        self.0.begin(run.now)
    }

    async fn answer(
        &self,
        run: &Run,
        question: FamilyVraag,
    ) -> Result<Step<(), FamilyVraag>, Outage> {
        let found = run.load::<Family>(question.key()).await?;
        Ok(question.answer(found))
    }
}
