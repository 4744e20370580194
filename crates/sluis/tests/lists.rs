//! `sluis lists`, as its users call it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use etoegang::dienstencatalogus::reading::BOUNDS;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use saml::keys::{Certificate, KeyInfo, SigningKey};
use serde_json::Value;

/// The documents with which the readers are tested.
fn document(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("../medmij/tests/documents").join(name);
    path.to_str().expect("UTF-8").to_owned()
}

const WHITELIST: &str = "Whitelist-release2.xml";

fn lists(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluis"));
    command.arg("lists").args(arguments);
    command.output().expect("the program runs")
}

/// The exit code, and what was said on stdout and stderr.
fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sluis-lists-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("UTF-8").to_owned()
    }

    /// A copy of the Whitelist with one piece of text changed.
    fn changed(&self, name: &str, from: &str, to: &str) -> String {
        let text = fs::read_to_string(document(WHITELIST)).expect("a document");
        assert!(text.contains(from), "{from}");
        fs::write(self.path(name), text.replace(from, to)).expect("writable");
        self.path(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_good_list_of_any_kind_is_told_in_a_line() {
    let names = [
        "Zorgaanbiederslijst-release2.xml",
        "Zorgaanbiederslijst-release3.xml",
        "Zorgaanbiederskoppellijst-release1.xml",
        "OAuthclientlist-release2.xml",
        "Gegevensdienstnamenlijst-release1.xml",
        WHITELIST,
    ];
    let files = names.map(document);
    let mut arguments = vec!["validate"];
    arguments.extend(files.iter().map(String::as_str));
    let (code, out, err) = said(&lists(&arguments));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out.lines().count(), names.len());
    for (line, name) in out.lines().zip(names) {
        let (root, release) = name.trim_end_matches(".xml").split_once('-').expect("both");
        assert!(line.contains(&format!(": {root} {release}, ")), "{line}");
    }
}

#[test]
fn a_bad_list_is_told_by_file_and_line_and_does_not_hide_the_others() {
    let folder = Folder::new("bad");
    let bad = folder.changed("bad.xml", "dva-back.test", "DVA-back.test");
    let (code, out, err) = said(&lists(&["validate", &bad, &document(WHITELIST)]));
    assert_eq!(code, Some(1));
    assert!(out.contains(WHITELIST), "{out}");
    let expected = format!(
        "{bad}:6: Whitelist/MedMijNodes/MedMijNode[1]/Hostname: the value of Hostname is not of \
         its type: a fully qualified host name in lower case (RFC 3696 section 2) (core.whl.304)\n"
    );
    assert_eq!(err, expected);
    assert!(!err.contains("DVA-back"), "values are not repeated");
    let (code, _, err) = said(&lists(&["validate", &folder.path("none.xml")]));
    assert_eq!(code, Some(2));
    assert!(err.starts_with("sluis lists: "), "{err}");
    assert_eq!(said(&lists(&["validate"])).0, Some(2));
}

#[test]
fn a_port_on_the_front_channel_is_refused_unless_the_operator_allows_it() {
    let folder = Folder::new("port");
    let text = fs::read_to_string(document("Zorgaanbiederslijst-release3.xml")).expect("a list");
    let file = folder.path("zal.xml");
    fs::write(&file, text.replace("//dva.test/", "//dva.test:8443/")).expect("writable");
    assert_eq!(said(&lists(&["validate", &file])).0, Some(1));
    let allowed = lists(&["validate", "--frontchannel-port", &file]);
    assert_eq!(said(&allowed).0, Some(0));
}

#[test]
fn a_list_is_shown_to_people_and_to_programs() {
    let file = document("OAuthclientlist-release2.xml");
    let (code, out, _) = said(&lists(&["show", &file]));
    assert_eq!(code, Some(0));
    assert!(out.starts_with("OAuthclientlist release2, Volgnummer 7 of "));
    assert!(out.contains("medmij.deenigeechtepgo.nl\n  OAuthclientOrganisatienaam  De Enige"));
    assert!(out.ends_with("1 entries\n"), "{out}");
    let (_, out, _) = said(&lists(&["show", "--json", &file]));
    let json: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        (&json["list"], &json["release"]),
        (&"ocl".into(), &2.into())
    );
    assert_eq!(json["volgnummer"], 7);
    let entry = &json["entries"][0];
    assert_eq!(entry["key"], "medmij.deenigeechtepgo.nl");
    assert_eq!(entry["says"][0]["value"], "De Enige Echte PGO");
}

#[test]
fn what_came_and_went_between_two_editions_is_told() {
    let folder = Folder::new("diff");
    let later = folder.changed("later.xml", "dva-back.test", "dva2-back.test");
    let (code, out, _) = said(&lists(&["diff", &document(WHITELIST), &later]));
    assert_eq!(code, Some(0));
    let changes: Vec<&str> = out.lines().skip(2).collect();
    assert_eq!(changes, ["+ dva2-back.test", "- dva-back.test"]);
    let (_, out, _) = said(&lists(&["diff", &later, &later]));
    assert!(out.ends_with("both say the same\n"), "{out}");
    let (_, out, _) = said(&lists(&["diff", "--json", &document(WHITELIST), &later]));
    let json: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(json["came"][0], "dva2-back.test");
    assert_eq!(json["went"][0], "dva-back.test");
    let other = document("OAuthclientlist-release2.xml");
    let (code, _, err) = said(&lists(&["diff", &later, &other]));
    assert_eq!(code, Some(2));
    assert!(err.contains("cannot be compared"), "{err}");
}

/// A demo that runs until the test is done with it.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Looks twenty times a second, for half a minute, until something is there.
fn wait_for<T>(look: impl Fn() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    unreachable!("it did not come");
}

#[test]
fn lists_are_fetched_from_a_stelselnode_and_an_older_edition_is_not_taken() {
    let folder = Folder::new("fetch");
    let (state, out) = (folder.path("state"), folder.path("out"));
    let demo = Command::new(env!("CARGO_BIN_EXE_sluis"))
        .args(["demo", "--port", "0", "--state", &state])
        .stdout(Stdio::null())
        .spawn()
        .expect("starts");
    let _demo = Demo(demo);
    let ready = || fs::read(folder.0.join("state/demo.json")).ok();
    let ready = wait_for(|| serde_json::from_slice::<Value>(&ready()?).ok());
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let (base, ca) = (
        text(&ready["hosts"]["stelselnode"]),
        text(&ready["ca_file"]),
    );
    let fetch = |more: &[&str]| {
        let mut arguments = vec!["fetch", "--base-url", &base, "--ca", &ca];
        arguments.extend(more);
        arguments.push(&out);
        said(&lists(&arguments))
    };
    let (code, _, err) = fetch(&[]);
    assert_eq!(code, Some(1), "the demo's ZAL names ports");
    assert!(
        err.starts_with("MedMij_Zorgaanbiederslijst.xml: line "),
        "{err}"
    );
    let (code, told, err) = fetch(&["--frontchannel-port"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(told.lines().count(), 5);
    let whitelist = folder.path("out/MedMij_Whitelist.xml");
    let newer = fs::read_to_string(&whitelist).expect("fetched");
    let newer = newer.replace("<Volgnummer>", "<Volgnummer>9");
    fs::write(&whitelist, &newer).expect("writable");
    let (code, _, err) = fetch(&["--list", "whitelist"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("ours has 9"), "{err}");
    assert_eq!(fs::read_to_string(&whitelist).expect("kept"), newer);
    // The demo's readers keep theirs, which an operator can let go back.
    wait_for(|| fs::read(folder.0.join("state/pgo/lists/MedMij_Whitelist.json")).ok());
    let accept = |more: &[&str]| {
        let mut arguments = vec!["accept-reset", "--state", &state];
        arguments.extend(more);
        said(&lists(&arguments))
    };
    let (code, told, _) = accept(&["--party", "pgo", "whitelist"]);
    assert_eq!(code, Some(0));
    assert!(
        told.starts_with("pgo: the next Whitelist may come"),
        "{told}"
    );
    let word = folder
        .0
        .join("state/pgo/lists/MedMij_Whitelist.accept-reset.json");
    assert!(word.is_file());
}

#[test]
fn what_cannot_begin_is_told_with_exit_code_2() {
    let folder = Folder::new("begin");
    let (out, none) = (folder.path("out"), folder.path("none"));
    let empty = folder.path("empty.pem");
    fs::write(&empty, "").expect("writable");
    for (arguments, expected) in [
        (
            vec!["fetch", "--base-url", "http://a.test", &*out],
            "expected https",
        ),
        (vec!["fetch", "--ca", &*none, &*out], "--ca: "),
        (
            vec!["fetch", "--ca", &*empty, &*out],
            "holds no certificate",
        ),
        (vec!["fetch", "--list", "zzz", &*out], "no such list"),
        (
            vec!["accept-reset", "--state", &*none, "zal"],
            "there is no such directory",
        ),
        (
            vec!["accept-reset", "--state", &*out, "--party", "mitz", "zal"],
            "no such reader",
        ),
    ] {
        let (code, _, err) = said(&lists(&arguments));
        assert_eq!(code, Some(2), "{arguments:?}: {err}");
        assert!(err.contains(expected), "{err}");
    }
    let state = folder.path("");
    let (code, _, err) = said(&lists(&["accept-reset", "--state", &state, "ocl"]));
    assert_eq!(code, Some(1));
    assert!(
        err.contains("no party there has the OAuthclientlist"),
        "{err}"
    );
}

/// The example with which the reader of service catalogues is tested.
const CATALOGUE: &str = include_str!("../../etoegang/tests/dienstencatalogus/voorbeeld.xml");

/// A key with its certificate in a file, and the example signed with it.
fn signed_catalogue(folder: &Folder, whose: &str) -> (String, String) {
    let issued = testkit::saml_signing("beheerder.localhost");
    let certificate = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).expect("PEM");
    let certificate = Certificate::from_der(&certificate).expect("usable");
    let key = SigningKey::from_pkcs8(key.secret_der(), certificate, KeyInfo::Certificate);
    let key = key.expect("its own certificate");
    let signed = saml::signature::sign_within(CATALOGUE.trim(), &key, BOUNDS).expect("signed");
    let names = ["pem", "xml"].map(|kind| folder.path(&format!("{whose}.{kind}")));
    fs::write(&names[0], issued.certificate).expect("writable");
    fs::write(&names[1], signed).expect("writable");
    let [certificate, catalogue] = names;
    (certificate, catalogue)
}

#[test]
fn etoegang_case_092_a_service_catalogue_is_good_by_its_signers_certificate_alone() {
    let folder = Folder::new("catalogue");
    let (certificate, catalogue) = signed_catalogue(&folder, "beheerder");
    let (other, _) = signed_catalogue(&folder, "ander");
    let read = |file: &str, by: &[&str]| {
        let signers = by.iter().flat_map(|by| ["--certificate", by]);
        said(&lists(
            &["catalogue", file]
                .into_iter()
                .chain(signers)
                .collect::<Vec<_>>(),
        ))
    };
    let (code, says, why) = read(&catalogue, &[&other, &certificate]);
    assert_eq!((code, &*why), (Some(0), ""));
    let version = ": urn:etoegang:1.13:service-catalogue:T:7 of 2026-11-22T10:00:00Z, ";
    assert!(
        says.contains(version) && says.ends_with(" services\n"),
        "{says}"
    );
    // etoegang case 92
    let (code, says, why) = read(&catalogue, &[&other]);
    assert_eq!((code, &*says), (Some(1), ""));
    assert!(why.contains("the service catalogue is not signed"), "{why}");
    assert_eq!(
        read(&folder.path("nothing.xml"), &[&certificate]).0,
        Some(2)
    );
    assert_eq!(read(&catalogue, &[&catalogue]).0, Some(2), "no certificate");
    assert_eq!(read(&catalogue, &[]).0, Some(2), "by nobody");
}
