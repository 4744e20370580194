//! An access token for an application: SMART backend services (seed 004, koppeltaal.md §1.7).
//!
//! The application was proven by [`crate::client_assertion`]. Its role says what it may do; the token
//! says so to whoever has resources, and nobody need ask us again (TGB 002). No row is written but
//! the spent `jti`.

use protocol::assertion;
use protocol::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use verdict::{Actor, Entropy, Event, Key, Moment, Record as _, Step, Verdict};

use crate::client_assertion::ProvenApplicatie;
use crate::domein::{ClientId, DomeinUrls};
use crate::domeinconfiguratie::{Domeinconfiguratie, Domeinkop, Toegestaan};
use crate::scope::Scopes;

/// The grant of this module.
pub const CLIENT_CREDENTIALS: &str = "client_credentials";

/// Seconds that an access token lasts (seed 004: five minutes).
pub const ACCESS_TOKEN_S: u32 = 300;

/// What an application asks for.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    applicatie: ProvenApplicatie,
    asked: Asked,
}

/// The request's `scope` (design §5 "Koppeltaal request scope").
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    /// Absent, empty or `*`.
    Everything,
    /// No more than this.
    Only(Scopes),
}

/// A domain as it is now, and the version of that.
#[derive(Clone, Copy, Debug)]
pub struct Nu<'a> {
    /// The domain.
    pub domein: &'a Domeinconfiguratie,
    /// Of its row.
    pub version: u64,
    /// Where its endpoints are.
    pub urls: &'a DomeinUrls,
    /// What its applications may do.
    pub toegestaan: &'a Toegestaan,
}

/// What a token endpoint answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAnswer {
    /// A token with these claims, to be signed.
    Issued(Box<AccessToken>),
    /// No.
    Refused(Refusal),
}

/// The claims of an access token: those of seed 004, and `aud`, `sub`, `jti`, `nbf` (design §5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessToken {
    /// The base URL of the authorization service.
    pub iss: String,
    /// The client.
    pub azp: ClientId,
    /// The client: it speaks for itself.
    pub sub: ClientId,
    /// The FHIR resource service of the domain.
    pub aud: [String; 1],
    /// Made then; seconds since 1970.
    pub iat: i64,
    /// The same.
    pub nbf: i64,
    /// Good until then, that second not included.
    pub exp: i64,
    /// Another one in every token.
    pub jti: String,
    /// What the application may do; empty without a role (koppeltaal case 43).
    pub scope: String,
    /// What resource services of other make look for.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// What a rule asks for: the domain as it is now.
#[derive(Debug)]
pub struct Domeinvraag {
    request: TokenRequest,
    now: Moment,
    jti: String,
}

impl TokenRequest {
    /// A request with this `scope`, as sent.
    ///
    /// # Errors
    /// `invalid_scope` for what is none of Koppeltaal's scopes.
    pub fn new(applicatie: ProvenApplicatie, scope: Option<&str>) -> Result<Self, Refusal> {
        let asked = match scope.map(str::trim) {
            None | Some("" | "*") => Asked::Everything,
            Some(text) => Asked::Only(Scopes::parse(text).map_err(|_| {
                let reason = "the scope is none of Koppeltaal's";
                Refusal::new(ErrorCode::InvalidScope, "koppeltaal.md §2.3", reason)
            })?),
        };
        Ok(Self { applicatie, asked })
    }

    /// The first step.
    pub fn begin(&self, now: Moment, entropy: &Entropy) -> Step<TokenAnswer, Domeinvraag> {
        Step::Ask(Domeinvraag {
            request: self.clone(),
            now,
            jti: entropy.uuid("koppeltaal.access_token"),
        })
    }

    /// What it comes to when the row of `key` was not as expected: a `jti` that was used before
    /// (koppeltaal case 18). Nothing when the domain changed in the same moment: then it is decided
    /// again.
    pub fn lost(key: &Key) -> Option<Step<TokenAnswer, Domeinvraag>> {
        (key.space() == assertion::SPACE).then(|| {
            let replayed = assertion::replayed();
            let event = Event::refused("koppeltaal case 18", replayed.reason, Actor::Unknown);
            Step::reply_with(TokenAnswer::Refused(replayed), event)
        })
    }
}

impl Domeinvraag {
    /// The domain that is asked for.
    pub fn answer(self, nu: Option<Nu<'_>>) -> Step<TokenAnswer, Domeinvraag> {
        let client_id = self.request.applicatie.client_id();
        let approved = nu.filter(|nu| nu.domein.approved(client_id).is_some());
        let allowed = approved.and_then(|nu| {
            let allowed = nu.toegestaan.aan(client_id, nu.domein)?;
            Some((nu, allowed))
        });
        let Some((nu, allowed)) = allowed else {
            // koppeltaal case 31: since the assertion was checked
            let reason = "the application is not approved any more";
            return self.refused(ErrorCode::InvalidClient, "koppeltaal case 31", reason);
        };
        let scope = match &self.request.asked {
            Asked::Everything => allowed.text.clone(),
            Asked::Only(asked) => {
                let both = allowed.scopes.narrowed_to(asked);
                if both.is_empty() {
                    // koppeltaal case 12
                    let reason = "the role allows nothing of what was asked";
                    return self.refused(ErrorCode::InvalidScope, "koppeltaal case 12", reason);
                }
                both.text().ok()
            }
        };
        let Some(scope) = scope else {
            // koppeltaal.md §2.3: nobody would take such a token
            let reason = "the role and what is granted make a scope that no token can hold";
            return self.refused(ErrorCode::InvalidScope, "koppeltaal.md §2.3", reason);
        };
        self.issue(&nu, scope)
    }

    /// A refusal spends nothing: the assertion may be sent again with another scope.
    fn refused(
        &self,
        error: ErrorCode,
        requirement: &'static str,
        reason: &'static str,
    ) -> Step<TokenAnswer, Self> {
        let who = Actor::Party(self.request.applicatie.client_id().to_string());
        Step::reply_with(
            TokenAnswer::Refused(Refusal::new(error, requirement, reason)),
            Event::refused(requirement, reason, who),
        )
    }

    fn issue(self, nu: &Nu<'_>, scope: String) -> Step<TokenAnswer, Self> {
        let client_id = self.request.applicatie.client_id();
        let token = AccessToken {
            iss: nu.urls.issuer(),
            azp: client_id,
            sub: client_id,
            aud: [nu.urls.fhir()],
            iat: self.now.unix(),
            nbf: self.now.unix(),
            exp: self.now.plus_s(ACCESS_TOKEN_S).unix(),
            jti: self.jti,
            scope,
            kind: "access",
        };
        Step::Done(Verdict {
            reply: TokenAnswer::Issued(Box::new(token)),
            changes: vec![
                self.request.applicatie.burn(),
                // A role or a status that changes in this moment makes the commit fail.
                Domeinkop::guard(&nu.domein.domein, nu.version),
            ],
            events: vec![Event::granted(
                "seed 004",
                "an access token was issued",
                Actor::Party(client_id.to_string()),
            )],
        })
    }
}

/// Whether this domain's row is what a lost race was about.
pub fn is_domain(key: &Key) -> bool {
    key.space() == Domeinkop::SPACE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::testing::{MODULE, NOW, World, document};
    use serde_json::json;

    /// What the module gets that asks for this, with a role that reads what was granted.
    fn asked(granted: usize, scope: Option<&str>) -> TokenAnswer {
        let mut domain = document();
        domain["roles"] = json!({ "Ruim": { "Task": { "read": "granted" } } });
        domain["applications"][1]["role"] = "Ruim".into();
        // Grants of before the bound: once each, an application is one owner.
        let others = (0..granted).map(|at| format!("44444444-4444-4444-8444-{at:012}"));
        let others: Vec<String> = others.collect();
        domain["applications"][1]["granted"] = json!(others);
        let applications = domain["applications"].as_array_mut().expect("applications");
        applications.extend(others.iter().map(|id| {
            let jwks_uri = format!("https://{id}.example/jwks");
            json!({ "client_id": id, "name": "x", "status": "pending", "jwks_uri": jwks_uri })
        }));
        let world = World::of(&domain);
        let request = TokenRequest::new(world.proven(MODULE), scope).expect("a request");
        let Step::Ask(question) = request.begin(NOW, &Entropy::new([1; 32])) else {
            panic!("expected a question");
        };
        match question.answer(Some(world.nu())) {
            Step::Done(verdict) => verdict.reply,
            _ => panic!("expected an answer"),
        }
    }

    #[test]
    fn koppeltaal_md_2_3_no_token_is_issued_that_nobody_takes() {
        for (granted, scope, is_issued) in [
            (200, None, true),
            (300, None, false),
            (300, Some("system/Task.rs"), false),
            (
                300,
                Some("system/Task.rs?resource-origin=Device/44444444-4444-4444-8444-000000000007"),
                true,
            ),
        ] {
            // koppeltaal.md §2.3
            match asked(granted, scope) {
                TokenAnswer::Issued(token) => assert!(is_issued, "{granted}: {}", token.scope),
                TokenAnswer::Refused(refusal) => {
                    assert!(!is_issued, "{granted}: {refusal:?}");
                    assert_eq!(refusal.error, ErrorCode::InvalidScope);
                    assert!(refusal.reason.contains("no token can hold"), "{refusal:?}");
                }
            }
        }
    }
}
