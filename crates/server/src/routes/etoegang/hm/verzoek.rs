//! The authorization request of an app: as it is, signed, or pushed before (GUC7, GUC8 8.1; etoegang.md
//! §4.3).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use etoegang::dv_hm::verzoek::{self, Aangeboden, AangebodenVraag, Gelezen, Kader, Verzoekfout};
use etoegang::dv_hm::{DvApps, ProvenApp};
use protocol::client::ProvenClient;
use protocol::pushed::PushedRequest;
use protocol::refusal::Refusal;
use protocol::wire::{Malformed, Parameters};
use serde_json::json;
use verdict::{Key, Moment, Step};

use super::HmRole;
use super::front::fout;
use crate::catalogus::InGebruik;
use crate::pages::HmFoutSoort;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// By GET (OIDC Core §3.1.2.1).
pub(super) async fn authorize(State(role): State<Arc<HmRole>>, visit: Visit) -> Response {
    let parameters = visit.query();
    authorized(role, &visit, parameters).await
}

/// The same by POST.
pub(super) async fn authorize_post(State(role): State<Arc<HmRole>>, visit: Visit) -> Response {
    let parameters = visit.form().map_err(|_| Malformed::Encoding);
    authorized(role, &visit, parameters).await
}

async fn authorized(
    role: Arc<HmRole>,
    visit: &Visit,
    read: Result<Parameters, Malformed>,
) -> Response {
    let refused = |requirement, reason| role.app.refused(visit.trace, requirement, reason);
    let Ok(query) = read else {
        refused("RFC 6749 §3.1", "the request cannot be read");
        return fout(400, visit, HmFoutSoort::Verzoek);
    };
    let (Ok(apps), Ok(catalogus)) = (
        role.apps_met(query.get("client_id")).await,
        role.catalogus.nu(&role.app).await,
    ) else {
        return fout(503, visit, HmFoutSoort::Storing);
    };
    let reis = Verzoekreis {
        role: Arc::clone(&role),
        bekend: Bekend { apps, catalogus },
        query,
    };
    match settle(&role.app, visit.trace, reis).await {
        Ok(Ok(request)) => role.to_page(visit, *request),
        // etoegang case 61
        Ok(Err(Verzoekfout::Pagina(refusal))) => {
            refused("etoegang case 61", refusal.reason().1);
            fout(400, visit, HmFoutSoort::Verzoek)
        }
        Ok(Err(Verzoekfout::Verlopen)) => fout(400, visit, HmFoutSoort::Verlopen),
        Ok(Err(Verzoekfout::Redirect(refusal))) => {
            refused(refusal.requirement, refusal.reason);
            web::see_other(&refusal.url(&role.hm.issuer))
        }
        Err(_) => fout(503, visit, HmFoutSoort::Storing),
    }
}

/// A request that an app leaves at the back (RFC 9126).
pub(super) async fn par(State(role): State<Arc<HmRole>>, visit: Visit) -> Response {
    let refused = |refusal: Refusal| {
        let (requirement, reason) = (refusal.requirement, refusal.reason);
        role.app.refused(visit.trace, requirement, reason);
        web::refused(refusal.error)
    };
    let form = match visit.form() {
        Ok(form) => form,
        Err(no_form) => return refused(no_form.refusal()),
    };
    let app = match role.proven_app(&visit, &form).await {
        Ok(app) => app,
        Err(refusal) => return refused(refusal),
    };
    let (Ok(apps), Ok(catalogus)) = (
        role.apps_met(Some(app.id())).await,
        role.catalogus.nu(&role.app).await,
    ) else {
        return web::unavailable();
    };
    let reis = Aanbod {
        role: Arc::clone(&role),
        bekend: Bekend { apps, catalogus },
        app,
        form,
    };
    match settle(&role.app, visit.trace, reis).await {
        Ok(Ok(Aangeboden::Aangenomen {
            request_uri,
            expires_in_s,
        })) => {
            let body = json!({ "request_uri": request_uri, "expires_in": expires_in_s });
            web::json(201, &body)
        }
        Ok(Ok(Aangeboden::Geweigerd { error, reason, .. })) => {
            web::json(400, &json!({ "error": error, "error_description": reason }))
        }
        Ok(Err(refusal)) => web::refused(refusal.error),
        Err(_) => web::unavailable(),
    }
}

/// The apps and services that are known while a request is judged.
struct Bekend {
    apps: Arc<DvApps>,
    catalogus: Arc<InGebruik>,
}

impl HmRole {
    /// What a request is held against; `judge` decides.
    fn with_kader<T>(&self, bekend: &Bekend, now: Moment, judge: impl FnOnce(Kader<'_>) -> T) -> T {
        let set = self.app.keys.set();
        let opening = set.introspection();
        judge(Kader {
            hm: &self.hm,
            apps: &bekend.apps,
            catalogus: bekend.catalogus.diensten(),
            ontsleutelt: opening.as_ref().map_or(&[], |keys| keys.all()),
            now,
        })
    }
}

struct Verzoekreis {
    role: Arc<HmRole>,
    bekend: Bekend,
    query: Parameters,
}

impl Journey for Verzoekreis {
    type Reply = Gelezen;
    type Question = AangebodenVraag;

    fn begin(&self, run: &Run) -> Step<Gelezen, AangebodenVraag> {
        let query = self.query.clone();
        self.role
            .with_kader(&self.bekend, run.now, |kader| verzoek::begin(query, kader))
    }

    async fn answer(
        &self,
        run: &Run,
        question: AangebodenVraag,
    ) -> Result<Step<Gelezen, AangebodenVraag>, Outage> {
        let found = run.load::<PushedRequest>(question.key()).await?;
        Ok(self
            .role
            .with_kader(&self.bekend, run.now, |kader| question.answer(found, kader)))
    }

    fn lost(&self, _: &Key) -> Option<Step<Gelezen, AangebodenVraag>> {
        Some(Step::reply(AangebodenVraag::lost()))
    }
}

struct Aanbod {
    role: Arc<HmRole>,
    bekend: Bekend,
    app: ProvenApp,
    form: Parameters,
}

impl Journey for Aanbod {
    type Reply = Result<Aangeboden, Refusal>;
    type Question = ();

    fn begin(&self, run: &Run) -> Step<Self::Reply, ()> {
        let random = run.entropy.bytes("etoegang.par");
        let verdict = self.role.with_kader(&self.bekend, run.now, |kader| {
            verzoek::aanbieden(&self.app, &self.form, random, kader)
        });
        Step::Done(verdict::Verdict {
            reply: Ok(verdict.reply),
            changes: verdict.changes,
            events: verdict.events,
        })
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<Self::Reply, ()>, Outage> {
        Ok(self.begin(run))
    }

    /// The app's assertion was used before.
    fn lost(&self, key: &Key) -> Option<Step<Self::Reply, ()>> {
        ProvenClient::is_replay(key).map(|refusal| Step::reply(Err(refusal)))
    }
}
