//! The interface between HM and AD, as the HM sees it: the refresh of GUC9 9.2 and 9.3
//! (etoegang.md §4.6); the first login is in [`aanmelden`].
//!
//! The scheme's own page for native apps is not public: messages are those of OAuth 2.0 and OpenID
//! Connect.

pub mod aanmelden;

use std::fmt;

use identity::EntityId;
use jose::{Algorithm, Claims, Expected, Jwks, Typ};
use serde::{Deserialize, Serialize};
use verdict::{BadRow, Change, Clear, Expect, IndexKey, Key, Moment, Record, Space, versioned};

use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::keten::KetenAntwoord;

/// Seconds by which the clocks of HM and AD may differ.
const LEEWAY_S: u32 = 30;
/// Bytes of an AD's refresh token, at most.
const REFRESH_TOKEN_BYTES_MAX: usize = 4096;
/// Seconds for which the HM tries to have a token revoked: no token of a login lasts longer.
const HERROEPEN_S: u32 = 24 * 3600;

/// A refresh token that an AD gave to the HM. It never leaves the HM but to that AD.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AdRefreshToken(String);

/// The login at an AD that a family hangs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdSessie {
    /// Which AD.
    pub ad: EntityId,
    /// The person, as this AD calls him for this DV.
    pub sub: String,
    /// When he logged in; seconds since 1970.
    pub auth_time: i64,
    /// The level that the AD reached.
    pub niveau: Betrouwbaarheidsniveau,
}

/// An AD as the HM knows it.
#[derive(Clone, Debug)]
pub struct Authenticatiedienst {
    /// Its EntityID.
    pub entity: EntityId,
    /// The `iss` of its tokens.
    pub issuer: String,
    /// Its keys.
    pub keys: Jwks,
    /// The HM's `client_id` there.
    pub client_id: String,
}

/// An AD's answer to a refresh as the HM reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdAntwoord {
    /// GUC9 9.3.
    Vernieuwd(AdVernieuwd),
    /// `invalid_grant`: the token is over, the means is revoked, the session ended.
    Geweigerd,
    /// Another error, or an answer that cannot be believed: somebody must look.
    Ongeldig,
    /// No answer, or "not now". Whether the AD rotated its token, nobody knows.
    Onbereikbaar {
        /// When to try again.
        later_s: u32,
    },
}

/// What the AD gave. Members that it left out are unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdVernieuwd {
    /// A new refresh token, for the next time.
    pub refresh_token: Option<AdRefreshToken>,
    /// Whom its ID token is about.
    pub sub: Option<String>,
    /// Which level it says.
    pub niveau: Option<Betrouwbaarheidsniveau>,
}

#[derive(Deserialize)]
struct Body {
    access_token: String,
    token_type: String,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    id_token: Option<String>,
    #[serde(default)]
    acr: Option<String>,
}

#[derive(Deserialize)]
struct Fout {
    error: String,
}

impl AdRefreshToken {
    /// Takes the token; nothing for text that is too long or that no token can be.
    pub fn new(text: String) -> Option<Self> {
        let is_token = (1..=REFRESH_TOKEN_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        is_token.then_some(Self(text))
    }

    /// The text, for the request to the AD.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Authenticatiedienst {
    /// Reads the answer to a refresh of this session with this token (etoegang cases 36 to 44).
    pub fn lees(
        &self,
        sessie: &AdSessie,
        gestuurd: &AdRefreshToken,
        antwoord: &KetenAntwoord,
        now: Moment,
    ) -> AdAntwoord {
        if let Some(later_s) = antwoord.later_s() {
            return AdAntwoord::Onbereikbaar { later_s };
        }
        let KetenAntwoord::Http { status, body, .. } = antwoord else {
            return AdAntwoord::Ongeldig;
        };
        match status {
            200 => self
                .gelezen(sessie, gestuurd, body, now)
                .map_or(AdAntwoord::Ongeldig, AdAntwoord::Vernieuwd),
            400 => match serde_json::from_slice::<Fout>(body) {
                Ok(fout) if fout.error == "invalid_grant" => AdAntwoord::Geweigerd,
                _ => AdAntwoord::Ongeldig,
            },
            _ => AdAntwoord::Ongeldig,
        }
    }

    fn gelezen(
        &self,
        sessie: &AdSessie,
        gestuurd: &AdRefreshToken,
        body: &[u8],
        now: Moment,
    ) -> Option<AdVernieuwd> {
        let body: Body = serde_json::from_slice(body).ok()?;
        if body.access_token.is_empty() || !body.token_type.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let id_token = match &body.id_token {
            Some(token) => Some(self.id_token(sessie, token, now)?),
            None => None,
        };
        let signed_acr = id_token.as_ref().and_then(|claims| claims.str("acr").ok());
        let acrs = body.acr.as_deref().into_iter().chain(signed_acr);
        let niveaus: Result<Vec<_>, _> = acrs.map(Betrouwbaarheidsniveau::from_acr).collect();
        let refresh_token = match body.refresh_token {
            Some(text) => Some(AdRefreshToken::new(text)?),
            None => None,
        };
        Some(AdVernieuwd {
            // A token that comes back as it was is no new one.
            refresh_token: refresh_token.filter(|new| new != gestuurd),
            sub: id_token.and_then(|claims| claims.str("sub").ok().map(str::to_owned)),
            niveau: niveaus.ok()?.into_iter().min(),
        })
    }

    /// OIDC Core §12.2: issuer and audience as before, signed, and the login is the first one.
    fn id_token(&self, sessie: &AdSessie, token: &str, now: Moment) -> Option<Claims> {
        let expected = Expected {
            typ: Typ::JwtOrAbsent,
            issuer: &self.issuer,
            audience: &[&self.client_id],
            now,
            leeway_s: LEEWAY_S,
        };
        // etoegang case 44
        let algorithms = [Algorithm::Es256, Algorithm::Ps256, Algorithm::Rs256];
        let claims = jose::verify(token, &self.keys, &algorithms, &expected).ok()?;
        claims.str("sub").ok()?;
        let same_login = match claims.get("auth_time") {
            None => true,
            Some(_) => claims.seconds("auth_time") == Ok(sessie.auth_time),
        };
        // A `nonce` belongs to a login, and there was none.
        (same_login && claims.get("nonce").is_none()).then_some(claims)
    }
}

/// A token that must be revoked at its AD (RFC 7009 §2): a row until that is done. It is written in the
/// commit that ends the family, and worked off behind the requests, so that an AD that is away keeps
/// nobody waiting and no revocation is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Herroeping {
    /// Where.
    pub ad: EntityId,
    /// What.
    pub token: AdRefreshToken,
}

#[derive(Serialize, Deserialize)]
struct Open {
    ad: EntityId,
}

impl Herroeping {
    /// The index under which all of them are found.
    pub const OPEN: (&'static str, &'static str) = ("stand", "open");

    /// The change that remembers it.
    pub fn onthouden(&self, now: Moment) -> Change<Clear> {
        let key = jose::sha256(self.token.0.as_bytes()).to_vec();
        self.put(
            Key::Record(Self::SPACE, key),
            Expect::Absent,
            now.plus_s(HERROEPEN_S),
        )
    }
}

impl Record for Herroeping {
    const SPACE: Space = Space("etoegang.herroeping");

    fn to_body(&self) -> Clear {
        let open = Open {
            ad: self.ad.clone(),
        };
        let (index, key) = Self::OPEN;
        let index = vec![(index, IndexKey::Text(key.to_owned()))];
        versioned::body_with_private(&open, &self.token, index)
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: Open = versioned::open(Self::SPACE, body)?;
        Ok(Self {
            ad: open.ad,
            token: versioned::private(Self::SPACE, body)?,
        })
    }
}

impl fmt::Debug for AdRefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdRefreshToken(***)")
    }
}

#[cfg(test)]
#[path = "hm_ad/tests.rs"]
mod tests;
