//! What stands in `etoegang.json`.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::input::place::Entries;

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Network {
    pub(super) schema_version: u8,
    pub(super) versie: Option<String>,
    pub(super) hm: String,
    pub(super) ad: String,
    pub(super) mr: String,
    pub(super) dienstverleners: Vec<Dienstverlener>,
    pub(super) diensten: Vec<Dienst>,
    pub(super) apps: Vec<App>,
    pub(super) organisaties: Vec<Organisatie>,
    pub(super) middelen: Vec<Middel>,
    pub(super) machtigingen: Vec<Machtiging>,
    #[serde(default)]
    pub(super) instellingen: Instellingen,
}

/// How HM and AD work where the scheme leaves it open; what is left out is as the roles propose.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Instellingen {
    pub(super) hm: HmInstellingen,
    pub(super) ad: AdInstellingen,
}

/// Of the HM.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HmInstellingen {
    pub(super) access_token_s: Option<u32>,
    pub(super) id_token_s: Option<u32>,
    pub(super) ongebruikt_s: Option<u32>,
    pub(super) familie_s: Option<u32>,
    pub(super) id_token_bij_vernieuwen: Option<bool>,
    pub(super) ondertekent: Option<String>,
}

/// Of the AD.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AdInstellingen {
    pub(super) sessie_s: Option<u32>,
    pub(super) token_s: Option<u32>,
    pub(super) roteert: Option<bool>,
    pub(super) herhaalbaar_s: Option<u32>,
}

/// The file, as a node in production has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Register {
    pub(super) schema_version: u8,
    pub(super) versie: Option<String>,
    pub(super) dienstverleners: Vec<Dienstverlener>,
    #[serde(default)]
    pub(super) diensten: Vec<Dienst>,
    #[serde(default)]
    pub(super) apps: Vec<App>,
    #[serde(default)]
    pub(super) organisaties: Vec<Organisatie>,
    pub(super) middelen: Option<IgnoredAny>,
    pub(super) machtigingen: Option<IgnoredAny>,
}

/// Whose services there are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dienstverlener {
    pub(super) entity: String,
    pub(super) naam: String,
}

/// A service.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dienst {
    pub(super) service_id: String,
    pub(super) service_uuid: String,
    pub(super) naam: String,
    pub(super) niveau: String,
    #[serde(default)]
    pub(super) classifiers: Vec<String>,
    #[serde(default)]
    pub(super) attributen: Vec<Dienstattribuut>,
}

/// An attribute that a service asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dienstattribuut {
    pub(super) naam: String,
    #[serde(default)]
    pub(super) verplicht: bool,
    pub(super) doel: String,
}

/// An app.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct App {
    pub(super) client_id: String,
    pub(super) dv: String,
    pub(super) naam: String,
    pub(super) redirect_uris: Vec<String>,
    pub(super) mag_vernieuwen: Option<bool>,
    pub(super) jwks: Option<Value>,
}

/// What an organisation is called, and what else is known of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Organisatie {
    pub(super) kvk: String,
    pub(super) naam: String,
    #[serde(default)]
    pub(super) attributen: Entries<String>,
}

/// A means.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Middel {
    pub(super) naam: String,
    pub(super) wachtwoord: String,
    pub(super) codesleutel: Option<String>,
    pub(super) niveau: String,
    #[serde(default)]
    pub(super) attributen: Entries<String>,
}

/// A mandate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Machtiging {
    pub(super) id: String,
    pub(super) voor: String,
    pub(super) persoon: Option<String>,
    pub(super) organisatie: Option<String>,
    pub(super) service_uuid: String,
    pub(super) niveau: String,
    pub(super) vestigingsnr: Option<String>,
    pub(super) dagen: Option<u16>,
}
