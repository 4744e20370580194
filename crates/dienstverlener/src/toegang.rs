//! Who is let in to a service (RFC 9068, RFC 6750), and what an app must do to be let in (RFC 9470).

use std::sync::Arc;

use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::dv_hm::claims::{ACCESS_TOKEN_TYP, AccessToken};
use identity::{EntityId, ServiceId};
use jose::{Algorithm, Expected, Refused, Typ};
use protocol::bearer::{self, BearerRefusal};
use protocol::client::PeerCertificate;
use protocol::scope::Scope;
use verdict::Moment;

use crate::uitgever::Uitgever;

/// Algorithms of access tokens: RS256 must be known, PS256 should (etoegang.md §4.5); ES256 is as
/// strong. There is no `none`.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256];

/// Seconds by which the HM's clock may differ from ours.
const LEEWAY_S: u32 = 0;

/// Access to one service of a DV.
#[derive(Clone, Debug)]
pub struct Toegang {
    /// Whose tokens count.
    pub uitgever: Arc<Uitgever>,
    /// The DV: the one `aud` that is taken.
    pub dv: EntityId,
    /// What a token must say.
    pub vereist: Vereist,
}

/// What a token must say, beside being good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vereist {
    /// For which service.
    pub dienst: ServiceId,
    /// At which level, at least.
    pub niveau: Betrouwbaarheidsniveau,
    /// Seconds since the person logged in, at most; nothing for any time.
    pub leeftijd_s_max: Option<u32>,
}

/// What a request shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Getoond<'a> {
    /// The `Authorization` header. Two of them are none.
    pub authorization: Option<&'a [u8]>,
    /// The query, without its question mark.
    pub query: Option<&'a str>,
    /// The certificate of the connection, when the caller asks for them: without one, a token that is
    /// bound to one is refused (RFC 8705 §3).
    pub certificaat: Option<&'a PeerCertificate>,
}

/// Why a request is not let in. It holds nothing of the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weigering {
    /// As RFC 6750 has it: no token, none of this kind, over, for another.
    Bearer(BearerRefusal),
    /// The token is for another service of this DV: 403 with the scope that is needed.
    AndereDienst(ServiceId),
    /// The login is too weak or too old: 401, and what the app must ask for (RFC 9470 §3).
    Sterker {
        /// The level, as it goes into `acr_values`.
        niveau: Betrouwbaarheidsniveau,
        /// The age, as it goes into `max_age`.
        leeftijd_s_max: Option<u32>,
    },
}

impl Toegang {
    /// The claims of the token of a request that is let in.
    ///
    /// # Errors
    /// [`Weigering`], with status and challenge.
    pub fn beoordeel(&self, getoond: &Getoond<'_>, now: Moment) -> Result<AccessToken, Weigering> {
        // etoegang case 89: a token in a URL ends in logs and histories
        if getoond.query.is_some_and(has_token) {
            return Err(Weigering::Bearer(BearerRefusal::Malformed));
        }
        let text = bearer::token(getoond.authorization).map_err(Weigering::Bearer)?;
        let token = self.verified(text, now);
        let invalid = Weigering::Bearer(BearerRefusal::InvalidToken);
        let token = token.ok_or_else(|| invalid.clone())?;
        // RFC 8705 §3
        let bound = token.cnf.as_ref();
        if bound.is_some_and(|cnf| !cnf.is_of(getoond.certificaat)) {
            return Err(invalid);
        }
        self.vereist.is_met(&token, now)?;
        Ok(token)
    }

    /// The claims of a token of this HM, for this DV, that is not over.
    fn verified(&self, text: &str, now: Moment) -> Option<AccessToken> {
        let expected = Expected {
            typ: Typ::Is(ACCESS_TOKEN_TYP), // etoegang case 90
            issuer: self.uitgever.issuer(), // etoegang case 95
            audience: &[self.dv.as_str()],  // etoegang case 91
            now,                            // etoegang case 88
            leeway_s: LEEWAY_S,
        };
        let sleutels = self.uitgever.sleutels();
        let claims = jose::verify(text, &sleutels, &ALGORITHMS, &expected);
        if claims == Err(Refused::UnknownKey) {
            self.uitgever.mist();
        }
        let token: AccessToken = claims.ok()?.parse_all().ok()?;
        (token.azp == token.client_id && token.aud == self.dv).then_some(token)
    }
}

impl Vereist {
    fn is_met(&self, token: &AccessToken, now: Moment) -> Result<(), Weigering> {
        if token.service_id != self.dienst || !names_service(token) {
            return Err(Weigering::AndereDienst(self.dienst.clone()));
        }
        let until = |age_s| Moment::from_unix(token.auth_time).plus_s(age_s);
        let is_old = self.leeftijd_s_max.is_some_and(|age_s| until(age_s) < now);
        if token.acr < self.niveau || is_old {
            // RFC 9470 §3
            return Err(Weigering::Sterker {
                niveau: self.niveau,
                leeftijd_s_max: self.leeftijd_s_max,
            });
        }
        Ok(())
    }
}

impl Weigering {
    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Bearer(refusal) => refusal.status(),
            Self::AndereDienst(_) => BearerRefusal::InsufficientScope.status(),
            Self::Sterker { .. } => 401,
        }
    }

    /// The value of `WWW-Authenticate` (RFC 6750 §3, RFC 9470 §3). What stands in it has no quotation
    /// marks: URNs and numbers.
    pub fn challenge(&self) -> String {
        match self {
            Self::Bearer(refusal) => refusal.challenge(),
            Self::AndereDienst(dienst) => {
                let refusal = BearerRefusal::InsufficientScope.challenge();
                format!("{refusal}, scope=\"openid {dienst}\"")
            }
            Self::Sterker {
                niveau,
                leeftijd_s_max,
            } => {
                let age = leeftijd_s_max.map(|age| format!(", max_age=\"{age}\""));
                format!(
                    "Bearer error=\"insufficient_user_authentication\", acr_values=\"{}\"{}",
                    niveau.urn(),
                    age.unwrap_or_default()
                )
            }
        }
    }
}

/// Whether the scope of the token names its service, by one of its two names.
fn names_service(token: &AccessToken) -> bool {
    let by_uuid = format!("urn:uuid:{}", token.service_uuid);
    let names = [token.service_id.as_str(), &by_uuid];
    Scope::parse(&token.scope).is_ok_and(|scope| names.iter().any(|name| scope.contains(name)))
}

/// Whether a query has a token in it. However its name is spelled, no token is ever read from there.
fn has_token(query: &str) -> bool {
    let mut names = query.split('&').map(|part| part.split('=').next());
    names.any(|name| name == Some("access_token"))
}
