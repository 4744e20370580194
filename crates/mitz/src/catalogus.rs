//! The catalogue that the register shows: providers, their categories and names
//! (toestemmingscatalogus).

use std::collections::BTreeMap;

use identity::Ura;
use serde::{Deserialize, Serialize};

/// A category of providers as people choose it: `"ziekenhuis"`, `"huisarts"`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Categorie(pub String);

/// A provider as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aanbieder {
    /// The name on the gevel.
    pub weergavenaam: String,
    /// Its category.
    pub categorie: Categorie,
}

/// Every provider that a person can choose, by URA.
#[derive(Clone, Debug, Default)]
pub struct Catalogus(BTreeMap<Ura, Aanbieder>);

impl Catalogus {
    /// The provider of this URA.
    pub fn aanbieder(&self, ura: &Ura) -> Option<&Aanbieder> {
        self.0.get(ura)
    }

    /// The category of this provider.
    pub fn categorie(&self, ura: &Ura) -> Option<&Categorie> {
        self.aanbieder(ura).map(|aanbieder| &aanbieder.categorie)
    }

    /// Every category, once, in order.
    pub fn categorieen(&self) -> Vec<&Categorie> {
        let mut found: Vec<&Categorie> = self.0.values().map(|a| &a.categorie).collect();
        found.sort();
        found.dedup();
        found
    }

    /// Every provider in order of URA.
    pub fn aanbieders(&self) -> impl Iterator<Item = (&Ura, &Aanbieder)> {
        self.0.iter()
    }
}

impl FromIterator<(Ura, Aanbieder)> for Catalogus {
    fn from_iter<I: IntoIterator<Item = (Ura, Aanbieder)>>(aanbieders: I) -> Self {
        Self(aanbieders.into_iter().collect())
    }
}
