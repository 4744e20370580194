//! Reading a list's XML by its schema, one element after the other, and printing it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use uppsala::{Attribute, PullEvent, PullParser, XmlError, XmlWriter};

use super::{BadList, Soort, Uitgave, Why};

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

/// What some programs write before the first character of a file in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Where a list that is none of MedMij's is refused by: its schemas as a whole.
const SECTION: &str = "medmij.md §1.3";

/// The namespace of the attributes that any XML document may bear.
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// One release of a list: what its root element is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schema {
    pub(super) soort: Soort,
    pub(super) namespace: &'static str,
}

/// Walks through a list as its schema prescribes. Everything that does not fit is refused: there
/// is no "any element" in these schemas.
pub(super) struct Reader<'a> {
    input: &'a str,
    events: PullParser<'a>,
    ahead: Option<Token<'a>>,
    schema: Schema,
    /// Where the last event began, in bytes.
    at: usize,
    /// The elements that we are in, each with its place among its like, from 1; 0 for those that
    /// have none.
    path: Vec<(&'static str, usize)>,
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
    /// Begins to read a list of one of these releases and enters its root element. Tells which
    /// release it is by its namespace.
    pub(super) fn begin(bytes: &'a [u8], schemas: &[Schema]) -> Result<(Self, Schema), BadList> {
        let requirement = match schemas {
            [first, rest @ ..] if rest.iter().all(|each| each.soort == first.soort) => {
                first.soort.requirement()
            }
            _ => SECTION,
        };
        let nowhere = |why| BadList {
            line: 0,
            column: 0,
            path: Box::default(),
            why,
            requirement,
        };
        if bytes.len() > BYTES_MAX {
            return Err(nowhere(Why::TooLarge));
        }
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let input = str::from_utf8(bytes).map_err(|_| nowhere(Why::NotUtf8))?;
        let place = |at| BadList {
            requirement,
            ..place_of(input, at, Why::NotXml)
        };
        check_tags(input).map_err(place)?;
        let root = root_of(input, requirement)?;
        let known = |schema: &&Schema| schema.soort.naam() == root.name;
        let Some(first) = schemas.iter().find(known) else {
            return Err(root.bad(input, Why::OtherList, requirement));
        };
        let same = |schema: &&Schema| schema.namespace == root.namespace;
        let Some(schema) = schemas.iter().filter(known).find(same) else {
            return Err(root.bad(input, Why::Release, first.soort.requirement()));
        };
        let mut reader = Self {
            input,
            events: parser(input),
            ahead: None,
            schema: *schema,
            at: 0,
            path: Vec::new(),
        };
        reader.open(schema.soort.naam())?;
        Ok((reader, *schema))
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
        self.try_open_in(self.schema.namespace, name)
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
                self.path.push((name, 0));
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
            Token::Close => {
                self.path.pop();
                Ok(())
            }
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
        let opened = self.at;
        let mut text = Cow::Borrowed("");
        loop {
            match self.token()? {
                Token::Text(more) if text.is_empty() => text = more,
                Token::Text(more) => text.to_mut().push_str(&more),
                Token::Close => break,
                Token::Open { .. } | Token::End => return Err(self.bad(Why::Unexpected)),
            }
        }
        let Some(value) = parse(&text) else {
            self.at = opened;
            return Err(self.bad(Why::Value(name)));
        };
        self.path.pop();
        Ok(value)
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
            if let Some((_, place)) = self.path.last_mut() {
                *place = items.len() + 1;
            }
            items.push((at, read(self)?));
            self.close()?;
        }
        if items.len() < min {
            return Err(self.bad(Why::Expected(inner)));
        }
        self.close()?;
        Ok(items)
    }

    /// The items that [`Reader::each`] read, in the order of their keys, of which no two are equal.
    pub(super) fn unique<T, K: Ord>(
        &self,
        (outer, inner): (&'static str, &'static str),
        name: &'static str,
        items: Vec<(usize, T)>,
        key: impl Fn(&T) -> &K,
    ) -> Result<Vec<T>, BadList> {
        sort_unique(items, key).map_err(|later| {
            let bad = self.bad(Why::Twice(name));
            BadList {
                path: format!("{}/{outer}/{inner}[{}]/{name}", bad.path, later.place).into(),
                requirement: bad.requirement,
                ..place_of(self.input, later.mark, bad.why)
            }
        })
    }

    /// A fault at the place where we are.
    pub(super) fn bad(&self, why: Why) -> BadList {
        BadList {
            path: path_of(&self.path),
            requirement: self.schema.soort.requirement(),
            ..place_of(self.input, self.at, why)
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
                self.at = self.input.len();
                return Ok(Token::End);
            };
            if let Some((at, token)) = Token::of(event) {
                self.at = at;
                return Ok(token);
            }
        }
    }

    fn not_xml(&self, error: &XmlError) -> BadList {
        BadList {
            path: path_of(&self.path),
            ..not_xml(self.input, error, self.schema.soort.requirement())
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
                let open = Self::Open {
                    namespace: name.namespace_uri,
                    name: name.local_name,
                    is_plain: attributes.iter().all(is_location),
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

/// Whether the attribute only says where a schema lies. `xsi:nil` and `xsi:type` change what an
/// element is, and no element of these schemas can be changed so.
fn is_location(attribute: &Attribute<'_>) -> bool {
    let name = &attribute.name;
    name.namespace_uri.as_deref() == Some(XSI)
        && matches!(
            &*name.local_name,
            "schemaLocation" | "noNamespaceSchemaLocation"
        )
}

/// The later of two items with the same key.
pub(super) struct Later {
    /// Its mark.
    pub(super) mark: usize,
    /// Its place among all items, from 1.
    place: usize,
}

/// The items in the order of their keys; if two keys are equal, the later item. Marks rise in the
/// order of the document.
pub(super) fn sort_unique<T, K: Ord>(
    mut items: Vec<(usize, T)>,
    key: impl Fn(&T) -> &K,
) -> Result<Vec<T>, Later> {
    items.sort_by(|(_, one), (_, other)| key(one).cmp(key(other)));
    let twice = items
        .windows(2)
        .find(|pair| key(&pair[0].1) == key(&pair[1].1));
    if let Some(pair) = twice {
        let mark = pair[1].0;
        let before = items.iter().filter(|(other, _)| *other < mark).count();
        let place = before + 1;
        return Err(Later { mark, place });
    }
    let mut items: Vec<T> = items.into_iter().map(|(_, item)| item).collect();
    // Most inner lists have one item, and room for four: with 50 000 providers, half of all memory.
    items.shrink_to_fit();
    Ok(items)
}

fn parser(input: &str) -> PullParser<'_> {
    PullParser::new(input)
        .with_forbid_dtd(true)
        .with_forbid_entities(true)
        .with_max_depth(DEPTH_MAX)
}

/// The root element, by which a list and its release are known.
struct Root<'a> {
    name: Cow<'a, str>,
    namespace: Cow<'a, str>,
    at: usize,
}

fn root_of<'a>(input: &'a str, requirement: &'static str) -> Result<Root<'a>, BadList> {
    let mut events = parser(input);
    loop {
        let event = events
            .next_event()
            .map_err(|error| not_xml(input, &error, requirement))?;
        match event {
            Some(PullEvent::StartElement {
                name, byte_start, ..
            }) => {
                return Ok(Root {
                    name: name.local_name,
                    namespace: name.namespace_uri.unwrap_or_default(),
                    at: byte_start,
                });
            }
            Some(PullEvent::XmlDeclaration(declaration)) => {
                let encoding = declaration.encoding.as_deref();
                if encoding.is_some_and(|name| !name.eq_ignore_ascii_case("utf-8")) {
                    return Err(BadList {
                        requirement,
                        ..place_of(input, 0, Why::NotUtf8)
                    });
                }
            }
            Some(_) => {}
            None => {
                return Err(BadList {
                    requirement,
                    ..place_of(input, input.len(), Why::NotXml)
                });
            }
        }
    }
}

impl Root<'_> {
    fn bad(&self, input: &str, why: Why, requirement: &'static str) -> BadList {
        BadList {
            requirement,
            ..place_of(input, self.at, why)
        }
    }
}

fn not_xml(input: &str, error: &XmlError, requirement: &'static str) -> BadList {
    let place = match error {
        XmlError::WellFormedness(error) => Some((error.line, error.column)),
        XmlError::Namespace(error) => Some((error.line, error.column)),
        XmlError::Parse(error) => Some((error.line, error.column)),
        _ => None,
    };
    let end = place_of(input, input.len(), Why::NotXml);
    let (line, column) = place.unwrap_or((end.line, end.column));
    BadList {
        line,
        column,
        requirement,
        ..end
    }
}

/// A fault so many bytes into the document.
fn place_of(input: &str, at: usize, why: Why) -> BadList {
    let before = input.get(..at).unwrap_or(input);
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    BadList {
        line: before.matches('\n').count() + 1,
        column: last_line.chars().count() + 1,
        path: Box::default(),
        why,
        requirement: SECTION,
    }
}

fn path_of(path: &[(&'static str, usize)]) -> Box<str> {
    let part = |(name, place): &(&'static str, usize)| match place {
        0 => (*name).to_owned(),
        _ => format!("{name}[{place}]"),
    };
    let parts: Vec<String> = path.iter().map(part).collect();
    parts.join("/").into()
}

fn is_space(text: &str) -> bool {
    text.bytes().all(|byte| b" \t\r\n".contains(&byte))
}

/// Refuses a tag of more than [`TAG_BYTES_MAX`] bytes, and tells where it begins. What is no tag, or not even XML, is left to
/// the parser.
fn check_tags(input: &str) -> Result<(), usize> {
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
                return Err(at);
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
        printer.open_in(schema.namespace, schema.soort.naam());
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
