//! Introspection by the backend of a DV (RFC 7662; etoegang.md §4.9).
//!
//! It says of a login what its access token says, and the attributes that came of it: those that the
//! catalogue declares for the service are the DV's to know, whether its app asked for them or not. It writes
//! nothing. That the caller is a backend, and no app, the shell proves: backends have keys or
//! certificates of their own.

use identity::EntityId;
use protocol::access_token::grant_of;
use serde_json::{Value, json};
use verdict::{Key, Moment, Step, Stored};

use super::Hm;
use super::attributen::GegevenAttribuut;
use super::claims::AccessToken;
use super::family::Family;
use super::token::counts;

/// A question of a proven backend about a token.
#[derive(Clone, Debug)]
pub struct Introspectie {
    dv: EntityId,
    token: Option<Box<AccessToken>>,
}

/// The one question: the family.
#[derive(Clone, Debug)]
pub struct FamilyVraag {
    dv: EntityId,
    token: Box<AccessToken>,
    id: [u8; 16],
    now: Moment,
}

type Stap = Step<Value, FamilyVraag>;

impl Introspectie {
    /// The question; `token` is nothing when the signature, the issuer or the kind does not fit.
    pub fn new(dv: EntityId, token: Option<AccessToken>) -> Self {
        Self {
            dv,
            token: token.map(Box::new),
        }
    }

    /// The first step.
    pub fn begin(&self, now: Moment) -> Stap {
        let family = |token: &AccessToken| grant_of(&token.jti);
        match self
            .token
            .as_ref()
            .and_then(|token| Some((token, family(token)?)))
        {
            None => Step::reply(inactive()),
            Some((token, id)) => Step::Ask(FamilyVraag {
                dv: self.dv.clone(),
                token: token.clone(),
                id,
                now,
            }),
        }
    }
}

impl FamilyVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Family::key(self.id)
    }

    /// `active` with the token's claims, or exactly `{"active":false}` (etoegang case 87): for a token
    /// that is over, whose family has ended, or that is for another DV.
    pub fn answer(self, hm: &Hm, found: Option<Stored<Family>>) -> Stap {
        let is_over = Moment::from_unix(self.token.exp).is_over_at(self.now);
        let lives = found.filter(|found| counts(hm, &found.value).is_ok());
        let Some(found) = lives.filter(|_| !is_over && self.token.aud == self.dv) else {
            return Step::reply(inactive());
        };
        let mut claims = serde_json::to_value(&self.token).unwrap_or_default();
        for (naam, waarde) in GegevenAttribuut::alle(&found.value.attributen, |_| true).iter() {
            claims[naam.as_str()] = waarde.as_str().into();
        }
        claims["active"] = true.into();
        claims["token_type"] = "Bearer".into();
        Step::reply(claims)
    }
}

fn inactive() -> Value {
    json!({ "active": false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribuut::{COMPANY_NAME, VAN_PERSONEN};
    use crate::testing::{NOW, family, gegeven, hm};
    use protocol::handle::Handle;

    fn ask(dv: EntityId, token: Option<AccessToken>, now: i64, found: Option<&Family>) -> Value {
        let now = Moment::from_unix(now);
        let mut step = Introspectie::new(dv, token).begin(now);
        loop {
            step = match step {
                Step::Ask(vraag) => {
                    assert_eq!(vraag.key(), Family::key([9; 16]));
                    let stored = found.cloned().map(|value| Stored {
                        version: 3,
                        until: now.plus_s(60),
                        value,
                    });
                    vraag.answer(&hm(), stored)
                }
                Step::Done(verdict) => {
                    assert!(verdict.changes.is_empty() && verdict.events.is_empty());
                    return verdict.reply;
                }
                Step::Save { .. } => panic!("introspection writes nothing"),
            };
        }
    }

    fn token() -> AccessToken {
        let handle = Handle {
            id: [9; 16],
            generation: 1,
        };
        AccessToken::of(&hm(), &family(), handle, None, Moment::from_unix(NOW))
    }

    #[test]
    fn etoegang_case_087_a_token_that_is_over_or_whose_family_ended_is_inactive() {
        let dv = family().dv;
        let active = ask(dv.clone(), Some(token()), NOW + 599, Some(&family()));
        assert_eq!(active["active"], true);
        for name in ["scope", "exp", "sub", "client_id", "represents"] {
            assert_eq!(
                active[name],
                serde_json::to_value(token()).expect("json")[name]
            );
        }
        let other = "urn:etoegang:DV:00000001234567890001:entities:1";
        let other = EntityId::parse(other).expect("an EntityID");
        // etoegang case 87
        for inactive in [
            ask(dv.clone(), Some(token()), NOW + 600, Some(&family())),
            ask(dv.clone(), Some(token()), NOW, None),
            ask(dv, None, NOW, Some(&family())),
            ask(other, Some(token()), NOW, Some(&family())),
        ] {
            assert_eq!(inactive, json!({ "active": false }));
        }
    }

    #[test]
    fn rfc_7662_2_2_the_backend_hears_every_attribute_that_the_login_brought() {
        let mut known = family();
        known.attributen = gegeven(VAN_PERSONEN[0], "Bram", true);
        known
            .attributen
            .extend(gegeven(COMPANY_NAME, "Bakkerij", false));
        let told = ask(family().dv, Some(token()), NOW, Some(&known));
        // RFC 7662 §2.2
        assert_eq!(told[VAN_PERSONEN[0]], "Bram");
        assert_eq!(told[COMPANY_NAME], "Bakkerij");
    }
}
