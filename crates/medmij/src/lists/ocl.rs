//! The OAuth client list: the DVPs there are.

use std::collections::BTreeSet;

use identity::{GegevensdienstId, Hostname};

use super::xml::{ENTRIES_MAX, PARTS_MAX, Printer, Reader, Schema, sort_unique};
use super::{BadList, Lijst, OAuthclientOrganisatienaam, Soort, Twice, USABLE_S, Uitgave, Why};

/// The OAuth client list (OCL).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ocl {
    uitgave: Uitgave,
    clients: Vec<OAuthclient>,
}

/// A DVP as an OAuth client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthclient {
    /// The host of its front-channel node, which is its `client_id` (core.ocl.300).
    pub hostname: Hostname,
    /// The organisation that people read on the consent page (core.usrint.102).
    pub organisatienaam: OAuthclientOrganisatienaam,
    /// The gegevensdiensten for which it is recognised; nothing where the list does not say. MedMij's
    /// present list says so, but how is not public (medmij.md §1.3), so that here it stands in a namespace
    /// of our own, as the last part of a client (docs/decisions/0032-recognition-in-the-ocl.md).
    pub gegevensdiensten: Option<BTreeSet<GegevensdienstId>>,
}

impl OAuthclient {
    /// Whether it is recognised for a gegevensdienst (core.ocl.300): for all, where the list does not say.
    pub fn is_recognised(&self, dienst: &GegevensdienstId) -> bool {
        let named = self.gegevensdiensten.as_ref();
        named.is_none_or(|named| named.contains(dienst))
    }
}

pub(super) const SCHEMA: Schema = Schema {
    soort: Soort::Ocl,
    namespace: "xmlns://afsprakenstelsel.medmij.nl/oauthclientlist/release2/",
};
const CLIENTS: (&str, &str) = ("OAuthclients", "OAuthclient");
const GEGEVENSDIENSTEN: (&str, &str) = ("Gegevensdiensten", "GegevensdienstId");

/// The namespace of our one addition to MedMij's schema.
const GEGEVENSDIENSTEN_NAMESPACE: &str = "urn:sluis:oauthclientlist:gegevensdiensten:release1";

impl Ocl {
    /// A list of these clients.
    pub fn new(uitgave: Uitgave, clients: Vec<OAuthclient>) -> Result<Self, Twice> {
        let clients = clients.into_iter().enumerate().collect();
        let clients = sort_unique(clients, key).map_err(|later| Twice(later.mark))?;
        Ok(Self { uitgave, clients })
    }

    /// Reads a published list, `release2`.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadList> {
        let (reader, _) = Reader::begin(bytes, &[SCHEMA])?;
        Self::read(reader)
    }

    pub(super) fn read(mut reader: Reader<'_>) -> Result<Self, BadList> {
        let uitgave = reader.uitgave()?;
        let clients = reader.each(CLIENTS, (0, ENTRIES_MAX), |reader| {
            Ok(OAuthclient {
                hostname: reader.value("Hostname")?,
                organisatienaam: reader.value("OAuthclientOrganisatienaam")?,
                gegevensdiensten: read_gegevensdiensten(reader)?,
            })
        })?;
        let clients = reader.unique(CLIENTS, "Hostname", clients, key)?;
        reader.end()?;
        Ok(Self { uitgave, clients })
    }

    /// The same content as another edition.
    #[must_use]
    pub fn with_uitgave(self, uitgave: Uitgave) -> Self {
        Self { uitgave, ..self }
    }

    /// The list as it is published.
    pub fn to_xml(&self) -> String {
        let mut printer = Printer::begin(SCHEMA, self.uitgave);
        printer.each(CLIENTS, &self.clients, |printer, client| {
            printer.value("Hostname", &client.hostname);
            printer.value("OAuthclientOrganisatienaam", &client.organisatienaam);
            if let Some(diensten) = &client.gegevensdiensten {
                print_gegevensdiensten(printer, diensten);
            }
        });
        printer.end()
    }

    /// The client with this host name.
    pub fn client(&self, hostname: &Hostname) -> Option<&OAuthclient> {
        let at = self
            .clients
            .binary_search_by(|each| key(each).cmp(hostname));
        at.ok().and_then(|at| self.clients.get(at))
    }

    /// The clients, in the order of their host names.
    pub fn clients(&self) -> &[OAuthclient] {
        &self.clients
    }
}

fn read_gegevensdiensten(
    reader: &mut Reader<'_>,
) -> Result<Option<BTreeSet<GegevensdienstId>>, BadList> {
    let (outer, inner) = GEGEVENSDIENSTEN;
    if !reader.try_open_in(GEGEVENSDIENSTEN_NAMESPACE, outer)? {
        return Ok(None);
    }
    let mut diensten = BTreeSet::new();
    while reader.try_open_in(GEGEVENSDIENSTEN_NAMESPACE, inner)? {
        if diensten.len() == PARTS_MAX {
            return Err(reader.bad(Why::TooMany(inner)));
        }
        let dienst = reader.content(inner, |text| text.parse().ok())?;
        if !diensten.insert(dienst) {
            return Err(reader.bad(Why::Twice(inner)));
        }
    }
    reader.close()?;
    Ok(Some(diensten))
}

fn print_gegevensdiensten(printer: &mut Printer, diensten: &BTreeSet<GegevensdienstId>) {
    let (outer, inner) = GEGEVENSDIENSTEN;
    printer.open_in(GEGEVENSDIENSTEN_NAMESPACE, outer);
    for dienst in diensten {
        printer.value(inner, dienst);
    }
    printer.close();
}

const fn key(client: &OAuthclient) -> &Hostname {
    &client.hostname
}

impl Lijst for Ocl {
    const USABLE_S: u32 = USABLE_S;

    fn uitgave(&self) -> Uitgave {
        self.uitgave
    }
}
