//! Mandates by pages, below `/beheer`: for people, without script, in two languages.
//!
//! No address names an organisation or a person: which organisation is asked about goes sealed.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use etoegang::beheersleutel::Beheersleutel;
use etoegang::kenmerk::Kenmerk;
use etoegang::machtiging::{Gemachtigde, Machtiging, Wat};
use identity::ServiceUuid;
use serde::{Deserialize, Serialize};
use verdict::Moment;

use super::wijzigen::Ingetrokken;
use super::{MrRole, formulier};
use crate::catalogus::{InGebruik, Namen};
use crate::machtigingenbeheer::Machtigingenbeheer;
use crate::pages::{
    BeheerBij, BeheerMeldingSoort, MrBeheer, MrGedaan, MrGemachtigde, MrHandeling, MrIntrekfout,
    MrMachtiging, MrMachtigingen, MrNummer, MrPartij, MrRegel, MrStand, segment,
};
use crate::routes::beheer::Names;
use crate::routes::beheer::loket::{self, BEGIN, Bladzijde, Elders, Loket};
use crate::web::{self, Visit};

/// Mandates on one page.
const MACHTIGINGEN: usize = 20;
/// What seals a question in an address.
const ZOEK: &str = "etoegang.mr.zoek";

pub(super) type Role = State<Arc<MrRole>>;
/// Somebody who is logged in.
pub(super) type Sessie = loket::Sessie<Beheersleutel>;

/// Whose mandates are asked for, and after which.
#[derive(Serialize, Deserialize)]
pub(super) struct Zoek {
    pub(super) kenmerk: Kenmerk,
    na: Option<String>,
}

/// Every page.
pub(super) fn routes() -> Router<Arc<MrRole>> {
    Router::new()
        .route(BEGIN, get(begin))
        .route("/beheer/inloggen", get(to_begin).post(inloggen))
        .route("/beheer/uitloggen", get(to_begin).post(uitloggen))
        .route("/beheer/organisatie", get(organisatie).post(zoeken))
        .route(
            "/beheer/nieuwe-machtiging",
            get(formulier::nieuw).post(formulier::ingevuld),
        )
        .route("/beheer/machtiging/{id}", get(machtiging).post(intrekken))
}

async fn to_begin() -> Response {
    web::see_other(BEGIN)
}

// ── Coming and going ────────────────────────────────────────────────────────────────────────────

async fn begin(State(role): Role, visit: Visit) -> Response {
    let page = |sessie: &Sessie| role.vraag_wie(&visit, 200, sessie, MrNummer::default());
    role.loket().begin(&visit, page).await
}

async fn inloggen(State(role): Role, visit: Visit) -> Response {
    role.loket().ingelogd::<Beheersleutel>(&visit).await
}

async fn uitloggen(State(role): Role, visit: Visit) -> Bladzijde {
    role.loket().uitloggen::<Beheersleutel>(&visit).await
}

// ── The mandates of an organisation ─────────────────────────────────────────────────────────────

/// Which organisation, by its number.
async fn zoeken(State(role): Role, visit: Visit) -> Bladzijde {
    let (loket, sessie) = role.binnen(&visit).await?;
    let form = loket.form(&sessie, &visit)?;
    let mut nummer = MrNummer::of(form.get("soort"), form.get("nummer"));
    if let Some(kenmerk) = kenmerk(&nummer) {
        return Ok(web::see_other(&role.naar_organisatie(&kenmerk)));
    }
    nummer.fout = true;
    Ok(role.vraag_wie(&visit, 422, &sessie, nummer))
}

async fn organisatie(State(role): Role, visit: Visit) -> Bladzijde {
    let (loket, _) = role.binnen(&visit).await?;
    // An address that was kept for too long asks nothing any more.
    let Some(zoek) = role.gezocht(&visit) else {
        return Ok(web::see_other(BEGIN));
    };
    let now = role.app.clock.now();
    let beheer = Machtigingenbeheer {
        home: &role.app.home,
        seal: &role.app.seal,
        now,
    };
    let van_haar = |machtiging: &Machtiging| machtiging.vertegenwoordigde == zoek.kenmerk;
    let found = beheer.lijst(zoek.na.as_deref(), MACHTIGINGEN, van_haar);
    let found = found.await.map_err(|_| role.storing(&visit))?;
    let diensten = role.diensten().await;
    let context = MrMachtigingen {
        voor: role.partij(&zoek.kenmerk),
        regels: (found.machtigingen.iter())
            .map(|(id, machtiging)| role.regel(id, machtiging, &diensten, now))
            .collect(),
        zoek: role.zoek(&zoek.kenmerk, None),
        verder: (found.verder).map(|na| role.zoek(&zoek.kenmerk, Some(na))),
        gedaan: gedaan(&visit),
    };
    Ok(loket.show(&visit, 200, &context))
}

// ── A mandate ───────────────────────────────────────────────────────────────────────────────────

async fn machtiging(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let (_, sessie) = role.binnen(&visit).await?;
    let id = names.get("id").map_or("", String::as_str);
    role.toon(&visit, &sessie, id, None).await
}

/// Withdraws one, for who says that he is sure.
async fn intrekken(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let (loket, sessie) = role.binnen(&visit).await?;
    let form = loket.form(&sessie, &visit)?;
    let id = names.get("id").map_or("", String::as_str);
    let found = role.een(id).await.map_err(|_| role.storing(&visit))?;
    let found = found.ok_or_else(|| role.onbekend(&visit))?;
    let fout = match stand(&found.value, role.app.clock.now()) {
        MrStand::Ingetrokken => Some(MrIntrekfout::Al),
        MrStand::Voorbij => Some(MrIntrekfout::Voorbij),
        _ if form.get("bevestigd") != Some("ja") => Some(MrIntrekfout::NietBevestigd),
        _ => None,
    };
    if fout.is_some() {
        return role.toon(&visit, &sessie, id, fout).await;
    }
    match role.intrekken(visit.trace, id, &sessie.beheerder).await {
        Ok(Ingetrokken::Ja) => Ok(web::see_other(&naar_machtiging(id, MrGedaan::Ingetrokken))),
        // Somebody else was first.
        Ok(Ingetrokken::Al) => role.toon(&visit, &sessie, id, Some(MrIntrekfout::Al)).await,
        Ok(Ingetrokken::Onbekend) => Err(role.onbekend(&visit)),
        Err(_) => Err(role.storing(&visit)),
    }
}

/// The page of a mandate, which tells what was done.
pub(super) fn naar_machtiging(id: &str, gedaan: MrGedaan) -> String {
    let (id, code) = (segment(id), gedaan.code());
    format!("/beheer/machtiging/{id}?gedaan={code}")
}

/// The organisation that somebody filled in. A space between its digits is no fault.
pub(super) fn kenmerk(nummer: &MrNummer) -> Option<Kenmerk> {
    Kenmerk::parse(nummer.soort?, &zonder_spaties(&nummer.waarde)).ok()
}

pub(super) fn zonder_spaties(text: &str) -> String {
    text.split_whitespace().collect()
}

/// What was done just now, as the address says.
fn gedaan(visit: &Visit) -> Option<MrGedaan> {
    let query = visit.query().ok()?;
    MrGedaan::of_code(query.get("gedaan")?)
}

fn stand(machtiging: &Machtiging, now: Moment) -> MrStand {
    match machtiging.is_geldig(now) {
        Ok(()) => MrStand::Geldig,
        Err(_) if machtiging.ingetrokken.is_some() => MrStand::Ingetrokken,
        Err(_) if now.unix() < machtiging.van => MrStand::NogNiet,
        Err(_) => MrStand::Voorbij,
    }
}

const fn gedaan_van(wat: Wat) -> MrGedaan {
    match wat {
        Wat::Geregistreerd => MrGedaan::Geregistreerd,
        Wat::Ingetrokken => MrGedaan::Ingetrokken,
    }
}

/// The services of the catalogue, to name them; nobody knows them while there is none.
struct Diensten<'a> {
    role: &'a MrRole,
    nu: Option<Arc<InGebruik>>,
}

impl Diensten<'_> {
    /// What people call a service; nothing when the catalogue does not have it.
    fn namen(&self, service_uuid: &ServiceUuid) -> Option<Namen> {
        let scope = format!("urn:uuid:{service_uuid}");
        let dienst = self.nu.as_ref()?.diensten().van_scope(&scope)?;
        let given = &self.role.given;
        Some(given.catalogus.namen(&dienst.service_id, &given.namen))
    }
}

impl MrRole {
    /// Where who administers mandates comes in.
    pub(super) fn loket(&self) -> Loket<'_> {
        Loket {
            app: &self.app,
            origin: self.given.front.clone(),
            bij: BeheerBij::Machtigingen,
        }
    }

    /// Who is logged in; who is not, logs in first.
    pub(super) async fn binnen(&self, visit: &Visit) -> Result<(Loket<'_>, Sessie), Elders> {
        let loket = self.loket();
        let sessie = loket.binnen(visit).await?;
        Ok((loket, sessie))
    }

    pub(super) fn storing(&self, visit: &Visit) -> Elders {
        self.loket().told(visit, BeheerMeldingSoort::Storing).into()
    }

    fn onbekend(&self, visit: &Visit) -> Elders {
        let soort = BeheerMeldingSoort::Onbekend;
        self.loket().told(visit, soort).into()
    }

    /// The address of the mandates of an organisation.
    pub(super) fn naar_organisatie(&self, kenmerk: &Kenmerk) -> String {
        format!("/beheer/organisatie?zoek={}", self.zoek(kenmerk, None))
    }

    fn zoek(&self, kenmerk: &Kenmerk, na: Option<String>) -> String {
        let kenmerk = kenmerk.clone();
        self.app.seal.cookie(ZOEK, &Zoek { kenmerk, na })
    }

    /// Which organisation an address asks about.
    pub(super) fn gezocht(&self, visit: &Visit) -> Option<Zoek> {
        let query = visit.query().ok()?;
        self.app.seal.open_cookie(ZOEK, query.get("zoek")?)
    }

    fn vraag_wie(&self, visit: &Visit, status: u16, sessie: &Sessie, nummer: MrNummer) -> Response {
        let loket = self.loket();
        let context = MrBeheer {
            wie: sessie.beheerder.wie().to_owned(),
            nummer,
            formulier: loket.formulier(sessie),
        };
        loket.show(visit, status, &context)
    }

    async fn diensten(&self) -> Diensten<'_> {
        Diensten {
            role: self,
            nu: self.given.catalogus.nu(&self.app).await.ok(),
        }
    }

    fn partij(&self, kenmerk: &Kenmerk) -> MrPartij {
        MrPartij {
            naam: self.given.organisaties.get(kenmerk).cloned(),
            kenmerk: kenmerk.clone(),
        }
    }

    fn regel(
        &self,
        id: &str,
        machtiging: &Machtiging,
        diensten: &Diensten<'_>,
        now: Moment,
    ) -> MrRegel {
        let namen = diensten.namen(&machtiging.service_uuid);
        MrRegel {
            id: id.to_owned(),
            dienst: genoemd(namen.as_ref(), &machtiging.service_uuid),
            organisatie: match &machtiging.gemachtigde {
                Gemachtigde::Persoon(_) => None,
                Gemachtigde::Organisatie(kenmerk) => Some(self.partij(kenmerk)),
            },
            stand: stand(machtiging, now),
            van: machtiging.van,
            tot: machtiging.tot,
        }
    }

    /// A mandate as it stands now, with why it was not withdrawn.
    async fn toon(
        &self,
        visit: &Visit,
        sessie: &Sessie,
        id: &str,
        fout: Option<MrIntrekfout>,
    ) -> Bladzijde {
        let found = self.een(id).await.map_err(|_| self.storing(visit))?;
        let found = found.ok_or_else(|| self.onbekend(visit))?;
        let mut context = self.getoond(id, &found.value).await;
        context.formulier = self.loket().formulier(sessie);
        context.fout = fout;
        // The address says what was done just now; that it was done, the mandate says.
        let wanted = match found.value.ingetrokken {
            Some(_) => MrGedaan::Ingetrokken,
            None => MrGedaan::Geregistreerd,
        };
        context.gedaan = gedaan(visit).filter(|gedaan| fout.is_none() && *gedaan == wanted);
        let status = match fout {
            None => 200,
            Some(MrIntrekfout::NietBevestigd) => 422,
            Some(MrIntrekfout::Al | MrIntrekfout::Voorbij) => 409,
        };
        Ok(self.loket().show(visit, status, &context))
    }

    async fn getoond(&self, id: &str, machtiging: &Machtiging) -> MrMachtiging {
        let diensten = self.diensten().await;
        let namen = diensten.namen(&machtiging.service_uuid);
        let handeling = |one: &etoegang::machtiging::Handeling| MrHandeling {
            wat: gedaan_van(one.wat),
            wanneer: one.wanneer,
            wie: one.wie.clone(),
        };
        MrMachtiging {
            id: id.to_owned(),
            stand: stand(machtiging, self.app.clock.now()),
            voor: self.partij(&machtiging.vertegenwoordigde),
            gemachtigde: match &machtiging.gemachtigde {
                Gemachtigde::Persoon(persoon) => MrGemachtigde::Persoon(persoon.0.clone()),
                Gemachtigde::Organisatie(kenmerk) => {
                    MrGemachtigde::Organisatie(self.partij(kenmerk))
                }
            },
            dienst: genoemd(namen.as_ref(), &machtiging.service_uuid),
            dienst_weg: namen.is_none() && diensten.nu.is_some(),
            dienstverlener: namen.map(|namen| namen.dienstverlener).unwrap_or_default(),
            service_uuid: machtiging.service_uuid.to_string(),
            niveau: machtiging.niveau.naam(),
            vestiging: (machtiging.beperking.as_ref()).map(|nummer| nummer.as_str().to_owned()),
            van: machtiging.van,
            tot: machtiging.tot,
            verloop: machtiging.verloop.iter().rev().map(handeling).collect(),
            zoek: self.zoek(&machtiging.vertegenwoordigde, None),
            fout: None,
            gedaan: None,
            formulier: String::new(),
        }
    }
}

/// What people call a service; its number where nobody says.
pub(super) fn genoemd(namen: Option<&Namen>, service_uuid: &ServiceUuid) -> String {
    let naam = namen.map(|namen| namen.dienst.clone());
    let naam = naam.filter(|naam| !naam.is_empty());
    naam.unwrap_or_else(|| service_uuid.to_string())
}
