//! The care providers, what they offer, and what they have on file.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use fhir::{Gegevensdienst, Plaatsbaar, Zoekvraag};
use identity::{GegevensdienstId, Ura, Zorgaanbiedernaam};
use medmij::lists::{Systeemrolcode, Weergavenaam};
use mitz::catalogus::{Aanbieder, Catalogus, Categorie};

use super::files::{File, Files};
use super::place::Place;
use super::reading::{each, list_text, parsed, twice};
use super::records::is_resource_type;
use super::search::Search;
use super::{DvaId, InputFault, Provider, Records, SEARCH_PARAMETERS, written};

/// What each gegevensdienst collects.
pub(crate) type Gegevensdiensten = BTreeMap<GegevensdienstId, Gegevensdienst>;

/// Providers as a DVA's servers know them.
pub(super) fn aanbieders<'p>(
    providers: impl Iterator<Item = &'p Provider>,
    known: &Gegevensdiensten,
) -> BTreeMap<Zorgaanbiedernaam, mitz::dva::Aanbieder> {
    let aanbieder = |provider: &Provider| mitz::dva::Aanbieder {
        weergavenaam: provider.weergavenaam.clone(),
        ura: provider.ura.clone(),
        gegevensdiensten: provider.offered(known),
    };
    providers
        .map(|provider| (provider.naam.clone(), aanbieder(provider)))
        .collect()
}

/// The catalogue from which people choose at the register.
pub(super) fn catalogus(providers: &[Provider]) -> Catalogus {
    let aanbieder = |provider: &Provider| Aanbieder {
        weergavenaam: provider.weergavenaam.clone(),
        categorie: provider.categorie.clone(),
    };
    let providers = providers.iter();
    providers
        .map(|provider| (provider.ura.clone(), aanbieder(provider)))
        .collect()
}

impl Provider {
    /// What can be collected there.
    pub(super) fn offered(&self, known: &Gegevensdiensten) -> Gegevensdiensten {
        let diensten = self.gegevensdiensten.iter();
        let diensten = diensten.filter_map(|id| known.get_key_value(id));
        diensten
            .map(|(id, dienst)| (id.clone(), dienst.clone()))
            .collect()
    }
}

pub(super) fn gegevensdiensten(file: &File) -> Result<Gegevensdiensten, InputFault> {
    let mut diensten = Gegevensdiensten::new();
    each(
        file,
        &Place::root(),
        file.json()?,
        |place, written: written::Gegevensdienst| {
            let of_id = place.member("id");
            let id = parsed(file, &of_id, &written.id, GegevensdienstId::parse)?;
            let weergavenaam = place.member("weergavenaam");
            list_text::<Weergavenaam>(
                file,
                &weergavenaam,
                &written.weergavenaam,
                "3 to 50 readable characters",
            )?;
            let code = place.member("systeemrolcode");
            list_text::<Systeemrolcode>(
                file,
                &code,
                &written.systeemrolcode,
                "1 to 30 visible ASCII characters",
            )?;
            let of_zoekvragen = place.member("zoekvragen");
            if written.zoekvragen.is_empty() {
                return Err(file.fault(&of_zoekvragen, "expected at least one search"));
            }
            let dienst = Gegevensdienst {
                id: id.clone(),
                weergavenaam: written.weergavenaam,
                systeemrolcode: written.systeemrolcode,
                zoekvragen: each(
                    file,
                    &of_zoekvragen,
                    written.zoekvragen,
                    |place, written| zoekvraag(file, place, written),
                )?,
                plaatsen: each(
                    file,
                    &place.member("plaatsen"),
                    written.plaatsen,
                    |place, written| plaatsbaar(file, place, written),
                )?,
            };
            match diensten.insert(id, dienst) {
                None => Ok(()),
                Some(_) => Err(twice(file, &of_id)),
            }
        },
    )?;
    Ok(diensten)
}

fn plaatsbaar(
    file: &File,
    place: &Place,
    written: written::Plaatsbaar,
) -> Result<Plaatsbaar, InputFault> {
    let of_person = written.resource_type == "Patient";
    if of_person || !is_resource_type(&written.resource_type) {
        let reason = "expected a FHIR resource type, and not Patient";
        return Err(file.fault(&place.member("type"), reason));
    }
    Ok(Plaatsbaar {
        resource_type: written.resource_type,
        members: written.members,
        category: written.category,
    })
}

pub(super) fn zoekvraag(
    file: &File,
    place: &Place,
    written: written::Zoekvraag,
) -> Result<Zoekvraag, InputFault> {
    if !is_resource_type(&written.resource_type) {
        return Err(file.fault(&place.member("type"), "expected a FHIR resource type"));
    }
    let parameters = written.parameters;
    let unknown = |(name, _): &(String, String)| !SEARCH_PARAMETERS.contains(&name.as_str());
    if let Some(index) = parameters.iter().position(unknown) {
        let known = SEARCH_PARAMETERS.join(", ");
        let place = place.member("parameters").item(index);
        return Err(file.fault(
            &place,
            format!("no such search parameter; there are {known}"),
        ));
    }
    let is_none = |parameter: &(String, String)| Search::read(slice::from_ref(parameter)).is_err();
    if let Some(index) = parameters.iter().position(is_none) {
        let place = place.member("parameters").item(index);
        return Err(file.fault(&place, "expected a value that this search parameter takes"));
    }
    Ok(Zoekvraag {
        resource_type: written.resource_type,
        parameters,
    })
}

pub(super) fn providers(
    file: &File,
    diensten: &Gegevensdiensten,
) -> Result<Vec<Provider>, InputFault> {
    let (mut uras, mut namen) = (BTreeSet::new(), BTreeSet::new());
    each(file, &Place::root(), file.json()?, |place, written| {
        let provider = provider(file, place, written, diensten)?;
        if !uras.insert(provider.ura.clone()) {
            return Err(twice(file, &place.member("ura")));
        }
        if !namen.insert(provider.naam.clone()) {
            return Err(twice(file, &place.member("naam")));
        }
        Ok(provider)
    })
}

pub(super) fn provider(
    file: &File,
    place: &Place,
    written: written::Provider,
    diensten: &Gegevensdiensten,
) -> Result<Provider, InputFault> {
    let of_dva = place.member("dva");
    let named =
        |name: String| dva(&name).ok_or_else(|| file.fault(&of_dva, "expected dva or dva2"));
    let dva = written.dva.map(named).transpose()?;
    let offered = offered(file, place, written.gegevensdiensten, diensten)?;
    if dva.is_some() && offered.is_empty() {
        let reason = "a provider with a dva needs at least one gegevensdienst";
        return Err(file.fault(place, reason));
    }
    let weergavenaam = place.member("weergavenaam");
    list_text::<Weergavenaam>(
        file,
        &weergavenaam,
        &written.weergavenaam,
        "3 to 50 readable characters",
    )?;
    let aanbiedertype = place.member("aanbiedertype");
    Ok(Provider {
        ura: parsed(file, &place.member("ura"), &written.ura, Ura::parse)?,
        naam: parsed(
            file,
            &place.member("naam"),
            &written.naam,
            Zorgaanbiedernaam::parse,
        )?,
        weergavenaam: written.weergavenaam,
        aanbiedertype: Some(written.aanbiedertype)
            .filter(|kind| matches!(kind.as_str(), "ZA" | "BAZB"))
            .and_then(|kind| kind.parse().ok())
            .ok_or_else(|| file.fault(&aanbiedertype, "expected ZA or BAZB"))?,
        categorie: categorie(file, &place.member("category"), written.category)?,
        dva,
        gegevensdiensten: offered,
        down: written.down,
    })
}

/// The gegevensdiensten of a provider, each one that there is and each once.
pub(super) fn offered(
    file: &File,
    provider: &Place,
    written: Vec<String>,
    diensten: &Gegevensdiensten,
) -> Result<Vec<GegevensdienstId>, InputFault> {
    let mut seen = BTreeSet::new();
    each(
        file,
        &provider.member("gegevensdiensten"),
        written,
        |place, id: String| {
            let id = parsed(file, place, &id, GegevensdienstId::parse)?;
            if !diensten.contains_key(&id) {
                let reason = "gegevensdiensten.json has no gegevensdienst of this id";
                return Err(file.fault(place, reason));
            }
            if seen.insert(id.clone()) {
                Ok(id)
            } else {
                Err(twice(file, place))
            }
        },
    )
}

pub(super) fn dva(name: &str) -> Option<DvaId> {
    DvaId::ALL.into_iter().find(|dva| dva.as_str() == name)
}

pub(super) fn categorie(file: &File, place: &Place, text: String) -> Result<Categorie, InputFault> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    if (1..=40).contains(&text.len()) && text.bytes().all(fits) {
        Ok(Categorie(text))
    } else {
        Err(file.fault(
            place,
            "expected a category: 1 to 40 lower-case letters and hyphens",
        ))
    }
}

pub(super) fn records(files: &mut Files, providers: &[Provider]) -> Result<Records, InputFault> {
    let given = files.folder("records")?;
    let from_sample = given.is_none();
    let read = match given {
        Some(given) => given,
        None if files.has("people.json") => Vec::new(),
        None => Files::sample_folder("records"),
    };
    let mut records = Records::default();
    for (name, file) in read {
        let ura = name
            .strip_suffix(".json")
            .and_then(|name| Ura::parse(name).ok());
        let ura = ura.ok_or_else(|| file.whole("expected a file named by a URA: 00000659.json"))?;
        match providers.iter().any(|provider| provider.ura == ura) {
            true => records.add(ura, &file)?,
            // Other providers were given, and the sample's records are of the sample's.
            false if from_sample => {}
            false => return Err(file.whole("providers.json has no provider of this URA")),
        }
    }
    Ok(records)
}
