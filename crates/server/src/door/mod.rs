//! The door: from bytes on a socket to a bounded request from a known peer, and back.
//!
//! One listener serves many [`Site`]s. The TLS server name chooses the site; a connection that
//! names none of them is closed. Within a connection each request must be for that very site, or it
//! gets 421: a client certificate shown to one host proves nothing to another. Session tickets
//! belong to one site for the same reason.
//!
//! Before a site's router sees a request, it is whole: its head within bounds, its body read,
//! within the site's limit and in time, and it is its sender's turn (429, [`Rate`]) and there is room
//! (503). Behind a proxy that the site names, who asks is whom the proxy tells of (`Client-Cert`). A handler finds in the request's extensions who asks
//! ([`Peer`]) and under which number ([`TraceId`]); the answer leaves with that number and with the
//! headers that every answer bears. A handler that panics answers 500 without a word, and one may ask that
//! the connection ends without any ([`unanswered`]). What is refused
//! here is told to the operator's log ([`Sites::telling`]). One kind of answer is not ours: a head that
//! hyper cannot read, or that is over twice our bounds, gets its bare 400, 414 or 431.
//!
//! The door knows no framework and reads no token. Whoever wants to disturb a site (the demo's
//! faults) wraps its [`Router`](axum::Router) in a layer of his own.
//!
//! Start reading at [`serve`], then `visit`.

mod body;
mod challenge;
mod connection;
mod peer;
mod proxy;
mod rate;
mod refusal;
mod serve;
mod site;
mod trace;
mod turns;
mod visit;

use std::time::Duration;

pub use peer::{Peer, PeerCertificate};
pub use rate::{Rate, TooSoon};
pub use serve::{Drained, Stop, Stopping, serve, stop};
pub use site::{ClientCertificates, Limits, Site, SiteFault, Sites};
pub use trace::TraceId;
pub use turns::Turns;
pub use visit::{is_unanswered, lasting, unanswered};

/// The bounds that hold for the listener as a whole.
#[derive(Clone, Copy, Debug)]
pub struct House {
    /// Open connections, all together. Further ones wait in the operating system's queue.
    pub connections_max: usize,
    /// Open connections from one IPv4 address or one IPv6 /64. Further ones are closed at once.
    pub connections_per_address_max: usize,
    /// From the accepted connection to the end of the TLS handshake.
    pub handshake_timeout: Duration,
    /// For the head of a request. On HTTP/1.1 it also bounds the rest between two requests: there
    /// the wait for the next head begins when the previous answer is out. A client should drop
    /// idle connections sooner than this.
    pub header_timeout: Duration,
    /// Rest on an HTTP/2 connection after which (and before twice of which) it is ended; likewise
    /// the time that a client may take to read an answer on either version.
    pub idle_timeout: Duration,
    /// The head of a request, request line included. At least 8192.
    pub header_bytes_max: u32,
    /// The target of a request: path and query.
    pub uri_bytes_max: usize,
    /// Memory for bodies that are being read, all connections together. One address has a quarter of it.
    pub bodies_bytes_max: usize,
    /// For running requests, from the wish to stop to the moment when connections are cut.
    pub drain_timeout: Duration,
    /// Whether answers tell browsers to use nothing but TLS for this host from now on (RFC 6797).
    /// Off in the demo: a browser would remember it for `localhost` names of other programs.
    pub strict_transport_security: bool,
}

impl Default for House {
    fn default() -> Self {
        Self {
            connections_max: 4096,
            connections_per_address_max: 1024,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_mins(1),
            header_bytes_max: 32 * 1024,
            uri_bytes_max: 8 * 1024,
            bodies_bytes_max: 64 * 1024 * 1024,
            drain_timeout: Duration::from_secs(10),
            strict_transport_security: false,
        }
    }
}
