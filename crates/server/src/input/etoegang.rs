//! The network of eToegang: its services, apps, means and mandates.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use etoegang::attribuut::{Attributen, Attribuutnaam};
use etoegang::authenticatiedienst;
use etoegang::authenticatiedienst::aanmelding::NAAM_MAX;
use etoegang::authenticatiedienst::bewijs::WACHTWOORD_BYTES_MAX;
use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::dienstencatalogus::{Dienst, Dienstencatalogus};
use etoegang::dv_hm::DvApp;
use etoegang::instellingen::{Instellingen, Ondertekening};
use etoegang::kenmerk::{Kenmerk, Soort, Vestigingsnr};
use etoegang::machtiging::keuze::Organisaties;
use etoegang::machtiging::{GELDIG_S_MAX, InternPseudoniem};
use identity::{EntityId, Oin, Rol, ServiceId, ServiceUuid};
use protocol::assertion::ClientKeys;
use protocol::client::{Authentication, Client};
use serde_json::Value;

use super::InputFault;
use super::clients::client_keys;
use super::files::{File, Files};
use super::place::Place;
use super::reading::{each, parsed, readable, twice};
use crate::routes::etoegang::pad;

mod attributen;
mod register;
mod written;

pub use register::EtoegangRegister;
pub(super) use register::register;

/// The version of the scheme when the file names none.
const VERSIE: &str = "1.13";
/// Entries of one list of the file, at most.
const ENTRIES_MAX: usize = 1_000;
/// Bytes of the file that are read again, at most: more than its lists can hold. What is cut off there is no JSON.
const BESTAND_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Bytes of a `client_id`, and of the reference of a mandate, at most.
const ID_BYTES_MAX: usize = 64;
/// Days for which a mandate holds when the file does not say.
const DAGEN: u32 = 365;
/// Days for which a mandate may hold: five years.
const DAGEN_MAX: u32 = GELDIG_S_MAX / 86_400;

/// Everything that the network of eToegang is about.
#[derive(Clone, Debug)]
pub struct Etoegang {
    /// The broker.
    pub hm: EntityId,
    /// The authentication service.
    pub ad: EntityId,
    /// The mandate register.
    pub mr: EntityId,
    /// Which services there are.
    pub catalogus: Dienstencatalogus,
    /// What people call them, and whose they are.
    pub namen: BTreeMap<ServiceId, Dienstnaam>,
    /// The apps; no two have the same `client_id`.
    pub apps: Vec<EtoegangApp>,
    /// What organisations are called.
    pub organisaties: BTreeMap<Kenmerk, String>,
    /// What an MR can declare of them: what they are called, and what else is known.
    pub bekend: Organisaties,
    /// The means of people; no two have the same name.
    pub middelen: Vec<EtoegangMiddel>,
    /// Mandates; no two have the same id.
    pub machtigingen: Vec<EtoegangMachtiging>,
    /// The file of the input's folder, in which services may be edited while the network runs.
    pub bestand: Option<PathBuf>,
    /// The path of every party's endpoints, which names the version of the scheme.
    pub pad: String,
    /// How the HM gives out tokens.
    pub instellingen_hm: Instellingen,
    /// How the AD works.
    pub instellingen_ad: authenticatiedienst::Instellingen,
}

/// What people call a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dienstnaam {
    /// Of the service.
    pub dienst: String,
    /// Of its DV.
    pub dienstverlener: String,
    /// The DV.
    pub dv: EntityId,
    /// What it needs each of its attributes for, in their order.
    pub doelen: Vec<(Attribuutnaam, String)>,
}

/// An app of a DV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtoegangApp {
    /// Its `client_id`.
    pub client_id: String,
    /// Whose.
    pub dv: EntityId,
    /// What people call it.
    pub naam: String,
    /// Where codes may go; at least one.
    pub redirect_uris: Vec<String>,
    /// Whether it may refresh.
    pub mag_vernieuwen: bool,
    /// The keys of one instance, with which it proves itself; a public client has none.
    pub sleutels: Option<ClientKeys>,
}

impl EtoegangApp {
    /// The app as an HM knows it: a public client (RFC 8252 §8.4), or one instance of an app, with keys of
    /// its own.
    pub fn dv_app(&self) -> DvApp {
        let keys = self.sleutels.clone();
        DvApp {
            client: Client {
                client_id: self.client_id.clone(),
                organisatienaam: self.naam.clone(),
                authentication: keys.map_or(Authentication::Public, Authentication::PrivateKeyJwt),
                redirect_uris: self.redirect_uris.clone(),
            },
            dv: self.dv.clone(),
            mag_vernieuwen: self.mag_vernieuwen,
        }
    }
}

/// A means of a person who does not exist.
#[derive(Clone)]
pub struct EtoegangMiddel {
    /// The name that its holder gives.
    pub naam: String,
    /// The password.
    pub wachtwoord: String,
    /// The secret of the device that shows codes.
    pub codesleutel: Option<[u8; 32]>,
    /// The level that it reaches.
    pub niveau: Betrouwbaarheidsniveau,
    /// The person, as the network knows him.
    pub houder: InternPseudoniem,
    /// What is known of him.
    pub attributen: Attributen,
}

/// A mandate that is there at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtoegangMachtiging {
    /// Its reference.
    pub id: String,
    /// Who is represented.
    pub voor: Kenmerk,
    /// Who may act.
    pub aan: Gerechtigde,
    /// At which service.
    pub service_uuid: ServiceUuid,
    /// How surely it was established.
    pub niveau: Betrouwbaarheidsniveau,
    /// For which branch.
    pub beperking: Option<Vestigingsnr>,
    /// Days from the start of the network for which it holds.
    pub dagen: u32,
}

/// Who may act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gerechtigde {
    /// The holder of a means.
    Persoon(InternPseudoniem),
    /// An organisation that stands between.
    Organisatie(Kenmerk),
}

/// The network, with the demo's port in its URLs.
pub(super) fn etoegang(files: &mut Files, port: u16) -> Result<Etoegang, InputFault> {
    let file = files.get("etoegang.json")?;
    let bestand = files.path("etoegang.json");
    let network = read(file, port)?;
    Ok(Etoegang { bestand, ..network })
}

/// The network of a file that was edited since.
///
/// # Errors
/// What is wrong with it, as at the start.
pub fn opnieuw(path: &Path, port: u16) -> Result<Etoegang, String> {
    let shown = path.display().to_string();
    let opened = fs::File::open(path).map_err(|error| format!("{shown}: {error}"))?;
    let mut text = String::new();
    let within = opened.take(BESTAND_BYTES_MAX).read_to_string(&mut text);
    within.map_err(|error| format!("{shown}: {error}"))?;
    read(File { shown, text }, port).map_err(|fault| fault.to_string())
}

fn read(mut file: File, port: u16) -> Result<Etoegang, InputFault> {
    file.text = file.text.replace("{port}", &port.to_string());
    let written: written::Network = file.json()?;
    Reading { file: &file }.network(written)
}

struct Reading<'a> {
    file: &'a File,
}

/// A DV, and where it stands.
struct Dienstverlener {
    entity: EntityId,
    naam: String,
}

impl Reading<'_> {
    fn network(&self, written: written::Network) -> Result<Etoegang, InputFault> {
        let root = Place::root();
        self.version(written.schema_version)?;
        let hm = self.entity(&root.member("hm"), &written.hm, Rol::Hm)?;
        let ad = self.entity(&root.member("ad"), &written.ad, Rol::Ad)?;
        let mr = self.entity(&root.member("mr"), &written.mr, Rol::Mr)?;
        let dvs = self.dienstverleners(written.dienstverleners)?;
        let makelaar = parsed(self.file, &root.member("hm"), hm.oin(), Oin::parse)?;
        let (diensten, namen) = self.diensten(written.diensten, &dvs, &[makelaar])?;
        let catalogus = Dienstencatalogus::new(diensten);
        let catalogus = catalogus.map_err(|_| twice(self.file, &root.member("diensten")))?;
        let apps = self.apps(written.apps, &dvs)?;
        let (organisaties, bekend) = self.organisaties(written.organisaties)?;
        let middelen = self.middelen(written.middelen, &ad)?;
        let machtigingen = self.machtigingen(written.machtigingen, &middelen, &catalogus)?;
        let of_settings = root.member("instellingen");
        let (of_hm, of_ad) = (of_settings.member("hm"), of_settings.member("ad"));
        Ok(Etoegang {
            hm,
            ad,
            mr,
            catalogus,
            namen,
            apps,
            organisaties,
            bekend,
            middelen,
            machtigingen,
            bestand: None,
            pad: self.pad(&root.member("versie"), written.versie.as_deref())?,
            instellingen_hm: self.instellingen_hm(&of_hm, &written.instellingen.hm)?,
            instellingen_ad: self.instellingen_ad(&of_ad, &written.instellingen.ad)?,
        })
    }

    /// etoegang case 95: another version of the scheme, another URL
    fn pad(&self, place: &Place, versie: Option<&str>) -> Result<String, InputFault> {
        let versie = versie.unwrap_or(VERSIE);
        let numbers: Vec<&str> = versie.split('.').collect();
        let is_number = |part: &&str| {
            (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if numbers.len() == 2 && numbers.iter().all(is_number) {
            return Ok(pad(versie));
        }
        let reason = "expected a version of the scheme, such as 1.13";
        Err(self.file.fault(place, reason))
    }

    /// etoegang cases 17 and 18
    fn instellingen_hm(
        &self,
        place: &Place,
        written: &written::HmInstellingen,
    ) -> Result<Instellingen, InputFault> {
        let usual = Instellingen::default();
        let said = written.ondertekent.as_deref();
        let ondertekent = said.map_or(Some(usual.ondertekent), Ondertekening::genaamd);
        let ondertekent = ondertekent.ok_or_else(|| {
            let reason = "expected RS256, PS256 or ES256";
            self.file.fault(&place.member("ondertekent"), reason)
        })?;
        let own = Instellingen {
            access_token_s: written.access_token_s.unwrap_or(usual.access_token_s),
            id_token_s: written.id_token_s.unwrap_or(usual.id_token_s),
            ongebruikt_s: written.ongebruikt_s.unwrap_or(usual.ongebruikt_s),
            familie_s: written.familie_s.unwrap_or(usual.familie_s),
            id_token_bij_vernieuwen: written
                .id_token_bij_vernieuwen
                .unwrap_or(usual.id_token_bij_vernieuwen),
            ondertekent,
            native_app: usual.native_app,
        };
        own.gecontroleerd().map_err(|bad| {
            let reason = format!("expected 1 to {} seconds", bad.max);
            self.file.fault(&place.member(bad.instelling), reason)
        })
    }

    fn instellingen_ad(
        &self,
        place: &Place,
        written: &written::AdInstellingen,
    ) -> Result<authenticatiedienst::Instellingen, InputFault> {
        let usual = authenticatiedienst::Instellingen::default();
        let own = authenticatiedienst::Instellingen {
            sessie_s: written.sessie_s.unwrap_or(usual.sessie_s),
            token_s: written.token_s.unwrap_or(usual.token_s),
            roteert: written.roteert.unwrap_or(usual.roteert),
            herhaalbaar_s: written.herhaalbaar_s.unwrap_or(usual.herhaalbaar_s),
            ..usual
        };
        own.gecontroleerd().map_err(|bad| {
            let reason = "expected a number within its bounds";
            self.file.fault(&place.member(bad.0), reason)
        })
    }

    fn version(&self, schema_version: u8) -> Result<(), InputFault> {
        if schema_version == 1 {
            return Ok(());
        }
        let place = Place::root().member("schema_version");
        Err(self.file.fault(&place, "expected 1"))
    }

    fn dienstverleners(
        &self,
        written: Vec<written::Dienstverlener>,
    ) -> Result<Vec<Dienstverlener>, InputFault> {
        let mut oins = BTreeSet::new();
        self.list("dienstverleners", written, |place, dv| {
            let of_entity = place.member("entity");
            let entity = self.entity(&of_entity, &dv.entity, Rol::Dv)?;
            if !oins.insert(entity.oin().to_owned()) {
                let reason = "a dienstverlener of this OIN stands here already";
                return Err(self.file.fault(&of_entity, reason));
            }
            let naam = readable(self.file, &place.member("naam"), dv.naam)?;
            Ok(Dienstverlener { entity, naam })
        })
    }

    /// The services, each once, offered by these HMs.
    fn diensten(
        &self,
        written: Vec<written::Dienst>,
        dvs: &[Dienstverlener],
        makelaars: &[Oin],
    ) -> Result<(Vec<Dienst>, BTreeMap<ServiceId, Dienstnaam>), InputFault> {
        let (mut namen, mut uuids) = (BTreeMap::new(), BTreeSet::new());
        let diensten = self.list("diensten", written, |place, dienst| {
            let (attributen, doelen) = self.dienstattributen(place, dienst.attributen)?;
            let written = (&*dienst.service_id, dienst.naam, doelen);
            let (id, naam) = self.dienstnaam(place, written, dvs)?;
            if namen.insert(id.clone(), naam).is_some() {
                return Err(twice(self.file, &place.member("service_id")));
            }
            let uuid = self.service_uuid(place, &dienst.service_uuid)?;
            if !uuids.insert(uuid.clone()) {
                return Err(twice(self.file, &place.member("service_uuid")));
            }
            Ok(Dienst {
                service_id: id,
                service_uuid: uuid,
                niveau: self.niveau(place, &dienst.niveau)?,
                herkenningsmakelaars: makelaars.to_vec(),
                classifiers: dienst.classifiers,
                attributen,
            })
        })?;
        Ok((diensten, namen))
    }

    /// A service is of the DV whose OIN stands in its ServiceID.
    fn dienstnaam(
        &self,
        place: &Place,
        (service_id, naam, doelen): (&str, String, Vec<(Attribuutnaam, String)>),
        dvs: &[Dienstverlener],
    ) -> Result<(ServiceId, Dienstnaam), InputFault> {
        let of_id = place.member("service_id");
        let id = parsed(self.file, &of_id, service_id, ServiceId::parse)?;
        let dv = dvs.iter().find(|dv| dv.entity.oin() == id.oin());
        let reason = "no dienstverlener of this file has its OIN";
        let dv = dv.ok_or_else(|| self.file.fault(&of_id, reason))?;
        let naam = Dienstnaam {
            dienst: readable(self.file, &place.member("naam"), naam)?,
            dienstverlener: dv.naam.clone(),
            dv: dv.entity.clone(),
            doelen,
        };
        Ok((id, naam))
    }

    fn apps(
        &self,
        written: Vec<written::App>,
        dvs: &[Dienstverlener],
    ) -> Result<Vec<EtoegangApp>, InputFault> {
        let mut ids = BTreeSet::new();
        self.list("apps", written, |place, app| {
            let client_id = self.id(&place.member("client_id"), app.client_id)?;
            if !ids.insert(client_id.clone()) {
                return Err(twice(self.file, &place.member("client_id")));
            }
            let of_dv = place.member("dv");
            let dv = self.entity(&of_dv, &app.dv, Rol::Dv)?;
            if !dvs.iter().any(|known| known.entity == dv) {
                let reason = "no dienstverlener of this file has this EntityID";
                return Err(self.file.fault(&of_dv, reason));
            }
            Ok(EtoegangApp {
                client_id,
                dv,
                naam: readable(self.file, &place.member("naam"), app.naam)?,
                redirect_uris: self.redirect_uris(place, app.redirect_uris)?,
                mag_vernieuwen: app.mag_vernieuwen.unwrap_or(true),
                sleutels: self.sleutels(&place.member("jwks"), app.jwks.as_ref())?,
            })
        })
    }

    fn sleutels(
        &self,
        place: &Place,
        jwks: Option<&Value>,
    ) -> Result<Option<ClientKeys>, InputFault> {
        let read = jwks.map(|jwks| client_keys(self.file, place, jwks));
        read.transpose()
    }

    // etoegang case 62
    fn redirect_uris(&self, app: &Place, uris: Vec<String>) -> Result<Vec<String>, InputFault> {
        let of_uris = app.member("redirect_uris");
        if uris.is_empty() {
            let reason = "expected at least one redirect URI";
            return Err(self.file.fault(&of_uris, reason));
        }
        each(self.file, &of_uris, uris, |place, uri: String| {
            if protocol::redirect::is_for_an_app(&uri) {
                return Ok(uri);
            }
            let reason = "expected a redirect URI of an app: https, or http at 127.0.0.1 or [::1]";
            Err(self.file.fault(place, reason))
        })
    }

    fn organisaties(
        &self,
        written: Vec<written::Organisatie>,
    ) -> Result<(BTreeMap<Kenmerk, String>, Organisaties), InputFault> {
        let (mut organisaties, mut bekend) = (BTreeMap::new(), Organisaties::new());
        self.list("organisaties", written, |place, organisatie| {
            let of_kvk = place.member("kvk");
            let kvk = self.kvk(&of_kvk, &organisatie.kvk)?;
            let naam = readable(self.file, &place.member("naam"), organisatie.naam)?;
            let known = self.van_organisatie(place, &naam, organisatie.attributen)?;
            bekend.insert(kvk.clone(), known);
            match organisaties.insert(kvk, naam) {
                None => Ok(()),
                Some(_) => Err(twice(self.file, &of_kvk)),
            }
        })?;
        Ok((organisaties, bekend))
    }

    fn middelen(
        &self,
        written: Vec<written::Middel>,
        ad: &EntityId,
    ) -> Result<Vec<EtoegangMiddel>, InputFault> {
        let mut namen = BTreeSet::new();
        self.list("middelen", written, |place, middel| {
            let of_naam = place.member("naam");
            if !is_text(&middel.naam) || middel.naam.chars().count() > NAAM_MAX {
                let reason = format!("expected 1 to {NAAM_MAX} characters on one line");
                return Err(self.file.fault(&of_naam, reason));
            }
            if !namen.insert(middel.naam.clone()) {
                return Err(twice(self.file, &of_naam));
            }
            let person = [ad.as_str(), &middel.naam].join("\0");
            let niveau = self.niveau(place, &middel.niveau)?;
            Ok(EtoegangMiddel {
                houder: InternPseudoniem(jose::base64url_encode(jose::sha256(person.as_bytes()))),
                codesleutel: self.codesleutel(place, middel.codesleutel.as_deref(), niveau)?,
                wachtwoord: self.wachtwoord(place, middel.wachtwoord)?,
                attributen: self.van_persoon(place, middel.attributen)?,
                naam: middel.naam,
                niveau,
            })
        })
    }

    fn wachtwoord(&self, middel: &Place, text: String) -> Result<String, InputFault> {
        if is_text(&text) && text.len() <= WACHTWOORD_BYTES_MAX {
            return Ok(text);
        }
        let reason = format!("expected 1 to {WACHTWOORD_BYTES_MAX} bytes on one line");
        Err(self.file.fault(&middel.member("wachtwoord"), reason))
    }

    fn codesleutel(
        &self,
        middel: &Place,
        text: Option<&str>,
        niveau: Betrouwbaarheidsniveau,
    ) -> Result<Option<[u8; 32]>, InputFault> {
        let Some(text) = text else {
            if niveau <= Betrouwbaarheidsniveau::Loa2 {
                return Ok(None);
            }
            let reason = "a middel above loa2 needs a codesleutel";
            return Err(self.file.fault(middel, reason));
        };
        let sleutel = jose::base64url_decode(text).and_then(|bytes| bytes.try_into().ok());
        let place = middel.member("codesleutel");
        let reason = "expected 32 bytes in base64url";
        let sleutel = sleutel.ok_or_else(|| self.file.fault(&place, reason))?;
        Ok(Some(sleutel))
    }

    fn machtigingen(
        &self,
        written: Vec<written::Machtiging>,
        middelen: &[EtoegangMiddel],
        catalogus: &Dienstencatalogus,
    ) -> Result<Vec<EtoegangMachtiging>, InputFault> {
        let mut ids = BTreeSet::new();
        self.list("machtigingen", written, |place, one| {
            let voor = self.kvk(&place.member("voor"), &one.voor)?;
            let aan = self.gerechtigde(place, &one, &voor, middelen)?;
            let of_uuid = place.member("service_uuid");
            let uuid = self.service_uuid(place, &one.service_uuid)?;
            if catalogus.van_scope(&format!("urn:uuid:{uuid}")).is_none() {
                let reason = "no dienst of this file has this service_uuid";
                return Err(self.file.fault(&of_uuid, reason));
            }
            let id = self.id(&place.member("id"), one.id)?;
            if !ids.insert(id.clone()) {
                return Err(twice(self.file, &place.member("id")));
            }
            Ok(EtoegangMachtiging {
                id,
                voor,
                aan,
                service_uuid: uuid,
                niveau: self.niveau(place, &one.niveau)?,
                beperking: self.vestigingsnr(place, one.vestigingsnr.as_deref())?,
                dagen: self.dagen(place, one.dagen)?,
            })
        })
    }

    fn gerechtigde(
        &self,
        machtiging: &Place,
        written: &written::Machtiging,
        voor: &Kenmerk,
        middelen: &[EtoegangMiddel],
    ) -> Result<Gerechtigde, InputFault> {
        let fault = |place, reason| Err(self.file.fault(place, reason));
        match (&written.persoon, &written.organisatie) {
            (Some(naam), None) => match middelen.iter().find(|middel| middel.naam == *naam) {
                Some(middel) => Ok(Gerechtigde::Persoon(middel.houder.clone())),
                None => fault(
                    &machtiging.member("persoon"),
                    "no middel of this file has this naam",
                ),
            },
            (None, Some(kvk)) => {
                let place = machtiging.member("organisatie");
                match self.kvk(&place, kvk)? {
                    kvk if kvk == *voor => fault(&place, "expected another number than voor"),
                    kvk => Ok(Gerechtigde::Organisatie(kvk)),
                }
            }
            _ => fault(machtiging, "expected either persoon or organisatie"),
        }
    }

    fn vestigingsnr(
        &self,
        machtiging: &Place,
        text: Option<&str>,
    ) -> Result<Option<Vestigingsnr>, InputFault> {
        let read = text.map(Vestigingsnr::parse).transpose();
        let reason = "expected a number of a branch: twelve digits";
        read.map_err(|_| self.file.fault(&machtiging.member("vestigingsnr"), reason))
    }

    fn dagen(&self, machtiging: &Place, days: Option<u16>) -> Result<u32, InputFault> {
        let days = days.map_or(DAGEN, u32::from);
        if (1..=DAGEN_MAX).contains(&days) {
            return Ok(days);
        }
        let reason = format!("expected 1 to {DAGEN_MAX} days");
        Err(self.file.fault(&machtiging.member("dagen"), reason))
    }

    fn niveau(&self, around: &Place, urn: &str) -> Result<Betrouwbaarheidsniveau, InputFault> {
        let reason = "expected the URN of a level: loa2, loa2plus, loa3 or loa4";
        Betrouwbaarheidsniveau::from_urn(urn)
            .map_err(|_| self.file.fault(&around.member("niveau"), reason))
    }

    fn service_uuid(&self, around: &Place, text: &str) -> Result<ServiceUuid, InputFault> {
        let place = around.member("service_uuid");
        parsed(self.file, &place, text, ServiceUuid::parse)
    }

    fn kvk(&self, place: &Place, digits: &str) -> Result<Kenmerk, InputFault> {
        let reason = "expected a number of the trade register: eight digits";
        Kenmerk::parse(Soort::KvkNr, digits).map_err(|_| self.file.fault(place, reason))
    }

    fn entity(&self, place: &Place, text: &str, rol: Rol) -> Result<EntityId, InputFault> {
        let entity = parsed(self.file, place, text, EntityId::parse)?;
        if entity.rol() == rol {
            return Ok(entity);
        }
        let reason = match rol {
            Rol::Dv => "expected the EntityID of a DV",
            Rol::Hm => "expected the EntityID of an HM",
            Rol::Ad => "expected the EntityID of an AD",
            Rol::Mr => "expected the EntityID of an MR",
            Rol::Eb => "expected the EntityID of an EB",
        };
        Err(self.file.fault(place, reason))
    }

    /// What stands in URLs and rows.
    fn id(&self, place: &Place, text: String) -> Result<String, InputFault> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(fits) {
            return Ok(text);
        }
        let reason = "expected 1 to 64 letters, digits, hyphens, dots and underscores";
        Err(self.file.fault(place, reason))
    }

    /// Each entry of a list of the file.
    fn list<W, T>(
        &self,
        name: &'static str,
        written: Vec<W>,
        read: impl FnMut(&Place, W) -> Result<T, InputFault>,
    ) -> Result<Vec<T>, InputFault> {
        let place = Place::root().member(name);
        if written.len() > ENTRIES_MAX {
            return Err(self.file.fault(&place, "more than 1 000 entries"));
        }
        each(self.file, &place, written, read)
    }
}

/// Something on one line.
fn is_text(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

/// It holds a password.
impl std::fmt::Debug for EtoegangMiddel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EtoegangMiddel({})", self.naam)
    }
}
