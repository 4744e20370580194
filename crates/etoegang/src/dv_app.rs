//! The app of a DV at its HM: what a public native client sends, and what it believes of the answers (GUC7, GUC8
//! and GUC9 from the other side; RFC 8252).
//!
//! A login is a [`Begonnen`] from its request to its tokens. What the app shows of the person it reads in the ID
//! token: the access token is for the DV's backend.

use std::fmt;

use jose::{Algorithm, Claims, Expected, Jwks, Refused, Typ};
use protocol::pkce::Challenge;
use protocol::refusal::is_invalid_grant;
use protocol::wire::{Parameters, with_query};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use verdict::{Entropy, Moment};

use crate::attribuut::{Attributen, Attribuutnaam};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::dv_hm::userinfo::UserinfoClaims;

/// With what an HM may sign for an app (etoegang.md §4.5). There is no `none`, and nothing with a shared key.
pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256];
/// Seconds by which the clock of the HM may differ from that of a person's device.
pub const LEEWAY_S: u32 = 30;

/// A login that an app began: what binds the answer to it. None of it prints.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begonnen {
    state: String,
    nonce: String,
    verifier: String,
}

/// What an app asks for.
#[derive(Clone, Copy, Debug)]
pub struct Aanvraag<'a> {
    /// Where the HM takes it.
    pub authorization_endpoint: &'a str,
    /// The app.
    pub client_id: &'a str,
    /// Where the answer goes.
    pub redirect_uri: &'a str,
    /// The service: its ServiceID, or `urn:uuid:` and its ServiceUUID.
    pub dienst: &'a str,
    /// At which level, if not at that of the service.
    pub niveau: Option<Betrouwbaarheidsniveau>,
    /// What it wants to know by name ([`gevraagde_claims`]).
    pub claims: Option<&'a str>,
}

/// Where an app reads attributes (OIDC Core §5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plaats {
    /// Once, at the login.
    IdToken,
    /// For as long as the login lasts.
    Userinfo,
}

/// Why what a browser brought back holds no code for this login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeenCode {
    /// It is the answer to another request, or to none: anybody can send a browser here.
    AnderVerzoek,
    /// It is of another HM (RFC 9207 §2.4).
    AndereUitgever,
    /// The HM's error code.
    Fout(String),
}

/// What a token endpoint gave (RFC 6749 §5.1).
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Gekregen {
    /// For the DV's backend.
    pub access_token: String,
    token_type: String,
    /// Seconds that it lasts.
    #[serde(default)]
    pub expires_in: Option<u32>,
    /// For the next one. It serves once.
    #[serde(default)]
    pub refresh_token: Option<String>,
    /// About the person.
    #[serde(default)]
    pub id_token: Option<String>,
}

/// Why the HM gave no tokens (etoegang.md §4.8, "DV-app rule").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Niet {
    /// `invalid_grant`: the login is over, and every token of it is dropped.
    Voorbij,
    /// 503 or 429: what was sent may be sent again.
    Later,
    /// Anything else.
    Fout,
}

impl Begonnen {
    /// A login with fresh secrets of 256 bits.
    pub fn nieuw(entropy: &Entropy) -> Self {
        let secret = |label| jose::base64url_encode(entropy.bytes::<32>(label));
        Self {
            state: secret("dv_app.state"),
            nonce: secret("dv_app.nonce"),
            verifier: secret("dv_app.verifier"),
        }
    }

    /// Where the browser goes (GUC8 8.1).
    pub fn url(&self, aanvraag: &Aanvraag<'_>) -> String {
        let scope = format!("openid {}", aanvraag.dienst);
        let challenge = Challenge::of(&self.verifier);
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", aanvraag.client_id),
            ("redirect_uri", aanvraag.redirect_uri),
            ("scope", &scope),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let niveau = aanvraag.niveau.map(Betrouwbaarheidsniveau::urn);
        parameters.extend(niveau.map(|urn| ("acr_values", urn)));
        parameters.extend(aanvraag.claims.map(|claims| ("claims", claims)));
        with_query(aanvraag.authorization_endpoint, &parameters)
    }

    /// The code that a browser brought back.
    ///
    /// # Errors
    /// [`GeenCode`]. After [`GeenCode::AnderVerzoek`] the login goes on.
    pub fn code<'a>(&self, issuer: &str, terug: &'a Parameters) -> Result<&'a str, GeenCode> {
        // RFC 6749 §10.12
        if terug.get("state") != Some(&*self.state) {
            return Err(GeenCode::AnderVerzoek);
        }
        // RFC 9207 §2.4
        if terug.get("iss") != Some(issuer) {
            return Err(GeenCode::AndereUitgever);
        }
        match (terug.get("code"), terug.get("error")) {
            (Some(code), None) => Ok(code),
            (_, error) => Err(GeenCode::Fout(error.unwrap_or_default().to_owned())),
        }
    }

    /// The form that exchanges a code (GUC8 8.4).
    pub fn inwisseling<'a>(
        &'a self,
        client_id: &'a str,
        redirect_uri: &'a str,
        code: &'a str,
    ) -> [(&'static str, &'a str); 5] {
        [
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", &self.verifier),
        ]
    }

    /// The claims of the ID token of this login (OIDC Core §3.1.3.7); nothing for one that cannot be believed.
    pub fn verklaring(
        &self,
        gekregen: &Gekregen,
        keys: &Jwks,
        (issuer, client_id): (&str, &str),
        now: Moment,
    ) -> Option<Claims> {
        let token = gekregen.id_token.as_deref()?;
        let claims = geloofd(token, keys, (issuer, client_id), now).ok()?;
        (claims.str("nonce") == Ok(&self.nonce)).then_some(claims)
    }
}

/// The parameter that asks for these attributes, none of which the app must have; nothing for none.
pub fn gevraagde_claims<'a>(
    attributen: impl IntoIterator<Item = &'a Attribuutnaam>,
    plaats: Plaats,
) -> Option<String> {
    let named = attributen.into_iter();
    let named: Map<_, _> = named
        .map(|naam| (naam.as_str().to_owned(), Value::Null))
        .collect();
    let place = match plaats {
        Plaats::IdToken => "id_token",
        Plaats::Userinfo => "userinfo",
    };
    (!named.is_empty()).then(|| json!({ place: named }).to_string())
}

/// The attributes that userinfo tells of this person (OIDC Core §5.3.2); nothing for what cannot be believed.
pub fn attributen(
    userinfo: &str,
    keys: &Jwks,
    whose: (&str, &str),
    sub: &str,
    now: Moment,
) -> Option<Attributen> {
    let claims = geloofd(userinfo, keys, whose, now).ok()?;
    // OIDC Core §5.3.2: userinfo about another person is not used
    let told: UserinfoClaims = claims.parse_all().ok()?;
    (told.sub == sub).then_some(told.attributen)
}

/// The form that renews (GUC9 9.1).
pub const fn vernieuwing<'a>(
    client_id: &'a str,
    refresh_token: &'a str,
) -> [(&'static str, &'a str); 3] {
    [
        ("grant_type", "refresh_token"),
        ("client_id", client_id),
        ("refresh_token", refresh_token),
    ]
}

/// The form that ends a login (RFC 7009 §2.1).
pub const fn herroeping<'a>(client_id: &'a str, token: &'a str) -> [(&'static str, &'a str); 2] {
    [("client_id", client_id), ("token", token)]
}

/// The claims of an ID token of this HM for this app.
///
/// # Errors
/// [`Refused`].
pub fn geloofd(
    id_token: &str,
    keys: &Jwks,
    (issuer, client_id): (&str, &str),
    now: Moment,
) -> Result<Claims, Refused> {
    let expected = Expected {
        typ: Typ::JwtOrAbsent,
        issuer,
        audience: &[client_id],
        now,
        leeway_s: LEEWAY_S,
    };
    jose::verify(id_token, keys, &ALGORITHMS, &expected)
}

impl Gekregen {
    /// Reads the answer of a token endpoint.
    ///
    /// # Errors
    /// [`Niet`].
    pub fn antwoord(status: u16, body: &[u8]) -> Result<Self, Niet> {
        match status {
            200 => {
                let read: Self = serde_json::from_slice(body).map_err(|_| Niet::Fout)?;
                // RFC 6749 §7.1: a token of a kind that is not understood is not used.
                let is_bearer = read.token_type.eq_ignore_ascii_case("Bearer");
                if is_bearer { Ok(read) } else { Err(Niet::Fout) }
            }
            400 if is_invalid_grant(body) => Err(Niet::Voorbij),
            429 | 503 => Err(Niet::Later),
            _ => Err(Niet::Fout),
        }
    }
}

impl fmt::Display for GeenCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnderVerzoek => f.write_str("the answer is not to this request"),
            Self::AndereUitgever => f.write_str("the answer is not of this HM"),
            Self::Fout(fout) => write!(f, "no code, but {fout:?}"),
        }
    }
}

impl std::error::Error for GeenCode {}

impl fmt::Debug for Begonnen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Begonnen(***)")
    }
}

impl fmt::Debug for Gekregen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gekregen(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribuut::{COMPANY_NAME, VAN_PERSONEN};
    use crate::testing::{self, NOW, attribuutnaam, keys, sign};

    const ISSUER: &str = "https://hm.test/1.13";
    const TERUG: &str = "http://127.0.0.1:53123/terug";

    fn begonnen() -> Begonnen {
        Begonnen::nieuw(&Entropy::new([7; 32]))
    }

    fn terug(pairs: &[(&str, &str)]) -> Parameters {
        let owned = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Parameters::of(owned).expect("parameters")
    }

    #[test]
    fn a_request_has_a_challenge_and_never_the_verifier() {
        let begonnen = begonnen();
        let url = begonnen.url(&Aanvraag {
            authorization_endpoint: "https://hm.test/1.13/authorize",
            client_id: "app",
            redirect_uri: TERUG,
            dienst: "urn:etoegang:DV:00000001234567890000:services:1",
            niveau: Some(Betrouwbaarheidsniveau::Loa2),
            claims: None,
        });
        let (base, query) = url.split_once('?').expect("a query");
        assert_eq!(base, "https://hm.test/1.13/authorize");
        let query = Parameters::parse(query.as_bytes()).expect("parameters");
        // RFC 7636 §4.2
        assert!(!url.contains(&begonnen.verifier));
        let challenge = query.get("code_challenge").expect("a challenge");
        assert!(
            Challenge::parse(challenge)
                .expect("one")
                .is_of(&begonnen.verifier)
        );
        assert_eq!(query.get("code_challenge_method"), Some("S256"));
        assert_eq!(query.get("redirect_uri"), Some(TERUG));
        assert_eq!(
            query.get("acr_values"),
            Some(Betrouwbaarheidsniveau::Loa2.urn())
        );
        assert!(
            query
                .get("scope")
                .is_some_and(|scope| scope.starts_with("openid urn:"))
        );
        // etoegang.md §6.1: 256 bits each
        for name in ["state", "nonce"] {
            assert_eq!(query.get(name).map(str::len), Some(43), "{name}");
        }
        assert_eq!(format!("{begonnen:?}"), "Begonnen(***)");
    }

    #[test]
    fn rfc_9207_2_4_a_code_counts_with_the_state_of_the_request_and_of_its_issuer_alone() {
        let begonnen = begonnen();
        let state = begonnen.state.as_str();
        let code = |pairs: &[(&str, &str)]| {
            let terug = terug(pairs);
            begonnen.code(ISSUER, &terug).map(str::to_owned)
        };
        let good = [("state", state), ("iss", ISSUER), ("code", "c")];
        assert_eq!(code(&good), Ok("c".to_owned()));
        assert_eq!(code(&good[1..]), Err(GeenCode::AnderVerzoek));
        let other = [("state", "x"), ("iss", ISSUER), ("error", "access_denied")];
        assert_eq!(code(&other), Err(GeenCode::AnderVerzoek));
        // RFC 9207 §2.4
        for iss in ["https://hm.test/1.11", "https://hm.test/1.13/"] {
            let mixed = [("state", state), ("iss", iss), ("code", "c")];
            assert_eq!(code(&mixed), Err(GeenCode::AndereUitgever), "{iss}");
        }
        let without = [("state", state), ("code", "c")];
        assert_eq!(code(&without), Err(GeenCode::AndereUitgever));
        let denied = [
            ("state", state),
            ("iss", ISSUER),
            ("error", "access_denied"),
        ];
        assert_eq!(
            code(&denied),
            Err(GeenCode::Fout("access_denied".to_owned()))
        );
        let both = [good[0], good[1], good[2], ("error", "x")];
        assert_eq!(code(&both), Err(GeenCode::Fout("x".to_owned())));
    }

    #[test]
    fn an_answer_is_tokens_an_end_or_a_reason_to_wait() {
        let good =
            br#"{"access_token":"a","token_type":"bearer","expires_in":600,"refresh_token":"r"}"#;
        let gekregen = Gekregen::antwoord(200, good).expect("tokens");
        assert_eq!(gekregen.refresh_token.as_deref(), Some("r"));
        assert_eq!(format!("{gekregen:?}"), "Gekregen(***)");
        // RFC 6749 §7.1
        let bound = br#"{"access_token":"a","token_type":"DPoP"}"#;
        assert_eq!(Gekregen::antwoord(200, bound), Err(Niet::Fout));
        let over = br#"{"error":"invalid_grant"}"#;
        // etoegang.md §4.8
        assert_eq!(Gekregen::antwoord(400, over), Err(Niet::Voorbij));
        assert_eq!(Gekregen::antwoord(401, over), Err(Niet::Fout));
        assert_eq!(Gekregen::antwoord(503, b""), Err(Niet::Later));
        assert_eq!(Gekregen::antwoord(200, b"{}"), Err(Niet::Fout));
    }

    #[test]
    fn oidc_core_5_5_an_app_names_the_attributes_that_it_wants_and_reads_those_of_its_person() {
        let names = [COMPANY_NAME, VAN_PERSONEN[0]].map(attribuutnaam);
        let asked = gevraagde_claims(&names, Plaats::Userinfo).expect("some");
        // OIDC Core §5.5
        let expected = json!({ "userinfo": { COMPANY_NAME: null, VAN_PERSONEN[0]: null } });
        assert_eq!(serde_json::from_str::<Value>(&asked).ok(), Some(expected));
        assert!(
            gevraagde_claims(&names, Plaats::IdToken)
                .is_some_and(|asked| asked.contains("id_token"))
        );
        assert_eq!(gevraagde_claims(&names[..0], Plaats::IdToken), None);
        let told = json!({
            "iss": ISSUER, "aud": "app", "sub": "p", "sub_id_type": "x",
            "acr": Betrouwbaarheidsniveau::Loa3, "auth_time": NOW, "iat": NOW, "exp": NOW + 60,
            COMPANY_NAME: "Bakkerij",
        });
        let told = sign(&keys().0, "JWT", &told);
        let read = |sub| {
            let now = Moment::from_unix(NOW);
            attributen(&told, &keys().1, (ISSUER, "app"), sub, now)
        };
        assert_eq!(
            read("p"),
            Some(testing::attributen(&[(COMPANY_NAME, "Bakkerij")]))
        );
        // OIDC Core §5.3.2
        assert_eq!(read("q"), None);
    }
}
