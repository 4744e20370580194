//! The page of an application in domain administration.

use koppeltaal::domeinconfiguratie::{Gebruikerssoort, Status};

use super::BeheerPlek;
use super::beheer::{BeheerGedaan, status_class, status_key};

/// An application, or a new one.
///
/// Forms, each with `formulier` and `versie`. POST `/beheer/<domein>/applicaties` registers:
/// `naam`, `jwks_uri`, `redirect_uris` (one a line), `rol`, `idp-<soort>`. POST
/// `/beheer/<domein>/applicaties/<id>` with `doe`: `opslaan` with the same fields, `status` with
/// `status`, `geven` and `afnemen` with `van`, `device`, `verwijderen` with `bevestigd` = `ja`.
#[derive(Clone, Debug)]
pub struct BeheerApplicatie {
    /// Where the page is.
    pub plek: BeheerPlek,
    /// The application that is there already.
    pub bestaand: Option<BeheerGegeven>,
    /// What stands in the fields.
    pub velden: BeheerApplicatieVelden,
    /// Which field cannot stay as it is.
    pub fout: Option<BeheerVeld>,
    /// The roles to choose from.
    pub rollen: Vec<String>,
    /// The identity providers to choose from.
    pub idps: Vec<String>,
    /// What was done just now.
    pub gedaan: Option<BeheerGedaan>,
}

/// What a page shows of an application that is there, beside its fields.
#[derive(Clone, Debug)]
pub struct BeheerGegeven {
    /// Its `client_id`.
    pub id: String,
    /// Whether it takes part.
    pub status: Status,
    /// Whose resources were granted to it.
    pub granted: Vec<BeheerKeuze>,
    /// Whose could be.
    pub te_geven: Vec<BeheerKeuze>,
}

/// Another application.
#[derive(Clone, Debug)]
pub struct BeheerKeuze {
    /// Its `client_id`.
    pub id: String,
    /// Its name.
    pub naam: String,
}

/// The fields of an application.
#[derive(Clone, Debug, Default)]
pub struct BeheerApplicatieVelden {
    /// Its name.
    pub naam: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where its codes may go, one a line.
    pub redirect_uris: String,
    /// Its role.
    pub rol: Option<String>,
    /// The first identity provider for each kind of person.
    pub idps: Vec<(Gebruikerssoort, String)>,
}

/// A kind of person, and who identifies him.
#[derive(Clone, Copy, Debug)]
pub struct BeheerSoort {
    /// Which.
    pub soort: Gebruikerssoort,
    key: &'static str,
}

/// A field that somebody filled in, for the message beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeheerVeld {
    /// The name of an application, role or identity provider.
    Naam,
    /// See [`BeheerApplicatieVelden::jwks_uri`].
    JwksUri,
    /// See [`BeheerApplicatieVelden::redirect_uris`].
    RedirectUris,
    /// See [`BeheerApplicatieVelden::rol`].
    Rol,
    /// The type of a permission.
    Type,
    /// The issuer of an identity provider.
    Issuer,
    /// Who we are at an identity provider.
    ClientId,
    /// The claim that names a person.
    Claim,
    /// The confirmation of what cannot be undone.
    Bevestiging,
    /// Something refers to what should go.
    InGebruik,
    /// Anything else.
    Overig,
}

page!(
    BeheerApplicatie,
    with | page,
    t | match &page.bestaand {
        Some(_) => t.with("beheer-applicatie", "naam", page.velden.naam.as_str()),
        None => t.say("beheer-applicatie-nieuw"),
    },
    "beheer_applicatie.html"
);

impl BeheerVeld {
    /// The field of a member of a declaration.
    pub fn of_member(member: &str) -> Self {
        let first = member.split(['.', '[', ' ']).next().unwrap_or_default();
        match first {
            "name" => Self::Naam,
            "jwks_uri" => Self::JwksUri,
            "redirect_uris" => Self::RedirectUris,
            "role" => Self::Rol,
            "issuer" => Self::Issuer,
            "client_id" => Self::ClientId,
            "claim" => Self::Claim,
            "applications" | "default_identity_provider" => Self::InGebruik,
            _ => Self::Overig,
        }
    }

    /// The id of the field, which the summary of errors leads to; none where there is no field.
    pub(super) const fn id(self) -> Option<&'static str> {
        match self {
            Self::Naam => Some("naam"),
            Self::JwksUri => Some("jwks_uri"),
            Self::RedirectUris => Some("redirect_uris"),
            Self::Rol => Some("rol"),
            Self::Type => Some("type"),
            Self::Issuer => Some("issuer"),
            Self::ClientId => Some("client_id"),
            Self::Claim => Some("claim"),
            Self::Bevestiging => Some("bevestigd"),
            Self::InGebruik | Self::Overig => None,
        }
    }

    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Naam => "beheer-fout-naam",
            Self::JwksUri => "beheer-fout-jwks-uri",
            Self::RedirectUris => "beheer-fout-redirect-uris",
            Self::Rol => "beheer-fout-rol",
            Self::Type => "beheer-fout-type",
            Self::Issuer => "beheer-fout-issuer",
            Self::ClientId => "beheer-fout-client-id",
            Self::Claim => "beheer-fout-claim",
            Self::Bevestiging => "beheer-fout-bevestiging",
            Self::InGebruik => "beheer-fout-in-gebruik",
            Self::Overig => "beheer-fout-overig",
        }
    }
}

impl BeheerSoort {
    const ALL: [Self; 3] = [
        Self {
            soort: Gebruikerssoort::Patient,
            key: "beheer-idp-patient",
        },
        Self {
            soort: Gebruikerssoort::Practitioner,
            key: "beheer-idp-practitioner",
        },
        Self {
            soort: Gebruikerssoort::RelatedPerson,
            key: "beheer-idp-related-person",
        },
    ];

    /// The name of its field.
    pub fn veld(soort: Gebruikerssoort) -> String {
        format!("idp-{}", soort.naam())
    }
}

/// A name, and whether it is chosen.
type Gekozen = (String, bool);

impl BeheerApplicatie {
    fn is_fout(&self, id: &str) -> bool {
        self.fout.and_then(BeheerVeld::id) == Some(id)
    }

    fn actie(&self) -> String {
        let all = format!("{}/applicaties", self.plek.url());
        match &self.bestaand {
            Some(bestaand) => format!("{all}/{}", bestaand.id),
            None => all,
        }
    }

    fn is_rol(&self, rol: &str) -> bool {
        self.velden.rol.as_deref() == Some(rol)
    }

    /// Each kind of person: its field, its text, and each identity provider with whether it is chosen.
    fn soorten(&self) -> Vec<(String, &'static str, Vec<Gekozen>)> {
        let of = |soort: BeheerSoort| {
            let chosen = self.velden.idps.iter().find(|(of, _)| *of == soort.soort);
            let chosen = chosen.map(|(_, idp)| idp);
            let each = self.idps.iter();
            let each = each.map(|idp| (idp.clone(), chosen == Some(idp))).collect();
            (BeheerSoort::veld(soort.soort), soort.key, each)
        };
        BeheerSoort::ALL.map(of).to_vec()
    }

    fn voorbeelden() -> Vec<Self> {
        let vol = Self::vol();
        let nieuw = Self {
            bestaand: None,
            velden: BeheerApplicatieVelden::default(),
            rollen: Vec::new(),
            idps: Vec::new(),
            gedaan: None,
            ..vol.clone()
        };
        let wachtend = Self {
            bestaand: Some(BeheerGegeven {
                granted: Vec::new(),
                te_geven: Vec::new(),
                ..BeheerGegeven::voorbeeld(Status::Pending)
            }),
            gedaan: Some(BeheerGedaan::Opgeslagen),
            ..vol.clone()
        };
        let afgewezen = Self {
            bestaand: Some(BeheerGegeven::voorbeeld(Status::Rejected)),
            ..vol.met_fout(BeheerVeld::Bevestiging)
        };
        let in_gebruik = vol.met_fout(BeheerVeld::InGebruik);
        let fouten = [
            BeheerVeld::Naam,
            BeheerVeld::JwksUri,
            BeheerVeld::RedirectUris,
            BeheerVeld::Rol,
            BeheerVeld::Overig,
        ];
        let fouten = fouten.map(|fout| nieuw.met_fout(fout));
        let first = [vol, nieuw, wachtend, afgewezen, in_gebruik];
        first.into_iter().chain(fouten).collect()
    }

    fn vol() -> Self {
        let uris = "https://portaal.example/terug\nhttps://portaal.example/2";
        Self {
            plek: BeheerPlek::voorbeeld(),
            bestaand: Some(BeheerGegeven::voorbeeld(Status::Approved)),
            velden: BeheerApplicatieVelden {
                naam: String::from("Portaal & Zonen <Test>"),
                jwks_uri: String::from("https://portaal.example/jwks"),
                redirect_uris: String::from(uris),
                rol: Some(String::from("Behandelaarsportaal")),
                idps: vec![(Gebruikerssoort::Patient, String::from("inloggen"))],
            },
            fout: None,
            rollen: ["Behandelaarsportaal", "Beheerportaal"]
                .map(String::from)
                .to_vec(),
            idps: vec![String::from("inloggen")],
            gedaan: Some(BeheerGedaan::ZonderDevice),
        }
    }

    fn met_fout(&self, fout: BeheerVeld) -> Self {
        Self {
            fout: Some(fout),
            gedaan: None,
            ..self.clone()
        }
    }
}

impl BeheerGegeven {
    fn voorbeeld(status: Status) -> Self {
        let keuze = |naam: &str| BeheerKeuze {
            id: String::from("22222222-2222-4222-8222-222222222222"),
            naam: naam.to_owned(),
        };
        Self {
            id: String::from("11111111-1111-4111-8111-111111111111"),
            status,
            granted: vec![keuze("Slaapmodule <Test>")],
            te_geven: vec![keuze("Portaal")],
        }
    }

    const fn status_key(&self) -> &'static str {
        status_key(self.status)
    }

    const fn status_class(&self) -> &'static str {
        status_class(self.status)
    }

    /// Each other status, and what the button for it says.
    fn besluiten(&self) -> Vec<(&'static str, &'static str)> {
        let all = [
            (Status::Approved, "beheer-knop-goedkeuren"),
            (Status::Rejected, "beheer-knop-afwijzen"),
            (Status::Pending, "beheer-knop-laten-wachten"),
        ];
        let others = all.into_iter().filter(|(status, _)| *status != self.status);
        others.map(|(status, key)| (status.naam(), key)).collect()
    }
}
