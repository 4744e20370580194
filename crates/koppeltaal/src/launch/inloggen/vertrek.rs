//! To the IdP.

use std::borrow::Cow;

use protocol::authorize::RedirectRefusal;
use protocol::pkce::Challenge;
use verdict::{Actor, Entropy, Event, Key, Moment, Step, Verdict};

use super::{ONDERWEG_S, Onderweg, Terug};
use crate::auditevent::{
    Auditevent, Authenticatiestap, Gebeurtenis, NamedIdp, Spoor, Sporen, Uitkomst,
};
use crate::domeinconfiguratie::{Domeinkop, Idp};
use crate::launch::NietGoed;
use crate::launch::authorize::AuthorizeVerzoek;
use crate::launch::hti::{self, Hti};
use crate::launch::idp::{self, Discovery};
use crate::outbox::Uitgaand;
use crate::token_endpoint::Nu;

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

type Stap = Step<Vertrokken, Vertrekvraag>;

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
    pub fn begin(&self) -> Stap {
        Step::Ask(Vertrekvraag::Domein(Box::new(DomeinVraag(self.clone()))))
    }

    /// What it comes to when the row of `key` was not as expected: a launch that was used before
    /// (koppeltaal case 98). Nothing when the domain changed in the same moment.
    pub fn lost(&self, key: &Key) -> Option<Stap> {
        (key.space() == hti::SPACE).then(|| {
            let why = NietGoed::new("koppeltaal case 98", "the launch was used before (jti)");
            self.refused("invalid_request", why)
        })
    }

    /// Refuses, and tells nobody but the module and the operator.
    fn refused(&self, error: &'static str, why: NietGoed) -> Stap {
        let event = Event::refused(why.requirement, why.reason, self.who());
        Step::reply_with(Vertrokken::Terug(self.verzoek.refused(error, why)), event)
    }

    /// Refuses after the launch was good, which is logged in the domain too (TOP-KT-012c).
    fn failed(&self, why: NietGoed, naam: Option<NamedIdp>, nu: &Nu<'_>) -> Stap {
        let mut events = vec![self.step(Authenticatiestap::Authorize, None, ACCEPTED)];
        events.extend(naam.map(|idp| {
            let uitkomst = Uitkomst::Mislukt("the identity provider does not answer".into());
            self.step(Authenticatiestap::IdpCall, Some(idp), uitkomst)
        }));
        events.push(self.event(
            Gebeurtenis::LaunchMislukt {
                taak: self.hti.context.resource.clone(),
            },
            Uitkomst::Mislukt("the person could not be sent to an identity provider".into()),
        ));
        let event = Event::refused(why.requirement, why.reason, self.who());
        let reply = Vertrokken::Terug(self.verzoek.refused("server_error", why));
        self.done(reply, event, &events, nu)
    }

    /// Every end of a good launch: it is spent, under the guard that the domain did not change.
    fn done(&self, reply: Vertrokken, event: Event, told: &[Auditevent], nu: &Nu<'_>) -> Stap {
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

const ACCEPTED: Uitkomst = Uitkomst::Gelukt(Cow::Borrowed("the launch was accepted"));

impl DomeinVraag {
    /// Chooses the IdP (MIDP).
    pub fn answer(self, nu: Option<Nu<'_>>) -> Stap {
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
    pub fn answer(self, found: Result<Discovery, NietGoed>, nu: Option<Nu<'_>>) -> Stap {
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
                Uitkomst::Gelukt("the person was sent to the identity provider".into()),
            ),
        ];
        if self.hint_onbekend {
            // koppeltaal case 105
            let reason = "idp_hint names no identity provider of the application";
            let uitkomst = Uitkomst::Geweigerd(reason.into());
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
