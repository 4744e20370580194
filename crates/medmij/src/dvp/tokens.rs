//! What a token endpoint answers, as the client reads it (core.tknint.201, medmij.md §4.3).

use std::fmt;

use identity::GegevensdienstId;
use serde::{Deserialize, Serialize};

use crate::scope::Functie;

/// The lifetime of every access token, in seconds (core.tknint.201).
const EXPIRES_IN_S: u64 = 900;
/// The one token type.
const BEARER: &str = "Bearer";
/// Bytes of a token, at most: what fits a header with room to spare.
const TOKEN_BYTES_MAX: usize = 4_096;
/// Gegevensdiensten in a scope, at most: as many as an entry of the ZAL may have.
const DIENSTEN_MAX: usize = 500;

/// An access token or a refresh token. It prints as `***`; its row and its cookie are sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

/// What a code or a refresh token brought.
#[derive(Debug)]
pub struct Tokens {
    /// For the resource endpoints, for 900 s.
    pub access_token: Token,
    /// For the next time, when the person wants that there is one.
    pub refresh_token: Option<Token>,
    /// What the access token opens.
    pub diensten: Vec<GegevensdienstId>,
}

/// An answer that the client does not take; why, for its operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotTaken(pub &'static str);

#[derive(Deserialize)]
struct Written {
    access_token: String,
    token_type: String,
    expires_in: u64,
    refresh_token: Option<String>,
    scope: String,
}

impl Token {
    /// The text of a token.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    #[cfg(test)]
    pub(super) fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    fn read(text: String) -> Result<Self, NotTaken> {
        let is_visible = text.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
        if text.is_empty() || text.len() > TOKEN_BYTES_MAX || !is_visible {
            return Err(NotTaken("a token is empty, too long or no visible ASCII"));
        }
        Ok(Self(text))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Tokens {
    /// Reads the body of a good answer to a request for this function.
    ///
    /// # Errors
    /// [`NotTaken`] for anything but a bearer token of 900 s whose scope lists numbers, and for a
    /// refresh token of Delen.
    pub fn read(body: &[u8], functie: &Functie) -> Result<Self, NotTaken> {
        let written: Written = serde_json::from_slice(body)
            .map_err(|_| NotTaken("the token response is unreadable or misses a member"))?;
        // core.tknint.201
        if written.token_type != BEARER {
            return Err(NotTaken("the token is no bearer token"));
        }
        if written.expires_in != EXPIRES_IN_S {
            return Err(NotTaken("the access token does not last 900 s"));
        }
        let refresh_token = written.refresh_token.map(Token::read).transpose()?;
        // core.autorisatie.101: a confirmation is for one run
        if refresh_token.is_some() && matches!(functie, Functie::Delen(_)) {
            return Err(NotTaken("a confirmation of Delen brought a refresh token"));
        }
        Ok(Self {
            access_token: Token::read(written.access_token)?,
            refresh_token,
            diensten: numbers(&written.scope)?,
        })
    }

    /// Whether the access token opens this gegevensdienst.
    pub fn opens(&self, dienst: &GegevensdienstId) -> bool {
        self.diensten.contains(dienst)
    }
}

/// The scope of a token response has numbers, and not the names of the request's (medmij.md §4.3).
fn numbers(scope: &str) -> Result<Vec<GegevensdienstId>, NotTaken> {
    let not_taken = NotTaken("the scope of the token is no list of numbers");
    let mut found = Vec::new();
    for part in scope.split(' ') {
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        let id = GegevensdienstId::parse(part).map_err(|_| not_taken)?;
        if !is_number || found.len() == DIENSTEN_MAX || found.contains(&id) {
            return Err(not_taken);
        }
        found.push(id);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn answer() -> Value {
        json!({ "access_token": "a.b.c", "token_type": "Bearer", "expires_in": 900,
            "refresh_token": "r.1", "scope": "51 52", "anders": {} })
    }

    fn read(answer: &Value) -> Result<Tokens, NotTaken> {
        Tokens::read(answer.to_string().as_bytes(), &Functie::Verzamelen)
    }

    #[test]
    fn core_tknint_201_an_answer_as_medmij_draws_it_is_taken() {
        // core.tknint.201
        let tokens = read(&answer()).expect("taken");
        assert_eq!(tokens.access_token.reveal(), "a.b.c");
        assert_eq!(tokens.refresh_token, Some(Token::of("r.1")));
        let ids: Vec<&str> = tokens
            .diensten
            .iter()
            .map(GegevensdienstId::as_str)
            .collect();
        assert_eq!(ids, ["51", "52"]);
        assert!(tokens.opens(&tokens.diensten[1]));
        let printed = format!("{tokens:?}");
        assert!(!printed.contains("a.b.c") && !printed.contains("r.1"));
        let mut once = answer();
        once["refresh_token"] = Value::Null;
        assert_eq!(read(&once).expect("taken").refresh_token, None);
    }

    #[test]
    fn core_tknint_201_whatever_differs_from_it_is_not_taken() {
        for (member, value) in [
            ("token_type", json!("bearer")),
            ("token_type", json!("DPoP")),
            ("expires_in", json!(3600)),
            ("expires_in", json!("900")),
            ("expires_in", json!(-900)),
            ("scope", json!("eenofanderezorgaanbieder")),
            ("scope", json!("eenofanderezorgaanbieder~51")),
            ("scope", json!("51  52")),
            ("scope", json!("51 51")),
            ("scope", json!("")),
            ("scope", Value::Null),
            ("access_token", json!("")),
            ("access_token", json!("a b")),
            ("access_token", json!("x".repeat(4_097))),
            ("access_token", json!(7)),
            ("refresh_token", json!("r\n")),
        ] {
            let mut other = answer();
            other[member] = value;
            // core.tknint.201
            assert!(read(&other).is_err(), "{other}");
        }
        for body in ["", "[]", "null", "{}"] {
            assert!(
                Tokens::read(body.as_bytes(), &Functie::Verzamelen).is_err(),
                "{body}"
            );
        }
    }

    #[test]
    fn medmij_case_066_a_refresh_token_of_delen_is_not_taken() {
        let dienst = GegevensdienstId::parse("51").expect("an id");
        let delen = Functie::Delen(dienst);
        let mut sent = answer();
        let read = |sent: &Value| Tokens::read(sent.to_string().as_bytes(), &delen);
        // medmij case 66; core.autorisatie.101
        assert!(read(&sent).is_err());
        sent["refresh_token"] = Value::Null;
        assert!(read(&sent).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Tokens::read(&bytes, &Functie::Verzamelen);
        }
    }
}
