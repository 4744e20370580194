//! What goes to a FHIR server in one request: an event, or a Bundle of several where it takes those.

use std::iter;

use koppeltaal::auditevent::Waarnemer;
use koppeltaal::outbox::{Brief, Uitgaand};

use crate::routes::koppeltaal::DomeinNu;

/// See the module.
#[derive(Debug)]
pub(in crate::routes::koppeltaal) struct Zending {
    /// At least one.
    pub(in crate::routes::koppeltaal) brieven: Vec<Brief>,
}

impl Zending {
    /// The events of these rows of a domain, in their order. Those of a row of which one was refused go
    /// alone: a server may say no to a Bundle for one of its entries.
    pub(super) fn of_rows<'a>(
        rows: impl Iterator<Item = &'a Uitgaand>,
        domein: &DomeinNu,
        takes_batches: bool,
    ) -> Vec<Self> {
        let mut zendingen = Vec::new();
        let mut together = Vec::new();
        for row in rows {
            let device = row.voorziening.unwrap_or(domein.configuratie.voorziening);
            let waarnemer = Waarnemer::new(device, &domein.urls);
            let brieven = row
                .berichten
                .iter()
                .map(|bericht| bericht.brief(&waarnemer));
            if takes_batches && row.refused == 0 {
                together.extend(brieven);
                continue;
            }
            zendingen.extend(Self::in_bundles(std::mem::take(&mut together)));
            zendingen.extend(brieven.map(|brief| Self {
                brieven: vec![brief],
            }));
        }
        zendingen.extend(Self::in_bundles(together));
        zendingen
    }

    fn in_bundles(mut brieven: Vec<Brief>) -> impl Iterator<Item = Self> {
        iter::from_fn(move || {
            let later = brieven.split_off(Brief::that_fit(&brieven));
            let brieven = std::mem::replace(&mut brieven, later);
            (!brieven.is_empty()).then_some(Self { brieven })
        })
    }
}
