//! The Whitelist: the nodes that may speak on the back channel.

use identity::Hostname;

use super::xml::{ENTRIES_MAX, Printer, Reader, Schema, sort_unique};
use super::{BadList, Lijst, Soort, Twice, Uitgave, WHITELIST_USABLE_S};

/// The Whitelist. Back-channel traffic passes only between nodes that stand on the most recent one
/// (core.whl.306, core.whl.307). What a peer hears that does not stand on it is for the node to see
/// to; ours answers `invalid_client` so far, where core.whl.309 wants silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whitelist {
    uitgave: Uitgave,
    hostnames: Vec<Hostname>,
}

pub(super) const SCHEMA: Schema = Schema {
    soort: Soort::Whitelist,
    namespace: "xmlns://afsprakenstelsel.medmij.nl/whitelist/release2/",
};
const NODES: (&str, &str) = ("MedMijNodes", "MedMijNode");

impl Whitelist {
    /// A list of these nodes.
    pub fn new(uitgave: Uitgave, hostnames: Vec<Hostname>) -> Result<Self, Twice> {
        let hostnames = hostnames.into_iter().enumerate().collect();
        let hostnames = sort_unique(hostnames, |host| host).map_err(|later| Twice(later.mark))?;
        Ok(Self { uitgave, hostnames })
    }

    /// Reads a published list, `release2`.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadList> {
        let (reader, _) = Reader::begin(bytes, &[SCHEMA])?;
        Self::read(reader)
    }

    pub(super) fn read(mut reader: Reader<'_>) -> Result<Self, BadList> {
        let uitgave = reader.uitgave()?;
        let hostnames = reader.each(NODES, (0, ENTRIES_MAX), |reader| reader.value("Hostname"))?;
        let hostnames = reader.unique(NODES, "Hostname", hostnames, |host| host)?;
        reader.end()?;
        Ok(Self { uitgave, hostnames })
    }

    /// The same content as another edition.
    #[must_use]
    pub fn with_uitgave(self, uitgave: Uitgave) -> Self {
        Self { uitgave, ..self }
    }

    /// The list as it is published.
    pub fn to_xml(&self) -> String {
        let mut printer = Printer::begin(SCHEMA, self.uitgave);
        printer.each(NODES, &self.hostnames, |printer, host| {
            printer.value("Hostname", host);
        });
        printer.end()
    }

    /// Whether the node stands on the list.
    pub fn contains(&self, hostname: &Hostname) -> bool {
        self.hostnames.binary_search(hostname).is_ok()
    }

    /// The nodes, in the order of their names.
    pub fn hostnames(&self) -> &[Hostname] {
        &self.hostnames
    }
}

impl Lijst for Whitelist {
    const USABLE_S: u32 = WHITELIST_USABLE_S;

    fn uitgave(&self) -> Uitgave {
        self.uitgave
    }
}
