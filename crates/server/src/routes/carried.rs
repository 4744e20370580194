//! Which steps of seed 000 a message of HTTP carries: its request, its answer, or the work between.

use crate::observer::Bericht;

/// What carries a step: a host without `.localhost`, a method, and how the path begins.
struct Carrier {
    host: &'static str,
    method: &'static str,
    path: &'static str,
    steps: &'static [u8],
}

/// The first line that fits a message tells.
#[rustfmt::skip] // a line each, so that the table can be read down
const CARRIERS: [Carrier; 24] = [
    carrier("pgo", "POST", "/verzamelen", &[1]),
    carrier("mitz", "GET", "/authorize", &[2]),
    carrier("mitz", "POST", "/authorize", &[2]),
    carrier("digid", "POST", "/saml/idp/request_authentication", &[3]),
    carrier("digid", "GET", "/saml/idp/request_authentication", &[3]),
    carrier("digid-back", "POST", "/saml/idp/resolve_artifact", &[4]),
    carrier("mitz", "GET", "/saml/acs", &[4]),
    carrier("toestemmingen", "GET", "/openen", &[5]),
    carrier("toestemmingen", "GET", "/toestemming", &[5]),
    carrier("toestemmingen", "POST", "/toestemming", &[6]),
    carrier("mitz", "GET", "/toestemming-terug", &[6, 7]),
    carrier("pgo", "GET", "/callback", &[7]),
    carrier("mitz-back", "POST", "/token", &[8, 9, 10]),
    carrier("mitz-back", "GET", "/userinfo", &[11, 12, 18, 19]),
    carrier("mitz-back", "POST", "/userinfo", &[11, 12, 18, 19]),
    carrier("mitz-back", "POST", "/toestemmingen/opvragen", &[13, 14]),
    carrier("lokalisatie", "POST", "/locaties", &[15, 16, 17]),
    carrier("stelselnode", "GET", "/MedMij_Zorgaanbieders", &[20]),
    carrier("discovery", "GET", "/.well-known/oauth-authorization-server", &[21, 22]),
    carrier("dva-back", "POST", "/token", &[23, 28]),
    carrier("mitz-back", "POST", "/consent-introspect", &[24, 25, 26]),
    carrier("xis", "POST", "/", &[27, 30]),
    carrier("dva-back", "GET", "/resource/", &[29, 30]),
    carrier("dva-back", "POST", "/resource/", &[29, 30]),
];

/// The steps that a message carries, in order; none when it is no part of the 30.
pub fn steps_of(bericht: &Bericht) -> &'static [u8] {
    let Some((host, path)) = place(&bericht.url) else {
        return &[];
    };
    let fits = |carrier: &&Carrier| {
        carrier.host == host && carrier.method == bericht.method && path.starts_with(carrier.path)
    };
    CARRIERS
        .iter()
        .find(fits)
        .map_or(&[], |carrier| carrier.steps)
}

const fn carrier(
    host: &'static str,
    method: &'static str,
    path: &'static str,
    steps: &'static [u8],
) -> Carrier {
    Carrier {
        host,
        method,
        path,
        steps,
    }
}

/// The host as the table names it, and the path. The second DVA has the hosts of the first, with a 2.
fn place(url: &str) -> Option<(String, &str)> {
    let (_, rest) = url.split_once("://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.split(':').next().unwrap_or_default();
    let host = host.strip_suffix(".localhost").unwrap_or(host);
    let first = match host {
        "dva2-back" => "dva-back",
        "discovery2" => "discovery",
        "xis2" => "xis",
        other => other,
    };
    Some((first.to_owned(), path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Party;
    use crate::observer::{Inhoud, Richting};

    fn at(method: &str, url: &str) -> &'static [u8] {
        steps_of(&Bericht {
            trace_id: String::new(),
            party: String::new(),
            richting: Richting::Ontvangen,
            peer: String::new(),
            method: method.to_owned(),
            url: url.to_owned(),
            query: None,
            request: Inhoud::default(),
            status: 200,
            response: Inhoud::default(),
            begonnen_ms: 0,
            duur_ms: 0,
        })
    }

    #[test]
    fn every_step_is_carried_by_something_at_a_host_that_exists() {
        let hosts: Vec<&str> = Party::ALL.iter().flat_map(|p| p.hosts()).copied().collect();
        assert!(CARRIERS.iter().all(|carrier| hosts.contains(&carrier.host)));
        for step in 1..=30 {
            let carries = |carrier: &Carrier| carrier.steps.contains(&step);
            assert!(CARRIERS.iter().any(carries), "step {step}");
        }
    }

    #[test]
    fn a_message_is_known_by_host_method_and_path() {
        let token = "https://mitz-back.localhost:8443/token";
        assert_eq!(at("POST", token), [8, 9, 10]);
        assert_eq!(at("GET", token), [0; 0]);
        assert_eq!(at("POST", "https://dva2-back.localhost:1/token"), [23, 28]);
        let search = "https://xis2.localhost/00000659/fhir/Patient/_search";
        assert_eq!(at("POST", search), [27, 30]);
        assert_eq!(at("GET", "https://mitz.localhost:8443/jwks"), [0; 0]);
        assert_eq!(at("GET", "mitz"), [0; 0]);
    }
}
