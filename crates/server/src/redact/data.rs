//! Forms and JSON: every name, every kind, and the values that the lists allow.

use mitz::locatietoken::URA_SYSTEM;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::text::{self, HIDDEN, MORE};
use super::{names, token};

/// Parameters of a form that are shown; no request of ours has more than 64.
const PARAMETERS_MAX: usize = 64;
/// Items of an array that are shown; the others are counted.
const ITEMS_MAX: usize = 5;
/// How deep a document is shown, tokens within it included.
const DEPTH_MAX: usize = 12;
/// What a value costs beside its text: quotes, comma, colon.
const VALUE_BYTES: usize = 8;

/// How much more may be shown, in bytes of JSON.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) const fn of(bytes: usize) -> Self {
        Self(bytes)
    }

    /// Whether there is room for this text; takes it.
    pub(super) fn allows(&mut self, text: &str) -> bool {
        let left = self.0.checked_sub(json_bytes(text) + VALUE_BYTES);
        self.0 = left.unwrap_or_default();
        left.is_some()
    }

    pub(super) const fn is_spent(&self) -> bool {
        self.0 == 0
    }
}

/// What may be shown of a JSON document; nothing for what is none.
pub(super) fn json(bytes: &[u8], budget: &mut Budget) -> Option<Value> {
    let document: Value = serde_json::from_slice(bytes).ok()?;
    Some(value("", &document, 0, budget))
}

/// What may be shown of a form or a query: an object, with an array for what stands there twice.
pub(super) fn form(bytes: &[u8], budget: &mut Budget) -> Value {
    let mut shown = Map::new();
    let mut pairs = form_urlencoded::parse(bytes);
    for (name, value) in pairs.by_ref().take(PARAMETERS_MAX) {
        let value = string(&name, &value, 0, budget);
        let name = member_name(&name, None);
        if budget.is_spent() || !budget.allows(&name) {
            shown.insert(MORE.to_owned(), Value::from(MORE));
            break;
        }
        match shown.get_mut(&name) {
            None => {
                shown.insert(name, value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    let more = pairs.count();
    if more > 0 {
        shown.insert(MORE.to_owned(), Value::from(format!("{MORE} +{more}")));
    }
    Value::Object(shown)
}

/// The SAML message in a form or a query.
pub(super) fn saml_parameter(bytes: &[u8]) -> Option<String> {
    let mut pairs = form_urlencoded::parse(bytes).take(PARAMETERS_MAX);
    let found = pairs.find(|(name, _)| matches!(&**name, "SAMLRequest" | "SAMLResponse"));
    found.map(|(_, value)| value.into_owned())
}

/// What may be shown of a value, by the name of the member (or of the array's) that it is.
pub(super) fn value(name: &str, of: &Value, depth: usize, budget: &mut Budget) -> Value {
    if depth > DEPTH_MAX || budget.is_spent() {
        return Value::from(MORE);
    }
    match of {
        Value::Null => of.clone(),
        Value::Bool(_) if names::is_flag(name) => budgeted(of.clone(), "false", budget),
        Value::Bool(_) => budgeted(Value::from(HIDDEN), HIDDEN, budget),
        Value::Number(number) => {
            let text = number.to_string();
            if names::is_harmless(name) && !text::has_bsn(&text) {
                budgeted(of.clone(), &text, budget)
            } else {
                budgeted(Value::from(HIDDEN), HIDDEN, budget)
            }
        }
        Value::String(text) => string(name, text, depth, budget),
        Value::Array(items) => array(name, items, depth, budget),
        Value::Object(members) => Value::Object(object(members, depth, budget)),
    }
}

/// Hides every text in a value, and every name, that holds a BSN.
pub(super) fn guard(value: &mut Value) {
    match value {
        Value::String(text) => text::guard(text),
        Value::Array(items) => items.iter_mut().for_each(guard),
        Value::Object(members) => {
            members.values_mut().for_each(guard);
            members.retain(|name, _| !text::has_bsn(name));
        }
        Value::Number(number) if text::has_bsn(&number.to_string()) => {
            *value = Value::from(HIDDEN);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn string(name: &str, of: &str, depth: usize, budget: &mut Budget) -> Value {
    if !names::is_secret(name)
        && let Some(token) = token::shown(of, depth, budget)
    {
        return token;
    }
    let text = if names::is_hash(name) && text::is_sha256(of) {
        of.to_owned()
    } else if names::is_harmless(name) || names::is_word(name, of) {
        text::shown(of)
    } else {
        text::hidden(of)
    };
    budgeted(Value::from(text.as_str()), &text, budget)
}

/// The value, if there is room for its text.
fn budgeted(value: Value, text: &str, budget: &mut Budget) -> Value {
    if budget.allows(text) {
        value
    } else {
        Value::from(MORE)
    }
}

fn array(name: &str, items: &[Value], depth: usize, budget: &mut Budget) -> Value {
    let mut shown = Vec::new();
    for item in items.iter().take(ITEMS_MAX) {
        if budget.is_spent() {
            break;
        }
        shown.push(value(name, item, depth + 1, budget));
    }
    let more = items.len() - shown.len();
    if more > 0 {
        shown.push(Value::from(format!("{MORE} +{more}")));
    }
    Value::Array(shown)
}

fn object(members: &Map<String, Value>, depth: usize, budget: &mut Budget) -> Map<String, Value> {
    let mut shown = Map::new();
    for (name, of) in members {
        let known = member_name(name, Some(&shown));
        if budget.is_spent() || !budget.allows(&known) {
            let more = members.len() - shown.len();
            shown.insert(MORE.to_owned(), Value::from(format!("{MORE} +{more}")));
            break;
        }
        let value = match of {
            Value::String(ura) if is_ura(members, name, ura) => Value::from(text::shown(ura)),
            of => value(name, of, depth + 1, budget),
        };
        shown.insert(known, value);
    }
    shown
}

/// Whether a member is the value of a FHIR identifier that says that it is a URA.
fn is_ura(members: &Map<String, Value>, name: &str, value: &str) -> bool {
    name == "value"
        && members.get("system").and_then(Value::as_str) == Some(URA_SYSTEM)
        && identity::Ura::parse(value).is_ok()
}

/// The name, if it is one that somebody thought of; else one that is not `taken` yet.
fn member_name(name: &str, taken: Option<&Map<String, Value>>) -> String {
    if names::is_name(name) {
        return name.to_owned();
    }
    let is_free = |name: &String| taken.is_none_or(|taken| !taken.contains_key(name));
    let mut candidates = (1_u32..).map(|nth| match nth {
        1 => HIDDEN.to_owned(),
        nth => format!("{HIDDEN} #{nth}"),
    });
    candidates.find(is_free).unwrap_or_default()
}

fn json_bytes(text: &str) -> usize {
    let escaped = |c: char| match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        c if c.is_control() => 6,
        c => c.len_utf8(),
    };
    text.chars().map(escaped).sum()
}
