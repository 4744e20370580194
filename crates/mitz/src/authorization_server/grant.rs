//! What hangs on a person's consent: one row from code to last refresh.

use identity::{Bsn, Loa};
use protocol::grant::CodeTerms;
use protocol::pkce::Challenge;
use serde::{Deserialize, Serialize};
use verdict::{BadRow, Clear, IndexKey, Key, PersonTag, Record, Space, versioned};

use crate::rows;
use crate::toestemming::Functie;

/// How long a code may be redeemed, in seconds (mitz.md §2.2; RFC 6749 §4.1.2 says at most 600).
pub const CODE_S: u32 = 60;

/// How long a refresh token may be used, in seconds: half a year from its last use (MedMij
/// Autoriseren). A PGO that collects once in six months never has to ask the person again.
pub const REFRESH_S: u32 = 183 * 86_400;

/// A grant of a person to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// To whom.
    pub client_id: String,
    /// By whom.
    pub bsn: Bsn,
    /// The same, as a tag.
    pub persoon: PersonTag,
    /// The same, as the client knows the person.
    pub sub: String,
    /// The link between person and client; when it ends, so does the grant.
    pub koppeling: [u8; 16],
    /// Space-separated.
    pub scope: String,
    /// Collecting or sharing.
    pub functie: Functie,
    /// From the authorization request.
    pub nonce: Option<String>,
    /// The level reached.
    pub level: Loa,
    /// When the person logged in; seconds since 1970.
    pub auth_time: i64,
    /// What its current secret is.
    pub secret: Secret,
}

/// What the current secret of a grant is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A code, under these terms.
    Code(CodeTerms),
    /// A refresh token.
    RefreshToken,
}

impl Grant {
    /// Where it stands.
    pub const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }
}

#[derive(Serialize, Deserialize)]
struct Open {
    client_id: String,
    persoon: String,
    koppeling: [u8; 16],
    scope: String,
    functie: Functie,
    level: u8,
    auth_time: i64,
    code: Option<OpenCode>,
}

#[derive(Serialize, Deserialize)]
struct OpenCode {
    redirect_uri: String,
    challenge: String,
}

#[derive(Serialize, Deserialize)]
struct Private {
    #[serde(with = "identity::bsn::revealed")]
    bsn: Bsn,
    sub: String,
    nonce: Option<String>,
}

impl Record for Grant {
    const SPACE: Space = Space("mitz.grant");

    fn to_body(&self) -> Clear {
        let code = match &self.secret {
            Secret::Code(terms) => Some(OpenCode {
                redirect_uri: terms.redirect_uri.clone(),
                challenge: terms.challenge.as_str().to_owned(),
            }),
            Secret::RefreshToken => None,
        };
        let open = Open {
            client_id: self.client_id.clone(),
            persoon: verdict::person_tag_to_hex(self.persoon),
            koppeling: self.koppeling,
            scope: self.scope.clone(),
            functie: self.functie,
            level: self.level.number(),
            auth_time: self.auth_time,
            code,
        };
        let private = Private {
            bsn: self.bsn.clone(),
            sub: self.sub.clone(),
            nonce: self.nonce.clone(),
        };
        let index = vec![("persoon", IndexKey::Person(self.persoon))];
        versioned::body_with_private(&open, &private, index)
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: Open = versioned::open(Self::SPACE, body)?;
        let private: Private = versioned::private(Self::SPACE, body)?;
        let secret = open.code.map_or(Ok(Secret::RefreshToken), |code| {
            let challenge = Challenge::parse(&code.challenge).map_err(|_| BadRow {
                space: Self::SPACE.0,
                member: "challenge",
            })?;
            Ok(Secret::Code(CodeTerms {
                redirect_uri: code.redirect_uri,
                challenge,
            }))
        })?;
        Ok(Self {
            client_id: open.client_id,
            bsn: private.bsn,
            persoon: versioned::person(Self::SPACE, &open.persoon)?,
            sub: private.sub,
            koppeling: open.koppeling,
            scope: open.scope,
            functie: open.functie,
            nonce: private.nonce,
            level: rows::level(Self::SPACE, open.level)?,
            auth_time: open.auth_time,
            secret,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_survives_its_row_and_the_open_part_tells_no_bsn() {
        let grant = crate::testing::grant();
        let body = grant.to_body();
        assert!(!body.open.to_string().contains(grant.bsn.reveal()));
        assert!(!body.open.to_string().contains(&grant.sub));
        assert_eq!(Grant::from_body(&body), Ok(grant));
    }

    #[test]
    fn a_row_of_another_version_is_refused_by_name() {
        let mut body = crate::testing::grant().to_body();
        let mut open = body.open.value();
        open["v"] = 99.into();
        body.open = open.into();
        let refused = Grant::from_body(&body).expect_err("another version");
        assert_eq!((refused.space, refused.member), ("mitz.grant", "open part"));
    }
}
