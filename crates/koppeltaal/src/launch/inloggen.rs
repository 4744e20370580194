//! The person of a launch goes to an IdP and comes back (koppeltaal.md §4.5).
//!
//! [`Vertrek`] follows a good authorization request with a good launch: it spends the launch, writes
//! what happened and sends the person on, with what must come back in the browser's own cookie.
//! [`Terugkeer`] takes what the IdP sent back: spends the request, asks the IdP who it is and the
//! FHIR server who the person of the launch is, and gives a code when they are one.

use protocol::authorize::{RedirectRefusal, answer_url};
use protocol::pkce::Challenge;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use verdict::{
    Actor, Change, Clear, Entropy, Event, Expect, Key, Moment, Record as _, Space, Step, Verdict,
};

use super::authorize::{self, AuthorizeVerzoek};
use super::code::Code;
use super::hti::{self, Hti};
use super::idp::{self, Discovery};
use super::{Context, NietGoed, persoon};
use crate::auditevent::{
    Auditevent, Authenticatiestap, Gebeurtenis, NamedIdp, Spoor, Sporen, Uitkomst,
};
use crate::domein::{ClientId, Domein};
use crate::domeinconfiguratie::{Domeinkop, Idp};
use crate::outbox::Uitgaand;
use crate::token_endpoint::Nu;

/// Seconds that a person may take at an IdP (design §5 "front channel").
pub const ONDERWEG_S: u32 = 900;
/// The rows of requests that an IdP answered.
const BEANTWOORD: Space = Space("koppeltaal.idp_state");

/// A person on the way to an IdP: what the browser's cookie holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Onderweg {
    /// In which domain.
    pub domein: Domein,
    /// Good until then; seconds since 1970.
    pub until: i64,
    /// The `state` of our request to the IdP.
    pub state: String,
    nonce: String,
    verifier: String,
    idp: String,
    terug: Terug,
    context: Context,
    request: Spoor,
    trace: Option<Spoor>,
}

/// How the module gets its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Terug {
    client_id: ClientId,
    redirect_uri: String,
    state: String,
    nonce: Option<String>,
    challenge: String,
}

/// What follows an authorization request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vertrokken {
    /// The person goes to the IdP.
    NaarIdp {
        /// There.
        url: String,
        /// With this in the cookie.
        onderweg: Box<Onderweg>,
    },
    /// The module hears an error.
    Terug(RedirectRefusal),
}

/// What follows the IdP's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Teruggekeerd {
    /// The module gets a code: this grant's.
    Code {
        /// Where it goes, once the code is filled in.
        terug: CodeTerug,
        /// The grant.
        grant: [u8; 16],
    },
    /// The module hears an error.
    Terug(RedirectRefusal),
    /// A page: it is somebody else, or nobody who may launch (koppeltaal cases 102 to 104).
    Geweigerd,
    /// A page: this answer was used before.
    AlBeantwoord,
}

/// How a code goes to the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeTerug {
    redirect_uri: String,
    state: String,
}

/// A module's good request with a portal's good launch.
#[derive(Clone)]
pub struct Vertrek {
    verzoek: AuthorizeVerzoek,
    hti: Hti,
    request: Spoor,
    now: Moment,
    geheimen: Geheimen,
}

/// What is drawn for one login.
#[derive(Clone)]
struct Geheimen {
    state: String,
    nonce: String,
    verifier: String,
    outbox: [u8; 32],
}

/// What [`Vertrek`] asks, in order.
pub enum Vertrekvraag {
    /// The domain as it is now.
    Domein(Box<DomeinVraag>),
    /// What the IdP says of itself.
    Discovery(Box<DiscoveryVraag>),
}

/// See [`Vertrekvraag::Domein`].
pub struct DomeinVraag(Vertrek);

/// See [`Vertrekvraag::Discovery`].
pub struct DiscoveryVraag {
    vertrek: Vertrek,
    naam: String,
    idp: Idp,
    hint_onbekend: bool,
}

/// An IdP sent the browser back.
#[derive(Clone)]
pub struct Terugkeer {
    onderweg: Onderweg,
    antwoord: Antwoord,
    request: Spoor,
    now: Moment,
    grant: [u8; 16],
    outbox: [u8; 32],
}

/// What the browser brings from an IdP (OIDC Core §3.1.2.5 and §3.1.2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Antwoord {
    /// A code.
    Code(String),
    /// The person stopped, or was refused there.
    AccessDenied,
    /// Any other error.
    Fout,
}

/// Who logged in, as the IdP says it.
#[derive(Clone, Debug)]
pub enum Login {
    /// What it calls the person.
    Ingelogd(String),
    /// Its answer is not good: why, for the operator.
    Afgekeurd(NietGoed),
    /// It does not answer.
    Onbereikbaar,
}

/// What the FHIR server knows of the person.
#[derive(Clone, Debug)]
pub enum Vondst {
    /// This resource.
    Gevonden(Box<Value>),
    /// Nothing.
    Onbekend,
    /// It does not answer.
    Onbereikbaar,
}

/// What [`Terugkeer`] asks, in order.
pub enum Terugkeervraag {
    /// Who logged in, by the code that the IdP gave.
    Login(Box<LoginVraag>),
    /// The domain as it is now, to log there that nobody logged in.
    Gestopt(Box<GestoptVraag>),
    /// The resource of the person who launches, and the domain as it is now.
    Persoon(Box<PersoonVraag>),
}

/// See [`Terugkeervraag::Login`].
pub struct LoginVraag {
    terugkeer: Terugkeer,
    code: String,
}

/// See [`Terugkeervraag::Gestopt`].
pub struct GestoptVraag {
    terugkeer: Terugkeer,
    error: &'static str,
    why: NietGoed,
}

/// See [`Terugkeervraag::Persoon`].
pub struct PersoonVraag {
    terugkeer: Terugkeer,
    claim: String,
}

type Vertrekstap = Step<Vertrokken, Vertrekvraag>;
type Terugkeerstap = Step<Teruggekeerd, Terugkeervraag>;

// ── To the IdP ──────────────────────────────────────────────────────────────────────────────────

impl Vertrek {
    /// Of a request with the number `request`.
    pub fn new(
        verzoek: AuthorizeVerzoek,
        hti: Hti,
        request: Spoor,
        now: Moment,
        entropy: &Entropy,
    ) -> Self {
        let secret = |label| jose::b64::encode(entropy.bytes::<32>(label));
        Self {
            verzoek,
            hti,
            request,
            now,
            geheimen: Geheimen {
                state: secret("koppeltaal.idp_state"),
                nonce: secret("koppeltaal.idp_nonce"),
                verifier: secret("koppeltaal.idp_verifier"),
                outbox: entropy.bytes("koppeltaal.vertrek"),
            },
        }
    }

    /// The first step.
    pub fn begin(&self) -> Vertrekstap {
        Step::Ask(Vertrekvraag::Domein(Box::new(DomeinVraag(self.clone()))))
    }

    /// What it comes to when the row of `key` was not as expected: a launch that was used before
    /// (koppeltaal case 98). Nothing when the domain changed in the same moment.
    pub fn lost(&self, key: &Key) -> Option<Vertrekstap> {
        (key.space() == hti::SPACE).then(|| {
            let why = NietGoed::new("koppeltaal case 98", "the launch was used before (jti)");
            self.refused("invalid_request", why)
        })
    }

    /// Refuses, and tells nobody but the module and the operator.
    fn refused(&self, error: &'static str, why: NietGoed) -> Vertrekstap {
        let event = Event::refused(why.requirement, why.reason, self.who());
        Step::reply_with(Vertrokken::Terug(self.verzoek.refused(error, why)), event)
    }

    /// Refuses after the launch was good, which is logged in the domain too (TOP-KT-012c).
    fn failed(&self, why: NietGoed, naam: Option<NamedIdp>, nu: &Nu<'_>) -> Vertrekstap {
        let mut events = vec![self.step(Authenticatiestap::Authorize, None, ACCEPTED)];
        events.extend(naam.map(|idp| {
            let uitkomst = Uitkomst::Mislukt("the identity provider does not answer");
            self.step(Authenticatiestap::IdpCall, Some(idp), uitkomst)
        }));
        events.push(self.event(
            Gebeurtenis::LaunchMislukt {
                taak: self.hti.context.resource.clone(),
            },
            Uitkomst::Mislukt("the person could not be sent to an identity provider"),
        ));
        let event = Event::refused(why.requirement, why.reason, self.who());
        let reply = Vertrokken::Terug(self.verzoek.refused("server_error", why));
        self.done(reply, event, &events, nu)
    }

    /// Every end of a good launch: it is spent, under the guard that the domain did not change.
    fn done(
        &self,
        reply: Vertrokken,
        event: Event,
        told: &[Auditevent],
        nu: &Nu<'_>,
    ) -> Vertrekstap {
        let mut changes = vec![
            self.hti.burn(),
            Domeinkop::guard(&nu.domein.domein, nu.version),
        ];
        let entropy = Entropy::new(self.geheimen.outbox);
        changes.extend(Uitgaand::put_all(told, nu, &entropy));
        Step::Done(Verdict {
            reply,
            changes,
            events: vec![event],
        })
    }

    fn who(&self) -> Actor {
        Actor::Party(self.verzoek.client_id.to_string())
    }

    fn step(
        &self,
        stap: Authenticatiestap,
        idp: Option<NamedIdp>,
        uitkomst: Uitkomst,
    ) -> Auditevent {
        let gebeurtenis = Gebeurtenis::Authenticatie {
            stap,
            applicatie: self.verzoek.client_id,
            idp,
            persoon: self.hti.context.sub.clone(),
        };
        self.event(gebeurtenis, uitkomst)
    }

    fn event(&self, gebeurtenis: Gebeurtenis, uitkomst: Uitkomst) -> Auditevent {
        Auditevent {
            gebeurtenis,
            uitkomst,
            sporen: Sporen {
                trace: self.hti.trace().cloned(),
                ..Sporen::of(self.request.clone())
            },
            recorded: self.now,
        }
    }
}

const ACCEPTED: Uitkomst = Uitkomst::Gelukt("the launch was accepted");

impl DomeinVraag {
    /// Chooses the IdP (MIDP).
    pub fn answer(self, nu: Option<Nu<'_>>) -> Vertrekstap {
        let vertrek = self.0;
        let module = nu.and_then(|nu| Some((nu, nu.domein.approved(vertrek.verzoek.client_id)?)));
        let Some((nu, module)) = module else {
            // koppeltaal case 93: since the request was checked
            let why = NietGoed::new(
                "koppeltaal case 93",
                "the application is not approved any more",
            );
            return vertrek.refused("unauthorized_client", why);
        };
        let soort = vertrek.hti.context.sub.soort();
        let hint = vertrek.hti.idp_hint.as_deref();
        let Some(keuze) = idp::kies(nu.domein, module, soort, hint) else {
            let reason = "the domain has no IdP for these people of this application";
            return vertrek.failed(NietGoed::new("koppeltaal case 105", reason), None, &nu);
        };
        Step::Ask(Vertrekvraag::Discovery(Box::new(DiscoveryVraag {
            naam: keuze.naam.to_owned(),
            idp: keuze.idp.clone(),
            hint_onbekend: keuze.hint_onbekend,
            vertrek,
        })))
    }
}

impl DiscoveryVraag {
    /// Of which IdP.
    pub const fn idp(&self) -> &Idp {
        &self.idp
    }

    /// Sends the person on (koppeltaal case 92). `nu` is the domain with which the IdP was chosen.
    pub fn answer(self, found: Result<Discovery, NietGoed>, nu: Option<Nu<'_>>) -> Vertrekstap {
        let Some(nu) = nu else {
            return DomeinVraag(self.vertrek).answer(None);
        };
        let discovery = match found {
            Ok(discovery) => discovery,
            Err(why) => return self.vertrek.failed(why, Some(self.named()), &nu),
        };
        let vertrek = &self.vertrek;
        let mut told = vec![
            vertrek.step(Authenticatiestap::Authorize, None, ACCEPTED),
            vertrek.step(
                Authenticatiestap::IdpCall,
                Some(self.named()),
                Uitkomst::Gelukt("the person was sent to the identity provider"),
            ),
        ];
        if self.hint_onbekend {
            // koppeltaal case 105
            let reason = "idp_hint names no identity provider of the application";
            let uitkomst = Uitkomst::Geweigerd(reason);
            told.insert(1, vertrek.step(Authenticatiestap::IdpCall, None, uitkomst));
        }
        let event = Event::granted("koppeltaal case 92", "a launch was accepted", vertrek.who());
        vertrek.done(self.naar_idp(&discovery, &nu), event, &told, &nu)
    }

    fn naar_idp(&self, discovery: &Discovery, nu: &Nu<'_>) -> Vertrokken {
        let Vertrek {
            verzoek,
            hti,
            geheimen,
            ..
        } = &self.vertrek;
        let challenge = Challenge::of(&geheimen.verifier);
        let vraag = idp::Vraag {
            redirect_uri: &nu.urls.idp_callback(),
            state: &geheimen.state,
            nonce: &geheimen.nonce,
            challenge: &challenge,
            prompt: verzoek.prompt,
        };
        Vertrokken::NaarIdp {
            url: discovery.url(&self.idp, &vraag),
            onderweg: Box::new(Onderweg {
                domein: nu.domein.domein.clone(),
                until: self.vertrek.now.plus_s(ONDERWEG_S).unix(),
                state: geheimen.state.clone(),
                nonce: geheimen.nonce.clone(),
                verifier: geheimen.verifier.clone(),
                idp: self.naam.clone(),
                terug: Terug {
                    client_id: verzoek.client_id,
                    redirect_uri: verzoek.redirect_uri.clone(),
                    state: verzoek.state.clone(),
                    nonce: verzoek.nonce.clone(),
                    challenge: verzoek.challenge.as_str().to_owned(),
                },
                context: hti.context.clone(),
                request: self.vertrek.request.clone(),
                trace: hti.trace().cloned(),
            }),
        }
    }

    fn named(&self) -> NamedIdp {
        NamedIdp {
            naam: self.naam.clone(),
            issuer: self.idp.issuer.clone(),
        }
    }
}

// ── Back from the IdP ───────────────────────────────────────────────────────────────────────────

impl Onderweg {
    /// Whether the person took too long.
    pub const fn is_over_at(&self, now: Moment) -> bool {
        Moment::from_unix(self.until).is_over_at(now)
    }

    /// The name of the IdP in the domain.
    pub fn idp(&self) -> &str {
        &self.idp
    }

    /// The nonce that its ID token must repeat.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The verifier of our request.
    pub fn verifier(&self) -> &str {
        &self.verifier
    }

    /// The number of the whole launch.
    pub const fn trace(&self) -> Option<&Spoor> {
        self.trace.as_ref()
    }

    /// Whose resource is asked of the FHIR server.
    pub const fn context(&self) -> &Context {
        &self.context
    }
}

impl Antwoord {
    /// Reads what stands in the query.
    pub fn read(code: Option<&str>, error: Option<&str>) -> Self {
        match (code, error) {
            (Some(code), None) if !code.is_empty() => Self::Code(code.to_owned()),
            (_, Some("access_denied")) => Self::AccessDenied,
            _ => Self::Fout,
        }
    }
}

impl Terugkeer {
    /// Takes what the browser's cookie held and what it brings, in a request with this number.
    pub fn new(
        onderweg: Onderweg,
        antwoord: Antwoord,
        request: Spoor,
        now: Moment,
        entropy: &Entropy,
    ) -> Self {
        Self {
            onderweg,
            antwoord,
            request,
            now,
            grant: entropy.bytes("koppeltaal.code"),
            outbox: entropy.bytes("koppeltaal.terugkeer"),
        }
    }

    /// The first step: a request to an IdP is answered once, and spent before the IdP is asked what
    /// it can be asked once.
    pub fn begin(&self) -> Terugkeerstap {
        let this = self.clone();
        Step::Save {
            changes: vec![Change::spend(self.state_key(), self.now.plus_s(ONDERWEG_S))],
            events: Vec::new(),
            then: Box::new(move || this.clone().spent()),
        }
    }

    /// What it comes to when the row of `key` was not as expected: this answer was used before.
    pub fn lost(&self, key: &Key) -> Option<Terugkeerstap> {
        (key.space() == BEANTWOORD).then(|| {
            let reason = "the IdP's answer was used before";
            let event = Event::refused("koppeltaal.md §4.5", reason, Actor::Person);
            Step::reply_with(Teruggekeerd::AlBeantwoord, event)
        })
    }

    fn state_key(&self) -> Key {
        Key::Once(BEANTWOORD, jose::sha256(self.onderweg.state.as_bytes()))
    }

    fn spent(self) -> Terugkeerstap {
        let (error, reason) = match self.antwoord.clone() {
            Antwoord::Code(code) => {
                return Step::Ask(Terugkeervraag::Login(Box::new(LoginVraag {
                    terugkeer: self,
                    code,
                })));
            }
            Antwoord::AccessDenied => (
                "access_denied",
                "the person stopped at the IdP, or was refused there",
            ),
            Antwoord::Fout => ("server_error", "the IdP answered with an error"),
        };
        Step::Ask(Terugkeervraag::Gestopt(Box::new(GestoptVraag {
            terugkeer: self,
            error,
            why: NietGoed::new("OIDC Core §3.1.2.6", reason),
        })))
    }

    /// An end in a domain that is gone, where nothing can be logged.
    fn without_domain(&self) -> Terugkeerstap {
        let event = Event::refused(NO_DOMAIN.requirement, NO_DOMAIN.reason, Actor::Person);
        Step::reply_with(self.terug("server_error", NO_DOMAIN), event)
    }

    /// Nobody logged in, which is logged in the domain (koppeltaal.md §3.6 `idp login`).
    fn failed(
        &self,
        error: &'static str,
        why: NietGoed,
        told: &'static str,
        nu: &Nu<'_>,
    ) -> Terugkeerstap {
        let event = Event::refused(why.requirement, why.reason, Actor::Person);
        let reply = self.terug(error, why);
        self.done(reply, event, Uitkomst::Mislukt(told), Vec::new(), nu)
    }

    fn terug(&self, error: &'static str, why: NietGoed) -> Teruggekeerd {
        let terug = &self.onderweg.terug;
        let state = Some(terug.state.as_str());
        Teruggekeerd::Terug(authorize::refused(&terug.redirect_uri, state, error, why))
    }

    /// An end that is logged in the domain (koppeltaal.md §3.6 `idp login`).
    fn done(
        &self,
        reply: Teruggekeerd,
        event: Event,
        uitkomst: Uitkomst,
        more: Vec<Change<Clear>>,
        nu: &Nu<'_>,
    ) -> Terugkeerstap {
        let onderweg = &self.onderweg;
        let idp = nu.domein.idps.get(&onderweg.idp).map(|idp| NamedIdp {
            naam: onderweg.idp.clone(),
            issuer: idp.issuer.clone(),
        });
        let told = Auditevent {
            gebeurtenis: Gebeurtenis::Authenticatie {
                stap: Authenticatiestap::IdpLogin,
                applicatie: onderweg.terug.client_id,
                idp,
                persoon: onderweg.context.sub.clone(),
            },
            uitkomst,
            sporen: Sporen {
                request: self.request.clone(),
                correlation: Some(onderweg.request.clone()),
                trace: onderweg.trace.clone(),
            },
            recorded: self.now,
        };
        let mut changes = vec![Domeinkop::guard(&nu.domein.domein, nu.version)];
        changes.extend(more);
        changes.extend(Uitgaand::put_all(&[told], nu, &Entropy::new(self.outbox)));
        Step::Done(Verdict {
            reply,
            changes,
            events: vec![event],
        })
    }
}

impl GestoptVraag {
    /// Goes back to the module with the error.
    pub fn answer(self, nu: Option<Nu<'_>>) -> Terugkeerstap {
        let told = "nobody logged in at the identity provider";
        match nu {
            Some(nu) => self.terugkeer.failed(self.error, self.why, told, &nu),
            None => self.terugkeer.without_domain(),
        }
    }
}

impl LoginVraag {
    /// The code, for the IdP's token endpoint.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Goes on with what the IdP said. `nu` is the domain as it is now.
    pub fn answer(self, login: Login, nu: Option<Nu<'_>>) -> Terugkeerstap {
        let terugkeer = self.terugkeer;
        let Some(nu) = nu else {
            return terugkeer.without_domain();
        };
        match login {
            Login::Ingelogd(claim) => Step::Ask(Terugkeervraag::Persoon(Box::new(PersoonVraag {
                terugkeer,
                claim,
            }))),
            Login::Afgekeurd(why) => {
                let told = "the identity provider's answer is not good";
                terugkeer.failed("access_denied", why, told, &nu)
            }
            Login::Onbereikbaar => {
                let why = NietGoed::new("koppeltaal.md §4.5", "the IdP does not answer");
                let told = "the identity provider does not answer";
                terugkeer.failed("server_error", why, told, &nu)
            }
        }
    }
}

const NO_DOMAIN: NietGoed = NietGoed::new("koppeltaal.md §4.5", "the domain is gone");

impl PersoonVraag {
    /// Which resource.
    pub const fn context(&self) -> &Context {
        self.terugkeer.onderweg.context()
    }

    /// Gives a code when the person who logged in is the person who launches (koppeltaal cases 101
    /// to 104).
    pub fn answer(self, vondst: Vondst, nu: Option<Nu<'_>>) -> Terugkeerstap {
        let terugkeer = &self.terugkeer;
        let onderweg = &terugkeer.onderweg;
        let known = nu.and_then(|nu| {
            let idp = nu.domein.idps.get(&onderweg.idp)?;
            nu.domein.approved(onderweg.terug.client_id)?;
            Some((nu, idp))
        });
        let Some((nu, idp)) = known else {
            return self.terugkeer.without_domain();
        };
        let held = match vondst {
            Vondst::Gevonden(found) => persoon::is(&found, &onderweg.context, idp, &self.claim),
            Vondst::Onbekend => Err(NietGoed::new(
                "koppeltaal.md §4.5",
                "the FHIR server does not know the person",
            )),
            Vondst::Onbereikbaar => {
                let why = NietGoed::new("koppeltaal.md §4.5", "the FHIR server does not answer");
                let told = "the person could not be looked up";
                return terugkeer.failed("server_error", why, told, &nu);
            }
        };
        match held {
            Ok(()) => self.granted(&nu),
            Err(why) => {
                let event = Event::refused(why.requirement, why.reason, Actor::Person);
                // koppeltaal case 102
                let uitkomst = Uitkomst::Mislukt("the person is not who launches");
                let reply = Teruggekeerd::Geweigerd;
                terugkeer.done(reply, event, uitkomst, Vec::new(), &nu)
            }
        }
    }

    /// koppeltaal case 101
    fn granted(&self, nu: &Nu<'_>) -> Terugkeerstap {
        let Terugkeer {
            onderweg,
            grant,
            now,
            ..
        } = &self.terugkeer;
        let terug = onderweg.terug.clone();
        let code = Code {
            domein: onderweg.domein.clone(),
            client_id: terug.client_id,
            redirect_uri: terug.redirect_uri.clone(),
            challenge: terug.challenge,
            nonce: terug.nonce,
            context: onderweg.context.clone(),
        };
        let until = now.plus_s(super::code::CODE_S);
        let row = code.put(Code::key(*grant), Expect::Absent, until);
        let reply = Teruggekeerd::Code {
            terug: CodeTerug {
                redirect_uri: terug.redirect_uri,
                state: terug.state,
            },
            grant: *grant,
        };
        let event = Event::granted("koppeltaal case 101", "a person logged in", Actor::Person);
        let uitkomst = Uitkomst::Gelukt("the person is who launches");
        self.terugkeer.done(reply, event, uitkomst, vec![row], nu)
    }
}

impl CodeTerug {
    /// Where the browser goes with the code (koppeltaal case 101; RFC 9207 §2).
    pub fn url(&self, issuer: &str, code: &str) -> String {
        answer_url(
            &self.redirect_uri,
            &[("code", code)],
            Some(&self.state),
            issuer,
        )
    }
}

#[cfg(test)]
mod tests;
