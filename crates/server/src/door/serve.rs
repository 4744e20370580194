//! The accept loop.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::body::ReadingRoom;
use super::connection::{End, welcome};
use super::rate::Buckets;
use super::{House, Sites};

/// After a failed accept (no file descriptor left, most likely) the loop rests this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves the sites on the listener until told to stop, then lets running requests finish until
/// `house.drain_timeout`. The sites are looked up anew for each connection and checked after each
/// request, so storing other [`Sites`] takes effect at once. Errs only when the listener cannot
/// tell its own port.
pub async fn serve(
    listener: TcpListener,
    sites: Arc<ArcSwap<Sites>>,
    house: House,
    mut stopping: Stopping,
) -> io::Result<Drained> {
    let door = Arc::new(Door {
        port: listener.local_addr()?.port(),
        sites,
        reading_room: ReadingRoom::new(house.bodies_bytes_max),
        buckets: Buckets::default(),
        opened: Instant::now(),
        house,
    });
    let places = Arc::new(Places::default());
    let mut connections = JoinSet::new();
    loop {
        let has_room = connections.len() < house.connections_max;
        let accepted = tokio::select! {
            () = stopping.wait() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept(), if has_room => accepted,
        };
        let Ok((stream, address)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let per_address = house.connections_per_address_max;
        if let Some(place) = places.take(address.ip(), per_address) {
            let (door, stopping) = (Arc::clone(&door), stopping.clone());
            connections.spawn(welcome(door, stream, address, place, stopping));
        }
    }
    // New clients are refused from here on, not kept waiting.
    drop(listener);
    Ok(drain(connections, house.drain_timeout).await)
}

/// How the door closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that still had a running request at the deadline and were cut off.
    pub cut: usize,
}

async fn drain(mut connections: JoinSet<End>, limit: Duration) -> Drained {
    let mut cut = 0;
    let all = async {
        while let Some(end) = connections.join_next().await {
            cut += usize::from(!matches!(end, Ok(End::Clean)));
        }
    };
    // Every connection keeps the same deadline itself; this is for one that cannot.
    let in_time = timeout(limit + ACCEPT_PAUSE, all).await.is_ok();
    if !in_time {
        cut += connections.len();
        connections.shutdown().await;
    }
    Drained { cut }
}

/// What all connections of a door share.
pub(super) struct Door {
    pub(super) port: u16,
    pub(super) house: House,
    pub(super) sites: Arc<ArcSwap<Sites>>,
    pub(super) reading_room: ReadingRoom,
    pub(super) buckets: Buckets,
    /// From here on the buckets count time.
    pub(super) opened: Instant,
}

/// A switch and what it switches: when the [`Stop`] is used, or dropped, everybody who holds the
/// [`Stopping`] finds out.
pub fn stop() -> (Stop, Stopping) {
    let (sender, receiver) = watch::channel(false);
    (Stop(sender), Stopping(receiver))
}

/// Stops a door.
#[derive(Debug)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    /// Tells everybody to finish.
    pub fn now(&self) {
        self.0.send_replace(true);
    }
}

/// Learns that it is time to stop.
#[derive(Clone, Debug)]
pub struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Waits until it is time to stop.
    pub async fn wait(&mut self) {
        // An error says that the switch is gone: nobody could stop us any more.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// How many connections each address has.
#[derive(Default)]
struct Places {
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection's share, given back when dropped.
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    fn take(self: &Arc<Self>, address: IpAddr, max: usize) -> Option<Place> {
        let address = network(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(Place {
            places: Arc::clone(self),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let places = &self.places.taken;
        let mut taken = places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

/// An IPv4 address as it is; of an IPv6 address the first 64 bits, which is what one customer gets.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_gets_so_many_places_and_gives_them_back() {
        let places = Arc::new(Places::default());
        let first = places.take(ip("192.0.2.1"), 2);
        let second = places.take(ip("192.0.2.1"), 2);
        assert!(first.is_some() && second.is_some());
        assert!(places.take(ip("192.0.2.1"), 2).is_none());
        assert!(places.take(ip("192.0.2.2"), 2).is_some());
        drop(first);
        assert!(places.take(ip("192.0.2.1"), 2).is_some());
        drop(second);
        assert!(places.taken.lock().expect("not poisoned").is_empty());
    }

    #[test]
    fn ipv6_counts_by_network_and_mapped_ipv4_as_ipv4() {
        assert_eq!(network(ip("2001:db8::1")), network(ip("2001:db8::ffff:2")));
        assert_ne!(network(ip("2001:db8::1")), network(ip("2001:db8:0:1::1")));
        assert_eq!(network(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }
}
