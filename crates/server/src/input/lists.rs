//! The lists of MedMij, another DigiD, and further roots.

use std::collections::BTreeSet;

use identity::Hostname;
use medmij::lists::{BadList, Gnl, Ocl, Volgnummer, Whitelist, Zakl, Zal};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use saml::metadata::IdpMetadata;

use super::files::{File, Files, misspelt};
use super::place::Place;
use super::reading::{each, list_text, parsed, twice};
use super::{InputFault, ListSettings, ReplacedLists, ZAL_RULES, written};

/// The files of `lists/`.
const LISTS: [&str; 5] = [
    "MedMij_Zorgaanbiederslijst.xml",
    "MedMij_Zorgaanbiederskoppellijst.xml",
    "MedMij_OAuthclientlist.xml",
    "MedMij_Gegevensdienstnamenlijst.xml",
    "MedMij_Whitelist.xml",
];

pub(super) fn lists(files: &mut Files) -> Result<ListSettings, InputFault> {
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

pub(super) fn replaced(files: &mut Files) -> Result<ReplacedLists, InputFault> {
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

pub(super) fn list_fault(file: &File, bad: &BadList) -> InputFault {
    let reason = match &*bad.path {
        "" => bad.reason(),
        path => format!("{path}: {}", bad.reason()),
    };
    InputFault::of_line(&file.shown, bad.line, reason)
}

pub(super) fn digid_metadata(files: &mut Files) -> Result<Option<String>, InputFault> {
    let Some(file) = files.given("digid-metadata.xml")? else {
        return Ok(None);
    };
    match IdpMetadata::parse(file.text.as_bytes()) {
        Ok(_) => Ok(Some(file.text)),
        // Elsewhere it is a message that is read.
        Err(bad) => Err(file.whole(bad.to_string().replace("the message", "the file"))),
    }
}

pub(super) fn trust(files: &mut Files) -> Result<Vec<CertificateDer<'static>>, InputFault> {
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

pub(super) fn certificates(file: &File) -> Result<Vec<CertificateDer<'static>>, InputFault> {
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
