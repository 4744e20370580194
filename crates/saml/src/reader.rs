//! Strict XML reading: what a SAML message may be, and nothing else.
//!
//! The parser is uppsala's. Around it stand the bounds, and the refusal of everything that makes
//! two programs read one document differently: document types, entities, processing instructions,
//! comments, repeated identifiers, other encodings.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use uppsala::{NodeId, NodeKind, Parser};

use crate::names;

/// How much of a document is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the whole.
    pub bytes: usize,
    /// The deepest nesting of elements.
    pub depth: u32,
    /// How many `<` there may be: a bound on elements, and so on memory.
    pub tags: usize,
    /// How many `=` may stand between one `<` and the next: a bound on the attributes of an element.
    /// The parser compares every attribute of an element with every other.
    pub equals: usize,
    /// How many namespace declarations there may be: the parser searches those in scope one by one.
    pub namespaces: usize,
}

impl Bounds {
    /// Of a message. DigiD's answers are below 16 KiB, metadata with many certificates below 64 KiB;
    /// an answer has 12 levels, one with `Advice` about 20.
    pub const MESSAGE: Self = Self {
        bytes: 256 * 1024,
        depth: 64,
        tags: 256 * 1024,
        equals: 256,
        namespaces: 1024,
    };
}

/// Why bytes are no message. No variant repeats any part of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Longer than [`Bounds::bytes`].
    TooLarge,
    /// More elements, attributes or namespace declarations than [`Bounds`] allows.
    TooMany,
    /// Not UTF-8, or declared to be something else.
    NotUtf8,
    /// A document type declaration, and with it the way to entities (digid case 31).
    Doctype,
    /// A processing instruction.
    ProcessingInstruction,
    /// A comment (digid case 30).
    Comment,
    /// One identifier on two elements.
    DuplicateId,
    /// Not well-formed, or nested deeper than [`Bounds::depth`].
    Malformed,
}

impl Unreadable {
    /// One line for the operator.
    pub const fn text(self) -> &'static str {
        match self {
            Self::TooLarge => "the message is longer than any that is read",
            Self::TooMany => "the message has more attributes or namespaces than any SAML message",
            Self::NotUtf8 => "the message is not UTF-8",
            Self::Doctype => "the message has a document type declaration",
            Self::ProcessingInstruction => "the message has a processing instruction",
            Self::Comment => "the message has a comment",
            Self::DuplicateId => "the message has one identifier on two elements",
            Self::Malformed => "the message is not well-formed XML",
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for Unreadable {}

/// Reads a protocol message. Comments are refused.
pub fn parse(message: &[u8]) -> Result<Document, Unreadable> {
    parse_within(message, Bounds::MESSAGE)
}

/// [`parse`] within other bounds than those of a message.
pub fn parse_within(message: &[u8], bounds: Bounds) -> Result<Document, Unreadable> {
    let document = parse_tolerating_comments_within(message, bounds)?;
    let comment = |id| matches!(document.0.node_kind(id), Some(NodeKind::Comment(_)));
    if document
        .0
        .descendants(document.0.root())
        .into_iter()
        .any(comment)
    {
        return Err(Unreadable::Comment); // digid case 30
    }
    Ok(document)
}

/// Reads a file that a person may have edited, such as metadata. Comments are skipped, and the
/// text around one is read as a whole.
pub fn parse_tolerating_comments(message: &[u8]) -> Result<Document, Unreadable> {
    parse_tolerating_comments_within(message, Bounds::MESSAGE)
}

/// [`parse_tolerating_comments`] within other bounds than those of a message.
pub fn parse_tolerating_comments_within(
    message: &[u8],
    bounds: Bounds,
) -> Result<Document, Unreadable> {
    let text = bounded_text(message, bounds)?;
    let parser = Parser::new()
        .with_forbid_dtd(true)
        .with_max_depth(bounds.depth);
    let document = parser.parse(text).map_err(|_| Unreadable::Malformed)?;
    let declared = document
        .xml_declaration
        .as_ref()
        .and_then(|d| d.encoding.as_deref());
    if declared.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("UTF-8")) {
        return Err(Unreadable::NotUtf8);
    }
    refuse_instructions_and_double_ids(&document)?;
    let root = document.document_element().ok_or(Unreadable::Malformed)?;
    Ok(Document(document.into_static(), root))
}

/// A document that passed every check of [`parse`].
pub struct Document(uppsala::Document<'static>, NodeId);

impl Document {
    /// The document element.
    pub const fn root(&self) -> Element<'_> {
        Element {
            document: &self.0,
            id: self.1,
        }
    }
}

impl fmt::Debug for Document {
    /// Prints no content: a document may hold a BSN.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Document(***)")
    }
}

/// An element of a document. It leads to its children only, never up or sideways.
#[derive(Clone, Copy)]
pub struct Element<'d> {
    document: &'d uppsala::Document<'static>,
    id: NodeId,
}

impl<'d> Element<'d> {
    /// Whether this is the element `name` of the namespace.
    pub fn is(self, namespace: &str, name: &str) -> bool {
        self.inner()
            .is_some_and(|el| el.matches_name_ns(namespace, name))
    }

    /// The value of the attribute of this name that has no namespace.
    pub fn attribute(self, name: &str) -> Option<&'d str> {
        let attributes = &self.inner()?.attributes;
        let named = |a: &&uppsala::Attribute<'_>| a.name.matches(None, name);
        attributes.iter().find(named).map(|a| &*a.value)
    }

    /// The value of the attribute of this name and namespace.
    pub fn attribute_of(self, namespace: &str, name: &str) -> Option<&'d str> {
        self.inner()?.get_attribute_ns(namespace, name)
    }

    /// The elements directly below this one, in order.
    pub fn children(self) -> impl Iterator<Item = Self> + use<'d> {
        let document = self.document;
        let element = move |id: &NodeId| document.element(*id).is_some();
        document
            .children_iter(self.id)
            .filter(element)
            .map(move |id| Element { document, id })
    }

    /// The elements of this name directly below this one.
    pub fn all<'n>(
        self,
        namespace: &'n str,
        name: &'n str,
    ) -> impl Iterator<Item = Self> + use<'d, 'n> {
        self.children()
            .filter(move |child| child.is(namespace, name))
    }

    /// The only element of this name directly below this one; nothing when there are none or two.
    pub fn only(self, namespace: &str, name: &str) -> Option<Self> {
        let mut all = self.all(namespace, name);
        let first = all.next()?;
        all.next().is_none().then_some(first)
    }

    /// The whole text, without white space at its ends; nothing when there are elements inside.
    /// Text on both sides of a comment, and CDATA, belong to it (digid case 30).
    pub fn text(self) -> Option<String> {
        if self.children().next().is_some() {
            return None;
        }
        let text = self.document.text_content_deep(self.id);
        Some(text.trim_matches(is_space).to_owned())
    }

    /// The name without its prefix.
    pub fn local_name(self) -> &'d str {
        self.inner().map_or("", |el| &*el.name.local_name)
    }

    /// The name as it is written: with its prefix, if it has one.
    pub fn written_name(self) -> String {
        self.inner()
            .map_or_else(String::new, |el| written(&el.name))
    }

    /// Every attribute in order: its name as it is written, that name without prefix, and the value.
    /// Declarations of namespaces are none.
    pub fn attributes(self) -> impl Iterator<Item = (String, &'d str, &'d str)> {
        let attributes = self.inner().into_iter().flat_map(|el| &el.attributes);
        attributes.map(|a| (written(&a.name), &*a.name.local_name, &*a.value))
    }

    /// The namespaces that this element declares, by prefix; the default one has an empty prefix.
    pub fn namespaces(self) -> impl Iterator<Item = (&'d str, &'d str)> {
        let declared = self.inner().into_iter();
        let declared = declared.flat_map(|el| &el.namespace_declarations);
        declared.map(|(prefix, uri)| (&**prefix, &**uri))
    }

    /// Where the element stands in the bytes that were read, both tags included.
    pub(crate) fn range(self) -> Option<Range<usize>> {
        self.document.node_range(self.id)
    }

    pub(crate) const fn document(self) -> &'d uppsala::Document<'static> {
        self.document
    }

    pub(crate) const fn id(self) -> NodeId {
        self.id
    }

    fn inner(self) -> Option<&'d uppsala::Element<'static>> {
        self.document.element(self.id)
    }
}

impl fmt::Debug for Element<'_> {
    /// Prints no content: an element may hold a BSN.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Element(***)")
    }
}

fn written(name: &uppsala::QName<'_>) -> String {
    match name.prefix.as_deref() {
        Some(prefix) if !prefix.is_empty() => format!("{prefix}:{}", name.local_name),
        _ => name.local_name.to_string(),
    }
}

/// XML's white space (XML 1.0 production 3), which is less than Unicode's.
pub(crate) const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The checks that must come before the parser.
fn bounded_text(message: &[u8], bounds: Bounds) -> Result<&str, Unreadable> {
    if message.len() > bounds.bytes {
        return Err(Unreadable::TooLarge);
    }
    let text = str::from_utf8(message).map_err(|_| Unreadable::NotUtf8)?;
    if text.contains("<!DOCTYPE") {
        return Err(Unreadable::Doctype); // digid case 31
    }
    let equals = |piece: &str| piece.bytes().filter(|byte| *byte == b'=').count();
    if text.split('<').any(|piece| equals(piece) > bounds.equals)
        || text.matches('<').count() > bounds.tags
        || text.matches("xmlns").count() > bounds.namespaces
    {
        return Err(Unreadable::TooMany);
    }
    Ok(text)
}

/// Every attribute that some program takes for an identifier counts: a signature that names the
/// identifier must find one element, whoever looks.
fn refuse_instructions_and_double_ids(document: &uppsala::Document<'_>) -> Result<(), Unreadable> {
    let mut seen = HashSet::new();
    for id in document.descendants(document.root()) {
        match document.node_kind(id) {
            Some(NodeKind::ProcessingInstruction(_)) => {
                return Err(Unreadable::ProcessingInstruction);
            }
            Some(NodeKind::Element(element)) => {
                for attribute in element.attributes.iter().filter(|a| is_identifier(a)) {
                    if !seen.insert(&*attribute.value) {
                        return Err(Unreadable::DuplicateId);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_identifier(attribute: &uppsala::Attribute<'_>) -> bool {
    match attribute.name.namespace_uri.as_deref() {
        None => matches!(
            &*attribute.name.local_name,
            "ID" | "Id" | "id" | "AssertionID"
        ),
        Some(namespace) => namespace == names::XML && attribute.name.local_name == "id",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_attributes_are_told_as_they_are_written() {
        let xml = "<s:a xmlns:s='urn:s' xmlns='urn:d' s:x='1' y='2'><b/></s:a>";
        let document = parse(xml.as_bytes()).expect("readable");
        let root = document.root();
        assert_eq!(
            (root.written_name().as_str(), root.local_name()),
            ("s:a", "a")
        );
        let attributes: Vec<_> = root.attributes().collect();
        let (first, second) = (("s:x".to_owned(), "x", "1"), ("y".to_owned(), "y", "2"));
        assert_eq!(attributes, [first, second]);
        let mut namespaces: Vec<_> = root.namespaces().collect();
        namespaces.sort_unstable();
        assert_eq!(namespaces, [("", "urn:d"), ("s", "urn:s")]);
        let b = root.children().next().expect("b");
        assert_eq!(b.written_name(), "b");
    }

    fn refusal(xml: &str) -> Unreadable {
        parse(xml.as_bytes()).expect_err("refused")
    }

    #[test]
    fn ordinary_xml_is_read() {
        let xml = "\u{feff}<?xml version='1.0' encoding='utf-8'?>\n<a ID='1'>\n <b id='2'> x&amp;&#65;<![CDATA[<y]]> </b>\n</a>\n";
        let document = parse(xml.as_bytes()).expect("readable");
        let b = document.root().children().next().expect("b");
        assert_eq!(b.text().as_deref(), Some("x&A<y"));
        assert_eq!(b.attribute("id"), Some("2"));
    }

    #[test]
    fn digid_case_031_a_document_type_is_refused_wherever_it_stands() {
        assert_eq!(refusal("<!DOCTYPE a><a/>"), Unreadable::Doctype);
        let entity = "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>";
        assert_eq!(refusal(entity), Unreadable::Doctype);
        assert_eq!(refusal("<a>&e;</a>"), Unreadable::Malformed);
    }

    #[test]
    fn digid_case_030_a_comment_is_refused_in_messages_and_joins_its_text_elsewhere() {
        for xml in ["<!-- c --><a/>", "<a>1<!-- c -->2</a>", "<a/><!-- c -->"] {
            assert_eq!(refusal(xml), Unreadable::Comment);
        }
        let document = parse_tolerating_comments(b"<a>1<!-- c -->2</a>").expect("readable");
        assert_eq!(document.root().text().as_deref(), Some("12"));
    }

    #[test]
    fn processing_instructions_are_refused() {
        for xml in ["<?x y?><a/>", "<a><?x y?></a>", "<a/><?x?>"] {
            assert_eq!(refusal(xml), Unreadable::ProcessingInstruction);
        }
    }

    #[test]
    fn only_utf8_is_read() {
        assert_eq!(parse(b"<a>\xff</a>").unwrap_err(), Unreadable::NotUtf8);
        assert_eq!(
            parse(b"\xff\xfe<\0a\0/\0>\0").unwrap_err(),
            Unreadable::NotUtf8
        );
        let declared = "<?xml version='1.0' encoding='ISO-8859-1'?><a/>";
        assert_eq!(refusal(declared), Unreadable::NotUtf8);
    }

    #[test]
    fn size_depth_attributes_and_namespaces_are_bounded() {
        let sized = |bytes: usize| format!("<a>{}</a>", "x".repeat(bytes - 7));
        assert!(parse(sized(Bounds::MESSAGE.bytes).as_bytes()).is_ok());
        assert_eq!(
            refusal(&sized(Bounds::MESSAGE.bytes + 1)),
            Unreadable::TooLarge
        );

        let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(parse(deep(64).as_bytes()).is_ok());
        assert_eq!(refusal(&deep(65)), Unreadable::Malformed);

        let wide = |count: usize| {
            let attributes: Vec<_> = (0..count).map(|n| format!("a{n}=''")).collect();
            format!("<a {}/>", attributes.join(" "))
        };
        assert!(parse(wide(Bounds::MESSAGE.equals).as_bytes()).is_ok());
        assert_eq!(
            refusal(&wide(Bounds::MESSAGE.equals + 1)),
            Unreadable::TooMany
        );

        let spaces = |count: usize| format!("<a>{}</a>", "<b xmlns='u'/>".repeat(count));
        assert!(parse(spaces(Bounds::MESSAGE.namespaces).as_bytes()).is_ok());
        assert_eq!(
            refusal(&spaces(Bounds::MESSAGE.namespaces + 1)),
            Unreadable::TooMany
        );
    }

    #[test]
    fn an_identifier_belongs_to_one_element() {
        for (one, two) in [
            ("ID", "ID"),
            ("ID", "Id"),
            ("id", "AssertionID"),
            ("Id", "xml:id"),
        ] {
            let xml = format!("<a {one}='x'><b {two}='x'/></a>");
            assert_eq!(refusal(&xml), Unreadable::DuplicateId, "{xml}");
        }
        assert!(parse(b"<a ID='x'><b ID='y' other='x' xmlns:o='u' o:id='x'/></a>").is_ok());
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for xml in [
            "",
            " ",
            "<a>",
            "<a/><b/>",
            "x",
            "<a b='1' b='2'/>",
            "<p:a/>",
            "<a>&#0;</a>",
        ] {
            assert_eq!(refusal(xml), Unreadable::Malformed, "{xml}");
        }
    }

    #[test]
    fn attributes_are_found_by_their_full_name() {
        let document = parse(b"<a xmlns:o='u' o:ID='other'/>").expect("readable");
        assert_eq!(document.root().attribute("ID"), None);
        assert_eq!(document.root().attribute_of("u", "ID"), Some("other"));
        assert_eq!(document.root().attribute_of("v", "ID"), None);
    }

    #[test]
    fn only_means_exactly_one() {
        let document = parse(b"<a xmlns='u'><b/><c/><c/></a>").expect("readable");
        assert!(document.root().only("u", "b").is_some());
        assert!(document.root().only("u", "c").is_none());
        assert!(document.root().only("u", "d").is_none());
        assert!(document.root().only("v", "b").is_none());
        assert_eq!(document.root().all("u", "c").count(), 2);
        assert_eq!(document.root().text(), None);
    }

    #[test]
    fn documents_print_nothing_of_their_content() {
        let document = parse(b"<a>900029365</a>").expect("readable");
        let printed = format!("{document:?} {:?}", document.root());
        assert!(!printed.contains("900029365"));
    }
}
