//! When a refusal leaves that could tell of a treatment relation (design §5 "equality of refusals",
//! docs/decisions/0010).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Such a refusal leaves this long after its request came, or twice as long, and so on: later than Mitz and a
/// record system that work need to answer.
const STEP: Duration = Duration::from_millis(1_500);
/// For so long all of them wait as long as the slowest of them did.
const KEPT: Duration = Duration::from_mins(10);

/// How long such refusals take now.
#[derive(Default)]
pub(super) struct Alike(Mutex<Option<Slowest>>);

/// How long one took, and when that was.
#[derive(Clone, Copy)]
struct Slowest {
    took: Duration,
    at: Instant,
}

impl Alike {
    /// Waits until a refusal may leave whose request came at `arrived`. Where a record system is slow, those
    /// wait as well that did not have to ask it, so that the time tells of the system and of nobody.
    pub(super) async fn wait(&self, arrived: Instant) {
        tokio::time::sleep_until(arrived + self.takes(arrived, Instant::now())).await;
    }

    fn takes(&self, arrived: Instant, now: Instant) -> Duration {
        let took = whole_steps(now.duration_since(arrived));
        let mut slowest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = slowest.filter(|held| now.duration_since(held.at) < KEPT);
        match held {
            Some(held) if held.took > took => held.took,
            _ => {
                *slowest = Some(Slowest { took, at: now });
                took
            }
        }
    }
}

/// The next whole number of steps, one at least.
fn whole_steps(took: Duration) -> Duration {
    let steps = took.as_millis().div_ceil(STEP.as_millis()).max(1);
    STEP * u32::try_from(steps).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// design §5
    #[test]
    fn refusals_leave_at_whole_steps_and_as_late_as_the_slowest_of_the_last_ten_minutes() {
        let (alike, start) = (Alike::default(), Instant::now());
        let ms = Duration::from_millis;
        let takes = |at: Duration, took: Duration| {
            let arrived = start + at;
            alike.takes(arrived, arrived + took)
        };
        assert_eq!(takes(ms(0), ms(3)), ms(1_500));
        assert_eq!(takes(ms(0), ms(1_500)), ms(1_500));
        // A record system is slow: whoever needs no answer of it waits as well.
        assert_eq!(takes(ms(10), ms(1_501)), ms(3_000));
        assert_eq!(takes(ms(5_000), ms(3)), ms(3_000));
        assert_eq!(takes(ms(6_000), ms(4_000)), ms(4_500));
        assert_eq!(takes(ms(7_000), ms(1_600)), ms(4_500));
        // It works again.
        assert_eq!(takes(KEPT + ms(20_000), ms(3)), ms(1_500));
    }
}
