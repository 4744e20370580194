//! From a URA to the place where its data are (seed 000 steps 20 to 22, mitz.md 4.2).

use identity::{Ura, Zorgaanbiedernaam};

use super::{Endpointuri, Zakl, Zal, ZalEntry};

/// Where to go on for one name of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution<'l> {
    /// The DVA has a discovery server: ask it.
    Discover {
        /// The provider.
        entry: &'l ZalEntry,
        /// Where to ask.
        endpoint: &'l Endpointuri,
    },
    /// The list itself says the endpoints.
    Direct {
        /// The provider.
        entry: &'l ZalEntry,
    },
    /// The name is not in the ZAL: skip it, and tell the person that this provider cannot be
    /// reached through MedMij (mitz.md 2.9, step 20).
    NotInZal {
        /// The name.
        naam: &'l Zorgaanbiedernaam,
    },
}

/// One resolution for each name that the provider with this URA has; it has one for each DVA that
/// serves it. Empty when the URA is not in the ZAKL: then the provider cannot be reached through
/// MedMij, and the others are not affected (mitz case 32).
pub fn resolve<'l>(ura: &Ura, zakl: &'l Zakl, zal: &'l Zal) -> Vec<Resolution<'l>> {
    let names = zakl.names_of(ura).iter();
    names
        .map(|naam| match zal.entry(naam) {
            None => Resolution::NotInZal { naam },
            Some(entry) => match &entry.discovery {
                Some(endpoint) => Resolution::Discover { entry, endpoint },
                None => Resolution::Direct { entry },
            },
        })
        .collect()
}
