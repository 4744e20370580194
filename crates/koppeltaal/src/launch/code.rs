//! A code for the context of a launch (koppeltaal.md §4.5, RFC 6749 §4.1.3).
//!
//! The code is a row that is used once. It is spent as soon as an application that proved itself
//! shows it, even if the request then fails (design §5 "code"). Nothing follows it: there is no
//! refresh token, and the access token opens nothing.

use protocol::grant::CodeTerms;
use protocol::handle::{Handle, Purpose};
use protocol::pkce::Challenge;
use protocol::refusal::{ErrorCode, Refusal};
use protocol::wire::Parameters;
use serde::{Deserialize, Serialize};
use verdict::{
    Actor, BadRow, Change, Clear, Entropy, Event, Key, Moment, Record, Space, Step, Stored,
    Verdict, versioned,
};

use super::Context;
use super::token_response::Idtoken;
use crate::client_assertion::ProvenApplicatie;
use crate::domein::{ClientId, Domein};
use crate::domeinconfiguratie::Domeinkop;
use crate::token_endpoint::Nu;

/// The grant of this module.
pub const AUTHORIZATION_CODE: &str = "authorization_code";
/// A code of an authorization service.
pub const CODE: Purpose = Purpose("koppeltaal.code");
/// Seconds that a code may be exchanged (RFC 6749 §4.1.2: at most 600).
pub const CODE_S: u32 = 60;

/// What a code stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Of which domain.
    pub domein: Domein,
    /// For which module.
    pub client_id: ClientId,
    /// The `redirect_uri` of the authorization request, as it was sent.
    pub redirect_uri: String,
    /// Its challenge.
    pub challenge: String,
    /// Its nonce.
    pub nonce: Option<String>,
    /// What was launched.
    pub context: Context,
}

/// A token request with a code, of an application that proved itself.
#[derive(Clone, Debug)]
pub struct CodeVerzoek {
    applicatie: ProvenApplicatie,
    handle: Option<Handle>,
    redirect_uri: Option<String>,
    code_verifier: String,
}

/// What the token endpoint answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeAntwoord {
    /// The context, and an ID token with these claims, to be signed.
    Issued(Box<Issued>),
    /// No.
    Refused(Refusal),
}

/// See [`CodeAntwoord::Issued`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// To be signed.
    pub id_token: Idtoken,
    /// Goes beside it.
    pub context: Context,
}

/// The one question: the code's row, and the domain as it is now.
#[derive(Debug)]
pub struct Codevraag {
    verzoek: CodeVerzoek,
    handle: Handle,
    now: Moment,
    jti: String,
}

type Stap = Step<CodeAntwoord, Codevraag>;

impl CodeVerzoek {
    /// Reads the grant's parameters; `open` proves a code.
    ///
    /// # Errors
    /// `invalid_request` when there is no code. Nothing is spent.
    pub fn read(
        applicatie: ProvenApplicatie,
        form: &Parameters,
        open: impl Fn(Purpose, &str) -> Option<Handle>,
    ) -> Result<Self, Refusal> {
        let code = form.get("code").ok_or(Refusal::new(
            ErrorCode::InvalidRequest,
            "RFC 6749 §4.1.3",
            "code is missing",
        ))?;
        Ok(Self {
            applicatie,
            handle: open(CODE, code),
            redirect_uri: form.get("redirect_uri").map(str::to_owned),
            code_verifier: form.get("code_verifier").unwrap_or_default().to_owned(),
        })
    }

    /// The first step.
    pub fn begin(&self, now: Moment, entropy: &Entropy) -> Stap {
        match self.handle {
            // koppeltaal case 108
            None => self.refused(
                "koppeltaal case 108",
                "the code is none of ours",
                Vec::new(),
            ),
            Some(handle) => Step::Ask(Codevraag {
                verzoek: self.clone(),
                handle,
                now,
                jti: entropy.uuid("koppeltaal.id_token"),
            }),
        }
    }

    /// What it comes to when the row of `key` was not as expected: a client's assertion that was used
    /// before. Nothing for the code itself: then it is decided again.
    pub fn lost(key: &Key) -> Option<Stap> {
        (key.space() == protocol::assertion::SPACE).then(|| {
            let replayed = protocol::assertion::replayed();
            let event = Event::refused("koppeltaal case 18", replayed.reason, Actor::Unknown);
            Step::reply_with(CodeAntwoord::Refused(replayed), event)
        })
    }

    /// koppeltaal cases 107 and 108: `invalid_grant`, with what is spent all the same.
    fn refused(
        &self,
        requirement: &'static str,
        reason: &'static str,
        spent: Vec<Change<Clear>>,
    ) -> Stap {
        let refusal = Refusal::new(ErrorCode::InvalidGrant, requirement, reason);
        let event = Event::refused(requirement, reason, self.who());
        self.done(CodeAntwoord::Refused(refusal), event, spent)
    }

    /// Every end of a request goes through here, so that no proof is forgotten to be spent.
    fn done(&self, reply: CodeAntwoord, event: Event, mut changes: Vec<Change<Clear>>) -> Stap {
        changes.push(self.applicatie.burn());
        Step::Done(Verdict {
            reply,
            changes,
            events: vec![event],
        })
    }

    fn who(&self) -> Actor {
        Actor::Party(self.applicatie.client_id().to_string())
    }
}

impl Codevraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Code::key(self.handle.id)
    }

    /// Decides. Whatever fails after the full code was shown spends it (koppeltaal cases 106 to 108).
    pub fn answer(self, found: Option<Stored<Code>>, nu: Option<Nu<'_>>) -> Stap {
        let Some(found) = found else {
            // koppeltaal case 108
            let reason = "the code was used before, or is over";
            return self
                .verzoek
                .refused("koppeltaal case 108", reason, Vec::new());
        };
        let spent = vec![Change::remove(self.key(), found.version)];
        let code = &found.value;
        match self.kept(code, nu) {
            Ok(nu) => self.issue(code, spent, &nu),
            Err((requirement, reason)) => self.verzoek.refused(requirement, reason, spent),
        }
    }

    /// Whether the request keeps to the code's terms.
    fn kept<'a>(
        &self,
        code: &Code,
        nu: Option<Nu<'a>>,
    ) -> Result<Nu<'a>, (&'static str, &'static str)> {
        let client_id = self.verzoek.applicatie.client_id();
        // TOP-KT-018: a code is of one domain
        let nu = nu.filter(|nu| nu.domein.domein == code.domein);
        let nu = nu.filter(|nu| nu.domein.approved(client_id).is_some());
        let nu = nu.ok_or((
            "koppeltaal case 31",
            "the application is not approved any more",
        ))?;
        if code.client_id != client_id {
            // koppeltaal case 108
            return Err((
                "koppeltaal case 108",
                "the code belongs to another application",
            ));
        }
        let challenge = Challenge::parse(&code.challenge);
        let challenge =
            challenge.map_err(|_| ("koppeltaal case 99", "the code has no challenge"))?;
        let terms = CodeTerms {
            redirect_uri: code.redirect_uri.clone(),
            challenge,
        };
        // koppeltaal cases 107 and 108
        let verzoek = &self.verzoek;
        terms
            .kept_by(verzoek.redirect_uri.as_deref(), &verzoek.code_verifier)
            .map_err(|refusal| (refusal.requirement, refusal.reason))?;
        Ok(nu)
    }

    /// koppeltaal case 106
    fn issue(&self, code: &Code, spent: Vec<Change<Clear>>, nu: &Nu<'_>) -> Stap {
        let issued = Issued {
            id_token: Idtoken::new(code, nu.urls, self.jti.clone(), self.now),
            context: code.context.clone(),
        };
        let event = Event::granted(
            "koppeltaal case 106",
            "the context of a launch was given",
            self.verzoek.who(),
        );
        let mut changes = spent;
        changes.push(Domeinkop::guard(&nu.domein.domein, nu.version));
        let reply = CodeAntwoord::Issued(Box::new(issued));
        self.verzoek.done(reply, event, changes)
    }
}

impl Code {
    /// Where it stands.
    pub const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }
}

#[derive(Serialize, Deserialize)]
struct Open {
    domein: Domein,
    client_id: ClientId,
    redirect_uri: String,
    challenge: String,
}

#[derive(Serialize, Deserialize)]
struct Private {
    nonce: Option<String>,
    context: Context,
}

impl Record for Code {
    const SPACE: Space = Space("koppeltaal.code");

    fn to_body(&self) -> Clear {
        let open = Open {
            domein: self.domein.clone(),
            client_id: self.client_id,
            redirect_uri: self.redirect_uri.clone(),
            challenge: self.challenge.clone(),
        };
        let private = Private {
            nonce: self.nonce.clone(),
            context: self.context.clone(),
        };
        versioned::body_with_private(&open, &private, Vec::new())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: Open = versioned::open(Self::SPACE, body)?;
        let private: Private = versioned::private(Self::SPACE, body)?;
        Ok(Self {
            domein: open.domein,
            client_id: open.client_id,
            redirect_uri: open.redirect_uri,
            challenge: open.challenge,
            nonce: private.nonce,
            context: private.context,
        })
    }
}

#[cfg(test)]
mod tests;
