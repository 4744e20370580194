//! Whom the parties of the demo believe, and the certificates that the demo makes for outside parties.

use std::path::{Path, PathBuf};

use identity::Hostname;
use url::Url;

use super::ready::client_files;
use super::{Foundation, Party};
use crate::certificates::{KeyFiles, private_directory};
use crate::input::{ClientAuth, OutsideParty};
use crate::trust::{Confined, Revocation, Trust};

/// Whom every party believes: the demo's own authority and those of `trust/` about any name, that of
/// an outside party about its own names, and the certificates that clients brought as they are.
pub(super) fn of(on: &Foundation) -> Trust {
    let own = on.authority.certificate().clone();
    let input = &on.input;
    let of_clients = input
        .clients
        .iter()
        .filter_map(|client| match &client.auth {
            ClientAuth::SelfSigned(certificate) => Some(certificate.clone()),
            ClientAuth::TlsClientAuth(_) | ClientAuth::PrivateKeyJwt(_) => None,
        });
    let outside = input.parties.values();
    let of_parties = outside
        .clone()
        .filter_map(|party| party.certificate.clone());
    let confined = outside.filter(|party| !party.roots.is_empty());
    Trust {
        roots: [own]
            .into_iter()
            .chain(input.trust.iter().cloned())
            .collect(),
        confined: confined.map(confined_to_its_names).collect(),
        pinned: of_clients.chain(of_parties).collect(),
        revocation: Revocation::Unchecked,
    }
}

fn confined_to_its_names(party: &OutsideParty) -> Confined {
    Confined {
        roots: party.roots.clone(),
        names: party.names(),
    }
}

/// Where the certificates lie that the demo makes for an outside party: one for each of its servers,
/// and one with which it calls others.
pub(super) struct Issued {
    /// By host name.
    pub(super) servers: Vec<(Hostname, KeyFiles)>,
    /// None when it brought a certificate of its own.
    pub(super) client: Option<KeyFiles>,
}

/// What the demo makes for an outside party that no authority of its own vouches for.
pub(super) fn issued(state: &Path, party: Party, outside: &OutsideParty) -> Option<Issued> {
    if !outside.roots.is_empty() {
        return None;
    }
    let directory = directory(state, party);
    let servers = outside.hosts.values().filter_map(|url| host(url));
    let mut servers: Vec<_> = servers
        .map(|host| (host.clone(), KeyFiles::server(&directory, &host)))
        .collect();
    servers.sort_by(|(a, _), (b, _)| a.cmp(b));
    servers.dedup_by(|(a, _), (b, _)| a == b);
    // A PGO is a client of Mitz and gets its certificate as such.
    let client = match party {
        Party::Pgo => client_files(state, &outside.node).ok(),
        _ => Some(KeyFiles::client(&directory, &outside.node)),
    };
    Some(Issued {
        servers,
        client: client.filter(|_| outside.certificate.is_none()),
    })
}

/// Makes them, each where it is not there yet or about to end.
pub(super) fn issue(on: &Foundation) -> Result<(), String> {
    for (party, outside) in &on.input.parties {
        let Some(issued) = issued(&on.state, *party, outside) else {
            continue;
        };
        let (directory, now) = (directory(&on.state, *party), on.clock.wall());
        private_directory(&on.state.join("outside")).map_err(|fault| fault.to_string())?;
        private_directory(&directory).map_err(|fault| fault.to_string())?;
        for (host, _) in &issued.servers {
            let made = on.authority.server(&directory, host, now);
            made.map_err(|fault| fault.to_string())?;
        }
        if issued.client.is_some() && *party != Party::Pgo {
            let made = on.authority.client(&directory, &outside.node, now);
            made.map_err(|fault| fault.to_string())?;
        }
    }
    Ok(())
}

fn directory(state: &Path, party: Party) -> PathBuf {
    state.join("outside").join(party.name())
}

fn host(url: &str) -> Option<Hostname> {
    Hostname::parse(Url::parse(url).ok()?.host_str()?).ok()
}
