//! `--input DIR`: people, providers, consents, clients, lists and records in place of the built-in
//! sample, which is itself such a folder.
//!
//! Reading goes in two steps: [`written`] is what stands in the files, [`meant`] is what it says,
//! in types that need no second look. Only the second travels on. A fault anywhere means no input
//! at all, and is told as [`InputFault`]: file, line, member and reason, without repeating what
//! stands there, since that may be a BSN.
//!
//! | file | says | where it is missing |
//! |---|---|---|
//! | `people.json` | who can log in | the sample's |
//! | `providers.json` | the care providers, and which DVA serves them | the sample's |
//! | `gegevensdiensten.json` | which searches a gegevensdienst means | the sample's |
//! | `localisation.json` | which providers know a person | the sample's |
//! | `consents.json` | what people decided before | the sample's |
//! | `clients.json` | clients; the sample's stay, unless one has the same `client_id` | the sample's |
//! | `etoegang.json` | the network of eToegang: services, apps, means, mandates | the sample's |
//! | `koppeltaal-fhir.json` | the FHIR resources that stand in it at the start | the sample's |
//! | `koppeltaal.json` | the domain of Koppeltaal, as `sluis domain` declares one | the sample's |
//! | `lists.json` | number and release of the lists, further nodes | the sample's |
//! | `settings.json` | what can be set | nothing is set |
//! | `records/URA.json` | a provider's FHIR R4 resources | with `people.json`: none; else the sample's |
//! | `lists/MedMij_….xml` | a list to publish as it is | generated |
//! | `parties.json` | which roles somebody else's server plays | every role is ours |
//! | `digid-metadata.xml` | another DigiD | the simulator |
//! | `trust/*.pem` | further roots | none |
//!
//! Another `.json` or `.xml` in one of these places is a mistake of spelling and refused. A member that
//! is not known is one too, and so are a list in place of an object, and `null`: [`strict`].
//!
//! `sample/schemas/` says the same for editors. `tests/input/cases/` holds each fault and its message.
//!
//! Start reading at [`Input::read`].

mod bsn_table;
mod clients;
mod etoegang;
mod fault;
mod files;
mod koppeltaal;
mod lists;
mod meaning;
mod meant;
mod nearest;
mod parties;
mod people;
mod place;
mod providers;
mod reading;
mod records;
mod registers;
mod search;
mod settings;
mod strict;
mod written;

pub use bsn_table::BsnTable;
pub use etoegang::{
    Dienstnaam, Etoegang, EtoegangApp, EtoegangMachtiging, EtoegangMiddel, EtoegangRegister,
    Gerechtigde, opnieuw,
};
pub use fault::InputFault;
pub use koppeltaal::{KoppeltaalResource, Maker};
pub use meant::{
    Client, ClientAuth, Consent, DvaId, Input, ListSettings, Person, Provider, ReplacedLists,
    Shows, ZAL_RULES,
};
pub(crate) use nearest::none_of;
pub use parties::{OutsideParties, OutsideParty};
pub use records::{Found, Records};
pub use registers::Registers;
pub use search::{BadSearch, SEARCH_PARAMETERS};
pub(crate) use settings::level;
pub use settings::{DvaSettings, MitzSettings, Settings};

#[cfg(test)]
mod tests;
