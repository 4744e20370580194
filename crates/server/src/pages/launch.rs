//! The pages of the demo's portal and module.

use super::melding::Melding;
use super::texts::Texts;
use super::{Page, PageContext, Shell};

/// The tasks, each with a button that opens it.
///
/// Form: POST `/openen` with `taak` and `formulier`.
#[derive(Clone, Debug)]
pub struct PortaalStart {
    /// The tasks.
    pub taken: Vec<PortaalTaak>,
    /// The token that binds the forms to this browser.
    pub formulier: String,
}

/// A task in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortaalTaak {
    /// Its logical id.
    pub id: String,
    /// What it is; empty when nobody says.
    pub titel: String,
    /// Whom it concerns.
    pub voor: String,
    /// Who opens it.
    pub wie: String,
    /// How far it is.
    pub stand: Taakstand,
}

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taakstand {
    /// It can be done.
    Klaar,
    /// Somebody is at it.
    Bezig,
    /// It is done.
    Af,
    /// Anything else.
    Anders,
}

/// On the way to the module: no script sends the form, so the person does.
///
/// Form: POST `action` with `launch` and `iss` (koppeltaal.md §4.3).
#[derive(Clone, Debug)]
pub struct PortaalOpenen {
    /// What the task is.
    pub titel: String,
    /// The module's address.
    pub action: String,
    /// The HTI token.
    pub launch: String,
    /// The base URL of the FHIR resource service.
    pub iss: String,
}

/// The portal cannot show or open anything now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortaalFout;

/// A task, in the module.
///
/// Form: POST `/afronden` with `formulier`.
#[derive(Clone, Debug)]
pub struct ModuleTaak {
    /// What it is; empty when nobody says.
    pub titel: String,
    /// Who works on it: name and reference.
    pub wie: String,
    /// The reference to it.
    pub taak: String,
    /// How far it is.
    pub stand: Taakstand,
    /// The token that binds the form to this session.
    pub formulier: String,
    /// The portal.
    pub portaal: String,
}

/// What the module has to tell when there is no task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleMelding {
    /// What.
    pub soort: ModuleMeldingSoort,
    /// The portal.
    pub portaal: String,
}

/// See [`ModuleMelding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleMeldingSoort {
    /// A task is opened at the portal.
    Begin,
    /// The person did not log in.
    NietIngelogd,
    /// The person took too long.
    Verlopen,
    /// Something failed.
    Mislukt,
}

page!(PortaalStart, |_| "portaal-start", "portaal_start.html");
page!(PortaalOpenen, |_| "portaal-openen", "portaal_openen.html");
page!(ModuleTaak, |_| "module-taak", "module_taak.html");
page!(
    ModuleMelding,
    |page| page.soort.key(),
    "module_melding.html"
);

impl PageContext for PortaalFout {
    fn render(&self, shell: &Shell) -> Page {
        let (key, link) = ("portaal-fout", Some(("/", "naar-begin")));
        Melding { key, link }.render(shell)
    }

    fn samples() -> Vec<Self> {
        vec![Self]
    }
}

impl Taakstand {
    /// Of a `Task.status` (koppeltaal.md §3.2).
    pub fn named(status: &str) -> Self {
        match status {
            "ready" | "requested" | "received" | "accepted" => Self::Klaar,
            "in-progress" => Self::Bezig,
            "completed" => Self::Af,
            _ => Self::Anders,
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Klaar => "taak-klaar",
            Self::Bezig => "taak-bezig",
            Self::Af => "taak-af",
            Self::Anders => "taak-anders",
        }
    }

    fn is_open(self) -> bool {
        matches!(self, Self::Klaar | Self::Bezig)
    }
}

impl PortaalTaak {
    fn titel(&self, t: &Texts) -> String {
        titled(&self.titel, t)
    }
}

fn titled(titel: &str, t: &Texts) -> String {
    if titel.is_empty() {
        t.say("taak-zonder-titel")
    } else {
        titel.to_owned()
    }
}

impl ModuleMeldingSoort {
    const ALL: [Self; 4] = [
        Self::Begin,
        Self::NietIngelogd,
        Self::Verlopen,
        Self::Mislukt,
    ];

    const fn key(self) -> &'static str {
        match self {
            Self::Begin => "module-begin",
            Self::NietIngelogd => "module-niet-ingelogd",
            Self::Verlopen => "module-verlopen",
            Self::Mislukt => "module-mislukt",
        }
    }
}

impl PortaalStart {
    fn voorbeelden() -> Vec<Self> {
        let taak = |id: &str, titel: &str, stand| PortaalTaak {
            id: id.to_owned(),
            titel: titel.to_owned(),
            voor: String::from("Anna & <Test>"),
            wie: String::from("Dirk Voorbeeld"),
            stand,
        };
        let taken = vec![
            taak("t-1", "Rustig ademen", Taakstand::Klaar),
            taak("t-2", "Beter slapen", Taakstand::Bezig),
            taak("t-3", "", Taakstand::Af),
            taak("t-4", "Oud", Taakstand::Anders),
        ];
        let of = |taken| Self {
            taken,
            formulier: String::from("f-123"),
        };
        vec![of(taken), of(Vec::new())]
    }
}

impl PortaalOpenen {
    fn voorbeelden() -> Vec<Self> {
        vec![Self {
            titel: String::from("Rustig ademen"),
            action: String::from("https://module.example/start"),
            launch: String::from("a.b.c"),
            iss: String::from("https://koppeltaal.example/api/v1/d1/fhir/r4"),
        }]
    }
}

impl ModuleTaak {
    fn titel(&self, t: &Texts) -> String {
        titled(&self.titel, t)
    }

    fn voorbeelden() -> Vec<Self> {
        let of = |titel: &str, stand| Self {
            titel: titel.to_owned(),
            wie: String::from("Anna <Test>, Patient/p-1"),
            taak: String::from("Task/t-1"),
            stand,
            formulier: String::from("f-123"),
            portaal: String::from("https://portaal.example/"),
        };
        vec![
            of("Rustig ademen", Taakstand::Klaar),
            of("Beter slapen", Taakstand::Af),
            of("", Taakstand::Anders),
        ]
    }
}

impl ModuleMelding {
    fn voorbeelden() -> Vec<Self> {
        let of = |soort| Self {
            soort,
            portaal: String::from("https://portaal.example/"),
        };
        ModuleMeldingSoort::ALL.map(of).to_vec()
    }
}
