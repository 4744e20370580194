//! Bodies, read whole before anybody looks at them.

use std::time::Duration;

use axum::body::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Limits;
use super::refusal::Refusal;

/// Of a body that is refused for its size, so much more is read and thrown away, so that a client
/// that writes before it reads gets to the answer instead of a broken connection.
const DISCARD_BYTES_MAX: usize = 1024 * 1024;
/// For at most so long.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

/// The memory in which bodies of all connections are read, counted in KiB.
pub(super) struct ReadingRoom {
    free_kib: Semaphore,
    kib: u32,
}

impl ReadingRoom {
    pub(super) fn new(bytes: usize) -> Self {
        let kib = kib(bytes);
        Self {
            free_kib: Semaphore::new(kib as usize),
            kib,
        }
    }

    /// The whole body, or why there is none: longer than the limit (as announced or as counted),
    /// not there in time, broken off, or no room to read it in.
    pub(super) async fn read(
        &self,
        mut body: Incoming,
        limits: &Limits,
        waits_for_100: bool,
    ) -> Result<Bytes, Refusal> {
        if body.is_end_stream() {
            return Ok(Bytes::new());
        }
        let max = limits.body_bytes_max;
        let announced = body.size_hint().exact().map(usize::try_from);
        let read = match announced {
            Some(Ok(bytes)) if bytes <= max => self.take(&mut body, bytes, max, limits).await,
            Some(_) => Err(Refusal::BodyTooLarge),
            None => self.take(&mut body, max, max, limits).await,
        };
        // A client that waits for "100 Continue" has sent nothing yet and need not send it at all.
        if read == Err(Refusal::BodyTooLarge) && !waits_for_100 {
            // Whether the client is done by then makes no difference to the answer.
            let _ = timeout(DISCARD_TIMEOUT, discard(&mut body)).await;
        }
        read
    }

    /// Reads up to `max` bytes into room for `expected`.
    async fn take(
        &self,
        body: &mut Incoming,
        expected: usize,
        max: usize,
        limits: &Limits,
    ) -> Result<Bytes, Refusal> {
        let room = self.free_kib.acquire_many(kib(expected).min(self.kib));
        let Ok(Ok(_room)) = timeout(limits.body_timeout, room).await else {
            return Err(Refusal::Busy);
        };
        timeout(limits.body_timeout, collect(body, max))
            .await
            .unwrap_or(Err(Refusal::BodyTooSlow))
    }
}

async fn collect(body: &mut Incoming, max: usize) -> Result<Bytes, Refusal> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::BodyBroken)?;
        // Trailers mean nothing to us.
        if let Ok(data) = frame.into_data() {
            if data.len() > max - bytes.len() {
                return Err(Refusal::BodyTooLarge);
            }
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
