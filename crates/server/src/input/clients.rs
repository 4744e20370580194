//! The clients of Mitz and the DVAs.

use std::collections::BTreeSet;

use identity::Hostname;
use medmij::lists::OAuthclientOrganisatienaam;
use rustls_pki_types::CertificateDer;

use super::files::{File, Files};
use super::lists::certificates;
use super::place::Place;
use super::reading::{each, list_text, parsed, twice};
use super::{Client, ClientAuth, InputFault, written};
use crate::certificates::peer_hostname;

/// Bytes of a redirect URI, at most.
const URI_BYTES_MAX: usize = 2_048;

/// The sample's clients, and those given beside or instead of them.
pub(super) fn clients(files: &mut Files, port: u16) -> Result<Vec<Client>, InputFault> {
    let mut clients = clients_of(&Files::sample().get("clients.json")?, files, port)?;
    if let Some(file) = files.given("clients.json")? {
        let given = clients_of(&file, files, port)?;
        clients.retain(|known| {
            given
                .iter()
                .all(|client| client.client_id != known.client_id)
        });
        clients.extend(given);
    }
    Ok(clients)
}

pub(super) fn clients_of(
    file: &File,
    files: &mut Files,
    port: u16,
) -> Result<Vec<Client>, InputFault> {
    let mut ids = BTreeSet::new();
    each(
        file,
        &Place::root(),
        file.json()?,
        |place, written: written::Client| {
            let of_id = place.member("client_id");
            let client_id = parsed(file, &of_id, &written.client_id, Hostname::parse)?;
            if !ids.insert(client_id.clone()) {
                return Err(twice(file, &of_id));
            }
            let organisation = place.member("organisation");
            let of_uris = place.member("redirect_uris");
            if written.redirect_uris.is_empty() {
                return Err(file.fault(&of_uris, "expected at least one redirect URI"));
            }
            Ok(Client {
                client_id,
                organisation: list_text::<OAuthclientOrganisatienaam>(
                    file,
                    &organisation,
                    &written.organisation,
                    "3 to 50 readable characters",
                )?,
                auth: client_auth(file, files, place, &written)?,
                redirect_uris: each(
                    file,
                    &of_uris,
                    written.redirect_uris,
                    |place, uri: String| {
                        redirect_uri(&uri, port).ok_or_else(|| {
                            file.fault(place, "expected an absolute https URL without fragment")
                        })
                    },
                )?,
            })
        },
    )
}

pub(super) fn client_auth(
    file: &File,
    files: &mut Files,
    place: &Place,
    written: &written::Client,
) -> Result<ClientAuth, InputFault> {
    let of_certificate = place.member("certificate");
    match (written.auth.as_str(), written.certificate.as_deref()) {
        ("tls_client_auth", None) => Ok(ClientAuth::TlsClientAuth),
        ("self_signed_tls_client_auth", Some(path)) => {
            let pem = files.named(path)?.ok_or_else(|| {
                file.fault(&of_certificate, "there is no such file inside the folder")
            })?;
            let mut found = certificates(&pem)?;
            match (found.pop(), found.is_empty()) {
                (Some(certificate), true) if speaks_for(&certificate, &written.client_id) => {
                    Ok(ClientAuth::SelfSigned(certificate))
                }
                (Some(_), true) => Err(pem.whole("names another host than its client_id")),
                _ => Err(pem.whole("expected exactly one certificate")),
            }
        }
        ("tls_client_auth", Some(_)) => {
            Err(file.fault(&of_certificate, "tls_client_auth takes no certificate"))
        }
        ("self_signed_tls_client_auth", None) => {
            Err(file.fault(place, "self_signed_tls_client_auth needs a certificate"))
        }
        _ => Err(file.fault(
            &place.member("auth"),
            "expected tls_client_auth or self_signed_tls_client_auth",
        )),
    }
}

/// Whether a certificate that counts as it is names its client or nobody: parties know each other by
/// the name in it.
pub(super) fn speaks_for(certificate: &CertificateDer<'static>, client_id: &str) -> bool {
    let name = peer_hostname(certificate);
    name.map_or(true, |name| name.as_str() == client_id)
}

/// The URI with its port, as it will be compared: as a string (RFC 9700 §2.1).
pub(super) fn redirect_uri(written: &str, port: u16) -> Option<String> {
    let uri = written.replace("{port}", &port.to_string());
    let is_plain = uri.len() <= URI_BYTES_MAX && uri.bytes().all(|byte| byte.is_ascii_graphic());
    let url = url::Url::parse(&uri).ok()?;
    // The URL reader would pass over further slashes.
    let authority = uri.strip_prefix("https://");
    let has_host = authority.is_some_and(|rest| !rest.starts_with(['/', '\\'])) && url.has_host();
    let is_bare = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    (is_plain && has_host && is_bare).then_some(uri)
}
