//! From what is written to what it means: every text becomes a value of its type, or a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::slice;
use std::sync::Arc;

use fhir::{Gegevensdienst, Zoekvraag};
use identity::{Bsn, GegevensdienstId, Hostname, Ura, Zorgaanbiedernaam};
use jiff::civil::Date;
use medmij::lists::{
    BadList, Gnl, OAuthclientOrganisatienaam, Ocl, Systeemrolcode, Volgnummer, Weergavenaam,
    Whitelist, Zakl, Zal,
};
use mitz::catalogus::Categorie;
use mitz::lokalisatie::LOCATIES_MAX;
use mitz::toestemming::{Besluit, Functie, Keuze, Waarvoor};
use mitz::toestemmingenregister::KEUZES_MAX;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use saml::metadata::IdpMetadata;

use super::files::{File, Files, misspelt};
use super::place::{At, Place};
use super::records::is_resource_type;
use super::search::Search;
use super::{
    BsnTable, Client, ClientAuth, Consent, DvaId, Input, InputFault, ListSettings, Person,
    Provider, Records, ReplacedLists, SEARCH_PARAMETERS, Settings, Shows, ZAL_RULES, written,
};

/// Items of one list, at most.
const ITEMS_MAX: usize = 100_000;
/// Characters of a name or sentence for people, at most.
const TEXT_CHARS_MAX: usize = 300;
/// Bytes of a redirect URI, at most.
const URI_BYTES_MAX: usize = 2_048;

/// The files of `lists/`.
const LISTS: [&str; 5] = [
    "MedMij_Zorgaanbiederslijst.xml",
    "MedMij_Zorgaanbiederskoppellijst.xml",
    "MedMij_OAuthclientlist.xml",
    "MedMij_Gegevensdienstnamenlijst.xml",
    "MedMij_Whitelist.xml",
];

/// What the files mean.
pub(super) fn of(files: &mut Files, port: u16) -> Result<Input, InputFault> {
    let gegevensdiensten = gegevensdiensten(&files.get("gegevensdiensten.json")?)?;
    let providers = providers(&files.get("providers.json")?, &gegevensdiensten)?;
    let clients = clients(files, port)?;
    let settings = files.given("settings.json")?;
    Ok(Input {
        people: people(&files.get("people.json")?)?,
        localisation: Arc::new(localisation(&files.get("localisation.json")?)?),
        consents: consents(&files.get("consents.json")?, &clients)?,
        records: Arc::new(records(files, &providers)?),
        lists: lists(files)?,
        settings: settings.map_or_else(|| Ok(Settings::default()), |file| Settings::read(&file))?,
        digid_metadata: digid_metadata(files)?,
        trust: trust(files)?,
        gegevensdiensten,
        providers,
        clients,
    })
}

// ── People ──────────────────────────────────────────────────────────────────────────────────────

fn people(file: &File) -> Result<Vec<Person>, InputFault> {
    let mut seen = BsnTable::default();
    each(
        file,
        &Place::root(),
        file.json()?,
        |place, written: written::Person| {
            let bsn = parsed(file, &place.member("bsn"), &written.bsn, Bsn::parse)?;
            if seen.insert(&bsn, ()).is_some() {
                return Err(twice(file, &place.member("bsn")));
            }
            let birth_date = place.member("birth_date");
            Ok(Person {
                bsn,
                name: readable(file, &place.member("name"), written.name)?,
                birth_date: date(&written.birth_date)
                    .ok_or_else(|| file.fault(&birth_date, "expected a date, as 1961-04-12"))?,
                shows: written
                    .shows
                    .map(|shows| sentence(file, place, shows))
                    .transpose()?,
            })
        },
    )
}

fn date(text: &str) -> Option<Date> {
    let is_whole = text.len() == "1961-04-12".len();
    is_whole.then(|| text.parse().ok()).flatten()
}

fn sentence(file: &File, person: &Place, written: written::Shows) -> Result<Shows, InputFault> {
    let place = person.member("shows");
    Ok(Shows {
        nl: readable(file, &place.member("nl"), written.nl)?,
        en: readable(file, &place.member("en"), written.en)?,
    })
}

fn localisation(file: &File) -> Result<BsnTable<Vec<Ura>>, InputFault> {
    let written: written::Localisation = file.json()?;
    let mut table = BsnTable::default();
    for (index, (bsn, uras)) in written.0.into_iter().enumerate() {
        let place = Place::root().at(At::Entry(index));
        let bsn = parsed(file, &place, &bsn, Bsn::parse)?;
        if uras.len() > LOCATIES_MAX {
            return Err(file.fault(&place, format!("more than {LOCATIES_MAX} providers")));
        }
        let mut known = BTreeSet::new();
        let uras = each(file, &place, uras, |place, ura: String| {
            let ura = parsed(file, place, &ura, Ura::parse)?;
            if known.insert(ura.clone()) {
                Ok(ura)
            } else {
                Err(twice(file, place))
            }
        })?;
        if table.insert(&bsn, uras).is_some() {
            return Err(twice(file, &place));
        }
    }
    Ok(table)
}

fn consents(file: &File, clients: &[Client]) -> Result<Vec<Consent>, InputFault> {
    let mut seen: BsnTable<BTreeSet<Hostname>> = BsnTable::default();
    each(
        file,
        &Place::root(),
        file.json()?,
        |place, written: written::Consent| {
            let bsn = parsed(file, &place.member("bsn"), &written.bsn, Bsn::parse)?;
            let of_client = place.member("client_id");
            let client_id = parsed(file, &of_client, &written.client_id, Hostname::parse)?;
            if !clients.iter().any(|client| client.client_id == client_id) {
                return Err(file.fault(&of_client, "there is no client of this id"));
            }
            let is_new = match seen.get_mut(&bsn) {
                Some(clients) => clients.insert(client_id.clone()),
                None => seen
                    .insert(&bsn, BTreeSet::from([client_id.clone()]))
                    .is_none(),
            };
            if !is_new {
                return Err(file.fault(
                    &of_client,
                    "this person's consent for it stands here already",
                ));
            }
            let of_choices = place.member("choices");
            if written.choices.is_empty() || written.choices.len() > KEUZES_MAX {
                return Err(file.fault(&of_choices, "expected 1 to 500 choices"));
            }
            let mut made = Vec::new();
            let keuzes = each(file, &of_choices, written.choices, |place, choice| {
                let keuze = keuze(file, place, choice)?;
                let about = (keuze.waarvoor.clone(), keuze.functie);
                if made.contains(&about) {
                    return Err(twice(file, place));
                }
                made.push(about);
                Ok(keuze)
            })?;
            Ok(Consent {
                bsn,
                client_id,
                keuzes,
            })
        },
    )
}

fn keuze(file: &File, place: &Place, written: written::Choice) -> Result<Keuze, InputFault> {
    let waarvoor = match (written.category, written.provider) {
        (Some(category), None) => {
            Waarvoor::Categorie(categorie(file, &place.member("category"), category)?)
        }
        (None, Some(ura)) => {
            Waarvoor::Aanbieder(parsed(file, &place.member("provider"), &ura, Ura::parse)?)
        }
        _ => return Err(file.fault(place, "expected either category or provider")),
    };
    let functie = Functie::parse(&written.function);
    let functie = functie
        .ok_or_else(|| file.fault(&place.member("function"), "expected verzamelen or delen"))?;
    let besluit = match written.decision.as_str() {
        "permit" => Besluit::Toestemming,
        "deny" => Besluit::Bezwaar,
        _ => return Err(file.fault(&place.member("decision"), "expected permit or deny")),
    };
    Ok(Keuze {
        waarvoor,
        functie,
        besluit,
    })
}

// ── Providers and what they offer ───────────────────────────────────────────────────────────────

type Gegevensdiensten = BTreeMap<GegevensdienstId, Gegevensdienst>;

fn gegevensdiensten(file: &File) -> Result<Gegevensdiensten, InputFault> {
    let mut diensten = Gegevensdiensten::new();
    each(
        file,
        &Place::root(),
        file.json()?,
        |place, written: written::Gegevensdienst| {
            let of_id = place.member("id");
            let id = parsed(file, &of_id, &written.id, GegevensdienstId::parse)?;
            let weergavenaam = place.member("weergavenaam");
            list_text::<Weergavenaam>(
                file,
                &weergavenaam,
                &written.weergavenaam,
                "3 to 50 readable characters",
            )?;
            let code = place.member("systeemrolcode");
            list_text::<Systeemrolcode>(
                file,
                &code,
                &written.systeemrolcode,
                "1 to 30 visible ASCII characters",
            )?;
            let of_zoekvragen = place.member("zoekvragen");
            if written.zoekvragen.is_empty() {
                return Err(file.fault(&of_zoekvragen, "expected at least one search"));
            }
            let dienst = Gegevensdienst {
                id: id.clone(),
                weergavenaam: written.weergavenaam,
                systeemrolcode: written.systeemrolcode,
                zoekvragen: each(
                    file,
                    &of_zoekvragen,
                    written.zoekvragen,
                    |place, written| zoekvraag(file, place, written),
                )?,
            };
            match diensten.insert(id, dienst) {
                None => Ok(()),
                Some(_) => Err(twice(file, &of_id)),
            }
        },
    )?;
    Ok(diensten)
}

fn zoekvraag(
    file: &File,
    place: &Place,
    written: written::Zoekvraag,
) -> Result<Zoekvraag, InputFault> {
    if !is_resource_type(&written.resource_type) {
        return Err(file.fault(&place.member("type"), "expected a FHIR resource type"));
    }
    let parameters = written.parameters;
    let unknown = |(name, _): &(String, String)| !SEARCH_PARAMETERS.contains(&name.as_str());
    if let Some(index) = parameters.iter().position(unknown) {
        let known = SEARCH_PARAMETERS.join(", ");
        let place = place.member("parameters").item(index);
        return Err(file.fault(
            &place,
            format!("no such search parameter; there are {known}"),
        ));
    }
    let is_none = |parameter: &(String, String)| Search::read(slice::from_ref(parameter)).is_err();
    if let Some(index) = parameters.iter().position(is_none) {
        let place = place.member("parameters").item(index);
        return Err(file.fault(&place, "expected a value that this search parameter takes"));
    }
    Ok(Zoekvraag {
        resource_type: written.resource_type,
        parameters,
    })
}

fn providers(file: &File, diensten: &Gegevensdiensten) -> Result<Vec<Provider>, InputFault> {
    let (mut uras, mut namen) = (BTreeSet::new(), BTreeSet::new());
    each(file, &Place::root(), file.json()?, |place, written| {
        let provider = provider(file, place, written, diensten)?;
        if !uras.insert(provider.ura.clone()) {
            return Err(twice(file, &place.member("ura")));
        }
        if !namen.insert(provider.naam.clone()) {
            return Err(twice(file, &place.member("naam")));
        }
        Ok(provider)
    })
}

fn provider(
    file: &File,
    place: &Place,
    written: written::Provider,
    diensten: &Gegevensdiensten,
) -> Result<Provider, InputFault> {
    let of_dva = place.member("dva");
    let named =
        |name: String| dva(&name).ok_or_else(|| file.fault(&of_dva, "expected dva or dva2"));
    let dva = written.dva.map(named).transpose()?;
    let offered = offered(file, place, written.gegevensdiensten, diensten)?;
    if dva.is_some() && offered.is_empty() {
        let reason = "a provider with a dva needs at least one gegevensdienst";
        return Err(file.fault(place, reason));
    }
    let weergavenaam = place.member("weergavenaam");
    list_text::<Weergavenaam>(
        file,
        &weergavenaam,
        &written.weergavenaam,
        "3 to 50 readable characters",
    )?;
    let aanbiedertype = place.member("aanbiedertype");
    Ok(Provider {
        ura: parsed(file, &place.member("ura"), &written.ura, Ura::parse)?,
        naam: parsed(
            file,
            &place.member("naam"),
            &written.naam,
            Zorgaanbiedernaam::parse,
        )?,
        weergavenaam: written.weergavenaam,
        aanbiedertype: Some(written.aanbiedertype)
            .filter(|kind| matches!(kind.as_str(), "ZA" | "BAZB"))
            .and_then(|kind| kind.parse().ok())
            .ok_or_else(|| file.fault(&aanbiedertype, "expected ZA or BAZB"))?,
        categorie: categorie(file, &place.member("category"), written.category)?,
        dva,
        gegevensdiensten: offered,
        down: written.down,
    })
}

/// The gegevensdiensten of a provider, each one that there is and each once.
fn offered(
    file: &File,
    provider: &Place,
    written: Vec<String>,
    diensten: &Gegevensdiensten,
) -> Result<Vec<GegevensdienstId>, InputFault> {
    let mut seen = BTreeSet::new();
    each(
        file,
        &provider.member("gegevensdiensten"),
        written,
        |place, id: String| {
            let id = parsed(file, place, &id, GegevensdienstId::parse)?;
            if !diensten.contains_key(&id) {
                let reason = "gegevensdiensten.json has no gegevensdienst of this id";
                return Err(file.fault(place, reason));
            }
            if seen.insert(id.clone()) {
                Ok(id)
            } else {
                Err(twice(file, place))
            }
        },
    )
}

fn dva(name: &str) -> Option<DvaId> {
    DvaId::ALL.into_iter().find(|dva| dva.as_str() == name)
}

fn categorie(file: &File, place: &Place, text: String) -> Result<Categorie, InputFault> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    if (1..=40).contains(&text.len()) && text.bytes().all(fits) {
        Ok(Categorie(text))
    } else {
        Err(file.fault(
            place,
            "expected a category: 1 to 40 lower-case letters and hyphens",
        ))
    }
}

fn records(files: &mut Files, providers: &[Provider]) -> Result<Records, InputFault> {
    let given = files.folder("records")?;
    let from_sample = given.is_none();
    let read = match given {
        Some(given) => given,
        None if files.has("people.json") => Vec::new(),
        None => Files::sample_folder("records"),
    };
    let mut records = Records::default();
    for (name, file) in read {
        let ura = name
            .strip_suffix(".json")
            .and_then(|name| Ura::parse(name).ok());
        let ura = ura.ok_or_else(|| file.whole("expected a file named by a URA: 00000659.json"))?;
        match providers.iter().any(|provider| provider.ura == ura) {
            true => records.add(ura, &file)?,
            // Other providers were given, and the sample's records are of the sample's.
            false if from_sample => {}
            false => return Err(file.whole("providers.json has no provider of this URA")),
        }
    }
    Ok(records)
}

// ── Clients ─────────────────────────────────────────────────────────────────────────────────────

/// The sample's clients, and those given beside or instead of them.
fn clients(files: &mut Files, port: u16) -> Result<Vec<Client>, InputFault> {
    let mut clients = clients_of(&Files::sample().get("clients.json")?, files, port)?;
    if let Some(file) = files.given("clients.json")? {
        let given = clients_of(&file, files, port)?;
        clients.retain(|known| {
            given
                .iter()
                .all(|client| client.client_id != known.client_id)
        });
        clients.extend(given);
    }
    Ok(clients)
}

fn clients_of(file: &File, files: &mut Files, port: u16) -> Result<Vec<Client>, InputFault> {
    let mut ids = BTreeSet::new();
    each(
        file,
        &Place::root(),
        file.json()?,
        |place, written: written::Client| {
            let of_id = place.member("client_id");
            let client_id = parsed(file, &of_id, &written.client_id, Hostname::parse)?;
            if !ids.insert(client_id.clone()) {
                return Err(twice(file, &of_id));
            }
            let organisation = place.member("organisation");
            let of_uris = place.member("redirect_uris");
            if written.redirect_uris.is_empty() {
                return Err(file.fault(&of_uris, "expected at least one redirect URI"));
            }
            Ok(Client {
                client_id,
                organisation: list_text::<OAuthclientOrganisatienaam>(
                    file,
                    &organisation,
                    &written.organisation,
                    "3 to 50 readable characters",
                )?,
                auth: client_auth(
                    file,
                    files,
                    place,
                    &written.auth,
                    written.certificate.as_deref(),
                )?,
                redirect_uris: each(
                    file,
                    &of_uris,
                    written.redirect_uris,
                    |place, uri: String| {
                        redirect_uri(&uri, port).ok_or_else(|| {
                            file.fault(place, "expected an absolute https URL without fragment")
                        })
                    },
                )?,
            })
        },
    )
}

fn client_auth(
    file: &File,
    files: &mut Files,
    place: &Place,
    auth: &str,
    certificate: Option<&str>,
) -> Result<ClientAuth, InputFault> {
    let of_certificate = place.member("certificate");
    match (auth, certificate) {
        ("tls_client_auth", None) => Ok(ClientAuth::TlsClientAuth),
        ("self_signed_tls_client_auth", Some(path)) => {
            let pem = files.named(path)?.ok_or_else(|| {
                file.fault(&of_certificate, "there is no such file inside the folder")
            })?;
            let mut found = certificates(&pem)?;
            match (found.pop(), found.is_empty()) {
                (Some(certificate), true) => Ok(ClientAuth::SelfSigned(certificate)),
                _ => Err(pem.whole("expected exactly one certificate")),
            }
        }
        ("tls_client_auth", Some(_)) => {
            Err(file.fault(&of_certificate, "tls_client_auth takes no certificate"))
        }
        ("self_signed_tls_client_auth", None) => {
            Err(file.fault(place, "self_signed_tls_client_auth needs a certificate"))
        }
        _ => Err(file.fault(
            &place.member("auth"),
            "expected tls_client_auth or self_signed_tls_client_auth",
        )),
    }
}

/// The URI with its port, as it will be compared: as a string (RFC 9700 §2.1).
fn redirect_uri(written: &str, port: u16) -> Option<String> {
    let uri = written.replace("{port}", &port.to_string());
    let is_plain = uri.len() <= URI_BYTES_MAX && uri.bytes().all(|byte| byte.is_ascii_graphic());
    let url = url::Url::parse(&uri).ok()?;
    // The URL reader would pass over further slashes.
    let authority = uri.strip_prefix("https://");
    let has_host = authority.is_some_and(|rest| !rest.starts_with(['/', '\\'])) && url.has_host();
    let is_bare = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    (is_plain && has_host && is_bare).then_some(uri)
}

// ── Lists, DigiD, roots ─────────────────────────────────────────────────────────────────────────

fn lists(files: &mut Files) -> Result<ListSettings, InputFault> {
    let file = &files.get("lists.json")?;
    let written: written::Lists = file.json()?;
    let member = |name| Place::root().member(name);
    let mut seen = BTreeSet::new();
    let whitelist = each(
        file,
        &member("whitelist"),
        written.whitelist,
        |place, name: String| {
            let host = parsed(file, place, &name, Hostname::parse)?;
            if seen.insert(host.clone()) {
                Ok(host)
            } else {
                Err(twice(file, place))
            }
        },
    )?;
    let version = member("interfaceversie");
    Ok(ListSettings {
        volgnummer: Volgnummer::new(written.volgnummer)
            .ok_or_else(|| file.fault(&member("volgnummer"), "expected a number above zero"))?,
        interfaceversie: list_text(
            file,
            &version,
            &written.interfaceversie,
            "a release, as 1.4.0",
        )?,
        whitelist,
        replaced: replaced(files)?,
        folder: files.path("lists"),
    })
}

fn replaced(files: &mut Files) -> Result<ReplacedLists, InputFault> {
    let mut lists = ReplacedLists::default();
    for (name, file) in files.folder("lists")?.unwrap_or_default() {
        let bytes = file.text.as_bytes();
        let (list, read) = match name.as_str() {
            "MedMij_Zorgaanbiederslijst.xml" => {
                (&mut lists.zal, Zal::parse(bytes, ZAL_RULES).map(drop))
            }
            "MedMij_Zorgaanbiederskoppellijst.xml" => {
                (&mut lists.zakl, Zakl::parse(bytes).map(drop))
            }
            "MedMij_OAuthclientlist.xml" => (&mut lists.ocl, Ocl::parse(bytes).map(drop)),
            "MedMij_Gegevensdienstnamenlijst.xml" => (&mut lists.gnl, Gnl::parse(bytes).map(drop)),
            "MedMij_Whitelist.xml" => (&mut lists.whitelist, Whitelist::parse(bytes).map(drop)),
            _ => {
                return Err(misspelt(
                    &file.shown,
                    &name,
                    "no list has this name",
                    &LISTS,
                ));
            }
        };
        read.map_err(|bad| list_fault(&file, &bad))?;
        *list = Some(file.text);
    }
    Ok(lists)
}

fn list_fault(file: &File, bad: &BadList) -> InputFault {
    let reason = match &*bad.path {
        "" => bad.reason(),
        path => format!("{path}: {}", bad.reason()),
    };
    InputFault::of_line(&file.shown, bad.line, reason)
}

fn digid_metadata(files: &mut Files) -> Result<Option<String>, InputFault> {
    let Some(file) = files.given("digid-metadata.xml")? else {
        return Ok(None);
    };
    match IdpMetadata::parse(file.text.as_bytes()) {
        Ok(_) => Ok(Some(file.text)),
        // Elsewhere it is a message that is read.
        Err(bad) => Err(file.whole(bad.to_string().replace("the message", "the file"))),
    }
}

fn trust(files: &mut Files) -> Result<Vec<CertificateDer<'static>>, InputFault> {
    let mut roots = Vec::new();
    for (_, file) in files.folder("trust")?.unwrap_or_default() {
        let found = certificates(&file)?;
        if found.is_empty() {
            return Err(file.whole("holds no certificate"));
        }
        roots.extend(found);
    }
    Ok(roots)
}

fn certificates(file: &File) -> Result<Vec<CertificateDer<'static>>, InputFault> {
    let found = CertificateDer::pem_slice_iter(file.text.as_bytes());
    found
        .map(|der| {
            let der = der.map_err(|_| file.whole("not PEM"))?;
            match crate::certificates::validity(&der) {
                Ok(_) => Ok(der),
                Err(bad) => Err(file.whole(bad.to_string())),
            }
        })
        .collect()
}

// ── What all of them need ───────────────────────────────────────────────────────────────────────

/// Each item of a list with its place; the first fault ends it.
fn each<W, T>(
    file: &File,
    place: &Place,
    written: Vec<W>,
    mut read: impl FnMut(&Place, W) -> Result<T, InputFault>,
) -> Result<Vec<T>, InputFault> {
    if written.len() > ITEMS_MAX {
        return Err(file.fault(place, "more than 100 000 entries"));
    }
    let items = written.into_iter().enumerate();
    items
        .map(|(index, item)| read(&place.item(index), item))
        .collect()
}

/// A text as the identifier that it should be. The identifier's own words tell what was expected.
fn parsed<T, E: fmt::Display>(
    file: &File,
    place: &Place,
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, InputFault> {
    parse(text).map_err(|error| file.fault(place, error.to_string()))
}

/// A text that will stand in a list.
fn list_text<T: std::str::FromStr>(
    file: &File,
    place: &Place,
    text: &str,
    expected: &str,
) -> Result<T, InputFault> {
    text.parse()
        .map_err(|_| file.fault(place, format!("expected {expected}")))
}

/// A text that people read.
fn readable(file: &File, place: &Place, text: String) -> Result<String, InputFault> {
    let length = text.chars().count();
    if (1..=TEXT_CHARS_MAX).contains(&length) && !text.chars().any(char::is_control) {
        Ok(text)
    } else {
        Err(file.fault(place, "expected 1 to 300 characters on one line"))
    }
}

fn twice(file: &File, place: &Place) -> InputFault {
    file.fault(place, "stands here already")
}
