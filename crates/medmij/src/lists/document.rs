//! A list of whichever kind and release its root element says.

use super::xml::{Reader, Schema};
use super::{
    BadList, FrontchannelPort, Gnl, Lijst as _, Ocl, Soort, Uitgave, Whitelist, Zakl, Zal,
    ZalRelease, ZalRules, gnl, ocl, whitelist, zakl,
};

/// A list, read by the schema that its namespace names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// Zorgaanbiederslijst, release 2 or 3.
    Zal(Zal),
    /// Zorgaanbiederskoppellijst, release 1.
    Zakl(Zakl),
    /// OAuth client list, release 2.
    Ocl(Ocl),
    /// Gegevensdienstnamenlijst, release 1.
    Gnl(Gnl),
    /// Whitelist, release 2.
    Whitelist(Whitelist),
}

/// Every release that is read (medmij.md §1.3).
const SCHEMAS: [Schema; 6] = [
    ZalRelease::Release2.schema(),
    ZalRelease::Release3.schema(),
    zakl::SCHEMA,
    ocl::SCHEMA,
    gnl::SCHEMA,
    whitelist::SCHEMA,
];

impl Document {
    /// Reads any list of any release that there is.
    pub fn parse(bytes: &[u8], port: FrontchannelPort) -> Result<Self, BadList> {
        Self::of(bytes, &SCHEMAS, port)
    }

    /// Reads the list of this kind, of any release that there is.
    pub fn parse_as(soort: Soort, bytes: &[u8], port: FrontchannelPort) -> Result<Self, BadList> {
        let mut schemas = SCHEMAS.to_vec();
        schemas.retain(|schema| schema.soort == soort);
        Self::of(bytes, &schemas, port)
    }

    fn of(bytes: &[u8], schemas: &[Schema], port: FrontchannelPort) -> Result<Self, BadList> {
        let (reader, schema) = Reader::begin(bytes, schemas)?;
        match schema.soort {
            Soort::Zal => {
                let old = ZalRelease::Release2;
                let rules = ZalRules {
                    release: if schema.namespace == old.schema().namespace {
                        old
                    } else {
                        ZalRelease::Release3
                    },
                    frontchannel_port: port,
                };
                Zal::read(reader, rules).map(Self::Zal)
            }
            Soort::Zakl => Zakl::read(reader).map(Self::Zakl),
            Soort::Ocl => Ocl::read(reader).map(Self::Ocl),
            Soort::Gnl => Gnl::read(reader).map(Self::Gnl),
            Soort::Whitelist => Whitelist::read(reader).map(Self::Whitelist),
        }
    }

    /// Which list it is.
    pub const fn soort(&self) -> Soort {
        match self {
            Self::Zal(_) => Soort::Zal,
            Self::Zakl(_) => Soort::Zakl,
            Self::Ocl(_) => Soort::Ocl,
            Self::Gnl(_) => Soort::Gnl,
            Self::Whitelist(_) => Soort::Whitelist,
        }
    }

    /// The release of its schema: 1, 2 or 3.
    pub const fn release(&self) -> u8 {
        match self {
            Self::Zal(zal) => match zal.release() {
                ZalRelease::Release2 => 2,
                ZalRelease::Release3 => 3,
            },
            Self::Ocl(_) | Self::Whitelist(_) => 2,
            Self::Zakl(_) | Self::Gnl(_) => 1,
        }
    }

    /// Which edition it is.
    pub fn uitgave(&self) -> Uitgave {
        match self {
            Self::Zal(list) => list.uitgave(),
            Self::Zakl(list) => list.uitgave(),
            Self::Ocl(list) => list.uitgave(),
            Self::Gnl(list) => list.uitgave(),
            Self::Whitelist(list) => list.uitgave(),
        }
    }

    /// The same content as another edition.
    #[must_use]
    pub fn with_uitgave(self, uitgave: Uitgave) -> Self {
        match self {
            Self::Zal(list) => Self::Zal(list.with_uitgave(uitgave)),
            Self::Zakl(list) => Self::Zakl(list.with_uitgave(uitgave)),
            Self::Ocl(list) => Self::Ocl(list.with_uitgave(uitgave)),
            Self::Gnl(list) => Self::Gnl(list.with_uitgave(uitgave)),
            Self::Whitelist(list) => Self::Whitelist(list.with_uitgave(uitgave)),
        }
    }

    /// The list as it is published.
    pub fn to_xml(&self) -> String {
        match self {
            Self::Zal(list) => list.to_xml(),
            Self::Zakl(list) => list.to_xml(),
            Self::Ocl(list) => list.to_xml(),
            Self::Gnl(list) => list.to_xml(),
            Self::Whitelist(list) => list.to_xml(),
        }
    }
}
