//! The pages of the identity provider of the demo's launches.

use super::melding::Melding;
use super::{Page, PageContext, Shell};

/// Choose who to be, or cancel.
///
/// Form: POST `/inloggen` with `formulier`, `persoon` (the number of one of the list, from 0) and
/// `keuze`: `inloggen` or `annuleren`. With the latter `persoon` may be absent.
#[derive(Clone, Debug)]
pub struct IdpInloggen {
    /// The name of the service that asks for the login.
    pub dienst: String,
    /// Everybody who can log in.
    pub personen: Vec<IdpPersoon>,
    /// The token that binds the form to this login.
    pub formulier: String,
}

/// A person who does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdpPersoon {
    /// Name.
    pub naam: String,
    /// By what others know the person: an e-mail address of a domain that does not exist.
    pub email: String,
}

page!(IdpInloggen, |_| "idp-inloggen", "idp_inloggen.html");

/// A request that leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdpFout;

impl PageContext for IdpFout {
    fn render(&self, shell: &Shell) -> Page {
        let (key, link) = ("idp-fout", None);
        Melding { key, link }.render(shell)
    }

    fn samples() -> Vec<Self> {
        vec![Self]
    }
}

impl IdpInloggen {
    fn voorbeelden() -> Vec<Self> {
        let persoon = |naam: &str, email: &str| IdpPersoon {
            naam: naam.to_owned(),
            email: email.to_owned(),
        };
        vec![Self {
            dienst: String::from("Koppeltaal <Test>"),
            personen: vec![
                persoon("Anna Voorbeeld", "anna@voorbeeld.example"),
                persoon("Bas & Co", "bas@voorbeeld.example"),
            ],
            formulier: String::from("l-1.f-123"),
        }]
    }
}
