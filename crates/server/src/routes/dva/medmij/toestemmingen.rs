//! Beheren toestemmingen (medmij.md §2.5): a person sees and ends long-lived consents.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use medmij::authorization_interface::aanmelding::{Aanmelding, Doel};
use medmij::beheren::{
    Beeindiging, TOESTEMMINGEN_MAX, Uitkomst, Vraag, is_managing, is_shown, of_person,
};
use medmij::toestemming::Toestemming;
use medmij::vertegenwoordiging::GeboortedatumParameter;
use store::{Page, Store as _};
use verdict::{IndexKey, Key, PersonTag, Record as _, Step, Stored};

use super::DvaRole;
use super::verklaring::FORMULIER;
use crate::pages::{DvaBeeindigen, DvaFoutSoort, DvaToestemming, DvaToestemmingen, DvaVoor};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// Rows of a person that are read at once.
const PAGE_ROWS: u16 = 64;

/// A person comes to see consents: the landing page.
pub(super) async fn begin(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    let trace = visit.trace;
    role.begonnen(&visit, Doel::Beheren, trace).await
}

/// Every long-lived consent of the person who logged in, and each that he gave for somebody else.
pub(super) async fn overzicht(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    let Some(persoon) = role.beheerder(&visit).await else {
        return DvaRole::fout(400, &visit, DvaFoutSoort::Verlopen);
    };
    let Ok(found) = role.toestemmingen_of(persoon).await else {
        return role.technische_storing(&visit, visit.trace, None);
    };
    let mut toestemmingen = Vec::with_capacity(found.len());
    for (id, found) in &found {
        toestemmingen.push(role.getoond(*id, &found.value, persoon).await);
    }
    let query = visit.query().unwrap_or_default();
    let page = DvaToestemmingen {
        toestemmingen,
        beeindigd: query.get("beeindigd").is_some(),
    };
    DvaRole::toon(200, &visit, &[], &page)
}

/// The Beëindigingsverklaring (medmij cases 97 and 98).
pub(super) async fn verklaring(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let asked = query.get("toestemming").and_then(id_of);
    let (Some(id), Some((_, found, cookie))) = (asked, role.aanmelding(&visit).await) else {
        return DvaRole::fout(400, &visit, DvaFoutSoort::Verlopen);
    };
    let Some(persoon) = is_managing(&found.value) else {
        return web::see_other("/toestemmingen/overzicht");
    };
    let now = role.app.clock.now();
    let row = role
        .app
        .load::<Toestemming>(Toestemming::key(id), now)
        .await;
    let own = row.ok().flatten();
    let Some(own) = own.filter(|own| own.value.is_of(persoon)) else {
        return web::see_other("/toestemmingen/overzicht");
    };
    let page = DvaBeeindigen {
        toestemming: role.getoond(id, &own.value, persoon).await,
        formulier: role.app.seal.form_token(FORMULIER, cookie),
    };
    DvaRole::toon(200, &visit, &[], &page)
}

/// The person confirms.
pub(super) async fn beeindigen(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    let form = visit.form().unwrap_or_default();
    let cookie = form
        .get("formulier")
        .and_then(|token| role.own_cookie(&visit, token));
    let (Some(cookie), Some(id)) = (cookie, form.get("toestemming").and_then(id_of)) else {
        return DvaRole::fout(400, &visit, DvaFoutSoort::Verlopen);
    };
    let journey = BeeindigingJourney(Beeindiging {
        aanmelding: cookie.id,
        toestemming: id,
    });
    match settle(&role.app, visit.trace, journey).await {
        Ok(Uitkomst::Beeindigd) => web::see_other("/toestemmingen/overzicht?beeindigd=ja"),
        Ok(Uitkomst::Onbekend) => web::see_other("/toestemmingen/overzicht"),
        Err(_) => role.technische_storing(&visit, visit.trace, None),
    }
}

struct BeeindigingJourney(Beeindiging);

impl Journey for BeeindigingJourney {
    type Reply = Uitkomst;
    type Question = Vraag;

    fn begin(&self, _: &Run) -> Step<Uitkomst, Vraag> {
        self.0.begin()
    }

    async fn answer(&self, run: &Run, question: Vraag) -> Result<Step<Uitkomst, Vraag>, Outage> {
        let (who, which) = question.keys();
        let who = run.load::<Aanmelding>(who).await?;
        let which = run.load::<Toestemming>(which).await?;
        Ok(question.answer(who, which))
    }
}

impl DvaRole {
    /// The person, if this browser's login is for managing consents.
    async fn beheerder(&self, visit: &Visit) -> Option<PersonTag> {
        let (_, found, _) = self.aanmelding(visit).await?;
        is_managing(&found.value)
    }

    /// The consents that an overview shows, with their ids.
    async fn toestemmingen_of(
        &self,
        persoon: PersonTag,
    ) -> Result<Vec<([u8; 16], Stored<Toestemming>)>, Outage> {
        let mut shown = Vec::new();
        for found_by in of_person(persoon) {
            self.add_found(&found_by, &mut shown).await?;
        }
        Ok(shown)
    }

    /// Adds what is found by a key of an index, until there are as many as an overview shows.
    async fn add_found(
        &self,
        (index, by): &(&'static str, IndexKey),
        shown: &mut Vec<([u8; 16], Stored<Toestemming>)>,
    ) -> Result<(), Outage> {
        let now = self.app.clock.now();
        let mut page = Page::first(PAGE_ROWS);
        loop {
            let space = Toestemming::SPACE;
            let found = self.app.home.find(space, index, by, page, now).await?;
            for (key, _) in found.rows {
                let Key::Grant(_, id) = key else { continue };
                let row = self
                    .app
                    .load::<Toestemming>(Toestemming::key(id), now)
                    .await?;
                shown.extend(row.filter(|row| is_shown(&row.value)).map(|row| (id, row)));
            }
            match found.next {
                Some(next) if shown.len() < TOESTEMMINGEN_MAX => {
                    page = Page::after(next, PAGE_ROWS);
                }
                _ => return Ok(()),
            }
        }
    }

    /// As the person sees it who looks.
    async fn getoond(
        &self,
        id: [u8; 16],
        toestemming: &Toestemming,
        ziet: PersonTag,
    ) -> DvaToestemming {
        DvaToestemming {
            id: format!("{:032x}", u128::from_be_bytes(id)),
            pgo: self.pgo_of(&toestemming.client_id).await,
            aanbieder: self.naam_of(&toestemming.scope),
            gegeven: crate::date::day(toestemming.gegeven),
            gebruikt: toestemming.gebruikt.map(crate::date::day),
            voor: match toestemming.gever {
                None => DvaVoor::Zelf,
                Some(gever) if gever == ziet => DvaVoor::Ander {
                    geboren: toestemming.geboortedatum.map(GeboortedatumParameter::iso),
                },
                Some(_) => DvaVoor::DoorAnder,
            },
        }
    }
}

/// The id in a link or form of ours.
fn id_of(text: &str) -> Option<[u8; 16]> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = is_hex.then(|| u128::from_str_radix(text, 16).ok())??;
    Some(number.to_be_bytes())
}
