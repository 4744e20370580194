//! Steps 24–26: a DVA asks whether the person behind an ID token agreed, and who it is.

use identity::{Bsn, Loa, Ura};
use protocol::client::PeerCertificate;
use protocol::wire::Parameters;
use serde_json::{Map, Value, json};
use verdict::{Actor, Change, Event, Expect, Key, Moment, PersonTag, Step, Stored, Then, Verdict};

use super::grant::Grant;
use super::{Dva, Mitz, acr};
use crate::locatietoken::{BSN_SYSTEM, Locatietoken};
use crate::toestemming::{Besluit, Functie, beslis};
use crate::toestemmingenregister::Toestemmingen;

/// The question of step 24, before the token in it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toestemmingsvraag {
    /// The ID token that the DVP offered.
    pub token: String,
    /// For which provider.
    pub ura: Ura,
    /// Collecting or sharing.
    pub functie: Functie,
    /// The gegevensdiensten that were asked, space-separated.
    pub services: String,
    /// The certificate with which the DVP came to the DVA, base64url of its SHA-256.
    pub presenter_x5t: String,
}

/// A DVA that may ask about this provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenDva {
    host: String,
    dva: Dva,
}

/// How a question is refused before the token is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Geweigerd {
    /// 401: no client certificate (mitz case 46).
    NotAuthenticated,
    /// 403: the caller is not the DVA of that provider (mitz case 45).
    NotTheDva,
    /// 400: a parameter is missing or unreadable.
    Malformed,
}

impl Geweigerd {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::NotAuthenticated => 401,
            Self::NotTheDva => 403,
            Self::Malformed => 400,
        }
    }

    /// The rule, and why, for the operator.
    pub const fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::NotAuthenticated => ("mitz case 46", "no client certificate was shown"),
            Self::NotTheDva => ("mitz case 45", "the caller is not the DVA of this provider"),
            Self::Malformed => ("mitz.md §2.7", "a parameter is missing or unreadable"),
        }
    }
}

/// The answer of step 26, before it is signed and encrypted for the DVA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Antwoord {
    /// The token is bad, over, withdrawn or somebody else's: nothing more is said (mitz case 44).
    Inactive,
    /// The token is good, and the person did not agree: no BSN (mitz case 43).
    Deny(Box<Bekend>),
    /// The person agreed (mitz case 42).
    Permit {
        /// What the token says.
        bekend: Box<Bekend>,
        /// Who it is.
        bsn: Bsn,
        /// For which gegevensdiensten.
        services: String,
    },
}

/// What a good token says to its DVA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bekend {
    /// The person, under the client's pseudonym.
    pub sub: String,
    /// The client.
    pub client_id: String,
    /// When the token is over; seconds since 1970.
    pub exp: i64,
    /// The level reached.
    pub level: Loa,
    /// The provider that was asked about.
    pub ura: Ura,
    /// Collecting or sharing.
    pub functie: Functie,
}

/// What the rule asks, in order.
pub enum Vraag {
    /// Is the grant still there?
    Grant(Box<GrantVraag>),
    /// What did the person choose?
    Toestemmingen(Box<ToestemmingenVraag>),
}

/// See [`Vraag::Grant`].
pub struct GrantVraag {
    vraag: Toestemmingsvraag,
    dva: ProvenDva,
    token: Locatietoken,
    grant: [u8; 16],
}

/// See [`Vraag::Toestemmingen`].
pub struct ToestemmingenVraag {
    vraag: Toestemmingsvraag,
    dva: ProvenDva,
    token: Locatietoken,
    grant: Grant,
}

type Stap = Step<Antwoord, Vraag>;

impl Toestemmingsvraag {
    /// Reads the parameters (mitz.md §2.7).
    ///
    /// # Errors
    /// [`Geweigerd::Malformed`].
    pub fn read(parameters: &Parameters) -> Result<Self, Geweigerd> {
        let need = |name| parameters.get(name).ok_or(Geweigerd::Malformed);
        Ok(Self {
            token: need("token")?.to_owned(),
            ura: Ura::parse(need("ura")?).map_err(|_| Geweigerd::Malformed)?,
            functie: Functie::parse(need("function")?).ok_or(Geweigerd::Malformed)?,
            services: need("services")?.to_owned(),
            presenter_x5t: need("presenter_x5t")?.to_owned(),
        })
    }

    /// Proves that the caller is the DVA of the provider asked about.
    ///
    /// # Errors
    /// [`Geweigerd::NotAuthenticated`] or [`Geweigerd::NotTheDva`]; nobody's consent is touched.
    pub fn prove(
        &self,
        mitz: &Mitz,
        peer: Option<&PeerCertificate>,
    ) -> Result<ProvenDva, Geweigerd> {
        let peer = peer.ok_or(Geweigerd::NotAuthenticated)?;
        let host = peer.only_name().unwrap_or_default();
        mitz.dvas
            .by_host(host)
            .filter(|dva| dva.uras.contains(&self.ura))
            .map(|dva| ProvenDva {
                host: host.to_owned(),
                dva: dva.clone(),
            })
            .ok_or(Geweigerd::NotTheDva)
    }

    /// The first step (25). `token` is what our own signature proved, `grant` what the `jti` hid;
    /// nothing when either failed.
    pub fn begin(
        self,
        mitz: &Mitz,
        dva: ProvenDva,
        token: Option<Locatietoken>,
        grant: Option<[u8; 16]>,
        now: Moment,
    ) -> Stap {
        let (Some(token), Some(grant)) = (token, grant) else {
            return dva.inactive("the token is not ours, altered, or over");
        };
        if Moment::from_unix(token.exp).is_over_at(now) {
            return dva.inactive("the token is over");
        }
        // mitz case 40: only the holder of the certificate can use it
        let holder = token.cnf.as_ref().map(|cnf| cnf.x5t_s256.as_str());
        if holder != Some(self.presenter_x5t.as_str()) {
            return dva.inactive("the token was presented with another certificate");
        }
        if !token.aud.contains(&dva.dva.issuer) {
            return dva.inactive("the token is not for this DVA");
        }
        if token.locations.len() != 1 && !mitz.full_location_token {
            return dva.inactive("the token names several providers");
        }
        Step::Ask(Vraag::Grant(Box::new(GrantVraag {
            vraag: self,
            dva,
            token,
            grant,
        })))
    }
}

impl ProvenDva {
    /// Where its public keys stand.
    pub fn jwks_uri(&self) -> &str {
        &self.dva.jwks_uri
    }

    /// Its issuer: the audience of the answer.
    pub fn issuer(&self) -> &str {
        &self.dva.issuer
    }

    fn inactive(&self, reason: &'static str) -> Stap {
        let who = Actor::Party(self.host.clone());
        Step::reply_with(
            Antwoord::Inactive,
            Event::refused("mitz case 44", reason, who),
        )
    }
}

impl GrantVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Grant::key(self.grant)
    }

    /// Goes on when the grant is there.
    pub fn answer(self, found: Option<Stored<Grant>>) -> Stap {
        match found {
            None => self.dva.inactive("the grant has ended"),
            Some(found) => Step::Ask(Vraag::Toestemmingen(Box::new(ToestemmingenVraag {
                vraag: self.vraag,
                dva: self.dva,
                token: self.token,
                grant: found.value,
            }))),
        }
    }
}

impl ToestemmingenVraag {
    /// Which row.
    pub fn key(&self) -> Key {
        Toestemmingen::key(self.grant.persoon, &self.grant.client_id)
    }

    /// Decides (step 26). The BSN leaves only if the choices still stand when the answer does.
    pub fn answer(self, mitz: &Mitz, found: Option<Stored<Toestemmingen>>) -> Stap {
        let key = self.key();
        // mitz case 47: the whole consent was withdrawn, or given anew under another link
        let Some(found) = found.filter(|f| f.value.koppeling == self.grant.koppeling) else {
            return self.dva.inactive("the person withdrew the consent");
        };
        let Self {
            vraag,
            dva,
            token,
            grant,
        } = self;
        let categorie = mitz.catalogus.categorie(&vraag.ura);
        let besluit = beslis(&found.value.keuzes, &vraag.ura, categorie, vraag.functie);
        let named = token.names(&vraag.ura, mitz.full_location_token);
        let who = Actor::Party(dva.host);
        let bekend = Box::new(Bekend {
            sub: token.sub,
            client_id: grant.client_id,
            exp: token.exp,
            level: grant.level,
            ura: vraag.ura,
            functie: vraag.functie,
        });
        if besluit == Besluit::Toestemming && named {
            let unchanged = Change {
                key,
                expect: Expect::Version(found.version),
                then: Then::Keep,
            };
            let reply = Antwoord::Permit {
                bekend,
                bsn: grant.bsn,
                services: vraag.services,
            };
            let event = Event::granted("seed 000 step 26", "consent and BSN were given", who);
            Step::Done(Verdict {
                reply,
                changes: vec![unchanged],
                events: vec![event.about(grant.persoon)],
            })
        } else {
            deny(bekend, who, grant.persoon)
        }
    }
}

fn deny(bekend: Box<Bekend>, who: Actor, persoon: PersonTag) -> Stap {
    let event = Event::refused("mitz case 43", "no consent for this provider", who);
    Step::reply_with(Antwoord::Deny(bekend), event.about(persoon))
}

impl Antwoord {
    /// The `token_introspection` member (RFC 9701 §5, mitz.md §2.7).
    pub fn token_introspection(&self, issuer: &str) -> Value {
        match self {
            // RFC 7662 §2.2: exactly this, and nothing of the reason
            Self::Inactive => json!({ "active": false }),
            Self::Deny(bekend) => {
                let mut members = bekend.members(issuer);
                members.insert("consent".to_owned(), json!({ "decision": "Deny" }));
                Value::Object(members)
            }
            Self::Permit {
                bekend,
                bsn,
                services,
            } => {
                let mut members = bekend.members(issuer);
                let services: Vec<&str> = services.split(' ').collect();
                members.insert(
                    "consent".to_owned(),
                    json!({
                        "decision": "Permit",
                        "services": services,
                        "function": bekend.functie.as_str(),
                    }),
                );
                members.insert(
                    "bsn".to_owned(),
                    json!({ "system": BSN_SYSTEM, "value": bsn.reveal() }),
                );
                Value::Object(members)
            }
        }
    }
}

impl Bekend {
    fn members(&self, issuer: &str) -> Map<String, Value> {
        let members = json!({
            "active": true,
            "iss": issuer,
            "sub": self.sub,
            "client_id": self.client_id,
            "exp": self.exp,
            "acr": acr(self.level),
            "ura": self.ura,
        });
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}
