//! Steps 23–28 at the DVA's Authorization server: an ID token of Mitz for an access token.

use fhir::Bevinding;
use identity::{Bsn, GegevensdienstId, Ura};
use protocol::access_token::{AccessToken, LIFETIME_S, jti};
use protocol::client::ProvenClient;
use protocol::not_before::{self, NotBefore};
use protocol::refusal::{ErrorCode, Refusal};
use protocol::scope::Scope;
use protocol::token_exchange::Exchange;
use protocol::wire::Parameters;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use verdict::{
    Actor, BadRow, Clear, Entropy, Event, Expect, Key, Moment, Record, Space, Step, Verdict,
    versioned,
};

use super::beschikbaarheidstoets::{ontvankelijkheidstoets, toets};
use super::{Aanbieder, DvaServer};
use crate::locatietoken::{BSN_SYSTEM, Locatietoken};
use crate::lokalisatie::NietBereikbaar;
use crate::toestemming::Functie;

/// A token request with an ID token that the door read: its claims when the signature of Mitz held
/// and it is not over, else why not.
#[derive(Clone)]
pub struct TokenRequest {
    client: ProvenClient,
    exchange: Exchange,
    functie: Functie,
    token: Result<Locatietoken, &'static str>,
    not_before: NotBefore,
}

/// The answer to the DVP, before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAnswer {
    /// Step 28.
    Issued(Box<AccessToken>),
    /// RFC 6749 §5.2.
    Refused(Refusal),
    /// A refusal that could tell of a treatment relation: one status, one body, and the shell lets
    /// it leave at a fixed time after arrival (design §5 "equality of refusals").
    RefusedAlike(Refusal),
}

/// What Mitz answered (step 26), decrypted and with its signature checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MitzAntwoord {
    /// The person agreed; this is who it is.
    Permit {
        /// Who.
        bsn: Bsn,
        /// For which gegevensdiensten.
        services: Vec<GegevensdienstId>,
    },
    /// No consent, or no valid token.
    Nee {
        /// For the operator.
        reason: &'static str,
    },
}

/// What the rule asks, in order.
pub enum Vraag {
    /// Steps 24–26: what does Mitz say?
    Toestemming(ToestemmingVraag),
    /// Step 27: what does the provider's record system say?
    Beschikbaarheid(BeschikbaarheidVraag),
}

/// See [`Vraag::Toestemming`].
pub struct ToestemmingVraag(Run);

/// See [`Vraag::Beschikbaarheid`].
pub struct BeschikbaarheidVraag {
    run: Run,
    bsn: Bsn,
}

/// What the whole run needs to know.
#[derive(Clone)]
struct Run {
    request: TokenRequest,
    issuer: String,
    leeftijd_min: u8,
    aanbieder: Aanbieder,
    asked: Vec<GegevensdienstId>,
    grant: [u8; 16],
    now: Moment,
}

type Stap = Step<TokenAnswer, Vraag>;

impl TokenRequest {
    /// A request of a DVP that proved who it is.
    pub const fn new(
        client: ProvenClient,
        exchange: Exchange,
        functie: Functie,
        token: Result<Locatietoken, &'static str>,
    ) -> Self {
        Self {
            client,
            exchange,
            functie,
            token,
            not_before: NotBefore::NEVER,
        }
    }

    /// The same, where what was issued earlier does not count.
    #[must_use]
    pub const fn not_before(mut self, not_before: NotBefore) -> Self {
        self.not_before = not_before;
        self
    }

    /// The first step: everything that can be decided without asking anyone (mitz cases 38, 39).
    pub fn begin(&self, dva: &DvaServer, now: Moment, entropy: &Entropy) -> Stap {
        let audience = identity::Zorgaanbiedernaam::parse(&self.exchange.audience).ok();
        let Some(aanbieder) = audience.and_then(|naam| dva.aanbieders.get(&naam)) else {
            return self.refused(Refusal::new(
                ErrorCode::InvalidTarget,
                "RFC 8693 §2.2.2",
                "the audience is not a provider of this DVA",
            ));
        };
        if let Err((requirement, reason)) = self.token_holds(dva, &aanbieder.ura) {
            return self.refused_alike(requirement, reason);
        }
        let asked = offered(&self.exchange.scope, aanbieder);
        if let Err(refusal) = self.is_for_something(&asked, aanbieder) {
            return self.refused(refusal);
        }
        Step::Ask(Vraag::Toestemming(ToestemmingVraag(Run {
            request: self.clone(),
            issuer: dva.issuer.clone(),
            leeftijd_min: dva.leeftijd_min,
            aanbieder: aanbieder.clone(),
            asked,
            grant: entropy.bytes("dva.grant"),
            now,
        })))
    }

    /// Whoever shares does so for one gegevensdienst, which takes something (core.autorisatie.203).
    fn is_for_something(
        &self,
        asked: &[GegevensdienstId],
        aanbieder: &Aanbieder,
    ) -> Result<(), Refusal> {
        let no =
            |requirement, reason| Err(Refusal::new(ErrorCode::InvalidScope, requirement, reason));
        let takes = |id| {
            let dienst = aanbieder.gegevensdiensten.get(id);
            dienst.is_some_and(|dienst| !dienst.plaatsen.is_empty())
        };
        match (self.functie, asked) {
            (_, []) => no(
                "core.tknint.201",
                "the provider offers nothing of what was asked",
            ),
            (Functie::Delen, [id]) if takes(id) && self.exchange.scope.tokens().count() == 1 => {
                Ok(())
            }
            (Functie::Delen, _) => no(
                "core.autorisatie.203",
                "sharing is for one gegevensdienst that takes something",
            ),
            (Functie::Verzamelen, _) => Ok(()),
        }
    }

    /// The checks on the ID token that need nobody else (mitz.md §2.6): else the rule, and why.
    fn token_holds(&self, dva: &DvaServer, ura: &Ura) -> Result<(), (&'static str, &'static str)> {
        let token = self
            .token
            .as_ref()
            .map_err(|reason| ("mitz case 38", *reason))?;
        let has = |audience: &str| token.aud.iter().any(|aud| aud == audience);
        if token.iss != dva.mitz {
            Err(("mitz case 38", "the token is of another issuer"))
        } else if !has(self.client.id()) || token.azp != self.client.id() {
            Err(("mitz case 38", "the token is for another client"))
        // design §4
        } else if self.not_before.refuses(token.iat) {
            Err((not_before::REQUIREMENT, not_before::REASON))
        // a location's token names its DVA in both profiles
        } else if !has(&dva.issuer) {
            Err(("mitz case 41", "the token is not for this DVA"))
        } else if !token.names(ura, dva.full_location_token) {
            Err((
                "mitz case 36a",
                "the token names another provider, none, or several",
            ))
        } else {
            Ok(())
        }
    }

    fn refused(&self, refusal: Refusal) -> Stap {
        Step::Done(Verdict {
            reply: TokenAnswer::Refused(refusal),
            changes: Vec::new(),
            events: vec![self.refusal_event(refusal.requirement, refusal.reason)],
        })
    }

    /// mitz cases 38, 39, 43, 47, 49, 50: all the same from outside.
    fn refused_alike(&self, requirement: &'static str, reason: &'static str) -> Stap {
        let error = self.exchange.profile.unacceptable();
        Step::Done(Verdict {
            reply: TokenAnswer::RefusedAlike(Refusal::new(error, requirement, reason)),
            changes: Vec::new(),
            events: vec![self.refusal_event(requirement, reason)],
        })
    }

    fn refusal_event(&self, requirement: &'static str, reason: &'static str) -> Event {
        Event::refused(
            requirement,
            reason,
            Actor::Party(self.client.id().to_owned()),
        )
    }

    fn unreachable(&self, requirement: &'static str, reason: &'static str) -> Stap {
        // mitz case 48: never a token without an answer
        self.refused(Refusal::new(
            ErrorCode::TemporarilyUnavailable,
            requirement,
            reason,
        ))
    }
}

/// What a token request is for, by its parameter `function`: collecting unless it says otherwise
/// (mitz.md §2.7).
///
/// # Errors
/// `invalid_request` for a function that Mitz does not know.
pub fn functie(parameters: &Parameters) -> Result<Functie, Refusal> {
    let Some(text) = parameters.get("function") else {
        return Ok(Functie::default());
    };
    let unknown = "the function is not known";
    Functie::parse(text).ok_or(Refusal::new(
        ErrorCode::InvalidRequest,
        "mitz.md §2.7",
        unknown,
    ))
}

/// The gegevensdiensten in the scope that the provider offers.
fn offered(scope: &Scope, aanbieder: &Aanbieder) -> Vec<GegevensdienstId> {
    scope
        .tokens()
        .filter_map(|token| GegevensdienstId::parse(token).ok())
        .filter(|id| aanbieder.gegevensdiensten.contains_key(id))
        .collect()
}

impl ToestemmingVraag {
    /// The ID token, as it was received.
    pub fn id_token(&self) -> &str {
        &self.0.request.exchange.id_token
    }

    /// For which provider.
    pub const fn ura(&self) -> &Ura {
        &self.0.aanbieder.ura
    }

    /// For collecting or for sharing.
    pub const fn functie(&self) -> Functie {
        self.0.request.functie
    }

    /// Which client asks.
    pub fn client_id(&self) -> &str {
        self.0.request.client.id()
    }

    /// For which gegevensdiensten, space-separated.
    pub fn services(&self) -> String {
        let ids: Vec<&str> = self.0.asked.iter().map(GegevensdienstId::as_str).collect();
        ids.join(" ")
    }

    /// The certificate with which the DVP came.
    pub fn presenter_x5t(&self) -> String {
        let shown = self.0.request.client.confirmation();
        shown.map(|cnf| cnf.x5t_s256).unwrap_or_default()
    }

    /// Goes on when the person agreed.
    pub fn answer(self, antwoord: Result<MitzAntwoord, NietBereikbaar>) -> Stap {
        let Self(mut run) = self;
        match antwoord {
            Err(NietBereikbaar) => run
                .request
                .unreachable("mitz case 48", "Mitz does not answer the consent question"),
            // mitz cases 40, 43–45 and 47: which of them, only Mitz knows
            Ok(MitzAntwoord::Nee { reason }) => run.request.refused_alike("mitz case 43", reason),
            Ok(MitzAntwoord::Permit { bsn, services }) => {
                run.asked.retain(|id| services.contains(id));
                Step::Ask(Vraag::Beschikbaarheid(BeschikbaarheidVraag { run, bsn }))
            }
        }
    }
}

impl BeschikbaarheidVraag {
    /// About whom.
    pub const fn bsn(&self) -> &Bsn {
        &self.bsn
    }

    /// At which provider.
    pub const fn ura(&self) -> &Ura {
        &self.run.aanbieder.ura
    }

    /// Of which gegevensdiensten it must be known whether there is something: of none for whoever
    /// shares (mitz case 51).
    pub fn gegevensdiensten(&self) -> impl Iterator<Item = &fhir::Gegevensdienst> {
        let asked = match self.run.request.functie {
            Functie::Verzamelen => &self.run.asked[..],
            Functie::Delen => &[],
        };
        asked
            .iter()
            .filter_map(|id| self.run.aanbieder.gegevensdiensten.get(id))
    }

    /// Decides (steps 27 and 28).
    pub fn answer(self, bevinding: Result<Bevinding, NietBereikbaar>) -> Stap {
        let Self { run, bsn } = self;
        let Ok(mut bevinding) = bevinding else {
            let reason = "the provider's record system does not answer";
            return run.request.unreachable("seed 000 step 27", reason);
        };
        bevinding.beschikbaar.retain(|id| run.asked.contains(id));
        let open = match run.request.functie {
            Functie::Verzamelen => toets(bevinding, run.leeftijd_min, run.now),
            // mitz case 51
            Functie::Delen => ontvankelijkheidstoets(&bevinding, run.leeftijd_min, run.now)
                .map(|()| run.asked.clone()),
        };
        match open {
            Err(niet) => {
                let (requirement, reason) = niet.reason();
                run.request.refused_alike(requirement, reason)
            }
            Ok(services) => run.issue(bsn, &services),
        }
    }
}

impl Run {
    /// Step 28 (mitz case 36). The scope lists what is really granted (core.tknint.201, mitz case 52).
    fn issue(self, bsn: Bsn, services: &[GegevensdienstId]) -> Stap {
        let client = &self.request.client;
        let scope: Vec<&str> = services.iter().map(GegevensdienstId::as_str).collect();
        let scope = scope.join(" ");
        let until = self.now.plus_s(LIFETIME_S);
        let token = AccessToken {
            iss: self.issuer.clone(),
            aud: self.issuer,
            client_id: client.id().to_owned(),
            scope: scope.clone(),
            jti: jti(self.grant, 0),
            iat: self.now.unix(),
            exp: until.unix(),
            cnf: client.confirmation(),
        };
        let grant = Grant {
            client_id: client.id().to_owned(),
            ura: self.aanbieder.ura,
            functie: self.request.functie,
            scope,
            bsn,
        };
        let who = Actor::Party(client.id().to_owned());
        Step::Done(Verdict {
            reply: TokenAnswer::Issued(Box::new(token)),
            changes: vec![grant.put(Grant::key(self.grant), Expect::Absent, until)],
            events: vec![Event::granted(
                "seed 000 step 28",
                "an access token was issued",
                who,
            )],
        })
    }
}

impl MitzAntwoord {
    /// Reads the `token_introspection` member of step 26. Whatever is not a Permit for what was asked
    /// with a valid BSN is no.
    pub fn read(introspection: &Value, ura: &Ura, client_id: &str, functie: Functie) -> Self {
        let nee = |reason| Self::Nee { reason };
        if introspection["active"] != Value::Bool(true) {
            return nee("Mitz says that the token is not active");
        }
        if introspection["consent"]["decision"] != "Permit" {
            return nee("Mitz says that there is no consent");
        }
        if introspection["ura"] != ura.as_str() || introspection["client_id"] != client_id {
            return nee("Mitz answered for another provider or client");
        }
        let function = introspection["consent"]["function"]
            .as_str()
            .unwrap_or_default();
        if function != functie.as_str() {
            return nee("Mitz answered for another function");
        }
        let bsn = &introspection["bsn"];
        let value = bsn["value"]
            .as_str()
            .filter(|_| bsn["system"] == BSN_SYSTEM);
        let Some(bsn) = value.and_then(|text| Bsn::parse(text).ok()) else {
            return nee("Mitz gave no valid BSN");
        };
        let services = introspection["consent"]["services"].as_array();
        let services = services.into_iter().flatten();
        Self::Permit {
            bsn,
            services: services
                .filter_map(Value::as_str)
                .filter_map(|id| GegevensdienstId::parse(id).ok())
                .collect(),
        }
    }
}

/// What an access token of a DVA hangs on: the person behind it, who never stands in the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// To whom.
    pub client_id: String,
    /// At which provider.
    pub ura: Ura,
    /// What for; a grant for sharing lets one resource be placed, and nothing be read.
    pub functie: Functie,
    /// The gegevensdiensten, space-separated.
    pub scope: String,
    /// About whom.
    pub bsn: Bsn,
}

#[derive(Serialize, Deserialize)]
struct Open {
    client_id: String,
    #[serde(default)]
    functie: Functie,
    scope: String,
}

#[derive(Serialize, Deserialize)]
struct Private {
    ura: Ura,
    #[serde(with = "identity::bsn::revealed")]
    bsn: Bsn,
}

impl Grant {
    /// Where it stands.
    pub const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }
}

impl Record for Grant {
    const SPACE: Space = Space("dva.grant");

    fn to_body(&self) -> Clear {
        let open = Open {
            client_id: self.client_id.clone(),
            functie: self.functie,
            scope: self.scope.clone(),
        };
        let private = Private {
            ura: self.ura.clone(),
            bsn: self.bsn.clone(),
        };
        versioned::body_with_private(&open, &private, Vec::new())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: Open = versioned::open(Self::SPACE, body)?;
        let private: Private = versioned::private(Self::SPACE, body)?;
        Ok(Self {
            client_id: open.client_id,
            ura: private.ura,
            functie: open.functie,
            scope: open.scope,
            bsn: private.bsn,
        })
    }
}
