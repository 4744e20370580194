//! The example lists that were published.

use std::fs;
use std::path::Path;

use identity::{GegevensdienstId, Ura};
use medmij::lists::{
    FrontchannelPort, Resolution, Zakl, Zal, ZalRelease, ZalRules, resolve as find,
};

/// The URA of mitz case 30.
pub(super) const URA: &str = "12345678";
/// The name of mitz case 30.
const NAAM: &str = "radiologencentraalflevoland@medmij";
/// The endpoints of mitz case 31.
const TOKEN_ENDPOINT: &str = "https://medmij.xisbridge.net/oauth/token";
const RESOURCE_ENDPOINT: &str = "https://rcf-rso.nl/rcf/fhir-stu3";
/// The release of the interfaces and the data service of mitz case 31.
const INTERFACEVERSIE: &str = "1.4.0";
const GEGEVENSDIENST: &str = "1";

/// The Zorgaanbiederslijst, in the data.
const ZAL: &str = "medmij/minvws-nl-mgo-localization/tests/app/zal_importer/MedMij_Zorgaanbiederslijst_example.9.3.xml";
/// The Zorgaanbiederskoppellijst, in the data.
const ZAKL: &str = "medmij/minvws-nl-mgo-localization/tests/app/zal_importer/MedMij_Zorgaanbiederskoppellijst_example.5.1.xml";
/// The other lists, in the data, and under which name the program takes each.
const LISTS: [(&str, &str); 5] = [
    (ZAL, "MedMij_Zorgaanbiederslijst.xml"),
    (ZAKL, "MedMij_Zorgaanbiederskoppellijst.xml"),
    (
        "medmij/openpgo-php/Resources/examples/MedMij_OAuthclientlist_example.xml",
        "MedMij_OAuthclientlist.xml",
    ),
    (
        "medmij/openpgo-php/Resources/examples/MedMij_Gegevensdienstnamenlijst_example.xml",
        "MedMij_Gegevensdienstnamenlijst.xml",
    ),
    (
        "medmij/openpgo-php/Resources/examples/MedMij_Whitelist_example.xml",
        "MedMij_Whitelist.xml",
    ),
];

/// What a URA led to.
pub(super) struct Resolved {
    pub(super) naam: String,
    pub(super) token_endpoint: String,
    pub(super) resource_endpoint: String,
}

/// From the URA of mitz case 30 to the endpoints of mitz case 31, and nowhere else.
pub(super) fn resolve(data: &Path) -> Result<Resolved, String> {
    let rules = ZalRules {
        release: ZalRelease::Release3,
        frontchannel_port: FrontchannelPort::Forbidden,
    };
    let aanbieders = Zal::parse(&read(data, ZAL)?, rules).map_err(|bad| format!("{ZAL}: {bad}"))?;
    let koppelingen = Zakl::parse(&read(data, ZAKL)?).map_err(|bad| format!("{ZAKL}: {bad}"))?;
    let resolved = endpoints(&aanbieders, &koppelingen)?;
    for (found, expected) in [
        (&resolved.naam, NAAM),
        (&resolved.token_endpoint, TOKEN_ENDPOINT),
        (&resolved.resource_endpoint, RESOURCE_ENDPOINT),
    ] {
        if found != expected {
            return Err(format!("URA {URA} leads to {found}, not to {expected}"));
        }
    }
    Ok(resolved)
}

fn endpoints(aanbieders: &Zal, koppelingen: &Zakl) -> Result<Resolved, String> {
    let ura = Ura::parse(URA).map_err(|bad| bad.to_string())?;
    let [Resolution::Direct { entry }] = find(&ura, koppelingen, aanbieders)[..] else {
        return Err(format!(
            "URA {URA} does not lead to one provider without discovery server"
        ));
    };
    let versie = INTERFACEVERSIE
        .parse()
        .map_err(|_| "a release of the interfaces")?;
    let id = GegevensdienstId::parse(GEGEVENSDIENST).map_err(|bad| bad.to_string())?;
    let dienst = entry
        .gegevensdienst(&versie, &id)
        .ok_or("the provider does not offer the service")?;
    let [systeemrol] = &dienst.systeemrollen[..] else {
        return Err("the service has not one system behind it".to_owned());
    };
    Ok(Resolved {
        naam: entry.naam.to_string(),
        token_endpoint: dienst.token_endpoint.as_str().to_owned(),
        resource_endpoint: systeemrol.resource_endpoint.as_str().to_owned(),
    })
}

/// All five lists into `input`, as lists that replace those of the demo.
pub(super) fn write(data: &Path, input: &Path) -> Result<(), String> {
    let folder = input.join("lists");
    fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (from, name) in LISTS {
        let path = folder.join(name);
        fs::write(&path, read(data, from)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// Cuts the last list in half.
pub(super) fn damage(input: &Path) -> Result<(), String> {
    let path = input.join("lists").join("MedMij_Whitelist.xml");
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let bytes = fs::read(&path).map_err(failed)?;
    fs::write(&path, &bytes[..bytes.len() / 2]).map_err(failed)
}

fn read(data: &Path, path: &str) -> Result<Vec<u8>, String> {
    fs::read(data.join(path)).map_err(|error| format!("{path}: {error}"))
}
