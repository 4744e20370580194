//! How this framework's types become rows and come back.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use verdict::{BadRow, Body, Clear, IndexKey, Secrets, Space};

/// The version that is written into every row's JSON.
const ROW_VERSION: u64 = 1;

/// A private part as it is kept.
#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    v: u64,
    d: T,
}

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
    let private = Versioned {
        v: ROW_VERSION,
        d: private,
    };
    Body {
        private: Secrets::new(serde_json::to_vec(&private).unwrap_or_default()),
        ..body(open, index)
    }
}

/// The private part.
pub(crate) fn private<T: DeserializeOwned>(space: Space, body: &Clear) -> Result<T, BadRow> {
    let bad = BadRow {
        space: space.0,
        member: "private part",
    };
    let read: Versioned<T> = serde_json::from_slice(body.private.reveal()).map_err(|_| bad)?;
    if read.v == ROW_VERSION {
        Ok(read.d)
    } else {
        Err(bad)
    }
}

/// The open part.
pub(crate) fn open<T: DeserializeOwned>(space: Space, body: &Clear) -> Result<T, BadRow> {
    let bad = BadRow {
        space: space.0,
        member: "open part",
    };
    if body.open.get("v").and_then(serde_json::Value::as_u64) != Some(ROW_VERSION) {
        return Err(bad);
    }
    T::deserialize(body.open.get("d").ok_or(bad)?).map_err(|_| bad)
}
