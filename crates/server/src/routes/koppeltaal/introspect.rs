//! The introspection endpoint of a domain (RFC 7662, TOP-KT-021).

use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::response::Response;
use jose::{Algorithm, Typ};
use koppeltaal::ClientId;
use koppeltaal::client_assertion::ProvenApplicatie;
use koppeltaal::introspectie::{Domeinvraag, Eigen, Gevonden, Introspected, Introspectie};
use koppeltaal::launch::NietGoed;
use koppeltaal::launch::hti;
use protocol::refusal::{ErrorCode, Refusal};
use verdict::{Key, Step};

use super::launch::spoor;
use super::zicht::Zicht;
use super::{DomeinNu, InPath, KoppeltaalRole, no_domain};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, NotAForm, Visit};

/// What a token is, for an application that proves who it is.
pub(super) async fn introspect(
    State(role): State<Arc<KoppeltaalRole>>,
    path: InPath,
    visit: Visit,
) -> Response {
    let Some(domein) = role.domein(&path) else {
        return no_domain();
    };
    let form = match visit.form().map_err(NotAForm::refusal) {
        Ok(form) => form,
        Err(refusal) => return role.refused(&visit, &refusal),
    };
    // koppeltaal.md §1.5: its own address, and the token endpoint's for clients of the reference
    let (here, token) = (domein.urls.introspect(), domein.urls.token());
    let applicatie = match role.proven(&domein, &visit, &form, &[&here, &token]).await {
        Ok(applicatie) => applicatie,
        Err(response) => return response,
    };
    let Some(token) = form.get("token") else {
        // koppeltaal case 85
        let reason = "token is missing";
        let refusal = Refusal::new(ErrorCode::InvalidRequest, "koppeltaal case 85", reason);
        return role.refused(&visit, &refusal);
    };
    let gevonden = role.look(&domein, token, applicatie.client_id()).await;
    let journey = Introspectiereis {
        zicht: Zicht::of(&role, &domein),
        applicatie,
        gevonden,
        introspectie: OnceLock::new(),
    };
    match settle(&role.app, visit.trace, journey).await {
        Ok(Introspected::Body(body)) => {
            role.outbox.wake(&domein.configuratie.domein);
            web::json(200, &body)
        }
        Ok(Introspected::Refused(refusal)) => web::refused(refusal.error),
        Err(_) => web::unavailable(),
    }
}

impl KoppeltaalRole {
    /// What the token is, to this application; nothing is spent by looking.
    async fn look(&self, domein: &DomeinNu, token: &str, asks: ClientId) -> Gevonden {
        // An access token of ours, which is asked about most, is read once.
        let own = self.look_own(domein, token, asks);
        let is_ours = || jose::claimed_issuer(token).ok() == Some(domein.urls.issuer());
        if !matches!(own, Gevonden::Niets(_)) || is_ours() {
            return own;
        }
        let shown = match hti::Shown::read(token) {
            Ok(shown) => shown,
            // koppeltaal case 90
            Err(why) => return Gevonden::Niets(why),
        };
        match self.proven_hti(domein, shown, asks).await {
            Ok(hti) => Gevonden::Hti(Box::new(hti)),
            Err(why) => Gevonden::Niets(why),
        }
    }

    fn look_own(&self, domein: &DomeinNu, token: &str, asks: ClientId) -> Gevonden {
        let set = self.app.keys.set();
        let (Ok(access_tokens), Ok(id_tokens)) = (set.tokens(), set.id_tokens()) else {
            let why = NietGoed::new("koppeltaal.md §4.4", "this node has no keys for tokens");
            return Gevonden::Niets(why);
        };
        let eigen = Eigen {
            access_tokens: access_tokens.published(),
            access_token_algorithm: Algorithm::Es256,
            access_token_typ: Typ::Is("JWT"),
            id_tokens: id_tokens.published(),
            remembered: &self.remembered,
            not_before: &|client_id| self.not_before(domein, client_id),
            now: self.app.clock.now(),
        };
        eigen.look(token, &domein.nu(), asks)
    }
}

struct Introspectiereis {
    zicht: Zicht,
    applicatie: ProvenApplicatie,
    gevonden: Gevonden,
    /// The same, with what was drawn for this run.
    introspectie: OnceLock<Introspectie>,
}

impl Journey for Introspectiereis {
    type Reply = Introspected;
    type Question = Domeinvraag;

    fn begin(&self, run: &Run) -> Step<Introspected, Domeinvraag> {
        let introspectie = self.introspectie.get_or_init(|| {
            let (gevonden, request) = (self.gevonden.clone(), spoor(run.trace));
            Introspectie::new(self.applicatie, gevonden, request, run.now, &run.entropy)
        });
        introspectie.begin()
    }

    async fn answer(
        &self,
        _: &Run,
        question: Domeinvraag,
    ) -> Result<Step<Introspected, Domeinvraag>, Outage> {
        let domein = self.zicht.now().await?;
        Ok(question.answer(domein.as_ref().map(|domein| domein.nu())))
    }

    fn lost(&self, key: &Key) -> Option<Step<Introspected, Domeinvraag>> {
        self.zicht.lost(key);
        self.introspectie.get()?.lost(key)
    }
}
