//! The back channel of Mitz: steps 8–19 and 24–26.

use jose::{Algorithm, Claims, Expected, Jwks, Typ, aead};
use mitz::authorization_server::grant::Grant;
use mitz::authorization_server::toestemmingsvraag::{self, Antwoord, Geweigerd, Toestemmingsvraag};
use mitz::authorization_server::token::{
    CODE, Issued, Offer, REFRESH_TOKEN, TokenAnswer, TokenRequest,
};
use mitz::authorization_server::userinfo::{self, Userinfo, UserinfoAnswer, UserinfoRequest};
use mitz::locatietoken::{self, Locatietoken};
use mitz::lokalisatie::{Locaties, NietBereikbaar};
use mitz::toestemming::Keuze;
use mitz::toestemmingenregister::Toestemmingen;
use mitz::toestemmingenregister::opvragen::{Opgevraagd, Toestemmingenvraag};
use protocol::access_token::AccessToken;
use protocol::assertion::Receiver;
use protocol::bearer::BearerRefusal;
use protocol::client::{PeerCertificate, Shown};
use protocol::handle::Handle;
use protocol::refusal::Refusal;
use protocol::wire::Parameters;
use serde_json::{Value, json};
use verdict::Stored;

use super::network::{MITZ_KEY, STRANGERS_KEY};
use super::{Dvp, MITZ, World, certificate, persoon};

/// What a sealed `jti` is bound to.
const JTI_CONTEXT: &[u8] = b"mitz.locatietoken";

/// What a client holds after step 10.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    /// The whole answer.
    pub(crate) body: Value,
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    let bytes = jose::base64url_decode(payload).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// A form body.
pub(crate) fn form(parameters: &[(&str, &str)]) -> Parameters {
    let body = protocol::wire::with_query("", parameters);
    Parameters::parse(body.trim_start_matches('?').as_bytes()).expect("well formed")
}

// ── Steps 8–10 ──────────────────────────────────────────────────────────────────────────────────

impl World {
    /// A token request under this certificate.
    pub(crate) fn token(
        &self,
        peer: Option<&PeerCertificate>,
        parameters: &[(&str, &str)],
    ) -> Result<Tokens, Refusal> {
        let request = self.token_request(peer, parameters)?;
        let now = self.now();
        let answer = self.settle(
            &self.at_mitz,
            || request.begin(&self.mitz, now),
            |question| {
                let found = self.at_mitz.load::<Grant>(&question.key(), now);
                question.answer(found)
            },
            |key| request.lost(key),
        );
        self.sent(format!("{answer:?}"));
        match answer {
            TokenAnswer::Issued(issued) => Ok(self.issued(&issued)),
            TokenAnswer::Refused(refusal) => {
                self.sent(refusal.error.body().to_string());
                Err(refusal)
            }
        }
    }

    /// What the door makes of a token request.
    pub(crate) fn token_request(
        &self,
        peer: Option<&PeerCertificate>,
        parameters: &[(&str, &str)],
    ) -> Result<TokenRequest, Refusal> {
        let form = form(parameters);
        let token_endpoint = format!("{MITZ}/token");
        let known = [MITZ, token_endpoint.as_str()];
        let receiver = Receiver {
            audience: self.mitz.assertion_audience.of(&known),
            now: self.now(),
        };
        let shown = Shown::read(&form, peer, false);
        let client = self.mitz.clients.prove(&shown, Some(&receiver))?;
        let open = |purpose, text: &str| self.handles.open(purpose, text);
        Ok(TokenRequest::new(client, Offer::read(&form, open)?))
    }

    fn issued(&self, issued: &Issued) -> Tokens {
        let access_token = self
            .keys
            .mitz_access_tokens
            .sign("JWT", &issued.access_token);
        let id_token = MITZ_KEY.sign("JWT", &issued.id_token).expect("signed");
        let access_token = access_token.expect("signed");
        let refresh_token = self.handles.make(REFRESH_TOKEN, issued.refresh_token);
        let body = json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": issued.access_token.expires_in_s(),
            "refresh_token": refresh_token,
            "scope": issued.access_token.scope,
            "id_token": id_token,
        });
        self.sent(body.to_string());
        Tokens {
            access_token,
            refresh_token,
            body,
        }
    }

    /// A client redeems a code as it should.
    pub(crate) fn redeem(&self, dvp: &Dvp, code: &str) -> Result<Tokens, Refusal> {
        self.redeem_with(dvp, code, &dvp.redirect_uri(), &dvp.wachtend.code_verifier)
    }

    /// The same, with another redirect URI or verifier.
    pub(crate) fn redeem_with(
        &self,
        dvp: &Dvp,
        code: &str,
        redirect_uri: &str,
        code_verifier: &str,
    ) -> Result<Tokens, Refusal> {
        self.token(
            Some(&certificate(dvp.id)),
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", redirect_uri),
                ("client_id", dvp.id),
                ("code_verifier", code_verifier),
            ],
        )
    }

    /// A client refreshes.
    pub(crate) fn refresh(&self, client: &str, refresh_token: &str) -> Result<Tokens, Refusal> {
        self.token(
            Some(&certificate(client)),
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh_token),
                ("client_id", client),
            ],
        )
    }

    /// Steps 2–10.
    pub(crate) fn linked(
        &self,
        client: &'static str,
        person: &str,
        keuzes: Vec<Keuze>,
    ) -> (Dvp, Tokens) {
        let dvp = self.dvp(client);
        let code = self.code(&dvp, person, keuzes);
        let tokens = self.redeem(&dvp, &code).expect("a good code");
        (dvp, tokens)
    }

    /// The grant behind a code or refresh token, as it is stored.
    pub(crate) fn grant_behind(&self, secret: &str) -> Option<Stored<Grant>> {
        let open = |purpose| self.handles.open(purpose, secret);
        let Handle { id, .. } = open(CODE).or_else(|| open(REFRESH_TOKEN)).expect("ours");
        self.at_mitz.load(&Grant::key(id), self.now())
    }
}

// ── Steps 11–19 ─────────────────────────────────────────────────────────────────────────────────

impl World {
    /// A userinfo request under this certificate: the signed answer, or why there is none.
    pub(crate) fn userinfo(
        &self,
        client: &str,
        access_token: &str,
    ) -> Result<String, UserinfoAnswer> {
        self.userinfo_of(Some(certificate(client)), access_token)
    }

    /// The same over a connection with this certificate, or none.
    pub(crate) fn userinfo_of(
        &self,
        peer: Option<PeerCertificate>,
        access_token: &str,
    ) -> Result<String, UserinfoAnswer> {
        let token = self
            .access_token(access_token)
            .map_err(UserinfoAnswer::Refused)?;
        let request = UserinfoRequest::new(token, peer);
        let (now, entropy) = (self.now(), self.entropy());
        let answer = self.settle(
            &self.at_mitz,
            || request.begin(&self.mitz, now, &entropy),
            |question| match question {
                userinfo::Vraag::Grant(q) => {
                    let found = self.at_mitz.load(&q.key(), now);
                    q.answer(found)
                }
                userinfo::Vraag::Toestemmingen(q) => {
                    let answer = self.ask_register(&Toestemmingenvraag {
                        bsn: q.bsn().clone(),
                        client_id: q.client_id().to_owned(),
                    });
                    q.answer(answer)
                }
                userinfo::Vraag::Locaties(q) => {
                    let answer = self.ask_lokalisatie(q.bsn().reveal());
                    q.answer(answer)
                }
            },
            |_| None,
        );
        self.sent(format!("{answer:?}"));
        match answer {
            UserinfoAnswer::Userinfo(userinfo) => Ok(self.signed_userinfo(*userinfo)),
            other => Err(other),
        }
    }

    /// Step 12, first half: our own tag, for this resource, not over.
    fn access_token(&self, text: &str) -> Result<AccessToken, BearerRefusal> {
        let expected = Expected {
            typ: Typ::Is("JWT"),
            issuer: MITZ,
            audience: &[MITZ],
            now: self.now(),
            leeway_s: 0,
        };
        let keys = std::slice::from_ref(&self.keys.mitz_access_tokens);
        let claims = jose::verify_mac(text, keys, &expected);
        let claims = claims.map_err(|_| BearerRefusal::InvalidToken)?;
        claims.parse_all().map_err(|_| BearerRefusal::InvalidToken)
    }

    /// An access token like this one, changed by its own issuer.
    pub(crate) fn access_token_with(&self, text: &str, change: impl Fn(&mut Value)) -> String {
        let mut claims = claims(text);
        change(&mut claims);
        self.keys
            .mitz_access_tokens
            .sign("JWT", &claims)
            .expect("signed")
    }

    /// Steps 13 and 14, over the wire of the register.
    fn ask_register(
        &self,
        vraag: &Toestemmingenvraag,
    ) -> Result<Option<Opgevraagd>, NietBereikbaar> {
        if !self.ask("register") {
            return Err(NietBereikbaar);
        }
        let key = Toestemmingen::key(persoon(&vraag.bsn), &vraag.client_id);
        let found = self.at_mitz.load::<Toestemmingen>(&key, self.now());
        let body = Opgevraagd::to_body(found.map(|found| Opgevraagd::from(found.value)));
        Opgevraagd::parse(&body)
    }

    /// Steps 15–17, over the wire of the Lokalisatie server.
    fn ask_lokalisatie(&self, person: &str) -> Result<Locaties, NietBereikbaar> {
        if !self.ask("lokalisatie") {
            return Err(NietBereikbaar);
        }
        let outside = self.outside.borrow();
        let bekend = outside.bekend.get(person).cloned().unwrap_or_default();
        Locaties::parse(json!({ "locaties": bekend }).to_string().as_bytes())
    }

    /// Step 19, second half.
    fn signed_userinfo(&self, userinfo: Userinfo) -> String {
        let signed = |open: userinfo::OpenLocatietoken| {
            let jti = aead::seal_id(&self.keys.jti, open.grant, JTI_CONTEXT, open.nonce);
            let token = Locatietoken { jti, ..open.token };
            let id_token = MITZ_KEY.sign(locatietoken::TYP, &token).expect("signed");
            let locatie = &token.locations[0];
            json!({ "system": locatie.system, "value": locatie.value, "id_token": id_token })
        };
        let locations: Vec<Value> = userinfo.locaties.into_iter().map(signed).collect();
        let mut claims = serde_json::to_value(&userinfo.claims).expect("written");
        claims["locations"] = json!(locations);
        let jwt = MITZ_KEY.sign("JWT", &claims).expect("signed");
        self.sent(&jwt);
        jwt
    }

    /// Userinfo as a client reads it that checks signature, issuer, audience and dates.
    pub(crate) fn verified_userinfo(&self, client: &str, userinfo: &str) -> Claims {
        let expected = Expected {
            typ: Typ::Is("JWT"),
            issuer: MITZ,
            audience: &[client],
            now: self.now(),
            leeway_s: mitz::dvp::LEEWAY_S,
        };
        let claims = jose::verify(userinfo, &mitz_jwks(), &[Algorithm::Es256], &expected);
        claims.expect("of Mitz, for this client")
    }

    /// Steps 2–19: the ID token of one location.
    pub(crate) fn located(
        &self,
        client: &'static str,
        person: &str,
        keuzes: Vec<Keuze>,
        aanbieder: &str,
    ) -> String {
        let (_, tokens) = self.linked(client, person, keuzes);
        let userinfo = self
            .userinfo(client, &tokens.access_token)
            .expect("a good token");
        id_token_of(&userinfo, aanbieder)
    }
}

/// The URAs in signed userinfo.
pub(crate) fn uras(userinfo: &str) -> Vec<String> {
    let claims = claims(userinfo);
    let locations = claims["locations"].as_array().expect("locations");
    let value = |location: &Value| location["value"].as_str().expect("a URA").to_owned();
    locations.iter().map(value).collect()
}

/// The ID token that a location brings.
pub(crate) fn id_token_of(userinfo: &str, aanbieder: &str) -> String {
    let claims = claims(userinfo);
    let locations = claims["locations"].as_array().expect("locations");
    let location = locations
        .iter()
        .find(|location| location["value"] == aanbieder);
    let token = location.expect("the location")["id_token"].as_str();
    token.expect("a token").to_owned()
}

/// A location's ID token like this one, changed by Mitz itself.
pub(crate) fn id_token_with(token: &str, change: impl Fn(&mut Value)) -> String {
    let mut claims = claims(token);
    change(&mut claims);
    MITZ_KEY.sign(locatietoken::TYP, &claims).expect("signed")
}

/// The same claims, signed by somebody else.
pub(crate) fn id_token_of_a_stranger(token: &str) -> String {
    STRANGERS_KEY
        .sign(locatietoken::TYP, &claims(token))
        .expect("signed")
}

// ── Steps 24–26 ─────────────────────────────────────────────────────────────────────────────────

impl World {
    /// A consent question under this certificate: the `token_introspection` member.
    pub(crate) fn consent_question(
        &self,
        peer: Option<&PeerCertificate>,
        parameters: &[(&str, &str)],
    ) -> Result<Value, Geweigerd> {
        let peer = peer.ok_or(Geweigerd::NotAuthenticated)?;
        let vraag = Toestemmingsvraag::read(&form(parameters))?;
        let dva = vraag.prove(&self.mitz, Some(peer))?;
        let now = self.now();
        let (token, grant) = self.locatietoken(&vraag.token);
        let antwoord = self.settle(
            &self.at_mitz,
            || {
                let vraag = vraag.clone();
                vraag.begin(&self.mitz, dva.clone(), token.clone(), grant, now)
            },
            |question| match question {
                toestemmingsvraag::Vraag::Grant(q) => {
                    let found = self.at_mitz.load(&q.key(), now);
                    q.answer(found)
                }
                toestemmingsvraag::Vraag::Toestemmingen(q) => {
                    let found = self.at_mitz.load(&q.key(), now);
                    q.answer(&self.mitz, found)
                }
            },
            |_| None,
        );
        assert!(
            !matches!(antwoord, Antwoord::Permit { .. })
                || antwoord.token_introspection(MITZ)["bsn"].is_object(),
            "a Permit brings the BSN"
        );
        Ok(antwoord.token_introspection(MITZ))
    }

    /// Step 25, first half: our own signature on a location's token, and the grant in its `jti`.
    fn locatietoken(&self, text: &str) -> (Option<Locatietoken>, Option<[u8; 16]>) {
        let audience: Vec<&str> = self.mitz.dvas.issuers().collect();
        let expected = Expected {
            typ: Typ::Is(locatietoken::TYP),
            issuer: MITZ,
            audience: &audience,
            now: self.now(),
            leeway_s: 0,
        };
        let claims = jose::verify(text, &mitz_jwks(), &[Algorithm::Es256], &expected);
        let token: Option<Locatietoken> = claims.ok().and_then(|claims| claims.parse_all().ok());
        let jti = token.as_ref().map(|token| token.jti.as_str());
        let grant = jti.and_then(|jti| aead::open_id(&self.keys.jti, jti, JTI_CONTEXT).ok());
        (token, grant)
    }
}

/// The public keys of Mitz.
pub(super) fn mitz_jwks() -> Jwks {
    Jwks::new(vec![MITZ_KEY.public().clone()]).expect("one key")
}
