//! A framework's typed view of its rows.

use serde_json::Value;

use crate::{BadRow, Change, Clear, Expect, Key, Moment, PersonTag, Space, Then};

/// A type that is kept as rows of one space.
///
/// Implement it beside the type: `to_body` writes versioned JSON, `from_body` parses it. Rows are
/// parsed, never trusted: a restored backup or a careless hand may have left anything there.
pub trait Record: Sized {
    /// The kind of row.
    const SPACE: Space;

    /// The row's content.
    fn to_body(&self) -> Clear;

    /// Reads a row's content.
    ///
    /// # Errors
    /// [`BadRow`] names the member that is missing or has the wrong form.
    fn from_body(body: &Clear) -> Result<Self, BadRow>;

    /// The change that writes `self` as the row of `key` when `expect` holds.
    fn put(&self, key: Key, expect: Expect, until: Moment) -> Change<Clear> {
        Change {
            key,
            expect,
            then: Then::Put {
                until,
                body: self.to_body(),
            },
        }
    }
}

/// A row that was read: the value, and the version that a change to it must expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// Goes into [`Expect::Version`].
    pub version: u64,
    /// The row counts as absent from this moment on.
    pub until: Moment,
    /// The parsed content.
    pub value: T,
}

/// A text member of a row's open part.
///
/// # Errors
/// [`BadRow`] when it is missing or no string.
pub fn member<'a>(space: Space, open: &'a Value, name: &'static str) -> Result<&'a str, BadRow> {
    open.get(name).and_then(Value::as_str).ok_or(BadRow {
        space: space.0,
        member: name,
    })
}

/// A person's tag as text for a row's open part: key id, dot, 64 hexadecimal digits.
pub fn person_tag_to_hex(tag: PersonTag) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    let mut text = String::with_capacity(10 + 1 + 64);
    text.push_str(&tag.key_id.to_string());
    text.push('.');
    for byte in tag.tag {
        text.push(digit(byte >> 4));
        text.push(digit(byte));
    }
    text
}

/// Reads what [`person_tag_to_hex`] wrote; nothing for any other text.
pub fn person_tag_from_hex(text: &str) -> Option<PersonTag> {
    let (key_id, hex) = text.split_once('.')?;
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    let mut tag = [0; 32];
    for (byte, at) in tag.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
    }
    Some(PersonTag {
        key_id: key_id.parse().ok()?,
        tag,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_survives_its_text_form() {
        let tag = PersonTag {
            key_id: 3,
            tag: [0xab; 32],
        };
        assert_eq!(person_tag_from_hex(&person_tag_to_hex(tag)), Some(tag));
        let tag = PersonTag {
            key_id: u32::MAX,
            tag: std::array::from_fn(|at| u8::try_from(at * 7).unwrap_or(0x0f)),
        };
        let text = person_tag_to_hex(tag);
        assert!(text.starts_with("4294967295.00070e151c232a31"), "{text}");
        assert_eq!(person_tag_from_hex(&text), Some(tag));
        assert_eq!(person_tag_from_hex("3.zz"), None);
        assert_eq!(person_tag_from_hex("ab"), None);
    }
}
