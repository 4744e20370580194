//! The answer to an authorization request, as its client reads it (RFC 6749 §4.1.2).

use subtle::ConstantTimeEq as _;

use crate::wire::Parameters;

/// How an authorization answer can disappoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callback {
    /// It answers another request, or comes from another server: nothing is done.
    NotOurs,
    /// The person cancelled or gave no consent.
    AccessDenied,
    /// Anything else.
    Failed,
}

/// The code in what the browser brought back to a request with this `state`. An issuer is compared
/// where the framework has servers name themselves (RFC 9207).
///
/// # Errors
/// [`Callback`] tells what the person should hear.
pub fn code(
    parameters: &Parameters,
    state: &str,
    issuer: Option<&str>,
) -> Result<String, Callback> {
    let told = parameters.get("state").unwrap_or_default();
    // RFC 6749 §10.12: an answer to another request
    let ours = bool::from(told.as_bytes().ct_eq(state.as_bytes())) && !state.is_empty();
    // RFC 9207 §2.4: of another server
    let theirs = issuer.is_none_or(|issuer| parameters.get("iss") == Some(issuer));
    if !ours || !theirs {
        return Err(Callback::NotOurs);
    }
    match (parameters.get("code"), parameters.get("error")) {
        (Some(code), None) => Ok(code.to_owned()),
        (None, Some("access_denied")) => Err(Callback::AccessDenied),
        _ => Err(Callback::Failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str, state: &str, issuer: Option<&str>) -> Result<String, Callback> {
        let parameters = Parameters::parse(query.as_bytes()).expect("a query");
        code(&parameters, state, issuer)
    }

    #[test]
    fn rfc_6749_10_12_an_answer_without_our_state_is_not_ours_whatever_it_says() {
        // RFC 6749 §10.12
        for query in ["code=c&state=T", "code=c", "error=access_denied&state=s"] {
            assert_eq!(read(query, "S", None), Err(Callback::NotOurs), "{query}");
        }
        assert_eq!(read("code=c", "", None), Err(Callback::NotOurs));
        assert_eq!(read("code=c&state=S", "S", None), Ok("c".into()));
    }

    #[test]
    fn rfc_9207_2_4_an_issuer_is_compared_where_one_is_expected() {
        // RFC 9207 §2.4
        let of = |query| read(query, "S", Some("https://as.localhost"));
        assert_eq!(of("code=c&state=S"), Err(Callback::NotOurs));
        assert_eq!(
            of("code=c&state=S&iss=https%3A%2F%2Fas.localhost"),
            Ok("c".into())
        );
    }

    #[test]
    fn a_code_beside_an_error_is_no_code() {
        let failed = Err(Callback::Failed);
        assert_eq!(
            read("code=c&error=access_denied&state=S", "S", None),
            failed
        );
        assert_eq!(read("error=invalid_scope&state=S", "S", None), failed);
        assert_eq!(read("state=S", "S", None), failed);
        let denied = read("error=access_denied&state=S", "S", None);
        assert_eq!(denied, Err(Callback::AccessDenied));
    }
}
