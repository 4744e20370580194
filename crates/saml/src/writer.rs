//! Writing XML: every value is escaped on its way out.

use std::fmt;

/// An element under construction.
pub struct El {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    content: Vec<Content>,
}

enum Content {
    El(El),
    Text(String),
    /// XML that is finished, such as a signed message: it must not change by a byte.
    Finished(String),
}

impl El {
    /// An empty element. Prefixes in names are declared with [`El::attr`] as `xmlns:…`.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            attributes: Vec::new(),
            content: Vec::new(),
        }
    }

    /// The element with this attribute.
    #[must_use]
    pub fn attr(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// The attribute, when there is a value.
    #[must_use]
    pub fn attr_if(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.attr(name, value),
            None => self,
        }
    }

    /// The element with this text at its end.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.content.push(Content::Text(text.into()));
        self
    }

    /// The element with this one at its end.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.content.push(Content::El(child));
        self
    }

    /// The element with these at its end, in order.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.content.extend(children.into_iter().map(Content::El));
        self
    }

    pub(crate) fn finished(mut self, xml: String) -> Self {
        self.content.push(Content::Finished(xml));
        self
    }

    /// The element as text, without an XML declaration.
    pub fn to_xml(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        out.push('<');
        out.push_str(self.name);
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            escape(value, out);
            out.push('"');
        }
        out.push('>');
        for content in &self.content {
            match content {
                Content::El(child) => child.write(out),
                Content::Text(text) => escape(text, out),
                Content::Finished(xml) => out.push_str(xml),
            }
        }
        out.push_str("</");
        out.push_str(self.name);
        out.push('>');
    }
}

impl fmt::Debug for El {
    /// Prints no content: an element may hold a BSN.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("El").field(&self.name).finish()
    }
}

/// Escapes for text and for attributes alike, so that no value can leave its place. What no XML
/// document may hold (control characters) becomes U+FFFD.
fn escape(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reader;

    #[test]
    fn values_cannot_leave_their_place() {
        let xml = El::new("a")
            .attr("b", "\"><evil x='&")
            .text("</a><!-- & -->]]>")
            .to_xml();
        assert_eq!(
            xml,
            "<a b=\"&quot;&gt;&lt;evil x='&amp;\">&lt;/a&gt;&lt;!-- &amp; --&gt;]]&gt;</a>"
        );
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        let xml = El::new("a").text("\0\u{1f}\u{ffff}\u{20}\r\n").to_xml();
        assert_eq!(xml, "<a>\u{fffd}\u{fffd}\u{fffd} &#13;&#10;</a>");
    }

    proptest! {
        #[test]
        fn any_value_is_read_back_unless_xml_cannot_hold_it(value in "\\PC*") {
            let xml = El::new("a").attr("b", &*value).child(El::new("c").text(&*value)).to_xml();
            let document = reader::parse(xml.as_bytes()).expect("well-formed");
            prop_assert_eq!(document.root().attribute("b"), Some(&*value));
            let text = document.root().children().next().and_then(reader::Element::text);
            prop_assert_eq!(text.as_deref(), Some(value.trim_matches(reader::is_space)));
        }
    }
}
