//! FHIR R4 search parameters of type token and date (§3.1.1.4), as far as the chain uses them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;

/// The search parameters that a record system takes.
pub const SEARCH_PARAMETERS: [&str; 8] = [
    "_count", "_id", "category", "class", "code", "date", "status", "type",
];

/// Why a search is refused. The value is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadSearch {
    /// A parameter that we do not take.
    Parameter,
    /// A value that is none for its parameter.
    Value,
}

/// A search as it narrows resources of one type.
pub(super) struct Search {
    tokens: Vec<(Element, Vec<Token>)>,
    dates: Vec<Vec<DateTest>>,
    /// How many resources are wanted at most.
    pub(super) count: Option<usize>,
}

/// Where a token parameter looks.
#[derive(Clone, Copy)]
struct Element(&'static [&'static str]);

/// `code`, `system|code`, `|code` or `system|`.
struct Token {
    system: Option<String>,
    code: Option<String>,
}

/// A prefix and the time that its value covers.
struct DateTest {
    prefix: Prefix,
    span: Span,
}

#[derive(Clone, Copy)]
enum Prefix {
    Eq,
    Ge,
    Gt,
    Le,
    Lt,
}

/// From the first moment to the first moment after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    from: Timestamp,
    until: Timestamp,
}

/// Where `date` looks: the first of these that a resource has.
const DATES: [&str; 12] = [
    "effectiveDateTime",
    "effectivePeriod",
    "effectiveInstant",
    "date",
    "period",
    "authoredOn",
    "onsetDateTime",
    "onsetPeriod",
    "occurrenceDateTime",
    "occurrencePeriod",
    "performedDateTime",
    "recordedDate",
];

impl Search {
    /// Reads the parameters.
    pub(super) fn read(params: &[(String, String)]) -> Result<Self, BadSearch> {
        let mut search = Self {
            tokens: Vec::new(),
            dates: Vec::new(),
            count: None,
        };
        for (name, value) in params {
            let element: &'static [&'static str] = match name.as_str() {
                "_count" => {
                    search.count = Some(count(value)?);
                    continue;
                }
                "date" => {
                    let tests = value.split(',').map(DateTest::read);
                    search.dates.push(tests.collect::<Result<_, _>>()?);
                    continue;
                }
                "_id" => &["id"],
                "category" => &["category"],
                "class" => &["class"],
                "code" => &["code", "medicationCodeableConcept"],
                "status" => &["status"],
                "type" => &["type"],
                _ => return Err(BadSearch::Parameter),
            };
            let texts = split(value, ',');
            let tokens = texts
                .iter()
                .map(|text| Token::read(text))
                .collect::<Result<_, _>>()?;
            search.tokens.push((Element(element), tokens));
        }
        Ok(search)
    }

    /// Whether a resource has at least one value of every parameter.
    pub(super) fn matches(&self, resource: &Value) -> bool {
        let token = |(element, tokens): &(Element, Vec<Token>)| {
            let mut values = element.0.iter().filter_map(|name| resource.get(name));
            values.any(|value| tokens.iter().any(|token| token.is_in(value)))
        };
        let span = DATES
            .iter()
            .find_map(|name| resource.get(name))
            .and_then(Span::of);
        let date = |tests: &Vec<DateTest>| {
            span.is_some_and(|span| tests.iter().any(|test| test.holds(span)))
        };
        self.tokens.iter().all(token) && self.dates.iter().all(date)
    }
}

fn count(text: &str) -> Result<usize, BadSearch> {
    let is_number = (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let count = is_number.then(|| text.parse().ok()).flatten();
    count.ok_or(BadSearch::Value)
}

impl Token {
    fn read(text: &str) -> Result<Self, BadSearch> {
        let parts = split(text, '|');
        let some = |text: &String| (!text.is_empty()).then(|| unescape(text));
        match &parts[..] {
            [code] if !code.is_empty() => Ok(Self {
                system: None,
                code: some(code),
            }),
            [system, code] if !(system.is_empty() && code.is_empty()) => Ok(Self {
                system: Some(unescape(system)),
                code: some(code),
            }),
            _ => Err(BadSearch::Value),
        }
    }

    /// Whether a CodeableConcept, Coding, code or a list of these holds it.
    fn is_in(&self, value: &Value) -> bool {
        match value {
            Value::Array(items) => items.iter().any(|item| self.is_in(item)),
            // An element of type `code` has the one system that FHIR gives it, and does not name it.
            Value::String(code) => self.code.as_ref().is_some_and(|wanted| wanted == code),
            Value::Object(object) => match object.get("coding") {
                Some(codings) => self.is_in(codings),
                None => self.is_coding(value),
            },
            _ => false,
        }
    }

    fn is_coding(&self, coding: &Value) -> bool {
        let has = |member: &str| {
            coding
                .get(member)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let same_system = self
            .system
            .as_ref()
            .is_none_or(|system| system == has("system"));
        let same_code = self.code.as_ref().is_none_or(|code| code == has("code"));
        same_system && same_code
    }
}

impl DateTest {
    fn read(text: &str) -> Result<Self, BadSearch> {
        let prefixes = [
            ("eq", Prefix::Eq),
            ("ge", Prefix::Ge),
            ("gt", Prefix::Gt),
            ("le", Prefix::Le),
            ("lt", Prefix::Lt),
        ];
        let named = prefixes
            .into_iter()
            .find_map(|(name, prefix)| Some((prefix, text.strip_prefix(name)?)));
        let (prefix, date) = named.unwrap_or((Prefix::Eq, text));
        let span = Span::of_text(date).ok_or(BadSearch::Value)?;
        Ok(Self { prefix, span })
    }

    /// FHIR R4 §3.1.1.4.5 and .6: the value and the resource's date are both spans of time.
    fn holds(&self, found: Span) -> bool {
        let within = self.span.from <= found.from && found.until <= self.span.until;
        match self.prefix {
            Prefix::Eq => within,
            Prefix::Gt => found.until > self.span.until,
            Prefix::Lt => found.from < self.span.from,
            Prefix::Ge => within || found.until > self.span.until,
            Prefix::Le => within || found.from < self.span.from,
        }
    }
}

impl Span {
    /// The time that a dateTime, instant or Period covers; an open end lasts for ever.
    fn of(value: &Value) -> Option<Self> {
        if let Value::String(text) = value {
            return Self::of_text(text);
        }
        let end = |member: &str| match value.get(member) {
            None => Some(None),
            Some(text) => text.as_str().and_then(Self::of_text).map(Some),
        };
        let (start, end) = (end("start")?, end("end")?);
        (start.is_some() || end.is_some()).then(|| Self {
            from: start.map_or(Timestamp::MIN, |span| span.from),
            until: end.map_or(Timestamp::MAX, |span| span.until),
        })
    }

    /// `2026`, `2026-11`, `2026-11-22`, `2026-11-22T10:00`, with seconds, fraction and zone if
    /// given; without a zone it is UTC.
    fn of_text(text: &str) -> Option<Self> {
        if !text.is_ascii() {
            return None;
        }
        match text.len() {
            4 => Self::days(&format!("{text}-01-01"), 1.year()),
            7 => Self::days(&format!("{text}-01"), 1.month()),
            10 => Self::days(text, 1.day()),
            16.. => Self::of_time(text),
            _ => None,
        }
    }

    fn days(first: &str, length: jiff::Span) -> Option<Self> {
        let first: Date = first.parse().ok()?;
        let at_midnight = |date: Date| {
            TimeZone::UTC
                .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
                .ok()
        };
        Some(Self {
            from: at_midnight(first)?,
            until: at_midnight(first.checked_add(length).ok()?)?,
        })
    }

    fn of_time(text: &str) -> Option<Self> {
        let from = match text.parse::<Timestamp>() {
            Ok(from) => from,
            Err(_) => TimeZone::UTC
                .to_timestamp(text.parse::<DateTime>().ok()?)
                .ok()?,
        };
        // To the minute where no second is told.
        let has_seconds = text.as_bytes().get(16) == Some(&b':');
        let length = if has_seconds { 1.second() } else { 1.minute() };
        let until = from.checked_add(length).ok()?;
        Some(Self { from, until })
    }
}

/// The parts between separators; one behind `\` is none (FHIR R4 §3.1.1.4.1).
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        if c == separator && !escaped {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    parts
}

/// A part without the `\` before what is meant literally.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => out.extend(rest.next()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn search(params: &[(&str, &str)]) -> Result<Search, BadSearch> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Search::read(&params.iter().map(owned).collect::<Vec<_>>())
    }

    fn finds(params: &[(&str, &str)], resource: &Value) -> bool {
        search(params).expect("a search").matches(resource)
    }

    fn observation() -> Value {
        json!({
            "resourceType": "Observation", "id": "o1", "status": "final",
            "category": [{"coding": [{"system": "http://c", "code": "laboratory"}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}, {"code": "a,b"}]},
            "effectiveDateTime": "2026-03-05T10:15:00+01:00",
        })
    }

    #[test]
    fn a_token_is_found_with_and_without_its_system() {
        // FHIR R4 §3.1.1.4 and §3.1.1.4.1
        for (name, value) in [
            ("category", "laboratory"),
            ("category", "vital-signs,laboratory"),
            ("category", "http://c|laboratory"),
            ("category", "http://c|"),
            ("code", "http://loinc.org|2345-7"),
            ("code", "|a\\,b"),
            ("status", "final,amended"),
            ("_id", "o1"),
        ] {
            assert!(finds(&[(name, value)], &observation()), "{name}={value}");
        }
        for (name, value) in [
            ("category", "vital-signs"),
            ("category", "http://d|laboratory"),
            ("code", "|2345-7"),
            ("code", "a"),
            ("_id", "o2"),
            ("class", "AMB"),
        ] {
            assert!(!finds(&[(name, value)], &observation()), "{name}={value}");
        }
    }

    #[test]
    fn a_class_a_list_of_codes_and_a_medication_are_tokens_too() {
        let encounter = json!({"class": {"system": "http://v3", "code": "AMB"}});
        assert!(finds(&[("class", "http://v3|AMB")], &encounter));
        let allergy = json!({"category": ["food", "medication"]});
        assert!(finds(&[("category", "medication")], &allergy));
        let request = json!({"medicationCodeableConcept": {"coding": [{"code": "N02BE01"}]}});
        assert!(finds(&[("code", "N02BE01")], &request));
    }

    #[test]
    fn parameters_narrow_together_also_when_one_stands_there_twice() {
        let both = [("category", "laboratory"), ("category", "vital-signs")];
        assert!(!finds(&both, &observation()));
        assert!(finds(&[both[0], ("status", "final")], &observation()));
    }

    #[test]
    fn dates_compare_as_spans_of_time() {
        // FHIR R4 §3.1.1.4.5 and §3.1.1.4.6
        for (date, expected) in [
            ("2026", true),
            ("eq2026-03", true),
            ("2026-03-05", true),
            ("2026-03-06", false),
            ("ge2026-03-05", true),
            ("ge2026-03-06", false),
            ("gt2026-03-05", false),
            ("gt2026-03-04", true),
            ("lt2026-03-05", false),
            ("lt2026-03-06", true),
            ("le2026-03-05", true),
            ("le2025", false),
            ("eq2026-03-05T09:15:00Z", true),
            ("ge2026-03-05T09:16Z", false),
            ("le2026-03-05T09:15", true),
            ("2025,2026", true),
        ] {
            assert_eq!(finds(&[("date", date)], &observation()), expected, "{date}");
        }
        let range = [("date", "ge2026-03-01"), ("date", "lt2026-04-01")];
        assert!(finds(&range, &observation()));
        assert!(!finds(&[("date", "ge2000")], &json!({"status": "final"})));
    }

    #[test]
    fn a_period_without_an_end_goes_on() {
        let taken = json!({"effectivePeriod": {"start": "2024-05-01"}});
        assert!(finds(&[("date", "ge2026")], &taken));
        assert!(!finds(&[("date", "lt2024")], &taken));
        assert!(!finds(&[("date", "ge2026")], &json!({"period": {}})));
    }

    #[test]
    fn what_is_no_search_is_refused() {
        for (name, value) in [
            ("date", "ne2026"),
            ("date", "morgen"),
            ("date", "2026-02-30"),
            ("date", ""),
            ("_count", "-1"),
            ("_count", "1e3"),
            ("code", ""),
            ("code", "|"),
            ("code", "a|b|c"),
        ] {
            let refused = search(&[(name, value)]).err();
            assert_eq!(refused, Some(BadSearch::Value), "{name}={value}");
        }
        for name in ["patient", "code:not", "_include", "identifier", ""] {
            let refused = search(&[(name, "x")]).err();
            assert_eq!(refused, Some(BadSearch::Parameter), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_value_or_refused(text in "\\PC*|[a-z]{0,2}[0-9T:Z+-]{0,30}") {
            for name in SEARCH_PARAMETERS {
                if let Ok(search) = search(&[(name, &text)]) {
                    let _ = search.matches(&observation());
                }
            }
        }
    }
}
