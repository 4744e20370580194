//! What HMs ask the MR: a question before a login's choice, the declaration after it, and GUC9 9.4.
//!
//! Every message is signed by the HM; nothing else says who asks.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::response::Response;
use etoegang::attribuut::Attribuutnaam;
use etoegang::hm_mr::aantonen::{
    Geweigerd, Herkenningsmakelaar, VERKLARING_TYP, Verklaring, Vraag,
};
use etoegang::hm_mr::{self, MandateCheck};
use etoegang::machtiging::vraagstelling::{ANTWOORD, Opgehaald, Ophaalvraag, VRAAG, Vraagstelling};
use etoegang::machtiging::{Besluit, Gemachtigde, Machtiging, Machtigingen};
use identity::EntityId;
use protocol::handle::Handle;
use serde_json::json;
use verdict::{Event, Step, Verdict};

use super::MrRole;
use crate::routes::etoegang::keten;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// The media type of a signed answer.
const JWT: &str = "application/jwt";

/// A question of an HM, before its person chooses (GUC4 4.1).
pub(super) async fn vragen(State(role): State<Arc<MrRole>>, visit: Visit) -> Response {
    let now = role.app.clock.now();
    let read = |hm: &Herkenningsmakelaar, token: &str| hm.vraag(token, &role.given.entity, now);
    let (hm, mut vraag) = match role.gelezen(&visit, read).await {
        Ok(read) => read,
        Err(response) => return response,
    };
    let Some(persoon) = role.opened(&vraag.gemachtigde) else {
        return role.geweigerd(
            &visit,
            Geweigerd("the person is not encrypted for this register"),
        );
    };
    vraag.gemachtigde = persoon;
    // etoegang.md §3: only what the catalogue declares for the service is given
    let Ok(dienst) = role.dienst(&vraag.service_uuid).await else {
        return web::unavailable();
    };
    let asks = |naam: &Attribuutnaam| dienst.as_ref().is_some_and(|dienst| dienst.vraagt(naam));
    vraag.attributen.retain(asks);
    match settle(&role.app, visit.trace, Ontvangst { hm, vraag }).await {
        Ok(handle) => {
            let vraag = role.app.handles.make(VRAAG, handle);
            web::json(201, &json!({ "vraag": vraag }))
        }
        Err(_) => web::unavailable(),
    }
}

/// The declaration for a choice (GUC4 4.4).
pub(super) async fn antwoorden(State(role): State<Arc<MrRole>>, visit: Visit) -> Response {
    let now = role.app.clock.now();
    let read = |hm: &Herkenningsmakelaar, token: &str| hm.ophalen(token, &role.given.entity, now);
    let (hm, number) = match role.gelezen(&visit, read).await {
        Ok(read) => read,
        Err(response) => return response,
    };
    let signed = Arc::new(Mutex::new(None));
    let reis = Ophaalreis {
        role: Arc::clone(&role),
        handle: role.app.handles.open(ANTWOORD, &number),
        hm,
        signed: Arc::clone(&signed),
    };
    match settle(&role.app, visit.trace, reis).await {
        Ok(Opgehaald::Verklaard(_)) => answered(&signed),
        Ok(Opgehaald::Niets) => {
            let reason = "the number is spent, over or another's, or the mandate went";
            role.geweigerd(&visit, Geweigerd(reason))
        }
        Err(_) => web::unavailable(),
    }
}

/// Is this mandate still good? (GUC9 9.4.)
pub(super) async fn besluiten(State(role): State<Arc<MrRole>>, visit: Visit) -> Response {
    let now = role.app.clock.now();
    let read = |hm: &Herkenningsmakelaar, token: &str| hm.check(token, &role.given.entity, now);
    let (hm, check) = match role.gelezen(&visit, read).await {
        Ok(read) => read,
        Err(response) => return response,
    };
    let Some(gemachtigde) = role.gemachtigde(&check.gemachtigde) else {
        return role.geweigerd(
            &visit,
            Geweigerd("the person is not encrypted for this register"),
        );
    };
    let signed = Arc::new(Mutex::new(None));
    let reis = Besluitreis {
        role: Arc::clone(&role),
        check: MandateCheck {
            gemachtigde,
            ..check
        },
        hm,
        signed: Arc::clone(&signed),
    };
    match settle(&role.app, visit.trace, reis).await {
        Ok(_) => answered(&signed),
        Err(_) => web::unavailable(),
    }
}

impl MrRole {
    /// The message of an HM, with which HM it is.
    async fn gelezen<T>(
        &self,
        visit: &Visit,
        read: impl FnOnce(&Herkenningsmakelaar, &str) -> Result<T, Geweigerd>,
    ) -> Result<(EntityId, T), Response> {
        let refused = |why| self.geweigerd(visit, why);
        let token = str::from_utf8(&visit.body).unwrap_or_default();
        let hm = self.makelaar(token).await.map_err(|_| web::unavailable())?;
        let hm =
            hm.ok_or_else(|| refused(Geweigerd("the message is of no HM of this register")))?;
        let message = read(&hm, token).map_err(refused)?;
        Ok((hm.entity, message))
    }

    /// 400, with the reason in the log alone.
    fn geweigerd(&self, visit: &Visit, Geweigerd(reason): Geweigerd) -> Response {
        self.app.refused(visit.trace, "etoegang.md §4.7", reason);
        web::json(400, &json!({ "error": "invalid_request" }))
    }

    /// Who acts, in the clear.
    fn gemachtigde(&self, shown: &Gemachtigde) -> Option<Gemachtigde> {
        match shown {
            Gemachtigde::Persoon(encrypted) => self.opened(encrypted).map(Gemachtigde::Persoon),
            Gemachtigde::Organisatie(_) => Some(shown.clone()),
        }
    }
}

fn answered(signed: &Mutex<Option<String>>) -> Response {
    let signed = signed.lock().unwrap_or_else(PoisonError::into_inner).take();
    signed.map_or_else(web::unavailable, |token| web::typed(200, JWT, token))
}

struct Ontvangst {
    hm: EntityId,
    vraag: Vraag,
}

impl Journey for Ontvangst {
    type Reply = Handle;
    type Question = ();

    fn begin(&self, run: &Run) -> Step<Handle, ()> {
        let (hm, vraag) = (self.hm.clone(), self.vraag.clone());
        Step::Done(Vraagstelling::ontvangen(hm, vraag, &run.entropy, run.now))
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<Handle, ()>, Outage> {
        Ok(self.begin(run))
    }
}

struct Ophaalreis {
    role: Arc<MrRole>,
    handle: Option<Handle>,
    hm: EntityId,
    signed: Arc<Mutex<Option<String>>>,
}

impl Journey for Ophaalreis {
    type Reply = Opgehaald;
    type Question = Ophaalvraag;

    fn begin(&self, _: &Run) -> Step<Opgehaald, Ophaalvraag> {
        Vraagstelling::ophalen(self.handle)
    }

    async fn answer(
        &self,
        run: &Run,
        question: Ophaalvraag,
    ) -> Result<Step<Opgehaald, Ophaalvraag>, Outage> {
        Ok(match question {
            Ophaalvraag::Vraagstelling(handle) => {
                let found = run.load(Vraagstelling::key(handle.id)).await?;
                Vraagstelling::gevonden(found, &self.hm)
            }
            Ophaalvraag::Mogelijkheden(found) => {
                let Vraag {
                    gemachtigde,
                    service_uuid,
                    niveau_vereist,
                    ..
                } = &found.value.vraag;
                let kan = self
                    .role
                    .mogelijkheden(gemachtigde, service_uuid, *niveau_vereist, run.now)
                    .await?;
                let id = self.handle.map_or([0; 16], |handle| handle.id);
                Vraagstelling::nog_mogelijk(id, *found, kan)
            }
            Ophaalvraag::Pseudoniem(vraag) => {
                let found = run.load(vraag.key().clone()).await?;
                let bekend = &self.role.given.bekend;
                vraag.answer(found, bekend, &run.entropy, run.now)
            }
        })
    }

    fn prepare(&self, reply: &Opgehaald) -> Result<(), Outage> {
        if let Opgehaald::Verklaard(verklaring) = reply {
            let signed = self.sign(verklaring)?;
            *self.signed.lock().unwrap_or_else(PoisonError::into_inner) = Some(signed);
        }
        Ok(())
    }
}

impl Ophaalreis {
    fn sign(&self, verklaring: &Verklaring) -> Result<String, Outage> {
        let (app, mr) = (&self.role.app, &self.role.given.entity);
        let claims = verklaring.claims(mr, &self.hm, app.clock.now());
        keten::sign(app, VERKLARING_TYP, &claims)
    }
}

struct Besluitreis {
    role: Arc<MrRole>,
    check: MandateCheck,
    hm: EntityId,
    signed: Arc<Mutex<Option<String>>>,
}

impl Journey for Besluitreis {
    type Reply = Besluit;
    type Question = ();

    fn begin(&self, _: &Run) -> Step<Besluit, ()> {
        Step::Ask(())
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<Besluit, ()>, Outage> {
        let gevonden = self.gevonden(run).await?;
        let machtigingen = Machtigingen {
            gevonden: &gevonden,
            dienst_bestaat: self.role.kent(&self.check.service_uuid).await?,
        };
        let besluit = machtigingen.besluit(&self.check, run.now);
        let event: Event = besluit.event(&self.hm);
        Ok(Step::Done(Verdict {
            reply: besluit,
            changes: Vec::new(),
            events: vec![event],
        }))
    }

    fn prepare(&self, reply: &Besluit) -> Result<(), Outage> {
        let app = &self.role.app;
        let claims = hm_mr::claims(&self.check, &self.hm, reply, app.clock.now());
        let signed = keten::sign(app, hm_mr::TYP, &claims)?;
        *self.signed.lock().unwrap_or_else(PoisonError::into_inner) = Some(signed);
        Ok(())
    }
}

impl Besluitreis {
    /// The mandate that the login named; without a name, those of who acts.
    async fn gevonden(&self, run: &Run) -> Result<Vec<(String, Machtiging)>, Outage> {
        let Some(id) = &self.check.machtiging else {
            return self.role.van(&self.check.gemachtigde, run.now).await;
        };
        let found = run.load::<Machtiging>(Machtiging::key(id)).await?;
        let found = found.map(|found| (id.clone(), found.value));
        Ok(found.into_iter().collect())
    }
}
