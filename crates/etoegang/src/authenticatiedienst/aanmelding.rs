//! The authorization request of an HM, as the AD reads it, and the login that answers it (GUC3 in
//! etoegang.md §2.1; §4.6).
//!
//! Only signed requests are taken (RFC 9101): what the browser could change beside one is not looked at.

use identity::{EntityId, Rol, ServiceId};
use jose::{Claims, Expected, Typ};
use protocol::authorize::{RedirectRefusal, answer_url};
use protocol::client::{Authentication, Client, Clients};
use protocol::grant::CodeTerms;
use protocol::handle::Handle;
use protocol::pkce::Challenge;
use protocol::redirect;
use protocol::scope::Scope;
use protocol::wire::Parameters;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use verdict::{Actor, Change, Clear, Entropy, Event, Expect, Key, Moment, Record as _, Space};
use verdict::{Step, Stored, Verdict};

use super::bewijs::Proef;
use super::middel::{Afwijzing, Middel};
use super::pseudoniem::Pseudoniem;
use super::sessie::{Ad, CODE_S, Secret, Sessie};
use crate::attribuut::{self, Attribuutnaam, Drager};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::hm_ad::aanmelden::{AANMELDEN_S, ETD_MR, VERZOEK_TYP};

/// Logins that ended.
const GEEINDIGD: Space = Space("etoegang.ad_aanmelding");
/// Characters of `state` and `nonce`, at most: they must fit the browser's cookie.
const CARRIED_MAX: usize = 512;
/// Characters of a name, at most.
pub const NAAM_MAX: usize = 128;
/// Seconds by which the clocks of HM and AD may differ.
const LEEWAY_S: u32 = 30;

/// A request of an HM that keeps to every rule; what the browser's cookie holds while the person is at
/// the page.
#[derive(Clone, Serialize, Deserialize)]
pub struct Aanvraag {
    /// Random; names the cookie, and marks the login as ended.
    pub id: String,
    /// For which service.
    pub service_id: ServiceId,
    /// The level that the means must reach.
    pub vereist: Betrouwbaarheidsniveau,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// Which attributes of the person the HM asks for: he is told before he logs in (GUC3.4).
    #[serde(default)]
    pub attributen: Vec<Attribuutnaam>,
    client_id: String,
    state: String,
    nonce: String,
    challenge: String,
    scope: String,
    mr: Option<EntityId>,
    tot: i64,
}

/// Why a request brings no page to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Geweigerd {
    /// Nobody is proven to have asked: a page. Why, for the operator.
    Pagina(&'static str),
    /// The HM hears of it.
    Terug(RedirectRefusal),
}

/// A login: the person says who he is.
#[derive(Clone, Debug)]
pub struct Aanmelding {
    /// What was asked.
    pub aanvraag: Aanvraag,
    /// The name of the means, as typed.
    pub naam: String,
}

/// What the rule asks, in order.
#[derive(Debug)]
pub enum Vraag {
    /// The means of this name, and whether what was shown fits it.
    Middel(Box<MiddelVraag>),
    /// What the DV calls its holder.
    Pseudoniem(Box<PseudoniemVraag>),
}

/// See [`Vraag::Middel`].
#[derive(Clone, Debug)]
pub struct MiddelVraag {
    aanmelding: Aanmelding,
    now: Moment,
}

/// See [`Vraag::Pseudoniem`].
#[derive(Debug)]
pub struct PseudoniemVraag {
    aanmelding: Aanmelding,
    now: Moment,
    middel: Middel,
    toegelaten: Verdict<Result<(), Afwijzing>>,
}

/// How an attempt ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uitkomst {
    /// With a code for the HM.
    Code(Handle),
    /// The person may try again, or cancel. What `proef` said tells how much he may hear.
    Afgewezen(Afwijzing, Proef),
    /// The form was answered before.
    AlBeantwoord,
}

type Stap = Step<Uitkomst, Vraag>;

impl Aanvraag {
    /// Reads and checks a request; `entropy` names the login.
    ///
    /// # Errors
    /// [`Geweigerd`]: a page until HM and redirect URI are proven.
    pub fn read(
        parameters: &Parameters,
        ad: &Ad,
        hms: &Clients,
        entropy: &Entropy,
        now: Moment,
    ) -> Result<Self, Geweigerd> {
        let client_id = parameters.get("client_id").unwrap_or_default();
        let hm = hms
            .get(client_id)
            .ok_or(Geweigerd::Pagina("client_id is no HM of this AD"))?;
        let claims = signed(parameters, ad, hm, now)?;
        let text = |name| claims.str(name).unwrap_or_default();
        let redirect_uri = text("redirect_uri");
        if !redirect::is_registered(hm, redirect_uri) {
            return Err(Geweigerd::Pagina("redirect_uri is not registered"));
        }
        Self::of(&claims, hm, entropy, now).map_err(|(error, reason)| {
            Geweigerd::Terug(RedirectRefusal {
                redirect_uri: redirect_uri.to_owned(),
                state: claims.str("state").ok().map(str::to_owned),
                error,
                requirement: "etoegang.md §4.6",
                reason,
            })
        })
    }

    fn of(
        claims: &Claims,
        hm: &Client,
        entropy: &Entropy,
        now: Moment,
    ) -> Result<Self, (&'static str, &'static str)> {
        let invalid = |reason| ("invalid_request", reason);
        let carried = |name: &'static str| {
            let text = claims.str(name).ok();
            text.filter(|text| (1..=CARRIED_MAX).contains(&text.len()))
                .map(str::to_owned)
                .ok_or(invalid("state or nonce is missing, or too long"))
        };
        let text = |name| claims.str(name).unwrap_or_default();
        if text("response_type") != "code" {
            let reason = "response_type must be code";
            return Err(("unsupported_response_type", reason));
        }
        if text("code_challenge_method") != "S256"
            || Challenge::parse(text("code_challenge")).is_err()
        {
            return Err(invalid("PKCE with S256 is required"));
        }
        if text("prompt") == "none" {
            return Err(("login_required", "the person always logs in"));
        }
        let vereist = Betrouwbaarheidsniveau::from_acr(text("acr_values"))
            .map_err(|_| invalid("acr_values must name one level"))?;
        Ok(Self {
            id: jose::base64url_encode(entropy.bytes::<9>("etoegang.ad.aanmelding")),
            service_id: service_id(text("scope"))?,
            vereist,
            redirect_uri: text("redirect_uri").to_owned(),
            attributen: gevraagd(claims).map_err(invalid)?,
            client_id: hm.client_id.clone(),
            state: carried("state")?,
            nonce: carried("nonce")?,
            challenge: text("code_challenge").to_owned(),
            scope: text("scope").to_owned(),
            mr: register(claims).map_err(invalid)?,
            tot: now.plus_s(AANMELDEN_S).unix(),
        })
    }

    /// Whether the person took too long.
    pub const fn is_over_at(&self, now: Moment) -> bool {
        Moment::from_unix(self.tot).is_over_at(now)
    }

    /// The URL with which the browser goes back to the HM (RFC 9207).
    pub fn antwoord(&self, antwoord: (&str, &str), ad: &Ad) -> String {
        answer_url(
            &self.redirect_uri,
            &[antwoord],
            Some(&self.state),
            &ad.issuer,
        )
    }

    /// Marks the login as ended, once.
    fn geeindigd(&self, now: Moment) -> Change<Clear> {
        let number = jose::sha256(self.id.as_bytes());
        Change::spend(Key::Once(GEEINDIGD, number), now.plus_s(AANMELDEN_S))
    }
}

/// The claims of the signed request (RFC 9101 §6.2).
fn signed(parameters: &Parameters, ad: &Ad, hm: &Client, now: Moment) -> Result<Claims, Geweigerd> {
    let page = Geweigerd::Pagina;
    let request = parameters
        .get("request")
        .ok_or(page("the request is not signed (request is missing)"))?;
    let Authentication::PrivateKeyJwt(keys) = &hm.authentication else {
        return Err(page("the HM registered no keys"));
    };
    let expected = Expected {
        typ: Typ::Is(VERZOEK_TYP),
        issuer: &hm.client_id,
        audience: &[&ad.issuer],
        now,
        leeway_s: LEEWAY_S,
    };
    let claims = jose::verify(request, keys.keys(), keys.algorithms(), &expected)
        .map_err(|_| page("the signed request cannot be believed"))?;
    if claims.str("client_id") != Ok(hm.client_id.as_str()) {
        return Err(page("the signed request names another client_id"));
    }
    Ok(claims)
}

/// `openid`, and the one service that the scope names.
fn service_id(scope: &str) -> Result<ServiceId, (&'static str, &'static str)> {
    let why = "scope must be openid and one ServiceID";
    let parsed = Scope::parse(scope).map_err(|_| ("invalid_scope", why))?;
    let mut services = parsed.tokens().filter(|token| *token != "openid");
    let service = services.next().and_then(|one| ServiceId::parse(one).ok());
    match (service, services.next(), parsed.contains("openid")) {
        (Some(service), None, true) => Ok(service),
        _ => Err(("invalid_scope", why)),
    }
}

/// Which attributes of a person are asked for in the ID token (OIDC Core §5.5). Other claims, and other
/// places, are passed over.
fn gevraagd(claims: &Claims) -> Result<Vec<Attribuutnaam>, &'static str> {
    let asked = claims.get("claims").and_then(|asked| asked.get("id_token"));
    let asked = asked.and_then(Value::as_object).into_iter().flatten();
    let names = asked.map(|(name, _)| name.as_str());
    attribuut::namen(names, Drager::is_van_ad).map_err(|_| "claims asks for too many attributes")
}

/// The register that the request names, if it does.
fn register(claims: &Claims) -> Result<Option<EntityId>, &'static str> {
    if claims.get(ETD_MR).is_none() {
        return Ok(None);
    }
    let mr = claims.str(ETD_MR).ok().map(EntityId::parse);
    match mr {
        Some(Ok(mr)) if mr.rol() == Rol::Mr => Ok(Some(mr)),
        _ => Err("etd_mr names no register"),
    }
}

impl Aanmelding {
    /// The first step.
    pub fn begin(&self, now: Moment) -> Stap {
        Step::Ask(Vraag::Middel(Box::new(MiddelVraag {
            aanmelding: self.clone(),
            now,
        })))
    }

    /// What holds when the row of `key` was not as expected at the commit: the form was sent twice. Every
    /// other row is looked at again.
    pub fn lost(key: &Key) -> Option<Stap> {
        (key.space() == GEEINDIGD).then(|| Step::reply(Uitkomst::AlBeantwoord))
    }

    /// The person cancels.
    pub fn geannuleerd(aanvraag: &Aanvraag, now: Moment) -> Step<(), ()> {
        Step::Done(Verdict {
            reply: (),
            changes: vec![aanvraag.geeindigd(now)],
            events: vec![Event::refused(
                "etoegang case 70",
                "the person cancelled at the AD",
                Actor::Person,
            )],
        })
    }
}

impl MiddelVraag {
    /// Which row.
    pub fn key(&self) -> Key {
        Middel::key(&self.aanmelding.naam)
    }

    /// Judges the attempt. A name that nobody has is answered as a proof that does not fit.
    pub fn answer(self, ad: &Ad, found: Option<Stored<Middel>>, proef: Proef) -> Stap {
        let Self { aanmelding, now } = self;
        let Some(found) = found else {
            let reply = Uitkomst::Afgewezen(Afwijzing::Onjuist, Proef::Onjuist);
            let what = "no means has this name";
            return Step::Done(Verdict {
                reply,
                changes: Vec::new(),
                events: vec![Event::refused("etoegang.md §2.1", what, Actor::Unknown)],
            });
        };
        let (naam, vereist) = (&aanmelding.naam, aanmelding.aanvraag.vereist);
        let toegelaten = Middel::poging(&found, naam, proef, vereist, &ad.instellingen, now);
        if let Err(afwijzing) = toegelaten.reply {
            return Step::Done(Verdict {
                reply: Uitkomst::Afgewezen(afwijzing, proef),
                changes: toegelaten.changes,
                events: toegelaten.events,
            });
        }
        Step::Ask(Vraag::Pseudoniem(Box::new(PseudoniemVraag {
            aanmelding,
            now,
            middel: found.value,
            toegelaten,
        })))
    }
}

impl PseudoniemVraag {
    /// Which row.
    pub fn key(&self) -> Key {
        let oin = self.aanmelding.aanvraag.service_id.oin();
        Pseudoniem::key(&self.middel.houder, oin, None)
    }

    /// Begins the session, whose first secret is the code; `entropy` gives its number.
    pub fn answer(self, found: Option<Stored<Pseudoniem>>, entropy: &Entropy) -> Stap {
        let key = self.key();
        let Self {
            aanmelding,
            now,
            middel,
            toegelaten,
        } = self;
        let aanvraag = aanmelding.aanvraag;
        let Ok(challenge) = Challenge::parse(&aanvraag.challenge) else {
            return Step::reply(Uitkomst::AlBeantwoord);
        };
        let (pseudoniem, kept) = Pseudoniem::voor(key, found, entropy, now);
        let id = entropy.bytes("etoegang.ad.sessie");
        let sessie = Sessie {
            client_id: aanvraag.client_id.clone(),
            middel: aanmelding.naam,
            scope: aanvraag.scope.clone(),
            sub: pseudoniem.sub,
            niveau: middel.niveau.min(middel.bewijs.hoogste()),
            auth_time: now.unix(),
            generation: 0,
            gegeven: now.unix(),
            secret: Secret::Code {
                terms: CodeTerms {
                    redirect_uri: aanvraag.redirect_uri.clone(),
                    challenge,
                },
                nonce: aanvraag.nonce.clone(),
                mr: aanvraag.mr.clone(),
                attributen: aanvraag.attributen.clone(),
            },
        };
        let mut changes = toegelaten.changes;
        changes.extend([
            aanvraag.geeindigd(now),
            kept,
            sessie.put(Sessie::key(id), Expect::Absent, now.plus_s(CODE_S)),
        ]);
        Step::Done(Verdict {
            reply: Uitkomst::Code(Handle { id, generation: 0 }),
            changes,
            events: toegelaten.events,
        })
    }
}

/// It holds a nonce: nothing of it prints but the service.
impl std::fmt::Debug for Aanvraag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Aanvraag({})", self.service_id)
    }
}

#[cfg(test)]
#[path = "aanmelding/tests.rs"]
mod tests;
