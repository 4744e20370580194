//! The DVP client's side of the chain: what it sends, and what it takes (steps 2, 8, 11, 19, 23).

use identity::{GegevensdienstId, Ura, Zorgaanbiedernaam};
use protocol::callback::{self, Callback};
use protocol::pkce::Challenge;
use protocol::token_exchange::{ACCESS_TOKEN_TYPE, GRANT_TYPE, ID_TOKEN_TYPE};
use protocol::wire::{Parameters, with_query};
use serde::Deserialize;
use verdict::Entropy;

use crate::locatietoken::URA_SYSTEM;
use crate::lokalisatie::LOCATIES_MAX;
use crate::toestemming::Functie;

/// How many seconds our clock and that of Mitz may differ (mitz.md §2.5).
pub const LEEWAY_S: u32 = 60;

/// The largest signed userinfo that a client reads, in bytes: [`LOCATIES_MAX`] locations with an ID
/// token of under 2 KiB each.
pub const USERINFO_BYTES_MAX: usize = 1024 * 1024;

/// What the client keeps of an authorization request until its answer comes.
#[derive(Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
pub struct Wachtend {
    /// Must come back.
    pub state: String,
    /// Must stand in the ID token.
    pub nonce: String,
    /// Proves that the code is ours.
    pub code_verifier: String,
    /// The trace id of the run: `X-Correlation-ID`.
    pub trace: String,
}

impl Wachtend {
    /// Fresh values for one run.
    pub fn new(entropy: &Entropy, trace: String) -> Self {
        let secret = |label| jose::b64::encode(entropy.bytes::<32>(label));
        Self {
            state: secret("dvp.state"),
            nonce: secret("dvp.nonce"),
            code_verifier: secret("dvp.code_verifier"),
            trace,
        }
    }

    /// Step 2: where the browser goes.
    pub fn authorization_url(
        &self,
        authorization_endpoint: &str,
        client_id: &str,
        redirect_uri: &str,
        functie: Functie,
    ) -> String {
        let challenge = Challenge::of(&self.code_verifier);
        with_query(
            authorization_endpoint,
            &[
                ("response_type", "code"),
                ("client_id", client_id),
                ("redirect_uri", redirect_uri),
                ("scope", "openid offline_access"),
                ("state", &self.state),
                ("nonce", &self.nonce),
                ("code_challenge", challenge.as_str()),
                ("code_challenge_method", "S256"),
                ("function", functie.as_str()),
                // core.authint.208: as a query parameter
                ("X-Correlation-ID", &self.trace),
            ],
        )
    }

    /// Step 7: what the browser brought back.
    ///
    /// # Errors
    /// [`Callback`] tells what the person should hear.
    pub fn code(&self, parameters: &Parameters, issuer: &str) -> Result<String, Callback> {
        // RFC 6749 §10.12; RFC 9207 §2.4
        callback::code(parameters, &self.state, Some(issuer))
    }
}

/// The `locations` of signed userinfo (step 19).
#[derive(Clone, PartialEq, Eq)]
pub struct Locaties(pub Vec<LocatieMetToken>);

/// A location with the ID token that it brings.
#[derive(Clone, PartialEq, Eq)]
pub struct LocatieMetToken {
    /// The provider.
    pub ura: Ura,
    /// Goes to its DVA as it is.
    pub id_token: String,
}

/// The answer of Mitz is not one that we take: the reason is for our log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotTaken(pub &'static str);

#[derive(Deserialize)]
struct Written {
    system: String,
    value: Ura,
    id_token: String,
}

impl Locaties {
    /// Reads the claims of signed userinfo whose signature, issuer, audience and dates held.
    ///
    /// # Errors
    /// [`NotTaken`] when the nonce is another one, or `locations` has another form.
    pub fn read(claims: &jose::Claims, nonce: Option<&str>) -> Result<Self, NotTaken> {
        // OIDC Core §12.2: after a refresh the nonce may be absent, but never another one
        let told = claims.get("nonce").and_then(serde_json::Value::as_str);
        if let (Some(told), Some(expected)) = (told, nonce)
            && told != expected
        {
            return Err(NotTaken("userinfo has another nonce"));
        }
        let written: Vec<Written> = claims
            .parse("locations")
            .map_err(|_| NotTaken("userinfo has no readable locations"))?;
        if written.len() > LOCATIES_MAX || written.iter().any(|l| l.system != URA_SYSTEM) {
            return Err(NotTaken(
                "userinfo has locations that are no URAs, or too many",
            ));
        }
        let locatie = |l: Written| LocatieMetToken {
            ura: l.value,
            id_token: l.id_token,
        };
        Ok(Self(written.into_iter().map(locatie).collect()))
    }
}

/// Step 23: the form of the token request at a DVA.
pub fn token_exchange_form(
    id_token: &str,
    naam: &Zorgaanbiedernaam,
    diensten: &[GegevensdienstId],
    client_id: &str,
) -> Vec<(&'static str, String)> {
    let scope: Vec<&str> = diensten.iter().map(GegevensdienstId::as_str).collect();
    vec![
        ("grant_type", GRANT_TYPE.to_owned()),
        ("subject_token", id_token.to_owned()),
        ("subject_token_type", ID_TOKEN_TYPE.to_owned()),
        ("requested_token_type", ACCESS_TOKEN_TYPE.to_owned()),
        ("audience", naam.as_str().to_owned()),
        ("scope", scope.join(" ")),
        ("client_id", client_id.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use verdict::Moment;

    const ISSUER: &str = "https://mitz.localhost:8443";

    fn wachtend() -> Wachtend {
        Wachtend::new(
            &Entropy::new([5; 32]),
            "c0e7b545-9606-4eef-bea7-75d8addaa54b".into(),
        )
    }

    fn callback(query: &str) -> Result<String, Callback> {
        wachtend().code(
            &Parameters::parse(query.as_bytes()).expect("a query"),
            ISSUER,
        )
    }

    #[test]
    fn rfc_9207_2_4_an_answer_with_another_state_or_issuer_is_not_ours() {
        let state = wachtend().state;
        let iss = protocol::wire::encode(ISSUER);
        assert_eq!(
            callback(&format!("code=c&state={state}&iss={iss}")),
            Ok("c".into())
        );
        for query in [
            format!("code=c&state=ander&iss={iss}"),
            format!("code=c&iss={iss}"),
            format!("code=c&state={state}&iss=https%3A%2F%2Fkwaad.localhost"),
            format!("code=c&state={state}"),
        ] {
            // RFC 6749 §10.12; RFC 9207 §2.4
            assert_eq!(callback(&query), Err(Callback::NotOurs), "{query}");
        }
    }

    /// Signed userinfo with as many locations, all of this naming system, as the door reads it.
    fn userinfo(count: usize, system: &str) -> jose::Claims {
        let location = json!({"system": system, "value": "00000659", "id_token": "a.b.c"});
        let now = Moment::from_unix(1_795_305_600);
        let claims = json!({
            "iss": ISSUER, "aud": "pgo.localhost", "exp": now.unix() + 900,
            "locations": vec![location; count],
        });
        let es256 = jose::Algorithm::Es256;
        let der = jose::generate_pkcs8(es256, jose::RsaSize::Bits2048).expect("generated");
        let key = jose::SigningKey::from_pkcs8(es256, &der).expect("a key");
        let token = key.sign("JWT", &claims).expect("signed");
        let keys = jose::Jwks::new(vec![key.public().clone()]).expect("a set");
        let expected = jose::Expected {
            typ: jose::Typ::Is("JWT"),
            issuer: ISSUER,
            audience: &["pgo.localhost"],
            now,
            leeway_s: LEEWAY_S,
        };
        jose::verify_up_to(USERINFO_BYTES_MAX, &token, &keys, &[es256], &expected).expect("signed")
    }

    #[test]
    fn locations_of_another_naming_system_or_too_many_are_not_taken() {
        let read =
            |count, system| Locaties::read(&userinfo(count, system), None).map(|read| read.0.len());
        assert_eq!(read(1, URA_SYSTEM), Ok(1));
        assert!(read(1, "urn:oid:1.2.3").is_err());
        assert_eq!(read(LOCATIES_MAX, URA_SYSTEM), Ok(LOCATIES_MAX));
        assert!(read(LOCATIES_MAX + 1, URA_SYSTEM).is_err());
    }

    #[test]
    fn the_browser_goes_to_mitz_with_all_that_the_request_needs() {
        let wachtend = wachtend();
        let callback = "https://pgo.localhost/callback";
        let url = wachtend.authorization_url(ISSUER, "pgo.localhost", callback, Functie::Delen);
        let query = url
            .strip_prefix(ISSUER)
            .and_then(|rest| rest.strip_prefix('?'));
        let query = Parameters::parse(query.expect("a query").as_bytes()).expect("well formed");
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", "pgo.localhost"),
            ("redirect_uri", callback),
            ("scope", "openid offline_access"),
            ("state", wachtend.state.as_str()),
            ("nonce", wachtend.nonce.as_str()),
            ("code_challenge_method", "S256"),
            ("function", "delen"),
            // core.authint.208
            ("X-Correlation-ID", wachtend.trace.as_str()),
        ] {
            assert_eq!(query.get(name), Some(value));
        }
        let challenge = Challenge::of(&wachtend.code_verifier);
        assert_eq!(query.get("code_challenge"), Some(challenge.as_str()));
    }

    #[test]
    fn a_refusal_is_told_apart_from_a_failure() {
        let state = wachtend().state;
        let tail = format!("state={state}&iss={}", protocol::wire::encode(ISSUER));
        assert_eq!(
            callback(&format!("error=access_denied&{tail}")),
            Err(Callback::AccessDenied)
        );
        assert_eq!(
            callback(&format!("error=server_error&{tail}")),
            Err(Callback::Failed)
        );
        assert_eq!(
            callback(&format!("code=c&error=x&{tail}")),
            Err(Callback::Failed)
        );
    }
}
