//! What stands in a domain at the start of the demo: each application makes its own resources,
//! through the gateway, once. References to what another makes wait until that is there.

use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use super::{Applicatie, Bundle, Mislukt, text};
use crate::input::{KoppeltaalResource, Maker};

/// By what a resource of the sample is found again.
const SYSTEM: &str = "https://sluis.example/voorbeeld";
/// Between two tries: what is waited for is made by a party beside this one.
const AGAIN: Duration = Duration::from_secs(1);

/// The resources of the sample.
#[derive(Clone)]
pub(in crate::routes) struct Seeds(Vec<KoppeltaalResource>);

impl Seeds {
    pub(in crate::routes) fn new(resources: &[KoppeltaalResource]) -> Self {
        Self(resources.to_vec())
    }

    /// Makes what this application makes and is not there yet, for as long as it takes.
    pub(in crate::routes) async fn sow(&self, applicatie: &Applicatie, maker: Maker) {
        for seed in self.0.iter().filter(|seed| seed.by == maker) {
            let mut failed = 0_u32;
            while let Err(Mislukt(reason)) = self.sow_one(applicatie, seed).await {
                failed = failed.saturating_add(1);
                if failed == 10 {
                    let party = applicatie.app.party;
                    tracing::warn!(party, name = seed.name, reason, "the sample waits");
                }
                sleep(AGAIN * failed.min(10)).await;
            }
        }
    }

    async fn sow_one(
        &self,
        applicatie: &Applicatie,
        seed: &KoppeltaalResource,
    ) -> Result<(), Mislukt> {
        let soort = text(&seed.resource, "resourceType").unwrap_or_default();
        if find(applicatie, soort, &seed.name).await?.is_some() {
            return Ok(());
        }
        let mut resource = seed.resource.clone();
        self.resolve(applicatie, &mut resource).await?;
        applicatie.create(soort, &resource).await
    }

    /// Puts the reference in the place of each `{name}`.
    async fn resolve(&self, applicatie: &Applicatie, value: &mut Value) -> Result<(), Mislukt> {
        let mut places = vec![value];
        while let Some(place) = places.pop() {
            match place {
                Value::Object(members) => places.extend(members.values_mut()),
                Value::Array(items) => places.extend(items),
                Value::String(written) => {
                    let Some(seed) = self.named(written) else {
                        continue;
                    };
                    let soort = text(&seed.resource, "resourceType").unwrap_or_default();
                    let found = find(applicatie, soort, &seed.name).await?;
                    *written = found.ok_or(Mislukt("what is referred to is not there yet"))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn named(&self, written: &str) -> Option<&KoppeltaalResource> {
        let name = written.strip_prefix('{')?.strip_suffix('}')?;
        self.0.iter().find(|seed| seed.name == name)
    }
}

/// The reference to a resource of the sample, if it is there.
async fn find(applicatie: &Applicatie, soort: &str, name: &str) -> Result<Option<String>, Mislukt> {
    let path = format!("{soort}?identifier={SYSTEM}%7C{name}");
    let found = Bundle::of(applicatie.get(&path).await?.resource);
    let first = found.resources().next().and_then(|found| text(found, "id"));
    Ok(first.map(|id| format!("{soort}/{id}")))
}
