//! A person's session at the simulator, and which services it covers (digid.md §2.7).
//!
//! Every login begins one, so that its services can log out. Whether it also serves the next
//! service without a page ("eenmalig inloggen") is chosen with the login.

use std::net::IpAddr;

use identity::{Bsn, Loa};
use protocol::handle::Purpose;
use saml::NameId;
use saml::artifact_response::reported_level;
use saml::authn_request::AuthnRequest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use verdict::{BadRow, Body, Change, Clear, Expect, Key, Moment, Record, Secrets, Space, Stored};

/// How long a session lives after its last use, in seconds (digid.md §2.7: what services have).
pub(super) const SESSION_S: u32 = 900;
/// How long it lives at most, in seconds. DigiD's own figure is a setting that is not public.
pub(super) const ABSOLUTE_S: u32 = 7_200;
/// The most services in a session; one more begins a session of its own.
const SERVICES_MAX: usize = 16;

/// The cookie that leads to a session.
pub(super) const COOKIE: &str = "__Host-digid-session";
/// The handle in it.
pub(super) const SESSION: Purpose = Purpose("digid.session");

/// The version in every row's JSON.
const ROW_VERSION: u64 = 1;

/// Who is logged in, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// Who.
    pub(super) bsn: Bsn,
    /// The level that was reached.
    pub(super) level: Loa,
    /// From where.
    pub(super) address: IpAddr,
    /// When the session began.
    pub(super) began_at: Moment,
    /// When the person last logged in.
    pub(super) authenticated_at: Moment,
    /// Whether it serves the next service without a page.
    pub(super) single_sign_on: bool,
    /// The services that it covers, in the order in which they came.
    pub(super) services: Vec<Service>,
}

/// A service in a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Service {
    /// Its entity id.
    pub(super) entity_id: String,
    /// What pages call it.
    pub(super) name: String,
    /// What its assertion calls the session.
    pub(super) session_index: String,
}

impl Session {
    /// Where it stands.
    pub(super) const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }

    /// Whether this request needs no login page: the person chose so, the request does not ask for
    /// a fresh login, the browser is where it was, and the level will do (digid.md §2.7).
    pub(super) fn serves(
        &self,
        request: &AuthnRequest,
        address: IpAddr,
        has_substantieel: bool,
    ) -> bool {
        let level = reported_level(self.level, has_substantieel);
        self.single_sign_on
            && !request.needs_fresh_login() // digid cases 20, 22
            && self.address == address
            && request.level.is_met_by(level)
            && self.has_room_for(&request.issuer)
    }

    /// Whether a login of the same person may join it, rather than begin another.
    pub(super) fn may_take(&self, other: &Self) -> bool {
        let wanted = self.single_sign_on && other.single_sign_on && self.bsn == other.bsn;
        let mut services = other.services.iter();
        wanted && services.all(|service| self.has_room_for(&service.entity_id))
    }

    fn has_room_for(&self, entity_id: &str) -> bool {
        self.services.len() < SERVICES_MAX || self.covers(entity_id)
    }

    fn covers(&self, entity_id: &str) -> bool {
        let mut services = self.services.iter();
        services.any(|service| service.entity_id == entity_id)
    }

    /// The same with this service in it; of one service the last login counts.
    #[must_use]
    pub(super) fn with(mut self, service: Service) -> Self {
        self.services
            .retain(|known| known.entity_id != service.entity_id);
        self.services.push(service);
        self
    }

    /// The same after the person logged in once more, for another service.
    #[must_use]
    pub(super) fn joined_by(self, login: Self) -> Self {
        let first = Self {
            level: login.level,
            address: login.address,
            authenticated_at: login.authenticated_at,
            ..self
        };
        login.services.into_iter().fold(first, Self::with)
    }

    /// Whether this is what a logout of `entity_id` ends: its own session, and that of this person.
    pub(super) fn is_meant_by(&self, entity_id: &str, session_index: Option<&str>) -> bool {
        self.services.iter().any(|service| {
            let same_index = session_index.is_none_or(|index| index == service.session_index);
            service.entity_id == entity_id && same_index
        })
    }

    /// Whether the person in a message is the person of this session.
    pub(super) fn is_of(&self, name_id: &NameId) -> bool {
        name_id.to_bsn().is_ok_and(|bsn| bsn == self.bsn)
    }

    /// The services that must hear of a logout that this one asked for.
    pub(super) fn others(&self, entity_id: Option<&str>) -> Vec<Service> {
        let other = |service: &&Service| Some(&*service.entity_id) != entity_id;
        self.services.iter().filter(other).cloned().collect()
    }

    /// The change that begins or goes on with it: it lives on from `now`, but never beyond its end.
    pub(super) fn kept(&self, id: [u8; 16], expect: Expect, now: Moment) -> Change<Clear> {
        let until = now.plus_s(SESSION_S).min(self.began_at.plus_s(ABSOLUTE_S));
        self.put(Self::key(id), expect, until)
    }

    /// The change that ends it.
    pub(super) fn ended(id: [u8; 16], found: &Stored<Self>) -> Change<Clear> {
        Change::remove(Self::key(id), found.version)
    }
}

#[derive(Serialize, Deserialize)]
struct Open {
    v: u64,
    level: u8,
    began_at: i64,
    authenticated_at: i64,
    single_sign_on: bool,
    services: Vec<Service>,
}

#[derive(Serialize, Deserialize)]
struct Private {
    #[serde(with = "identity::bsn::revealed")]
    bsn: Bsn,
    address: IpAddr,
}

impl Record for Session {
    const SPACE: Space = Space("digid.session");

    fn to_body(&self) -> Clear {
        let private = Private {
            bsn: self.bsn.clone(),
            address: self.address,
        };
        Body {
            open: json!({
                "v": ROW_VERSION,
                "level": self.level.number(),
                "began_at": self.began_at.unix(),
                "authenticated_at": self.authenticated_at.unix(),
                "single_sign_on": self.single_sign_on,
                "services": self.services,
            })
            .into(),
            index: Vec::new(),
            // Our own types always serialise.
            private: Secrets::new(serde_json::to_vec(&private).unwrap_or_default()),
        }
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let bad = |member| BadRow {
            space: Self::SPACE.0,
            member,
        };
        let open: Open = body.open.read().map_err(|_| bad("open part"))?;
        if open.v != ROW_VERSION {
            return Err(bad("v"));
        }
        let private: Private =
            serde_json::from_slice(body.private.reveal()).map_err(|_| bad("private part"))?;
        let level = Loa::ALL
            .into_iter()
            .find(|level| level.number() == open.level);
        Ok(Self {
            bsn: private.bsn,
            level: level.ok_or(bad("level"))?,
            address: private.address,
            began_at: Moment::from_unix(open.began_at),
            authenticated_at: Moment::from_unix(open.authenticated_at),
            single_sign_on: open.single_sign_on,
            services: open.services,
        })
    }
}

#[cfg(test)]
mod tests {
    use saml::authn_request::{Consumer, RequestedLevel};

    use super::*;

    const NOW: Moment = Moment::from_unix(1_795_341_600);
    const MITZ: &str = "https://mitz.localhost/saml/metadata";
    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn service(entity_id: &str, session_index: &str) -> Service {
        Service {
            entity_id: entity_id.to_owned(),
            name: "Mitz".to_owned(),
            session_index: session_index.to_owned(),
        }
    }

    fn session() -> Session {
        Session {
            bsn: Bsn::parse("900029365").expect("valid"),
            level: Loa::Midden,
            address: HERE,
            began_at: NOW,
            authenticated_at: NOW,
            single_sign_on: true,
            services: vec![service(MITZ, "_1")],
        }
    }

    fn request(loa: Loa) -> AuthnRequest {
        AuthnRequest {
            id: "_request".to_owned(),
            issue_instant: NOW,
            issuer: "https://other.localhost/saml/metadata".to_owned(),
            consumer: Consumer::Default,
            level: RequestedLevel::minimum(loa),
            force_authn: false,
            provider_name: None,
        }
    }

    #[test]
    fn a_session_serves_the_next_service_only_if_the_person_wanted_and_everything_holds() {
        assert!(session().serves(&request(Loa::Midden), HERE, true));
        let not_wanted = Session {
            single_sign_on: false,
            ..session()
        };
        assert!(!not_wanted.serves(&request(Loa::Midden), HERE, true));
        assert!(!session().serves(&request(Loa::Midden), [192, 0, 2, 2].into(), true));
        let low = Session {
            level: Loa::Basis,
            ..session()
        };
        assert!(!low.serves(&request(Loa::Midden), HERE, true));
    }

    #[test]
    fn digid_case_020_from_substantieel_on_a_live_session_serves_nobody() {
        let high = Session {
            level: Loa::Hoog,
            ..session()
        };
        assert!(high.serves(&request(Loa::Midden), HERE, true));
        assert!(!high.serves(&request(Loa::Substantieel), HERE, true));
        assert!(!high.serves(&request(Loa::Hoog), HERE, true));
    }

    #[test]
    fn digid_case_022_who_forces_a_login_is_not_served_by_a_session() {
        let forced = AuthnRequest {
            force_authn: true,
            ..request(Loa::Midden)
        };
        assert!(!session().serves(&forced, HERE, true));
    }

    #[test]
    fn digid_case_021_a_session_serves_at_the_level_that_would_be_reported() {
        let reached = Session {
            level: Loa::Substantieel,
            ..session()
        };
        let exactly_midden = AuthnRequest {
            level: RequestedLevel {
                comparison: saml::authn_request::Comparison::Exact,
                loa: Loa::Midden,
            },
            ..request(Loa::Midden)
        };
        assert!(reached.serves(&exactly_midden, HERE, false));
        assert!(!reached.serves(&exactly_midden, HERE, true));
    }

    #[test]
    fn a_full_session_takes_no_other_service() {
        let full = (1..SERVICES_MAX).fold(session(), |session, n| {
            session.with(service(&format!("https://{n}.localhost"), "_n"))
        });
        assert_eq!(full.services.len(), SERVICES_MAX);
        assert!(!full.serves(&request(Loa::Midden), HERE, true));
        let again = AuthnRequest {
            issuer: MITZ.to_owned(),
            ..request(Loa::Midden)
        };
        assert!(full.serves(&again, HERE, true));
    }

    #[test]
    fn of_one_service_the_last_login_counts() {
        let session = session().with(service(MITZ, "_2"));
        assert_eq!(session.services, [service(MITZ, "_2")]);
        assert!(session.is_meant_by(MITZ, Some("_2")));
        assert!(session.is_meant_by(MITZ, None));
        assert!(!session.is_meant_by(MITZ, Some("_1")));
        assert!(!session.is_meant_by("https://other.localhost", None));
    }

    #[test]
    fn a_login_joins_a_session_of_the_same_person_that_both_times_was_wanted() {
        assert!(session().may_take(&session()));
        let another = Session {
            bsn: Bsn::parse("900186021").expect("valid"),
            ..session()
        };
        assert!(!session().may_take(&another));
        let alone = Session {
            single_sign_on: false,
            ..session()
        };
        assert!(!session().may_take(&alone));
        assert!(!alone.may_take(&session()));
    }

    #[test]
    fn a_session_is_of_its_person_only() {
        let bsn = |number: &str| NameId::bsn(&Bsn::parse(number).expect("valid"));
        assert!(session().is_of(&bsn("900029365")));
        assert!(!session().is_of(&bsn("900186021")));
        assert!(!session().is_of(&NameId::of_sector("s00000001", "900029365")));
    }

    #[test]
    fn a_session_ends_fifteen_minutes_after_its_last_use_and_after_two_hours_anyway() {
        let until = |now: Moment| match session().kept([1; 16], Expect::Absent, now).then {
            verdict::Then::Put { until, .. } => until,
            _ => unreachable!("it is kept"),
        };
        assert_eq!(until(NOW), NOW.plus_s(900));
        assert_eq!(until(NOW.plus_s(7_000)), NOW.plus_s(7_200));
    }

    #[test]
    fn a_session_survives_its_row_and_the_open_part_names_nobody() {
        let body = session().to_body();
        assert!(!body.open.to_string().contains("900029365"));
        assert!(!body.open.to_string().contains("192.0.2.1"));
        assert_eq!(Session::from_body(&body), Ok(session()));
        for (member, value) in [("v", json!(2)), ("level", json!(7))] {
            let mut body = session().to_body();
            let mut open = body.open.value();
            open[member] = value;
            body.open = open.into();
            assert_eq!(
                Session::from_body(&body).map_err(|bad| bad.member),
                Err(member)
            );
        }
    }
}
