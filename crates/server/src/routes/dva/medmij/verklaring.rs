//! The declaration: what a person who logged in decides (core.authint.205, core.usrint.102).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use medmij::authorization_interface::aanmelding::{Aanmelding, Stand};
use medmij::authorization_interface::verklaring::{AanmeldingVraag, Besluit, Keuze, Vervolg};
use medmij::authorization_interface::verzoek::Verzoek;
use medmij::scope::Functie;
use medmij::token_interface::CODE;
use medmij::vertegenwoordiging::{Anders, GeboortedatumParameter};
use protocol::handle::Handle;
use verdict::Step;

use super::{AANMELDING_COOKIE, Bij, DvaRole, waarvoor};
use crate::door::TraceId;
use crate::pages::{DvaFoutSoort, DvaNietVerder, DvaNietVerderSoort, DvaVerklaring};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// The purpose of the form, bound to the aanmelding's cookie.
pub(super) const FORMULIER: &str = "medmij.verklaring";

/// The declaration, or why there is none (medmij cases 27 to 29, 89 and 90).
pub(super) async fn verklaring(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    let Some((_, found, cookie)) = role.aanmelding(&visit).await else {
        return DvaRole::fout(400, &visit, DvaFoutSoort::Verlopen);
    };
    let Some(verzoek) = found.value.verzoek() else {
        return web::see_other("/toestemmingen/overzicht");
    };
    let formulier = role.app.seal.form_token(FORMULIER, cookie);
    let trace = TraceId::parse(&found.value.trace).unwrap_or(visit.trace);
    let back = web::origin(&verzoek.redirect_uri);
    match found.value.stand {
        Stand::Beslist => {
            let page = role.te_verklaren(verzoek, formulier).await;
            DvaRole::toon(200, &visit.under(trace), &[&back], &page)
        }
        stand => {
            let page = DvaNietVerder {
                soort: waarom(stand),
                aanbieder: role.naam_of(&verzoek.scope),
                pgo: role.pgo_of(&verzoek.client_id).await,
                formulier,
            };
            DvaRole::toon(200, &visit.under(trace), &[&back], &page)
        }
    }
}

const fn waarom(stand: Stand) -> DvaNietVerderSoort {
    match stand {
        Stand::Anders(Anders::NietGebruikt) => DvaNietVerderSoort::NietVertegenwoordigd,
        Stand::Anders(Anders::NietGevraagd) => DvaNietVerderSoort::WelVertegenwoordigd,
        Stand::GeenGegevens | Stand::Beslist => DvaNietVerderSoort::GeenGegevens,
    }
}

impl DvaRole {
    async fn te_verklaren(&self, verzoek: &Verzoek, formulier: String) -> DvaVerklaring {
        let most = self
            .medmij
            .as_ref()
            .map_or(0, |medmij| medmij.abonneren_max);
        DvaVerklaring {
            waarvoor: waarvoor(&verzoek.scope),
            aanbieder: self.naam_of(&verzoek.scope),
            pgo: self.pgo_of(&verzoek.client_id).await,
            geboren: geboren(verzoek).map(GeboortedatumParameter::iso),
            dienst: self.dienst_of(&verzoek.scope).await,
            dagen: match verzoek.scope.functie {
                Functie::Abonneren { dagen, .. } => dagen.min(most),
                Functie::Verzamelen | Functie::Delen(_) => 0,
            },
            formulier,
        }
    }
}

/// The date of birth of whom it is about, when that is somebody else.
fn geboren(verzoek: &Verzoek) -> Option<GeboortedatumParameter> {
    verzoek.scope.vertegenwoordiging.and(verzoek.geboortedatum)
}

/// What the person decided: back to the client, with a code or without (medmij cases 30 and 31).
pub(super) async fn besluiten(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    let found = role.aanmelding(&visit).await;
    let Some((id, keuze)) = role.besluit(&visit) else {
        return DvaRole::fout(400, &visit, DvaFoutSoort::Verlopen);
    };
    let Some((_, found, _)) = found else {
        return DvaRole::fout(400, &visit, DvaFoutSoort::AlBeantwoord);
    };
    let trace = TraceId::parse(&found.value.trace).unwrap_or(visit.trace);
    let visit = visit.under(trace);
    let journey = BesluitJourney {
        aanmelding: id,
        keuze,
    };
    let response = match settle(&role.app, trace, journey).await {
        Ok(Vervolg::Code {
            verzoek,
            toestemming,
        }) => {
            let handle = Handle {
                id: toestemming,
                generation: 0,
            };
            web::see_other(&verzoek.granted(&role.app.handles.make(CODE, handle)))
        }
        Ok(Vervolg::Geweigerd { verzoek }) => role.denied(&verzoek),
        Ok(Vervolg::Onbekend) => DvaRole::fout(400, &visit, DvaFoutSoort::AlBeantwoord),
        Err(_) => {
            let bij = Bij {
                verzoek: found.value.verzoek(),
                sessie: &found.value.sessie,
            };
            return role.technische_storing(&visit, trace, Some(&bij));
        }
    };
    web::with(response, web::drop_cookie(AANMELDING_COOKIE))
}

impl DvaRole {
    /// The choice in a form of ours: the right origin, the token that the aanmelding's cookie makes.
    fn besluit(&self, visit: &Visit) -> Option<([u8; 16], Keuze)> {
        let form = visit.form().ok()?;
        let cookie = self.own_cookie(visit, form.get("formulier")?)?;
        let keuze = match form.get("keuze")? {
            "ja" => Keuze::Ja {
                langdurig: form.get("langdurig") == Some("ja"),
            },
            "nee" => Keuze::Nee,
            _ => return None,
        };
        Some((cookie.id, keuze))
    }

    /// The aanmelding in the cookie, if the form was made for it and comes from our own pages.
    pub(super) fn own_cookie(&self, visit: &Visit, formulier: &str) -> Option<Handle> {
        let text = visit.cookie(AANMELDING_COOKIE)?;
        let is_own = self.app.seal.is_form_token(FORMULIER, text, formulier)
            && visit.is_from(&self.medmij.as_ref()?.front);
        let handle = self.app.handles.open(super::AANMELDING, text);
        handle.filter(|_| is_own)
    }
}

struct BesluitJourney {
    aanmelding: [u8; 16],
    keuze: Keuze,
}

impl Journey for BesluitJourney {
    type Reply = Vervolg;
    type Question = AanmeldingVraag;

    fn begin(&self, run: &Run) -> Step<Vervolg, AanmeldingVraag> {
        Besluit::new(self.aanmelding, self.keuze, run.now, &run.entropy).begin()
    }

    async fn answer(
        &self,
        run: &Run,
        question: AanmeldingVraag,
    ) -> Result<Step<Vervolg, AanmeldingVraag>, Outage> {
        let found = run.load::<Aanmelding>(question.key()).await?;
        Ok(question.answer(found))
    }
}
