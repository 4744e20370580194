//! The aggregator of the demo: where the scheme's manager (beheerorganisatie) publishes the signed service
//! catalogue (etoegang.md §5.5).
//!
//! Anybody may read it. The services are those of `etoegang.json`; when that file is edited while the network
//! runs, they are published as the next edition, or refused if they break it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use etoegang::dienstencatalogus::uitgave::{
    Definitie, Dienstverlener, GevraagdAttribuut, Instantie, Tekst, ToegestaanKenmerk, Uitgave,
    Versie,
};
use etoegang::dienstencatalogus::{Dienst, Dienstattribuut, Dienstencatalogus};
use etoegang::kenmerk::Soort;
use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use http::{HeaderValue, StatusCode};
use identity::{Oin, ServiceId};
use saml::keys::SigningKey;
use verdict::Moment;

use crate::app::App;
use crate::catalogus::{bounded, document};
use crate::chance;
use crate::door::TraceId;
use crate::input::{Dienstnaam, Etoegang};
use crate::lists::kept::replace;
use crate::web::{self, Visit};

/// How often the file of the input is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Seconds for which an edition is published. The scheme publishes a new one whenever something changed; the
/// demo at least each day, so that none grows old while its clock is moved.
const UITGAVE_S: u32 = 86_400;
/// The language of every text.
const TAAL: &str = "nl";
/// How the demo's services name who uses them, beside organisations (etoegang.md §5.4).
const PSEUDONIEM: &str = "urn:etoegang:1.12:EntityConcernedID:PseudoID";

/// What the aggregator is given.
pub struct AggregatorGiven {
    /// The path of every party's endpoints.
    pub pad: String,
    /// What it publishes.
    pub diensten: Diensten,
    /// The key of the scheme's manager.
    pub sleutel: SigningKey,
    /// The file of the input, and how it is read again.
    pub bestand: Option<(PathBuf, Lezen)>,
    /// Where it remembers what it published.
    pub party: PathBuf,
}

/// Reads `etoegang.json` again.
pub type Lezen = Box<dyn Fn(&Path) -> Result<Diensten, String> + Send + Sync>;

/// Services, and what people call them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diensten {
    /// The services.
    pub catalogus: Dienstencatalogus,
    /// Their names.
    pub namen: BTreeMap<ServiceId, Dienstnaam>,
}

/// The aggregator.
pub struct AggregatorRole {
    app: Arc<App>,
    pad: String,
    sleutel: SigningKey,
    bestand: Option<(PathBuf, Lezen)>,
    kept: PathBuf,
    stand: Mutex<Stand>,
}

/// What is published, and what is to be.
struct Stand {
    diensten: Diensten,
    gepubliceerd: Option<Gepubliceerd>,
}

#[derive(Clone)]
struct Gepubliceerd {
    uitgave: Uitgave,
    file: Bytes,
    etag: HeaderValue,
}

/// Where the catalogue is, below the address of the aggregator's host.
pub fn adres(pad: &str) -> String {
    format!("{pad}/servicecatalog.xml")
}

impl Diensten {
    /// Those of the input.
    pub fn of(network: &Etoegang) -> Self {
        Self {
            catalogus: network.catalogus.clone(),
            namen: network.namen.clone(),
        }
    }

    /// As the manager publishes them.
    fn dienstverleners(&self) -> Vec<Dienstverlener> {
        let mut all: Vec<Dienstverlener> = Vec::new();
        for dienst in self.catalogus.diensten() {
            let Ok(oin) = Oin::parse(dienst.service_id.oin()) else {
                continue; // every ServiceID has one
            };
            let naam = self.namen.get(&dienst.service_id);
            if all.last().is_none_or(|dv| dv.oin != oin) {
                all.push(Dienstverlener {
                    oin,
                    openbaar: true,
                    namen: tekst(naam.map(|naam| &*naam.dienstverlener)),
                    definities: Vec::new(),
                    instanties: Vec::new(),
                });
            }
            if let (Some(dv), Some(makelaar)) =
                (all.last_mut(), dienst.herkenningsmakelaars.first())
            {
                dv.definities.push(definitie(dienst, makelaar, naam));
                dv.instanties.push(instantie(dienst));
            }
        }
        all
    }
}

fn definitie(dienst: &Dienst, makelaar: &Oin, naam: Option<&Dienstnaam>) -> Definitie {
    let called = tekst(naam.map(|naam| &*naam.dienst));
    let kenmerken = [(Soort::KvkNr.urn(), 1), (PSEUDONIEM, 2)];
    let doelen = naam.map(|naam| &*naam.doelen).unwrap_or_default();
    let asked = |asked: &Dienstattribuut| {
        let doel = doelen.iter().find(|(of, _)| *of == asked.naam);
        GevraagdAttribuut {
            naam: asked.naam.as_str().to_owned(),
            verplicht: asked.verplicht,
            doelen: tekst(doel.map(|(_, doel)| &**doel)),
        }
    };
    Definitie {
        service_uuid: dienst.service_uuid.clone(),
        openbaar: true,
        omschrijvingen: called.clone(),
        namen: called,
        niveau: dienst.niveau,
        herkenningsmakelaar: makelaar.clone(),
        kenmerken: kenmerken
            .map(|(soort, set)| ToegestaanKenmerk {
                soort: soort.to_owned(),
                set: Some(set),
            })
            .to_vec(),
        beperkingen: Vec::new(),
        attributen: dienst.attributen.iter().map(asked).collect(),
    }
}

fn instantie(dienst: &Dienst) -> Instantie {
    Instantie {
        service_id: dienst.service_id.clone(),
        service_uuid: dienst.service_uuid.clone(),
        definitie: None,
        bemiddelt: None,
        openbaar: true,
        herkenningsmakelaars: dienst.herkenningsmakelaars.clone(),
        classifiers: dienst.classifiers.clone(),
    }
}

fn tekst(tekst: Option<&str>) -> Vec<Tekst> {
    vec![Tekst {
        taal: TAAL.to_owned(),
        tekst: tekst.unwrap_or_default().to_owned(),
    }]
}

impl AggregatorRole {
    /// The role of a party. What it published before is remembered in the party's directory, and numbers go on
    /// from there.
    pub fn new(app: Arc<App>, given: AggregatorGiven) -> Arc<Self> {
        let kept = document(&given.party);
        let trusted = given.sleutel.certificate().key().clone();
        let before = bounded(&kept).ok().flatten().and_then(|file| {
            let uitgave = Uitgave::read(&file, &[trusted]).ok()?;
            Some(Gepubliceerd::of(uitgave, file))
        });
        Arc::new(Self {
            app,
            pad: given.pad,
            sleutel: given.sleutel,
            bestand: given.bestand,
            kept,
            stand: Mutex::new(Stand {
                diensten: given.diensten,
                gepubliceerd: before,
            }),
        })
    }

    /// What answers at its host, to anybody.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route(&adres(&self.pad), get(catalogus))
            .with_state(Arc::clone(self))
    }

    /// Publishes what an operator writes into `etoegang.json`, for as long as the party lives.
    pub async fn watch(self: Arc<Self>) {
        let Some((path, _)) = &self.bestand else {
            return;
        };
        let mut done = mark(path);
        let mut seen = done;
        loop {
            tokio::time::sleep(LOOK).await;
            let now = mark(path);
            // An edit counts once two looks found the file the same.
            let is_settled = now == std::mem::replace(&mut seen, now);
            if is_settled && now != done {
                done = now;
                self.edited();
            }
        }
    }

    fn edited(&self) {
        let Some((path, lezen)) = &self.bestand else {
            return;
        };
        match lezen(path) {
            Ok(diensten) => self.stand().diensten = diensten,
            Err(why) => {
                let party = self.app.party;
                tracing::error!(party, %why, "not published; the edition before stays");
                self.app.refused(TraceId::fresh(), "etoegang case 93", &why);
            }
        }
    }

    /// The edition of now: the one before, while it says the same and is of today by our clock.
    fn nu(&self) -> Option<Gepubliceerd> {
        let now = self.app.clock.now();
        let mut stand = self.stand();
        let before = stand.gepubliceerd.as_ref();
        let dienstverleners = stand.diensten.dienstverleners();
        if let Some(before) = before
            && before.uitgave.dienstverleners == dienstverleners
            && is_of_today(before.uitgave.uitgegeven, now)
        {
            return Some(before.clone());
        }
        let last = before.and_then(|before| before.uitgave.versie.volgnummer());
        let uitgave = Uitgave {
            versie: Versie::of(false, last.unwrap_or_default().saturating_add(1)),
            uitgegeven: now,
            dienstverleners,
        };
        let published = self.signed(uitgave)?;
        stand.gepubliceerd = Some(published.clone());
        Some(published)
    }

    fn signed(&self, uitgave: Uitgave) -> Option<Gepubliceerd> {
        let id = saml::message_id(chance::entropy().bytes("etoegang.catalogus"));
        let party = self.app.party;
        let file = uitgave.to_xml(&id, &self.sleutel);
        let file = file.inspect_err(|no| tracing::error!(party, ?no, "no catalogue can be signed"));
        let file = file.ok()?.into_bytes();
        if let Err(error) = remember(&self.kept, &file) {
            tracing::error!(party, %error, "what is published cannot be remembered");
        }
        Some(Gepubliceerd::of(uitgave, file))
    }

    fn stand(&self) -> std::sync::MutexGuard<'_, Stand> {
        self.stand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gepubliceerd {
    fn of(uitgave: Uitgave, file: Vec<u8>) -> Self {
        let hash = jose::base64url_encode(jose::sha256(&file));
        // Base64url is text that a header can carry.
        let etag = HeaderValue::from_str(&format!("\"{hash}\""));
        Self {
            uitgave,
            file: Bytes::from(file),
            etag: etag.unwrap_or(HeaderValue::from_static("\"\"")),
        }
    }
}

fn is_of_today(uitgegeven: Moment, now: Moment) -> bool {
    uitgegeven <= now && !uitgegeven.plus_s(UITGAVE_S).is_over_at(now)
}

fn mark(path: &Path) -> Option<(SystemTime, u64)> {
    let data = fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}

fn remember(kept: &Path, file: &[u8]) -> io::Result<()> {
    if let Some(directory) = kept.parent() {
        fs::create_dir_all(directory)?;
    }
    replace(kept, file)
}

async fn catalogus(State(role): State<Arc<AggregatorRole>>, visit: Visit) -> Response {
    let Some(published) = role.nu() else {
        return web::unavailable();
    };
    let known = visit.headers.get(IF_NONE_MATCH);
    let mut response = if known == Some(&published.etag) {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        web::typed(200, "application/xml", published.file)
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, published.etag);
    // To be kept, and asked about at every use.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
