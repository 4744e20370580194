//! The pages of a role and of an identity provider in domain administration.

use std::fmt::Write as _;

use koppeltaal::permissie::{Actie, Bereik};

use super::BeheerPlek;
use super::beheer::BeheerGedaan;
use super::beheer_applicatie::BeheerVeld;

/// A role: what it allows, as a matrix; or a new one.
///
/// Forms, each with `formulier` and `versie`. POST `/beheer/<domein>/rollen` with `naam` makes one.
/// POST `/beheer/<domein>/rollen/<naam>` with `doe`: `zetten` with `type` and `create`, `read`, `update`,
/// `delete`, each empty or a reach; `verwijderen` with `bevestigd` = `ja`.
#[derive(Clone, Debug)]
pub struct BeheerRol {
    /// Where the page is.
    pub plek: BeheerPlek,
    /// Its name; none for a new one.
    pub naam: Option<String>,
    /// What it allows.
    pub rijen: Vec<BeheerMatrixRij>,
    /// What stands in the form for one type.
    pub recht: BeheerRecht,
    /// Which field cannot stay as it is.
    pub fout: Option<BeheerVeld>,
    /// What was done just now.
    pub gedaan: Option<BeheerGedaan>,
}

/// What a role allows on one type: for create, read, update and delete.
#[derive(Clone, Debug)]
pub struct BeheerMatrixRij {
    /// The FHIR resource type.
    pub resource: String,
    /// With whose resources, in the order of [`Actie::ALL`].
    pub bereiken: [Option<Bereik>; 4],
}

/// What stands in the form for one type.
#[derive(Clone, Debug, Default)]
pub struct BeheerRecht {
    /// The FHIR resource type.
    pub resource: String,
    /// With whose resources, in the order of [`Actie::ALL`].
    pub bereiken: [Option<Bereik>; 4],
}

page!(
    BeheerRol,
    with | page,
    t | match &page.naam {
        Some(naam) => t.with("beheer-rol", "naam", naam.as_str()),
        None => t.say("beheer-rol-nieuw"),
    },
    "beheer_rol.html"
);

/// An identity provider, or a new one.
///
/// Forms, each with `formulier` and `versie`. POST `/beheer/<domein>/inlogdiensten` makes one: `naam`,
/// `issuer`, `client_id`, `claim`, `identifier_system`, `extra_scopes` (words). POST
/// `/beheer/<domein>/inlogdiensten/<naam>` with `doe`: `opslaan` with the same fields but `naam`,
/// `verwijderen` with `bevestigd` = `ja`.
#[derive(Clone, Debug)]
pub struct BeheerIdp {
    /// Where the page is.
    pub plek: BeheerPlek,
    /// Its name, when it is there already.
    pub bestaand: Option<String>,
    /// What stands in the fields.
    pub velden: BeheerIdpVelden,
    /// Where it must be told to send people back to.
    pub callback: String,
    /// Which field cannot stay as it is.
    pub fout: Option<BeheerVeld>,
    /// What was done just now.
    pub gedaan: Option<BeheerGedaan>,
}

/// The fields of an identity provider.
#[derive(Clone, Debug, Default)]
pub struct BeheerIdpVelden {
    /// Its name.
    pub naam: String,
    /// Its issuer.
    pub issuer: String,
    /// Who we are there.
    pub client_id: String,
    /// The claim that names a person.
    pub claim: String,
    /// The system of the identifier that the claim is compared with.
    pub identifier_system: String,
    /// What else is asked for.
    pub extra_scopes: String,
}

page!(
    BeheerIdp,
    with | page,
    t | match &page.bestaand {
        Some(naam) => t.with("beheer-idp", "naam", naam.as_str()),
        None => t.say("beheer-idp-nieuw"),
    },
    "beheer_idp.html"
);

/// A name as a segment of a path (RFC 3986 §3.3).
pub fn segment(name: &str) -> String {
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

/// The text of a reach, or of none.
const fn bereik_key(bereik: Option<Bereik>) -> &'static str {
    match bereik {
        None => "beheer-bereik-geen",
        Some(Bereik::Own) => "beheer-bereik-own",
        Some(Bereik::Granted) => "beheer-bereik-granted",
        Some(Bereik::All) => "beheer-bereik-all",
    }
}

const fn actie_key(actie: Actie) -> &'static str {
    match actie {
        Actie::Create => "beheer-actie-create",
        Actie::Read => "beheer-actie-read",
        Actie::Update => "beheer-actie-update",
        Actie::Delete => "beheer-actie-delete",
    }
}

/// A choice in the form: its value, its text, and whether it is chosen.
type Keuze = (&'static str, &'static str, bool);

impl BeheerMatrixRij {
    /// For each action its text, that of its reach, and whether it may be done at all.
    fn cellen(&self) -> [(&'static str, &'static str, bool); 4] {
        let [create, read, update, delete] = self.bereiken;
        let cell = |actie, bereik: Option<Bereik>| {
            (actie_key(actie), bereik_key(bereik), bereik.is_some())
        };
        [
            cell(Actie::Create, create),
            cell(Actie::Read, read),
            cell(Actie::Update, update),
            cell(Actie::Delete, delete),
        ]
    }
}

impl BeheerRol {
    fn is_fout(&self, id: &str) -> bool {
        self.fout.and_then(BeheerVeld::id) == Some(id)
    }

    fn actie(&self) -> String {
        let all = format!("{}/rollen", self.plek.url());
        match &self.naam {
            Some(naam) => format!("{all}/{}", segment(naam)),
            None => all,
        }
    }

    fn koppen() -> [&'static str; 4] {
        Actie::ALL.map(actie_key)
    }

    /// Each action: its field, its text, and the choices. Creating is with one's own alone (TGB 007).
    fn keuzes(&self) -> Vec<(&'static str, &'static str, Vec<Keuze>)> {
        let chosen = self.recht.bereiken;
        let each = Actie::ALL.into_iter().zip(chosen);
        let of = |(actie, chosen): (Actie, Option<Bereik>)| {
            let may = |bereik: &Bereik| actie != Actie::Create || *bereik == Bereik::Own;
            let all = Bereik::ALL.into_iter().filter(may).map(Some);
            let choice = |bereik: Option<Bereik>| {
                let value = bereik.map_or("", Bereik::naam);
                (value, bereik_key(bereik), bereik == chosen)
            };
            let choices = std::iter::once(None).chain(all).map(choice);
            (actie.naam(), actie_key(actie), choices.collect())
        };
        each.map(of).collect()
    }

    fn voorbeelden() -> Vec<Self> {
        let rij = |resource: &str, bereiken| BeheerMatrixRij {
            resource: resource.to_owned(),
            bereiken,
        };
        let (own, all) = (Some(Bereik::Own), Some(Bereik::All));
        let vol = Self {
            plek: BeheerPlek::voorbeeld(),
            naam: Some(String::from("Zorg ondersteuning <Test>")),
            rijen: vec![
                rij("ActivityDefinition", [None, all, None, None]),
                rij("Task", [own, Some(Bereik::Granted), own, None]),
            ],
            recht: BeheerRecht {
                resource: String::from("Task"),
                bereiken: [own, Some(Bereik::Granted), own, None],
            },
            fout: None,
            gedaan: None,
        };
        let nieuw = Self {
            naam: None,
            rijen: Vec::new(),
            recht: BeheerRecht::default(),
            ..vol.clone()
        };
        let leeg = Self {
            rijen: Vec::new(),
            recht: BeheerRecht::default(),
            gedaan: Some(BeheerGedaan::Opgeslagen),
            ..vol.clone()
        };
        let met = |van: &Self, fout| Self {
            fout: Some(fout),
            ..van.clone()
        };
        vec![
            met(&nieuw, BeheerVeld::Naam),
            met(&vol, BeheerVeld::Type),
            met(&vol, BeheerVeld::InGebruik),
            met(&vol, BeheerVeld::Bevestiging),
            vol,
            nieuw,
            leeg,
        ]
    }
}

impl BeheerIdp {
    fn is_fout(&self, id: &str) -> bool {
        self.fout.and_then(BeheerVeld::id) == Some(id)
    }

    fn actie(&self) -> String {
        let all = format!("{}/inlogdiensten", self.plek.url());
        match &self.bestaand {
            Some(naam) => format!("{all}/{}", segment(naam)),
            None => all,
        }
    }

    fn voorbeelden() -> Vec<Self> {
        let vol = Self {
            plek: BeheerPlek::voorbeeld(),
            bestaand: Some(String::from("inloggen <Test>")),
            velden: BeheerIdpVelden {
                naam: String::from("inloggen <Test>"),
                issuer: String::from("https://idp.example"),
                client_id: String::from("koppeltaal"),
                claim: String::from("email"),
                identifier_system: String::new(),
                extra_scopes: String::from("email"),
            },
            callback: String::from("https://kt.example/api/v1/ggz-noord/oauth2/idp/callback"),
            fout: None,
            gedaan: Some(BeheerGedaan::Opgeslagen),
        };
        let nieuw = Self {
            bestaand: None,
            velden: BeheerIdpVelden::default(),
            gedaan: None,
            ..vol.clone()
        };
        let met = |van: &Self, fout| Self {
            fout: Some(fout),
            gedaan: None,
            ..van.clone()
        };
        vec![
            met(&nieuw, BeheerVeld::Naam),
            met(&nieuw, BeheerVeld::Issuer),
            met(&nieuw, BeheerVeld::ClientId),
            met(&nieuw, BeheerVeld::Claim),
            met(&vol, BeheerVeld::InGebruik),
            vol,
            nieuw,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment_whatever_is_in_it() {
        assert_eq!(segment("Zorg ondersteuning"), "Zorg%20ondersteuning");
        assert_eq!(segment("a/../b?c#d"), "a%2F..%2Fb%3Fc%23d");
        assert_eq!(segment("é"), "%C3%A9");
    }
}
