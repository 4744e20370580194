//! Whole folders, good and bad.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use identity::{Bsn, Hostname, Loa, Ura};
use medmij::lists::{Uitgave, Volgnummer, Whitelist};
use mitz::toestemming::Besluit;

use super::{ClientAuth, DvaId, Input, InputFault};

const PORT: u16 = 8443;

/// A folder of its own, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sluis-input-{}-{count}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&folder.0).expect("a folder");
        for (name, text) in files {
            folder.put(name, text.as_bytes());
        }
        folder
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, bytes).expect("written");
    }

    fn read(&self) -> Result<Input, InputFault> {
        Input::read(&self.0, PORT)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What is said about a folder with this one file: without the folder's own path.
fn fault(name: &str, text: &str) -> String {
    faults(&[(name, text)])
}

fn faults(files: &[(&str, &str)]) -> String {
    let folder = Folder::with(files);
    let said = folder.read().expect_err("refused").to_string();
    said.replace(&format!("{}/", folder.0.display()), "")
}

fn bsn(text: &str) -> Bsn {
    Bsn::parse(text).expect("a BSN")
}

fn ura(text: &str) -> Ura {
    Ura::parse(text).expect("a URA")
}

#[test]
fn the_sample_is_what_the_issue_asks_for() {
    let input = Input::sample(PORT).expect("a good sample");
    assert!(input.people.len() >= 8);
    assert_eq!(input.uras_of(DvaId::Dva).len(), 2);
    assert_eq!(input.uras_of(DvaId::Dva2).len(), 2);
    assert!(input.records.len() >= 200, "{}", input.records.len());
    assert!(input.providers.iter().any(|provider| provider.down));
    let outside = input
        .providers
        .iter()
        .find(|provider| provider.dva.is_none());
    let outside = &outside.expect("a provider that is not in the ZAL").ura;
    assert!(
        input
            .localisation
            .values()
            .any(|known| known.contains(outside))
    );
    assert_eq!(
        input.catalogus().aanbieders().count(),
        input.providers.len()
    );
    let choices = &input.consents[0].keuzes;
    assert!(
        choices
            .iter()
            .any(|keuze| keuze.besluit == Besluit::Bezwaar)
    );
}

#[test]
fn every_resource_of_the_sample_belongs_to_somebody_in_it() {
    let input = Input::sample(PORT).expect("a good sample");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample/records");
    let mut written = 0;
    for file in fs::read_dir(folder).expect("the folder") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("text");
        let resources: Vec<serde_json::Value> = serde_json::from_str(&text).expect("json");
        written += resources.len();
    }
    let found = input.records.len();
    assert_eq!(
        found, written,
        "a resource without a person, or a file not built in"
    );
}

#[test]
fn the_sample_folder_reads_as_what_is_built_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample");
    let (read, built_in) = (Input::read(&folder, PORT), Input::sample(PORT));
    let (read, built_in) = (read.expect("good"), built_in.expect("good"));
    assert_eq!(read.providers, built_in.providers);
    assert_eq!(read.clients, built_in.clients);
    assert_eq!(read.records.len(), built_in.records.len());
    assert_eq!(read.lists.folder, Some(folder.join("lists")));
    let without_folder = crate::input::ListSettings {
        folder: None,
        ..read.lists
    };
    assert_eq!(without_folder, built_in.lists);
}

#[test]
fn what_a_folder_lacks_comes_from_the_sample() {
    let sample = Input::sample(PORT).expect("good");
    let empty = Folder::with(&[]).read().expect("good");
    assert_eq!(empty.providers, sample.providers);
    assert_eq!(empty.records.len(), sample.records.len());
    let people = r#"[{"bsn":"999990019","name":"Iemand","birth_date":"1980-01-01"}]"#;
    let people = Folder::with(&[("people.json", people)])
        .read()
        .expect("good");
    assert_eq!(
        (people.people.len(), people.providers.len()),
        (1, sample.providers.len())
    );
    assert!(people.people[0].shows.is_none());
    assert!(
        people.records.is_empty(),
        "the sample's records are of other people"
    );
}

#[test]
fn a_folder_sets_what_it_says() {
    let folder = Folder::with(&[(
        "settings.json",
        r#"{"mitz":{"min_level":"midden"},"dva2":{"age_min":12,"jwt_bearer":true}}"#,
    )]);
    let settings = folder.read().expect("good").settings;
    assert_eq!(settings.mitz.min_level, Loa::Midden);
    assert_eq!((settings.dva.age_min, settings.dva2.age_min), (16, 12));
    assert!(settings.of(DvaId::Dva2).jwt_bearer && !settings.of(DvaId::Dva).jwt_bearer);
    assert!(!settings.mitz.full_location_token);
}

#[test]
fn clients_come_beside_those_of_the_sample_and_know_their_port() {
    let made = rcgen::generate_simple_self_signed(["eigen.example".to_owned()]).expect("made");
    let folder = Folder::with(&[
        (
            "clients.json",
            r#"[{"client_id":"eigen.example","organisation":"Eigen PGO",
                 "auth":"self_signed_tls_client_auth","certificate":"keys/eigen.pem",
                 "redirect_uris":["https://eigen.example:{port}/terug?x=1"]},
                {"client_id":"pgo.localhost","organisation":"Andere naam",
                 "auth":"tls_client_auth","redirect_uris":["https://pgo.localhost/terug"]}]"#,
        ),
        ("keys/eigen.pem", &made.cert.pem()),
    ]);
    let clients = folder.read().expect("good").clients;
    let find = |id: &str| {
        let id = Hostname::parse(id).expect("a host");
        clients
            .iter()
            .find(|client| client.client_id == id)
            .expect("a client")
    };
    let own = find("eigen.example");
    assert_eq!(own.auth, ClientAuth::SelfSigned(made.cert.der().clone()));
    assert_eq!(own.redirect_uris, ["https://eigen.example:8443/terug?x=1"]);
    assert_eq!(find("pgo.localhost").organisation.as_str(), "Andere naam");
    assert_eq!(find("anderpgo.localhost").auth, ClientAuth::TlsClientAuth);
    assert_eq!(clients.len(), 3);
}

#[test]
fn a_list_of_the_folder_takes_the_place_of_the_generated_one() {
    let uitgave = Uitgave {
        tijdstempel: "2026-11-22T10:00:00Z".parse().expect("a stamp"),
        volgnummer: Volgnummer::new(7).expect("positive"),
    };
    let list = Whitelist::new(uitgave, Vec::new())
        .expect("a list")
        .to_xml();
    let folder = Folder::with(&[("lists/MedMij_Whitelist.xml", &list)]);
    let replaced = folder.read().expect("good").lists.replaced;
    assert_eq!(replaced.whitelist, Some(list));
    assert_eq!((replaced.zal, replaced.ocl), (None, None));
}

#[test]
fn further_roots_are_read() {
    let made = rcgen::generate_simple_self_signed(["root.example".to_owned()]).expect("made");
    let two = format!("{0}{0}", made.cert.pem());
    let folder = Folder::with(&[("trust/a.pem", &two), ("trust/readme.txt", "x")]);
    assert_eq!(folder.read().expect("good").trust.len(), 2);
    assert_eq!(
        fault("trust/b.pem", "no pem"),
        "trust/b.pem: holds no certificate"
    );
    let not_x509 = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(
        fault("trust/b.pem", not_x509),
        "trust/b.pem: not a readable X.509 certificate"
    );
}

#[test]
fn a_fault_of_json_is_told_with_file_line_and_reason() {
    for (file, text, expected) in [
        (
            "people.json",
            "[\n{",
            "people.json, line 2: the file ends in the middle of its JSON",
        ),
        (
            "people.json",
            "[]]",
            "people.json, line 1: not JSON from column 3 on",
        ),
        (
            "people.json",
            "{}",
            "people.json, line 1: a value of another kind, expected a sequence",
        ),
        (
            "people.json",
            "[{\"bsn\":900186021}]",
            "people.json, line 1: a value of another kind, expected a string",
        ),
        (
            "providers.json",
            "[{\n\"ura\":\"00000659\"}]",
            "providers.json, line 2: missing member `naam`",
        ),
        (
            "lists.json",
            "{\"volgnumer\":1}",
            "lists.json, line 1: there is no such member, expected one of `volgnummer`, \
             `interfaceversie`, `whitelist`",
        ),
        (
            "settings.json",
            "{\"dva\":{\"age_min\":300}}",
            "settings.json, line 1: a value of another kind, expected u8",
        ),
    ] {
        assert_eq!(fault(file, text), expected);
    }
}

#[test]
fn a_person_is_refused_where_a_value_is_none() {
    let person = |bsn: &str, date: &str, name: &str| {
        format!("[\n{{\"bsn\":\"{bsn}\",\n\"name\":\"{name}\",\n\"birth_date\":\"{date}\"}}]")
    };
    for (text, expected) in [
        (
            person("900186022", "1961-04-12", "A"),
            "people.json, line 2, [0].bsn: expected a BSN, this number fails the 11-check",
        ),
        (
            person("900186021", "1961-02-30", "A"),
            "people.json, line 4, [0].birth_date: expected a date, 1961-04-12",
        ),
        (
            person("900186021", "1961-04-12", ""),
            "people.json, line 3, [0].name: expected 1 to 300 characters on one line",
        ),
    ] {
        assert_eq!(fault("people.json", &text), expected);
    }
    let one = person("900186021", "1961-04-12", "A");
    let twice = format!(
        "{},{}",
        one.trim_end_matches(']'),
        one.trim_start_matches('[')
    );
    assert_eq!(
        fault("people.json", &twice),
        "people.json, line 5, [1].bsn: stands here already"
    );
}

#[test]
fn a_localisation_is_refused_without_telling_whose() {
    for (text, expected) in [
        (
            "{\n\"900186022\":[]}",
            "line 2, {0}: expected a BSN, this number fails the 11-check",
        ),
        (
            "{\"900186021\":[],\n\"900186021\":[]}",
            "line 2, {1}: stands here already",
        ),
        (
            "{\"900186021\":[\n\"659\"]}",
            "line 2, {0}[0]: expected a URA of eight digits",
        ),
        (
            "{\"900186021\":[\"00000659\",\n\"00000659\"]}",
            "line 2, {0}[1]: stands here already",
        ),
    ] {
        let said = fault("localisation.json", text);
        assert_eq!(said, format!("localisation.json, {expected}"));
    }
}

#[test]
fn a_localisation_may_name_a_provider_that_nobody_knows() {
    let folder = Folder::with(&[("localisation.json", "{\"900186021\":[\"99999999\"]}")]);
    let input = folder.read().expect("good");
    let known = input.localisation.get(&bsn("900186021")).expect("known");
    assert_eq!(known, &[ura("99999999")]);
}

#[test]
fn a_consent_names_a_client_and_each_choice_one_thing() {
    let consent = |client: &str, choices: &str| {
        format!("[{{\"bsn\":\"900186021\",\"client_id\":\"{client}\",\"choices\":[{choices}]}}]")
    };
    let good = r#"{"category":"ggz","function":"verzamelen","decision":"deny"}"#;
    let both = r#"{"category":"ggz","provider":"00000659","function":"delen","decision":"deny"}"#;
    for (text, expected) in [
        (
            consent("pgo.example", good),
            "[0].client_id: there is no client of this id",
        ),
        (
            consent("pgo.localhost", ""),
            "[0].choices: expected 1 to 500 choices",
        ),
        (
            consent("pgo.localhost", both),
            "[0].choices[0]: expected either category or provider",
        ),
        (
            consent("pgo.localhost", &good.replace("verzamelen", "lezen")),
            "[0].choices[0].function: expected verzamelen or delen",
        ),
        (
            consent("pgo.localhost", &good.replace("deny", "no")),
            "[0].choices[0].decision: expected permit or deny",
        ),
        (
            consent("pgo.localhost", &good.replace("ggz", "GGZ")),
            "[0].choices[0].category: expected a category: 1 to 40 lower-case letters and hyphens",
        ),
    ] {
        let said = fault("consents.json", &text);
        assert_eq!(said, format!("consents.json, line 1, {expected}"));
    }
    let once = consent("pgo.localhost", good);
    let twice = format!(
        "{},{}",
        once.trim_end_matches(']'),
        once.trim_start_matches('[')
    );
    assert_eq!(
        fault("consents.json", &twice),
        "consents.json, line 1, [1].client_id: this person's consent for it stands here already"
    );
}

const PROVIDER: &str = r#"{"ura":"00000659","naam":"eenhuis@medmij","weergavenaam":"Een huis",
"aanbiedertype":"ZA","category":"ziekenhuis",
"dva":"dva","gegevensdiensten":["51"]}"#;

#[test]
fn a_provider_is_refused_where_a_value_is_none() {
    for (this, that, expected) in [
        (
            "\"00000659\"",
            "\"659\"",
            "line 1, [0].ura: expected a URA of eight digits",
        ),
        (
            "eenhuis@medmij",
            "Een Huis",
            "line 1, [0].naam: expected a Zorgaanbiedernaam: 3 to 50 lower-case letters and @medmij",
        ),
        (
            "\"ZA\"",
            "\"Z A\"",
            "line 2, [0].aanbiedertype: expected ZA or BAZB",
        ),
        (
            "\"dva\":\"dva\"",
            "\"dva\":\"dva3\"",
            "line 3, [0].dva: expected dva or dva2",
        ),
        (
            "\"51\"",
            "\"99\"",
            "line 3, [0].gegevensdiensten[0]: gegevensdiensten.json has no gegevensdienst of this id",
        ),
        (
            "\"51\"",
            "\"51\",\n\"51\"",
            "line 4, [0].gegevensdiensten[1]: stands here already",
        ),
        (
            "[\"51\"]",
            "[]",
            "line 1, [0]: a provider with a dva needs at least one gegevensdienst",
        ),
    ] {
        assert!(PROVIDER.contains(this), "{this}");
        let text = format!("[{}]", PROVIDER.replace(this, that));
        assert_eq!(
            fault("providers.json", &text),
            format!("providers.json, {expected}")
        );
    }
}

#[test]
fn two_providers_share_neither_ura_nor_name() {
    let other_name = PROVIDER.replace("eenhuis", "anderhuis");
    let other_ura = PROVIDER.replace("00000659", "00000666");
    for (other, expected) in [
        (other_name, "line 4, [1].ura: stands here already"),
        (other_ura, "line 4, [1].naam: stands here already"),
    ] {
        let text = format!("[{PROVIDER},\n{other}]");
        assert_eq!(
            fault("providers.json", &text),
            format!("providers.json, {expected}")
        );
    }
}

#[test]
fn a_gegevensdienst_searches_by_what_a_record_system_takes() {
    let dienst = r#"{"id":"51","weergavenaam":"Basis","systeemrolcode":"MM-1","zoekvragen":[
{"type":"Condition","parameters":[["code","1"],
["status","x"]]}]}"#;
    for (this, that, expected) in [
        (
            "\"status\"",
            "\"patient\"",
            "line 3, [0].zoekvragen[0].parameters[1]: no such search parameter; there are _count, _id, \
             category, class, code, date, status, type",
        ),
        (
            "Condition",
            "Condition/1",
            "line 2, [0].zoekvragen[0].type: expected a FHIR resource type",
        ),
        (
            "Basis",
            "Ba",
            "line 1, [0].weergavenaam: expected 3 to 50 characters",
        ),
        (
            "MM-1",
            "MM 1",
            "line 1, [0].systeemrolcode: expected 1 to 30 ASCII characters",
        ),
        (
            "\"51\"",
            "\"5 1\"",
            "line 1, [0].id: expected a GegevensdienstId: 1 to 30 characters of a scope token, no ~",
        ),
    ] {
        assert!(dienst.contains(this), "{this}");
        let text = format!("[{}]", dienst.replace(this, that));
        let said = fault("gegevensdiensten.json", &text);
        assert_eq!(said, format!("gegevensdiensten.json, {expected}"));
    }
    let twice = format!("[{dienst},{dienst}]");
    assert_eq!(
        fault("gegevensdiensten.json", &twice),
        "gegevensdiensten.json, line 3, [1].id: stands here already"
    );
}

#[test]
fn the_sample_is_checked_against_what_the_folder_gives() {
    let dienst = r#"[{"id":"1","weergavenaam":"Basis","systeemrolcode":"MM-1",
        "zoekvragen":[{"type":"Condition"}]}]"#;
    let said = fault("gegevensdiensten.json", dienst);
    assert!(
        said.starts_with("built-in sample/providers.json, line "),
        "{said}"
    );
    assert!(
        said.ends_with("gegevensdiensten.json has no gegevensdienst of this id"),
        "{said}"
    );
}

const CLIENT: &str = r#"{"client_id":"eigen.example","organisation":"Eigen",
"auth":"tls_client_auth",
"redirect_uris":["https://eigen.example/terug"]}"#;

#[test]
fn a_client_is_refused_where_a_value_is_none() {
    for (this, that, expected) in [
        (
            "\"eigen.example\"",
            "\"https://eigen.example\"",
            "line 1, [0].client_id: expected a fully qualified host name in lower case",
        ),
        (
            "\"Eigen\"",
            "\"E\"",
            "line 1, [0].organisation: expected 3 to 50 characters",
        ),
        (
            "\"tls_client_auth\"",
            "\"client_secret_post\"",
            "line 2, [0].auth: expected tls_client_auth or self_signed_tls_client_auth",
        ),
        (
            "\"tls_client_auth\"",
            "\"self_signed_tls_client_auth\"",
            "line 1, [0]: self_signed_tls_client_auth needs a certificate",
        ),
        (
            "\"tls_client_auth\"",
            "\"tls_client_auth\",\"certificate\":\"x.pem\"",
            "line 2, [0].certificate: tls_client_auth takes no certificate",
        ),
        (
            "\"tls_client_auth\"",
            "\"self_signed_tls_client_auth\",\"certificate\":\"../x.pem\"",
            "line 2, [0].certificate: there is no such file inside the folder",
        ),
        (
            "[\"https://eigen.example/terug\"]",
            "[]",
            "line 3, [0].redirect_uris: expected at least one redirect URI",
        ),
    ] {
        assert!(CLIENT.contains(this), "{this}");
        let text = format!("[{}]", CLIENT.replace(this, that));
        assert_eq!(
            fault("clients.json", &text),
            format!("clients.json, {expected}")
        );
    }
}

#[test]
fn a_redirect_uri_is_absolute_and_a_client_stands_once() {
    for uri in [
        "http://eigen.example/terug",
        "https://eigen.example/terug#x",
        "https://me@eigen.example/terug",
        "https://eigen.example/ter ug",
        "https:///",
        "/terug",
    ] {
        let text = format!("[{}]", CLIENT.replace("https://eigen.example/terug", uri));
        let expected = "expected an absolute https URL without fragment";
        assert_eq!(
            fault("clients.json", &text),
            format!("clients.json, line 3, [0].redirect_uris[0]: {expected}"),
            "{uri}"
        );
    }
    let twice = format!("[{CLIENT},{CLIENT}]");
    assert_eq!(
        fault("clients.json", &twice),
        "clients.json, line 3, [1].client_id: stands here already"
    );
}

#[test]
fn lists_and_settings_are_refused_where_a_value_is_none() {
    for (file, text, expected) in [
        (
            "lists.json",
            "{\"volgnummer\":0,\n\"interfaceversie\":\"1.4.0\"}",
            "line 1, volgnummer: expected a number above zero",
        ),
        (
            "lists.json",
            "{\"volgnummer\":1,\n\"interfaceversie\":\"\"}",
            "line 2, interfaceversie: expected a release: 1.4.0",
        ),
        (
            "lists.json",
            "{\"volgnummer\":1,\"interfaceversie\":\"1\",\"whitelist\":[\n\"PGO\"]}",
            "line 2, whitelist[0]: expected a fully qualified host name in lower case",
        ),
        (
            "settings.json",
            "{\"mitz\":{\n\"min_level\":\"Hoog\"}}",
            "line 2, mitz.min_level: expected basis, midden, substantieel or hoog",
        ),
    ] {
        assert_eq!(fault(file, text), format!("{file}, {expected}"));
    }
}

#[test]
fn a_list_that_does_not_fit_its_schema_is_refused_with_its_line() {
    let said = fault("lists/MedMij_Whitelist.xml", "<Whitelist>\n</Whitelist>");
    let expected = "the namespace is not that of the release that is read (core.whl.304)";
    assert_eq!(
        said,
        format!("lists/MedMij_Whitelist.xml, line 1: {expected}")
    );
    let said = fault("lists/MedMij_OAuthclientlist.xml", "<a>\n<b>");
    assert!(
        said.starts_with("lists/MedMij_OAuthclientlist.xml, line "),
        "{said}"
    );
    let said = fault("digid-metadata.xml", "<a/>");
    assert!(
        said.starts_with("digid-metadata.xml: expected one EntityDescriptor"),
        "{said}"
    );
}

#[test]
fn a_misspelt_file_is_refused_and_other_files_are_left_alone() {
    let known = "clients.json, consents.json, digid-metadata.xml, gegevensdiensten.json, \
                 lists.json, localisation.json, people.json, providers.json, settings.json";
    assert_eq!(
        fault("localization.json", "{}"),
        format!("localization.json: no file of this name is read; those are {known}")
    );
    assert_eq!(
        fault("lists/Whitelist.xml", "<a/>"),
        "lists/Whitelist.xml: no list has this name"
    );
    assert_eq!(
        fault("records/659.json", "[]"),
        "records/659.json: expected a file named by a URA: 00000659.json"
    );
    assert_eq!(
        fault("records/99999999.json", "[]"),
        "records/99999999.json: providers.json has no provider of this URA"
    );
    assert!(
        Folder::with(&[("README.md", "x"), ("notes/a.json", "x")])
            .read()
            .is_ok()
    );
}

#[test]
fn a_file_that_is_no_text_or_no_file_or_not_there_is_refused() {
    let folder = Folder::with(&[]);
    folder.put("people.json", b"[\n\"\xff\"]");
    let said = folder.read().expect_err("refused").to_string();
    assert!(said.ends_with("people.json, line 2: not UTF-8"), "{said}");
    assert_eq!(
        fault("people.json/x", ""),
        "people.json: is no ordinary file"
    );
    let nowhere = std::env::temp_dir().join("sluis-input-nowhere");
    let said = Input::read(&nowhere, PORT)
        .expect_err("refused")
        .to_string();
    assert!(
        said.ends_with("sluis-input-nowhere: there is no such folder"),
        "{said}"
    );
}

#[test]
fn a_file_that_is_too_large_is_refused_unread() {
    let folder = Folder::with(&[]);
    let file = fs::File::create(folder.0.join("people.json")).expect("a file");
    // Without content: it takes no room on disk.
    file.set_len(64 * 1024 * 1024 + 1).expect("set");
    let said = folder.read().expect_err("refused").to_string();
    assert!(
        said.ends_with("people.json: is larger than 64 MiB"),
        "{said}"
    );
}

// ── Records ─────────────────────────────────────────────────────────────────────────────────────

const RECORDS: &str = r#"[
{"resourceType":"Patient","id":"a","identifier":[
  {"system":"http://fhir.nl/fhir/NamingSystem/bsn","value":"900186021"}]},
{"resourceType":"Patient","id":"b","identifier":[
  {"system":"http://fhir.nl/fhir/NamingSystem/bsn","value":"900029365"}]},
{"resourceType":"Observation","id":"1","status":"final","subject":{"reference":"Patient/a"},
 "effectiveDateTime":"2026-01-01"},
{"resourceType":"Observation","id":"2","status":"amended","subject":{"reference":"Patient/a"},
 "effectiveDateTime":"2026-02-01"},
{"resourceType":"Observation","id":"3","status":"final","subject":{"reference":"Patient/b"}},
{"resourceType":"Task","id":"4","for":{"reference":"https://xis.example/fhir/Patient/b"}},
{"resourceType":"Coverage","id":"5","beneficiary":{"reference":"Patient/a"}},
{"resourceType":"Observation","id":"6","subject":{"reference":"Patient/c"}},
{"resourceType":"Organization","id":"7"}
]"#;

fn ids(input: &Input, person: &str, kind: &str, params: &[(&str, &str)]) -> Vec<String> {
    let params: Vec<(String, String)> = params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let found = input
        .records
        .search(&ura("00000659"), &bsn(person), kind, &params);
    let resources = found.expect("a search").resources;
    resources
        .iter()
        .filter_map(|resource| resource["id"].as_str())
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_search_finds_what_belongs_to_that_person_and_nothing_else() {
    let input = Folder::with(&[("records/00000659.json", RECORDS)])
        .read()
        .expect("good");
    let (a, b) = ("900186021", "900029365");
    assert_eq!(ids(&input, a, "Patient", &[]), ["a"]);
    assert_eq!(ids(&input, a, "Observation", &[]), ["1", "2"]);
    assert_eq!(ids(&input, b, "Observation", &[]), ["3"]);
    assert_eq!(ids(&input, b, "Observation", &[("_id", "1")]), [""; 0]);
    assert_eq!(ids(&input, b, "Task", &[]), ["4"]);
    assert_eq!(ids(&input, a, "Coverage", &[]), ["5"]);
    assert_eq!(ids(&input, a, "Organization", &[]), [""; 0]);
    assert_eq!(ids(&input, "999990019", "Observation", &[]), [""; 0]);
    let elsewhere = input
        .records
        .search(&ura("00000666"), &bsn(a), "Observation", &[]);
    assert_eq!(elsewhere.expect("a search").total, 0);
}

#[test]
fn a_search_is_narrowed_and_shortened() {
    let input = Folder::with(&[("records/00000659.json", RECORDS)])
        .read()
        .expect("good");
    let ids = |params: &[(&str, &str)]| ids(&input, "900186021", "Observation", params);
    assert_eq!(ids(&[("status", "final")]), ["1"]);
    assert_eq!(
        ids(&[("status", "final,amended"), ("date", "gt2026-01")]),
        ["2"]
    );
    assert_eq!(ids(&[("_count", "1")]), ["1"]);
    let count = [("_count".to_owned(), "1".to_owned())];
    let person = bsn("900186021");
    let found = input
        .records
        .search(&ura("00000659"), &person, "Observation", &count);
    assert_eq!(found.expect("a search").total, 2);
}

#[test]
fn a_record_is_refused_where_it_is_none() {
    // FHIR R4 §2.24.0.1
    let patient = RECORDS.lines().take(3).collect::<Vec<_>>().join("\n");
    let with = |more: &str| format!("{patient}\n{more}]");
    for (text, expected) in [
        ("{}".to_owned(), "line 1: a value of another kind, expected a sequence"),
        ("[\n7]".to_owned(), "line 2, [0].resourceType: expected a FHIR resource type"),
        (
            with("{\"resourceType\":\"Observation\",\"id\":\"a/b\"}"),
            "line 4, [1].id: expected an id of 1 to 64 letters, digits, - and .",
        ),
        (
            with("{\"resourceType\":\"Patient\",\"id\":\"a\"}"),
            "line 4, [1].id: a resource of this type and id stands here already",
        ),
        (
            RECORDS.replace("900186021", "900186022"),
            "line 3, [0].identifier[0].value: expected a BSN, this number fails the 11-check",
        ),
        (
            RECORDS.replace(
                "\"subject\":{\"reference\":\"Patient/b\"}",
                "\"subject\":{\"reference\":\"Patient/b\"},\"patient\":{\"reference\":\"Patient/a\"}",
            ),
            "line 10, [4]: subject, patient, for and beneficiary name different people",
        ),
    ] {
        let said = fault("records/00000659.json", &text);
        assert_eq!(said, format!("records/00000659.json, {expected}"));
    }
}

#[test]
fn more_than_200_000_resources_are_refused() {
    let many = format!("[{}{{}}]", "{},".repeat(200_000));
    assert_eq!(
        fault("records/00000659.json", &many),
        "records/00000659.json: there are more than 200 000 resources in all"
    );
}

#[test]
fn nothing_of_an_input_prints_a_bsn() {
    let input = Folder::with(&[("records/00000659.json", RECORDS)])
        .read()
        .expect("good");
    let printed = format!("{input:?} {:?} {:?}", input.records, input.localisation);
    assert!(
        !printed.contains("900186021") && printed.contains("people"),
        "{printed}"
    );
}
