//! The Gegevensdienstnamenlijst: what data services are called.

use identity::GegevensdienstId;

use super::xml::{ENTRIES_MAX, Printer, Reader, Schema, sort_unique};
use super::{BadList, Lijst, Twice, USABLE_S, Uitgave, Weergavenaam};

/// The Gegevensdienstnamenlijst (GNL).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gnl {
    uitgave: Uitgave,
    namen: Vec<Gegevensdienstnaam>,
}

/// A data service and what people read for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gegevensdienstnaam {
    /// The data service.
    pub id: GegevensdienstId,
    /// Its name.
    pub weergavenaam: Weergavenaam,
}

const SCHEMA: Schema = Schema {
    root: "Gegevensdienstnamenlijst",
    namespace: "xmlns://afsprakenstelsel.medmij.nl/gegevensdienstnamenlijst/release1/",
};
const NAMEN: (&str, &str) = ("Gegevensdiensten", "Gegevensdienst");

impl Gnl {
    /// A list of these names.
    pub fn new(uitgave: Uitgave, namen: Vec<Gegevensdienstnaam>) -> Result<Self, Twice> {
        let namen = namen.into_iter().enumerate().collect();
        let namen = sort_unique(namen, key).map_err(Twice)?;
        Ok(Self { uitgave, namen })
    }

    /// Reads a published list, `release1`.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadList> {
        let mut reader = Reader::begin(bytes, SCHEMA)?;
        let uitgave = reader.uitgave()?;
        let namen = reader.each(NAMEN, (0, ENTRIES_MAX), |reader| {
            Ok(Gegevensdienstnaam {
                id: reader.value("GegevensdienstId")?,
                weergavenaam: reader.value("Weergavenaam")?,
            })
        })?;
        let namen = reader.unique("GegevensdienstId", namen, key)?;
        reader.end()?;
        Ok(Self { uitgave, namen })
    }

    /// The list as it is published.
    pub fn to_xml(&self) -> String {
        let mut printer = Printer::begin(SCHEMA, self.uitgave);
        printer.each(NAMEN, &self.namen, |printer, naam| {
            printer.value("GegevensdienstId", &naam.id);
            printer.value("Weergavenaam", &naam.weergavenaam);
        });
        printer.end()
    }

    /// What people read for this data service.
    pub fn weergavenaam(&self, id: &GegevensdienstId) -> Option<&Weergavenaam> {
        let at = self.namen.binary_search_by(|each| key(each).cmp(id));
        at.ok()
            .and_then(|at| self.namen.get(at))
            .map(|naam| &naam.weergavenaam)
    }

    /// All names, in the order of their ids.
    pub fn namen(&self) -> &[Gegevensdienstnaam] {
        &self.namen
    }
}

const fn key(naam: &Gegevensdienstnaam) -> &GegevensdienstId {
    &naam.id
}

impl Lijst for Gnl {
    const USABLE_S: u32 = USABLE_S;

    fn uitgave(&self) -> Uitgave {
        self.uitgave
    }
}
