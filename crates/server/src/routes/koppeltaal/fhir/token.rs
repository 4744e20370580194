//! Whose token it is (koppeltaal.md §1.8).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jose::{Algorithm, Claims, Expected, Typ};
use koppeltaal::resource_service::Caller;
use koppeltaal::scope::Scopes;
use koppeltaal::{ClientId, Domein};
use protocol::bearer::BearerRefusal;
use protocol::not_before;
use verdict::Moment;

use super::{DomeinNu, KoppeltaalRole};
use crate::routes::koppeltaal::REMEMBERED_MAX;
use crate::web::Visit;

/// What tokens say that were found good, by their digest, until they are over: a token is sent with
/// every request of five minutes. One whose key was retired meanwhile counts for the rest of those;
/// what must end at once ends by the moment before which nothing counts.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<[u8; 32], Proven>>);

/// What a good token says.
#[derive(Clone)]
struct Proven {
    /// The domain whose token it is.
    domein: Domein,
    client_id: ClientId,
    scopes: Arc<Scopes>,
    iat: i64,
    until: i64,
}

/// Why there is no caller. Whoever it is, he hears 401 (koppeltaal case 47).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoToken {
    /// None was sent, or something else than one.
    Missing,
    /// It stands among the parameters, which are logged everywhere (koppeltaal case 113).
    InQuery,
    /// Expired, altered, of another domain, or none of ours (koppeltaal case 49).
    Invalid,
    /// It was issued before the moment from which on tokens count (koppeltaal.md §2.7).
    Before,
}

impl NoToken {
    pub(super) const fn refusal(self) -> BearerRefusal {
        match self {
            Self::Missing | Self::InQuery => BearerRefusal::NoToken,
            Self::Invalid | Self::Before => BearerRefusal::InvalidToken,
        }
    }

    /// The requirement and the reason, for the operator.
    pub(super) const fn why(self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => ("koppeltaal case 47", "no readable bearer token"),
            Self::InQuery => ("koppeltaal case 113", "a token stands among the parameters"),
            Self::Invalid => (
                "koppeltaal case 49",
                "the token is expired, altered or none of this domain",
            ),
            Self::Before => (not_before::REQUIREMENT, not_before::REASON),
        }
    }
}

impl Tokens {
    /// The application behind the token of a request.
    pub(super) fn caller(
        &self,
        role: &KoppeltaalRole,
        domein: &DomeinNu,
        visit: &Visit,
    ) -> Result<Caller, NoToken> {
        let text = visit.bearer().map_err(|_| NoToken::Missing)?;
        let now = role.app.clock.now();
        let digest = jose::sha256(text.as_bytes());
        let proven = if let Some(proven) = self.remembered(&digest, now) {
            proven
        } else {
            let proven = prove(role, domein, text, now).ok_or(NoToken::Invalid)?;
            self.remember(digest, proven.clone(), now);
            proven
        };
        if proven.domein != domein.configuratie.domein {
            // koppeltaal case 49
            return Err(NoToken::Invalid);
        }
        let not_before = role.not_before(domein, &proven.client_id.to_string());
        if not_before.refuses(proven.iat) {
            return Err(NoToken::Before);
        }
        Ok(Caller {
            client_id: Some(proven.client_id),
            scopes: proven.scopes,
        })
    }

    fn remembered(&self, digest: &[u8; 32], now: Moment) -> Option<Proven> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let proven = held.get(digest)?;
        // koppeltaal case 49
        (proven.until > now.unix()).then(|| proven.clone())
    }

    fn remember(&self, digest: [u8; 32], proven: Proven, now: Moment) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= REMEMBERED_MAX {
            held.retain(|_, proven| proven.until > now.unix());
        }
        if held.len() >= REMEMBERED_MAX {
            held.clear();
        }
        held.insert(digest, proven);
    }
}

/// What a token says, if we signed it for this domain and it holds now.
fn prove(role: &KoppeltaalRole, domein: &DomeinNu, text: &str, now: Moment) -> Option<Proven> {
    let base = domein.urls.fhir();
    let expected = Expected {
        typ: Typ::Is("JWT"),
        issuer: &domein.urls.issuer(),
        audience: &[&base],
        now,
        leeway_s: 0,
    };
    let set = role.app.keys.set();
    let keys = set.tokens().ok()?.published();
    let remembered = &role.remembered;
    let claims = remembered.verify(text, keys, &[Algorithm::Es256], &expected);
    read(&claims.ok()?, &domein.configuratie.domein)
}

fn read(claims: &Claims, domein: &Domein) -> Option<Proven> {
    // ID tokens have other keys; this is for the day on which somebody changes that.
    (claims.str("type").ok()? == "access").then_some(())?;
    Some(Proven {
        domein: domein.clone(),
        client_id: ClientId::parse(claims.str("azp").ok()?).ok()?,
        scopes: Arc::new(Scopes::parse(claims.str("scope").ok()?).ok()?),
        iat: claims.integer("iat").ok()?,
        until: claims.integer("exp").ok()?,
    })
}
