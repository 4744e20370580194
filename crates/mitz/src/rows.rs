//! What rows of this framework share.

use identity::Loa;
use verdict::{BadRow, PersonTag, Space};

/// The key of a row that a person has once for each client.
pub(crate) fn person_and_client(persoon: PersonTag, client_id: &str) -> Vec<u8> {
    let mut key = persoon.to_bytes().to_vec();
    key.extend(client_id.as_bytes());
    key
}

/// A level of DigiD by its number (digid.md §2.3).
pub(crate) fn level(space: Space, number: u8) -> Result<Loa, BadRow> {
    [Loa::Basis, Loa::Midden, Loa::Substantieel, Loa::Hoog]
        .into_iter()
        .find(|level| level.number() == number)
        .ok_or(BadRow {
            space: space.0,
            member: "level",
        })
}
