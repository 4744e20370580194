//! One journey: as a page, as data, as an archive of its messages, and as a picture.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_DISPOSITION;
use serde_json::{Value, json};

use super::{NetwerkRole, not_found, show};
use crate::date;
use crate::observer::{Inhoud, Sighting, Weigering};
use crate::pages::{Afwijzing, Gezien, Lang, Reis, Stap, StapUitkomst, Uitwisseling, Zijde};
use crate::recording::{Exchange, Recording};
use crate::requirements;
use crate::routes::steps::{STEPS, Step};
use crate::web::{self, Visit};

/// Letters of a body on a page; the data has the rest.
const SHOWN_CHARS_MAX: usize = 16 * 1024;

/// In which form a journey is asked for.
#[derive(Clone, Copy)]
enum Form {
    Page,
    Data,
    Har,
    Svg,
}

/// A journey as a page, or in the form that the end of its name tells.
pub(super) async fn reis(
    State(role): State<Arc<NetwerkRole>>,
    reis: Result<Path<String>, PathRejection>,
    visit: Visit,
) -> Response {
    // What is no text is the name of no journey.
    let reis = reis.map(|Path(reis)| reis).unwrap_or_default();
    let (trace, form) = Form::of(&reis);
    let lang = web::lang(&visit);
    match (role.recording(trace), form) {
        (Some(recording), Form::Page) => {
            let revisie = role.kept().revision(Some(trace));
            show(200, &visit, &as_page(&recording, revisie, lang))
        }
        (Some(recording), Form::Data) => web::json(200, &recording.data()),
        (Some(recording), Form::Har) => {
            let har = serde_json::to_vec_pretty(&recording.har()).unwrap_or_default();
            download(&reis, web::typed(200, "application/json", har))
        }
        (Some(recording), Form::Svg) => {
            let svg = recording.diagram(lang).as_file(trace, lang);
            download(&reis, web::typed(200, "image/svg+xml", svg))
        }
        (None, Form::Data | Form::Har) => web::json(404, &json!({ "error": "not_found" })),
        (None, Form::Page | Form::Svg) => not_found(&visit),
    }
}

impl Form {
    /// The run that a name tells of, and the form.
    fn of(name: &str) -> (&str, Self) {
        let forms = [
            (".json", Self::Data),
            (".har", Self::Har),
            (".svg", Self::Svg),
        ];
        let named = |(end, form)| Some((name.strip_suffix(end)?, form));
        forms
            .into_iter()
            .find_map(named)
            .unwrap_or((name, Self::Page))
    }
}

/// An answer that a browser keeps as a file. `name` is that of a run that is known: a UUID.
fn download(name: &str, response: Response) -> Response {
    let value = HeaderValue::from_str(&format!("attachment; filename=\"reis-{name}\""));
    let value = value.unwrap_or(HeaderValue::from_static("attachment"));
    web::with(response, (CONTENT_DISPOSITION, value))
}

fn as_page(recording: &Recording, revisie: u64, lang: Lang) -> Reis {
    let mut by_step = Placed::of(recording);
    let stap = |step: &Step| Stap {
        nummer: step.number,
        van: step.from.name().to_owned(),
        naar: step.to.name().to_owned(),
        bericht: step.text(lang).to_owned(),
        gezien: recording.of_step(step.number).map(gezien).collect(),
        berichten: by_step.first.remove(&step.number).unwrap_or_default(),
        elders: by_step.later.remove(&step.number).unwrap_or_default(),
    };
    Reis {
        trace: recording.trace_id.clone(),
        revisie,
        stappen: STEPS.iter().map(stap).collect(),
        diagram: recording.diagram(lang),
        afwijzingen: recording.weigeringen.iter().map(afwijzing).collect(),
        overige: by_step.other,
    }
}

/// The messages of a journey, where the page shows them.
#[derive(Default)]
struct Placed {
    /// By the first step that each carries.
    first: BTreeMap<u8, Vec<Uitwisseling>>,
    /// By further steps: the number of the message, and its first step.
    later: BTreeMap<u8, Vec<(usize, u8)>>,
    other: Vec<Uitwisseling>,
}

impl Placed {
    fn of(recording: &Recording) -> Self {
        let mut placed = Self::default();
        for exchange in recording.exchanges() {
            let nummer = exchange.nummer;
            let shown = uitwisseling(nummer, &exchange, false);
            let Some((first, rest)) = exchange.steps.split_first() else {
                placed.other.push(shown);
                continue;
            };
            placed.first.entry(*first).or_default().push(shown);
            for step in rest {
                placed
                    .later
                    .entry(*step)
                    .or_default()
                    .push((nummer, *first));
            }
        }
        placed
    }
}

/// A message for a page; `linked` where the page is not that of its run.
pub(super) fn uitwisseling(nummer: usize, exchange: &Exchange<'_>, linked: bool) -> Uitwisseling {
    let bericht = exchange.bericht;
    Uitwisseling {
        nummer,
        methode: bericht.method.clone(),
        url: bericht.url.clone(),
        status: (bericht.status != 0).then_some(bericht.status),
        door: bericht.party.clone(),
        peer: bericht.peer.clone(),
        tijd: date::moment(bericht.begonnen_ms.div_euclid(1_000)),
        duur_ms: bericht.duur_ms,
        query: bericht.query.as_ref().map(|query| cut(indented(query)).0),
        vraag: zijde(&bericht.request),
        antwoord: zijde(&bericht.response),
        trace: linked.then(|| bericht.trace_id.clone()),
    }
}

fn zijde(inhoud: &Inhoud) -> Zijde {
    let header = |(name, value): &(String, String)| format!("{name}: {value}");
    let headers: Vec<String> = inhoud.headers.iter().map(header).collect();
    let data = inhoud.velden.as_ref().map(indented);
    let shown = data.or_else(|| inhoud.xml.clone()).map(cut);
    let (text, afgekort) = shown.map_or((None, false), |(text, cut)| (Some(text), cut));
    Zijde {
        koppen: headers.join("\n"),
        inhoud: text,
        afgekort,
        bytes: inhoud.bytes,
    }
}

fn indented(data: &Value) -> String {
    serde_json::to_string_pretty(data).unwrap_or_default()
}

/// What fits on a page, and whether something did not.
fn cut(mut text: String) -> (String, bool) {
    let end = text.char_indices().nth(SHOWN_CHARS_MAX);
    if let Some((end, _)) = end {
        text.truncate(end);
    }
    (text, end.is_some())
}

/// A refusal for a page.
pub(super) fn afwijzing(weigering: &Weigering) -> Afwijzing {
    Afwijzing {
        partij: weigering.party.clone(),
        eis: weigering.requirement.clone(),
        href: requirements::find(&weigering.requirement)
            .map(|_| format!("/eisen/{}", path_segment(&weigering.requirement))),
        reden: weigering.reason.clone(),
        wie: weigering.who.clone(),
        tijd: date::moment(weigering.time),
    }
}

/// A text as one segment of a path (RFC 3986 §2.3).
fn path_segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

fn gezien(sighting: &Sighting) -> Gezien {
    Gezien {
        door: sighting.party.clone(),
        peer: sighting.peer.clone(),
        uitkomst: if sighting.ok {
            StapUitkomst::Gelukt
        } else {
            StapUitkomst::Geweigerd
        },
        aanbieder: sighting.aanbieder.clone(),
        tijd: date::moment(sighting.time),
    }
}
