//! The pages of the consent register (toestemmingenregister).

use ::mitz::toestemming::Functie;
use identity::Ura;

use super::melding::Melding;
use super::texts::Texts;
use super::{Page, PageContext, Shell, datum::datum, naam::Naam};

/// The question for consent (Toestemmingsverklaring, core.usrint.102).
///
/// Form: POST `/toestemming` with `formulier`; `categorie-<id>` = `ja` or `nee`, absent when nothing
/// was chosen; `aanbieder-<ura>` = `ja`, `nee` or empty, which means as its category; and `keuze`:
/// `geven` or `weigeren`.
#[derive(Clone, Debug)]
pub struct Toestemming {
    /// The name of the PGO that asks.
    pub pgo: String,
    /// What it wants to do.
    pub functie: Functie,
    /// What can be chosen.
    pub categorieen: Vec<CategorieKeuze>,
    /// Whether the person sent `geven` without a single yes: says so.
    pub niemand_gekozen: bool,
    /// The token that binds the form to this question.
    pub formulier: String,
}

/// A category of providers, with what was chosen for it.
#[derive(Clone, Debug)]
pub struct CategorieKeuze {
    /// Its id in the catalogue.
    pub id: String,
    /// Yes, no, or nothing yet. Nothing is preselected on a first visit.
    pub gekozen: Option<bool>,
    /// Its providers, for exceptions.
    pub aanbieders: Vec<AanbiederKeuze>,
}

/// A provider, with what was chosen for it.
#[derive(Clone, Debug)]
pub struct AanbiederKeuze {
    /// Its number.
    pub ura: Ura,
    /// Its name for people.
    pub weergavenaam: String,
    /// Yes, no, or as its category.
    pub keuze: Option<bool>,
}

// core.usrint.102: the title is literally `Toestemming geven`
page!(Toestemming, |_| "toestemming", "toestemming.html");

/// Everything the person consented to (Toestemmingsoverzichtspagina), also after a withdrawal.
///
/// Forms: POST `/intrekken` with `formulier` and `client_id`, and for one provider `ura`; POST
/// `/afmelden` with `formulier`.
#[derive(Clone, Debug)]
pub struct Overzicht {
    /// Each PGO that has a choice on record.
    pub pgos: Vec<OverzichtPgo>,
    /// For whom a consent has just been withdrawn: the name of a PGO or provider.
    pub ingetrokken: Option<String>,
    /// The token that binds the forms to this browser.
    pub formulier: String,
}

/// What was chosen for one PGO.
#[derive(Clone, Debug)]
pub struct OverzichtPgo {
    /// Its client id, which the forms send back.
    pub client_id: String,
    /// Its name for people.
    pub weergavenaam: String,
    /// When: an ISO date or date and time, or any text.
    pub vastgelegd: String,
    /// Each choice.
    pub keuzes: Vec<OverzichtKeuze>,
}

/// One choice.
#[derive(Clone, Debug)]
pub struct OverzichtKeuze {
    /// For whom.
    pub voor: Voor,
    /// For what.
    pub functie: Functie,
    /// Yes or no.
    pub ja: bool,
    /// The provider, when the choice is for one. A yes for one can be withdrawn by itself.
    pub ura: Option<Ura>,
}

/// For whom a choice is.
#[derive(Clone, Debug)]
pub enum Voor {
    /// A category, by its id in the catalogue.
    Categorie(String),
    /// A provider, by its name for people.
    Aanbieder(String),
}

page!(Overzicht, |_| "overzicht", "overzicht.html");

/// The register cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterFout {
    /// Why.
    pub soort: RegisterFoutSoort,
}

/// See [`RegisterFout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterFoutSoort {
    /// The person took too long, or logged out elsewhere.
    Verlopen,
    /// The question was answered before.
    AlBesloten,
    /// Something failed here.
    Storing,
}

impl PageContext for RegisterFout {
    fn render(&self, shell: &Shell) -> Page {
        let key = match self.soort {
            RegisterFoutSoort::Verlopen => "register-verlopen",
            RegisterFoutSoort::AlBesloten => "register-al-besloten",
            RegisterFoutSoort::Storing => "storing",
        };
        Melding { key, link: None }.render(shell)
    }

    fn samples() -> Vec<Self> {
        use RegisterFoutSoort::{AlBesloten, Storing, Verlopen};
        [Verlopen, AlBesloten, Storing]
            .map(|soort| Self { soort })
            .to_vec()
    }
}

/// The person logged out here: no fault, and nothing was lost (digid case 35).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Afgemeld {
    /// What became of the login at DigiD.
    pub bij_digid: BijDigid,
}

/// See [`Afgemeld`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BijDigid {
    /// It is over too, or DigiD keeps none.
    Ook,
    /// It is over, but another service could not be told (digid case 36).
    Deels,
    /// It goes on, or DigiD did not say (digid case 37).
    Niet,
}

impl BijDigid {
    const ALL: [Self; 3] = [Self::Ook, Self::Deels, Self::Niet];
}

impl PageContext for Afgemeld {
    fn render(&self, shell: &Shell) -> Page {
        let key = match self.bij_digid {
            BijDigid::Ook => "register-afgemeld",
            BijDigid::Deels => "register-deels-afgemeld",
            BijDigid::Niet => "register-afgemeld-niet-bij-digid",
        };
        Melding { key, link: None }.render(shell)
    }

    fn samples() -> Vec<Self> {
        BijDigid::ALL.map(|bij_digid| Self { bij_digid }).to_vec()
    }
}

impl Toestemming {
    /// The question in one sentence.
    const fn vraag(&self) -> &'static str {
        match self.functie {
            Functie::Verzamelen => "toestemming-vraag-verzamelen",
            Functie::Delen => "toestemming-vraag-delen",
        }
    }

    /// What follows from a yes.
    const fn gevolg(&self) -> &'static str {
        match self.functie {
            Functie::Verzamelen => "toestemming-gevolg-verzamelen",
            Functie::Delen => "toestemming-gevolg-delen",
        }
    }

    fn voorbeelden() -> Vec<Self> {
        let first = Self {
            pgo: String::from("De Proef-PGO"),
            functie: Functie::Verzamelen,
            categorieen: vec![
                categorie("ziekenhuis", ziekenhuizen()),
                categorie("huisarts", vec![]),
                categorie("trombosedienst & co", vec![]),
            ],
            niemand_gekozen: false,
            formulier: String::from("f-123"),
        };
        let mut again = first.clone();
        again.categorieen[0].gekozen = Some(true);
        again.categorieen[0].aanbieders[1].keuze = Some(false);
        again.categorieen[1].gekozen = Some(false);
        vec![
            again,
            Self {
                functie: Functie::Delen,
                niemand_gekozen: true,
                ..first.clone()
            },
            Self {
                categorieen: Vec::new(),
                ..first.clone()
            },
            first,
        ]
    }
}

impl CategorieKeuze {
    fn naam(&self, t: &Texts) -> Naam {
        Naam::of_categorie(t, &self.id)
    }

    /// Whether the exceptions are shown unfolded.
    fn has_exception(&self) -> bool {
        self.aanbieders
            .iter()
            .any(|aanbieder| aanbieder.keuze.is_some())
    }
}

impl Overzicht {
    fn voorbeelden() -> Vec<Self> {
        let full = Self {
            pgos: vec![
                OverzichtPgo {
                    client_id: String::from("pgo.localhost"),
                    weergavenaam: String::from("De Proef-PGO"),
                    vastgelegd: String::from("2026-11-22"),
                    keuzes: overzicht_keuzes(),
                },
                OverzichtPgo {
                    client_id: String::from("dagboek.example"),
                    weergavenaam: String::from("Gezondheidsdagboek & Co"),
                    vastgelegd: String::from("2026-09-01T20:15:00+02:00"),
                    keuzes: Vec::new(),
                },
            ],
            ingetrokken: None,
            formulier: String::from("f-123"),
        };
        let withdrawn = Self {
            ingetrokken: Some(String::from("Ziekenhuis De Plas")),
            ..full.clone()
        };
        let empty = Self {
            pgos: Vec::new(),
            ..full.clone()
        };
        vec![full, withdrawn, empty]
    }
}

impl OverzichtPgo {
    fn vastgelegd(&self, t: &Texts) -> String {
        datum(t, &self.vastgelegd)
    }
}

impl OverzichtKeuze {
    /// `Ja, verzamelen` and the like.
    const fn key(&self) -> &'static str {
        match (self.ja, self.functie) {
            (true, Functie::Verzamelen) => "keuze-ja-verzamelen",
            (true, Functie::Delen) => "keuze-ja-delen",
            (false, Functie::Verzamelen) => "keuze-nee-verzamelen",
            (false, Functie::Delen) => "keuze-nee-delen",
        }
    }

    fn naam(&self, t: &Texts) -> Naam {
        match &self.voor {
            Voor::Categorie(id) => Naam::of_categorie(t, id),
            Voor::Aanbieder(naam) => Naam::eigen(naam.clone()),
        }
    }

    /// The provider for which this yes can be withdrawn by itself.
    fn withdrawable(&self) -> Option<&Ura> {
        self.ura.as_ref().filter(|_| self.ja)
    }
}

fn categorie(id: &str, aanbieders: Vec<AanbiederKeuze>) -> CategorieKeuze {
    CategorieKeuze {
        id: id.to_owned(),
        gekozen: None,
        aanbieders,
    }
}

fn ziekenhuizen() -> Vec<AanbiederKeuze> {
    let aanbieder = |ura: &str, weergavenaam: &str| {
        Ura::parse(ura).ok().map(|ura| AanbiederKeuze {
            ura,
            weergavenaam: weergavenaam.to_owned(),
            keuze: None,
        })
    };
    let named = [
        aanbieder("00000659", "Ziekenhuis De Plas"),
        aanbieder("00000666", "Kliniek De Dijk, afdeling \"Oost\" <test>"),
    ];
    named.into_iter().flatten().collect()
}

fn overzicht_keuzes() -> Vec<OverzichtKeuze> {
    let keuze = |voor, functie, ja, ura: Option<&str>| OverzichtKeuze {
        voor,
        functie,
        ja,
        ura: ura.and_then(|ura| Ura::parse(ura).ok()),
    };
    let categorie = |id: &str| Voor::Categorie(id.to_owned());
    let aanbieder = |naam: &str| Voor::Aanbieder(naam.to_owned());
    let (plas, dijk) = (
        aanbieder("Ziekenhuis De Plas"),
        aanbieder("Kliniek De Dijk"),
    );
    vec![
        keuze(categorie("ziekenhuis"), Functie::Verzamelen, true, None),
        keuze(dijk, Functie::Verzamelen, false, Some("00000666")),
        keuze(plas, Functie::Delen, true, Some("00000659")),
        keuze(categorie("trombosedienst"), Functie::Delen, false, None),
    ]
}
