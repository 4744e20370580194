//! What stands in a list, entry by entry, for people who look at it and compare two editions.

use std::collections::BTreeMap;

use identity::GegevensdienstId;

use super::{Document, Gegevensdienst, Koppeling, OAuthclient, ZalEntry};

/// An entry of a list: its key, and what the list says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vermelding {
    /// The key: a Zorgaanbiedernaam, a Hostname or a GegevensdienstId.
    pub sleutel: String,
    /// What is said, under the names of the elements, in the order of the list.
    pub gegevens: Vec<(String, String)>,
}

/// How two editions of a list differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verschil {
    /// Keys that only the later one has.
    pub erbij: Vec<String>,
    /// Keys that only the earlier one has.
    pub eraf: Vec<String>,
    /// Keys that both have, and what changed there; no key without a change.
    pub anders: Vec<(String, Vec<Wijziging>)>,
}

/// What changed about an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wijziging {
    /// The name of what changed.
    pub gegeven: String,
    /// What the earlier edition said; nothing when it did not.
    pub was: Option<String>,
    /// What the later one says; nothing when it no longer does.
    pub wordt: Option<String>,
}

impl Document {
    /// The entries, in the order of their keys.
    pub fn vermeldingen(&self) -> Vec<Vermelding> {
        match self {
            Self::Zal(zal) => zal.entries().iter().map(of_zal).collect(),
            Self::Zakl(zakl) => zakl.koppelingen().iter().map(of_zakl).collect(),
            Self::Ocl(ocl) => ocl.clients().iter().map(of_ocl).collect(),
            Self::Gnl(gnl) => {
                let of = |naam: &super::Gegevensdienstnaam| Vermelding {
                    sleutel: naam.id.to_string(),
                    gegevens: vec![said("Weergavenaam", &naam.weergavenaam)],
                };
                gnl.namen().iter().map(of).collect()
            }
            Self::Whitelist(whitelist) => {
                let of = |host: &identity::Hostname| Vermelding {
                    sleutel: host.to_string(),
                    gegevens: Vec::new(),
                };
                whitelist.hostnames().iter().map(of).collect()
            }
        }
    }
}

impl Verschil {
    /// What came, went and changed from the earlier entries to the later ones.
    pub fn tussen(earlier: &[Vermelding], later: &[Vermelding]) -> Self {
        let by_key = |entries| -> BTreeMap<&str, &Vermelding> {
            let entries: &[Vermelding] = entries;
            let pair = |entry| -> (&str, &Vermelding) {
                let entry: &Vermelding = entry;
                (&entry.sleutel, entry)
            };
            entries.iter().map(pair).collect()
        };
        let (before, after) = (by_key(earlier), by_key(later));
        let only = |these: &BTreeMap<&str, &Vermelding>, those: &BTreeMap<&str, &Vermelding>| {
            let keys = these.keys().filter(|key| !those.contains_key(*key));
            keys.map(|key| (*key).to_owned()).collect()
        };
        let changed = before.iter().filter_map(|(key, was)| {
            let changes = changes(was, after.get(key)?);
            (!changes.is_empty()).then(|| ((*key).to_owned(), changes))
        });
        Self {
            erbij: only(&after, &before),
            eraf: only(&before, &after),
            anders: changed.collect(),
        }
    }

    /// Whether both editions say the same.
    pub const fn is_empty(&self) -> bool {
        self.erbij.is_empty() && self.eraf.is_empty() && self.anders.is_empty()
    }
}

/// What changed, in the order of its names. What an entry says more than once, as a provider's
/// identifiers of one kind, counts by its place.
fn changes(was: &Vermelding, now: &Vermelding) -> Vec<Wijziging> {
    let facts = |entry| -> BTreeMap<(String, usize), String> {
        let entry: &Vermelding = entry;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut facts = BTreeMap::new();
        for (name, value) in &entry.gegevens {
            let count = counts.entry(name).or_default();
            facts.insert((name.clone(), *count), value.clone());
            *count += 1;
        }
        facts
    };
    let (before, after) = (facts(was), facts(now));
    let mut names: Vec<&(String, usize)> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let differs = |name: &&(String, usize)| before.get(*name) != after.get(*name);
    let change = |name: &(String, usize)| Wijziging {
        gegeven: name.0.clone(),
        was: before.get(name).cloned(),
        wordt: after.get(name).cloned(),
    };
    names.into_iter().filter(differs).map(change).collect()
}

fn of_zal(entry: &ZalEntry) -> Vermelding {
    let mut facts = Vec::new();
    if let Some(aanbiedertype) = &entry.aanbiedertype {
        facts.push(said("Aanbiedertype", aanbiedertype));
    }
    for versie in &entry.interfaceversies {
        let release = versie.id.as_ref().map(|id| format!("{id} "));
        for dienst in &versie.gegevensdiensten {
            let under = format!("{}{}", release.as_deref().unwrap_or_default(), dienst.id);
            of_dienst(&under, dienst, &mut facts);
        }
    }
    if let Some(discovery) = &entry.discovery {
        facts.push(said("DiscoveryEndpointuri", discovery));
    }
    Vermelding {
        sleutel: entry.naam.to_string(),
        gegevens: facts,
    }
}

fn of_dienst(under: &str, dienst: &Gegevensdienst, facts: &mut Vec<(String, String)>) {
    let mut say = |name: &str, value: &dyn std::fmt::Display| {
        facts.push((format!("{under} {name}"), value.to_string()));
    };
    say("AuthorizationEndpointuri", &dienst.authorization_endpoint);
    say("TokenEndpointuri", &dienst.token_endpoint);
    if let Some(abonneren) = &dienst.abonneren {
        say("MaximaleDuur", &abonneren.maximale_duur_days);
        say("SubscriptionEndpointuri", &abonneren.subscription_endpoint);
    }
    for rol in &dienst.systeemrollen {
        let name = format!("{} ResourceEndpointuri", rol.code);
        say(&name, &rol.resource_endpoint);
    }
}

fn of_zakl(koppeling: &Koppeling) -> Vermelding {
    let mut facts: Vec<(String, String)> = koppeling
        .kenmerken
        .iter()
        .map(|kenmerk| said(kenmerk.element(), kenmerk))
        .collect();
    for dienst in &koppeling.gegevensdiensten {
        let name = format!("{} Weergavenaam", dienst.id);
        facts.push(said(&name, &dienst.weergavenaam));
        for versie in &dienst.interfaceversies {
            let name = format!("{} InterfaceversieId", dienst.id);
            facts.push(said(&name, versie));
        }
    }
    Vermelding {
        sleutel: koppeling.naam.to_string(),
        gegevens: facts,
    }
}

fn of_ocl(client: &OAuthclient) -> Vermelding {
    let mut facts = vec![said("OAuthclientOrganisatienaam", &client.organisatienaam)];
    if let Some(diensten) = &client.gegevensdiensten {
        let ids: Vec<&str> = diensten.iter().map(GegevensdienstId::as_str).collect();
        facts.push(said("Gegevensdiensten", &ids.join(" ")));
    }
    Vermelding {
        sleutel: client.hostname.to_string(),
        gegevens: facts,
    }
}

fn said(name: &str, value: &impl std::fmt::Display) -> (String, String) {
    (name.to_owned(), value.to_string())
}
