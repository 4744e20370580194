//! What is too much, and that nothing of it is read.

use crate::folder::{Folder, repository};

const MIB: u64 = 1024 * 1024;

#[test]
fn a_file_of_more_than_64_mib_is_refused() {
    let folder = Folder::new();
    folder.put_hollow("people.json", 64 * MIB + 1);
    assert_eq!(folder.said(), "people.json: is larger than 64 MiB");
}

#[test]
fn files_of_more_than_256_mib_together_are_refused() {
    let folder = Folder::new();
    for ura in 0..5 {
        folder.put_hollow(&format!("records/0000065{ura}.json"), 60 * MIB);
    }
    let expected = "records/00000654.json: the files together are larger than 256 MiB";
    assert_eq!(folder.said(), expected);
}

#[test]
fn a_folder_of_more_than_20_000_files_is_refused() {
    let folder = Folder::new();
    for number in 0..=20_000 {
        folder.put(&format!("records/{number}.txt"), "");
    }
    assert_eq!(folder.said(), "records: holds more than 20 000 files");
}

#[test]
fn more_than_200_000_resources_are_refused() {
    let folder = Folder::new();
    let resources = format!("[{}{{}}]", "{},".repeat(200_000));
    folder.put("records/00000659.json", resources);
    let expected = "records/00000659.json: there are more than 200 000 resources in all";
    assert_eq!(folder.said(), expected);
}

#[test]
fn a_list_of_more_than_100_000_entries_is_refused() {
    let folder = Folder::new();
    let hosts = format!("\"\"{}", ",\"\"".repeat(100_000));
    let text =
        format!("{{\"volgnummer\":1,\"interfaceversie\":\"1.4.0\",\n\"whitelist\":[{hosts}]}}");
    folder.put("lists.json", text);
    let expected = "lists.json, line 2, whitelist: more than 100 000 entries";
    assert_eq!(folder.said(), expected);
}

#[test]
fn a_person_of_more_than_500_providers_is_refused() {
    let folder = Folder::new();
    let uras: Vec<String> = (0..=500).map(|ura| format!("\"{ura:08}\"")).collect();
    folder.put(
        "localisation.json",
        format!("{{\n\"900186021\":[{}]}}", uras.join(",")),
    );
    let expected = "localisation.json, line 2, {0}: more than 500 providers";
    assert_eq!(folder.said(), expected);
}

#[test]
fn a_consent_of_more_than_500_choices_is_refused() {
    let folder = Folder::new();
    let choice =
        |ura| format!("{{\"provider\":\"{ura:08}\",\"function\":\"delen\",\"decision\":\"deny\"}}");
    let choices: Vec<String> = (0..=500).map(choice).collect();
    let text = format!(
        "[{{\"bsn\":\"900186021\",\"client_id\":\"pgo.localhost\",\n\"choices\":[{}]}}]",
        choices.join(",")
    );
    folder.put("consents.json", text);
    let expected = "consents.json, line 2, [0].choices: expected 1 to 500 choices";
    assert_eq!(folder.said(), expected);
}

#[test]
fn a_network_of_etoegang_with_more_than_1000_organisations_is_refused() {
    let folder = Folder::new();
    let sample = std::fs::read_to_string(repository("sample/etoegang.json")).expect("a file");
    let mut network: serde_json::Value = serde_json::from_str(&sample).expect("JSON");
    let organisatie = |kvk| serde_json::json!({ "kvk": format!("{kvk:08}"), "naam": "Proef" });
    network["organisaties"] = (0..=1_000).map(organisatie).collect();
    folder.put("etoegang.json", network.to_string());
    let expected = "etoegang.json, line 1, organisaties: more than 1 000 entries";
    assert_eq!(folder.said(), expected);
}

#[test]
fn a_redirect_uri_of_more_than_2048_bytes_is_refused() {
    let folder = Folder::new();
    let path = "x".repeat(2_048);
    let text = format!(
        "[{{\"client_id\":\"eigen.example\",\"organisation\":\"Eigen\",\"auth\":\"tls_client_auth\",\n\
         \"redirect_uris\":[\"https://eigen.example/{path}\"]}}]"
    );
    folder.put("clients.json", text);
    let said = folder.said();
    assert!(
        said.starts_with("clients.json, line 2, [0].redirect_uris[0]: "),
        "{said}"
    );
}

#[test]
fn a_folder_that_is_not_there_is_refused() {
    let folder = Folder::new();
    std::fs::remove_dir(folder.input()).expect("empty");
    let said = folder.said();
    assert!(said.ends_with("input: there is no such folder"), "{said}");
}
