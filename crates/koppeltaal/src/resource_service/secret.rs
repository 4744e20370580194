//! Tokens that stand where parameters do. They would be found again in links, in AuditEvents and in the
//! log of the FHIR server (koppeltaal case 113; RFC 9700 §4.3.2).

use url::form_urlencoded;

use super::request::{Interaction, Request};

/// The parameter of RFC 6750 §2.3: who sends it has not shown who he is.
const ACCESS_TOKEN: &str = "access_token";
/// Others of OAuth and OpenID Connect that are as good as a password.
const SECRETS: [&str; 5] = [
    ACCESS_TOKEN,
    "client_assertion",
    "id_token",
    "refresh_token",
    "token",
];

impl Request {
    /// Whether the token is sent as a parameter, in the query or in the body of a search.
    pub fn has_access_token(&self) -> bool {
        self.bears(|name| says(name, &[ACCESS_TOKEN]))
    }

    /// Whether a parameter has such a name, in the query or in the body of a search.
    pub(super) fn bears(&self, is_named: impl Fn(&str) -> bool) -> bool {
        let is_search = matches!(self.interaction(), Ok(Interaction::Search(_, true)));
        let body = if is_search { &*self.body } else { &[] };
        [self.query.as_bytes(), body]
            .into_iter()
            .flat_map(form_urlencoded::parse)
            .any(|(name, _)| is_named(&name))
    }
}

/// Whether a parameter is named after a token, with whatever modifier, chain or case.
pub(super) fn is_secret(name: &str) -> bool {
    says(name, &SECRETS)
}

fn says(name: &str, secrets: &[&str]) -> bool {
    let is_spelled = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    name.split(|char| !is_spelled(char)).any(|part| {
        let part = part.to_ascii_lowercase().replace('-', "_");
        secrets.contains(&&*part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str, query: &str, body: &str) -> Request {
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            body: body.as_bytes().to_vec(),
            ..Request::default()
        }
    }

    #[test]
    fn koppeltaal_case_113_a_token_is_known_in_every_spelling() {
        for name in [
            "access_token",
            "Access_Token",
            "access%5Ftoken",
            "access_token:exact",
            "access_token.x",
            "%20access_token",
            "access-token",
            "_has:Task:patient:access_token",
        ] {
            let pair = format!("status=x&{name}=secret");
            // koppeltaal case 113
            assert!(
                request("GET", "Task", &pair, "").has_access_token(),
                "{name}"
            );
            let form = request("POST", "Task/_search", "", &pair);
            assert!(form.has_access_token(), "{name}");
        }
        for name in ["id_token", "CLIENT_ASSERTION:not", "refresh_token", "Token"] {
            assert!(is_secret(name), "{name}");
            let other = request("GET", "Task/1", &format!("{name}=x"), "");
            assert!(
                !other.has_access_token() && other.bears(is_secret),
                "{name}"
            );
        }
        for name in ["status", "_id", "code:text", "tokens", "identifier"] {
            assert!(!is_secret(name), "{name}");
        }
        // A resource is no form.
        let made = request("POST", "Task", "", "access_token=x");
        assert!(!made.has_access_token());
    }
}
