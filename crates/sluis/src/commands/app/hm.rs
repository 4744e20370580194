//! The broker, as its metadata tell where it is.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use etoegang::discovery::gevonden::Gevonden;
use etoegang::dv_app::{Gekregen, Niet};
use jose::Jwks;
use server::certificates::roots_of;
use server::outside::{Addresses, Answer, Headers, Outside, OutsideConfig};

use super::{Ended, Trust, cannot_begin, refused};

/// Bytes of a file of authorities, at most.
const CA_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A broker that was found.
pub(super) struct Hm {
    pub(super) outside: Outside,
    pub(super) found: Gevonden,
}

impl Hm {
    /// Reads the metadata of this issuer (OIDC Discovery §4).
    pub(super) async fn find(issuer: &str, trust: &Trust) -> Result<Self, Ended> {
        let outside = outside(issuer, trust)?;
        let url = format!("{issuer}/.well-known/openid-configuration");
        let answer = outside.get(&url, Headers::none()).await;
        let answer = answer.map_err(|why| cannot_begin(&format!("{issuer}: {why}")))?;
        if answer.status.as_u16() != 200 {
            let why = format!(
                "{issuer}: no metadata there: HTTP {}",
                answer.status.as_u16()
            );
            return Err(cannot_begin(&why));
        }
        let found = Gevonden::read(&answer.body, issuer);
        let found = found.map_err(|why| cannot_begin(&format!("{issuer}: {why}")))?;
        Ok(Self { outside, found })
    }

    /// Its keys, now.
    pub(super) async fn keys(&self) -> Result<Jwks, Ended> {
        let answer = self
            .outside
            .get(&self.found.jwks_uri, Headers::none())
            .await;
        let answer = answer.map_err(|why| refused(&format!("keys of the HM: {why}")))?;
        Jwks::parse(&answer.body).map_err(|_| refused("the HM shows no keys"))
    }

    /// Asks for tokens.
    pub(super) async fn tokens(&self, fields: &[(&str, &str)]) -> Result<Gekregen, Ended> {
        let url = &self.found.token_endpoint;
        let answer = self.outside.post_form(url, fields, Headers::none()).await;
        let answer = answer.map_err(|why| refused(&format!("no tokens: {why}")))?;
        let read = Gekregen::antwoord(answer.status.as_u16(), &answer.body);
        read.map_err(|niet| {
            refused(&match niet {
                Niet::Voorbij => {
                    "invalid_grant: the login is over, or the code is; log in again".to_owned()
                }
                Niet::Later => format!("{}: try again later, nothing is spent", in_short(&answer)),
                Niet::Fout => format!("no tokens: {}", in_short(&answer)),
            })
        })
    }
}

/// A way to the host that the person named, wherever it is, and to public ones: a broker's endpoints may be at
/// others than its issuer.
pub(super) fn outside(url: &str, trust: &Trust) -> Result<Outside, Ended> {
    let host = host_of(url);
    let host = host.ok_or_else(|| cannot_begin(&format!("{url}: expected an https URL")))?;
    let pem = pem(&trust.ca).map_err(|why| cannot_begin(&format!("--ca: {why}")))?;
    let roots = roots_of(&pem);
    let roots =
        roots.map_err(|why| cannot_begin(&format!("--ca: {}: {why}", trust.ca.display())))?;
    let config = OutsideConfig {
        addresses: Addresses::Public {
            and: BTreeSet::from([host]),
        },
        ..OutsideConfig::new(roots, None)
    };
    Outside::new(config).map_err(|bad| cannot_begin(&bad.to_string()))
}

/// Status and error code. What else an answer says may be of a stranger.
pub(super) fn in_short(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match body["error"].as_str().filter(|error| is_plain(error)) {
        Some(error) => format!("HTTP {status}, {error}"),
        None => format!("HTTP {status}"),
    }
}

/// Whether a text of somebody else can be printed: nothing moves the cursor of a terminal.
pub(super) fn is_plain(text: &str) -> bool {
    text.len() <= 256 && !text.chars().any(char::is_control)
}

fn host_of(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    server::outside::origin_host(&format!("https://{authority}"))
}

fn pem(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(CA_BYTES_MAX).read_to_end(&mut bytes));
    read.map_err(|why| format!("{}: {why}", path.display()))?;
    Ok(bytes)
}
