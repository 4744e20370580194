//! Bodies, read whole before anybody looks at them.
//!
//! Room is taken as bytes come, not as they are announced: who promises a long body and sends none of it
//! keeps nobody out. Of all room one address has a quarter.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::refusal::Refusal;
use super::serve::network;
use super::{Limits, Peer};

/// Of a body that is refused for its size, so much more is read and thrown away, so that a client
/// that writes before it reads gets to the answer instead of a broken connection.
const DISCARD_BYTES_MAX: usize = 1024 * 1024;
/// For at most so long.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

/// Room is taken this much at a time, or as much as a body needs.
const STEP_KIB: u32 = 16;
/// The part of all room that one address may have: one of so many.
const SHARES: u32 = 4;

/// The memory in which bodies of all connections are read, counted in KiB.
pub(super) struct ReadingRoom {
    free_kib: Semaphore,
    kib: u32,
    /// How much each address has; those that have none are not in it.
    taken_kib: Mutex<HashMap<IpAddr, u32>>,
}

/// The room of one body, given back when dropped.
struct Room<'r> {
    of: &'r ReadingRoom,
    kib: u32,
    permits: Option<SemaphorePermit<'r>>,
    /// Nobody where a proxy speaks for many.
    whose: Option<IpAddr>,
}

impl ReadingRoom {
    pub(super) fn new(bytes: usize) -> Self {
        let kib = kib(bytes);
        Self {
            free_kib: Semaphore::new(kib as usize),
            kib,
            taken_kib: Mutex::default(),
        }
    }

    /// The whole body, or why there is none: longer than the limit (as announced or as counted),
    /// not there in time, broken off, or no room to read it in.
    pub(super) async fn read(
        &self,
        mut body: Incoming,
        peer: &Peer,
        limits: &Limits,
        waits_for_100: bool,
    ) -> Result<Bytes, Refusal> {
        if body.is_end_stream() {
            return Ok(Bytes::new());
        }
        let announced = body.size_hint().exact();
        let read = if announced.is_some_and(|bytes| bytes > limits.body_bytes_max as u64) {
            Err(Refusal::BodyTooLarge)
        } else {
            let room = Room::of(self, peer);
            timeout(limits.body_timeout, collect(&mut body, room, limits))
                .await
                .unwrap_or(Err(Refusal::BodyTooSlow))
        };
        // A client that waits for "100 Continue" has sent nothing yet and need not send it at all.
        if read == Err(Refusal::BodyTooLarge) && !waits_for_100 {
            // Whether the client is done by then makes no difference to the answer.
            let _ = timeout(DISCARD_TIMEOUT, discard(&mut body)).await;
        }
        read
    }
}

impl<'r> Room<'r> {
    fn of(reading_room: &'r ReadingRoom, peer: &Peer) -> Self {
        Self {
            of: reading_room,
            kib: 0,
            permits: None,
            whose: peer.proxy.is_none().then(|| network(peer.address.ip())),
        }
    }

    /// Makes it large enough for so many bytes. Waits for others to leave, half of the time that a body may
    /// take.
    async fn hold(&mut self, bytes: usize, limits: &Limits) -> Result<(), Refusal> {
        let wanted = kib(bytes).min(self.of.kib);
        if wanted <= self.kib {
            return Ok(());
        }
        let most = kib(limits.body_bytes_max).min(self.of.kib);
        let more = wanted.next_multiple_of(STEP_KIB).min(most).max(wanted) - self.kib;
        self.take_share(more, most)?;
        let room = self.of.free_kib.acquire_many(more);
        let Ok(Ok(room)) = timeout(limits.body_timeout / 2, room).await else {
            return Err(Refusal::Busy);
        };
        match &mut self.permits {
            Some(permits) => permits.merge(room),
            None => self.permits = Some(room),
        }
        Ok(())
    }

    /// Counts `more` for the address, whose share is a quarter, and one body of `most` in any case.
    fn take_share(&mut self, more: u32, most: u32) -> Result<(), Refusal> {
        if let Some(whose) = self.whose {
            let mut taken = self.of.taken();
            let has = taken.get(&whose).copied().unwrap_or_default();
            if has + more > (self.of.kib / SHARES).max(most) {
                return Err(Refusal::Busy);
            }
            taken.insert(whose, has + more);
        }
        self.kib += more;
        Ok(())
    }
}

impl ReadingRoom {
    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.taken_kib
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let Some(whose) = self.whose.filter(|_| self.kib > 0) else {
            return;
        };
        let mut taken = self.of.taken();
        if let Some(has) = taken.get_mut(&whose) {
            *has -= self.kib;
            if *has == 0 {
                taken.remove(&whose);
            }
        }
    }
}

async fn collect(
    body: &mut Incoming,
    mut room: Room<'_>,
    limits: &Limits,
) -> Result<Bytes, Refusal> {
    let max = limits.body_bytes_max;
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::BodyBroken)?;
        // Trailers mean nothing to us.
        if let Ok(data) = frame.into_data() {
            if data.len() > max - bytes.len() {
                return Err(Refusal::BodyTooLarge);
            }
            room.hold(bytes.len() + data.len(), limits).await?;
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.into())
}

async fn discard(body: &mut Incoming) {
    let mut bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        bytes += frame.data_ref().map_or(0, Bytes::len);
        if bytes > DISCARD_BYTES_MAX {
            return;
        }
    }
}

/// In KiB, rounded up.
fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        body_bytes_max: 1024,
        body_timeout: Duration::from_millis(40),
        running_max: 1,
        per_address: None,
        per_client: None,
    };

    fn peer(last: u8) -> Peer {
        Peer::new(None, ([192, 0, 2, last], 1).into())
    }

    #[tokio::test]
    async fn an_address_has_a_quarter_of_the_room_and_gives_it_back() {
        let room = ReadingRoom::new(8 * 1024);
        let hold = async |last| {
            let mut body = Room::of(&room, &peer(last));
            body.hold(1000, &LIMITS).await.map(|()| body)
        };
        let (first, second) = (hold(1).await, hold(1).await);
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(hold(1).await.err(), Some(Refusal::Busy));
        assert!(hold(2).await.is_ok());
        drop(first);
        assert!(hold(1).await.is_ok());
        drop(second);
        assert!(room.taken().is_empty());
    }

    #[tokio::test]
    async fn where_all_room_is_taken_a_body_waits_and_then_is_told_to_come_back() {
        let room = ReadingRoom::new(2 * 1024);
        let (mut one, mut other, mut third) = (
            Room::of(&room, &peer(1)),
            Room::of(&room, &peer(2)),
            Room::of(&room, &peer(3)),
        );
        assert_eq!(one.hold(1000, &LIMITS).await, Ok(()));
        assert_eq!(other.hold(1000, &LIMITS).await, Ok(()));
        assert_eq!(third.hold(1, &LIMITS).await, Err(Refusal::Busy));
        drop((one, third));
        let mut fourth = Room::of(&room, &peer(4));
        assert_eq!(fourth.hold(1, &LIMITS).await, Ok(()));
        assert_eq!(
            fourth.hold(1000, &LIMITS).await,
            Ok(()),
            "it grows within what it has"
        );
    }

    #[tokio::test]
    async fn a_proxy_that_speaks_for_many_has_no_share() {
        let room = ReadingRoom::new(4 * 1024);
        let behind = Peer {
            proxy: identity::Hostname::parse("proxy.localhost").ok(),
            ..peer(1)
        };
        let mut bodies: Vec<_> = (0..4).map(|_| Room::of(&room, &behind)).collect();
        for body in &mut bodies {
            assert_eq!(body.hold(1000, &LIMITS).await, Ok(()));
        }
        assert!(room.taken().is_empty());
    }
}
