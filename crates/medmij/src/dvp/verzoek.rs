//! The authorization request, its answer, and what is asked for with it (core.authint.200,
//! core.tknint.202, .203).

use std::fmt;

use protocol::callback::{self, Callback};
use protocol::wire::{Parameters, with_query};
use serde::{Deserialize, Serialize};
use verdict::Entropy;

use super::tokens::Token;
use super::wens::{Voor, Wens};

/// What the client keeps of an authorization request until its answer comes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wachtend {
    /// Must come back.
    state: String,
    /// `X-Correlation-ID` of the whole run.
    pub correlation_id: String,
    /// What was asked.
    pub wens: Wens,
    /// Of which authorization server.
    pub authorization_endpoint: String,
    /// Where the answer comes, which is for this server alone.
    pub redirect_uri: String,
}

/// A code. It can be presented once: whoever makes a form of it has it no more (core.tknint.203).
#[derive(PartialEq, Eq)]
pub struct Code(String);

/// A form for the token endpoint.
pub type TokenForm = Vec<(&'static str, String)>;

impl Wachtend {
    /// A fresh request.
    pub fn new(
        entropy: &Entropy,
        correlation_id: String,
        wens: Wens,
        authorization_endpoint: String,
        redirect_uri: String,
    ) -> Self {
        Self {
            state: jose::b64::encode(entropy.bytes::<32>("medmij.dvp.state")),
            correlation_id,
            wens,
            authorization_endpoint,
            redirect_uri,
        }
    }

    /// What must come back.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Where the browser goes. `request_id` is this request's own number.
    pub fn authorization_url(&self, client_id: &str, request_id: &str) -> String {
        let scope = self.wens.scope().to_string();
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &scope),
            ("state", &self.state),
            // core.authint.208: as query parameters, since a redirect carries no headers
            ("MedMij-Request-ID", request_id),
            ("X-Correlation-ID", &self.correlation_id),
        ];
        let geboortedatum = match self.wens.voor {
            Voor::Mijzelf => None,
            Voor::Ander { geboortedatum, .. } => Some(String::from(geboortedatum)),
        };
        // ext.vert.authint.200
        parameters.extend(
            geboortedatum
                .as_deref()
                .map(|day| ("MedMij_geboortedatum", day)),
        );
        with_query(&self.authorization_endpoint, &parameters)
    }

    /// What the browser brought back. No code is presented unless it came with our own state
    /// (core.tknint.202).
    ///
    /// # Errors
    /// [`Callback`] tells what the person should hear.
    pub fn code(&self, parameters: &Parameters) -> Result<Code, Callback> {
        // core.tknint.202
        callback::code(parameters, &self.state, None).map(Code)
    }
}

impl Code {
    /// RFC 6749 §4.1.3, with the `redirect_uri` of the request (core.tknint.205).
    pub fn form(self, wachtend: &Wachtend, client_id: &str) -> TokenForm {
        let Self(code) = self;
        // core.tknint.203: it is moved into the form.
        vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", wachtend.redirect_uri.clone()),
            ("client_id", client_id.to_owned()),
        ]
    }
}

/// RFC 6749 §6, with the parameters of MedMij's example (seed 003).
pub fn refresh_form(token: &Token, redirect_uri: &str, client_id: &str) -> TokenForm {
    vec![
        ("grant_type", "refresh_token".to_owned()),
        ("refresh_token", token.reveal().to_owned()),
        ("redirect_uri", redirect_uri.to_owned()),
        ("client_id", client_id.to_owned()),
    ]
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use identity::{GegevensdienstId, Zorgaanbiedernaam};
    use protocol::wire::Known;

    use super::*;
    use crate::authorization_interface::verzoek::{Kennis, PARAMETERS, Verzoek};
    use crate::lists::FrontchannelPort;
    use crate::scope::Functie;
    use crate::vertegenwoordiging::{GeboortedatumParameter, Vertegenwoordiging};

    const CLIENT: &str = "medmij.deenigeechtepgo.nl";
    const CB: &str = "https://medmij.deenigeechtepgo.nl/cb";
    const REQUEST: &str = "57510be1-73e6-4a75-9db8-ee005cced48f";
    const RUN: &str = "c0e7b545-9606-4eef-bea7-75d8addaa54b";

    fn wachtend(functie: Functie, voor: Voor) -> Wachtend {
        let naam = Zorgaanbiedernaam::parse("eenofanderezorgaanbieder@medmij").expect("a name");
        let wens = Wens {
            naam,
            functie,
            voor,
        };
        let server = "https://as.example.nl/auth".to_owned();
        let entropy = Entropy::new([5; 32]);
        Wachtend::new(&entropy, RUN.into(), wens, server, CB.into())
    }

    fn ander(soort: Vertegenwoordiging) -> Voor {
        Voor::Ander {
            soort,
            geboortedatum: GeboortedatumParameter::parse("19700901").expect("a day"),
        }
    }

    fn query(wachtend: &Wachtend) -> Parameters {
        let url = wachtend.authorization_url(CLIENT, REQUEST);
        let (server, query) = url.split_once('?').expect("a query");
        assert_eq!(server, "https://as.example.nl/auth");
        Parameters::parse(query.as_bytes()).expect("well formed")
    }

    #[test]
    fn medmij_case_001_the_browser_goes_with_all_that_the_request_needs() {
        let wachtend = wachtend(Functie::Verzamelen, Voor::Mijzelf);
        let sent = query(&wachtend);
        // medmij case 1; core.authint.200, core.authint.208
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("redirect_uri", CB),
            ("scope", "eenofanderezorgaanbieder"),
            ("state", wachtend.state()),
            ("MedMij-Request-ID", REQUEST),
            ("X-Correlation-ID", RUN),
        ] {
            assert_eq!(sent.get(name), Some(value), "{name}");
        }
        assert_eq!(sent.iter().count(), 7, "and nothing else");
        assert_eq!(wachtend.state().len(), 43, "256 bits");
    }

    #[test]
    fn medmij_case_014_and_085_what_is_shared_and_for_whom_stand_in_the_scope() {
        let dienst = GegevensdienstId::parse("53").expect("an id");
        // medmij case 14
        let delen = query(&wachtend(Functie::Delen(dienst), Voor::Mijzelf));
        assert_eq!(delen.get("scope"), Some("eenofanderezorgaanbieder~53"));
        assert_eq!(delen.get("MedMij_geboortedatum"), None);
        // medmij case 85; ext.vert.authint.200
        for (soort, scope) in [
            (
                Vertegenwoordiging::Machtiging,
                "eenofanderezorgaanbieder onbehalfof",
            ),
            (
                Vertegenwoordiging::Ouderlijk,
                "eenofanderezorgaanbieder onbehalfofchild",
            ),
        ] {
            let sent = query(&wachtend(Functie::Verzamelen, ander(soort)));
            assert_eq!(sent.get("scope"), Some(scope));
            assert_eq!(sent.get("MedMij_geboortedatum"), Some("19700901"));
        }
    }

    #[test]
    fn the_servers_own_reader_takes_whatever_the_client_sends() {
        let dienst = GegevensdienstId::parse("53").expect("an id");
        for functie in [Functie::Verzamelen, Functie::Delen(dienst)] {
            for voor in [
                Voor::Mijzelf,
                ander(Vertegenwoordiging::Machtiging),
                ander(Vertegenwoordiging::Ouderlijk),
            ] {
                let wachtend = wachtend(functie.clone(), voor);
                let url = wachtend.authorization_url(CLIENT, REQUEST);
                let (_, query) = url.split_once('?').expect("a query");
                let sent = Known::read(query.as_bytes(), &PARAMETERS);
                let kennis = Kennis {
                    is_client: &|host| host.as_str() == CLIENT,
                    serves: &|_| true,
                    port: FrontchannelPort::Forbidden,
                };
                let read = Verzoek::read(&sent, &kennis);
                let read = read.expect("a good request");
                assert_eq!(read.scope, wachtend.wens.scope());
                assert_eq!(read.state, wachtend.state());
                assert_eq!(read.geboortedatum.is_some(), voor != Voor::Mijzelf);
            }
        }
    }

    #[test]
    fn core_tknint_202_and_203_a_code_counts_with_our_state_and_is_presented_once() {
        let wachtend = wachtend(Functie::Verzamelen, Voor::Mijzelf);
        let read = |query: &str| {
            let parameters = Parameters::parse(query.as_bytes()).expect("a query");
            wachtend.code(&parameters)
        };
        // core.tknint.202
        assert_eq!(read("code=c&state=ander").err(), Some(Callback::NotOurs));
        assert_eq!(read("code=c").err(), Some(Callback::NotOurs));
        let state = wachtend.state();
        let code = read(&format!("code=c&state={state}")).expect("a code");
        assert_eq!(format!("{code:?}"), "***");
        // core.tknint.203: the form takes the code; there is no second one to make.
        let form = code.form(&wachtend, CLIENT);
        let expected = [
            ("grant_type", "authorization_code"),
            ("code", "c"),
            ("redirect_uri", CB),
            ("client_id", CLIENT),
        ];
        assert!(form.iter().map(|(n, v)| (*n, v.as_str())).eq(expected));
    }

    #[test]
    fn medmij_case_106_a_refresh_is_asked_for_by_its_literal_name() {
        let form = refresh_form(&Token::of("r"), CB, CLIENT);
        // medmij case 106
        let expected = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "r"),
            ("redirect_uri", CB),
            ("client_id", CLIENT),
        ];
        assert!(form.iter().map(|(n, v)| (*n, v.as_str())).eq(expected));
    }
}
