//! Whose turn it is: at the door by address and certificate, in a handler by the client it proved.

use std::net::IpAddr;
use std::sync::Arc;

use super::Peer;
use super::rate::{Rate, TooSoon};
use super::refusal::Refusal;
use super::serve::{Door, network};
use super::site::OpenSite;

/// Takes turns for clients whom only a handler knows: in the extensions of every request.
#[derive(Clone)]
pub struct Turns {
    door: Arc<Door>,
    site: Arc<OpenSite>,
}

/// How many lines of the operator's log one address may cause at the door.
const TOLD: Rate = Rate::new(1, 60);

/// Whose bucket.
#[derive(Hash)]
enum Who<'a> {
    Address(IpAddr),
    Told(IpAddr),
    Certificate([u8; 32]),
    Client(&'a str),
}

impl Turns {
    pub(super) fn new(door: &Arc<Door>, site: &Arc<OpenSite>) -> Self {
        Self {
            door: Arc::clone(door),
            site: Arc::clone(site),
        }
    }

    /// One request of a client that proved itself.
    ///
    /// # Errors
    /// [`TooSoon`]: 429, after which the client should wait. Nothing was counted.
    pub fn of_client(&self, client_id: &str) -> Result<(), TooSoon> {
        let rate = self.site.limits.per_client;
        self.take(&Who::Client(client_id), rate)
    }

    /// One request of whoever is on the other side. A named proxy speaks for many, so its address
    /// does not count.
    pub(super) fn of_peer(&self, peer: &Peer) -> Result<(), Refusal> {
        let limits = &self.site.limits;
        let address = match peer.proxy {
            None => self.take(
                &Who::Address(network(peer.address.ip())),
                limits.per_address,
            ),
            Some(_) => Ok(()),
        };
        let certificate = peer.certificate.as_ref();
        let both = address.and_then(|()| match certificate {
            Some(shown) => self.take(&Who::Certificate(shown.thumbprint), limits.per_client),
            None => Ok(()),
        });
        both.map_err(Refusal::TooOften)
    }

    /// Whether the operator hears of a refusal: who floods us must not flood the log. Where addresses have no
    /// bound, each is told.
    pub(super) fn may_tell(&self, peer: &Peer) -> bool {
        let rate = self.site.limits.per_address.map(|_| TOLD);
        self.take(&Who::Told(network(peer.address.ip())), rate)
            .is_ok()
    }

    fn take(&self, who: &Who<'_>, rate: Option<Rate>) -> Result<(), TooSoon> {
        let Some(rate) = rate else { return Ok(()) };
        let now_ns = u64::try_from(self.door.opened.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let buckets = &self.door.buckets;
        buckets.take((self.site.host.as_str(), who), rate, now_ns)
    }
}
