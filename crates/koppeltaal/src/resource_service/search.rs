//! The parameters of a search or a history, and what of other resources they use.
//!
//! What is found is judged resource by resource afterwards. A parameter must therefore only be kept
//! from using the content of resources that the caller may not read: what a chain finds tells of what
//! stands in them. What cannot be seen to be harmless is refused (koppeltaal.md §2.6).

use std::collections::BTreeSet;

use url::form_urlencoded;

use super::reach::Needs;
use super::refused::Refused;
use super::request::Id;
use super::secret::is_secret;
use crate::domein::ClientId;
use crate::permissie::ResourceType;
use crate::scope::RESOURCE_ORIGIN;

/// Parameters of a search, at most.
const PARAMETERS_MAX: usize = 64;
/// Links of a chain, at most.
const CHAIN_MAX: usize = 4;
/// Resources on a page, at most, and when nothing is said (koppeltaal.md §3.4).
pub(super) const COUNT_MAX: u32 = 200;
const COUNT_DEFAULT: u32 = 20;
/// How far into a result one may begin to read, at most.
const OFFSET_MAX: u32 = 10_000;

/// Parameters that every type has and that use its own content only (koppeltaal.md §3.4). Others that
/// begin with `_` are refused: `_list` and `_filter` use other resources, `_include` brings them.
const OF_EVERY_TYPE: [&str; 8] = [
    "_content",
    "_id",
    "_lastUpdated",
    "_profile",
    "_security",
    "_source",
    "_tag",
    "_text",
];

/// Modifiers that use the content of the resource that is searched and nothing else. `in`, `not-in`,
/// `above`, `below` and `iterate` use other resources.
const MODIFIERS: [&str; 7] = [
    "contains",
    "exact",
    "identifier",
    "missing",
    "not",
    "of-type",
    "text",
];

/// References of which Koppeltaal says what they lead to (koppeltaal.md §3.4): Task, `instantiates`.
const LEADS_TO: [(&str, &str, &str); 1] = [("Task", "instantiates", "ActivityDefinition")];

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    /// What the FHIR server is to judge by.
    pub filters: Vec<(String, String)>,
    /// What shortens resources; a server need not do it (FHIR R4 §3.1.1.5.9).
    pub shapes: Vec<(String, String)>,
    /// Resources on a page, at most.
    pub count: u32,
    /// How many to pass over.
    pub offset: u32,
    /// Whether their number is enough.
    pub only_count: bool,
    /// Whose resources are asked for, if the client says so.
    pub asked: Option<BTreeSet<ClientId>>,
    /// Which other resources it uses.
    pub needs: Vec<Needs>,
    /// The place where an earlier answer ended.
    pub page: Option<String>,
    /// `_format`.
    pub format: Option<String>,
    /// The query as it was understood, for the link to itself.
    pub query: String,
}

impl Search {
    /// Reads the parameters of a search on one type.
    ///
    /// # Errors
    /// [`Refused::Parameter`].
    pub(super) fn read(resource: &ResourceType, query: &[u8]) -> Result<Self, Refused> {
        let mut search = Self::empty();
        let mut text = form_urlencoded::Serializer::new(String::new());
        for (name, value) in pairs(query)? {
            if !["_page", "_format", "_pretty"].contains(&&*name) {
                text.append_pair(&name, &value);
            }
            search.take(resource, name, value)?;
        }
        search.query = text.finish();
        Ok(search)
    }

    /// Reads the parameters of a history (koppeltaal.md §3.2).
    ///
    /// # Errors
    /// [`Refused::Parameter`].
    pub(super) fn of_history(query: &[u8]) -> Result<Self, Refused> {
        let mut search = Self::empty();
        let mut text = form_urlencoded::Serializer::new(String::new());
        for (name, value) in pairs(query)? {
            match &*name {
                "_since" | "_at" => search.filters.push((name.clone(), value.clone())),
                "_count" | "_page" | "_format" | "_pretty" => {
                    search.take_result(&name, &value)?;
                }
                _ => return Err(Refused::Parameter("A parameter is not taken here.")),
            }
            if ["_since", "_at", "_count"].contains(&&*name) {
                text.append_pair(&name, &value);
            }
        }
        search.query = text.finish();
        Ok(search)
    }

    fn empty() -> Self {
        Self {
            count: COUNT_DEFAULT,
            ..Self::default()
        }
    }

    fn take(
        &mut self,
        resource: &ResourceType,
        name: String,
        value: String,
    ) -> Result<(), Refused> {
        if self.take_result(&name, &value)? {
            return Ok(());
        }
        let base = name.split([':', '.']).next().unwrap_or_default();
        if base == RESOURCE_ORIGIN {
            return self.take_origin(&name, &value);
        }
        uses(Some(resource), &name, 0, &mut self.needs)?;
        self.filters.push((name, value));
        Ok(())
    }

    /// Parameters about the answer and not about resources; whether it was one.
    fn take_result(&mut self, name: &str, value: &str) -> Result<bool, Refused> {
        match name {
            "_count" => {
                let count: u32 = number(value)?;
                self.only_count |= count == 0;
                self.count = count.clamp(1, COUNT_MAX);
            }
            "_offset" => {
                self.offset = number(value)?;
                if self.offset > OFFSET_MAX {
                    return Err(Refused::Parameter("_offset is too far."));
                }
            }
            "_summary" if value == "count" => self.only_count = true,
            "_summary" | "_elements" | "_total" => {
                self.shapes.push((name.to_owned(), value.to_owned()));
            }
            "_sort" => {
                is_sort(value)?;
                self.filters.push((name.to_owned(), value.to_owned()));
            }
            "_page" => self.page = Some(value.to_owned()),
            "_format" => self.format = Some(value.to_owned()),
            "_pretty" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whose resources are asked for: one of a list; each further list narrows it (koppeltaal case 52).
    fn take_origin(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        if name != RESOURCE_ORIGIN {
            let why = "resource-origin is taken without modifier and chain only.";
            return Err(Refused::Parameter(why));
        }
        let owner = |text: &str| {
            let device = ClientId::of_device(text).or_else(|_| ClientId::parse(text));
            device.ok()
        };
        let owners: BTreeSet<ClientId> = value.split(',').filter_map(owner).collect();
        self.asked = Some(match self.asked.take() {
            None => owners,
            Some(before) => before.intersection(&owners).copied().collect(),
        });
        Ok(())
    }
}

/// Which other resources a parameter on `resource` uses.
fn uses(
    resource: Option<&ResourceType>,
    name: &str,
    depth: usize,
    needs: &mut Vec<Needs>,
) -> Result<(), Refused> {
    const NOT_TAKEN: Refused = Refused::Parameter("A search parameter is not taken.");
    if depth > CHAIN_MAX {
        return Err(NOT_TAKEN);
    }
    if let Some(rest) = name.strip_prefix("_has:") {
        // _has:Observation:patient:code
        let mut parts = rest.splitn(3, ':');
        let of = parts
            .next()
            .and_then(ResourceType::parse)
            .ok_or(NOT_TAKEN)?;
        let (Some(by), Some(rest)) = (parts.next(), parts.next()) else {
            return Err(NOT_TAKEN);
        };
        is_name(by)?;
        needs.push(Needs::Type(of.clone()));
        return uses(Some(&of), rest, depth + 1, needs);
    }
    match name.split_once('.') {
        None => is_leaf(name).then_some(()).ok_or(NOT_TAKEN),
        Some((link, rest)) => {
            let target = target(resource, link)?;
            needs.push(target.clone().map_or(Needs::Anything, Needs::Type));
            uses(target.as_ref(), rest, depth + 1, needs)
        }
    }
}

/// What a link of a chain leads to: `subject:Patient`, or `instantiates` of a Task.
fn target(resource: Option<&ResourceType>, link: &str) -> Result<Option<ResourceType>, Refused> {
    if let Some((name, of)) = link.split_once(':') {
        is_name(name)?;
        let why = "The modifier of a chain is a resource type.";
        return ResourceType::parse(of)
            .map(Some)
            .ok_or(Refused::Parameter(why));
    }
    is_name(link)?;
    let leads = |(of, by, _): &&(&str, &str, &str)| {
        *by == link && resource.is_some_and(|resource| resource.as_str() == *of)
    };
    let known = LEADS_TO.iter().find(leads);
    Ok(known.and_then(|(_, _, to)| ResourceType::parse(to)))
}

/// A parameter and perhaps a modifier, of which both use the resource itself only.
pub(super) fn is_leaf(name: &str) -> bool {
    let (name, modifier) = match name.split_once(':') {
        Some((name, modifier)) => (name, Some(modifier)),
        None => (name, None),
    };
    let is_known = !name.starts_with('_') || OF_EVERY_TYPE.contains(&name);
    let is_harmless = modifier.is_none_or(|modifier| {
        MODIFIERS.contains(&modifier) || ResourceType::parse(modifier).is_some()
    });
    is_known && is_harmless && is_name(name).is_ok()
}

fn is_name(text: &str) -> Result<(), Refused> {
    let is_spelled = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(is_spelled);
    fits.then_some(()).ok_or(Refused::Parameter(
        "The name of a search parameter is malformed.",
    ))
}

/// Names of parameters of the type itself, each perhaps the other way round.
fn is_sort(value: &str) -> Result<(), Refused> {
    let mut each = value.split(',');
    each.try_for_each(|name| is_name(name.strip_prefix('-').unwrap_or(name)))
}

fn number(value: &str) -> Result<u32, Refused> {
    let why = "_count and _offset are whole numbers.";
    value.parse().map_err(|_| Refused::Parameter(why))
}

fn pairs(query: &[u8]) -> Result<Vec<(String, String)>, Refused> {
    let all: Vec<(String, String)> = form_urlencoded::parse(query)
        .take(PARAMETERS_MAX + 1)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    if all.iter().any(|(name, _)| is_secret(name)) {
        // koppeltaal case 113
        return Err(Refused::Parameter("No token is taken as a parameter."));
    }
    let is_garbled = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
    if all.len() > PARAMETERS_MAX || all.iter().any(|(n, v)| is_garbled(n) || is_garbled(v)) {
        return Err(Refused::Parameter(
            "There are too many parameters, or one is no UTF-8.",
        ));
    }
    Ok(all)
}

/// The values of an `If-Match`: one version (RFC 9110 §13.1.1). Weak or strong is the same to us: no
/// two versions of a resource have one tag.
pub(super) fn version(tag: &str) -> Option<Id> {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    Id::parse(tag.strip_prefix('"')?.strip_suffix('"')?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Search, Refused> {
        let task = ResourceType::parse("Task").expect("a type");
        Search::read(&task, query.as_bytes())
    }

    fn needs(query: &str) -> Vec<String> {
        let name = |needs: &Needs| match needs {
            Needs::Type(resource) => resource.to_string(),
            Needs::Anything => "*".to_owned(),
        };
        read(query).expect(query).needs.iter().map(name).collect()
    }

    #[test]
    fn a_parameter_of_the_type_itself_uses_nothing_else() {
        for query in [
            "status=ready&status=completed",
            "_id=1&_lastUpdated=ge2026&_tag=x&_sort=-_lastUpdated,status",
            "patient=Patient/1&subject:Patient=1&subject:identifier=a|b",
            "name:exact=Jan&name:contains=a&status:not=x&code:missing=true",
        ] {
            assert_eq!(needs(query), [""; 0], "{query}");
        }
    }

    #[test]
    fn a_chain_uses_what_it_leads_to() {
        // koppeltaal.md §2.6
        assert_eq!(needs("subject.name=Jan"), ["*"]);
        assert_eq!(needs("subject:Patient.name=Jan"), ["Patient"]);
        assert_eq!(needs("_has:Task:patient:status=ready"), ["Task"]);
        assert_eq!(
            needs("_has:Task:patient:_has:AuditEvent:entity:action=C"),
            ["Task", "AuditEvent"]
        );
        assert_eq!(
            needs("patient:Patient._has:Task:patient:owner.name=x"),
            ["Patient", "Task", "*"]
        );
        assert_eq!(needs("instantiates.publisherId=x"), ["ActivityDefinition"]);
        assert_eq!(needs("instantiates.x.y=1"), ["ActivityDefinition", "*"]);
    }

    #[test]
    fn koppeltaal_case_072_what_brings_or_uses_other_resources_is_refused() {
        for query in [
            "_include=Task:owner",
            "_include:iterate=Task:owner",
            "_revinclude=AuditEvent:entity",
            "_contained=true",
            "_containedType=container",
            "_list=1",
            "_query=x",
            "_filter=name eq x",
            "_type=Patient",
            "_getpages=1",
            "_has=1",
            "_has:Task=1",
            "_has:Task:patient=1",
            "_has:task:patient:status=1",
            "code:in=ValueSet/1",
            "code:not-in=ValueSet/1",
            "organization:below=1",
            "organization:above=1",
            "subject:patient.name=1",
            "_sort=subject.name",
            "_sort=subject:Patient",
            "resource-origin:missing=true",
            "resource-origin.status=active",
            "a.b.c.d.e.f=1",
            "a..b=1",
            "a b=1",
            "=1",
            "name=%ff",
            "_count=x",
            "_offset=10001",
        ] {
            // koppeltaal case 72
            assert!(matches!(read(query), Err(Refused::Parameter(_))), "{query}");
        }
    }

    #[test]
    fn koppeltaal_case_052_whose_resources_are_asked_for_narrows_each_time() {
        let [one, two] = [[1; 16], [2; 16]].map(ClientId::of);
        let asked = |query: String| read(&query).expect("a search").asked;
        let both = BTreeSet::from([one, two]);
        // koppeltaal case 52
        assert_eq!(
            asked(format!("resource-origin=Device/{one},{two}")),
            Some(both)
        );
        let twice = format!("resource-origin={one},{two}&resource-origin={two}");
        assert_eq!(asked(twice), Some(BTreeSet::from([two])));
        let nobody = asked("resource-origin=Device/x,Patient/1".to_owned());
        assert_eq!(nobody, Some(BTreeSet::new()));
    }

    #[test]
    fn one_version_is_named_by_a_tag() {
        // RFC 9110 §13.1.1
        let named = |tag| version(tag).map(|version| version.to_string());
        assert_eq!(named("W/\"3\""), Some("3".to_owned()));
        assert_eq!(named("\"3\""), Some("3".to_owned()));
        for bad in ["*", "3", "", "W/\"1\", W/\"2\"", "W/\"\"", "\"a b\""] {
            assert_eq!(version(bad), None, "{bad}");
        }
    }
}
