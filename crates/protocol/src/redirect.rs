//! Where codes may go (RFC 9700 §2.1, RFC 8252 §7.2, §7.3).

use crate::client::{Authentication, Client};

/// The loopback addresses; `localhost` is a name that others may answer to (RFC 8252 §8.3).
const LOOPBACK: [&str; 2] = ["127.0.0.1", "[::1]"];

/// Whether `uri` is one of the client's redirect URIs: the same string (RFC 9700 §2.1), or, for an app
/// on a desktop, the same but for the port of a loopback address (RFC 8252 §7.3).
pub fn is_registered(client: &Client, uri: &str) -> bool {
    let is_app = client.authentication == Authentication::Public;
    client.redirect_uris.iter().any(|known| {
        // RFC 9700 §2.1: exact string comparison
        known == uri || (is_app && is_same_but_for_the_port(known, uri))
    })
}

/// Whether an app may register this redirect URI: `https` that it claims (RFC 8252 §7.2), or `http` at
/// a loopback address (§7.3). Schemes of one's own can be claimed by any app and are refused.
pub fn is_for_an_app(uri: &str) -> bool {
    if loopback(uri).is_some() {
        return true;
    }
    let Some(rest) = uri.strip_prefix("https://") else {
        return false;
    };
    let host = rest.split(['/', '?', ':']).next().unwrap_or_default();
    let is_text = uri.bytes().all(|byte| byte.is_ascii_graphic());
    // RFC 6749 §3.1.2: no fragment; a user part could make one host look like another
    is_text && !uri.contains(['#', '@', '\\']) && !host.is_empty()
}

/// RFC 8252 §7.3: "MUST allow any port to be specified at the time of the request".
fn is_same_but_for_the_port(known: &str, uri: &str) -> bool {
    match (loopback(known), loopback(uri)) {
        (Some(known), Some(asked)) => known == asked,
        _ => false,
    }
}

/// Address and what stands behind the port, of `http://ADDRESS[:PORT]/…`.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    if uri.contains('#') || !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let address = LOOPBACK.into_iter().find(|at| rest.starts_with(at))?;
    let rest = &rest[address.len()..];
    let (port, path) = rest.split_at(rest.find('/')?);
    let is_port = match port.strip_prefix(':') {
        None => port.is_empty(),
        // As many digits as the greatest port has; no other text is one.
        Some(digits) => {
            !digits.starts_with(['0', '+']) && digits.parse::<u16>().is_ok_and(|port| port > 0)
        }
    };
    is_port.then_some((address, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(authentication: Authentication, uri: &str) -> Client {
        Client {
            client_id: "app-1".into(),
            organisatienaam: "De Proef-app".into(),
            authentication,
            redirect_uris: vec![uri.into()],
        }
    }

    #[test]
    fn etoegang_case_063_and_064_a_loopback_address_may_have_any_port_and_localhost_none() {
        let desktop = client(Authentication::Public, "http://127.0.0.1:1/cb");
        // RFC 8252 §7.3
        for good in ["http://127.0.0.1:53123/cb", "http://127.0.0.1/cb"] {
            assert!(is_registered(&desktop, good), "{good}");
        }
        for bad in [
            "http://localhost:1/cb",
            "http://127.0.0.1:53123/cb2",
            "http://127.0.0.1:53123/cb?x=1",
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:65536/cb",
            "http://127.0.0.1:+1/cb",
            "http://127.0.0.1:1@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1evil/cb",
            "http://[::1]:1/cb",
            "https://127.0.0.1:1/cb",
            "http://127.0.0.1:1/cb#x",
        ] {
            assert!(!is_registered(&desktop, bad), "{bad}");
        }
        let certificate = Authentication::SelfSignedTlsClientAuth { x5t_s256: [4; 32] };
        let server = client(certificate, "http://127.0.0.1:1/cb");
        assert!(!is_registered(&server, "http://127.0.0.1:53123/cb"));
    }

    #[test]
    fn etoegang_case_061_one_character_makes_another_redirect_uri() {
        let app = client(Authentication::Public, "https://app.dv.test/cb");
        // RFC 9700 §2.1
        assert!(is_registered(&app, "https://app.dv.test/cb"));
        for bad in ["https://app.dv.test/cB", "https://app.dv.test/cb/", ""] {
            assert!(!is_registered(&app, bad), "{bad}");
        }
    }

    #[test]
    fn etoegang_case_062_a_scheme_of_ones_own_cannot_be_registered() {
        for good in ["https://app.dv.test/cb", "http://[::1]:9/cb"] {
            // RFC 8252 §7.2
            assert!(is_for_an_app(good), "{good}");
        }
        for bad in [
            "myapp://cb",
            "http://localhost:1/cb",
            "http://app.dv.test/cb",
            "https:///cb",
            "https://app.dv.test/cb#f",
            "https://app.dv.test@evil.example/cb",
            "https://app.dv.test/a b",
        ] {
            assert!(!is_for_an_app(bad), "{bad}");
        }
    }
}
