//! The page of the MR: for whom do you act? (GUC4 4.3.)

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use etoegang::hm_mr::aantonen::Vraag;
use etoegang::machtiging::keuze::Mogelijkheid;
use etoegang::machtiging::vraagstelling::{
    ANTWOORD, Beslissing, Geen, Gekozen, Kiezen, VRAAG, Vraagstelling,
};
use protocol::handle::Handle;
use verdict::{Step, Stored};

use super::MrRole;
use crate::catalogus::Namen;
use crate::pages::{Brand, MrFout, MrKeuze, MrKiezen};
use crate::routes::etoegang::gegevens;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// What the form is bound to.
const FORM: &str = "etoegang.mr.vraag";

/// What can be chosen, or that there is nothing.
pub(super) async fn page(State(role): State<Arc<MrRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let text = query.get("vraag").unwrap_or_default();
    match role.open(text).await {
        Ok(Some((_, found))) => role.show(&visit, text, &found.value.vraag).await,
        Ok(None) => role.no_question(&visit),
        Err(_) => fout(503, &visit),
    }
}

/// The form was sent.
pub(super) async fn gekozen(State(role): State<Arc<MrRole>>, visit: Visit) -> Response {
    let Some((text, handle, beslissing)) = role.decided(&visit) else {
        return role.no_question(&visit);
    };
    let reis = Keuzereis {
        role: Arc::clone(&role),
        id: handle.id,
        beslissing,
    };
    let mr = &role.given.entity;
    match settle(&role.app, visit.trace, reis).await {
        Ok(Kiezen::Gekozen(vraag, handle)) => {
            let number = role.app.handles.make(ANTWOORD, handle);
            web::see_other(&vraag.terug(("antwoord", &number), mr))
        }
        Ok(Kiezen::Zonder(vraag, geen)) => {
            let error = match geen {
                Geen::Geannuleerd => "access_denied",
                Geen::Machtiging => "no_mandate",
            };
            web::see_other(&vraag.terug(("error", error), mr))
        }
        Ok(Kiezen::NietMogelijk) => match role.open(&text).await {
            Ok(Some((_, found))) => role.show(&visit, &text, &found.value.vraag).await,
            _ => role.no_question(&visit),
        },
        Ok(Kiezen::Voorbij) => role.no_question(&visit),
        Err(_) => fout(503, &visit),
    }
}

impl MrRole {
    /// The question that a number of the browser opens, as long as nobody chose.
    async fn open(&self, text: &str) -> Result<Option<(Handle, Stored<Vraagstelling>)>, Outage> {
        let Some(handle) = self.app.handles.open(VRAAG, text) else {
            return Ok(None);
        };
        let now = self.app.clock.now();
        let found = self.app.load(Vraagstelling::key(handle.id), now).await?;
        let open = found.filter(|found: &Stored<Vraagstelling>| found.value.gekozen.is_none());
        Ok(open.map(|found| (handle, found)))
    }

    async fn show(&self, visit: &Visit, text: &str, vraag: &Vraag) -> Response {
        let now = self.app.clock.now();
        let kan = self.mogelijkheden(
            &vraag.gemachtigde,
            &vraag.service_uuid,
            vraag.niveau_vereist,
            now,
        );
        let Ok(kan) = kan.await else {
            return fout(503, visit);
        };
        let catalogus = &self.given.catalogus;
        let Namen {
            dienst,
            dienstverlener,
        } = catalogus.namen(&vraag.service_id, &self.given.namen);
        let page = MrKiezen {
            dienst,
            dienstverlener,
            formulier: self.app.seal.form_token(FORM, text),
            vraag: text.to_owned(),
            attributen: gegevens(&vraag.attributen),
            keuzes: kan.iter().map(|one| self.shown(one)).collect(),
        };
        let onward = self.given.next_origins.iter().map(String::as_str);
        let onward: Vec<&str> = onward.chain([&*vraag.redirect_uri]).collect();
        web::show(200, visit, Brand::Mr, &onward, &page)
    }

    fn shown(&self, one: &Mogelijkheid) -> MrKeuze {
        let via = one.via.as_ref();
        MrKeuze {
            waarde: waarde(one),
            naam: self.naam(&one.vertegenwoordigde),
            nummer: one.vertegenwoordigde.waarde().to_owned(),
            vestiging: one
                .beperking
                .as_ref()
                .map(|nummer| nummer.as_str().to_owned()),
            via: via.map(|(between, _)| self.naam(between)),
        }
    }

    /// What the form says.
    fn decided(&self, visit: &Visit) -> Option<(String, Handle, Beslissing)> {
        let form = visit.form().ok()?;
        let text = form.get("vraag")?;
        let same = self
            .app
            .seal
            .is_form_token(FORM, text, form.get("formulier")?);
        if !same || !visit.is_from(&self.given.front) {
            return None;
        }
        let handle = self.app.handles.open(VRAAG, text)?;
        let beslissing = match form.get("keuze")? {
            "kiezen" => {
                let mut parts = form.get("machtiging")?.splitn(2, ' ');
                Beslissing::Kies(Gekozen {
                    machtiging: parts.next()?.to_owned(),
                    eerste: parts.next().map(str::to_owned),
                })
            }
            "stoppen" => Beslissing::Stop,
            _ => return None,
        };
        Some((text.to_owned(), handle, beslissing))
    }

    fn no_question(&self, visit: &Visit) -> Response {
        let reason = "no open question has this number, or the form is not ours";
        self.app
            .refused(visit.trace, "design §5 front channel", reason);
        fout(404, visit)
    }
}

/// A choice as the form carries it: references have no spaces.
fn waarde(one: &Mogelijkheid) -> String {
    let gekozen = Gekozen::of(one);
    match gekozen.eerste {
        None => gekozen.machtiging,
        Some(eerste) => format!("{} {eerste}", gekozen.machtiging),
    }
}

fn fout(status: u16, visit: &Visit) -> Response {
    web::show(status, visit, Brand::Mr, &[], &MrFout)
}

struct Keuzereis {
    role: Arc<MrRole>,
    id: [u8; 16],
    beslissing: Beslissing,
}

impl Journey for Keuzereis {
    type Reply = Kiezen;
    type Question = ();

    fn begin(&self, _: &Run) -> Step<Kiezen, ()> {
        Step::Ask(())
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<Kiezen, ()>, Outage> {
        let found: Option<Stored<Vraagstelling>> = run.load(Vraagstelling::key(self.id)).await?;
        let kan = match &found {
            None => Vec::new(),
            Some(found) => {
                let vraag = &found.value.vraag;
                let (uuid, niveau) = (&vraag.service_uuid, vraag.niveau_vereist);
                let persoon = &vraag.gemachtigde;
                self.role
                    .mogelijkheden(persoon, uuid, niveau, run.now)
                    .await?
            }
        };
        let beslissing = self.beslissing.clone();
        Ok(Vraagstelling::kiezen(
            self.id, found, &kan, beslissing, run.now,
        ))
    }
}
