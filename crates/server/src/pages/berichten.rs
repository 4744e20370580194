//! Messages and refusals that belong to no journey.

use super::{Afwijzing, Uitwisseling};

/// What is known of runs that are no journey. Its form leads to `/berichten?partij=<name>`.
#[derive(Clone, Debug)]
pub struct Berichten {
    /// The messages, newest first if the caller so wishes.
    pub berichten: Vec<Uitwisseling>,
    /// The refusals, likewise.
    pub afwijzingen: Vec<Afwijzing>,
    /// Every party that can be chosen.
    pub partijen: Vec<String>,
    /// The party that was chosen; none for all.
    pub partij: Option<String>,
}

page!(Berichten, |_| "berichten", "berichten.html");

impl Berichten {
    /// Each party, and whether it is the chosen one.
    fn keuzes(&self) -> impl Iterator<Item = (&str, bool)> {
        let chosen = |naam: &String| self.partij.as_ref() == Some(naam);
        self.partijen
            .iter()
            .map(move |naam| (naam.as_str(), chosen(naam)))
    }

    fn voorbeelden() -> Vec<Self> {
        let partijen = vec![String::from("dva"), String::from("mitz")];
        let full = Self {
            berichten: Uitwisseling::voorbeelden(),
            afwijzingen: vec![Afwijzing::voorbeeld()],
            partijen: partijen.clone(),
            partij: Some(String::from("mitz")),
        };
        let empty = Self {
            berichten: Vec::new(),
            afwijzingen: Vec::new(),
            partijen,
            partij: None,
        };
        vec![full, empty]
    }
}
