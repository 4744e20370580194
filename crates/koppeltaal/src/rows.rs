//! How this framework's types become rows and come back.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use verdict::{BadRow, Body, Clear, IndexKey, Secrets, Space};

/// The version that is written into every row's JSON.
const ROW_VERSION: u64 = 1;

/// A body without a private part, as versioned JSON.
pub(crate) fn body(open: &impl Serialize, index: Vec<(&'static str, IndexKey)>) -> Clear {
    // Our own types always serialise: no maps with other than text keys, no failing `Serialize`.
    let open = serde_json::to_value(open).unwrap_or_default();
    Body {
        open: json!({ "v": ROW_VERSION, "d": open }),
        index,
        private: Secrets::none(),
    }
}

/// The open part.
pub(crate) fn open<T: DeserializeOwned>(space: Space, body: &Clear) -> Result<T, BadRow> {
    let bad = BadRow {
        space: space.0,
        member: "open part",
    };
    if body.open.get("v").and_then(Value::as_u64) != Some(ROW_VERSION) {
        return Err(bad);
    }
    T::deserialize(body.open.get("d").ok_or(bad)?).map_err(|_| bad)
}
