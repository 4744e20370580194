//! What goes to a FHIR server in one request: an event, or a Bundle of several where it takes those.

use std::iter;

use koppeltaal::outbox::{Bericht, Uitgaand};

/// See the module.
#[derive(Debug)]
pub(in crate::routes::koppeltaal) struct Zending<'a> {
    /// At least one.
    pub(in crate::routes::koppeltaal) berichten: Vec<&'a Bericht>,
}

impl<'a> Zending<'a> {
    /// The events of these rows, in their order. Those of a row of which one was refused go alone: a
    /// server may say no to a Bundle for one of its entries.
    pub(super) fn of_rows(
        rows: impl Iterator<Item = &'a Uitgaand>,
        takes_batches: bool,
    ) -> Vec<Self> {
        let mut zendingen = Vec::new();
        let mut together: Vec<&Bericht> = Vec::new();
        for row in rows {
            if takes_batches && row.refused == 0 {
                together.extend(&row.berichten);
                continue;
            }
            zendingen.extend(Self::in_bundles(std::mem::take(&mut together)));
            let alone = row.berichten.iter();
            zendingen.extend(alone.map(|bericht| Self {
                berichten: vec![bericht],
            }));
        }
        zendingen.extend(Self::in_bundles(together));
        zendingen
    }

    fn in_bundles(mut berichten: Vec<&'a Bericht>) -> impl Iterator<Item = Self> {
        iter::from_fn(move || {
            let fit = Bericht::that_fit(berichten.iter().copied());
            let later = berichten.split_off(fit);
            let berichten = std::mem::replace(&mut berichten, later);
            (!berichten.is_empty()).then_some(Self { berichten })
        })
    }
}
