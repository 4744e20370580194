//! Which addresses may be called.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::timeout;
use url::Host;

/// How long a name may take to be looked up, when nothing is sent there yet.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);

/// Where calls may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// The demo: `localhost` and the names under it, which are 127.0.0.1 without anybody being
    /// asked (RFC 6761 §6.3), and literal loopback addresses. No name is ever looked up.
    LoopbackOnly,
    /// This one host, which the operator named, wherever it is: a host name in lower case. Names
    /// under `localhost` are loopback here, too.
    Named(String),
    /// Any host at a public address, and these hosts, which the operator named, wherever they are
    /// (design §5 "outgoing requests to registered URLs"). Addresses are looked at at every
    /// connection, after the name was looked up.
    Public {
        /// Host names in lower case.
        and: BTreeSet<String>,
    },
}

impl Addresses {
    /// Whether a call to this host may begin. A name may still turn out to lead elsewhere: see
    /// [`Resolver`].
    pub(super) fn allow(&self, host: &Host<&str>) -> bool {
        match (self, host) {
            (Self::LoopbackOnly, Host::Domain(name)) => is_under_localhost(name),
            (Self::LoopbackOnly, Host::Ipv4(ip)) => ip.is_loopback(),
            (Self::LoopbackOnly, Host::Ipv6(ip)) => ip.is_loopback(),
            (Self::Named(named), host) => host.to_string() == *named,
            (Self::Public { and }, host) if and.contains(&host.to_string()) => true,
            (Self::Public { .. }, Host::Domain(name)) => !is_under_localhost(name),
            (Self::Public { .. }, Host::Ipv4(ip)) => is_public(IpAddr::V4(*ip)),
            (Self::Public { .. }, Host::Ipv6(ip)) => is_public(IpAddr::V6(*ip)),
        }
    }

    /// Whether `name` leads to an address that may be called, or to none at all just now.
    pub(super) async fn may_lead(&self, name: &str) -> bool {
        match self {
            Self::LoopbackOnly | Self::Named(_) => return true,
            Self::Public { and } if and.contains(&name.to_ascii_lowercase()) => return true,
            Self::Public { .. } => {}
        }
        match timeout(LOOKUP_TIMEOUT, tokio::net::lookup_host((name, 0))).await {
            Ok(Ok(found)) => {
                let found: Vec<SocketAddr> = found.collect();
                found.is_empty() || !self.among(name, found.into_iter()).is_empty()
            }
            Ok(Err(_)) | Err(_) => true,
        }
    }

    /// The addresses of `name` that may be called.
    fn among(&self, name: &str, found: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
        let anywhere = match self {
            Self::LoopbackOnly | Self::Named(_) => true,
            Self::Public { and } => and.contains(&name.to_ascii_lowercase()),
        };
        found
            .filter(|address| anywhere || is_public(address.ip()))
            .collect()
    }
}

/// Answers for names under `localhost` without asking anybody, and asks the system for others that
/// may be called.
pub(super) struct Resolver(pub(super) Addresses);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.0.clone();
        Box::pin(async move {
            if !addresses.allow(&Host::Domain(name.as_str())) {
                return Err("the name is not among those that may be called".into());
            }
            // Port 0 stands for the port of the URL.
            if is_under_localhost(name.as_str()) {
                let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                return Ok(Box::new(std::iter::once(loopback)) as Addrs);
            }
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed = addresses.among(name.as_str(), found);
            if allowed.is_empty() {
                return Err("the name leads to no address that may be called".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn is_under_localhost(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether an address is of the internet: not private, local to a link or a host, shared, reserved, for
/// documentation, or one of those in another spelling (IANA's special-purpose address registries).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [first, second, third, _] = ip.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    let is_for_protocols = (first, second, third) == (192, 0, 0);
    let is_for_measuring = first == 198 && (18..20).contains(&second);
    let is_reserved = first == 0 || first >= 224;
    !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_documentation())
        && !(is_shared || is_for_protocols || is_for_measuring || is_reserved)
}

/// Only what is given out as global unicast (2000::/3), and none of what carries an IPv4 address.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let is_global = first & 0xe000 == 0x2000;
    let is_for_documentation = (first, second) == (0x2001, 0xdb8) || first == 0x3fff;
    let is_tunnel = first == 0x2002 || (first, second) == (0x2001, 0);
    is_global && !is_for_documentation && !is_tunnel
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(and: &[&str]) -> Addresses {
        let and = and.iter().map(|host| (*host).to_owned()).collect();
        Addresses::Public { and }
    }

    #[tokio::test]
    async fn the_resolver_knows_loopback_names_only() {
        let resolve = async |name: &str| {
            let name = name.parse().expect("a name");
            Resolver(Addresses::LoopbackOnly)
                .resolve(name)
                .await
                .map(Iterator::collect::<Vec<_>>)
        };
        let loopback: SocketAddr = ([127, 0, 0, 1], 0).into();
        assert_eq!(resolve("pgo.localhost").await.expect("known"), [loopback]);
        assert!(resolve("example.com").await.is_err());
    }

    #[test]
    fn a_name_that_leads_to_a_private_address_is_not_called_unless_it_was_named() {
        let addresses = public(&["xis.internal"]);
        let found = ["10.1.2.3:0", "8.8.8.8:0", "[::ffff:10.0.0.1]:0", "[::1]:0"];
        let found = || {
            found
                .map(|text| text.parse().expect("an address"))
                .into_iter()
        };
        let outside: SocketAddr = "8.8.8.8:0".parse().expect("an address");
        assert_eq!(addresses.among("dva.example.nl", found()), [outside]);
        assert_eq!(addresses.among("XIS.internal", found()).len(), 4);
    }

    #[test]
    fn no_spelling_of_a_private_address_is_public() {
        for private in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.7",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "64:ff9b::a00:1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2002:a00:1::",
            "2001::1",
        ] {
            assert!(
                !is_public(private.parse().expect("an address")),
                "{private}"
            );
        }
        for public in ["8.8.8.8", "145.21.1.1", "2a01:7c8::1", "2001:67c::1"] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
    }

    #[test]
    fn a_host_under_localhost_is_called_in_production_only_when_it_was_named() {
        let own = Host::Domain("mitz.localhost");
        assert!(!public(&[]).allow(&own));
        assert!(public(&["mitz.localhost"]).allow(&own));
        assert!(!public(&[]).allow(&Host::Ipv4(Ipv4Addr::LOCALHOST)));
    }
}
