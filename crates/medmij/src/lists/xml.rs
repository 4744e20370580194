//! Reading a list's XML by its schema, one element after the other, and printing it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use uppsala::{PullEvent, PullParser, XmlError, XmlWriter};

use super::Uitgave;

/// Bytes of a list, at most: some 50 000 providers with one data service each.
pub const BYTES_MAX: usize = 64 * 1024 * 1024;
/// Entries of a list, at most.
pub const ENTRIES_MAX: usize = 100_000;
/// Parts of one entry's inner lists, at most: data services, systems, identifiers.
pub(super) const PARTS_MAX: usize = 500;
/// Depth of elements, at most; the deepest list has ten.
const DEPTH_MAX: u32 = 32;
/// Bytes of a tag, at most. The parser compares each attribute of a tag with all before it, so
/// that a tag without bound would take time without bound.
const TAG_BYTES_MAX: usize = 4096;

/// The namespace of the attributes that any XML document may bear.
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Why a list is refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadList {
    /// The line, from 1; 0 when no line is to blame.
    pub line: usize,
    /// What is wrong there.
    pub why: Why,
}

/// What is wrong with a list. Values are not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// More than [`BYTES_MAX`] bytes.
    TooLarge,
    /// Not UTF-8.
    NotUtf8,
    /// Not well-formed XML, too deep, or with a document type.
    NotXml,
    /// Another list, or another release of this one.
    Release,
    /// This element should stand here.
    Expected(&'static str),
    /// An element, attribute or text stands here that the schema does not know.
    Unexpected,
    /// This element's value is not of its type.
    Value(&'static str),
    /// This key stands twice.
    Twice(&'static str),
    /// There are more of this element than we read.
    TooMany(&'static str),
}

impl fmt::Display for BadList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        match self.why {
            Why::TooLarge => f.write_str("the list is larger than 64 MiB"),
            Why::NotUtf8 => f.write_str("the list is not in UTF-8"),
            Why::NotXml => f.write_str("the list is not well-formed XML without document type"),
            Why::Release => f.write_str("this is another list, or another release of it"),
            Why::Expected(name) => write!(f, "expected the element {name}"),
            Why::Unexpected => f.write_str("something stands here that the schema does not know"),
            Why::Value(name) => write!(f, "the value of {name} is not of its type"),
            Why::Twice(name) => write!(f, "this {name} stands in the list already"),
            Why::TooMany(name) => write!(f, "more elements {name} than are read"),
        }
    }
}

impl std::error::Error for BadList {}

/// A list's root element and namespace, for one release.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schema {
    pub(super) root: &'static str,
    pub(super) namespace: &'static str,
}

/// Walks through a list as its schema prescribes. Everything that does not fit is refused: there
/// is no "any element" in these schemas.
pub(super) struct Reader<'a> {
    input: &'a str,
    events: PullParser<'a>,
    ahead: Option<Token<'a>>,
    namespace: &'static str,
    /// Where the last event began, in bytes.
    at: usize,
}

enum Token<'a> {
    /// An element begins.
    Open {
        namespace: Option<Cow<'a, str>>,
        name: Cow<'a, str>,
        /// Without attributes, but for those that any document may bear.
        is_plain: bool,
    },
    /// An element ends.
    Close,
    /// Text, or a part of it.
    Text(Cow<'a, str>),
    /// The document ends.
    End,
}

impl<'a> Reader<'a> {
    /// Begins to read a list and enters its root element.
    pub(super) fn begin(bytes: &'a [u8], schema: Schema) -> Result<Self, BadList> {
        if bytes.len() > BYTES_MAX {
            return Err(nowhere(Why::TooLarge));
        }
        let input = str::from_utf8(bytes).map_err(|_| nowhere(Why::NotUtf8))?;
        check_tags(input)?;
        let events = PullParser::new(input)
            .with_forbid_dtd(true)
            .with_forbid_entities(true)
            .with_max_depth(DEPTH_MAX);
        let mut reader = Self {
            input,
            events,
            ahead: None,
            namespace: schema.namespace,
            at: 0,
        };
        if !reader.try_open(schema.root)? {
            return Err(reader.bad(Why::Release));
        }
        Ok(reader)
    }

    /// Leaves the root element and finds nothing behind it.
    pub(super) fn end(&mut self) -> Result<(), BadList> {
        self.close()?;
        match self.structure()? {
            Token::End => Ok(()),
            _ => Err(self.bad(Why::Unexpected)),
        }
    }

    /// The stamp and number with which every list begins.
    pub(super) fn uitgave(&mut self) -> Result<Uitgave, BadList> {
        Ok(Uitgave {
            tijdstempel: self.value("Tijdstempel")?,
            volgnummer: self.value("Volgnummer")?,
        })
    }

    /// Enters the element of this name.
    pub(super) fn open(&mut self, name: &'static str) -> Result<(), BadList> {
        if self.try_open(name)? {
            Ok(())
        } else {
            Err(self.bad(Why::Expected(name)))
        }
    }

    /// Enters the element of this name, if it comes next.
    pub(super) fn try_open(&mut self, name: &'static str) -> Result<bool, BadList> {
        self.try_open_in(self.namespace, name)
    }

    /// Enters the element of this name in another namespace, if it comes next.
    pub(super) fn try_open_in(
        &mut self,
        namespace: &str,
        name: &'static str,
    ) -> Result<bool, BadList> {
        let token = self.structure()?;
        match &token {
            Token::Open {
                namespace: Some(theirs),
                name: local,
                is_plain,
            } if theirs == namespace && local == name => {
                if *is_plain {
                    Ok(true)
                } else {
                    Err(self.bad(Why::Unexpected))
                }
            }
            _ => {
                self.ahead = Some(token);
                Ok(false)
            }
        }
    }

    /// Leaves the element, in which nothing more may stand.
    pub(super) fn close(&mut self) -> Result<(), BadList> {
        match self.structure()? {
            Token::Close => Ok(()),
            _ => Err(self.bad(Why::Unexpected)),
        }
    }

    /// The value of the element of this name.
    pub(super) fn value<T: FromStr>(&mut self, name: &'static str) -> Result<T, BadList> {
        self.value_with(name, |text| text.parse().ok())
    }

    /// The value of the element of this name, read by `parse`.
    pub(super) fn value_with<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, BadList> {
        self.open(name)?;
        self.content(name, parse)
    }

    /// The value of an element that was entered, up to its end.
    pub(super) fn content<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, BadList> {
        let mut text = Cow::Borrowed("");
        loop {
            match self.token()? {
                Token::Text(more) if text.is_empty() => text = more,
                Token::Text(more) => text.to_mut().push_str(&more),
                Token::Close => break,
                Token::Open { .. } | Token::End => return Err(self.bad(Why::Unexpected)),
            }
        }
        parse(&text).ok_or_else(|| self.bad(Why::Value(name)))
    }

    /// The element `outer` with elements `inner` in it, at least `min` and at most `max`; `read`
    /// reads what stands in one of them. Each comes with its place, for [`Reader::unique`].
    pub(super) fn each<T>(
        &mut self,
        (outer, inner): (&'static str, &'static str),
        (min, max): (usize, usize),
        mut read: impl FnMut(&mut Self) -> Result<T, BadList>,
    ) -> Result<Vec<(usize, T)>, BadList> {
        self.open(outer)?;
        let mut items = Vec::new();
        while self.try_open(inner)? {
            if items.len() == max {
                return Err(self.bad(Why::TooMany(inner)));
            }
            let at = self.at;
            items.push((at, read(self)?));
            self.close()?;
        }
        if items.len() < min {
            return Err(self.bad(Why::Expected(inner)));
        }
        self.close()?;
        Ok(items)
    }

    /// The items in the order of their keys, of which no two are equal.
    pub(super) fn unique<T, K: Ord>(
        &self,
        name: &'static str,
        items: Vec<(usize, T)>,
        key: impl Fn(&T) -> &K,
    ) -> Result<Vec<T>, BadList> {
        sort_unique(items, key).map_err(|at| BadList {
            line: line_of(self.input, at),
            why: Why::Twice(name),
        })
    }

    /// A fault at the place where we are.
    pub(super) fn bad(&self, why: Why) -> BadList {
        BadList {
            line: line_of(self.input, self.at),
            why,
        }
    }

    /// The next element or end of an element; only white space may stand before it.
    fn structure(&mut self) -> Result<Token<'a>, BadList> {
        loop {
            match self.token()? {
                Token::Text(text) if is_space(&text) => {}
                Token::Text(_) => return Err(self.bad(Why::Unexpected)),
                token => return Ok(token),
            }
        }
    }

    fn token(&mut self) -> Result<Token<'a>, BadList> {
        if let Some(token) = self.ahead.take() {
            return Ok(token);
        }
        loop {
            let event = self.events.next_event();
            let Some(event) = event.map_err(|error| self.not_xml(&error))? else {
                return Ok(Token::End);
            };
            if let Some((at, token)) = Token::of(event) {
                self.at = at;
                return Ok(token);
            }
        }
    }

    fn not_xml(&self, error: &XmlError) -> BadList {
        let line = match error {
            XmlError::WellFormedness(error) => error.line,
            XmlError::Namespace(error) => error.line,
            XmlError::Parse(error) => error.line,
            _ => line_of(self.input, self.input.len()),
        };
        BadList {
            line,
            why: Why::NotXml,
        }
    }
}

impl<'a> Token<'a> {
    /// The event as a token, and where it began; nothing for what says nothing in a list.
    fn of(event: PullEvent<'a>) -> Option<(usize, Self)> {
        Some(match event {
            PullEvent::StartElement {
                name,
                attributes,
                byte_start,
                ..
            } => {
                let is_xsi = |uri: &Cow<'_, str>| uri == XSI;
                let open = Self::Open {
                    namespace: name.namespace_uri,
                    name: name.local_name,
                    is_plain: attributes
                        .iter()
                        .all(|each| each.name.namespace_uri.as_ref().is_some_and(is_xsi)),
                };
                (byte_start, open)
            }
            PullEvent::EndElement { byte_start, .. } => (byte_start, Self::Close),
            PullEvent::Text {
                content,
                byte_start,
                ..
            }
            | PullEvent::CData {
                content,
                byte_start,
                ..
            } => (byte_start, Self::Text(content)),
            _ => return None,
        })
    }
}

/// The items in the order of their keys; if two keys are equal, the mark of the later item.
pub(super) fn sort_unique<T, K: Ord>(
    mut items: Vec<(usize, T)>,
    key: impl Fn(&T) -> &K,
) -> Result<Vec<T>, usize> {
    items.sort_by(|(_, one), (_, other)| key(one).cmp(key(other)));
    match items
        .windows(2)
        .find(|pair| key(&pair[0].1) == key(&pair[1].1))
    {
        Some(pair) => Err(pair[1].0),
        None => Ok(items.into_iter().map(|(_, item)| item).collect()),
    }
}

const fn nowhere(why: Why) -> BadList {
    BadList { line: 0, why }
}

fn line_of(input: &str, at: usize) -> usize {
    input.get(..at).unwrap_or(input).matches('\n').count() + 1
}

fn is_space(text: &str) -> bool {
    text.bytes().all(|byte| b" \t\r\n".contains(&byte))
}

/// Refuses a tag of more than [`TAG_BYTES_MAX`] bytes. What is no tag, or not even XML, is left to
/// the parser.
fn check_tags(input: &str) -> Result<(), BadList> {
    let mut at = 0;
    while let Some(found) = input[at..].find('<') {
        at += found;
        let rest = &input[at..];
        let end = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")]
            .iter()
            .find(|(start, _)| rest.starts_with(start))
            .map(|(_, end)| rest.find(end).map(|found| found + end.len()));
        let length = end.unwrap_or_else(|| tag_bytes(rest));
        at += match length {
            Some(length) => length,
            None if rest.len() > TAG_BYTES_MAX => {
                return Err(BadList {
                    line: line_of(input, at),
                    why: Why::NotXml,
                });
            }
            None => return Ok(()),
        };
    }
    Ok(())
}

/// The length of the tag with which `rest` begins, if it ends soon enough.
fn tag_bytes(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate().take(TAG_BYTES_MAX) {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// Prints a list: one element per line, the list's namespace without prefix (medmij.md 1.2).
pub(super) struct Printer {
    xml: XmlWriter,
    open: Vec<&'static str>,
}

impl Printer {
    pub(super) fn begin(schema: Schema, uitgave: Uitgave) -> Self {
        let mut printer = Self {
            xml: XmlWriter::new(),
            open: Vec::new(),
        };
        printer.xml.write_declaration();
        printer.open_in(schema.namespace, schema.root);
        printer.value("Tijdstempel", &uitgave.tijdstempel);
        printer.value("Volgnummer", &uitgave.volgnummer);
        printer
    }

    pub(super) fn open(&mut self, name: &'static str) {
        self.new_line();
        self.xml.start_element(name, &[]);
        self.open.push(name);
    }

    /// Opens an element that, with all in it, is in this namespace.
    pub(super) fn open_in(&mut self, namespace: &str, name: &'static str) {
        self.new_line();
        self.xml.start_element(name, &[("xmlns", namespace)]);
        self.open.push(name);
    }

    pub(super) fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.new_line();
            self.xml.end_element(name);
        }
    }

    pub(super) fn value(&mut self, name: &'static str, value: &impl fmt::Display) {
        self.new_line();
        self.xml.start_element(name, &[]);
        self.xml.text(&value.to_string());
        self.xml.end_element(name);
    }

    /// The element `outer` with an element `inner` for each item, filled by `print`.
    pub(super) fn each<T>(
        &mut self,
        (outer, inner): (&'static str, &'static str),
        items: &[T],
        mut print: impl FnMut(&mut Self, &T),
    ) {
        self.open(outer);
        for item in items {
            self.open(inner);
            print(self, item);
            self.close();
        }
        self.close();
    }

    pub(super) fn end(mut self) -> String {
        self.close();
        self.xml.raw("\n");
        self.xml.into_string()
    }

    fn new_line(&mut self) {
        self.xml.raw("\n");
        for _ in &self.open {
            self.xml.raw(" ");
        }
    }
}
