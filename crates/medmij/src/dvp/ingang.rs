//! Where the ZAL leads for one Aanbieder: to one DVA or to several (medmij.md §2.3).

use identity::{GegevensdienstId, Hostname};

use crate::lists::{Endpointuri, Gegevensdienst, ZalEntry};

/// The interfaces of one DVA for one Aanbieder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ingang {
    /// Where the person's browser goes.
    pub authorization_endpoint: Endpointuri,
    /// Where tokens are asked for.
    pub token_endpoint: Endpointuri,
    /// What can be had there, each at an endpoint of its own (core.gegevensdiensten.201).
    pub diensten: Vec<(GegevensdienstId, Endpointuri)>,
}

impl Ingang {
    /// The host by which the DVA is known to people and to us.
    pub const fn dva(&self) -> &Hostname {
        self.authorization_endpoint.hostname()
    }

    /// Every host on the back channel, which must stand on the Whitelist (core.whl.306). The front
    /// channel's is not among them: a person's browser goes there.
    pub fn backchannel(&self) -> impl Iterator<Item = &Hostname> {
        let resources = self.diensten.iter().map(|(_, endpoint)| endpoint);
        std::iter::once(&self.token_endpoint)
            .chain(resources)
            .map(Endpointuri::hostname)
    }
}

/// The ways in to an Aanbieder, in the newest version of its interfaces: one for each authorization server.
/// An authorization server has one token endpoint: a gegevensdienst that names another beside the first
/// is left out.
pub fn ingangen(entry: &ZalEntry) -> Vec<Ingang> {
    let newest = entry.interfaceversies.last();
    let mut found: Vec<Ingang> = Vec::new();
    for dienst in newest.into_iter().flat_map(|v| &v.gegevensdiensten) {
        let resource = dienst.systeemrollen.first();
        let resource = resource.map(|rol| (dienst.id.clone(), rol.resource_endpoint.clone()));
        let at =
            |ingang: &&mut Ingang| ingang.authorization_endpoint == dienst.authorization_endpoint;
        match found.iter_mut().find(at) {
            Some(ingang) if ingang.token_endpoint == dienst.token_endpoint => {
                ingang.diensten.extend(resource);
            }
            Some(_) => {}
            None => found.push(first(dienst, resource)),
        }
    }
    found
}

fn first(dienst: &Gegevensdienst, resource: Option<(GegevensdienstId, Endpointuri)>) -> Ingang {
    Ingang {
        authorization_endpoint: dienst.authorization_endpoint.clone(),
        token_endpoint: dienst.token_endpoint.clone(),
        diensten: resource.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use identity::Zorgaanbiedernaam;

    use super::*;
    use crate::lists::{Interfaceversie, Systeemrol};

    fn uri(text: &str) -> Endpointuri {
        Endpointuri::backchannel(text).expect("a URI")
    }

    fn dienst(id: &str, authorize: &str, token: &str) -> Gegevensdienst {
        Gegevensdienst {
            id: GegevensdienstId::parse(id).expect("an id"),
            authorization_endpoint: uri(authorize),
            token_endpoint: uri(token),
            abonneren: None,
            systeemrollen: vec![Systeemrol {
                code: "LAB-1.0".parse().expect("a code"),
                resource_endpoint: uri(&format!("https://rs.example.nl/{id}/fhir")),
            }],
        }
    }

    fn versie(gegevensdiensten: Vec<Gegevensdienst>) -> Interfaceversie {
        Interfaceversie {
            id: None,
            gegevensdiensten,
        }
    }

    fn entry(interfaceversies: Vec<Interfaceversie>) -> ZalEntry {
        ZalEntry {
            naam: Zorgaanbiedernaam::parse("umcharderwijk@medmij").expect("a name"),
            aanbiedertype: None,
            interfaceversies,
            discovery: None,
        }
    }

    #[test]
    fn an_aanbieder_with_two_dvas_has_two_ways_in() {
        let (a, b) = ("https://a.example.nl/auth", "https://b.example.nl/auth");
        let (ta, tb) = ("https://ta.example.nl/t", "https://tb.example.nl/t");
        let newest = versie(vec![
            dienst("4", a, ta),
            dienst("51", b, tb),
            dienst("52", a, ta),
            dienst("53", a, tb),
        ]);
        let old = versie(vec![dienst("6", "https://oud.example.nl/auth", ta)]);
        let found = ingangen(&entry(vec![old, newest]));
        let told: Vec<(&str, Vec<&str>)> = found
            .iter()
            .map(|ingang| {
                let ids = ingang.diensten.iter().map(|(id, _)| id.as_str());
                (ingang.dva().as_str(), ids.collect())
            })
            .collect();
        assert_eq!(
            told,
            [
                ("a.example.nl", vec!["4", "52"]),
                ("b.example.nl", vec!["51"])
            ]
        );
        // core.whl.306: the host of the front channel is not asked after.
        let hosts: Vec<&str> = found[0].backchannel().map(Hostname::as_str).collect();
        assert_eq!(hosts, ["ta.example.nl", "rs.example.nl", "rs.example.nl"]);
        assert_eq!(ingangen(&entry(Vec::new())), []);
    }
}
