//! Trouble on purpose: a party that is slow, down or wrong for as long as somebody wants to see what
//! the others make of it.
//!
//! Trouble stands in front of a party's router, as a network, a broken program or a careless
//! operator would. No rule knows of it. [`Faults`](super::Fault) break one step of one journey;
//! trouble holds for all that a party does, and can be changed while the network runs.

mod wrong;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use futures_util::stream;
use http::Method;
use http::header::{CONTENT_LENGTH, RETRY_AFTER};
use protocol::refusal::ErrorCode;
use serde::{Deserialize, Serialize};

use super::Party;
use crate::clock::Clock;
use crate::keys::Keys;
use crate::web;

/// The longest that a slow party waits, in milliseconds: longer than anybody's patience.
pub const DELAY_MS_MAX: u32 = 60_000;
/// The longest that a busy party asks others to wait, in seconds.
pub const RETRY_AFTER_S_MAX: u16 = 3_600;
/// How far behind the clock of a party is that gives out what is over: longer than any token lives
/// that others judge by its dates.
const BEHIND_S: i64 = 2 * 86_400;

/// What is the matter with a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trouble", rename_all = "snake_case", deny_unknown_fields)]
pub enum Trouble {
    /// Every answer waits so long first.
    Slow {
        /// Milliseconds, at most [`DELAY_MS_MAX`].
        delay_ms: u32,
    },
    /// It answers nothing but 503.
    Down,
    /// It answers nothing but 429.
    Busy {
        /// Its `Retry-After` in seconds, from 1 to [`RETRY_AFTER_S_MAX`].
        retry_after_s: u16,
    },
    /// It refuses every form and message that it is sent, and does nothing of what it is asked.
    Refuses {
        /// With which error.
        error: Refused,
    },
    /// It does what it is asked, and the answer never arrives: the connection breaks.
    Lost,
    /// It answers, and wrongly.
    Wrong {
        /// In which way.
        how: Wrong,
    },
}

/// The error of a party that refuses (RFC 6749 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// What it is offered does not count.
    InvalidGrant,
    /// It does not know who asks.
    InvalidClient,
    /// It does not understand the question.
    InvalidRequest,
}

/// In which way a party is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// What it signs is altered after signing.
    BadSignature,
    /// It calls itself by another name, in metadata and in what it signs.
    WrongIssuer,
    /// Its clock is behind, so that what it gives out is over.
    Expired,
    /// Half of every answer is lost.
    Truncated,
    /// What it signs is about somebody else.
    OtherSubject,
    /// What it signs tells of a lower level of assurance.
    LowerLevel,
    /// Its signed decisions find no mandate: `NotApplicable`.
    NotApplicable,
    /// Its signed decisions decide nothing: `Indeterminate`.
    Indeterminate,
}

impl Wrong {
    /// Every way.
    pub const ALL: [Self; 8] = [
        Self::BadSignature,
        Self::WrongIssuer,
        Self::Expired,
        Self::Truncated,
        Self::OtherSubject,
        Self::LowerLevel,
        Self::NotApplicable,
        Self::Indeterminate,
    ];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadSignature => "bad_signature",
            Self::WrongIssuer => "wrong_issuer",
            Self::Expired => "expired",
            Self::Truncated => "truncated",
            Self::OtherSubject => "other_subject",
            Self::LowerLevel => "lower_level",
            Self::NotApplicable => "not_applicable",
            Self::Indeterminate => "indeterminate",
        }
    }
}

impl Refused {
    const fn code(self) -> ErrorCode {
        match self {
            Self::InvalidGrant => ErrorCode::InvalidGrant,
            Self::InvalidClient => ErrorCode::InvalidClient,
            Self::InvalidRequest => ErrorCode::InvalidRequest,
        }
    }
}

impl Trouble {
    /// Whether it is one that a party may have: no wait beyond [`DELAY_MS_MAX`] or [`RETRY_AFTER_S_MAX`].
    pub const fn is_bounded(self) -> bool {
        match self {
            Self::Slow { delay_ms } => delay_ms <= DELAY_MS_MAX,
            Self::Busy { retry_after_s } => retry_after_s > 0 && retry_after_s <= RETRY_AFTER_S_MAX,
            Self::Down | Self::Refuses { .. } | Self::Lost | Self::Wrong { .. } => true,
        }
    }
}

/// What is the matter with each party of this process. Clones are the same.
#[derive(Clone, Default)]
pub struct Troubles(Arc<Mutex<BTreeMap<Party, Troubled>>>);

/// A party, and its trouble if it has any.
struct Troubled {
    clock: Clock,
    now: Option<Trouble>,
}

impl Troubles {
    /// Lets a party have trouble; `clock` is its own.
    pub(super) fn add(&self, party: Party, clock: Clock) {
        let troubled = Troubled { clock, now: None };
        self.all().insert(party, troubled);
    }

    /// The router with the party's trouble in front of it. Its keys are for the trouble of signing under
    /// another name.
    pub(super) fn before(&self, party: Party, keys: Arc<Keys>, router: Router) -> Router {
        let at = At {
            troubles: self.clone(),
            party,
            keys,
        };
        router.layer(from_fn_with_state(at, trouble))
    }

    /// The parties of this process, each with its trouble.
    pub fn list(&self) -> Vec<(Party, Option<Trouble>)> {
        let all = self.all();
        all.iter()
            .map(|(party, troubled)| (*party, troubled.now))
            .collect()
    }

    /// Gives a party trouble, or takes it away; `false` when the party does not run here.
    pub fn set(&self, party: Party, trouble: Option<Trouble>) -> bool {
        let mut all = self.all();
        let Some(troubled) = all.get_mut(&party) else {
            return false;
        };
        let how = Wrong::Expired;
        let is_behind = trouble == Some(Trouble::Wrong { how });
        troubled.clock.err_by(if is_behind { -BEHIND_S } else { 0 });
        troubled.now = trouble;
        true
    }

    /// Takes every trouble away.
    pub fn reset(&self) {
        let parties: Vec<Party> = self.all().keys().copied().collect();
        for party in parties {
            self.set(party, None);
        }
    }

    fn of(&self, party: Party) -> Option<Trouble> {
        self.all().get(&party)?.now
    }

    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<Party, Troubled>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Troubles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

/// Where trouble stands.
#[derive(Clone)]
struct At {
    troubles: Troubles,
    party: Party,
    keys: Arc<Keys>,
}

async fn trouble(State(at): State<At>, request: Request, next: Next) -> Response {
    match at.troubles.of(at.party) {
        None => next.run(request).await,
        Some(Trouble::Slow { delay_ms }) => {
            tokio::time::sleep(Duration::from_millis(delay_ms.into())).await;
            next.run(request).await
        }
        Some(Trouble::Down) => web::unavailable(),
        Some(Trouble::Busy { retry_after_s }) => {
            let busy = web::json(429, &ErrorCode::TemporarilyUnavailable.body());
            web::with(busy, (RETRY_AFTER, retry_after_s.into()))
        }
        // Others still find its keys, and people its pages.
        Some(Trouble::Refuses { .. }) if request.method() != Method::POST => {
            next.run(request).await
        }
        Some(Trouble::Refuses { error }) => web::refused(error.code()),
        Some(Trouble::Lost) => lost(next.run(request).await),
        Some(Trouble::Wrong { how }) => {
            let answer = next.run(request).await;
            wrong::altered(answer, how, &at.keys).await
        }
    }
}

/// An answer of which nothing arrives but its head.
fn lost(answer: Response) -> Response {
    let (mut head, _) = answer.into_parts();
    head.headers.remove(CONTENT_LENGTH);
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let body = Body::from_stream(stream::iter([Err::<Vec<u8>, _>(broken)]));
    Response::from_parts(head, body)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn trouble_has_one_spelling_on_the_wire() {
        let read = |value| serde_json::from_value::<Trouble>(value);
        let slow = json!({ "trouble": "slow", "delay_ms": 3000 });
        assert_eq!(read(slow).expect("slow"), Trouble::Slow { delay_ms: 3_000 });
        assert_eq!(
            read(json!({ "trouble": "down" })).expect("down"),
            Trouble::Down
        );
        let busy = json!({ "trouble": "busy", "retry_after_s": 7 });
        assert_eq!(
            read(busy).expect("busy"),
            Trouble::Busy { retry_after_s: 7 }
        );
        let refuses = json!({ "trouble": "refuses", "error": "invalid_client" });
        let error = Refused::InvalidClient;
        assert_eq!(read(refuses).expect("refuses"), Trouble::Refuses { error });
        assert_eq!(
            read(json!({ "trouble": "lost" })).expect("lost"),
            Trouble::Lost
        );
        for how in Wrong::ALL {
            let value = json!({ "trouble": "wrong", "how": how.name() });
            assert_eq!(read(value.clone()).expect("wrong"), Trouble::Wrong { how });
            assert_eq!(
                serde_json::to_value(Trouble::Wrong { how }).expect("json"),
                value
            );
        }
        for bad in [
            json!({ "trouble": "slow" }),
            json!({ "trouble": "slow", "delay_ms": -1 }),
            json!({ "trouble": "wrong", "how": "badly" }),
            json!({ "trouble": "gone" }),
            json!({ "trouble": "refuses", "error": "server_error" }),
            json!({}),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_wait_has_a_bound() {
        assert!(
            Trouble::Slow {
                delay_ms: DELAY_MS_MAX
            }
            .is_bounded()
        );
        assert!(
            !Trouble::Slow {
                delay_ms: DELAY_MS_MAX + 1
            }
            .is_bounded()
        );
        for (retry_after_s, is_bounded) in [(0, false), (1, true), (3_600, true), (3_601, false)] {
            assert_eq!(Trouble::Busy { retry_after_s }.is_bounded(), is_bounded);
        }
        assert!(Trouble::Down.is_bounded());
    }

    #[test]
    fn a_party_whose_tokens_are_over_has_a_clock_that_is_behind_and_is_right_again_after() {
        let clock = Clock::system();
        let (troubles, party) = (Troubles::default(), clock.of_party());
        troubles.add(Party::Mitz, party.clone());
        let behind_s = || clock.now().unix() - party.now().unix();
        let expired = Trouble::Wrong {
            how: Wrong::Expired,
        };
        assert!(troubles.set(Party::Mitz, Some(expired)));
        assert!((BEHIND_S - 1..=BEHIND_S + 1).contains(&behind_s()));
        assert!(troubles.set(Party::Mitz, Some(Trouble::Down)));
        assert!(behind_s().abs() <= 1);
        troubles.set(Party::Mitz, Some(expired));
        troubles.reset();
        assert!(behind_s().abs() <= 1);
        assert_eq!(troubles.list(), [(Party::Mitz, None)]);
        assert!(
            !troubles.set(Party::Pgo, Some(Trouble::Down)),
            "it runs elsewhere"
        );
    }
}
