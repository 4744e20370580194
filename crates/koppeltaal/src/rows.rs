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

/// The same with a private part.
pub(crate) fn body_with_private(
    open: &impl Serialize,
    private: &impl Serialize,
    index: Vec<(&'static str, IndexKey)>,
) -> Clear {
    let private = serde_json::to_value(private).unwrap_or_default();
    let private = json!({ "v": ROW_VERSION, "d": private }).to_string();
    Body {
        private: Secrets::new(private.into_bytes()),
        ..body(open, index)
    }
}

/// The private part.
pub(crate) fn private<T: DeserializeOwned>(space: Space, body: &Clear) -> Result<T, BadRow> {
    let bad = BadRow {
        space: space.0,
        member: "private part",
    };
    let value: Value = serde_json::from_slice(body.private.reveal()).map_err(|_| bad)?;
    if value.get("v").and_then(Value::as_u64) != Some(ROW_VERSION) {
        return Err(bad);
    }
    T::deserialize(value.get("d").ok_or(bad)?).map_err(|_| bad)
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
