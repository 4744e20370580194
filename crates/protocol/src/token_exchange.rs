//! Token exchange (RFC 8693), and its neighbour the JWT bearer grant (RFC 7523), as requests.

use crate::refusal::{ErrorCode, Refusal};
use crate::scope::Scope;
use crate::wire::Parameters;

/// `grant_type` of a token exchange (RFC 8693 §2.1).
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// `grant_type` of a JWT bearer assertion (RFC 7523 §2.1).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// RFC 8693 §3.
pub const ID_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:id_token";
/// RFC 8693 §3.
pub const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

/// Which grant carries the ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// RFC 8693: a bad token is `invalid_request` (§2.2.2).
    TokenExchange,
    /// RFC 7523: a bad assertion is `invalid_grant` (§3.1).
    JwtBearer,
}

impl Profile {
    /// The code for a token that is not acceptable, whatever the reason (mitz case 39).
    pub const fn unacceptable(self) -> ErrorCode {
        match self {
            Self::TokenExchange => ErrorCode::InvalidRequest,
            Self::JwtBearer => ErrorCode::InvalidGrant,
        }
    }
}

/// A request that offers an ID token for an access token.
#[derive(Clone)]
pub struct Exchange {
    /// Which grant.
    pub profile: Profile,
    /// The ID token, unread.
    pub id_token: String,
    /// For whom the access token shall be.
    pub audience: String,
    /// What it shall reach.
    pub scope: Scope,
}

impl Exchange {
    /// Reads a request of either grant; `jwt_bearer` says whether the second is switched on.
    ///
    /// # Errors
    /// `unsupported_grant_type` for every other grant (mitz case 41), `invalid_request` for a
    /// missing parameter or a token type that we do not take or give (mitz case 37),
    /// `invalid_scope` without a readable scope.
    pub fn read(parameters: &Parameters, jwt_bearer: bool) -> Result<Self, Refusal> {
        let profile = match parameters.get("grant_type") {
            Some(GRANT_TYPE) => Profile::TokenExchange,
            Some(JWT_BEARER) if jwt_bearer => Profile::JwtBearer,
            Some(_) => return Err(unsupported()),
            None => return Err(missing("grant_type is missing")),
        };
        let id_token = match profile {
            Profile::TokenExchange => subject_token(parameters)?,
            Profile::JwtBearer => parameters
                .get("assertion")
                .ok_or(missing("assertion is missing"))?,
        };
        let audience = parameters
            .get("audience")
            .ok_or(missing("audience is missing"))?;
        let scope = parameters.get("scope").map(Scope::parse);
        let Some(Ok(scope)) = scope else {
            return Err(Refusal::new(
                ErrorCode::InvalidScope,
                "RFC 6749 §3.3",
                "the scope is missing or unreadable",
            ));
        };
        Ok(Self {
            profile,
            id_token: id_token.to_owned(),
            audience: audience.to_owned(),
            scope,
        })
    }
}

/// RFC 8693 §2.1: the subject token must be an ID token, the answer is an access token, and nobody
/// acts for somebody else.
fn subject_token(parameters: &Parameters) -> Result<&str, Refusal> {
    let refuse = |reason| Refusal::new(ErrorCode::InvalidRequest, "RFC 8693 §2.1", reason);
    if parameters.get("subject_token_type") != Some(ID_TOKEN_TYPE) {
        return Err(refuse("subject_token_type is not that of an ID token"));
    }
    if !matches!(
        parameters.get("requested_token_type"),
        None | Some(ACCESS_TOKEN_TYPE)
    ) {
        return Err(refuse("only access tokens are issued"));
    }
    if parameters.get("actor_token").is_some() || parameters.get("actor_token_type").is_some() {
        return Err(refuse("actor tokens are not taken"));
    }
    parameters
        .get("subject_token")
        .ok_or(refuse("subject_token is missing"))
}

const fn unsupported() -> Refusal {
    Refusal::new(
        ErrorCode::UnsupportedGrantType,
        "RFC 6749 §5.2",
        "the grant type is not offered here",
    )
}

const fn missing(reason: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, "RFC 6749 §5.2", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, jwt_bearer: bool) -> Result<Exchange, Refusal> {
        Exchange::read(
            &Parameters::parse(body.as_bytes()).expect("a form"),
            jwt_bearer,
        )
    }

    fn form(subject_token_type: &str) -> String {
        format!(
            "grant_type={GRANT_TYPE}&subject_token=a.b.c&subject_token_type={subject_token_type}\
             &audience=huisarts%40medmij&scope=51+52"
        )
    }

    #[test]
    fn mitz_case_036_an_exchange_is_read_with_its_audience_and_scope() {
        let exchange = read(&form(ID_TOKEN_TYPE), false).expect("complete");
        assert_eq!(exchange.audience, "huisarts@medmij");
        assert_eq!(exchange.scope.to_string(), "51 52");
        assert_eq!(exchange.profile.unacceptable(), ErrorCode::InvalidRequest);
    }

    #[test]
    fn mitz_case_037_another_subject_token_type_is_invalid_request() {
        let refusal = read(&form(ACCESS_TOKEN_TYPE), false)
            .err()
            .expect("refused");
        assert_eq!(refusal.error, ErrorCode::InvalidRequest);
    }

    #[test]
    fn mitz_case_041_jwt_bearer_is_unsupported_unless_switched_on() {
        let body = format!("grant_type={JWT_BEARER}&assertion=a.b.c&audience=x%40medmij&scope=51");
        let refusal = read(&body, false).err().expect("switched off");
        assert_eq!(refusal.error, ErrorCode::UnsupportedGrantType);
        let exchange = read(&body, true).expect("switched on");
        // RFC 7523 §2.1, §3.1
        assert_eq!(exchange.profile.unacceptable(), ErrorCode::InvalidGrant);
    }

    #[test]
    fn what_is_missing_is_invalid_request_or_invalid_scope() {
        let whole = form(ID_TOKEN_TYPE);
        for (part, error) in [
            (
                format!("grant_type={GRANT_TYPE}&"),
                ErrorCode::InvalidRequest,
            ),
            ("subject_token=a.b.c&".to_owned(), ErrorCode::InvalidRequest),
            (
                "&audience=huisarts%40medmij".to_owned(),
                ErrorCode::InvalidRequest,
            ),
            ("&scope=51+52".to_owned(), ErrorCode::InvalidScope),
        ] {
            let refusal = read(&whole.replace(&part, ""), false)
                .err()
                .expect("refused");
            assert_eq!(refusal.error, error, "{part}");
        }
        let actor = format!("{whole}&actor_token=x.y.z");
        assert!(read(&actor, false).is_err());
        // RFC 8693 §2.1, §3: what we give is an access token.
        let other = format!("{whole}&requested_token_type=urn:x");
        assert!(read(&other, false).is_err());
        let named =
            format!("{whole}&requested_token_type=urn:ietf:params:oauth:token-type:access_token");
        assert!(read(&named, false).is_ok());
    }
}
