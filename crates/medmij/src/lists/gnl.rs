//! The Gegevensdienstnamenlijst: what data services are called.

use identity::GegevensdienstId;

use super::xml::{ENTRIES_MAX, Printer, Reader, Schema, sort_unique};
use super::{BadList, Lijst, Soort, Twice, USABLE_S, Uitgave, Weergavenaam};

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

pub(super) const SCHEMA: Schema = Schema {
    soort: Soort::Gnl,
    namespace: "xmlns://afsprakenstelsel.medmij.nl/gegevensdienstnamenlijst/release1/",
};
const NAMEN: (&str, &str) = ("Gegevensdiensten", "Gegevensdienst");

impl Gnl {
    /// A list of these names.
    pub fn new(uitgave: Uitgave, namen: Vec<Gegevensdienstnaam>) -> Result<Self, Twice> {
        let namen = namen.into_iter().enumerate().collect();
        let namen = sort_unique(namen, key).map_err(|later| Twice(later.mark))?;
        Ok(Self { uitgave, namen })
    }

    /// Reads a published list, `release1`.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadList> {
        let (reader, _) = Reader::begin(bytes, &[SCHEMA])?;
        Self::read(reader)
    }

    pub(super) fn read(mut reader: Reader<'_>) -> Result<Self, BadList> {
        let uitgave = reader.uitgave()?;
        let namen = reader.each(NAMEN, (0, ENTRIES_MAX), |reader| {
            Ok(Gegevensdienstnaam {
                id: reader.value("GegevensdienstId")?,
                weergavenaam: reader.value("Weergavenaam")?,
            })
        })?;
        let namen = reader.unique(NAMEN, "GegevensdienstId", namen, key)?;
        reader.end()?;
        Ok(Self { uitgave, namen })
    }

    /// The same content as another edition.
    #[must_use]
    pub fn with_uitgave(self, uitgave: Uitgave) -> Self {
        Self { uitgave, ..self }
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
