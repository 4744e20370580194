//! Introspection (RFC 7662, TOP-KT-021, koppeltaal.md §4.4).
//!
//! Three kinds of tokens are known: a portal's HTI token for the application that asks, which counts
//! once; our own access tokens, of any application of the domain; and our own ID tokens, for whom
//! they were made. Of anything else, and of anything wrong, is said that it is not active, and
//! nothing more.

use jose::{Algorithm, Expected, Jwks, Remembered, Typ};
use protocol::not_before::NotBefore;
use protocol::refusal::Refusal;
use serde_json::{Value, json};
use verdict::{Actor, Entropy, Event, Key, Moment, Step, Verdict};

use crate::auditevent::{Auditevent, Authenticatiestap, Gebeurtenis, Spoor, Sporen, Uitkomst};
use crate::client_assertion::ProvenApplicatie;
use crate::domein::ClientId;
use crate::domeinconfiguratie::{Domeinconfiguratie, Domeinkop};
use crate::launch::NietGoed;
use crate::launch::hti::{self, Hti};
use crate::outbox::Uitgaand;
use crate::token_endpoint::Nu;

/// What an application wants to know of a token.
#[derive(Clone)]
pub struct Introspectie {
    applicatie: ProvenApplicatie,
    gevonden: Gevonden,
    request: Spoor,
    now: Moment,
    outbox: [u8; 32],
}

/// What the token turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Gevonden {
    /// A portal's, for the application that asks.
    Hti(Box<Hti>),
    /// Ours: its claims.
    Eigen(Value),
    /// Nothing that counts: why, for the operator.
    Niets(NietGoed),
}

/// What whoever asks hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Introspected {
    /// 200 with this body.
    Body(Value),
    /// The application proved nothing after all.
    Refused(Refusal),
}

/// With what our own tokens are checked.
#[derive(Clone, Copy)]
pub struct Eigen<'a> {
    /// The public keys of access tokens.
    pub access_tokens: &'a Jwks,
    /// With what they are signed.
    pub access_token_algorithm: Algorithm,
    /// The `typ` that they carry.
    pub access_token_typ: Typ<'a>,
    /// The public keys of ID tokens.
    pub id_tokens: &'a Jwks,
    /// Those of our tokens that were shown before.
    pub remembered: &'a Remembered,
    /// Before when nothing counts that was issued to the application with this `client_id`.
    pub not_before: &'a (dyn Fn(&str) -> NotBefore + Sync),
    /// The moment of the request.
    pub now: Moment,
}

/// The one question: the domain as it is now.
pub struct Domeinvraag(Introspectie);

type Stap = Step<Introspected, Domeinvraag>;

/// The one body of a token that does not count (koppeltaal cases 86 to 88 and 90).
pub fn inactive() -> Value {
    json!({ "active": false })
}

impl Eigen<'_> {
    /// What one of our own tokens says, to this application (koppeltaal case 89).
    pub fn look(&self, token: &str, nu: &Nu<'_>, asks: ClientId) -> Gevonden {
        let issuer = nu.urls.issuer();
        let claims = self
            .access_token(token, &issuer, &nu.urls.fhir())
            .or_else(|| self.id_token(token, &issuer, asks));
        let no = |reason| Gevonden::Niets(NietGoed::new("koppeltaal.md §4.4", reason));
        let Some(claims) = claims else {
            return no("the token is none of ours, for another, or over");
        };
        let client_id = claims.get("client_id").and_then(Value::as_str);
        let client_id = client_id.unwrap_or_default();
        if !is_approved(client_id, nu.domein) {
            return no("the token's application is not approved any more");
        }
        let iat = claims.get("iat").and_then(Value::as_i64);
        // design §4
        if (self.not_before)(client_id).refuses(iat.unwrap_or_default()) {
            let reason = "the token was issued before the moment before which nothing counts";
            return Gevonden::Niets(NietGoed::new("design §4", reason));
        }
        Gevonden::Eigen(claims)
    }

    fn access_token(&self, token: &str, issuer: &str, fhir: &str) -> Option<Value> {
        let expected = Expected {
            typ: self.access_token_typ,
            issuer,
            audience: &[fhir],
            now: self.now,
            leeway_s: 0,
        };
        let algorithms = [self.access_token_algorithm];
        let remembered = self.remembered;
        let claims = remembered.verify(token, self.access_tokens, &algorithms, &expected);
        let claims = claims.ok()?;
        let mut claims: Value = claims.parse_all().ok()?;
        // SMART App Launch 2.2.0, introspection
        claims["client_id"] = claims.get("azp")?.clone();
        claims["token_type"] = json!("bearer");
        Some(claims)
    }

    /// An ID token names a person: only the application for which it was made hears of it.
    fn id_token(&self, token: &str, issuer: &str, asks: ClientId) -> Option<Value> {
        let asks = asks.to_string();
        let expected = Expected {
            typ: Typ::JwtOrAbsent,
            issuer,
            audience: &[&asks],
            now: self.now,
            leeway_s: 0,
        };
        let algorithms = [Algorithm::Rs256];
        let remembered = self.remembered;
        let claims = remembered.verify(token, self.id_tokens, &algorithms, &expected);
        let claims = claims.ok()?;
        let mut claims: Value = claims.parse_all().ok()?;
        claims["client_id"] = json!(asks);
        Some(claims)
    }
}

/// Whether the application to which a token was given still takes part.
fn is_approved(client_id: &str, domein: &Domeinconfiguratie) -> bool {
    ClientId::parse(client_id).is_ok_and(|id| domein.approved(id).is_some())
}

impl Introspectie {
    /// The question of an application that proved itself, in a request with this number.
    pub fn new(
        applicatie: ProvenApplicatie,
        gevonden: Gevonden,
        request: Spoor,
        now: Moment,
        entropy: &Entropy,
    ) -> Self {
        Self {
            applicatie,
            gevonden,
            request,
            now,
            outbox: entropy.bytes("koppeltaal.introspectie"),
        }
    }

    /// The first step.
    pub fn begin(&self) -> Stap {
        match &self.gevonden {
            Gevonden::Niets(why) => self.inactive(*why),
            // Nothing changes but that the application's proof is spent.
            Gevonden::Eigen(claims) => self.done(active(claims), Vec::new(), None),
            Gevonden::Hti(_) => Step::Ask(Domeinvraag(self.clone())),
        }
    }

    /// What it comes to when the row of `key` was not as expected: the application's assertion or the
    /// HTI token was used before. Nothing when the domain changed in the same moment.
    pub fn lost(&self, key: &Key) -> Option<Stap> {
        if key.space() == hti::SPACE {
            // koppeltaal case 88
            let reason = "the HTI token was used before (jti)";
            return Some(self.inactive(NietGoed::new("koppeltaal case 88", reason)));
        }
        (key.space() == protocol::assertion::SPACE).then(|| {
            let replayed = protocol::assertion::replayed();
            let event = Event::refused("koppeltaal case 18", replayed.reason, Actor::Unknown);
            Step::reply_with(Introspected::Refused(replayed), event)
        })
    }

    fn inactive(&self, why: NietGoed) -> Stap {
        let event = Event::refused(why.requirement, why.reason, self.who());
        self.done(inactive(), Vec::new(), Some(event))
    }

    /// Every end goes through here, so that no proof is forgotten to be spent.
    fn done(
        &self,
        body: Value,
        mut changes: Vec<verdict::Change<verdict::Clear>>,
        event: Option<Event>,
    ) -> Stap {
        changes.push(self.applicatie.burn());
        Step::Done(Verdict {
            reply: Introspected::Body(body),
            changes,
            events: event.into_iter().collect(),
        })
    }

    fn who(&self) -> Actor {
        Actor::Party(self.applicatie.client_id().to_string())
    }
}

impl Domeinvraag {
    /// Spends the HTI token and logs it in the domain (koppeltaal cases 83 and 91).
    pub fn answer(self, nu: Option<Nu<'_>>) -> Stap {
        let this = self.0;
        let Gevonden::Hti(hti) = &this.gevonden else {
            return this.begin();
        };
        let Some(nu) = nu else {
            return this.inactive(NietGoed::new("TOP-KT-018", "the domain is gone"));
        };
        let told = Auditevent {
            gebeurtenis: Gebeurtenis::Authenticatie {
                stap: Authenticatiestap::Introspect,
                applicatie: this.applicatie.client_id(),
                idp: None,
                persoon: hti.context.sub.clone(),
            },
            uitkomst: Uitkomst::Gelukt("the launch was accepted".into()),
            sporen: Sporen {
                trace: hti.trace().cloned(),
                ..Sporen::of(this.request.clone())
            },
            recorded: this.now,
        };
        let mut changes = vec![hti.burn(), Domeinkop::guard(&nu.domein.domein, nu.version)];
        changes.extend(Uitgaand::put_all(&[told], &nu, &Entropy::new(this.outbox)));
        let event = Event::granted(
            "koppeltaal case 83",
            "a launch was introspected",
            this.who(),
        );
        this.done(active(hti.claims()), changes, Some(event))
    }
}

/// koppeltaal case 83: every claim of the token, and that it counts.
fn active(claims: &Value) -> Value {
    let mut body = claims.clone();
    body["active"] = json!(true);
    body
}

#[cfg(test)]
mod tests;
