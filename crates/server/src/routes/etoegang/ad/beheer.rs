//! What the issuer of means (middelenuitgever, AUC2 in etoegang.md §2.1) says of them: registration, suspension,
//! revocation. For whoever holds a key of administration.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use etoegang::attribuut::Attributen;
use etoegang::authenticatiedienst::aanmelding::NAAM_MAX;
use etoegang::authenticatiedienst::bewijs::WACHTWOORD_BYTES_MAX;
use etoegang::authenticatiedienst::middel::{Middel, Stand, Weigering};
use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::machtiging::InternPseudoniem;
use serde::Deserialize;
use serde_json::{Value, json};
use verdict::{Actor, Event, Key, Step, Stored, Verdict};

use super::AdRole;
use crate::chance;
use crate::routes::etoegang::beheer::{fout, gelezen, mag};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// Characters of an internal pseudonym, at most: 32 bytes in base64url have 43.
const HOUDER_MAX: usize = 64;

/// A means to register.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nieuw {
    naam: String,
    wachtwoord: String,
    /// The secret of the device that shows codes: 32 bytes in base64url.
    codesleutel: Option<String>,
    niveau: Betrouwbaarheidsniveau,
    /// Seconds since 1970.
    tot: i64,
    /// What is known of its holder.
    #[serde(default)]
    attributen: Attributen,
    /// Whose it is, where that person has another means here; otherwise he is new.
    houder: Option<InternPseudoniem>,
}

/// Registers one, and tells whose it is: a mandate at an MR names its holder so.
pub(super) async fn registreren(State(role): State<Arc<AdRole>>, visit: Visit) -> Response {
    let wie = match mag(&role.app, &visit).await {
        Ok(beheerder) => beheerder.actor(),
        Err(response) => return *response,
    };
    let nieuw = match gelezen::<Nieuw>(&visit) {
        Ok(nieuw) => nieuw,
        Err(response) => return *response,
    };
    let sleutel = match nieuw.getoetst() {
        Ok(sleutel) => sleutel,
        Err(detail) => return fout(422, detail),
    };
    let Some(bewijs) = role.bewijs(&nieuw.wachtwoord, sleutel).await else {
        return web::unavailable();
    };
    let houder = nieuw.houder.unwrap_or_else(nieuwe_houder);
    let middel = Middel::nieuw(houder, bewijs, nieuw.niveau, nieuw.tot).met(nieuw.attributen);
    let reis = Registratie {
        naam: nieuw.naam.clone(),
        middel: middel.clone(),
        wie,
    };
    match settle(&role.app, visit.trace, reis).await {
        Ok(Geregistreerd::Ja) => web::json(201, &getoond(&nieuw.naam, &middel)),
        Ok(Geregistreerd::Bestaat) => fout(409, "a means has this name, or had it"),
        Ok(Geregistreerd::Nee(weigering)) => fout(422, waarom(weigering)),
        Err(_) => web::unavailable(),
    }
}

/// One, as it stands.
pub(super) async fn tonen(
    State(role): State<Arc<AdRole>>,
    Path(naam): Path<String>,
    visit: Visit,
) -> Response {
    if let Err(response) = mag(&role.app, &visit).await {
        return *response;
    }
    if naam.chars().count() > NAAM_MAX {
        return fout(404, "no means has this name");
    }
    let now = role.app.clock.now();
    match role.app.load::<Middel>(Middel::key(&naam), now).await {
        Ok(Some(found)) => web::json(200, &getoond(&naam, &found.value)),
        Ok(None) => fout(404, "no means has this name"),
        Err(_) => web::unavailable(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wijziging {
    stand: Option<Stand>,
    attributen: Option<Attributen>,
}

/// What is done to a means.
#[derive(Clone)]
enum Wijzigt {
    /// It is suspended, revoked or freed.
    Stand(Stand),
    /// What is known of its holder is said anew.
    Kent(Attributen),
}

/// Suspends, revokes or frees a means, or says anew what is known of its holder. What was revoked never comes
/// back.
pub(super) async fn wijzigen(
    State(role): State<Arc<AdRole>>,
    Path(naam): Path<String>,
    visit: Visit,
) -> Response {
    let wie = match mag(&role.app, &visit).await {
        Ok(beheerder) => beheerder.actor(),
        Err(response) => return *response,
    };
    let wijzigt = match gelezen(&visit) {
        Ok(Wijziging {
            stand: Some(stand),
            attributen: None,
        }) => Wijzigt::Stand(stand),
        Ok(Wijziging {
            stand: None,
            attributen: Some(attributen),
        }) => Wijzigt::Kent(attributen),
        Ok(_) => return fout(422, "expected either stand or attributen"),
        Err(response) => return *response,
    };
    let gedaan = match &wijzigt {
        Wijzigt::Stand(stand) => json!({ "stand": stand }),
        Wijzigt::Kent(attributen) => json!({ "attributen": attributen }),
    };
    if naam.chars().count() > NAAM_MAX {
        return fout(404, "no means has this name");
    }
    match settle(&role.app, visit.trace, Wijzigreis { naam, wijzigt, wie }).await {
        Ok(Gewijzigd::Ja) => web::json(200, &gedaan),
        Ok(Gewijzigd::Nee(weigering)) => fout(422, waarom(weigering)),
        Ok(Gewijzigd::Onbekend) => fout(404, "no means has this name"),
        Ok(Gewijzigd::Ingetrokken) => fout(409, "the means was revoked, and does not come back"),
        Err(_) => web::unavailable(),
    }
}

impl Nieuw {
    /// The secret of the device, if everything is within its bounds.
    fn getoetst(&self) -> Result<Option<[u8; 32]>, &'static str> {
        let is_line = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
        if !is_line(&self.naam) || self.naam.chars().count() > NAAM_MAX {
            return Err("naam: expected 1 to 128 characters on one line");
        }
        if !is_line(&self.wachtwoord) || self.wachtwoord.len() > WACHTWOORD_BYTES_MAX {
            return Err("wachtwoord: expected 1 to 256 bytes on one line");
        }
        let houder = self.houder.as_ref();
        if houder.is_some_and(|houder| !is_line(&houder.0) || houder.0.len() > HOUDER_MAX) {
            return Err("houder: expected what the registration of another means told");
        }
        let Some(text) = &self.codesleutel else {
            return Ok(None);
        };
        let bytes = jose::base64url_decode(text).and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Some)
            .ok_or("codesleutel: expected 32 bytes in base64url")
    }
}

/// Somebody who has no means here yet.
fn nieuwe_houder() -> InternPseudoniem {
    let bytes = chance::entropy().bytes::<32>("etoegang.houder");
    InternPseudoniem(jose::base64url_encode(bytes))
}

fn getoond(naam: &str, middel: &Middel) -> Value {
    let mut shown = json!({
        "naam": naam,
        "houder": middel.houder,
        "niveau": middel.niveau,
        "tot": middel.tot,
        "stand": middel.stand,
    });
    if !middel.attributen.is_empty() {
        shown["attributen"] = json!(middel.attributen);
    }
    shown
}

const fn waarom(weigering: Weigering) -> &'static str {
    match weigering {
        Weigering::Voorbij => "tot: the means is over already",
        Weigering::NiveauTeHoog => "niveau: a means above loa2 needs a codesleutel",
        Weigering::Attributen => "attributen: expected names of attributes of people",
    }
}

enum Geregistreerd {
    Ja,
    Bestaat,
    Nee(Weigering),
}

struct Registratie {
    naam: String,
    middel: Middel,
    wie: Actor,
}

impl Journey for Registratie {
    type Reply = Geregistreerd;
    type Question = ();

    fn begin(&self, run: &Run) -> Step<Geregistreerd, ()> {
        match self.middel.registreren(&self.naam, run.now) {
            Err(weigering) => Step::reply(Geregistreerd::Nee(weigering)),
            Ok(change) => Step::Done(Verdict {
                reply: Geregistreerd::Ja,
                changes: vec![change],
                events: vec![Event::granted(
                    "etoegang.md §3",
                    "a means was registered",
                    self.wie.clone(),
                )],
            }),
        }
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<Geregistreerd, ()>, Outage> {
        Ok(self.begin(run))
    }

    fn lost(&self, _: &Key) -> Option<Step<Geregistreerd, ()>> {
        Some(Step::reply(Geregistreerd::Bestaat))
    }
}

enum Gewijzigd {
    Ja,
    Onbekend,
    Ingetrokken,
    Nee(Weigering),
}

struct Wijzigreis {
    naam: String,
    wijzigt: Wijzigt,
    wie: Actor,
}

impl Journey for Wijzigreis {
    type Reply = Gewijzigd;
    type Question = Key;

    fn begin(&self, _: &Run) -> Step<Gewijzigd, Key> {
        Step::Ask(Middel::key(&self.naam))
    }

    async fn answer(&self, run: &Run, key: Key) -> Result<Step<Gewijzigd, Key>, Outage> {
        let found: Option<Stored<Middel>> = run.load(key).await?;
        let Some(found) = found else {
            return Ok(Step::reply(Gewijzigd::Onbekend));
        };
        let (change, what) = match self.wijzigt.clone() {
            Wijzigt::Stand(stand) => (
                Middel::wordt(&found, &self.naam, stand),
                "the issuer of a means changed its standing",
            ),
            Wijzigt::Kent(attributen) => match Middel::kent(&found, &self.naam, attributen) {
                Ok(change) => (Some(change), "the issuer of a means changed its attributes"),
                Err(weigering) => return Ok(Step::reply(Gewijzigd::Nee(weigering))),
            },
        };
        let Some(change) = change else {
            return Ok(Step::reply(Gewijzigd::Ingetrokken));
        };
        Ok(Step::Done(Verdict {
            reply: Gewijzigd::Ja,
            changes: vec![change],
            events: vec![Event::granted("etoegang.md §3", what, self.wie.clone())],
        }))
    }
}
