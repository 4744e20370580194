//! Where one provider can be reached.

use identity::{GegevensdienstId, Zorgaanbiedernaam};
use medmij::lists::{Resolution, ZalEntry};

/// Where one provider of a URA can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Ask the discovery server.
    Discover {
        /// The provider.
        naam: Zorgaanbiedernaam,
        /// The URL to ask.
        url: String,
    },
    /// The ZAL itself names the endpoints.
    Direct(Direct),
    /// The URA is known, but this provider of it does not stand in the ZAL.
    NotInZal,
}

/// A provider whose endpoints stand in the ZAL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Direct {
    /// The provider.
    pub naam: Zorgaanbiedernaam,
    /// Its endpoints.
    pub endpoints: Vec<DirectEndpoint>,
}

/// The endpoints of one gegevensdienst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectEndpoint {
    /// Its number.
    pub dienst: GegevensdienstId,
    /// Where the token request goes.
    pub token_endpoint: String,
    /// Where data can be had.
    pub resource_endpoint: String,
}

impl Route {
    pub(super) fn of(resolution: Resolution<'_>) -> Self {
        match resolution {
            Resolution::Discover { entry, endpoint } => Self::Discover {
                naam: entry.naam.clone(),
                url: endpoint.as_str().to_owned(),
            },
            Resolution::Direct { entry } => Self::Direct(Direct::of(entry)),
            Resolution::NotInZal { .. } => Self::NotInZal,
        }
    }
}

impl Direct {
    /// The endpoints of the newest interface version.
    fn of(entry: &ZalEntry) -> Self {
        let newest = entry.interfaceversies.last();
        let services = newest
            .into_iter()
            .flat_map(|versie| &versie.gegevensdiensten);
        let endpoints = services.filter_map(|dienst| {
            let rol = dienst.systeemrollen.first()?;
            Some(DirectEndpoint {
                dienst: dienst.id.clone(),
                token_endpoint: dienst.token_endpoint.as_str().to_owned(),
                resource_endpoint: rol.resource_endpoint.as_str().to_owned(),
            })
        });
        Self {
            naam: entry.naam.clone(),
            endpoints: endpoints.collect(),
        }
    }
}
