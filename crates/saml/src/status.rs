//! The status of an answer (SAML core 3.2.2): a first code, and at most one more precise one.

use crate::names::PROTOCOL;
use crate::reader::Element;
use crate::writer::El;

/// `samlp:Status` with these codes.
pub(crate) fn write(first: &str, second: Option<&str>) -> El {
    let code = |value: &str| El::new("samlp:StatusCode").attr("Value", value);
    El::new("samlp:Status").child(code(first).children(second.map(code)))
}

/// The same with a line that says why.
pub(crate) fn write_with(first: &str, second: &str, message: &str) -> El {
    write(first, Some(second)).child(El::new("samlp:StatusMessage").text(message))
}

/// First and second status code.
pub(crate) fn read(message: Element<'_>) -> Option<(&str, Option<&str>)> {
    let first = message
        .only(PROTOCOL, "Status")?
        .only(PROTOCOL, "StatusCode")?;
    let mut second = first.all(PROTOCOL, "StatusCode");
    let value = match second.next() {
        Some(code) => Some(code.attribute("Value")?),
        None => None,
    };
    Some((first.attribute("Value")?, value))
}
