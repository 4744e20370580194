//! The network of eToegang: its services, apps, means and mandates.

use std::collections::BTreeMap;

use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::dienstencatalogus::{Dienst, Dienstencatalogus};
use etoegang::kenmerk::{Kenmerk, Soort, Vestigingsnr};
use etoegang::machtiging::InternPseudoniem;
use identity::{EntityId, Oin, Rol, ServiceId, ServiceUuid};
use serde::Deserialize;

use super::InputFault;
use super::files::{File, Files};

/// Entries of one list of the file, at most.
const ENTRIES_MAX: usize = 1_000;
/// Days for which a mandate of the sample holds when the file does not say.
const DAGEN: u32 = 365;

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
    /// The means of people; no two have the same name.
    pub middelen: Vec<EtoegangMiddel>,
    /// Mandates; no two have the same id.
    pub machtigingen: Vec<EtoegangMachtiging>,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "schema_version")]
    _schema_version: u32,
    hm: EntityId,
    ad: EntityId,
    mr: EntityId,
    dienstverleners: Vec<WrittenDienstverlener>,
    diensten: Vec<WrittenDienst>,
    apps: Vec<WrittenApp>,
    organisaties: Vec<WrittenOrganisatie>,
    middelen: Vec<WrittenMiddel>,
    machtigingen: Vec<WrittenMachtiging>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDienstverlener {
    entity: EntityId,
    naam: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDienst {
    service_id: ServiceId,
    service_uuid: ServiceUuid,
    naam: String,
    niveau: String,
    #[serde(default)]
    classifiers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenApp {
    client_id: String,
    dv: EntityId,
    naam: String,
    redirect_uris: Vec<String>,
    mag_vernieuwen: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenOrganisatie {
    kvk: String,
    naam: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMiddel {
    naam: String,
    wachtwoord: String,
    codesleutel: Option<String>,
    niveau: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMachtiging {
    id: String,
    voor: String,
    persoon: Option<String>,
    organisatie: Option<String>,
    service_uuid: ServiceUuid,
    niveau: String,
    vestigingsnr: Option<String>,
    dagen: Option<u32>,
}

/// The network, with the demo's port in its URLs.
pub(super) fn etoegang(files: &mut Files, port: u16) -> Result<Etoegang, InputFault> {
    let mut file = files.get("etoegang.json")?;
    file.text = file.text.replace("{port}", &port.to_string());
    let written: Written = file.json()?;
    Reading { file: &file }.network(written)
}

struct Reading<'a> {
    file: &'a File,
}

impl Reading<'_> {
    fn network(&self, written: Written) -> Result<Etoegang, InputFault> {
        for (member, entity, rol) in [
            ("hm", &written.hm, Rol::Hm),
            ("ad", &written.ad, Rol::Ad),
            ("mr", &written.mr, Rol::Mr),
        ] {
            if entity.rol() != rol {
                return Err(self
                    .file
                    .whole(format!("{member} is the EntityID of another role")));
            }
        }
        let (catalogus, namen) = self.diensten(&written)?;
        let middelen = self.middelen(written.middelen, &written.ad)?;
        Ok(Etoegang {
            organisaties: self.organisaties(&written.organisaties)?,
            apps: self.apps(written.apps, &written.dienstverleners)?,
            machtigingen: self.machtigingen(written.machtigingen, &middelen)?,
            middelen,
            catalogus,
            namen,
            hm: written.hm,
            ad: written.ad,
            mr: written.mr,
        })
    }

    fn diensten(
        &self,
        written: &Written,
    ) -> Result<(Dienstencatalogus, BTreeMap<ServiceId, Dienstnaam>), InputFault> {
        let makelaar =
            Oin::parse(written.hm.oin()).map_err(|_| self.file.whole("hm has no OIN"))?;
        let (mut diensten, mut namen) = (Vec::new(), BTreeMap::new());
        for dienst in self.bounded("diensten", &written.diensten)? {
            let id = &dienst.service_id;
            let mut dvs = written.dienstverleners.iter();
            let dv = dvs.find(|dv| dv.entity.oin() == id.oin());
            let dv = dv.ok_or_else(|| self.named("dienst", id, "is of no dienstverlener here"))?;
            namen.insert(
                id.clone(),
                Dienstnaam {
                    dienst: dienst.naam.clone(),
                    dienstverlener: dv.naam.clone(),
                    dv: dv.entity.clone(),
                },
            );
            diensten.push(Dienst {
                service_id: id.clone(),
                service_uuid: dienst.service_uuid.clone(),
                niveau: self.niveau(&dienst.niveau)?,
                herkenningsmakelaars: vec![makelaar.clone()],
                classifiers: dienst.classifiers.clone(),
                attributen: Vec::new(),
            });
        }
        let catalogus = Dienstencatalogus::new(diensten);
        let catalogus = catalogus.map_err(|_| self.file.whole("two diensten have one name"))?;
        Ok((catalogus, namen))
    }

    fn apps(
        &self,
        written: Vec<WrittenApp>,
        dvs: &[WrittenDienstverlener],
    ) -> Result<Vec<EtoegangApp>, InputFault> {
        self.bounded("apps", &written)?;
        let mut apps: Vec<EtoegangApp> = Vec::new();
        for app in written {
            let fault = |why| Err(self.named("app", &app.client_id, why));
            if !dvs.iter().any(|dv| dv.entity == app.dv) {
                return fault("is of no dienstverlener here");
            }
            if apps.iter().any(|other| other.client_id == app.client_id) {
                return fault("has the client_id of another");
            }
            let is_for_an_app = |uri: &String| protocol::redirect::is_for_an_app(uri);
            // etoegang case 62
            if app.redirect_uris.is_empty() || !app.redirect_uris.iter().all(is_for_an_app) {
                return fault("has a redirect_uri that is none for an app, or has none");
            }
            apps.push(EtoegangApp {
                client_id: app.client_id,
                dv: app.dv,
                naam: app.naam,
                redirect_uris: app.redirect_uris,
                mag_vernieuwen: app.mag_vernieuwen.unwrap_or(true),
            });
        }
        Ok(apps)
    }

    fn organisaties(
        &self,
        written: &[WrittenOrganisatie],
    ) -> Result<BTreeMap<Kenmerk, String>, InputFault> {
        self.bounded("organisaties", written)?;
        let named = |organisatie: &WrittenOrganisatie| {
            Ok((self.kvk(&organisatie.kvk)?, organisatie.naam.clone()))
        };
        written.iter().map(named).collect()
    }

    fn middelen(
        &self,
        written: Vec<WrittenMiddel>,
        ad: &EntityId,
    ) -> Result<Vec<EtoegangMiddel>, InputFault> {
        self.bounded("middelen", &written)?;
        let mut middelen: Vec<EtoegangMiddel> = Vec::new();
        for middel in written {
            let fault = |why| self.named("middel", &middel.naam, why);
            if middelen.iter().any(|other| other.naam == middel.naam) {
                return Err(fault("has the name of another"));
            }
            let codesleutel = middel.codesleutel.as_deref().map(|text| {
                let bytes = jose::base64url_decode(text);
                bytes.and_then(|bytes| bytes.try_into().ok())
            });
            let codesleutel = match codesleutel {
                Some(None) => {
                    return Err(fault("has a codesleutel that is not 32 bytes of base64url"));
                }
                Some(Some(sleutel)) => Some(sleutel),
                None => None,
            };
            let niveau = self.niveau(&middel.niveau)?;
            if codesleutel.is_none() && niveau > Betrouwbaarheidsniveau::Loa2 {
                return Err(fault("needs a codesleutel for its niveau"));
            }
            let named = [ad.as_str(), &middel.naam].join("\0");
            middelen.push(EtoegangMiddel {
                houder: InternPseudoniem(jose::base64url_encode(jose::sha256(named.as_bytes()))),
                naam: middel.naam,
                wachtwoord: middel.wachtwoord,
                codesleutel,
                niveau,
            });
        }
        Ok(middelen)
    }

    fn machtigingen(
        &self,
        written: Vec<WrittenMachtiging>,
        middelen: &[EtoegangMiddel],
    ) -> Result<Vec<EtoegangMachtiging>, InputFault> {
        self.bounded("machtigingen", &written)?;
        let mut machtigingen: Vec<EtoegangMachtiging> = Vec::new();
        for one in written {
            let fault = |why| self.named("machtiging", &one.id, why);
            if machtigingen.iter().any(|other| other.id == one.id) {
                return Err(fault("has the id of another"));
            }
            let aan = match (&one.persoon, &one.organisatie) {
                (Some(naam), None) => {
                    let middel = middelen.iter().find(|middel| middel.naam == *naam);
                    let middel = middel.ok_or_else(|| fault("names a persoon without middel"))?;
                    Gerechtigde::Persoon(middel.houder.clone())
                }
                (None, Some(kvk)) => Gerechtigde::Organisatie(self.kvk(kvk)?),
                _ => return Err(fault("must name either a persoon or an organisatie")),
            };
            let beperking = one.vestigingsnr.as_deref().map(Vestigingsnr::parse);
            machtigingen.push(EtoegangMachtiging {
                voor: self.kvk(&one.voor)?,
                aan,
                beperking: beperking
                    .transpose()
                    .map_err(|_| fault("has a vestigingsnr that is not twelve digits"))?,
                service_uuid: one.service_uuid,
                niveau: self.niveau(&one.niveau)?,
                dagen: one.dagen.unwrap_or(DAGEN),
                id: one.id,
            });
        }
        Ok(machtigingen)
    }

    fn niveau(&self, urn: &str) -> Result<Betrouwbaarheidsniveau, InputFault> {
        let niveau = Betrouwbaarheidsniveau::from_urn(urn);
        niveau.map_err(|_| self.file.whole("a niveau is none of eToegang"))
    }

    fn kvk(&self, digits: &str) -> Result<Kenmerk, InputFault> {
        let kenmerk = Kenmerk::parse(Soort::KvkNr, digits);
        kenmerk.map_err(|_| {
            self.file
                .whole("a number of the trade register is not eight digits")
        })
    }

    fn bounded<'a, T>(&self, what: &str, list: &'a [T]) -> Result<&'a [T], InputFault> {
        if list.len() > ENTRIES_MAX {
            return Err(self.file.whole(format!("more than {ENTRIES_MAX} {what}")));
        }
        Ok(list)
    }

    fn named(&self, what: &str, name: impl std::fmt::Display, why: &str) -> InputFault {
        self.file.whole(format!("the {what} {name} {why}"))
    }
}

/// It holds a password.
impl std::fmt::Debug for EtoegangMiddel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EtoegangMiddel({})", self.naam)
    }
}
