//! The OAuth client list: the DVPs there are.

use identity::Hostname;

use super::xml::{ENTRIES_MAX, Printer, Reader, Schema, sort_unique};
use super::{BadList, Lijst, OAuthclientOrganisatienaam, Soort, Twice, USABLE_S, Uitgave};

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
}

pub(super) const SCHEMA: Schema = Schema {
    soort: Soort::Ocl,
    namespace: "xmlns://afsprakenstelsel.medmij.nl/oauthclientlist/release2/",
};
const CLIENTS: (&str, &str) = ("OAuthclients", "OAuthclient");

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

const fn key(client: &OAuthclient) -> &Hostname {
    &client.hostname
}

impl Lijst for Ocl {
    const USABLE_S: u32 = USABLE_S;

    fn uitgave(&self) -> Uitgave {
        self.uitgave
    }
}
