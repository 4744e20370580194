//! Rows whose parts are versioned JSON: `{"v": 1, "d": …}`, an open part for people and indexes, a
//! private part that is sealed.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{BadRow, Body, Clear, IndexKey, PersonTag, Secrets, Space, person_tag_from_hex};

/// The version that is written into every row's JSON.
const ROW_VERSION: u64 = 1;

/// A private part as it is kept.
#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    v: u64,
    d: T,
}

/// A body without a private part.
pub fn body(open: &impl Serialize, index: Vec<(&'static str, IndexKey)>) -> Clear {
    // Our own types always serialise: no maps with other than text keys, no failing `Serialize`.
    let open = serde_json::to_value(open).unwrap_or_default();
    // Not by `json!`, which would copy what is moved here.
    let mut versioned = Map::new();
    versioned.insert("d".to_owned(), open);
    versioned.insert("v".to_owned(), ROW_VERSION.into());
    Body {
        open: Value::Object(versioned),
        index,
        private: Secrets::none(),
    }
}

/// A body with both parts.
pub fn body_with_private(
    open: &impl Serialize,
    private: &impl Serialize,
    index: Vec<(&'static str, IndexKey)>,
) -> Clear {
    let private = Versioned {
        v: ROW_VERSION,
        d: private,
    };
    Body {
        private: Secrets::new(serde_json::to_vec(&private).unwrap_or_default()),
        ..body(open, index)
    }
}

/// The open part.
///
/// # Errors
/// [`BadRow`] for another version or form.
pub fn open<T: DeserializeOwned>(space: Space, body: &Clear) -> Result<T, BadRow> {
    let bad = bad(space, "open part");
    if body.open.get("v").and_then(Value::as_u64) != Some(ROW_VERSION) {
        return Err(bad);
    }
    T::deserialize(body.open.get("d").ok_or(bad)?).map_err(|_| bad)
}

/// The private part.
///
/// # Errors
/// [`BadRow`] for another version or form.
pub fn private<T: DeserializeOwned>(space: Space, body: &Clear) -> Result<T, BadRow> {
    let bad = bad(space, "private part");
    let read: Versioned<T> = serde_json::from_slice(body.private.reveal()).map_err(|_| bad)?;
    if read.v == ROW_VERSION {
        Ok(read.d)
    } else {
        Err(bad)
    }
}

/// A person's tag in an open part.
///
/// # Errors
/// [`BadRow`] for other text.
pub fn person(space: Space, text: &str) -> Result<PersonTag, BadRow> {
    person_tag_from_hex(text).ok_or_else(|| bad(space, "persoon"))
}

const fn bad(space: Space, member: &'static str) -> BadRow {
    BadRow {
        space: space.0,
        member,
    }
}
