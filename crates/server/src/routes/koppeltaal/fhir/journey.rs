//! One request's way through the rule.

use std::sync::{Arc, Mutex, PoisonError};

use koppeltaal::resource_service::{self, Antwoord, Asked, Cursor, Storing, UpstreamVraag, Vraag};
use tokio::sync::OwnedSemaphorePermit;
use verdict::Step;

use super::upstream::Passing;
use super::{DomeinNu, KoppeltaalRole};
use crate::settle::{Journey, Outage, Run};

/// A body that is passed on as it comes, if there is one.
pub(super) type InPassing = Arc<Mutex<Option<Passing>>>;

/// See the module.
pub(super) struct FhirJourney {
    role: Arc<KoppeltaalRole>,
    domein: Arc<DomeinNu>,
    asked: Arc<Asked>,
    passing: InPassing,
    /// Of the last answer: what came before it was judged, and is gone.
    room: Mutex<Vec<OwnedSemaphorePermit>>,
}

impl FhirJourney {
    pub(super) fn new(
        role: &Arc<KoppeltaalRole>,
        domein: &Arc<DomeinNu>,
        asked: &Arc<Asked>,
        passing: &InPassing,
    ) -> Self {
        Self {
            role: Arc::clone(role),
            domein: Arc::clone(domein),
            asked: Arc::clone(asked),
            passing: Arc::clone(passing),
            room: Mutex::default(),
        }
    }

    async fn ask(&self, question: UpstreamVraag) -> Step<Antwoord, Vraag> {
        if let Some(url) = &question.request().calls
            && self.role.app.outside.may_call(url).await.is_err()
        {
            // koppeltaal.md §5
            return question.answer(Err(Storing::NotCalled));
        }
        let base = &self.domein.configuratie.upstream;
        let upstream = &self.role.fhir.upstream;
        let came = upstream.ask(&self.role.app, base, question.request(), &self.asked.sporen);
        match came.await {
            Ok(came) => {
                *self.passing.lock().unwrap_or_else(PoisonError::into_inner) = came.passing;
                *self.room.lock().unwrap_or_else(PoisonError::into_inner) = came.room;
                question.answer(Ok(came.answer))
            }
            Err(storing) => question.answer(Err(storing)),
        }
    }
}

impl Journey for FhirJourney {
    type Reply = Antwoord;
    type Question = Vraag;

    fn begin(&self, _: &Run) -> Step<Antwoord, Vraag> {
        resource_service::begin(&self.asked)
    }

    async fn answer(&self, run: &Run, question: Vraag) -> Result<Step<Antwoord, Vraag>, Outage> {
        Ok(match question {
            Vraag::Upstream(question) => self.ask(*question).await,
            Vraag::Capabilities(question) => {
                let base = &self.domein.configuratie.upstream;
                let known = self.role.fhir.capabilities(&run.app, base).await;
                question.answer(known.as_ref())
            }
            Vraag::Bladzijde(question) => {
                let purpose = purpose(&self.domein);
                let cursor: Option<Cursor> = run.app.seal.open_cookie(&purpose, question.sealed());
                question.answer(cursor)
            }
        })
    }
}

/// What a place in a result is sealed for: the same text means nothing in another domain.
pub(super) fn purpose(domein: &DomeinNu) -> String {
    format!("koppeltaal.page {}", domein.configuratie.domein)
}
