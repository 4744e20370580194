//! `parties.json`: roles that somebody else's server plays.

use std::collections::{BTreeMap, BTreeSet};

use identity::Hostname;
use medmij::lists::OAuthclientOrganisatienaam;
use rustls_pki_types::CertificateDer;
use url::Url;

use super::clients::redirect_uri;
use super::fault::InputFault;
use super::files::{File, Files};
use super::lists::certificates;
use super::nearest::none_of;
use super::place::Place;
use super::reading::{each, list_text};
use super::{Client, ClientAuth, Input, written};
use crate::certificates::{peer_hostname, vouches};
use crate::network::{Party, hostname};

/// Bytes of a URL, at most.
const URL_BYTES_MAX: usize = 2_048;

/// What a base URL must be.
const BASE_URL: &str = "expected https, a host under localhost in lower case, perhaps a port other than 443, perhaps a \
     path, and no slash at the end";

/// The parties that are not of this program, each with where it is and how it is known.
pub type OutsideParties = BTreeMap<Party, OutsideParty>;

/// A party that somebody else's server plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideParty {
    /// The base URL of each of its hosts, by the host's name in the demo (`dva-back`).
    pub hosts: BTreeMap<&'static str, String>,
    /// The name in the client certificate with which it calls others.
    pub node: Hostname,
    /// That certificate, if it counts as it is.
    pub certificate: Option<CertificateDer<'static>>,
    /// Who vouches for its certificates; nobody when the demo makes them.
    pub roots: Vec<CertificateDer<'static>>,
    /// Addresses of its own choice, by their name in its metadata.
    pub endpoints: BTreeMap<&'static str, String>,
    /// Of a PGO: where its codes go; at least one.
    pub redirect_uris: Vec<String>,
    /// Of a PGO: the name that the consent page shows, if not that of ours.
    pub organisation: Option<OAuthclientOrganisatienaam>,
}

impl OutsideParty {
    /// Every host name by which it is known: of its servers, and of itself as a client.
    pub fn names(&self) -> BTreeSet<Hostname> {
        let urls = self.hosts.values().chain(self.endpoints.values());
        let names = urls.filter_map(|url| host_of(url));
        names.chain([self.node.clone()]).collect()
    }
}

/// The addresses that a party may have somewhere else than Sluis would have them.
const fn endpoints_of(party: Party) -> &'static [&'static str] {
    match party {
        Party::Mitz => &[
            "issuer",
            "jwks_uri",
            "consent_introspection_endpoint",
            "sp_metadata_url",
        ],
        Party::Digid => &["metadata_url"],
        Party::Dva | Party::Dva2 => &[
            "issuer",
            "jwks_uri",
            "authorization_endpoint",
            "token_endpoint",
            "discovery_endpoint",
            "resource_base",
        ],
        Party::Hm | Party::Ad | Party::Mr | Party::Dv => &["issuer"],
        Party::Pgo
        | Party::Lokalisatie
        | Party::Xis
        | Party::Xis2
        | Party::Stelselnode
        | Party::Koppeltaal
        | Party::Fhir
        | Party::Idp
        | Party::Portaal
        | Party::Module
        | Party::Aggregator
        | Party::Netwerk => &[],
    }
}

/// The parties of the folder's `parties.json`; none without one.
pub(super) fn parties(
    files: &mut Files,
    port: u16,
    clients: &[Client],
) -> Result<OutsideParties, InputFault> {
    let Some(file) = files.given("parties.json")? else {
        return Ok(OutsideParties::new());
    };
    let written: written::Parties = file.json()?;
    let mut parties = OutsideParties::new();
    for (party, written) in each_of(written) {
        let reading = Reading {
            file: &file,
            party,
            place: Place::root().member(party.name()),
            port,
        };
        parties.insert(party, reading.party(files, written)?);
    }
    own_names(&file, &parties, clients)?;
    Ok(parties)
}

/// Registers the PGO that somebody else's server plays in the place of ours, with what people decided
/// for ours.
pub(super) fn with_outside_pgo(input: &mut Input) {
    let Some(pgo) = input.parties.get(&Party::Pgo) else {
        return;
    };
    let Ok(ours) = hostname(Party::Pgo.client_host()) else {
        return;
    };
    for client in input
        .clients
        .iter_mut()
        .filter(|client| client.client_id == ours)
    {
        client.client_id = pgo.node.clone();
        client.redirect_uris.clone_from(&pgo.redirect_uris);
        if let Some(organisation) = &pgo.organisation {
            client.organisation.clone_from(organisation);
        }
        client.auth = match &pgo.certificate {
            Some(certificate) if pgo.roots.is_empty() => {
                ClientAuth::SelfSigned(certificate.clone())
            }
            _ => ClientAuth::TlsClientAuth(vec![pgo.node.clone()]),
        };
    }
    for consent in input
        .consents
        .iter_mut()
        .filter(|consent| consent.client_id == ours)
    {
        consent.client_id = pgo.node.clone();
    }
}

/// The parties that stand in the file. The observer cannot: it hears each party by a key that stays
/// within the demo.
fn each_of(written: written::Parties) -> impl Iterator<Item = (Party, written::OutsideParty)> {
    let parties = [
        (Party::Pgo, written.pgo),
        (Party::Mitz, written.mitz),
        (Party::Lokalisatie, written.lokalisatie),
        (Party::Digid, written.digid),
        (Party::Dva, written.dva),
        (Party::Xis, written.xis),
        (Party::Dva2, written.dva2),
        (Party::Xis2, written.xis2),
        (Party::Stelselnode, written.stelselnode),
        (Party::Hm, written.hm),
        (Party::Ad, written.ad),
        (Party::Mr, written.mr),
        (Party::Dv, written.dv),
    ];
    let given = parties.into_iter();
    given.filter_map(|(party, written)| Some((party, written?)))
}

/// Who calls is known by the name in his certificate alone, and an authority of a party may speak for
/// all of its names. So no name of one is a name of another: of an outside party, of one of ours, or of
/// a client.
fn own_names(file: &File, parties: &OutsideParties, clients: &[Client]) -> Result<(), InputFault> {
    for (party, outside) in parties {
        let names = outside.names();
        let others = Party::ALL.into_iter().filter(|other| other != party);
        let taken = |other: &Party| !names.is_disjoint(&names_of(*other, parties));
        let whose = others.filter(taken).map(Party::name).next();
        // The outside PGO takes the place of ours, under whatever name.
        let ours = hostname(Party::Pgo.client_host()).ok();
        let is_replaced = |id: &Hostname| *party == Party::Pgo && Some(id) == ours.as_ref();
        let mut ids = clients.iter().map(|client| &client.client_id);
        let client = ids.find(|id| names.contains(*id) && !is_replaced(id));
        if let Some(whose) = whose.or_else(|| client.map(Hostname::as_str)) {
            let place = Place::root().member(party.name());
            let reason =
                format!("has a name of {whose}; give it host names and a certificate of its own");
            return Err(file.fault(&place, reason));
        }
    }
    Ok(())
}

fn names_of(party: Party, parties: &OutsideParties) -> BTreeSet<Hostname> {
    match parties.get(&party) {
        Some(outside) => outside.names(),
        None => party
            .hosts()
            .iter()
            .filter_map(|host| hostname(host).ok())
            .collect(),
    }
}

/// One party of the file.
struct Reading<'a> {
    file: &'a File,
    party: Party,
    place: Place,
    port: u16,
}

impl Reading<'_> {
    fn party(
        &self,
        files: &mut Files,
        written: written::OutsideParty,
    ) -> Result<OutsideParty, InputFault> {
        let hosts = self.hosts(written.base_url.as_deref(), written.hosts)?;
        let roots = self.pem(files, "ca", written.ca)?;
        let certificate = self.certificate(files, written.certificate)?;
        Ok(OutsideParty {
            node: self.node(&hosts, certificate.as_ref())?,
            endpoints: self.endpoints(written.endpoints)?,
            redirect_uris: self.redirect_uris(&hosts, written.redirect_uris)?,
            organisation: self.organisation(written.organisation)?,
            roots: roots.unwrap_or_default(),
            certificate,
            hosts,
        })
    }

    fn fault(&self, member: &'static str, reason: impl Into<String>) -> InputFault {
        self.file.fault(&self.place.member(member), reason)
    }

    /// Where each host of the party is: as `hosts` says, else at `base_url`, in which `{host}` stands
    /// for the host's name.
    fn hosts(
        &self,
        base_url: Option<&str>,
        mut written: BTreeMap<String, String>,
    ) -> Result<BTreeMap<&'static str, String>, InputFault> {
        let names = self.party.hosts();
        if let Some(unknown) = written.keys().find(|name| !names.contains(&name.as_str())) {
            let reason = none_of("no such host of this party", unknown, names);
            return Err(self.fault("hosts", reason));
        }
        let address = |name: &&'static str| {
            let (place, url) = match (written.remove(*name), base_url) {
                (Some(url), _) => (self.place.member("hosts").member(name), url),
                (None, Some(url)) => (self.place.member("base_url"), url.replace("{host}", name)),
                (None, None) => {
                    let reason = format!("there is neither a base_url nor an address of {name}");
                    return Err(self.file.fault(&self.place, reason));
                }
            };
            let url = base_of(&url).ok_or_else(|| self.file.fault(&place, BASE_URL))?;
            Ok((*name, url))
        };
        names.iter().map(address).collect()
    }

    /// The certificates of a file that this member names.
    fn pem(
        &self,
        files: &mut Files,
        member: &'static str,
        path: Option<String>,
    ) -> Result<Option<Vec<CertificateDer<'static>>>, InputFault> {
        let Some(path) = path else { return Ok(None) };
        let pem = files.named(&path)?;
        let pem =
            pem.ok_or_else(|| self.fault(member, "there is no such file inside the folder"))?;
        let found = certificates(&pem)?;
        if found.is_empty() {
            return Err(pem.whole("holds no certificate"));
        }
        if member == "ca" && !found.iter().all(|der| vouches(der)) {
            let reason = "expected certificates of an authority, or that signed themselves";
            return Err(pem.whole(reason));
        }
        Ok(Some(found))
    }

    fn certificate(
        &self,
        files: &mut Files,
        path: Option<String>,
    ) -> Result<Option<CertificateDer<'static>>, InputFault> {
        let Some(found) = self.pem(files, "certificate", path)? else {
            return Ok(None);
        };
        match <[_; 1]>::try_from(found) {
            Ok([certificate]) => Ok(Some(certificate)),
            Err(_) => Err(self.fault("certificate", "expected exactly one certificate")),
        }
    }

    /// The name in its certificate; without one, the host that stands for it in the demo.
    fn node(
        &self,
        hosts: &BTreeMap<&'static str, String>,
        certificate: Option<&CertificateDer<'static>>,
    ) -> Result<Hostname, InputFault> {
        if let Some(certificate) = certificate {
            let name = peer_hostname(certificate);
            return name.map_err(|bad| self.fault("certificate", bad.to_string()));
        }
        let url = hosts.get(self.party.client_host());
        let url = url.or_else(|| hosts.values().next());
        url.and_then(|url| host_of(url))
            .ok_or_else(|| self.fault("base_url", "expected a host name"))
    }

    fn endpoints(
        &self,
        written: BTreeMap<String, String>,
    ) -> Result<BTreeMap<&'static str, String>, InputFault> {
        let known = endpoints_of(self.party);
        let endpoint = |(name, url): (String, String)| {
            let Some(name) = known.iter().find(|known| **known == name) else {
                let reason = match known {
                    [] => "this party has no endpoints to name".to_owned(),
                    _ => none_of("no such endpoint of this party", &name, known),
                };
                return Err(self.fault("endpoints", reason));
            };
            let place = self.place.member("endpoints").member(name);
            let url = base_of(&url).ok_or_else(|| self.file.fault(&place, BASE_URL))?;
            Ok((*name, url))
        };
        written.into_iter().map(endpoint).collect()
    }

    fn redirect_uris(
        &self,
        hosts: &BTreeMap<&'static str, String>,
        written: Vec<String>,
    ) -> Result<Vec<String>, InputFault> {
        match hosts.get("pgo") {
            None if written.is_empty() => Ok(Vec::new()),
            None => Err(self.fault("redirect_uris", "only a PGO has redirect URIs")),
            Some(front) if written.is_empty() => Ok(vec![format!("{front}/callback")]),
            Some(_) => {
                let place = self.place.member("redirect_uris");
                each(self.file, &place, written, |place, uri: String| {
                    redirect_uri(&uri, self.port).ok_or_else(|| {
                        let reason = "expected an absolute https URL without fragment";
                        self.file.fault(place, reason)
                    })
                })
            }
        }
    }

    fn organisation(
        &self,
        written: Option<String>,
    ) -> Result<Option<OAuthclientOrganisatienaam>, InputFault> {
        match written {
            Some(_) if self.party != Party::Pgo => {
                Err(self.fault("organisation", "only a PGO has a name on the consent page"))
            }
            written => {
                let place = self.place.member("organisation");
                let read = |text: String| {
                    list_text(self.file, &place, &text, "3 to 50 readable characters")
                };
                written.map(read).transpose()
            }
        }
    }
}

/// A base URL, to which paths are added: no slash at its end, no query, one spelling.
fn base_of(text: &str) -> Option<String> {
    let url = on_loopback(text)?;
    let has_one_spelling = url.as_str().trim_end_matches('/') == text;
    (has_one_spelling && url.query().is_none()).then(|| text.to_owned())
}

/// An https URL of a host under localhost: the demo calls nobody else (design §3, demo safety).
fn on_loopback(text: &str) -> Option<Url> {
    let is_plain = text.len() <= URL_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
    let url = Url::parse(text).ok().filter(|_| is_plain)?;
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let host = Hostname::parse(url.host_str()?).ok()?;
    let is_there = url.port() != Some(0) && host.as_str().ends_with(".localhost");
    (url.scheme() == "https" && is_bare && is_there).then_some(url)
}

fn host_of(url: &str) -> Option<Hostname> {
    Hostname::parse(Url::parse(url).ok()?.host_str()?).ok()
}
