//! Parties in processes of their own, and what users meet at start and stop.

mod common;

use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

use common::{Demo, READY_AGAIN, READY_TRIES_MAX, State, free_port, ready, ready_in, sluis, start};

#[test]
fn one_dva_in_a_process_of_its_own_still_serves_the_chain() {
    let state = State::new("two");
    let (port, own) = (free_port(), free_port());
    let others: Vec<String> = [
        "pgo",
        "mitz",
        "lokalisatie",
        "digid",
        "dva",
        "xis",
        "xis2",
        "stelselnode",
        "netwerk",
    ]
    .iter()
    .map(|party| format!("{party}={port}"))
    .collect();
    // The second process finds the certificate authority of the first: the headless run makes it.
    let made = sluis(&["--state", state.text(), "--port", "0", "--headless", "mitz"]).output();
    assert!(made.expect("runs").status.success());
    let own_text = own.to_string();
    let dva2 = start(
        &state,
        &[
            "--port",
            &own_text,
            "--only",
            "dva2",
            "--elsewhere",
            &others.join(","),
        ],
    );
    ready_in(&state, &dva2, "demo-dva2.json");
    let elsewhere = format!("dva2={own}");
    let port_text = port.to_string();
    let run = sluis(&["--state", state.text(), "--port", &port_text])
        .args([
            "--except",
            "dva2",
            "--elsewhere",
            &elsewhere,
            "--headless",
            "mitz",
            "--json",
        ])
        .output()
        .expect("runs");
    let data: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    assert_eq!(data["passed"], true, "{}", data["journeys"][0]["steps"]);
    let seen = data["journeys"][0]["steps"][22]["seen"]
        .as_array()
        .expect("sightings")
        .clone();
    let parties: Vec<&str> = seen.iter().filter_map(|s| s["party"].as_str()).collect();
    assert!(
        parties.contains(&"dva") && parties.contains(&"dva2"),
        "{parties:?}"
    );
}

/// What a person reads at the start, when the demo is ready.
fn welcome(state: &State, arguments: &[&str], ready_file: &str) -> String {
    let file = std::env::temp_dir().join(format!("{}.txt", state.0.display()));
    let mut command = sluis(&["--state", state.text(), "--port", "0"]);
    let out = std::fs::File::create(&file).expect("writable");
    let child = command.args(arguments).stdout(out).spawn().expect("starts");
    let demo = Demo(child);
    ready_in(state, &demo, ready_file);
    for _ in 0..READY_TRIES_MAX {
        let text = std::fs::read_to_string(&file).expect("readable");
        if text.contains("Ctrl-C") {
            std::fs::remove_file(&file).expect("ours");
            return text;
        }
        std::thread::sleep(READY_AGAIN);
    }
    unreachable!("the demo said nothing");
}

#[test]
fn the_welcome_names_the_authority_as_a_browser_lists_it_and_only_pages_that_are_here() {
    let state = State::new("welcome");
    let whole = welcome(&state, &[], "demo.json");
    let in_the_list = [
        "\"Sluis demo CA ",
        " (TEST)\" in the same place, under \"Sluis demo (TEST)\".",
    ];
    for words in in_the_list {
        assert!(whole.contains(words), "{whole}");
    }
    assert!(whole.starts_with("The network is ready."), "{whole}");
    assert!(whole.contains("https://pgo.localhost:"), "{whole}");

    let part = welcome(&state, &["--only", "mitz,dva2"], "demo-mitz-dva2.json");
    assert!(part.contains("ready: mitz, dva2."), "{part}");
    assert!(part.contains("https://toestemmingen.localhost:"), "{part}");
    assert!(!part.contains("pgo.localhost"), "{part}");
    assert!(part.contains("demo-mitz-dva2.json"), "{part}");
}

#[test]
fn demo_json_tells_what_others_need_and_goes_with_the_demo() {
    let state = State::new("json");
    let mut demo = start(&state, &["--port", "0"]);
    let json = ready(&state, &demo);
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["ready"], true);
    let port = json["port"].as_u64().expect("a port");
    assert_eq!(
        json["hosts"]["mitz-back"],
        format!("https://mitz-back.localhost:{port}")
    );
    for file in [
        &json["ca_file"],
        &json["clients"][0]["key_file"],
        &json["clients"][0]["cert_file"],
    ] {
        assert!(
            PathBuf::from(file.as_str().expect("a path")).is_file(),
            "{file}"
        );
    }
    assert!(
        json["people"]
            .as_array()
            .is_some_and(|people| people.len() >= 8)
    );
    let terminated = Command::new("kill").arg(demo.0.id().to_string()).status();
    assert!(terminated.expect("kill runs").success());
    assert!(demo.0.wait().expect("ends").success());
    assert!(!state.0.join("demo.json").exists());
}

/// digid.md §2.1: another DigiD is given the metadata before the network starts.
#[test]
fn sp_metadata_is_printed_before_the_start_with_the_key_that_the_demo_then_has() {
    let state = State::new("sp-metadata");
    let port = free_port().to_string();
    let printed = || {
        let arguments = [
            "--state",
            state.text(),
            "--port",
            &port,
            "--print-sp-metadata",
        ];
        let output = sluis(&arguments).output().expect("runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let certificate = |metadata: &str| {
        let (_, rest) = metadata
            .split_once("<ds:X509Certificate>")
            .expect("a certificate");
        rest.split_once('<').expect("its end").0.to_owned()
    };
    let metadata = printed();
    let entity_id = format!("entityID=\"https://mitz.localhost:{port}/saml/metadata\"");
    assert!(metadata.contains(&entity_id), "{metadata}");
    assert_eq!(certificate(&printed()), certificate(&metadata));
    let demo = start(&state, &["--port", &port]);
    ready(&state, &demo);

    let without_state = sluis(&["--print-sp-metadata"]).output().expect("runs");
    assert_eq!(without_state.status.code(), Some(2));
    let no_port = [
        "--state",
        state.text(),
        "--port",
        "0",
        "--print-sp-metadata",
    ];
    let no_port = sluis(&no_port).output().expect("runs");
    assert_eq!(no_port.status.code(), Some(2));
}

#[test]
fn a_second_demo_on_the_same_state_or_port_is_told_why_it_cannot_start() {
    let state = State::new("twice");
    let demo = start(&state, &["--port", "0"]);
    let port = ready(&state, &demo)["port"].to_string();
    for arguments in [
        ["--state", state.text(), "--port", "0"],
        ["--state", "", "--port", &port],
    ] {
        let arguments: Vec<&str> = arguments.into_iter().filter(|a| !a.is_empty()).collect();
        let arguments = if arguments.len() == 3 {
            vec!["--port", &port]
        } else {
            arguments
        };
        let second = sluis(&arguments).output().expect("runs");
        assert_eq!(second.status.code(), Some(2));
        let why = String::from_utf8_lossy(&second.stderr).into_owned();
        assert!(why.starts_with("sluis demo: "), "{why}");
    }
}

/// Nothing is half loaded: neither when the first file has a fault nor when the last has one.
#[test]
fn an_input_with_a_fault_is_refused_in_one_line_and_leaves_nothing_begun() {
    let people =
        "[\n {\"bsn\": \"123456789\", \"name\": \"Jan\", \"birth_date\": \"1980-01-01\"}\n]";
    for (file, text, expected) in [
        (
            "people.json",
            people,
            ", line 2, [0].bsn: expected a BSN, this number fails the 11-check",
        ),
        ("trust/root.pem", "123456789", ": holds no certificate"),
    ] {
        let (state, input) = (State::new("fault"), State::new("fault-input"));
        let path = input.0.join(file);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, text).expect("writable");
        let arguments = [
            "--port",
            "0",
            "--state",
            state.text(),
            "--input",
            input.text(),
        ];
        let run = sluis(&arguments).output().expect("runs");
        assert_eq!(run.status.code(), Some(2));
        assert!(run.stdout.is_empty(), "{run:?}");
        let why = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(
            why,
            format!("sluis demo: {}{expected}\n", path.display()),
            "one line without the value"
        );
        let mut left: Vec<String> = std::fs::read_dir(&state.0)
            .expect("the state")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("UTF-8")
            })
            .collect();
        left.sort();
        assert_eq!(left, ["ca"], "no party and no demo.json");
    }
}

#[test]
fn a_folder_with_other_files_is_not_taken_for_a_state() {
    use std::os::unix::fs::PermissionsExt as _;
    let state = State::new("other");
    std::fs::create_dir_all(&state.0).expect("a folder");
    std::fs::set_permissions(&state.0, std::fs::Permissions::from_mode(0o755)).expect("ours");
    std::fs::write(state.0.join("mine.txt"), "keep").expect("writable");
    let run = sluis(&["--port", "0", "--state", state.text(), "--headless", "mitz"]).output();
    let run = run.expect("runs");
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&run.stderr).contains("holds other files"));
    let mode = std::fs::metadata(&state.0)
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o755, "and is left as it was");
}

#[test]
fn parties_that_leave_nobody_and_a_port_of_nought_are_refused() {
    for arguments in [
        ["--only", "dva2", "--except", "dva2"],
        ["--elsewhere", "dva2=0", "--port", "0"],
    ] {
        let run = sluis(&arguments).output().expect("runs");
        assert_eq!(run.status.code(), Some(2), "{arguments:?}");
    }
}
