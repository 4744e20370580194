//! The parties of the demo, their hosts, and where each is reached.

use std::collections::BTreeMap;

use identity::Hostname;

use crate::input::{DvaId, OutsideParties, OutsideParty};

/// A party: its own directory, keys and store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The PGO.
    Pgo,
    /// Mitz: authorization server and consent register.
    Mitz,
    /// The Lokalisatie server of Mitz.
    Lokalisatie,
    /// The DigiD simulator.
    Digid,
    /// The first DVA.
    Dva,
    /// The record systems of its providers.
    Xis,
    /// The second DVA.
    Dva2,
    /// The record systems of its providers.
    Xis2,
    /// The publisher of the lists.
    Stelselnode,
    /// Koppeltaal: the authorization service of its domains, and what stands beside it.
    Koppeltaal,
    /// The FHIR server behind its gateway: a test bed.
    Fhir,
    /// The identity provider of launches.
    Idp,
    /// The portal, which launches.
    Portaal,
    /// The module, which is launched.
    Module,
    /// The publisher of eToegang's service catalogue.
    Aggregator,
    /// The broker of eToegang.
    Hm,
    /// The authentication service of eToegang.
    Ad,
    /// The mandate register of eToegang.
    Mr,
    /// The service provider of eToegang.
    Dv,
    /// The observer.
    Netwerk,
}

impl Party {
    /// Every party, in the order in which they start.
    pub const ALL: [Self; 20] = [
        Self::Netwerk,
        Self::Stelselnode,
        Self::Digid,
        Self::Lokalisatie,
        Self::Mitz,
        Self::Xis,
        Self::Dva,
        Self::Xis2,
        Self::Dva2,
        Self::Pgo,
        Self::Fhir,
        Self::Koppeltaal,
        Self::Idp,
        Self::Module,
        Self::Portaal,
        Self::Aggregator,
        Self::Ad,
        Self::Mr,
        Self::Hm,
        Self::Dv,
    ];

    /// Its name: of its directory, on the command line, and in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pgo => "pgo",
            Self::Mitz => "mitz",
            Self::Lokalisatie => "lokalisatie",
            Self::Digid => "digid",
            Self::Dva => "dva",
            Self::Xis => "xis",
            Self::Dva2 => "dva2",
            Self::Xis2 => "xis2",
            Self::Stelselnode => "stelselnode",
            Self::Koppeltaal => "koppeltaal",
            Self::Fhir => "fhir",
            Self::Idp => "idp",
            Self::Portaal => "portaal",
            Self::Module => "module",
            Self::Aggregator => "aggregator",
            Self::Hm => "hm",
            Self::Ad => "ad",
            Self::Mr => "mr",
            Self::Dv => "dv",
            Self::Netwerk => "netwerk",
        }
    }

    /// Whether it belongs to the chain of MedMij and Mitz, and not to another framework.
    pub const fn is_of_the_chain(self) -> bool {
        !matches!(
            self,
            Self::Koppeltaal
                | Self::Fhir
                | Self::Idp
                | Self::Portaal
                | Self::Module
                | Self::Aggregator
                | Self::Hm
                | Self::Ad
                | Self::Mr
                | Self::Dv
                | Self::Netwerk
        )
    }

    /// The party that is this DVA.
    pub const fn of_dva(dva: DvaId) -> Self {
        match dva {
            DvaId::Dva => Self::Dva,
            DvaId::Dva2 => Self::Dva2,
        }
    }

    /// The party of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|party| party.name() == name)
    }

    /// The host whose name stands in its client certificate.
    pub const fn client_host(self) -> &'static str {
        match self {
            Self::Mitz => "mitz-back",
            Self::Dva => "dva-back",
            Self::Dva2 => "dva2-back",
            Self::Digid => "digid-back",
            other => other.name(),
        }
    }

    /// Its hosts, without `.localhost`.
    pub const fn hosts(self) -> &'static [&'static str] {
        match self {
            Self::Pgo => &["pgo"],
            Self::Mitz => &["mitz", "mitz-back", "toestemmingen"],
            Self::Lokalisatie => &["lokalisatie"],
            Self::Digid => &["digid", "digid-back"],
            Self::Dva => &["dva", "dva-back", "discovery"],
            Self::Xis => &["xis"],
            Self::Dva2 => &["dva2", "dva2-back", "discovery2"],
            Self::Xis2 => &["xis2"],
            Self::Stelselnode => &["stelselnode"],
            Self::Koppeltaal => &["koppeltaal"],
            Self::Fhir => &["fhir"],
            Self::Idp => &["idp"],
            Self::Portaal => &["portaal"],
            Self::Module => &["module"],
            Self::Aggregator => &["aggregator"],
            Self::Hm => &["hm"],
            Self::Ad => &["ad"],
            Self::Mr => &["mr"],
            Self::Dv => &["dv"],
            Self::Netwerk => &["netwerk"],
        }
    }
}

/// Where the hosts are reached: one port, but for parties that run in a process of their own and
/// those that somebody else's server plays.
#[derive(Clone, Debug)]
pub struct Hosts {
    port: u16,
    elsewhere: BTreeMap<Party, u16>,
    outside: OutsideParties,
}

impl Hosts {
    /// Every host at `port`, but for those of the parties `elsewhere`.
    pub const fn new(port: u16, elsewhere: BTreeMap<Party, u16>) -> Self {
        Self {
            port,
            elsewhere,
            outside: OutsideParties::new(),
        }
    }

    /// The same, but for the parties that somebody else's server plays.
    #[must_use]
    pub fn with_outside(self, outside: OutsideParties) -> Self {
        Self { outside, ..self }
    }

    /// The party, if somebody else's server plays it.
    pub fn outside(&self, party: Party) -> Option<&OutsideParty> {
        self.outside.get(&party)
    }

    /// The name in the client certificate of a party.
    ///
    /// # Errors
    /// As [`hostname`].
    pub fn node(&self, party: Party) -> Result<Hostname, String> {
        match self.outside(party) {
            Some(outside) => Ok(outside.node.clone()),
            None => hostname(party.client_host()),
        }
    }

    /// The port of the hosts that are not elsewhere.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The port of a party.
    pub fn port_of(&self, party: Party) -> u16 {
        self.elsewhere.get(&party).copied().unwrap_or(self.port)
    }

    /// The base URL of a host: `https://mitz-back.localhost:8443`, without a slash at its end.
    pub fn url(&self, host: &str) -> String {
        let of_it = |party: &Party| party.hosts().contains(&host);
        let party = Party::ALL.into_iter().find(of_it);
        let outside = party.and_then(|party| self.outside(party)?.hosts.get(host));
        if let Some(url) = outside {
            return url.clone();
        }
        let port = party.map_or(self.port, |party| self.port_of(party));
        format!("https://{host}.localhost:{port}")
    }

    /// Every host with its base URL.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        let hosts = Party::ALL.into_iter().flat_map(Party::hosts);
        hosts.map(|host| (*host, self.url(host)))
    }
}

/// The full name of a host of the demo.
///
/// # Errors
/// A text, when `host` is no host name; those of [`Party::hosts`] are.
pub fn hostname(host: &str) -> Result<Hostname, String> {
    Hostname::parse(&format!("{host}.localhost")).map_err(|_| format!("{host} is no host name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_of_every_party_is_a_host_name_and_belongs_to_one() {
        let hosts: Vec<&str> = Party::ALL.iter().flat_map(|p| p.hosts()).copied().collect();
        for (at, host) in hosts.iter().enumerate() {
            assert!(hostname(host).is_ok(), "{host}");
            assert!(!hosts[..at].contains(host), "{host} belongs to two parties");
        }
        for party in Party::ALL {
            assert_eq!(Party::named(party.name()), Some(party));
            assert!(party.hosts().contains(&party.client_host()));
        }
    }

    #[test]
    fn a_party_elsewhere_has_its_own_port() {
        let hosts = Hosts::new(8443, BTreeMap::from([(Party::Dva2, 9443)]));
        assert_eq!(hosts.url("dva2-back"), "https://dva2-back.localhost:9443");
        assert_eq!(hosts.url("dva-back"), "https://dva-back.localhost:8443");
    }
}
