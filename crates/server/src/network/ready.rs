//! `demo.json`: what others need to use the demo, written when it is ready.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use identity::Hostname;
use serde_json::{Value, json};

use super::{Party, Running, hostname};
use crate::certificates::KeyFiles;
use crate::input::{Client, ClientAuth};

/// The file's name in the state directory.
pub const DEMO_JSON: &str = "demo.json";

/// The name of the file for a process that runs these parties: the one with the PGO speaks for the
/// demo, a process with other parties for those alone (`demo-dva2.json`).
pub(super) fn file_name(parties: &BTreeSet<Party>) -> String {
    if parties.contains(&Party::Pgo) {
        return DEMO_JSON.to_owned();
    }
    let names: Vec<&str> = parties.iter().map(|party| party.name()).collect();
    format!("demo-{}.json", names.join("-"))
}

/// Writes the file, whole or not at all.
pub(super) fn write(running: &Running) -> Result<(), String> {
    let path = running.state.join(&running.ready_file);
    let beside = path.with_added_extension("new");
    let text = serde_json::to_string_pretty(&document(running)?).map_err(|e| e.to_string())?;
    fs::write(&beside, text + "\n")
        .and_then(|()| fs::rename(&beside, &path))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// A demo that stopped is not ready any more.
pub(super) fn remove(state: &Path, file: &str) {
    // Nothing reads a file that is already gone.
    let _ = fs::remove_file(state.join(file));
}

fn document(running: &Running) -> Result<Value, String> {
    let hosts: serde_json::Map<String, Value> = running
        .hosts
        .all()
        .map(|(host, url)| (host.to_owned(), json!(url)))
        .collect();
    let people: Vec<Value> = running
        .input
        .people
        .iter()
        .map(|person| json!({
            "name": person.name,
            "bsn": person.bsn.reveal(),
            "birth_date": person.birth_date.to_string(),
            "shows": person.shows.as_ref().map(|shows| json!({ "nl": shows.nl, "en": shows.en })),
        }))
        .collect();
    let clients: Result<Vec<Value>, String> = running
        .input
        .clients
        .iter()
        .map(|c| client(running, c))
        .collect();
    let url = |host: &str| running.hosts.url(host);
    Ok(json!({
        "schema_version": 1,
        "ready": true,
        "pid": std::process::id(),
        "port": running.hosts.port(),
        "ca_file": running.ca_file,
        "hosts": hosts,
        "people": people,
        "clients": clients?,
        "issuers": {
            "mitz": {
                "issuer": url("mitz"),
                "metadata_url": format!("{}/.well-known/openid-configuration", url("mitz")),
            },
            "dva": {
                "issuer": url("dva"),
                "metadata_url": format!("{}/.well-known/oauth-authorization-server", url("dva")),
            },
            "dva2": {
                "issuer": url("dva2"),
                "metadata_url": format!("{}/.well-known/oauth-authorization-server", url("dva2")),
            },
        },
        "saml": {
            "sp_metadata_url": format!("{}/saml/metadata", url("mitz")),
            "idp_metadata_url": format!("{}/saml/idp/metadata", url("digid")),
        },
    }))
}

fn client(running: &Running, client: &Client) -> Result<Value, String> {
    let mut value = json!({
        "framework": "mitz",
        "role": "dvp",
        "client_id": client.client_id,
        "organisation": client.organisation.as_str(),
        "auth": match client.auth {
            ClientAuth::TlsClientAuth => "tls_client_auth",
            ClientAuth::SelfSigned(_) => "self_signed_tls_client_auth",
        },
        "redirect_uris": client.redirect_uris,
    });
    // A certificate that the client brought itself has its key elsewhere.
    if matches!(client.auth, ClientAuth::TlsClientAuth) {
        let files = client_files(&running.state, &client.client_id)?;
        value["key_file"] = json!(files.key);
        value["cert_file"] = json!(files.certificate);
    }
    Ok(value)
}

/// Where the certificate and key of a client lie: the PGO's in its own directory, those of others
/// under `clients`, for whoever plays them.
pub(super) fn client_files(state: &Path, client_id: &Hostname) -> Result<KeyFiles, String> {
    let pgo = hostname(Party::Pgo.client_host())?;
    let directory = if *client_id == pgo {
        state.join(Party::Pgo.name())
    } else {
        state.join("clients").join(client_id.as_str())
    };
    Ok(KeyFiles::client(&directory, client_id))
}
