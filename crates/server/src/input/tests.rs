//! What whole folders mean. What is said about bad ones stands in `tests/input/cases/`.

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
    let own = "anderpgo.localhost".parse().expect("a host");
    assert_eq!(
        find("anderpgo.localhost").auth,
        ClientAuth::TlsClientAuth(vec![own])
    );
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
}

#[test]
fn a_localisation_may_name_a_provider_that_nobody_knows() {
    let folder = Folder::with(&[("localisation.json", "{\"900186021\":[\"99999999\"]}")]);
    let input = folder.read().expect("good");
    let known = input.localisation.get(&bsn("900186021")).expect("known");
    assert_eq!(known, &[ura("99999999")]);
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
        .search(&ura("00000659"), &bsn(person), kind, &params, &[]);
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
        .search(&ura("00000666"), &bsn(a), "Observation", &[], &[]);
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
        .search(&ura("00000659"), &person, "Observation", &count, &[]);
    assert_eq!(found.expect("a search").total, 2);
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
