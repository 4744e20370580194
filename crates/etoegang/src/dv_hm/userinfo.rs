//! Userinfo of an HM (OIDC Core §5.3): who the person is and for whom he acts, to whoever holds his
//! access token.
//!
//! The answer is always a signed token of media type `application/jwt`: the profile wants that it can
//! be had, and nobody needs another form. Beside the attributes that were asked for in it, it says nothing that
//! the ID token does not.

use identity::EntityId;
use protocol::access_token::grant_of;
use protocol::bearer::BearerRefusal;
use protocol::client::PeerCertificate;
use protocol::scope::Scope;
use serde::{Deserialize, Serialize};
use verdict::{Actor, Event, Key, Moment, Step, Stored};

use super::Hm;
use super::attributen::GegevenAttribuut;
use super::claims::{AccessToken, PSEUDO, Represents};
use super::family::Family;
use super::token::counts;
use crate::attribuut::Attributen;
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;

/// A request whose access token has the HM's signature, its issuer and `typ` `at+jwt`.
#[derive(Clone, Debug)]
pub struct UserinfoRequest {
    token: AccessToken,
    peer: Option<PeerCertificate>,
}

/// The one question: the family.
#[derive(Clone, Debug)]
pub struct FamilyVraag {
    token: Box<AccessToken>,
    id: [u8; 16],
    now: Moment,
}

/// The answer, before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserinfoAnswer {
    /// 200, `application/jwt`.
    Userinfo(Box<UserinfoClaims>),
    /// RFC 6750 §3.1.
    Refused(BearerRefusal),
}

/// What is signed (OIDC Core §5.3.2): `iss` and `aud` say by whom and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserinfoClaims {
    /// The HM.
    pub iss: String,
    /// The app.
    pub aud: String,
    /// The person, as in the ID token.
    pub sub: String,
    /// [`PSEUDO`].
    pub sub_id_type: String,
    /// The effective level.
    pub acr: Betrouwbaarheidsniveau,
    /// When the person logged in.
    pub auth_time: i64,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub represents: Option<Represents>,
    /// The attributes that the app asked for here (OIDC Core §5.5).
    #[serde(flatten, deserialize_with = "Attributen::tussen")]
    pub attributen: Attributen,
}

type Stap = Step<UserinfoAnswer, FamilyVraag>;

/// Requirement, reason, refusal.
type Why = (&'static str, &'static str, BearerRefusal);

impl UserinfoRequest {
    /// A request with that token, and the certificate of the connection.
    pub const fn new(token: AccessToken, peer: Option<PeerCertificate>) -> Self {
        Self { token, peer }
    }

    /// The first step. A token that is over, bound to another certificate, of another issuer, or not
    /// for `openid` is refused before any row is read.
    pub fn begin(self, hm: &Hm, now: Moment) -> Stap {
        match self.checked(hm, now) {
            Ok(id) => Step::Ask(FamilyVraag {
                token: Box::new(self.token),
                id,
                now,
            }),
            Err(why) => refused(&self.token, why),
        }
    }

    fn checked(&self, hm: &Hm, now: Moment) -> Result<[u8; 16], Why> {
        let invalid = |requirement, reason| (requirement, reason, BearerRefusal::InvalidToken);
        // etoegang case 95
        if self.token.iss != hm.issuer {
            return Err(invalid(
                "etoegang case 95",
                "the token is of another issuer",
            ));
        }
        if Moment::from_unix(self.token.exp).is_over_at(now) {
            return Err(invalid("RFC 6750 §3.1", "the token is over"));
        }
        let bound = self.token.cnf.as_ref();
        if bound.is_some_and(|cnf| !cnf.is_of(self.peer.as_ref())) {
            let reason = "the token is bound to another certificate";
            return Err(invalid("RFC 8705 §3", reason));
        }
        if !Scope::parse(&self.token.scope).is_ok_and(|scope| scope.contains("openid")) {
            let reason = "the token has no scope openid";
            return Err(("OIDC Core §5.3", reason, BearerRefusal::InsufficientScope));
        }
        let unknown = invalid("RFC 6750 §3.1", "the token names no login");
        grant_of(&self.token.jti).ok_or(unknown)
    }
}

impl FamilyVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Family::key(self.id)
    }

    /// The DV for whose service it is.
    pub const fn dv(&self) -> &EntityId {
        &self.token.aud
    }

    /// Who the person is now, and for whom he acts; refused when the family has ended.
    pub fn answer(self, hm: &Hm, found: Option<Stored<Family>>) -> Stap {
        let lives = found.filter(|found| counts(hm, &found.value).is_ok());
        let own = lives.filter(|found| found.value.client_id == self.token.client_id);
        let Some(family) = own.map(|found| found.value) else {
            let reason = "the login behind the token has ended";
            let why = ("RFC 6750 §3.1", reason, BearerRefusal::InvalidToken);
            return refused(&self.token, why);
        };
        let exp = self.now.plus_s(hm.instellingen.id_token_s).unix();
        let who = Actor::Party(family.client_id.clone());
        let claims = UserinfoClaims {
            iss: hm.issuer.clone(),
            aud: family.client_id,
            sub: family.sub,
            sub_id_type: PSEUDO.to_owned(),
            acr: family.niveau,
            auth_time: family.ad.auth_time,
            iat: self.now.unix(),
            exp: exp.min(self.token.exp),
            represents: family.vertegenwoordiging.as_ref().map(Represents::of),
            attributen: GegevenAttribuut::alle(&family.attributen, |one| one.plaatsen.userinfo),
        };
        let event = Event::granted("OIDC Core §5.3", "userinfo was told", who);
        Step::reply_with(UserinfoAnswer::Userinfo(Box::new(claims)), event)
    }
}

fn refused(token: &AccessToken, (requirement, reason, refusal): Why) -> Stap {
    let who = Actor::Party(token.client_id.clone());
    Step::reply_with(
        UserinfoAnswer::Refused(refusal),
        Event::refused(requirement, reason, who),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribuut::{COMPANY_NAME, VAN_PERSONEN};
    use crate::testing::{NOW, attributen, family, gegeven, hm};
    use protocol::access_token::Confirmation;
    use protocol::handle::Handle;
    use protocol::not_before::NotBefore;
    use verdict::{Outcome, Verdict};

    const NOW_AT: Moment = Moment::from_unix(NOW + 60);

    fn token() -> AccessToken {
        let handle = Handle {
            id: [7; 16],
            generation: 1,
        };
        AccessToken::of(&hm(), &family(), handle, None, Moment::from_unix(NOW))
    }

    fn stored(value: Family) -> Stored<Family> {
        Stored {
            version: 3,
            until: NOW_AT.plus_s(60),
            value,
        }
    }

    fn done(stap: Stap) -> Verdict<UserinfoAnswer> {
        match stap {
            Step::Done(verdict) => verdict,
            _ => panic!("it was answered, and writes nothing before"),
        }
    }

    fn asked(token: AccessToken) -> FamilyVraag {
        match UserinfoRequest::new(token, None).begin(&hm(), NOW_AT) {
            Step::Ask(vraag) => vraag,
            _ => panic!("the family is asked for"),
        }
    }

    fn refusal(stap: Stap) -> BearerRefusal {
        let verdict = done(stap);
        assert!(verdict.changes.is_empty());
        assert_eq!(verdict.events[0].outcome, Outcome::Refused);
        match verdict.reply {
            UserinfoAnswer::Refused(refusal) => refusal,
            UserinfoAnswer::Userinfo(_) => panic!("it was refused"),
        }
    }

    #[test]
    fn oidc_core_5_3_userinfo_says_what_the_id_token_said_signed_for_the_app() {
        let vraag = asked(token());
        assert_eq!(vraag.key(), Family::key([7; 16]));
        let verdict = done(vraag.answer(&hm(), Some(stored(family()))));
        assert!(verdict.changes.is_empty());
        let UserinfoAnswer::Userinfo(claims) = verdict.reply else {
            panic!("a token that counts");
        };
        // OIDC Core §5.3.2
        assert_eq!(
            (&*claims.iss, &*claims.aud),
            ("https://hm.test/etd/1.13", "app-1")
        );
        assert_eq!(claims.sub, family().sub);
        assert_eq!((claims.iat, claims.exp), (NOW + 60, NOW + 180));
        let represents = claims.represents.expect("representation");
        assert_eq!(represents.sub, "12345678");
        let told = &verdict.events[0];
        assert_eq!(
            (told.outcome, told.what),
            (Outcome::Granted, "userinfo was told")
        );
    }

    #[test]
    fn oidc_core_5_5_userinfo_has_the_attributes_that_were_asked_for_in_it() {
        let mut known = family();
        known.attributen = gegeven(VAN_PERSONEN[0], "Bram", true);
        known
            .attributen
            .extend(gegeven(COMPANY_NAME, "Bakkerij", false));
        let verdict = done(asked(token()).answer(&hm(), Some(stored(known))));
        let UserinfoAnswer::Userinfo(claims) = verdict.reply else {
            panic!("a token that counts");
        };
        // OIDC Core §5.5
        assert_eq!(claims.attributen, attributen(&[(COMPANY_NAME, "Bakkerij")]));
        assert!(!format!("{claims:?}").contains("Bakkerij"));
    }

    #[test]
    fn the_answer_does_not_outlive_the_token() {
        let mut short = token();
        short.exp = NOW + 90;
        let verdict = done(asked(short).answer(&hm(), Some(stored(family()))));
        let UserinfoAnswer::Userinfo(claims) = verdict.reply else {
            panic!("a token that counts");
        };
        assert_eq!(claims.exp, NOW + 90);
    }

    #[test]
    fn a_token_that_is_over_bound_elsewhere_or_not_for_openid_is_refused() {
        let begin = |change: fn(&mut AccessToken)| {
            let mut changed = token();
            change(&mut changed);
            refusal(UserinfoRequest::new(changed, None).begin(&hm(), NOW_AT))
        };
        // RFC 6750 §3.1
        assert_eq!(begin(|t| t.exp = NOW + 60), BearerRefusal::InvalidToken);
        assert_eq!(begin(|t| t.jti = "x".into()), BearerRefusal::InvalidToken);
        // RFC 8705 §3
        let bound = begin(|t| t.cnf = Some(Confirmation::of([1; 32])));
        assert_eq!(bound, BearerRefusal::InvalidToken);
        // OIDC Core §5.3
        let narrow = begin(|t| t.scope = t.scope.replace("openid ", ""));
        assert_eq!(narrow, BearerRefusal::InsufficientScope);
        // etoegang case 95
        let older = begin(|t| t.iss = "https://hm.test/etd/1.11".into());
        assert_eq!(older, BearerRefusal::InvalidToken);
    }

    #[test]
    fn a_login_that_has_ended_tells_nothing_any_more() {
        let gone = asked(token()).answer(&hm(), None);
        assert_eq!(refusal(gone), BearerRefusal::InvalidToken);
        let mut other = family();
        other.client_id = "app-2".into();
        let other = asked(token()).answer(&hm(), Some(stored(other)));
        assert_eq!(refusal(other), BearerRefusal::InvalidToken);
        let mut hm = hm();
        hm.not_before = NotBefore::at(Moment::from_unix(NOW + 1));
        let before = asked(token()).answer(&hm, Some(stored(family())));
        assert_eq!(refusal(before), BearerRefusal::InvalidToken);
    }
}
