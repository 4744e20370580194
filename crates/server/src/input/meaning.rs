//! From what is written to what it means: every text becomes a value of its type, or a fault.

use std::sync::Arc;

use super::clients::clients;
use super::etoegang::etoegang;
use super::files::Files;
use super::koppeltaal::{domein, resources};
use super::lists::{digid_metadata, lists, trust};
use super::parties::{parties, with_outside_pgo};
use super::people::{consents, localisation, people};
use super::providers::{gegevensdiensten, providers, records};
use super::{Input, InputFault, Settings};

/// What the files mean.
pub(super) fn of(files: &mut Files, port: u16) -> Result<Input, InputFault> {
    let gegevensdiensten = gegevensdiensten(&files.get("gegevensdiensten.json")?)?;
    let providers = providers(&files.get("providers.json")?, &gegevensdiensten)?;
    let clients = clients(files, port)?;
    let parties = parties(files, port, &clients)?;
    let settings = files.given("settings.json")?;
    let mut input = Input {
        people: people(&files.get("people.json")?)?,
        localisation: Arc::new(localisation(&files.get("localisation.json")?)?),
        consents: consents(&files.get("consents.json")?, &clients)?,
        records: Arc::new(records(files, &providers)?),
        koppeltaal: domein(files, port)?,
        koppeltaal_resources: resources(files, port)?,
        etoegang: etoegang(files, port)?,
        lists: lists(files)?,
        settings: settings.map_or_else(|| Ok(Settings::default()), |file| Settings::read(&file))?,
        digid_metadata: digid_metadata(files)?,
        trust: trust(files)?,
        parties,
        gegevensdiensten,
        providers,
        clients,
    };
    with_outside_pgo(&mut input);
    Ok(input)
}
