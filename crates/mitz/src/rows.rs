//! How this framework's types become rows and come back.

use identity::Loa;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use verdict::{BadRow, Body, Clear, IndexKey, PersonTag, Secrets, Space};

/// The version that is written into every row's JSON.
const ROW_VERSION: u64 = 1;

/// A body with an open and a private part, both as versioned JSON.
pub(crate) fn body(
    open: &impl Serialize,
    private: Option<&impl Serialize>,
    index: Vec<(&'static str, IndexKey)>,
) -> Clear {
    let private = private.map(|part| versioned(part).to_string().into_bytes());
    Body {
        open: versioned(open),
        index,
        private: private.map_or_else(Secrets::none, Secrets::new),
    }
}

/// Our own types always serialise: no maps with other than text keys, no failing `Serialize`.
fn versioned(part: &impl Serialize) -> Value {
    json!({ "v": ROW_VERSION, "d": serde_json::to_value(part).unwrap_or_default() })
}

/// The open part.
pub(crate) fn open<T: DeserializeOwned>(space: Space, body: &Clear) -> Result<T, BadRow> {
    read(space, &body.open, "open part")
}

/// The private part.
pub(crate) fn private<T: DeserializeOwned>(space: Space, body: &Clear) -> Result<T, BadRow> {
    let bad = BadRow {
        space: space.0,
        member: "private part",
    };
    let value: Value = serde_json::from_slice(body.private.reveal()).map_err(|_| bad)?;
    read(space, &value, "private part")
}

fn read<T: DeserializeOwned>(
    space: Space,
    value: &Value,
    member: &'static str,
) -> Result<T, BadRow> {
    let bad = BadRow {
        space: space.0,
        member,
    };
    if value.get("v").and_then(Value::as_u64) != Some(ROW_VERSION) {
        return Err(bad);
    }
    let data = value.get("d").ok_or(bad)?;
    T::deserialize(data).map_err(|_| bad)
}

/// The key of a row that a person has once for each client.
pub(crate) fn person_and_client(persoon: PersonTag, client_id: &str) -> Vec<u8> {
    let mut key = persoon.to_bytes().to_vec();
    key.extend(client_id.as_bytes());
    key
}

/// A person's tag in an open part.
pub(crate) fn person(space: Space, text: &str) -> Result<PersonTag, BadRow> {
    verdict::person_tag_from_hex(text).ok_or(BadRow {
        space: space.0,
        member: "persoon",
    })
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
