//! XML: every element and attribute, indented, and the values that the lists allow.

use saml::reader::{self, Element};

use super::data::Budget;
use super::names;
use super::text::{self, HIDDEN, MORE};

/// What may be shown of a document; nothing for one that the strict reader refuses.
pub(super) fn shown(bytes: &[u8], budget: &mut Budget) -> Option<String> {
    let document = reader::parse_tolerating_comments(bytes).ok()?;
    let mut out = String::new();
    element(document.root(), 0, &mut out, budget);
    if budget.is_spent() {
        out.push_str(MORE);
    }
    Some(out)
}

/// Writes an element; `depth` is bounded by the reader.
fn element(of: Element<'_>, depth: usize, out: &mut String, budget: &mut Budget) {
    let name = name(&of.written_name());
    let mut children = of.children().peekable();
    if children.peek().is_none() {
        let text = of.text().unwrap_or_default();
        let end = match &*text {
            "" => "/>".to_owned(),
            text if names::is_xml_text(of.local_name()) => {
                format!(">{}</{name}>", escaped(&text::shown(text)))
            }
            _ => format!(">{HIDDEN}</{name}>"),
        };
        line(
            &format!("<{name}{}{end}", attributes(of)),
            depth,
            out,
            budget,
        );
        return;
    }
    line(&format!("<{name}{}>", attributes(of)), depth, out, budget);
    for child in children {
        if budget.is_spent() {
            return;
        }
        element(child, depth + 1, out, budget);
    }
    line(&format!("</{name}>"), depth, out, budget);
}

fn line(text: &str, depth: usize, out: &mut String, budget: &mut Budget) {
    let line = format!("{}{text}\n", "  ".repeat(depth));
    if budget.allows(&line) {
        out.push_str(&line);
    }
}

/// The attributes of an element with a space before each, declarations of namespaces first.
fn attributes(of: Element<'_>) -> String {
    let namespaces = of.namespaces().map(|(prefix, uri)| {
        let name = match prefix {
            "" => "xmlns".to_owned(),
            prefix => format!("xmlns:{}", name(prefix)),
        };
        (name, names::is_namespace(uri), uri)
    });
    let element = of.local_name();
    let attributes = of.attributes().map(|(written, local, value)| {
        let is_shown = names::is_xml_attribute(element, local);
        (name(&written), is_shown, value)
    });
    let shown = |(name, is_shown, value): (String, bool, &str)| {
        let value = if is_shown {
            escaped(&text::shown(value))
        } else {
            HIDDEN.to_owned()
        };
        format!(" {name}=\"{value}\"")
    };
    namespaces.chain(attributes).map(shown).collect()
}

/// The name, if it is one that somebody thought of.
fn name(written: &str) -> String {
    let is_name = names::is_name(written);
    if is_name { written } else { HIDDEN }.to_owned()
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
