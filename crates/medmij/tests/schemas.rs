//! The schemas in `schemas/` and the readers, held against each other: on the same documents
//! `xmllint` and [`Document::parse_as`] say the same, but for what [`STRICTER`] names.
//!
//! A document is one of `tests/documents/` with one piece of text changed. Where `xmllint` is not
//! installed, only the readers are tested.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use medmij::lists::{Document, FrontchannelPort, Soort};

/// The document, what is changed in it, and to what. Where `from` is empty nothing is changed.
type Case = (&'static str, &'static str, &'static str);

const ZAL2: &str = "Zorgaanbiederslijst-release2";
const ZAL3: &str = "Zorgaanbiederslijst-release3";
const ZAKL: &str = "Zorgaanbiederskoppellijst-release1";
const OCL: &str = "OAuthclientlist-release2";
/// With our addition, by the same schema.
const OCL_ERKEND: &str = "OAuthclientlist-release2-erkend";
const GNL: &str = "Gegevensdienstnamenlijst-release1";
const WHL: &str = "Whitelist-release2";

/// Documents that fit their schema.
const GOOD: [Case; 32] = [
    (ZAL2, "", ""),
    (ZAL3, "", ""),
    (ZAKL, "", ""),
    (OCL, "", ""),
    (OCL_ERKEND, "", ""),
    (GNL, "", ""),
    (WHL, "", ""),
    // The order of elements of one name is free; comments and pieces of text are nothing.
    (
        WHL,
        "dva-back.test",
        "dva<!-- x -->-<![CDATA[back]]>&#46;test",
    ),
    (WHL, "<MedMijNodes>", "<MedMijNodes><?x y?>"),
    (WHL, "<Whitelist", "\u{feff}<Whitelist"),
    (
        WHL,
        "<Whitelist",
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Whitelist",
    ),
    (WHL, "dva-back.test", "0.9nl"),
    (WHL, "dva-back.test", "a.b.c.xn--bcher-kva.nl"),
    // Basic types.
    (WHL, ">7<", "> +007\n<"),
    (WHL, "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.25+14:00"),
    (WHL, "2026-01-02T03:04:05Z", " 2026-01-02T03:04:05-00:30 "),
    (GNL, "Basisgegevens Zorg", "é&amp;€"),
    (GNL, ">51<", ">MM-2.1_x<"),
    (OCL, "De Enige Echte PGO", "PGO"),
    (
        OCL_ERKEND,
        "    <GegevensdienstId>51</GegevensdienstId>\n    <GegevensdienstId>52</GegevensdienstId>\n",
        "",
    ),
    (OCL_ERKEND, ">51<", ">99<"),
    (ZAL3, "ziekenhuisnoord@medmij", "abc@medmij"),
    (ZAL3, ">ZA<", ">BAZB<"),
    (ZAL3, ">90<", ">0<"),
    // medmij case 79: a port, on the back channel.
    (
        ZAL3,
        "dva-back.test:8443/oauth/token",
        "dva-back.test:1/oauth/token",
    ),
    (ZAL3, "https://dva-back.test/fhir", "https://dva-back.test"),
    (
        ZAL3,
        "https://dva-back.test/fhir",
        "https://dva-back.test/a;b=(1)/%20~'!*$@,:",
    ),
    // The same GegevensdienstId under another provider is another one; so is a Systeemrolcode.
    (ZAL3, ">2.2.0<", ">2.2.1<"),
    (ZAL2, ">51<", ">52<"),
    // The place of a schema may be told; nothing is fetched from there.
    (
        OCL,
        "<OAuthclients>",
        "<OAuthclients xmlns:x=\"http://www.w3.org/2001/XMLSchema-instance\" x:schemaLocation=\"a b\">",
    ),
    (
        ZAKL,
        "<AGB>01234567</AGB>",
        "<OIN>00000001123456789000</OIN>",
    ),
    (ZAKL, "&amp; meer", "&lt; &#xE9;"),
];

/// Documents that do not.
const BAD: [Case; 68] = [
    // medmij case 76
    (WHL, "dva-back.test", "DVA-back.test"),
    (WHL, "dva-back.test", "dva"),
    (WHL, "dva-back.test", "dva-back.test."),
    (WHL, "dva-back.test", "dva_back.test"),
    (WHL, "dva-back.test", " dva-back.test"),
    (WHL, "dva-back.test", "dva-back.t"),
    (WHL, "dva-back.test", ""),
    (WHL, "dva-back.test", "<b>dva-back.test</b>"),
    // medmij case 77
    (WHL, "<Hostname>dva-back.test</Hostname>", "dva-back.test"),
    (WHL, "<Hostname>dva-back.test</Hostname>", ""),
    (
        WHL,
        "<Hostname>dva-back.test</Hostname>",
        "<Hostname>a.test</Hostname><Hostname>b.test</Hostname>",
    ),
    (WHL, "dva-back.test", "medmij.deenigeechtepgo.nl"),
    (WHL, "/whitelist/release2/", "/whitelist/release3/"),
    (WHL, "/whitelist/release2/", "/Whitelist/release2/"),
    (WHL, "xmlns=", "xmlns:x="),
    (WHL, ">7<", ">0<"),
    (WHL, ">7<", ">-7<"),
    (WHL, ">7<", ">7.0<"),
    (WHL, ">7<", "><"),
    (WHL, "2026-01-02T03:04:05Z", "2026-01-02T03:04:05"),
    (WHL, "2026-01-02T03:04:05Z", "2026-01-02T03:04:60Z"),
    (WHL, "2026-01-02T03:04:05Z", "2026-02-30T03:04:05Z"),
    (WHL, "2026-01-02T03:04:05Z", "2026-01-02 03:04:05Z"),
    (WHL, "2026-01-02T03:04:05Z", "2026-01-02T03:04:05+14:01"),
    (WHL, "2026-01-02T03:04:05Z", "2026-01-02T03:04:05+0100"),
    (WHL, "2026-01-02T03:04:05Z", "0000-01-02T03:04:05Z"),
    (WHL, "<Volgnummer>7</Volgnummer>", ""),
    (
        WHL,
        "<Volgnummer>7</Volgnummer>",
        "<Volgnummer>7</Volgnummer><Meer/>",
    ),
    (WHL, "<MedMijNodes>", "<MedMijNodes a=\"b\">"),
    (WHL, "<MedMijNodes>", "<MedMijNodes>x"),
    (
        WHL,
        "<MedMijNodes>",
        "<MedMijNodes xmlns:x=\"http://www.w3.org/2001/XMLSchema-instance\" x:nil=\"false\">",
    ),
    (WHL, "</Whitelist>", ""),
    (WHL, "</Whitelist>", "</Whitelist><Whitelist/>"),
    (WHL, "dva-back.test", "&unknown;"),
    (
        OCL,
        "medmij.deenigeechtepgo.nl",
        "Medmij.deenigeechtepgo.nl",
    ),
    (OCL, "De Enige Echte PGO", "PG"),
    (OCL_ERKEND, ">51<", ">52<"),
    (OCL_ERKEND, ">51<", "><"),
    (OCL_ERKEND, "<GegevensdienstId>51</GegevensdienstId>", "51"),
    (
        OCL_ERKEND,
        "oauthclientlist:gegevensdiensten:release1",
        "oauthclientlist:gegevensdiensten:release2",
    ),
    (
        OCL,
        "De Enige Echte PGO",
        "een organisatie met een naam van wel eenenvijftig t",
    ),
    (
        OCL,
        "<OAuthclientOrganisatienaam>De Enige Echte PGO</OAuthclientOrganisatienaam>",
        "",
    ),
    (GNL, "Basisgegevens Zorg", "BZ"),
    (GNL, ">51<", "><"),
    (GNL, ">51<", ">een-id-van-eenendertig-tekens-x<"),
    (
        GNL,
        "</Gegevensdienst>",
        "</Gegevensdienst><Gegevensdienst><GegevensdienstId>51</GegevensdienstId><Weergavenaam>Twee</Weergavenaam></Gegevensdienst>",
    ),
    // medmij case 78
    (ZAL3, "ziekenhuisnoord@", "huisartszuid@"),
    // medmij case 79
    (ZAL3, "//dva.test/", "//dva.test:8443/"),
    (ZAL2, "//dva.test/", "//dva.test:8443/"),
    // medmij case 104
    (ZAL3, "/release3/", "/release4/"),
    (ZAL3, "<Aanbiedertype>ZA</Aanbiedertype>", ""),
    (ZAL3, "<InterfaceversieId>2.2.0</InterfaceversieId>", ""),
    (
        ZAL2,
        "<Gegevensdiensten>",
        "<Aanbiedertype>ZA</Aanbiedertype><Gegevensdiensten>",
    ),
    (
        ZAL3,
        "https://dva-back.test/fhir",
        "http://dva-back.test/fhir",
    ),
    (
        ZAL3,
        "https://dva-back.test/fhir",
        "https://dva-back.test/fhir?a=b",
    ),
    (
        ZAL3,
        "https://dva-back.test/fhir",
        "https://dva-back.test/fhir#a",
    ),
    (
        ZAL3,
        "https://dva-back.test/fhir",
        "https://dva-back.test/fhir/",
    ),
    (
        ZAL3,
        "https://dva-back.test/fhir",
        "https://dva-back.test:/fhir",
    ),
    (
        ZAL3,
        "https://dva-back.test/fhir",
        "https://dva-back.test:123456/fhir",
    ),
    (
        ZAL3,
        "https://dva-back.test/fhir",
        "https://u@dva-back.test/fhir",
    ),
    (ZAL3, ">90<", ">+90<"),
    (ZAL3, ">90<", ">4294967296<"),
    (ZAL3, "MM-2.1-BZB-FHIR", "een-code-van-eenendertig-tekens"),
    (ZAL3, "ziekenhuisnoord@medmij", "ab@medmij"),
    (ZAL3, "discovery:release1", "discovery:release2"),
    (ZAKL, "<AGB>01234567</AGB>", "<AGB>1234567</AGB>"),
    (ZAKL, "<AGB>01234567</AGB>", "<KVK>01234567</KVK>"),
    (
        ZAKL,
        "<AGB>01234567</AGB>",
        "<AGB>01234567</AGB><URA>00000659</URA>",
    ),
];

/// Documents that fit their schema and that the reader refuses on purpose. Each stands in
/// `docs/frameworks/medmij.md`.
const STRICTER: [Case; 17] = [
    // RFC 3696 §2, to which core.whl.304 refers.
    (WHL, "dva-back.test", "dva-.test"),
    (WHL, "dva-back.test", "10.0.0.10"),
    // A moment without a zone can be any of 26 hours.
    (WHL, "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.0"),
    (WHL, "2026-01-02T03:04:05Z", "2026-01-02T24:00:00Z"),
    // Beyond 64 bits.
    (WHL, ">7<", ">18446744073709551616<"),
    // Document types bring entities.
    (WHL, "<Whitelist", "<!DOCTYPE Whitelist>\n<Whitelist"),
    (
        WHL,
        "<Whitelist",
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<Whitelist",
    ),
    // What people read must show what it is.
    (GNL, "Basisgegevens Zorg", "Basis\ngegevens"),
    (GNL, "Basisgegevens Zorg", "Basis\u{202e}gegevens"),
    // A data service is named in a scope (RFC 6749 §3.3) after a tilde.
    (GNL, ">51<", ">5 1<"),
    (GNL, ">51<", ">5~1<"),
    (GNL, ">51<", ">é<"),
    (ZAL3, "MM-2.1-BZB-FHIR", "MM 2.1"),
    (ZAL3, ">ZA<", ">Z A<"),
    (ZAL3, ">2.2.0<", ">2 2<"),
    // No such port.
    (
        ZAL3,
        "dva-back.test:8443/oauth/token",
        "dva-back.test:0/oauth/token",
    ),
    (
        ZAL3,
        "dva-back.test:8443/oauth/token",
        "dva-back.test:65536/oauth/token",
    ),
];

#[test]
fn core_alst_202_documents_that_fit_their_schema_are_read() {
    let documents = Documents::write("good", &GOOD);
    documents.read(true);
    documents.lint(true);
}

#[test]
fn core_alst_202_documents_that_do_not_fit_their_schema_are_refused() {
    let documents = Documents::write("bad", &BAD);
    documents.read(false);
    documents.lint(false);
}

#[test]
fn where_a_reader_is_stricter_than_its_schema_it_is_so_on_purpose() {
    let documents = Documents::write("stricter", &STRICTER);
    documents.read(false);
    documents.lint(true);
}

#[test]
fn what_is_printed_fits_the_schema() {
    let folder = Folder::new("printed");
    let mut printed = Vec::new();
    for schema in [ZAL2, ZAL3, ZAKL, OCL, OCL_ERKEND, GNL, WHL] {
        let path = folder.0.join(format!("{schema}.xml"));
        let text = fs::read(document(schema)).expect("a document");
        let list = Document::parse(&text, FrontchannelPort::Forbidden).expect(schema);
        fs::write(&path, list.to_xml()).expect("writable");
        printed.push((schema, path));
    }
    let documents = Documents {
        cases: printed,
        _folder: folder,
    };
    documents.read(true);
    documents.lint(true);
}

/// Documents on disk, each with its schema.
struct Documents {
    cases: Vec<(&'static str, PathBuf)>,
    _folder: Folder,
}

impl Documents {
    fn write(name: &str, cases: &[Case]) -> Self {
        let folder = Folder::new(name);
        let write = |(number, (schema, from, to)): (usize, &Case)| {
            let whole = fs::read_to_string(document(schema)).expect("a document");
            assert!(whole.contains(from), "{schema} has no {from}");
            let mut changed = whole.replacen(from, to, 1);
            if to.starts_with("<?xml") || to.starts_with('\u{feff}') {
                // Nothing may stand before these.
                let start = changed.find(to).expect("it was put there");
                changed = changed.split_off(start);
            }
            let path = folder.0.join(format!("{number:02}.xml"));
            fs::write(&path, changed).expect("writable");
            (*schema, path)
        };
        Self {
            cases: cases.iter().enumerate().map(write).collect(),
            _folder: folder,
        }
    }

    /// What our readers say of each.
    fn read(&self, expected: bool) {
        for (schema, path) in &self.cases {
            let text = fs::read(path).expect("a document");
            let (root, _) = schema.split_once('-').expect("a name and a release");
            let soort = Soort::ALL.into_iter().find(|soort| soort.naam() == root);
            let soort = soort.expect("a list");
            let read = Document::parse_as(soort, &text, FrontchannelPort::Forbidden);
            let shown = String::from_utf8_lossy(&text);
            assert_eq!(read.is_ok(), expected, "{schema}: {read:?}: {shown}");
            if let Err(bad) = read {
                assert!(bad.line > 0 && bad.column > 0, "{bad}");
                assert_eq!(bad.requirement, soort.requirement(), "{bad}");
            }
        }
    }

    /// What `xmllint` says of each.
    fn lint(&self, expected: bool) {
        let mut by_schema: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
        for (schema, path) in &self.cases {
            by_schema.entry(schema).or_default().push(path);
        }
        for (schema, paths) in by_schema {
            let name = schema.strip_suffix("-erkend").unwrap_or(schema);
            let file = root().join("schemas").join(format!("{name}.xsd"));
            let mut command = Command::new("xmllint");
            command.args(["--nonet", "--noout", "--schema"]).arg(file);
            let Ok(output) = command.args(&paths).output() else {
                println!("xmllint is not here: {schema}.xsd was not tested");
                return;
            };
            let said = String::from_utf8_lossy(&output.stderr);
            for path in paths {
                let validates = format!("{} validates", path.display());
                let is_valid = said.lines().any(|line| line == validates);
                let text = fs::read_to_string(path).expect("a document");
                assert_eq!(is_valid, expected, "{schema}: {said}: {text}");
            }
        }
    }
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("medmij-schemas-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn document(schema: &str) -> PathBuf {
    root().join("tests/documents").join(format!("{schema}.xml"))
}
