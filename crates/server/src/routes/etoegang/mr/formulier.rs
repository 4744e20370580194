//! The page on which a mandate is registered: what somebody fills in becomes mandates, or he hears what cannot
//! stay as it is.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use etoegang::attribuut::Attributen;
use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::kenmerk::{Kenmerk, Soort, Vestigingsnr};
use etoegang::machtiging::{Gemachtigde, InternPseudoniem, Machtiging, Weigering};
use identity::ServiceUuid;
use protocol::wire::Parameters;

use super::MrRole;
use super::bladzijden::{Role, Sessie, genoemd, kenmerk, naar_machtiging, zonder_spaties};
use super::wijzigen::{Geregistreerd, REFERENCE_MAX};
use crate::date;
use crate::machtigingenbeheer::{Geweigerd, nieuwe_referentie};
use crate::pages::{
    MrDienstkeuze, MrGedaan, MrInvulfout, MrInvulling, MrNieuweMachtiging, MrNummer,
};
use crate::routes::beheer::loket::{Bladzijde, Elders};
use crate::web::{self, Visit};

/// Services that are shown to choose from, at most; who wants another one searches by name.
const DIENSTEN_GETOOND_MAX: usize = 50;
/// Services that are chosen at once, at most: each is a mandate.
const DIENSTEN_MAX: usize = 20;
/// Characters of the number that an AD gives a person, at most.
const HOUDER_MAX: usize = 256;

/// What somebody filled in.
struct Ingevuld {
    velden: MrInvulling,
    nummer: MrNummer,
    /// The services, as the form names them.
    gekozen: BTreeSet<String>,
    /// The number of the form, by which one that is sent twice is known.
    aanvraag: String,
}

/// What the page says beside what was filled in.
#[derive(Default)]
struct Bevinding {
    status: u16,
    fouten: Vec<MrInvulfout>,
    al: Option<String>,
}

/// The empty form; the organisation that was looked at stands in it.
pub(super) async fn nieuw(State(role): Role, visit: Visit) -> Bladzijde {
    let (_, sessie) = role.binnen(&visit).await?;
    let (vandaag, _) = date::nederlands(role.app.clock.now().unix());
    let nummer = role.gezocht(&visit).map(|zoek| MrNummer {
        soort: Some(zoek.kenmerk.soort()),
        waarde: zoek.kenmerk.waarde().to_owned(),
        fout: false,
    });
    let leeg = Ingevuld {
        velden: MrInvulling {
            van: dag_eerst(&vandaag),
            ..MrInvulling::default()
        },
        nummer: nummer.unwrap_or_default(),
        gekozen: BTreeSet::new(),
        aanvraag: nieuwe_referentie(),
    };
    role.formulier(&visit, &sessie, leeg, Bevinding::of(200))
        .await
}

/// The form was sent: the mandates are registered, all or none.
pub(super) async fn ingevuld(State(role): Role, visit: Visit) -> Bladzijde {
    let (loket, sessie) = role.binnen(&visit).await?;
    let form = loket.form(&sessie, &visit)?;
    let ingevuld = Ingevuld::of(&form);
    if form.get("doe") == Some("zoeken") {
        let again = Bevinding::of(200);
        return role.formulier(&visit, &sessie, ingevuld, again).await;
    }
    let bevinding = match ingevuld.machtigingen() {
        Err(fouten) => Bevinding::fout(fouten),
        Ok(machtigingen) => {
            let nieuw = ingevuld.onder_referenties(machtigingen);
            let done = role.gedaan(&nieuw);
            let made = role.registreren(visit.trace, nieuw, &sessie.beheerder);
            match made.await.map_err(|_| role.storing(&visit))? {
                Geregistreerd::Ja => return Ok(done),
                Geregistreerd::Nee(geweigerd) => Bevinding::fout(vec![fout_van(geweigerd)]),
                Geregistreerd::Al(id) => Bevinding {
                    al: Some(id),
                    ..Bevinding::of(409)
                },
            }
        }
    };
    let ingevuld = match bevinding.al {
        Some(_) => ingevuld.opnieuw(),
        None => ingevuld,
    };
    role.formulier(&visit, &sessie, ingevuld, bevinding).await
}

impl Ingevuld {
    fn of(form: &Parameters) -> Self {
        let text = |name: &str| form.get(name).unwrap_or_default().trim().to_owned();
        let gekozen = form.iter().filter(|(_, value)| *value == "ja");
        let gekozen = gekozen.filter_map(|(name, _)| name.strip_prefix("dienst-"));
        let aanvraag = text("aanvraag");
        let is_ours = (1..=REFERENCE_MAX).contains(&aanvraag.len());
        Self {
            velden: MrInvulling {
                wie: text("wie"),
                houder: text("houder"),
                tussen: text("tussen"),
                zoek: text("zoek"),
                niveau: text("niveau"),
                van: text("van"),
                tot: text("tot"),
                beperking: text("beperking"),
            },
            nummer: MrNummer::of(form.get("soort"), form.get("nummer")),
            gekozen: gekozen.map(str::to_owned).collect(),
            aanvraag: Some(aanvraag)
                .filter(|_| is_ours)
                .unwrap_or_else(nieuwe_referentie),
        }
    }

    /// The same in a form that was never sent.
    fn opnieuw(self) -> Self {
        Self {
            aanvraag: nieuwe_referentie(),
            ..self
        }
    }

    /// A mandate for each service, or everything that cannot stay as it is, from top to bottom.
    fn machtigingen(&self) -> Result<Vec<Machtiging>, Vec<MrInvulfout>> {
        let mut fouten = Vec::new();
        let nummer = kenmerk(&self.nummer).ok_or(MrInvulfout::Nummer);
        let vertegenwoordigde = of(&mut fouten, nummer);
        let gemachtigde = self.gemachtigde(&mut fouten);
        let diensten = of(&mut fouten, self.diensten());
        let niveau = Betrouwbaarheidsniveau::from_urn(&self.velden.niveau);
        let niveau = of(&mut fouten, niveau.map_err(|_| MrInvulfout::Niveau));
        let van = date::written(&self.velden.van).and_then(date::begin_van);
        let van = of(&mut fouten, van.ok_or(MrInvulfout::Van));
        // The last day counts to its end.
        let na = date::written(&self.velden.tot).and_then(|day| day.tomorrow().ok());
        let tot = na.and_then(date::begin_van).ok_or(MrInvulfout::Tot);
        let tot = of(&mut fouten, tot);
        let beperking = of(&mut fouten, self.beperking());
        let partijen = vertegenwoordigde.zip(gemachtigde);
        let ((Some((vertegenwoordigde, gemachtigde)), Some(beperking)), Some(diensten)) =
            ((partijen, beperking), diensten)
        else {
            return Err(fouten);
        };
        let (Some(niveau), Some(van), Some(tot), true) = (niveau, van, tot, fouten.is_empty())
        else {
            return Err(fouten);
        };
        let voor = |service_uuid| Machtiging {
            vertegenwoordigde: vertegenwoordigde.clone(),
            gemachtigde: gemachtigde.clone(),
            service_uuid,
            niveau,
            beperking: beperking.clone(),
            van,
            tot,
            attributen: Attributen::default(),
            ingetrokken: None,
            verloop: Vec::new(),
        };
        Ok(diensten.into_iter().map(voor).collect())
    }

    /// Who may act. What was filled in for the other choice is not passed over in silence.
    fn gemachtigde(&self, fouten: &mut Vec<MrInvulfout>) -> Option<Gemachtigde> {
        let MrInvulling { houder, tussen, .. } = &self.velden;
        let found = match self.velden.wie.as_str() {
            "persoon" => {
                if !tussen.is_empty() {
                    fouten.push(MrInvulfout::TussenTeVeel);
                }
                let is_one = (1..=HOUDER_MAX).contains(&houder.chars().count())
                    && !houder.chars().any(char::is_control);
                let persoon = InternPseudoniem(houder.clone());
                let persoon = is_one.then_some(Gemachtigde::Persoon(persoon));
                persoon.ok_or(MrInvulfout::Houder)
            }
            "organisatie" => {
                if !houder.is_empty() {
                    fouten.push(MrInvulfout::HouderTeVeel);
                }
                let kenmerk = Kenmerk::parse(Soort::KvkNr, &zonder_spaties(tussen));
                let organisatie = kenmerk.map(Gemachtigde::Organisatie);
                organisatie.map_err(|_| MrInvulfout::Tussen)
            }
            _ => Err(MrInvulfout::Wie),
        };
        of(fouten, found)
    }

    fn diensten(&self) -> Result<Vec<ServiceUuid>, MrInvulfout> {
        if self.gekozen.is_empty() {
            return Err(MrInvulfout::Dienst);
        }
        if self.gekozen.len() > DIENSTEN_MAX {
            return Err(MrInvulfout::DienstTeVeel);
        }
        let each = self.gekozen.iter().map(|uuid| ServiceUuid::parse(uuid));
        let each: Result<Vec<_>, _> = each.collect();
        each.map_err(|_| MrInvulfout::DienstWeg)
    }

    fn beperking(&self) -> Result<Option<Vestigingsnr>, MrInvulfout> {
        if self.velden.beperking.is_empty() {
            return Ok(None);
        }
        let nummer = Vestigingsnr::parse(&zonder_spaties(&self.velden.beperking));
        nummer.map(Some).map_err(|_| MrInvulfout::Beperking)
    }

    /// Each under a reference that follows from the form and the service: a form that is sent twice meets
    /// its own mandates.
    fn onder_referenties(&self, machtigingen: Vec<Machtiging>) -> Vec<(String, Machtiging)> {
        let of = |machtiging: Machtiging| {
            let from = format!("{} {}", self.aanvraag, machtiging.service_uuid);
            let hash = jose::sha256(from.as_bytes());
            (jose::b64::encode(&hash[..12]), machtiging)
        };
        machtigingen.into_iter().map(of).collect()
    }
}

impl Bevinding {
    fn of(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    fn fout(fouten: Vec<MrInvulfout>) -> Self {
        Self {
            fouten,
            ..Self::of(422)
        }
    }
}

impl MrRole {
    async fn formulier(
        &self,
        visit: &Visit,
        sessie: &Sessie,
        ingevuld: Ingevuld,
        bevinding: Bevinding,
    ) -> Bladzijde {
        let all = self.keuzes(visit, &ingevuld.gekozen).await?;
        let (diensten, niet_getoond) = getoond(all, &ingevuld.velden.zoek);
        let context = MrNieuweMachtiging {
            velden: ingevuld.velden,
            nummer: MrNummer {
                fout: bevinding.fouten.contains(&MrInvulfout::Nummer),
                ..ingevuld.nummer
            },
            fouten: bevinding.fouten,
            diensten,
            niet_getoond,
            al: bevinding.al,
            aanvraag: ingevuld.aanvraag,
            formulier: self.loket().formulier(sessie),
        };
        Ok(self.loket().show(visit, bevinding.status, &context))
    }

    /// Every service of the catalogue, by whose it is and what people call it.
    async fn keuzes(
        &self,
        visit: &Visit,
        gekozen: &BTreeSet<String>,
    ) -> Result<Vec<MrDienstkeuze>, Elders> {
        let given = &self.given;
        let nu = given.catalogus.nu(&self.app).await;
        let nu = nu.map_err(|_| self.storing(visit))?;
        let keuze = |dienst: &etoegang::dienstencatalogus::Dienst| {
            let namen = given.catalogus.namen(&dienst.service_id, &given.namen);
            let service_uuid = dienst.service_uuid.to_string();
            MrDienstkeuze {
                naam: genoemd(Some(&namen), &dienst.service_uuid),
                dienstverlener: namen.dienstverlener,
                niveau: dienst.niveau.naam(),
                gekozen: gekozen.contains(&service_uuid),
                service_uuid,
            }
        };
        let mut all: Vec<_> = nu.diensten().diensten().map(keuze).collect();
        all.sort_by(|a, b| (&a.dienstverlener, &a.naam).cmp(&(&b.dienstverlener, &b.naam)));
        Ok(all)
    }

    /// Where the browser goes when these are registered.
    fn gedaan(&self, nieuw: &[(String, Machtiging)]) -> Response {
        let done = MrGedaan::Geregistreerd;
        web::see_other(&match nieuw {
            [(_, first), _, ..] => {
                let there = self.naar_organisatie(&first.vertegenwoordigde);
                format!("{there}&gedaan={}", done.code())
            }
            [(id, _)] => naar_machtiging(id, done),
            [] => String::from("/beheer"),
        })
    }
}

/// The services to choose from, those that are chosen first, and how many there are beside them.
fn getoond(all: Vec<MrDienstkeuze>, zoek: &str) -> (Vec<MrDienstkeuze>, usize) {
    let (total, zoek) = (all.len(), zoek.to_lowercase());
    let has = |text: &str| text.to_lowercase().contains(&zoek);
    let (chosen, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|dienst| dienst.gekozen);
    let fits = |dienst: &MrDienstkeuze| has(&dienst.naam) || has(&dienst.dienstverlener);
    let shown = chosen.into_iter().chain(others.into_iter().filter(fits));
    let shown: Vec<_> = shown.take(DIENSTEN_GETOOND_MAX).collect();
    let left = total - shown.len();
    (shown, left)
}

/// What was found, or what is wrong with it, which is told with the rest.
fn of<T>(fouten: &mut Vec<MrInvulfout>, found: Result<T, MrInvulfout>) -> Option<T> {
    found.map_err(|fout| fouten.push(fout)).ok()
}

/// Beside which field a refusal of the rules stands.
const fn fout_van(geweigerd: Geweigerd) -> MrInvulfout {
    match geweigerd {
        Geweigerd::Dienst => MrInvulfout::DienstWeg,
        Geweigerd::Machtiging(Weigering::Voorbij) => MrInvulfout::Voorbij,
        Geweigerd::Machtiging(Weigering::TeLang) => MrInvulfout::TeLang,
        Geweigerd::Machtiging(Weigering::Tussenpersoon) => MrInvulfout::Tussen,
        Geweigerd::Machtiging(Weigering::Zelf) => MrInvulfout::TussenZelf,
        // A form says none: what is known of an organisation comes from the register.
        Geweigerd::Machtiging(Weigering::Attributen) => MrInvulfout::Nummer,
    }
}

/// `2026-11-22` as the form asks it: day, month, year.
fn dag_eerst(dag: &str) -> String {
    let parts: Vec<&str> = dag.rsplit('-').collect();
    parts.join("-")
}
