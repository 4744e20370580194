//! The clients of Mitz and the DVAs.

use std::collections::BTreeSet;

use identity::{GegevensdienstId, Hostname};
use medmij::lists::OAuthclientOrganisatienaam;
use protocol::assertion::{ALGORITHMS, ClientKeys};
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
                gegevensdiensten: match written.gegevensdiensten {
                    None => None,
                    Some(ids) => Some(recognised(file, &place.member("gegevensdiensten"), ids)?),
                },
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

/// The gegevensdiensten for which a client is recognised, each once.
fn recognised(
    file: &File,
    place: &Place,
    ids: Vec<String>,
) -> Result<BTreeSet<GegevensdienstId>, InputFault> {
    let mut known = BTreeSet::new();
    each(file, place, ids, |place, id: String| {
        let id = parsed(file, place, &id, GegevensdienstId::parse)?;
        if known.insert(id) {
            return Ok(());
        }
        Err(twice(file, place))
    })?;
    Ok(known)
}

/// How a client proves who it is; each way has its own member, and takes no other.
fn client_auth(
    file: &File,
    files: &mut Files,
    place: &Place,
    written: &written::Client,
) -> Result<ClientAuth, InputFault> {
    let (certificate, jwks) = (written.certificate.as_deref(), written.jwks.as_ref());
    let unfit = |member, reason| Err(file.fault(&place.member(member), reason));
    match (written.auth.as_str(), certificate, jwks) {
        ("tls_client_auth", None, None) => certified_names(file, place, written),
        (auth, ..) if auth != "tls_client_auth" && written.tls_client_auth_san_dns.is_some() => {
            unfit(
                "tls_client_auth_san_dns",
                "only tls_client_auth takes DNS names",
            )
        }
        ("self_signed_tls_client_auth", Some(path), None) => {
            own_certificate(file, files, place, written, path)
        }
        ("private_key_jwt", None, Some(jwks)) => {
            client_keys(file, &place.member("jwks"), jwks).map(ClientAuth::PrivateKeyJwt)
        }
        ("tls_client_auth", Some(_), _) => {
            unfit("certificate", "tls_client_auth takes no certificate")
        }
        ("private_key_jwt", Some(_), _) => {
            unfit("certificate", "private_key_jwt takes no certificate")
        }
        ("tls_client_auth" | "self_signed_tls_client_auth", _, Some(_)) => {
            unfit("jwks", "only private_key_jwt takes jwks")
        }
        ("self_signed_tls_client_auth", None, None) => {
            Err(file.fault(place, "self_signed_tls_client_auth needs a certificate"))
        }
        ("private_key_jwt", None, None) => Err(file.fault(place, "private_key_jwt needs jwks")),
        _ => unfit(
            "auth",
            "expected tls_client_auth, self_signed_tls_client_auth or private_key_jwt",
        ),
    }
}

/// DNS names of which the client's certificate has one (RFC 8705 §2.1.2): its id unless it names others, as a
/// client may come from other nodes than the one that stands in the OCL.
fn certified_names(
    file: &File,
    place: &Place,
    written: &written::Client,
) -> Result<ClientAuth, InputFault> {
    let Some(names) = &written.tls_client_auth_san_dns else {
        let of_id = place.member("client_id");
        let own = parsed(file, &of_id, &written.client_id, Hostname::parse)?;
        return Ok(ClientAuth::TlsClientAuth(vec![own]));
    };
    let of_names = place.member("tls_client_auth_san_dns");
    if names.is_empty() {
        return Err(file.fault(&of_names, "expected at least one DNS name"));
    }
    let names = each(file, &of_names, names.clone(), |place, name: String| {
        parsed(file, place, &name, Hostname::parse)
    })?;
    Ok(ClientAuth::TlsClientAuth(names))
}

/// The one certificate in the file that the client names.
fn own_certificate(
    file: &File,
    files: &mut Files,
    place: &Place,
    written: &written::Client,
    path: &str,
) -> Result<ClientAuth, InputFault> {
    let pem = files.named(path)?.ok_or_else(|| {
        let of_certificate = place.member("certificate");
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

/// The public keys of a client, of which one at least checks signatures that we take.
pub(super) fn client_keys(
    file: &File,
    place: &Place,
    jwks: &serde_json::Value,
) -> Result<ClientKeys, InputFault> {
    let keys = jose::Jwks::parse(jwks.to_string().as_bytes())
        .map_err(|bad| file.fault(place, bad.to_string()))?;
    ClientKeys::new(keys, &ALGORITHMS).ok_or_else(|| {
        let reason = "expected a key for ES256, ES384, PS256, RS256 or RS384";
        file.fault(place, reason)
    })
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
