//! The Zorgaanbiederslijst: the providers' data services and where they stand.

use identity::{GegevensdienstId, Zorgaanbiedernaam};

use super::xml::{ENTRIES_MAX, PARTS_MAX, Printer, Reader, Schema, sort_unique};
use super::{
    Aanbiedertype, BadList, Endpointuri, FrontchannelPort, InterfaceversieId, Lijst, Soort,
    Systeemrolcode, Twice, USABLE_S, Uitgave,
};

/// The Zorgaanbiederslijst (ZAL), which MedMij now calls Aanbiederslijst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zal {
    uitgave: Uitgave,
    release: ZalRelease,
    entries: Vec<ZalEntry>,
}

/// The release of the list's schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZalRelease {
    /// Data services stand directly under a provider.
    Release2,
    /// They stand under a release of the interfaces; subscriptions can be offered.
    Release3,
}

/// By which rules a list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZalRules {
    /// The release that this source publishes; another one is refused (medmij.md case 104).
    pub release: ZalRelease,
    /// Whether authorization endpoints may name a port.
    pub frontchannel_port: FrontchannelPort,
}

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZalEntry {
    /// The provider's name on the network.
    pub naam: Zorgaanbiedernaam,
    /// The kind of provider; release 2 does not say.
    pub aanbiedertype: Option<Aanbiedertype>,
    /// The releases of the interfaces that it offers; at least one. Release 2 has exactly one,
    /// without an id.
    pub interfaceversies: Vec<Interfaceversie>,
    /// Where the DVA's discovery server stands. Seed 000 step 20 finds it in the ZAL; no published
    /// release has it, so it stands in a namespace of our own, as the last part of a provider.
    pub discovery: Option<Endpointuri>,
}

/// What a provider offers in one release of the interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interfaceversie {
    /// The release: `1.4.0`. Nothing in a list of release 2.
    pub id: Option<InterfaceversieId>,
    /// The data services, in the order of their ids; at least one.
    pub gegevensdiensten: Vec<Gegevensdienst>,
}

/// A data service of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gegevensdienst {
    /// Which one.
    pub id: GegevensdienstId,
    /// Where a person's browser goes.
    pub authorization_endpoint: Endpointuri,
    /// Where tokens are asked for.
    pub token_endpoint: Endpointuri,
    /// Whether, and for how long, one can subscribe.
    pub abonneren: Option<Abonneren>,
    /// The systems behind it, in the order of their codes; at least one.
    pub systeemrollen: Vec<Systeemrol>,
}

/// The subscriptions that a data service offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abonneren {
    /// The longest duration, in days.
    pub maximale_duur_days: u32,
    /// Where one subscribes.
    pub subscription_endpoint: Endpointuri,
}

/// A system behind a data service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Systeemrol {
    /// Its role.
    pub code: Systeemrolcode,
    /// Where the data are.
    pub resource_endpoint: Endpointuri,
}

/// The namespace of our one addition to MedMij's schema.
const DISCOVERY_NAMESPACE: &str = "urn:sluis:zorgaanbiederslijst:discovery:release1";

const ZORGAANBIEDERS: (&str, &str) = ("Zorgaanbieders", "Zorgaanbieder");
const INTERFACEVERSIES: (&str, &str) = ("Interfaceversies", "Interfaceversie");
const GEGEVENSDIENSTEN: (&str, &str) = ("Gegevensdiensten", "Gegevensdienst");
const SYSTEEMROLLEN: (&str, &str) = ("Systeemrollen", "Systeemrol");

impl Zal {
    /// A list of these providers.
    pub fn new(
        uitgave: Uitgave,
        release: ZalRelease,
        entries: Vec<ZalEntry>,
    ) -> Result<Self, Twice> {
        let entries = entries.into_iter().enumerate().collect();
        Ok(Self {
            uitgave,
            release,
            entries: sort_unique(entries, key).map_err(|later| Twice(later.mark))?,
        })
    }

    /// Reads a published list.
    pub fn parse(bytes: &[u8], rules: ZalRules) -> Result<Self, BadList> {
        let (reader, _) = Reader::begin(bytes, &[rules.release.schema()])?;
        Self::read(reader, rules)
    }

    pub(super) fn read(mut reader: Reader<'_>, rules: ZalRules) -> Result<Self, BadList> {
        let uitgave = reader.uitgave()?;
        let entries = reader.each(ZORGAANBIEDERS, (0, ENTRIES_MAX), |reader| {
            read_entry(reader, rules)
        })?;
        let entries = reader.unique(ZORGAANBIEDERS, "Zorgaanbiedernaam", entries, key)?;
        reader.end()?;
        Ok(Self {
            uitgave,
            release: rules.release,
            entries,
        })
    }

    /// The same content as another edition.
    #[must_use]
    pub fn with_uitgave(self, uitgave: Uitgave) -> Self {
        Self { uitgave, ..self }
    }

    /// The list as it is published.
    pub fn to_xml(&self) -> String {
        let mut printer = Printer::begin(self.release.schema(), self.uitgave);
        printer.each(ZORGAANBIEDERS, &self.entries, |printer, entry| {
            print_entry(printer, entry, self.release);
        });
        printer.end()
    }

    /// The provider of this name.
    pub fn entry(&self, naam: &Zorgaanbiedernaam) -> Option<&ZalEntry> {
        let at = self.entries.binary_search_by(|each| key(each).cmp(naam));
        at.ok().and_then(|at| self.entries.get(at))
    }

    /// The release of its schema.
    pub const fn release(&self) -> ZalRelease {
        self.release
    }

    /// The providers, in the order of their names.
    pub fn entries(&self) -> &[ZalEntry] {
        &self.entries
    }
}

impl ZalRelease {
    pub(super) const fn schema(self) -> Schema {
        Schema {
            soort: Soort::Zal,
            namespace: match self {
                Self::Release2 => {
                    "xmlns://afsprakenstelsel.medmij.nl/zorgaanbiederslijst/release2/"
                }
                Self::Release3 => {
                    "xmlns://afsprakenstelsel.medmij.nl/zorgaanbiederslijst/release3/"
                }
            },
        }
    }
}

impl ZalEntry {
    /// The data service as offered in this release of the interfaces. In a list of release 2,
    /// which knows no releases of interfaces, it is offered in each.
    pub fn gegevensdienst(
        &self,
        interfaceversie: &InterfaceversieId,
        id: &GegevensdienstId,
    ) -> Option<&Gegevensdienst> {
        let offered = |each: &&Interfaceversie| match &each.id {
            Some(offered) => offered == interfaceversie,
            None => true,
        };
        let versie = self.interfaceversies.iter().find(offered)?;
        versie.gegevensdiensten.iter().find(|each| each.id == *id)
    }
}

fn read_entry(reader: &mut Reader<'_>, rules: ZalRules) -> Result<ZalEntry, BadList> {
    let naam = reader.value("Zorgaanbiedernaam")?;
    let (aanbiedertype, interfaceversies) = match rules.release {
        ZalRelease::Release2 => {
            let gegevensdiensten = read_gegevensdiensten(reader, rules)?;
            let only = Interfaceversie {
                id: None,
                gegevensdiensten,
            };
            (None, vec![only])
        }
        ZalRelease::Release3 => (
            Some(reader.value("Aanbiedertype")?),
            read_interfaceversies(reader, rules)?,
        ),
    };
    Ok(ZalEntry {
        naam,
        aanbiedertype,
        interfaceversies,
        discovery: read_discovery(reader)?,
    })
}

fn read_interfaceversies(
    reader: &mut Reader<'_>,
    rules: ZalRules,
) -> Result<Vec<Interfaceversie>, BadList> {
    let versies = reader.each(INTERFACEVERSIES, (1, PARTS_MAX), |reader| {
        Ok(Interfaceversie {
            id: Some(reader.value("InterfaceversieId")?),
            gegevensdiensten: read_gegevensdiensten(reader, rules)?,
        })
    })?;
    reader.unique(INTERFACEVERSIES, "InterfaceversieId", versies, |versie| {
        &versie.id
    })
}

fn read_gegevensdiensten(
    reader: &mut Reader<'_>,
    rules: ZalRules,
) -> Result<Vec<Gegevensdienst>, BadList> {
    let diensten = reader.each(GEGEVENSDIENSTEN, (1, PARTS_MAX), |reader| {
        Ok(Gegevensdienst {
            id: reader.value("GegevensdienstId")?,
            authorization_endpoint: read_authorization_endpoint(reader, rules.frontchannel_port)?,
            token_endpoint: read_endpoint(reader, "TokenEndpoint", "TokenEndpointuri")?,
            abonneren: match rules.release {
                ZalRelease::Release2 => None,
                ZalRelease::Release3 => read_abonneren(reader)?,
            },
            systeemrollen: read_systeemrollen(reader)?,
        })
    })?;
    reader.unique(GEGEVENSDIENSTEN, "GegevensdienstId", diensten, |dienst| {
        &dienst.id
    })
}

fn read_authorization_endpoint(
    reader: &mut Reader<'_>,
    port: FrontchannelPort,
) -> Result<Endpointuri, BadList> {
    reader.open("AuthorizationEndpoint")?;
    let endpoint = reader.value_with("AuthorizationEndpointuri", |text| {
        Endpointuri::frontchannel(text, port).ok()
    })?;
    reader.close()?;
    Ok(endpoint)
}

fn read_endpoint(
    reader: &mut Reader<'_>,
    outer: &'static str,
    inner: &'static str,
) -> Result<Endpointuri, BadList> {
    reader.open(outer)?;
    let endpoint = reader.value(inner)?;
    reader.close()?;
    Ok(endpoint)
}

fn read_abonneren(reader: &mut Reader<'_>) -> Result<Option<Abonneren>, BadList> {
    if !reader.try_open("Abonneren")? {
        return Ok(None);
    }
    let abonneren = Abonneren {
        maximale_duur_days: reader.value_with("MaximaleDuur", |text| {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_number)
        })?,
        subscription_endpoint: reader.value("SubscriptionEndpointuri")?,
    };
    reader.close()?;
    Ok(Some(abonneren))
}

fn read_systeemrollen(reader: &mut Reader<'_>) -> Result<Vec<Systeemrol>, BadList> {
    let rollen = reader.each(SYSTEEMROLLEN, (1, PARTS_MAX), |reader| {
        Ok(Systeemrol {
            code: reader.value("Systeemrolcode")?,
            resource_endpoint: read_endpoint(reader, "ResourceEndpoint", "ResourceEndpointuri")?,
        })
    })?;
    reader.unique(SYSTEEMROLLEN, "Systeemrolcode", rollen, |rol| &rol.code)
}

fn read_discovery(reader: &mut Reader<'_>) -> Result<Option<Endpointuri>, BadList> {
    const INNER: &str = "DiscoveryEndpointuri";
    if !reader.try_open_in(DISCOVERY_NAMESPACE, "DiscoveryEndpoint")? {
        return Ok(None);
    }
    if !reader.try_open_in(DISCOVERY_NAMESPACE, INNER)? {
        return Err(reader.bad(super::Why::Expected(INNER)));
    }
    let endpoint = reader.content(INNER, |text| text.parse().ok())?;
    reader.close()?;
    Ok(Some(endpoint))
}

fn print_entry(printer: &mut Printer, entry: &ZalEntry, release: ZalRelease) {
    printer.value("Zorgaanbiedernaam", &entry.naam);
    match release {
        ZalRelease::Release2 => {
            if let Some(versie) = entry.interfaceversies.first() {
                print_gegevensdiensten(printer, versie);
            }
        }
        ZalRelease::Release3 => {
            if let Some(aanbiedertype) = &entry.aanbiedertype {
                printer.value("Aanbiedertype", aanbiedertype);
            }
            printer.each(
                INTERFACEVERSIES,
                &entry.interfaceversies,
                |printer, versie| {
                    if let Some(id) = &versie.id {
                        printer.value("InterfaceversieId", id);
                    }
                    print_gegevensdiensten(printer, versie);
                },
            );
        }
    }
    if let Some(discovery) = &entry.discovery {
        printer.open_in(DISCOVERY_NAMESPACE, "DiscoveryEndpoint");
        printer.value("DiscoveryEndpointuri", discovery);
        printer.close();
    }
}

fn print_gegevensdiensten(printer: &mut Printer, versie: &Interfaceversie) {
    printer.each(
        GEGEVENSDIENSTEN,
        &versie.gegevensdiensten,
        |printer, dienst| {
            printer.value("GegevensdienstId", &dienst.id);
            printer.open("AuthorizationEndpoint");
            printer.value("AuthorizationEndpointuri", &dienst.authorization_endpoint);
            printer.close();
            printer.open("TokenEndpoint");
            printer.value("TokenEndpointuri", &dienst.token_endpoint);
            printer.close();
            if let Some(abonneren) = &dienst.abonneren {
                printer.open("Abonneren");
                printer.value("MaximaleDuur", &abonneren.maximale_duur_days);
                printer.value("SubscriptionEndpointuri", &abonneren.subscription_endpoint);
                printer.close();
            }
            printer.each(SYSTEEMROLLEN, &dienst.systeemrollen, |printer, rol| {
                printer.value("Systeemrolcode", &rol.code);
                printer.open("ResourceEndpoint");
                printer.value("ResourceEndpointuri", &rol.resource_endpoint);
                printer.close();
            });
        },
    );
}

const fn key(entry: &ZalEntry) -> &Zorgaanbiedernaam {
    &entry.naam
}

impl Lijst for Zal {
    const USABLE_S: u32 = USABLE_S;

    fn uitgave(&self) -> Uitgave {
        self.uitgave
    }
}
