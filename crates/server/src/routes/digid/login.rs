//! A login under way: what a service asked, and what the person chose.

use std::net::IpAddr;

use identity::{Bsn, Loa};
use saml::artifact_response::reported_level;
use saml::authn_request::{Comparison, Received, RequestedLevel};
use saml::entrance;
use saml::incoming::Denial;
use serde::{Deserialize, Serialize};
use verdict::{Actor, Entropy, Event, Key, Moment, Space};

use super::Dienst;
use super::answer::{Ending, Legal};
use super::end::{End, How, LoggedIn};

/// How long a person may take to log in, in seconds (design §5 "front channel": at most 15 minutes).
pub(super) const LOGIN_S: u32 = 900;
/// How much longer a login that ended is remembered, in seconds, so that no cookie outlives it.
const SPARE_S: u32 = 60;
/// The longest name of a service that the page shows, in characters.
const NAME_CHARS_MAX: usize = 80;

/// Logins that ended.
pub(super) const ENDED: Space = Space("digid.login");

/// What the browser's cookie holds while a person picks somebody to be. Versioned data by being
/// short-lived: a cookie of another version is no login.
#[derive(Serialize, Deserialize)]
pub(super) struct Login {
    /// Random; names the cookie and marks the login as ended.
    pub(super) id: String,
    /// Who asks, and how the answer gets there.
    #[serde(flatten)]
    pub(super) asker: Asker,
    /// What the page calls the service.
    pub(super) service: String,
    #[serde(with = "ComparisonText")]
    comparison: Comparison,
    pub(super) level: Loa,
    until: i64,
    /// What 4.x knows beside that; none with 3.x.
    entrance: Option<Entrance>,
}

/// A login at the entrance of 4.x.
#[derive(Clone, Serialize, Deserialize)]
struct Entrance {
    /// Whether the BVD comes after the login page.
    represents: bool,
    /// Who logged in, and is at the BVD now.
    acting: Option<Acting>,
}

/// Who logged in and represents somebody.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Acting {
    /// Who.
    #[serde(with = "identity::bsn::revealed")]
    pub(super) bsn: Bsn,
    level: Loa,
    address: IpAddr,
}

/// Who asked for a login, and how the answer gets there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asker {
    /// The service's entity id.
    pub(super) entity_id: String,
    /// The `ID` of its request.
    pub(super) request_id: String,
    /// Where the artifact goes.
    pub(super) consumer_url: String,
    /// Comes back with the artifact.
    pub(super) relay_state: Option<String>,
    /// The service, with 4.x.
    pub(super) service_uuid: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Comparison", rename_all = "lowercase")]
enum ComparisonText {
    Exact,
    Minimum,
    Maximum,
    Better,
}

/// What the person chose.
pub(super) enum Choice {
    /// To be this person, at this level.
    LogIn {
        /// Who.
        bsn: Bsn,
        /// How surely.
        level: Loa,
        /// In which browser.
        browser: Browser,
        /// Whether the next service needs no login page.
        single_sign_on: bool,
    },
    /// To represent this person, or nobody after all.
    Represent(Option<Bsn>),
    /// To cancel.
    Cancel,
    /// To see what happens when DigiD fails.
    Fail,
}

/// A browser, as far as the simulator knows it.
#[derive(Clone, Copy)]
pub(super) struct Browser {
    /// From where it comes, as we see it.
    pub(super) address: IpAddr,
    /// The session that its cookie leads to.
    pub(super) session: Option<[u8; 16]>,
}

impl Login {
    /// A request that gets a login page.
    pub(super) fn new(received: &Received, now: Moment, entropy: &Entropy) -> Self {
        let request = &received.request;
        let service = request
            .provider_name
            .as_deref()
            .filter(|name| !name.is_empty());
        let service = service.unwrap_or_else(|| host(&request.issuer));
        Self {
            id: jose::b64::encode(entropy.bytes::<16>("digid.login")),
            service: service.chars().take(NAME_CHARS_MAX).collect(),
            comparison: request.level.comparison,
            level: request.level.loa,
            until: now.plus_s(LOGIN_S).unix(),
            entrance: None,
            asker: Asker {
                entity_id: request.issuer.clone(),
                request_id: request.id.clone(),
                consumer_url: received.consumer_url.clone(),
                relay_state: received.relay_state.clone(),
                service_uuid: None,
            },
        }
    }

    /// A request of 4.x that gets a login page. The level is the catalogue's (digid.md §3.2).
    pub(super) fn at_entrance(
        received: entrance::Received,
        dienst: &Dienst,
        now: Moment,
        entropy: &Entropy,
    ) -> Self {
        Self {
            id: jose::b64::encode(entropy.bytes::<16>("digid.login")),
            service: dienst.naam.chars().take(NAME_CHARS_MAX).collect(),
            comparison: Comparison::Minimum,
            level: dienst.level,
            until: now.plus_s(LOGIN_S).unix(),
            entrance: Some(Entrance {
                represents: received.scoping.is_some(),
                acting: None,
            }),
            asker: Asker {
                entity_id: received.issuer,
                request_id: received.request_id,
                consumer_url: received.consumer_url,
                relay_state: received.relay_state,
                service_uuid: Some(received.service_uuid),
            },
        }
    }

    /// Who logged in and is at the BVD.
    pub(super) fn acting(&self) -> Option<&Acting> {
        self.entrance.as_ref()?.acting.as_ref()
    }

    /// The login at the BVD, if this choice leads there: representation was asked, and the level will
    /// do.
    pub(super) fn at_bvd(&self, choice: &Choice) -> Option<Self> {
        let entrance = self.entrance.as_ref().filter(|it| it.represents)?;
        let Choice::LogIn {
            bsn,
            level,
            browser,
            ..
        } = choice
        else {
            return None;
        };
        let acting = Acting {
            bsn: bsn.clone(),
            level: *level,
            address: browser.address.to_canonical(),
        };
        self.asked().is_met_by(*level).then(|| Self {
            entrance: Some(Entrance {
                acting: Some(acting),
                ..entrance.clone()
            }),
            asker: self.asker.clone(),
            id: self.id.clone(),
            service: self.service.clone(),
            ..*self
        })
    }

    const fn asked(&self) -> RequestedLevel {
        RequestedLevel {
            comparison: self.comparison,
            loa: self.level,
        }
    }

    /// Whether the person took too long.
    pub(super) const fn is_over_at(&self, now: Moment) -> bool {
        Moment::from_unix(self.until).is_over_at(now)
    }

    /// The end of this login by `choice` (digid.md §2.6).
    pub(super) fn ended(self, choice: Choice, has_substantieel: bool) -> End {
        if self.entrance.is_some() {
            return self.ended_at_entrance(choice);
        }
        let asked = self.asked();
        let refused = |requirement, what| Event::refused(requirement, what, Actor::Person);
        let (how, event) = match choice {
            Choice::LogIn {
                bsn,
                level,
                browser,
                single_sign_on,
            } => {
                let reported = reported_level(level, has_substantieel); // digid case 21
                if asked.is_met_by(reported) {
                    let event =
                        Event::granted("digid case 9", "the person logged in", Actor::Person);
                    let logged_in = LoggedIn {
                        bsn,
                        level,
                        reported,
                        browser,
                        single_sign_on,
                        service: self.service.clone(),
                    };
                    (How::LoggedIn(Box::new(logged_in)), event) // digid case 19
                } else {
                    let what = "the person reached another level than was asked for";
                    let event = refused("digid case 18", what);
                    (How::Told(Ending::NoAuthnContext), event)
                }
            }
            // digid case 17
            Choice::Cancel | Choice::Represent(_) => (
                How::Told(Ending::AuthnFailed),
                refused("digid case 17", "the person cancelled"),
            ),
            // DigiD says `AuthnFailed` for a failure too, but then a service could not show
            // anything but "cancelled" (mitz cases 8 and 9 tell the two apart). So the simulator
            // fails as DigiD does for a service that is not active.
            Choice::Fail => {
                let what = "the visitor let the login fail";
                (
                    How::Told(Ending::RequestDenied),
                    refused("digid.md 2.6", what),
                )
            }
        };
        self.ends(how, event)
    }

    fn ends(self, how: How, event: Event) -> End {
        let until = Moment::from_unix(self.until).plus_s(SPARE_S);
        End {
            spends: Some((ended_key(&self.id), until)),
            asker: self.asker,
            how,
            event,
        }
    }

    /// The end of a login of 4.x (digid.md §3.4). It leaves no session: 4.x has another logout.
    fn ended_at_entrance(self, choice: Choice) -> End {
        let refused = |requirement, what, ending: Ending| {
            (ending, Event::refused(requirement, what, Actor::Person))
        };
        let granted = |requirement, what, ending: Ending| {
            (ending, Event::granted(requirement, what, Actor::Person))
        };
        let (ending, event) = match (choice, self.acting().cloned()) {
            (Choice::LogIn { level, .. }, _) if !self.asked().is_met_by(level) => {
                let what = "the person reached another level than was asked for";
                refused("digid case 18", what, Ending::NoAuthnContext)
            }
            (
                Choice::LogIn {
                    bsn,
                    level,
                    browser,
                    ..
                },
                _,
            ) => {
                let ending = success(bsn, None, level, browser.address);
                granted("digid case 43", "the person logged in", ending)
            }
            (Choice::Represent(legal), Some(acting)) => {
                let ending = success(acting.bsn, legal, acting.level, acting.address);
                granted("digid case 49", "the person logged in at the BVD", ending)
            }
            (Choice::Cancel, _) => {
                refused("digid case 45", "the person cancelled", Ending::Cancelled)
            }
            (Choice::Fail | Choice::Represent(_), _) => {
                refused("digid case 46", "the login failed", Ending::Failed)
            }
        };
        self.ends(How::Told(ending), event)
    }
}

/// Somebody logged in with 4.x. When, and what the session is called, is drawn at the end.
fn success(bsn: Bsn, legal: Option<Bsn>, level: Loa, address: IpAddr) -> Ending {
    Ending::Success {
        bsn,
        vertegenwoordigde: legal.map(|bsn| Legal { bsn }),
        level,
        address: address.to_canonical(),
        session_index: String::new(),
        authenticated_at: 0,
    }
}

/// What denies a message of a known service.
pub(super) const fn requirement(why: Denial) -> &'static str {
    match why {
        Denial::IssueInstant => "digid case 6",
        Denial::Consumer => "digid case 7",
        Denial::Level => "digid case 8",
        Denial::Artifact => "digid.md 2.5",
        Denial::RelayState => "SAML bindings 3.4.3",
        Denial::Version | Denial::Destination | Denial::Unsupported => "digid.md 2.2",
        Denial::NameId | Denial::Expired | Denial::NoAnswerUrl => "digid.md 2.7",
    }
}

/// Where it is remembered that a login ended.
fn ended_key(id: &str) -> Key {
    Key::Once(ENDED, jose::sha256(id.as_bytes()))
}

/// The host in a URL; an entity id of another kind as it is.
fn host(entity_id: &str) -> &str {
    let Some((_, rest)) = entity_id.split_once("://") else {
        return entity_id;
    };
    rest.split(['/', '?', '#', ':']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use saml::authn_request::{AuthnRequest, Consumer};
    use verdict::{Expect, Record as _, Step, Verdict};

    use super::super::answer::Answer;
    use super::super::end::Going;
    use super::*;

    const IDP: &str = "https://digid.localhost/saml/idp/metadata";
    const ACS: &str = "https://mitz.localhost/saml/acs";
    const NOW: Moment = Moment::from_unix(1_795_341_600);

    fn browser(session: Option<[u8; 16]>) -> Browser {
        Browser {
            address: [192, 0, 2, 1].into(),
            session,
        }
    }

    fn login(level: RequestedLevel) -> Login {
        let received = Received {
            request: AuthnRequest {
                id: "_request".to_owned(),
                issue_instant: NOW,
                issuer: "https://mitz.localhost:8443/saml/metadata".to_owned(),
                consumer: Consumer::Default,
                level,
                force_authn: true,
                provider_name: None,
            },
            consumer_url: ACS.to_owned(),
            relay_state: Some("a b".to_owned()),
        };
        Login::new(&received, NOW, &Entropy::new([1; 32]))
    }

    fn reached(asked: RequestedLevel, level: Loa, has_substantieel: bool) -> Ending {
        let choice = Choice::LogIn {
            bsn: Bsn::parse("900029365").expect("valid"),
            level,
            browser: browser(None),
            single_sign_on: false,
        };
        ending_of(&login(asked).ended(choice, has_substantieel))
    }

    fn done(end: &End) -> Verdict<Going> {
        match end.begin(IDP, NOW, &Entropy::new([2; 32])) {
            Step::Done(verdict) => verdict,
            _ => unreachable!("nothing to ask"),
        }
    }

    /// What stands behind the artifact.
    fn ending_of(end: &End) -> Ending {
        let changes = done(end).changes;
        let put = changes
            .into_iter()
            .find(|change| change.key.space() == Answer::SPACE);
        let Some(verdict::Then::Put { body, .. }) = put.map(|change| change.then) else {
            unreachable!("an answer is kept");
        };
        Answer::from_body(&body).expect("a row").ending
    }

    fn level_of(ending: &Ending) -> Option<Loa> {
        match ending {
            Ending::Success { level, .. } => Some(*level),
            _ => None,
        }
    }

    #[test]
    fn digid_case_018_a_level_below_the_minimum_ends_without_a_person() {
        let asked = RequestedLevel::minimum(Loa::Substantieel);
        assert_eq!(reached(asked, Loa::Midden, true), Ending::NoAuthnContext);
        assert_eq!(
            level_of(&reached(asked, Loa::Substantieel, true)),
            Some(Loa::Substantieel)
        );
    }

    #[test]
    fn digid_case_019_a_level_above_the_minimum_is_reported_as_it_was_reached() {
        let asked = RequestedLevel::minimum(Loa::Midden);
        assert_eq!(level_of(&reached(asked, Loa::Hoog, true)), Some(Loa::Hoog));
    }

    #[test]
    fn digid_case_021_a_service_without_substantieel_hears_midden() {
        let asked = RequestedLevel::minimum(Loa::Midden);
        let ending = reached(asked, Loa::Substantieel, false);
        assert_eq!(level_of(&ending), Some(Loa::Midden));
        assert_eq!(level_of(&reached(asked, Loa::Hoog, false)), Some(Loa::Hoog));
        let asked = RequestedLevel::minimum(Loa::Substantieel);
        assert_eq!(
            reached(asked, Loa::Substantieel, false),
            Ending::NoAuthnContext
        );
    }

    #[test]
    fn digid_case_017_cancelling_and_failing_can_be_told_apart() {
        let ended = |choice| login(RequestedLevel::minimum(Loa::Midden)).ended(choice, true);
        assert_eq!(ending_of(&ended(Choice::Cancel)), Ending::AuthnFailed);
        assert_eq!(ending_of(&ended(Choice::Fail)), Ending::RequestDenied);
    }

    #[test]
    fn digid_case_009_one_commit_ends_the_login_and_keeps_the_answer() {
        let end = login(RequestedLevel::minimum(Loa::Midden)).ended(Choice::Cancel, true);
        let verdict = done(&end);
        let Going::Back { url, session: None } = verdict.reply else {
            unreachable!("a login of its own, without a session");
        };
        assert!(url.starts_with(&format!("{ACS}?SAMLart=AAQAA")), "{url}");
        assert!(url.ends_with("&RelayState=a%20b"), "{url}");
        let spaces: Vec<_> = verdict
            .changes
            .iter()
            .map(|change| change.key.space())
            .collect();
        assert_eq!(spaces, [ENDED, Answer::SPACE]);
        assert!(
            verdict
                .changes
                .iter()
                .all(|change| change.expect == Expect::Absent)
        );
    }

    #[test]
    fn a_login_survives_its_cookie_and_ends_after_fifteen_minutes() {
        let asked = RequestedLevel {
            comparison: Comparison::Better,
            loa: Loa::Midden,
        };
        let text = serde_json::to_string(&login(asked)).expect("json");
        let read: Login = serde_json::from_str(&text).expect("a login");
        assert_eq!(read.asker, login(asked).asker);
        assert_eq!(
            (read.comparison, read.level),
            (Comparison::Better, Loa::Midden)
        );
        assert!(!read.is_over_at(NOW.plus_s(899)));
        assert!(read.is_over_at(NOW.plus_s(900)));
    }

    #[test]
    fn a_service_without_a_name_is_called_by_its_host() {
        let login = login(RequestedLevel::minimum(Loa::Midden));
        assert_eq!(login.service, "mitz.localhost");
        assert_eq!(host("urn:nl:service"), "urn:nl:service");
    }
}
