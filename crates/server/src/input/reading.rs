//! What every file's reader needs.

use std::fmt;

use super::InputFault;
use super::files::File;
use super::place::Place;

/// Items of one list, at most.
const ITEMS_MAX: usize = 100_000;

/// Characters of a name or sentence for people, at most.
const TEXT_CHARS_MAX: usize = 300;

/// Each item of a list with its place; the first fault ends it.
pub(super) fn each<W, T>(
    file: &File,
    place: &Place,
    written: Vec<W>,
    mut read: impl FnMut(&Place, W) -> Result<T, InputFault>,
) -> Result<Vec<T>, InputFault> {
    if written.len() > ITEMS_MAX {
        return Err(file.fault(place, "more than 100 000 entries"));
    }
    let items = written.into_iter().enumerate();
    items
        .map(|(index, item)| read(&place.item(index), item))
        .collect()
}

/// A text as the identifier that it should be. The identifier's own words tell what was expected.
pub(super) fn parsed<T, E: fmt::Display>(
    file: &File,
    place: &Place,
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, InputFault> {
    parse(text).map_err(|error| file.fault(place, error.to_string()))
}

/// A text that will stand in a list.
pub(super) fn list_text<T: std::str::FromStr>(
    file: &File,
    place: &Place,
    text: &str,
    expected: &str,
) -> Result<T, InputFault> {
    text.parse()
        .map_err(|_| file.fault(place, format!("expected {expected}")))
}

/// A text that people read.
pub(super) fn readable(file: &File, place: &Place, text: String) -> Result<String, InputFault> {
    let length = text.chars().count();
    if (1..=TEXT_CHARS_MAX).contains(&length) && !text.chars().any(char::is_control) {
        Ok(text)
    } else {
        Err(file.fault(place, "expected 1 to 300 characters on one line"))
    }
}

pub(super) fn twice(file: &File, place: &Place) -> InputFault {
    file.fault(place, "stands here already")
}
