//! Every list that others published as an example, by our reader and by our schema; and our own
//! documents by the schemas that others published.

use std::fs;
use std::path::Path;
use std::process::Command;

use identity::Hostname;
use medmij::lists::{Document, FrontchannelPort, Soort, Whitelist};

use crate::tree;

/// How an example reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// As this list, of this release, with so many entries.
    Valid(Soort, u8, usize),
    /// Not at all, for this reason.
    Refused(&'static str),
}

use Outcome::{Refused, Valid};

/// Every example in the data, and what its README says of it: those of the 1.1 era are valid but for
/// one, those of the ministry are of today, and the dummy is only a part of a list.
const EXAMPLES: [(&str, Outcome); 23] = [
    (
        "openpgo-php/Resources/examples/MedMij_Gegevensdienstnamenlijst_example.xml",
        Valid(Soort::Gnl, 1, 7),
    ),
    (
        "openpgo-php/Resources/examples/MedMij_OAuthclientlist_example.xml",
        Valid(Soort::Ocl, 2, 2),
    ),
    (
        "openpgo-php/Resources/examples/MedMij_Whitelist_example.xml",
        Valid(Soort::Whitelist, 2, 7),
    ),
    (
        "openpgo-php/Resources/examples/MedMij_Zorgaanbiederslijst_example.xml",
        Valid(Soort::Zal, 2, 2),
    ),
    (
        "openpgo-java/src/test/resources/GegevensdienstnamenlijstExample.xml",
        Valid(Soort::Gnl, 1, 7),
    ),
    (
        "openpgo-java/src/test/resources/OAuthClientListExample.xml",
        Valid(Soort::Ocl, 2, 2),
    ),
    (
        "openpgo-java/src/test/resources/WhitelistExample1.xml",
        Valid(Soort::Whitelist, 2, 7),
    ),
    // medmij case 77
    (
        "openpgo-java/src/test/resources/WhitelistExampleSingle1.xml",
        Refused("something stands here that the schema does not know"),
    ),
    (
        "openpgo-java/src/test/resources/ZALExample.xml",
        Valid(Soort::Zal, 2, 2),
    ),
    (
        "openpgo-java/src/test/resources/ZALExampleSingle.xml",
        Valid(Soort::Zal, 2, 0),
    ),
    (
        "openpgo-python-lists/medmij_lists/tests/gnl_example.xml",
        Valid(Soort::Gnl, 1, 7),
    ),
    (
        "openpgo-python-lists/medmij_lists/tests/oauthclientlist_example.xml",
        Valid(Soort::Ocl, 2, 2),
    ),
    (
        "openpgo-python-lists/medmij_lists/tests/whitelist_example.xml",
        Valid(Soort::Whitelist, 2, 7),
    ),
    (
        "openpgo-python-lists/medmij_lists/tests/whitelist_example_single.xml",
        Valid(Soort::Whitelist, 2, 1),
    ),
    (
        "openpgo-python-lists/medmij_lists/tests/zal_example.xml",
        Valid(Soort::Zal, 2, 2),
    ),
    (
        "openpgo-python-lists/medmij_lists/tests/zal_example_empty.xml",
        Valid(Soort::Zal, 2, 0),
    ),
    (
        "openpgo-python-oauth/tests/resources/MedMij_Gegevensdienstnamenlijst_example.xml",
        Valid(Soort::Gnl, 1, 7),
    ),
    (
        "openpgo-python-oauth/tests/resources/ocl.xml",
        Valid(Soort::Ocl, 2, 3),
    ),
    (
        "openpgo-python-oauth/tests/resources/zal.xml",
        Valid(Soort::Zal, 2, 3),
    ),
    // medmij case 105
    (STUB, Valid(Soort::Whitelist, 2, 7)),
    (
        "minvws-nl-mgo-localization/tests/_resources/identifier_sources/zakl_dummy.xml",
        Refused("expected the element Tijdstempel"),
    ),
    (
        "minvws-nl-mgo-localization/tests/app/zal_importer/MedMij_Zorgaanbiederskoppellijst_example.5.1.xml",
        Valid(Soort::Zakl, 1, 2),
    ),
    // medmij case 103
    (
        "minvws-nl-mgo-localization/tests/app/zal_importer/MedMij_Zorgaanbiederslijst_example.9.3.xml",
        Valid(Soort::Zal, 3, 2),
    ),
];

/// The Whitelist of medmij case 105.
const STUB: &str =
    "minvws-nl-mgo-dvp-proxy/services/proxy/tests/feature/stubs/medmij/whitelist.xml";

/// Schemas that others published, and our document that must fit each.
const SCHEMAS: [(&str, &str); 5] = [
    (
        "openpgo-php/Resources/xsd/MedMij_Gegevensdienstnamenlijst.xsd",
        "Gegevensdienstnamenlijst-release1",
    ),
    (
        "openpgo-php/Resources/xsd/MedMij_OAuthclientlist.xsd",
        "OAuthclientlist-release2",
    ),
    (
        "openpgo-php/Resources/xsd/MedMij_Whitelist.xsd",
        "Whitelist-release2",
    ),
    (
        "openpgo-php/Resources/xsd/MedMij_Zorgaanbiederslijst.xsd",
        "Zorgaanbiederslijst-release2",
    ),
    (
        "minvws-nl-mgo-dvp-proxy/services/proxy/resources/medmij/MedMij_Whitelist.xsd",
        "Whitelist-release2",
    ),
];

/// Judges each example, prints how, and errs for the first that is not judged as expected.
pub(super) fn run(data: &Path) -> Result<(), String> {
    let folder = data.join("medmij");
    let schemas = tree::root().join("crates/medmij/schemas");
    for (path, expected) in EXAMPLES {
        let said = judge(&folder.join(path), expected, &schemas);
        println!(
            "lists: {path}: {}",
            said.map_err(|why| format!("{path}: {why}"))?
        );
    }
    unknown(&folder)?;
    case_105(&folder)?;
    SCHEMAS
        .iter()
        .try_for_each(|(schema, name)| ours(&folder, schema, name))
}

/// Holds a document of ours against a schema of others, without the element that we added to
/// MedMij's.
fn ours(folder: &Path, schema: &str, name: &str) -> Result<(), String> {
    let document = tree::root().join(format!("crates/medmij/tests/documents/{name}.xml"));
    let failed = |error: std::io::Error| format!("{}: {error}", document.display());
    let text = fs::read_to_string(&document).map_err(failed)?;
    let plain = match text.split_once("<DiscoveryEndpoint ") {
        None => text,
        Some((before, rest)) => {
            let (_, after) = rest.split_once("</DiscoveryEndpoint>").unwrap_or_default();
            format!("{before}{after}")
        }
    };
    let copy = format!("sluis-foreign-samples-{}.xml", std::process::id());
    let copy = std::env::temp_dir().join(copy);
    fs::write(&copy, plain).map_err(failed)?;
    let is_valid = lint(&folder.join(schema), &copy);
    fs::remove_file(&copy).map_err(failed)?;
    match is_valid? {
        Some(true) => println!("lists: {schema}: our {name}.xml fits it"),
        Some(false) => return Err(format!("our {name}.xml does not fit {schema}")),
        None => {}
    }
    Ok(())
}

/// What our reader and our schema say of an example.
fn judge(path: &Path, expected: Outcome, schemas: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let read = Document::parse(&bytes, FrontchannelPort::Forbidden);
    let said = match (&read, expected) {
        (Ok(list), Valid(soort, release, expected_entries))
            if (list.soort(), list.release()) == (soort, release) =>
        {
            let entries = list.vermeldingen().len();
            if entries != expected_entries {
                return Err(format!("{entries} entries, not {expected_entries}"));
            }
            format!("valid: {soort} release{release}, {entries} entries")
        }
        (Err(bad), Refused(why)) if bad.why.to_string() == why => format!("refused: {bad}"),
        (Ok(list), _) => return Err(format!("valid as {}", list.soort())),
        (Err(bad), _) => return Err(format!("refused: {bad}")),
    };
    let schema = match expected {
        Valid(soort, release, _) => format!("{soort}-release{release}.xsd"),
        Refused(_) => schema_of(&bytes)?,
    };
    match lint(&schemas.join(&schema), path)? {
        Some(is_valid) if is_valid != read.is_ok() => {
            Err(format!("the reader and {schema} do not agree"))
        }
        _ => Ok(said),
    }
}

/// The schema of an example that is not read: by the name of its root element.
fn schema_of(bytes: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(bytes);
    let named = |soort: &Soort| text.contains(&format!("<{soort} "));
    let soort = Soort::ALL.into_iter().find(named).ok_or("it is no list")?;
    let release = if soort == Soort::Zakl { 1 } else { 2 };
    Ok(format!("{soort}-release{release}.xsd"))
}

/// Whether `xmllint` finds the document valid; nothing where it is not installed.
fn lint(schema: &Path, document: &Path) -> Result<Option<bool>, String> {
    let mut command = Command::new("xmllint");
    command.args(["--nonet", "--noout", "--schema"]);
    let Ok(output) = command.arg(schema).arg(document).output() else {
        println!("lists: xmllint is not here, so no schema was asked");
        return Ok(None);
    };
    match output.status.code() {
        // 3 and 4 say that the document is invalid; other codes, that it was not judged.
        Some(0) => Ok(Some(true)),
        Some(3 | 4) => Ok(Some(false)),
        _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// medmij case 105: who stands on the Whitelist and who does not.
fn case_105(folder: &Path) -> Result<(), String> {
    let bytes = fs::read(folder.join(STUB)).map_err(|error| format!("{STUB}: {error}"))?;
    let whitelist = Whitelist::parse(&bytes).map_err(|bad| format!("{STUB}: {bad}"))?;
    for (name, expected) in [("medmij.deenigeechtepgo.nl", true), ("evil.example", false)] {
        let host = Hostname::parse(name).map_err(|bad| bad.to_string())?;
        if whitelist.contains(&host) != expected {
            return Err(format!("medmij case 105: {name} is judged wrongly"));
        }
    }
    println!("lists: medmij case 105: medmij.deenigeechtepgo.nl is on it, evil.example is not");
    Ok(())
}

/// Errs for an example that stands in the data and not in [`EXAMPLES`].
fn unknown(folder: &Path) -> Result<(), String> {
    let mut folders = vec![folder.to_owned()];
    while let Some(here) = folders.pop() {
        let failed = |error: std::io::Error| format!("{}: {error}", here.display());
        for entry in fs::read_dir(&here).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path
                .strip_prefix(folder)
                .map_err(|error| error.to_string())?;
            let is_known = EXAMPLES.iter().any(|(known, _)| Path::new(known) == name);
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "xml") && !is_known {
                return Err(format!("{}: nobody says how this reads", name.display()));
            }
        }
    }
    Ok(())
}
