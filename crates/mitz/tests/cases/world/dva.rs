//! The DVA and the record systems behind it: steps 23–30.

use fhir::{Bevinding, Geboortedatum, Patient};
use fhir::{Bundle, Search, Zoekvraag};
use identity::{Bsn, GegevensdienstId, Ura};
use jose::{Algorithm, Expected, Typ};
use mitz::authorization_server::toestemmingsvraag::Geweigerd;
use mitz::dva::resource::{self, ResourceAnswer, ResourceRequest};
use mitz::dva::token::{self, MitzAntwoord, TokenAnswer, TokenRequest};
use mitz::locatietoken::{self, Locatietoken};
use mitz::lokalisatie::NietBereikbaar;
use protocol::access_token::AccessToken;
use protocol::bearer::BearerRefusal;
use protocol::client::{Clients, PeerCertificate, Shown};
use protocol::refusal::Refusal;
use protocol::token_exchange::{ACCESS_TOKEN_TYPE, Exchange, GRANT_TYPE, ID_TOKEN_TYPE};
use serde_json::{Value, json};

use super::mitz_back::{claims, form, mitz_jwks};
use super::{DVA, DVA_HOST, MITZ, WEST, World, certificate, network};

/// A resource request as a client makes it.
pub(crate) struct Asked<'a> {
    pub(crate) client: &'a str,
    pub(crate) access_token: &'a str,
    pub(crate) aanbieder: &'a str,
    pub(crate) dienst: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) query: &'a str,
}

// ── Steps 23–28 ─────────────────────────────────────────────────────────────────────────────────

impl World {
    /// Step 23 as a client should do it: the answer of RFC 8693 §2.2.1, or why there is none.
    pub(crate) fn exchange(
        &self,
        client: &str,
        id_token: &str,
        audience: &str,
        scope: &str,
    ) -> Result<Value, TokenAnswer> {
        self.dva_token(
            Some(&certificate(client)),
            &[
                ("grant_type", GRANT_TYPE),
                ("subject_token", id_token),
                ("subject_token_type", ID_TOKEN_TYPE),
                ("audience", audience),
                ("scope", scope),
                ("client_id", client),
            ],
        )
    }

    /// A token request at the DVA under this certificate.
    pub(crate) fn dva_token(
        &self,
        peer: Option<&PeerCertificate>,
        parameters: &[(&str, &str)],
    ) -> Result<Value, TokenAnswer> {
        let request = self.dva_token_request(peer, parameters);
        let request = request.map_err(TokenAnswer::Refused)?;
        let (now, entropy) = (self.now(), self.entropy());
        let answer = self.settle(
            &self.at_dva,
            || request.begin(&self.dva, now, &entropy),
            |question| match question {
                token::Vraag::Toestemming(q) => {
                    let antwoord = self.ask_mitz(&q);
                    q.answer(antwoord)
                }
                token::Vraag::Beschikbaarheid(q) => {
                    let bevinding = self.ask_xis(&q);
                    q.answer(bevinding)
                }
            },
            |_| None,
        );
        self.sent(format!("{answer:?}"));
        match answer {
            TokenAnswer::Issued(token) => Ok(self.dva_issued(&token)),
            other => Err(other),
        }
    }

    /// What the door makes of a token request.
    pub(crate) fn dva_token_request(
        &self,
        peer: Option<&PeerCertificate>,
        parameters: &[(&str, &str)],
    ) -> Result<TokenRequest, Refusal> {
        let form = form(parameters);
        let clients: Clients = network::clients();
        let client = clients.prove(&Shown::read(&form, peer, false), None)?;
        let exchange = Exchange::read(&form, self.dva.jwt_bearer)?;
        let id_token = self.verified(&exchange.id_token);
        Ok(TokenRequest::new(
            client,
            exchange,
            token::functie(&form)?,
            id_token,
        ))
    }

    /// What the door makes of the ID token.
    fn verified(&self, text: &str) -> Result<Locatietoken, &'static str> {
        let expected = Expected {
            typ: Typ::Is(locatietoken::TYP),
            issuer: MITZ,
            audience: &[DVA],
            now: self.now(),
            leeway_s: 60,
        };
        let claims = jose::verify(text, &mitz_jwks(), &[Algorithm::Es256], &expected);
        let token = claims.ok().and_then(|claims| claims.parse_all().ok());
        token.ok_or("the ID token is not signed by Mitz for this DVA, or is over")
    }

    /// Steps 24–26, from the DVA's side.
    fn ask_mitz(&self, q: &token::ToestemmingVraag) -> Result<MitzAntwoord, NietBereikbaar> {
        if !self.ask("mitz") {
            return Err(NietBereikbaar);
        }
        let (services, presenter) = (q.services(), q.presenter_x5t());
        let form = [
            ("token", q.id_token()),
            ("token_type_hint", "id_token"),
            ("ura", q.ura().as_str()),
            ("function", q.functie().as_str()),
            ("services", &services),
            ("presenter_x5t", &presenter),
        ];
        match self.consent_question(Some(&certificate(DVA_HOST)), &form) {
            Ok(introspection) => Ok(MitzAntwoord::read(
                &introspection,
                q.ura(),
                q.client_id(),
                q.functie(),
            )),
            Err(Geweigerd::NotTheDva) => Ok(MitzAntwoord::Nee {
                reason: "Mitz says that we are not the DVA of this provider",
            }),
            Err(_) => Err(NietBereikbaar),
        }
    }

    /// Step 27: the questions to the provider's record system.
    fn ask_xis(&self, q: &token::BeschikbaarheidVraag) -> Result<Bevinding, NietBereikbaar> {
        let patient = self.patient(q.ura(), q.bsn())?;
        let mut beschikbaar = Vec::new();
        if patient.is_some() {
            for dienst in q.gegevensdiensten() {
                let mut found = Bundle::default();
                for zoekvraag in &dienst.zoekvragen {
                    found.join(self.search(q.ura(), q.bsn(), zoekvraag)?);
                }
                if !found.resources.is_empty() {
                    beschikbaar.push(dienst.id.clone());
                }
            }
        }
        Ok(Bevinding {
            patient,
            beschikbaar,
        })
    }

    /// The person, if the record system knows one.
    fn patient(&self, ura: &Ura, bsn: &Bsn) -> Result<Option<Patient>, NietBereikbaar> {
        if !self.ask("xis") {
            return Err(NietBereikbaar);
        }
        let outside = self.outside.borrow();
        let dossier = outside.dossiers.get(&(ura.as_str(), bsn.reveal()));
        Ok(dossier.map(|dossier| Patient {
            geboortedatum: dossier.geboortedatum.and_then(Geboortedatum::parse),
            overleden: dossier.overleden,
        }))
    }

    /// A search at a provider's record system for one person.
    fn search(
        &self,
        ura: &Ura,
        bsn: &Bsn,
        zoekvraag: &Zoekvraag,
    ) -> Result<Bundle, NietBereikbaar> {
        if !self.ask("xis") {
            return Err(NietBereikbaar);
        }
        let matches = |resource: &&Value| {
            let holds = |(name, value): &(String, String)| resource[name] == **value;
            resource["resourceType"] == *zoekvraag.resource_type
                && zoekvraag.parameters.iter().all(holds)
        };
        let outside = self.outside.borrow();
        let dossier = outside.dossiers.get(&(ura.as_str(), bsn.reveal()));
        let resources = dossier.into_iter().flat_map(|dossier| &dossier.resources);
        let found = resources.filter(matches).chain(&outside.beyond);
        Ok(Bundle {
            resources: found.cloned().collect(),
        })
    }

    /// Step 28.
    fn dva_issued(&self, token: &AccessToken) -> Value {
        let access_token = self
            .keys
            .dva_access_tokens
            .sign("JWT", token)
            .expect("signed");
        let body = json!({
            "access_token": access_token,
            "issued_token_type": ACCESS_TOKEN_TYPE,
            "token_type": "Bearer",
            "expires_in": token.expires_in_s(),
            "scope": token.scope,
        });
        self.sent(body.to_string());
        body
    }
}

// ── Steps 29 and 30 ─────────────────────────────────────────────────────────────────────────────

impl World {
    /// A resource request.
    pub(crate) fn resource(&self, asked: &Asked<'_>) -> ResourceAnswer {
        let token = match self.dva_access_token(asked.access_token) {
            Ok(token) => token,
            Err(refusal) => return ResourceAnswer::Refused(refusal),
        };
        let query = form_of_query(asked.query);
        let request = ResourceRequest {
            token,
            peer: Some(certificate(asked.client)),
            ura: super::ura(asked.aanbieder),
            gegevensdienst: GegevensdienstId::parse(asked.dienst).expect("an id"),
            search: Search::read(asked.kind, &query).expect("a search"),
        };
        let now = self.now();
        let answer = self.settle(
            &self.at_dva,
            || request.clone().begin(&self.dva),
            |question| match question {
                resource::Vraag::Grant(q) => {
                    let found = self.at_dva.load(&q.key(), now);
                    q.answer(found)
                }
                resource::Vraag::Gegevens(q) => {
                    let found = self.gegevens(&q);
                    q.answer(found)
                }
            },
            |_| None,
        );
        self.sent(format!("{answer:?}"));
        answer
    }

    /// Steps 29 and 30 with what step 28 brought: conditions of [`WEST`].
    pub(crate) fn collected(&self, client: &str, issued: &Value) -> Bundle {
        let answer = self.resource(&Asked {
            client,
            access_token: issued["access_token"].as_str().expect("a token"),
            aanbieder: WEST,
            dienst: "51",
            kind: "Condition",
            query: "",
        });
        match answer {
            ResourceAnswer::Data(bundle) => bundle,
            other => unreachable!("{other:?}"),
        }
    }

    fn dva_access_token(&self, text: &str) -> Result<AccessToken, BearerRefusal> {
        let expected = Expected {
            typ: Typ::Is("JWT"),
            issuer: DVA,
            audience: &[DVA],
            now: self.now(),
            leeway_s: 0,
        };
        let keys = std::slice::from_ref(&self.keys.dva_access_tokens);
        let claims = jose::verify_mac(text, keys, &expected);
        let claims = claims.map_err(|_| BearerRefusal::InvalidToken)?;
        claims.parse_all().map_err(|_| BearerRefusal::InvalidToken)
    }

    /// An access token like this one, changed by its own issuer.
    pub(crate) fn dva_access_token_with(&self, text: &str, change: impl Fn(&mut Value)) -> String {
        let mut claims = claims(text);
        change(&mut claims);
        self.keys
            .dva_access_tokens
            .sign("JWT", &claims)
            .expect("signed")
    }

    fn gegevens(&self, q: &resource::GegevensVraag) -> Result<Bundle, NietBereikbaar> {
        let mut all = Bundle::default();
        for zoekvraag in q.zoekvragen() {
            all.join(self.search(q.ura(), q.bsn(), zoekvraag)?);
        }
        Ok(all)
    }
}

fn form_of_query(query: &str) -> protocol::wire::Parameters {
    protocol::wire::Parameters::parse(query.as_bytes()).expect("a query")
}
