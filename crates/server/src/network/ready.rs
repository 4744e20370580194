//! `demo.json`: what others need to use the demo, written when it is ready.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use identity::Hostname;
use serde_json::{Value, json};

use super::trusted::issued;
use super::{Party, Running, hostname};
use crate::certificates::KeyFiles;
use crate::input::{Client, ClientAuth, DvaId};
use crate::routes::etoegang::aggregator::adres;

/// The file's name in the state directory.
pub const DEMO_JSON: &str = "demo.json";

/// The files that a process with these parties writes. The one with the PGO, or with all but those
/// that somebody else plays (`outside`), speaks for the demo;
/// another writes a file of its own (`demo-dva2.json`), and `demo.json` when nobody else did.
pub(super) fn files(state: &Path, parties: &BTreeSet<Party>, outside: usize) -> Vec<PathBuf> {
    let demo = state.join(DEMO_JSON);
    let is_whole = parties.len() + outside == Party::ALL.len();
    if is_whole || parties.contains(&Party::Pgo) {
        return vec![demo];
    }
    let names: Vec<&str> = parties.iter().map(|party| party.name()).collect();
    let own = state.join(format!("demo-{}.json", names.join("-")));
    if is_of_a_live_process(&demo) {
        vec![own]
    } else {
        vec![own, demo]
    }
}

/// Whether a process that still runs wrote the file: one that was killed could not remove it.
fn is_of_a_live_process(file: &Path) -> bool {
    let pid = pid_in(file);
    pid.is_some_and(|pid| Path::new("/proc").join(pid.to_string()).exists())
}

fn pid_in(file: &Path) -> Option<u64> {
    let text = fs::read(file).ok()?;
    serde_json::from_slice::<Value>(&text).ok()?["pid"].as_u64()
}

/// Writes the files, each whole or not at all.
pub(super) fn write(running: &Running) -> Result<(), String> {
    let text = serde_json::to_string_pretty(&document(running)?).map_err(|e| e.to_string())? + "\n";
    running.ready_files.iter().try_for_each(|path| {
        let beside = path.with_added_extension("new");
        fs::write(&beside, &text)
            .and_then(|()| fs::rename(&beside, path))
            .map_err(|error| format!("{}: {error}", path.display()))
    })
}

/// What a demo that was killed left behind, also if nothing starts in its place.
pub(super) fn remove_dead(state: &Path) {
    let demo = state.join(DEMO_JSON);
    if !is_of_a_live_process(&demo) {
        remove_stale(&[demo]);
    }
}

/// What a demo before us left behind when it was killed.
pub(super) fn remove_stale(files: &[PathBuf]) {
    for file in files {
        // Nothing reads a file that is already gone.
        let _ = fs::remove_file(file);
    }
}

/// A demo that stopped is not ready any more; a file that another process wrote meanwhile stays.
pub(super) fn remove(files: &[PathBuf]) {
    for file in files {
        if pid_in(file) == Some(u64::from(std::process::id())) {
            let _ = fs::remove_file(file);
        }
    }
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
    let mut clients = clients?;
    clients.extend(applications(running));
    clients.extend(apps(running));
    let (on, pad) = (&running.hosts, &running.input.etoegang.pad);
    let issuer = |issuer: &str, metadata: &str| {
        json!({
            "issuer": issuer,
            "metadata_url": format!("{issuer}/.well-known/{metadata}"),
        })
    };
    Ok(json!({
        "schema_version": 1,
        "ready": true,
        "pid": std::process::id(),
        "port": running.hosts.port(),
        "ca_file": running.ca_file,
        "hosts": hosts,
        "people": people,
        "clients": clients,
        "issuers": {
            "mitz": issuer(&on.mitz_issuer(), "openid-configuration"),
            "dva": issuer(&on.dva(DvaId::Dva).issuer, "oauth-authorization-server"),
            "dva2": issuer(&on.dva(DvaId::Dva2).issuer, "oauth-authorization-server"),
            "koppeltaal": koppeltaal_issuer(running),
            "hm": issuer(&on.etoegang(Party::Hm, pad), "openid-configuration"),
            "ad": issuer(&on.etoegang(Party::Ad, pad), "openid-configuration"),
        },
        "etoegang": etoegang(running),
        "administration": administration(running),
        "saml": {
            "sp_metadata_url": on.sp_metadata_url(),
            "idp_metadata_url": on.idp_metadata_url(),
        },
        "parties": parties(running),
    }))
}

/// The issuer of the domain of Koppeltaal, and its gateway.
fn koppeltaal_issuer(running: &Running) -> Value {
    let urls = running.hosts.domein(&running.input.koppeltaal.domein);
    let fhir = urls.fhir();
    json!({
        "issuer": urls.issuer(),
        "metadata_url": format!("{fhir}/.well-known/smart-configuration"),
        "fhir": fhir,
    })
}

/// The applications of the domain of Koppeltaal; their keys are their own.
fn applications(running: &Running) -> impl Iterator<Item = Value> + '_ {
    let applications = running.input.koppeltaal.applicaties.iter();
    applications.map(|(client_id, applicatie)| {
        json!({
            "framework": "koppeltaal",
            "role": applicatie.rol,
            "client_id": client_id,
            "organisation": applicatie.naam,
            "auth": "private_key_jwt",
            "jwks_uri": applicatie.jwks_uri,
            "redirect_uris": applicatie.redirect_uris,
        })
    })
}

/// Where domains, apps, means and mandates are administered, and the files with a key for it; of parties that
/// run elsewhere nothing.
fn administration(running: &Running) -> Value {
    let ours = [Party::Koppeltaal, Party::Hm, Party::Ad, Party::Mr];
    let ours = ours
        .into_iter()
        .filter(|party| running.apps.contains_key(party));
    let named = ours.map(|party| {
        let url = match party {
            Party::Hm => format!(
                "{}{}/register",
                running.hosts.url("hm"),
                running.input.etoegang.pad
            ),
            _ => format!("{}/beheer", running.hosts.url(party.name())),
        };
        let key_file = beheersleutel_file(&running.state, party);
        (
            party.name().to_owned(),
            json!({ "url": url, "key_file": key_file }),
        )
    });
    Value::Object(named.collect())
}

/// The key with which a party of the demo is administered.
pub(super) fn beheersleutel_file(state: &Path, party: Party) -> PathBuf {
    state.join(party.name()).join("beheersleutel")
}

/// The apps of eToegang.
fn apps(running: &Running) -> impl Iterator<Item = Value> + '_ {
    running.input.etoegang.apps.iter().map(|app| {
        json!({
            "framework": "etoegang",
            "role": "dv_app",
            "client_id": app.client_id,
            "organisation": app.naam,
            "auth": app.sleutels.as_ref().map_or("none", |_| "private_key_jwt"),
            "redirect_uris": app.redirect_uris,
        })
    })
}

/// The network of eToegang: its services, and the means of people who do not exist.
fn etoegang(running: &Running) -> Value {
    let network = &running.input.etoegang;
    let diensten = network
        .namen
        .iter()
        .map(|(id, naam)| json!({ "service_id": id, "name": naam.dienst, "dv": naam.dv }));
    let middelen = network.middelen.iter().map(|middel| {
        json!({
            "name": middel.naam,
            "password": middel.wachtwoord,
            "totp_sha256_base64url": middel.codesleutel.map(jose::base64url_encode),
            "level": middel.niveau,
        })
    });
    let uitgever = running.state.join(Party::Aggregator.name());
    let uitgever = hostname("aggregator").map(|host| KeyFiles::saml(&uitgever, &host));
    json!({
        "catalogue_url": running.hosts.url("aggregator") + &adres(&network.pad),
        "catalogue_cert_file": uitgever.ok().map(|files| files.certificate),
        "hm": network.hm,
        "ad": network.ad,
        "mr": network.mr,
        "services": diensten.collect::<Vec<_>>(),
        "means": middelen.collect::<Vec<_>>(),
    })
}

/// The parties that somebody else's server plays, with the certificates that were made for them.
fn parties(running: &Running) -> Vec<Value> {
    let outside = running.input.parties.iter();
    outside
        .map(|(party, outside)| {
            let mut value = json!({
                "party": party.name(),
                "hosts": outside.hosts,
                "node": outside.node,
            });
            if let Some(issued) = issued(&running.state, *party, outside) {
                value["servers"] = issued.servers.iter().map(server).collect();
                if let Some(client) = issued.client {
                    value["key_file"] = json!(client.key);
                    value["cert_file"] = json!(client.certificate);
                }
            }
            value
        })
        .collect()
}

fn server((host, files): &(Hostname, KeyFiles)) -> Value {
    json!({
        "host": host,
        "key_file": files.key,
        "cert_file": files.certificate,
    })
}

fn client(running: &Running, client: &Client) -> Result<Value, String> {
    let mut value = json!({
        "framework": "mitz",
        "role": "dvp",
        "client_id": client.client_id,
        "organisation": client.organisation.as_str(),
        "auth": client.auth.method(),
        "redirect_uris": client.redirect_uris,
    });
    // A certificate that the client brought itself has its key elsewhere.
    if matches!(client.auth, ClientAuth::TlsClientAuth(_)) {
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
