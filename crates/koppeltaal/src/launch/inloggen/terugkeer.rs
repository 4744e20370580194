//! Back from the IdP.

use protocol::authorize::{RedirectRefusal, answer_url};
use serde_json::Value;
use verdict::{
    Actor, Change, Clear, Entropy, Event, Expect, Key, Moment, Record as _, Space, Step, Verdict,
};

use super::{ONDERWEG_S, Onderweg};
use crate::auditevent::{
    Auditevent, Authenticatiestap, Gebeurtenis, NamedIdp, Spoor, Sporen, Uitkomst,
};
use crate::domeinconfiguratie::Domeinkop;
use crate::launch::code::{CODE_S, Code};
use crate::launch::{Context, NietGoed, authorize, persoon};
use crate::outbox::Uitgaand;
use crate::token_endpoint::Nu;

/// The rows of requests that an IdP answered.
pub(super) const BEANTWOORD: Space = Space("koppeltaal.idp_state");

/// What an IdP says that would have to ask the person something (OIDC Core §3.1.2.6).
const MOET_VRAGEN: [&str; 4] = [
    "login_required",
    "interaction_required",
    "account_selection_required",
    "consent_required",
];

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
    /// It would have to ask the person something, which the module forbade by `prompt=none`: the error
    /// of OIDC Core §3.1.2.6 that says what.
    MoetVragen(&'static str),
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

type Stap = Step<Teruggekeerd, Terugkeervraag>;

impl Antwoord {
    /// Reads what stands in the query.
    pub fn read(code: Option<&str>, error: Option<&str>) -> Self {
        match (code, error) {
            (Some(code), None) if !code.is_empty() => Self::Code(code.to_owned()),
            (_, Some("access_denied")) => Self::AccessDenied,
            (_, Some(error)) => {
                let asks = MOET_VRAGEN.into_iter().find(|asks| *asks == error);
                asks.map_or(Self::Fout, Self::MoetVragen)
            }
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
    pub fn begin(&self) -> Stap {
        let this = self.clone();
        Step::Save {
            changes: vec![Change::spend(self.state_key(), self.now.plus_s(ONDERWEG_S))],
            events: Vec::new(),
            then: Box::new(move || this.clone().spent()),
        }
    }

    /// What it comes to when the row of `key` was not as expected: this answer was used before.
    pub fn lost(&self, key: &Key) -> Option<Stap> {
        (key.space() == BEANTWOORD).then(|| {
            let reason = "the IdP's answer was used before";
            let event = Event::refused("koppeltaal.md §4.5", reason, Actor::Person);
            Step::reply_with(Teruggekeerd::AlBeantwoord, event)
        })
    }

    pub(super) fn state_key(&self) -> Key {
        Key::Once(BEANTWOORD, jose::sha256(self.onderweg.state.as_bytes()))
    }

    fn spent(self) -> Stap {
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
            Antwoord::MoetVragen(error) => (error, "the IdP may not ask what it must (prompt)"),
            Antwoord::Fout => ("server_error", "the IdP answered with an error"),
        };
        Step::Ask(Terugkeervraag::Gestopt(Box::new(GestoptVraag {
            terugkeer: self,
            error,
            why: NietGoed::new("OIDC Core §3.1.2.6", reason),
        })))
    }

    /// An end in a domain that is gone, where nothing can be logged.
    fn without_domain(&self) -> Stap {
        let event = Event::refused(NO_DOMAIN.requirement, NO_DOMAIN.reason, Actor::Person);
        Step::reply_with(self.terug("server_error", NO_DOMAIN), event)
    }

    /// Nobody logged in, which is logged in the domain (koppeltaal.md §3.6 `idp login`).
    fn failed(&self, error: &'static str, why: NietGoed, told: &'static str, nu: &Nu<'_>) -> Stap {
        let event = Event::refused(why.requirement, why.reason, Actor::Person);
        let reply = self.terug(error, why);
        self.done(reply, event, Uitkomst::Mislukt(told.into()), Vec::new(), nu)
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
    ) -> Stap {
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
    pub fn answer(self, nu: Option<Nu<'_>>) -> Stap {
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
    pub fn answer(self, login: Login, nu: Option<Nu<'_>>) -> Stap {
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
    pub fn answer(self, vondst: Vondst, nu: Option<Nu<'_>>) -> Stap {
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
                let uitkomst = Uitkomst::Mislukt("the person is not who launches".into());
                let reply = Teruggekeerd::Geweigerd;
                terugkeer.done(reply, event, uitkomst, Vec::new(), &nu)
            }
        }
    }

    /// koppeltaal case 101
    fn granted(&self, nu: &Nu<'_>) -> Stap {
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
        let until = now.plus_s(CODE_S);
        let row = code.put(Code::key(*grant), Expect::Absent, until);
        let reply = Teruggekeerd::Code {
            terug: CodeTerug {
                redirect_uri: terug.redirect_uri,
                state: terug.state,
            },
            grant: *grant,
        };
        let event = Event::granted("koppeltaal case 101", "a person logged in", Actor::Person);
        let uitkomst = Uitkomst::Gelukt("the person is who launches".into());
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
