//! The Zorgaanbiederskoppellijst: which names on the MedMij network belong to which organisation.

use std::collections::BTreeMap;
use std::fmt;

use identity::{GegevensdienstId, Ura, Zorgaanbiedernaam};

use super::xml::{ENTRIES_MAX, PARTS_MAX, Printer, Reader, Schema, sort_unique};
use super::{
    BadList, InterfaceversieId, Lijst, Soort, Twice, USABLE_S, Uitgave, Weergavenaam, Why,
};

/// The Zorgaanbiederskoppellijst (ZAKL).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zakl {
    uitgave: Uitgave,
    koppelingen: Vec<Koppeling>,
    by_ura: BTreeMap<Ura, Vec<Zorgaanbiedernaam>>,
}

/// A name and the organisation behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Koppeling {
    /// The name on the MedMij network.
    pub naam: Zorgaanbiedernaam,
    /// The organisation's identifiers; at least one.
    pub kenmerken: Vec<Kenmerk>,
    /// The data services under this name; at least one.
    pub gegevensdiensten: Vec<ZaklGegevensdienst>,
}

/// An identifier of an organisation (IdentificerendKenmerk).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kenmerk {
    /// The insurers' number: eight digits.
    Agb(Box<str>),
    /// The government's number: twenty digits.
    Oin(Box<str>),
    /// The number of the UZI register.
    Ura(Ura),
}

/// A data service under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZaklGegevensdienst {
    /// The data service.
    pub id: GegevensdienstId,
    /// What people read for it.
    pub weergavenaam: Weergavenaam,
    /// The releases in which it is offered; at least one.
    pub interfaceversies: Vec<InterfaceversieId>,
}

/// The capital letter is MedMij's.
pub(super) const SCHEMA: Schema = Schema {
    soort: Soort::Zakl,
    namespace: "xmlns://afsprakenstelsel.medmij.nl/Zorgaanbiederskoppellijst/release1/",
};
const ZORGAANBIEDERS: (&str, &str) = ("Zorgaanbieders", "Zorgaanbieder");
const KENMERKEN: (&str, &str) = ("IdentificerendeKenmerken", "IdentificerendKenmerk");
const GEGEVENSDIENSTEN: (&str, &str) = ("Gegevensdiensten", "Gegevensdienst");
const INTERFACEVERSIES: (&str, &str) = ("Interfaceversies", "Interfaceversie");

impl Zakl {
    /// A list of these.
    pub fn new(uitgave: Uitgave, koppelingen: Vec<Koppeling>) -> Result<Self, Twice> {
        let koppelingen = koppelingen.into_iter().enumerate().collect();
        let koppelingen = sort_unique(koppelingen, key).map_err(|later| Twice(later.mark))?;
        Ok(Self::of(uitgave, koppelingen))
    }

    /// Reads a published list, `release1`.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadList> {
        let (reader, _) = Reader::begin(bytes, &[SCHEMA])?;
        Self::read(reader)
    }

    pub(super) fn read(mut reader: Reader<'_>) -> Result<Self, BadList> {
        let uitgave = reader.uitgave()?;
        let koppelingen = reader.each(ZORGAANBIEDERS, (0, ENTRIES_MAX), read_koppeling)?;
        let koppelingen = reader.unique(ZORGAANBIEDERS, "Zorgaanbiedernaam", koppelingen, key)?;
        reader.end()?;
        Ok(Self::of(uitgave, koppelingen))
    }

    /// The same content as another edition.
    #[must_use]
    pub fn with_uitgave(self, uitgave: Uitgave) -> Self {
        Self { uitgave, ..self }
    }

    /// The list as it is published.
    pub fn to_xml(&self) -> String {
        let mut printer = Printer::begin(SCHEMA, self.uitgave);
        printer.each(ZORGAANBIEDERS, &self.koppelingen, print_koppeling);
        printer.end()
    }

    /// The names of the organisation with this URA, in their order: one for each DVA that serves
    /// it. None when the organisation is not on the list.
    pub fn names_of(&self, ura: &Ura) -> &[Zorgaanbiedernaam] {
        self.by_ura.get(ura).map_or(&[], Vec::as_slice)
    }

    /// All names with their organisations, in the order of the names.
    pub fn koppelingen(&self) -> &[Koppeling] {
        &self.koppelingen
    }

    fn of(uitgave: Uitgave, koppelingen: Vec<Koppeling>) -> Self {
        let mut by_ura: BTreeMap<Ura, Vec<Zorgaanbiedernaam>> = BTreeMap::new();
        for koppeling in &koppelingen {
            for kenmerk in &koppeling.kenmerken {
                if let Kenmerk::Ura(ura) = kenmerk {
                    let names = by_ura.entry(ura.clone()).or_default();
                    if names.last() != Some(&koppeling.naam) {
                        names.push(koppeling.naam.clone());
                    }
                }
            }
        }
        Self {
            uitgave,
            koppelingen,
            by_ura,
        }
    }
}

fn read_koppeling(reader: &mut Reader<'_>) -> Result<Koppeling, BadList> {
    let naam = reader.value("Zorgaanbiedernaam")?;
    let kenmerken = reader.each(KENMERKEN, (1, PARTS_MAX), read_kenmerk)?;
    let diensten = reader.each(GEGEVENSDIENSTEN, (1, PARTS_MAX), |reader| {
        Ok(ZaklGegevensdienst {
            id: reader.value("GegevensdienstId")?,
            weergavenaam: reader.value("Weergavenaam")?,
            interfaceversies: reader
                .each(INTERFACEVERSIES, (1, PARTS_MAX), |reader| {
                    reader.value("InterfaceversieId")
                })?
                .into_iter()
                .map(|(_, id)| id)
                .collect(),
        })
    })?;
    Ok(Koppeling {
        naam,
        kenmerken: kenmerken.into_iter().map(|(_, kenmerk)| kenmerk).collect(),
        gegevensdiensten: reader.unique(
            GEGEVENSDIENSTEN,
            "GegevensdienstId",
            diensten,
            |dienst| &dienst.id,
        )?,
    })
}

fn read_kenmerk(reader: &mut Reader<'_>) -> Result<Kenmerk, BadList> {
    if reader.try_open("AGB")? {
        return reader
            .content("AGB", |text| digits(text, 8))
            .map(Kenmerk::Agb);
    }
    if reader.try_open("OIN")? {
        return reader
            .content("OIN", |text| digits(text, 20))
            .map(Kenmerk::Oin);
    }
    if reader.try_open("URA")? {
        return reader
            .content("URA", |text| Ura::parse(text).ok())
            .map(Kenmerk::Ura);
    }
    Err(reader.bad(Why::Expected("URA")))
}

fn digits(text: &str, count: usize) -> Option<Box<str>> {
    let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.into())
}

fn print_koppeling(printer: &mut Printer, koppeling: &Koppeling) {
    printer.value("Zorgaanbiedernaam", &koppeling.naam);
    printer.each(KENMERKEN, &koppeling.kenmerken, |printer, kenmerk| {
        printer.value(kenmerk.element(), kenmerk);
    });
    printer.each(
        GEGEVENSDIENSTEN,
        &koppeling.gegevensdiensten,
        |printer, dienst| {
            printer.value("GegevensdienstId", &dienst.id);
            printer.value("Weergavenaam", &dienst.weergavenaam);
            printer.each(INTERFACEVERSIES, &dienst.interfaceversies, |printer, id| {
                printer.value("InterfaceversieId", id);
            });
        },
    );
}

impl Kenmerk {
    /// Its element: `URA`.
    pub(super) const fn element(&self) -> &'static str {
        match self {
            Self::Agb(_) => "AGB",
            Self::Oin(_) => "OIN",
            Self::Ura(_) => "URA",
        }
    }
}

impl fmt::Display for Kenmerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agb(number) | Self::Oin(number) => f.write_str(number),
            Self::Ura(ura) => ura.fmt(f),
        }
    }
}

const fn key(koppeling: &Koppeling) -> &Zorgaanbiedernaam {
    &koppeling.naam
}

impl Lijst for Zakl {
    const USABLE_S: u32 = USABLE_S;

    fn uitgave(&self) -> Uitgave {
        self.uitgave
    }
}
