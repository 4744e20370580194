//! Rows whose parts are versioned JSON: `{"v": 1, "d": …}`, an open part for people and indexes, a
//! private part that is sealed.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{BadRow, Body, Clear, IndexKey, Open, PersonTag, Secrets, Space, person_tag_from_hex};

/// The version that is written into every row's JSON.
const ROW_VERSION: u64 = 1;

/// A part as it is kept.
#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    v: u64,
    d: T,
}

/// A body without a private part.
pub fn body(open: &impl Serialize, index: Vec<(&'static str, IndexKey)>) -> Clear {
    let versioned = Versioned {
        v: ROW_VERSION,
        d: open,
    };
    Body {
        open: Open::of(&versioned),
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
    current(body.open.read()).ok_or_else(|| bad(space, "open part"))
}

/// The private part.
///
/// # Errors
/// [`BadRow`] for another version or form.
pub fn private<T: DeserializeOwned>(space: Space, body: &Clear) -> Result<T, BadRow> {
    current(serde_json::from_slice(body.private.reveal())).ok_or_else(|| bad(space, "private part"))
}

/// What is written in a part, if it is of this version.
fn current<T>(read: serde_json::Result<Versioned<T>>) -> Option<T> {
    let Versioned { v, d } = read.ok()?;
    (v == ROW_VERSION).then_some(d)
}

/// A person's tag in an open part.
///
/// # Errors
/// [`BadRow`] for other text.
pub fn person(space: Space, text: &str) -> Result<PersonTag, BadRow> {
    person_tag_from_hex(text).ok_or_else(|| bad(space, "persoon"))
}

/// The same where there may be none.
///
/// # Errors
/// As [`person`].
pub fn perhaps_person(space: Space, hex: Option<&str>) -> Result<Option<PersonTag>, BadRow> {
    hex.map(|hex| person(space, hex)).transpose()
}

const fn bad(space: Space, member: &'static str) -> BadRow {
    BadRow {
        space: space.0,
        member,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACE: Space = Space("test.row");

    #[test]
    fn rows_of_each_order_of_members_are_read_and_those_of_another_version_are_not() {
        let read = |text| {
            let body = Clear {
                open: Open::parse(text).expect("JSON"),
                private: Secrets::new(text.as_bytes().to_vec()),
                ..Clear::default()
            };
            (open::<u8>(SPACE, &body), private::<u8>(SPACE, &body))
        };
        assert_eq!(read(r#"{"v":1,"d":7}"#), (Ok(7), Ok(7)));
        // As the release before wrote the open part.
        assert_eq!(read(r#"{"d":7,"v":1}"#), (Ok(7), Ok(7)));
        let refused = (
            Err(bad(SPACE, "open part")),
            Err(bad(SPACE, "private part")),
        );
        for other in [r#"{"v":2,"d":7}"#, r#"{"v":1}"#, r#"{"v":1,"d":"7"}"#, "[]"] {
            assert_eq!(read(other), refused, "{other}");
        }
        assert_eq!(open::<u8>(SPACE, &Clear::default()), refused.0);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let body = body_with_private(&["open"], &["private"], Vec::new());
        assert_eq!(body.open.as_str(), r#"{"v":1,"d":["open"]}"#);
        assert_eq!(open::<[String; 1]>(SPACE, &body), Ok(["open".to_owned()]));
        assert_eq!(
            private::<[String; 1]>(SPACE, &body),
            Ok(["private".to_owned()])
        );
    }
}
