//! The resource service against a slow and obvious reading of koppeltaal.md §2.5: a made-up FHIR server
//! with a handful of resources, random scopes, random requests. What leaves is what the reading says, no
//! more and no less; and nobody's answer depends on resources that his scopes do not reach.
//!
//! 100 000 cases in every run, 10 000 000 with `SLUIS_LONG=1`.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use koppeltaal::ClientId;
use koppeltaal::resource_service::{
    Antwoord, Asked, Caller, Capabilities, Cursor, Id, Inhoud, RESOURCE_ORIGIN_URL, Request,
    Sporen, UpstreamAnswer, UpstreamRequest, Vraag, begin,
};
use koppeltaal::scope::Scopes;
use serde_json::{Value, json};
use url::form_urlencoded;
use verdict::Step;

const BASE: &str = "https://kt.example/api/v1/d1/fhir/r4";
const UPSTREAM: &str = "https://fhir.example/d1";
const TYPES: [&str; 3] = ["Patient", "Task", "Device"];
const STATUSES: [&str; 2] = ["on", "off"];
const OWNERS: [ClientId; 3] = [
    ClientId::of([1; 16]),
    ClientId::of([2; 16]),
    ClientId::of([3; 16]),
];
/// Who asks: the first of the owners.
const ME: usize = 0;

#[test]
fn koppeltaal_2_5_what_leaves_is_what_the_scopes_reach() {
    // koppeltaal.md §2.5, koppeltaal.md §2.6, koppeltaal cases 50 to 54, 57, 60 to 64
    let long = std::env::var("SLUIS_LONG").is_ok_and(|value| value == "1");
    let cases = if long { 10_000_000_u64 } else { 100_000 };
    let half = std::thread::spawn(move || (0..cases / 2).for_each(case));
    (cases / 2..cases).for_each(case);
    half.join().expect("no difference");
}

fn case(seed: u64) {
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995);
    let world = World::random(&mut chance);
    let scopes = random_scopes(&mut chance);
    let wish = Wish::random(&mut chance, &world);
    let mut after = world.clone();
    let expected = oracle(&mut after, &scopes, &wish);
    let mut real = world.clone();
    let actual = run(&mut real, &scopes, &wish);
    let context = || format!("seed {seed}\n{wish:?}\n{scopes}\n{world:#?}");
    assert_eq!(actual, expected, "{}", context());
    assert_eq!(real.all, after.all, "stored: {}", context());
    if seed % 2 == 1 {
        return;
    }
    // Without what the scopes do not reach, everything would have been answered the same.
    let mut bare = world.only(|owner| reaches(&scopes, &wish, owner));
    assert_eq!(run(&mut bare, &scopes, &wish), actual, "{}", context());
}

// ── Chance ──────────────────────────────────────────────────────────────────────────────────────

struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let z = z ^ (z >> 31);
        usize::try_from(z % bound as u64).expect("small")
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }
}

// ── A FHIR server ───────────────────────────────────────────────────────────────────────────────

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Nobody,
    Of(usize),
    Twice,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    origin: Origin,
    status: &'static str,
    ended: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Resource {
    kind: &'static str,
    id: String,
    versions: Vec<Version>,
}

#[derive(Clone, Debug)]
struct World {
    all: Vec<Resource>,
    knows_owners: bool,
    /// The largest page that it gives, and what else it puts there.
    page: usize,
    is_noisy: bool,
}

impl Resource {
    fn now(&self) -> &Version {
        self.versions.last().expect("a version")
    }

    /// Whose it is; of an ended one, whose it was.
    fn origin_at(&self, at: usize) -> Origin {
        let known = self.versions[..=at].iter().rev();
        let mut known = known.filter(|version| !version.ended);
        known.next().map_or(Origin::Twice, |version| version.origin)
    }

    fn json(&self, at: usize) -> String {
        let version = &self.versions[at];
        let extension = match version.origin {
            Origin::Nobody => String::new(),
            Origin::Of(owner) => extension(&OWNERS[owner].device()),
            Origin::Twice => {
                let both = OWNERS.map(|owner| extension(&owner.device()));
                both[..2].join(",")
            }
        };
        format!(
            r#"{{"resourceType":"{}","id":"{}","meta":{{"versionId":"{}"}},"status":"{}","extension":[{extension}]}}"#,
            self.kind,
            self.id,
            at + 1,
            version.status,
        )
    }
}

fn extension(reference: &str) -> String {
    format!(r#"{{"url":"{RESOURCE_ORIGIN_URL}","valueReference":{{"reference":"{reference}"}}}}"#)
}

impl World {
    fn random(chance: &mut Chance) -> Self {
        let mut all = Vec::new();
        for number in 0..chance.below(7) {
            let origin = match chance.below(8) {
                0 => Origin::Nobody,
                1 => Origin::Twice,
                _ => Origin::Of(chance.below(3)),
            };
            let mut versions = Vec::new();
            for _ in 0..=chance.below(2) {
                let status = chance.one(&STATUSES);
                versions.push(Version {
                    origin,
                    status,
                    ended: false,
                });
            }
            if chance.below(5) == 0 {
                versions.push(Version {
                    origin,
                    status: "off",
                    ended: true,
                });
            }
            all.push(Resource {
                kind: chance.one(&TYPES),
                id: format!("r{number}"),
                versions,
            });
        }
        Self {
            all,
            knows_owners: chance.flip(),
            page: 1 + chance.below(4),
            is_noisy: chance.flip(),
        }
    }

    /// The same without resources of other owners.
    fn only(&self, reached: impl Fn(Origin) -> bool) -> Self {
        let all = self.all.iter();
        let last = |found: &Resource| found.origin_at(found.versions.len() - 1);
        Self {
            all: all.filter(|found| reached(last(found))).cloned().collect(),
            ..self.clone()
        }
    }

    fn at(&self, path: &str) -> Option<usize> {
        let (kind, id) = path.split_once('/')?;
        let found = |resource: &Resource| resource.kind == kind && resource.id == id;
        self.all.iter().position(found)
    }

    fn answer(&mut self, request: &UpstreamRequest) -> UpstreamAnswer {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let parts: Vec<&str> = path.split('/').collect();
        match (request.method, &parts[..]) {
            ("GET", [kind]) => self.search(kind, query),
            ("POST", [kind, "_search"]) => {
                let (_, body) = request.body.as_ref().expect("a form");
                self.search(kind, std::str::from_utf8(body).expect("text"))
            }
            ("GET", [kind, "_history"]) => self.history(kind, None, query),
            ("GET", [kind, id, "_history"]) => self.history(kind, Some(id), query),
            ("GET", [kind, id, "_history", version]) => {
                let at = self.at(&format!("{kind}/{id}"));
                let version: usize = version.parse().unwrap_or(0);
                match at.map(|at| &self.all[at]) {
                    Some(found) if (1..=found.versions.len()).contains(&version) => {
                        if found.versions[version - 1].ended {
                            status(410)
                        } else {
                            held(200, found.json(version - 1), None)
                        }
                    }
                    _ => status(404),
                }
            }
            ("GET", [..]) => match self.at(path).map(|at| &self.all[at]) {
                None => status(404),
                Some(found) if found.now().ended => status(410),
                Some(found) => {
                    let at = found.versions.len() - 1;
                    held(200, found.json(at), Some(at + 1))
                }
            },
            ("POST", [kind]) => self.create(kind, request),
            ("PUT", [..]) => self.update(path, request),
            ("DELETE", [..]) => self.end(path),
            other => unreachable!("{other:?}"),
        }
    }

    fn create(&mut self, kind: &str, request: &UpstreamRequest) -> UpstreamAnswer {
        let id = format!("n{}", self.all.len());
        let kind = TYPES.into_iter().find(|known| *known == kind);
        self.all.push(Resource {
            kind: kind.expect("a type"),
            id: id.clone(),
            versions: vec![version_of(request)],
        });
        let found = self.all.last().expect("it");
        UpstreamAnswer {
            location: Some(format!("{UPSTREAM}/{}/{id}/_history/1", found.kind)),
            ..held(201, found.json(0), Some(1))
        }
    }

    fn update(&mut self, path: &str, request: &UpstreamRequest) -> UpstreamAnswer {
        let at = self.at(path).expect("it was read before");
        let found = &mut self.all[at];
        let current = format!("W/\"{}\"", found.versions.len());
        assert_eq!(
            request.if_match.as_deref(),
            Some(&*current),
            "what was judged"
        );
        found.versions.push(version_of(request));
        let last = found.versions.len() - 1;
        held(200, found.json(last), Some(last + 1))
    }

    fn end(&mut self, path: &str) -> UpstreamAnswer {
        let Some(at) = self.at(path) else {
            return status(404);
        };
        let found = &mut self.all[at];
        if found.now().ended {
            return status(410);
        }
        let origin = found.now().origin;
        found.versions.push(Version {
            origin,
            status: "off",
            ended: true,
        });
        status(204)
    }

    fn search(&self, kind: &str, query: &str) -> UpstreamAnswer {
        let query = Query::read(query);
        let is_match = |found: &&Resource| {
            let now = found.now();
            let owners = query.get("resource-origin").filter(|_| self.knows_owners);
            let of_owner = |owners: &str| match now.origin {
                Origin::Nobody | Origin::Twice => false,
                Origin::Of(owner) => owners.contains(&OWNERS[owner].device()),
            };
            let status = query.get("status");
            found.kind == kind
                && !now.ended
                && status.is_none_or(|status| now.status == status)
                && owners.is_none_or(of_owner)
        };
        let found: Vec<&Resource> = self.all.iter().filter(is_match).collect();
        if query.get("_summary") == Some("count") {
            let bundle =
                json!({ "resourceType": "Bundle", "type": "searchset", "total": found.len() });
            return held(200, bundle.to_string(), None);
        }
        let entries = found.iter().map(|found| {
            let resource = found.json(found.versions.len() - 1);
            format!(r#"{{"resource":{resource},"search":{{"mode":"match"}}}}"#)
        });
        self.page(kind, "searchset", &query, entries.collect())
    }

    fn history(&self, kind: &str, id: Option<&str>, query: &str) -> UpstreamAnswer {
        let of = |found: &&Resource| found.kind == kind && id.is_none_or(|id| found.id == id);
        let found: Vec<&Resource> = self.all.iter().filter(of).collect();
        if id.is_some() && found.is_empty() {
            return status(404);
        }
        let mut entries = Vec::new();
        for resource in found {
            for (at, version) in resource.versions.iter().enumerate().rev() {
                let url = format!("{kind}/{}", resource.id);
                let entry = if version.ended {
                    format!(r#"{{"request":{{"method":"DELETE","url":"{url}"}}}}"#)
                } else {
                    let json = resource.json(at);
                    format!(r#"{{"resource":{json},"request":{{"method":"PUT","url":"{url}"}}}}"#)
                };
                entries.push(entry);
            }
        }
        let path = id.map_or_else(
            || format!("{kind}/_history"),
            |id| format!("{kind}/{id}/_history"),
        );
        // The end of a resource is judged by what stands after it on the same page.
        let whole = Self {
            page: 100,
            ..self.clone()
        };
        whole.page(&path, "history", &Query::read(query), entries)
    }

    fn page(&self, path: &str, kind: &str, query: &Query, all: Vec<String>) -> UpstreamAnswer {
        let number = |name| query.get(name).and_then(|text| text.parse().ok());
        let first: usize = number("__at").or_else(|| number("_offset")).unwrap_or(0);
        let count = number("_count").unwrap_or(20).min(self.page);
        let total = all.len();
        let mut entries: Vec<String> = all.into_iter().skip(first).take(count).collect();
        if self.is_noisy {
            let other = self.all.iter().find(|found| !path.starts_with(found.kind));
            let other = other.map(|other| other.json(0));
            entries.extend(
                other.map(|other| {
                    format!(r#"{{"resource":{other},"search":{{"mode":"include"}}}}"#)
                }),
            );
            entries.push(
                r#"{"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}}"#
                    .to_owned(),
            );
        }
        let next = if first + count < total {
            let rest = query.without("__at");
            let url = format!("{UPSTREAM}/{path}?{rest}&__at={}", first + count);
            format!(r#",{{"relation":"next","url":"{url}"}}"#)
        } else {
            String::new()
        };
        let entries = entries.join(",");
        let body = format!(
            r#"{{"resourceType":"Bundle","type":"{kind}","total":{total},"link":[{{"relation":"self","url":"x"}}{next}],"entry":[{entries}]}}"#
        );
        held(200, body, None)
    }
}

struct Query(Vec<(String, String)>);

impl Query {
    fn read(text: &str) -> Self {
        Self(
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| &**value)
    }

    fn without(&self, name: &str) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(self.0.iter().filter(|(known, _)| known != name));
        text.finish()
    }
}

fn status(status: u16) -> UpstreamAnswer {
    UpstreamAnswer {
        status,
        body: Some(Vec::new()),
        ..UpstreamAnswer::default()
    }
}

fn held(status: u16, body: String, version: Option<usize>) -> UpstreamAnswer {
    UpstreamAnswer {
        status,
        etag: version.map(|version| format!("W/\"{version}\"")),
        body: Some(body.into_bytes()),
        ..UpstreamAnswer::default()
    }
}

/// What a body says of its owner and status.
fn version_of(request: &UpstreamRequest) -> Version {
    let (_, body) = request.body.as_ref().expect("a body");
    let body: Value = serde_json::from_slice(body).expect("json");
    let all = body["extension"].as_array().cloned().unwrap_or_default();
    let named = |found: &Value| {
        let reference = found["valueReference"]["reference"].as_str()?.to_owned();
        OWNERS.iter().position(|owner| owner.device() == reference)
    };
    let owners: Vec<usize> = all.iter().filter_map(named).collect();
    Version {
        origin: match owners[..] {
            [] => Origin::Nobody,
            [one] => Origin::Of(one),
            _ => Origin::Twice,
        },
        status: STATUSES[usize::from(body["status"] != "on")],
        ended: false,
    }
}

// ── Wishes ──────────────────────────────────────────────────────────────────────────────────────

#[derive(Clone, Debug)]
enum Wish {
    Read(String),
    Vread(String, usize),
    HistoryInstance(String),
    HistoryType(&'static str),
    Search(&'static str, Filter),
    Create(&'static str, Claim),
    Update(String, Claim, Match),
    Delete(String, Match),
}

#[derive(Clone, Debug, Default)]
struct Filter {
    status: Option<&'static str>,
    owners: Option<Vec<usize>>,
    count: Option<usize>,
    offset: Option<usize>,
    only_count: bool,
    by_form: bool,
    /// A chain through a patient.
    chain: Option<&'static str>,
}

/// What a body says of its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    Nothing,
    Of(usize),
    Twice,
    NoDevice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Match {
    Missing,
    Current,
    Other,
}

impl Wish {
    fn random(chance: &mut Chance, world: &World) -> Self {
        let known = chance.below(world.all.len() + 1);
        let path = match world.all.get(known) {
            Some(found) => format!("{}/{}", found.kind, found.id),
            None => format!("{}/unknown", chance.one(&TYPES)),
        };
        let kind = chance.one(&TYPES);
        let claim = match chance.below(6) {
            0..3 => Claim::Nothing,
            3 => Claim::Of(chance.below(3)),
            4 => Claim::Twice,
            _ => Claim::NoDevice,
        };
        let matched = chance.one(&[Match::Current, Match::Current, Match::Missing, Match::Other]);
        match chance.below(12) {
            0 | 1 => Self::Read(path),
            2 => Self::Vread(path, 1 + chance.below(3)),
            3 => Self::HistoryInstance(path),
            4 => Self::HistoryType(kind),
            5 => Self::Create(kind, claim),
            6 => Self::Update(path, claim, matched),
            7 => Self::Delete(path, matched),
            _ => Self::Search(kind, Filter::random(chance)),
        }
    }

    fn kind(&self) -> &str {
        match self {
            Self::Read(path)
            | Self::Vread(path, _)
            | Self::HistoryInstance(path)
            | Self::Update(path, ..)
            | Self::Delete(path, _) => path.split('/').next().expect("a type"),
            Self::HistoryType(kind) | Self::Search(kind, _) | Self::Create(kind, _) => kind,
        }
    }

    const fn letter(&self) -> char {
        match self {
            Self::Read(_) | Self::Vread(..) | Self::HistoryInstance(_) => 'r',
            Self::HistoryType(_) | Self::Search(..) => 's',
            Self::Create(..) => 'c',
            Self::Update(..) => 'u',
            Self::Delete(..) => 'd',
        }
    }

    fn request(&self, world: &World) -> Request {
        let (method, path) = match self {
            Self::Read(path) => ("GET", path.clone()),
            Self::Vread(path, version) => ("GET", format!("{path}/_history/{version}")),
            Self::HistoryInstance(path) => ("GET", format!("{path}/_history")),
            Self::HistoryType(kind) => ("GET", format!("{kind}/_history")),
            Self::Search(kind, filter) if filter.by_form => ("POST", format!("{kind}/_search")),
            Self::Search(kind, _) => ("GET", (*kind).to_owned()),
            Self::Create(kind, _) => ("POST", (*kind).to_owned()),
            Self::Update(path, ..) => ("PUT", path.clone()),
            Self::Delete(path, _) => ("DELETE", path.clone()),
        };
        let mut request = Request {
            method: method.to_owned(),
            path,
            ..Request::default()
        };
        match self {
            Self::Search(_, filter) if filter.by_form => {
                request.content_type = Some("application/x-www-form-urlencoded".to_owned());
                request.body = filter.query().into_bytes();
            }
            Self::Search(_, filter) => request.query = filter.query(),
            Self::Create(kind, claim) => request.fill(body(kind, None, *claim)),
            Self::Update(path, claim, matched) => {
                let (kind, id) = path.split_once('/').expect("a path");
                request.fill(body(kind, Some(id), *claim));
                request.if_match = matched.text(world, path);
            }
            Self::Delete(path, matched) => request.if_match = matched.text(world, path),
            _ => {}
        }
        request
    }
}

trait Fill {
    fn fill(&mut self, body: String);
}

impl Fill for Request {
    fn fill(&mut self, body: String) {
        self.content_type = Some("application/fhir+json".to_owned());
        self.body = body.into_bytes();
    }
}

impl Match {
    fn text(self, world: &World, path: &str) -> Option<String> {
        let current = world.at(path).map_or(1, |at| world.all[at].versions.len());
        match self {
            Self::Missing => None,
            Self::Current => Some(format!("W/\"{current}\"")),
            Self::Other => Some("W/\"77\"".to_owned()),
        }
    }
}

impl Filter {
    fn random(chance: &mut Chance) -> Self {
        Self {
            status: chance.flip().then(|| chance.one(&STATUSES)),
            owners: (chance.below(3) == 0).then(|| {
                let all = 0..chance.below(3);
                all.map(|_| chance.below(3)).collect()
            }),
            count: chance.flip().then(|| 1 + chance.below(3)),
            offset: (chance.below(4) == 0).then(|| chance.below(3)),
            only_count: chance.below(6) == 0,
            by_form: chance.below(4) == 0,
            chain: (chance.below(6) == 0)
                .then(|| chance.one(&["subject:Patient.status", "subject.status"])),
        }
    }

    fn query(&self) -> String {
        let mut text = "_sort=status".to_owned();
        let mut add = |name: &str, value: &str| {
            let _ = write!(text, "&{name}={value}");
        };
        if let Some(status) = self.status {
            add("status", status);
        }
        if let Some(owners) = &self.owners {
            let named = owners.iter().map(|owner| OWNERS[*owner].device());
            add("resource-origin", &named.collect::<Vec<_>>().join(","));
        }
        if let Some(count) = self.count {
            add("_count", &count.to_string());
        }
        if let Some(offset) = self.offset {
            add("_offset", &offset.to_string());
        }
        if self.only_count {
            add("_summary", "count");
        }
        if let Some(chain) = self.chain {
            add(chain, "on");
        }
        text
    }
}

fn body(kind: &str, id: Option<&str>, claim: Claim) -> String {
    let device = |owner: usize| extension(&OWNERS[owner].device());
    let extensions = match claim {
        Claim::Nothing => String::new(),
        Claim::Of(owner) => device(owner),
        Claim::Twice => [device(0), device(0)].join(","),
        Claim::NoDevice => extension("Patient/1"),
    };
    let id = id.map_or_else(String::new, |id| format!(r#""id":"{id}","#));
    format!(r#"{{"resourceType":"{kind}",{id}"status":"on","extension":[{extensions}]}}"#)
}

fn random_scopes(chance: &mut Chance) -> String {
    let mut scopes = Vec::new();
    for _ in 0..chance.below(5) {
        let kind = chance.one(&["Patient", "Task", "Device", "*"]);
        let letters = chance.one(&["rs", "cruds", "r", "s", "cu", "d", "crus"]);
        let mut scope = format!("system/{kind}.{letters}");
        if chance.below(3) > 0 {
            let owners = (0..=chance.below(2)).map(|_| OWNERS[chance.below(3)].device());
            let owners: Vec<String> = owners.collect();
            let _ = write!(scope, "?resource-origin={}", owners.join(","));
        }
        scopes.push(scope);
    }
    scopes.join(" ")
}

// ── The obvious reading ─────────────────────────────────────────────────────────────────────────

/// What somebody sees of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    status: u16,
    /// Type, id and version of each resource, in order, whatever page it is on.
    resources: Vec<String>,
    /// What the answer says of their number.
    total: Option<u64>,
}

impl Seen {
    fn status(status: u16) -> Self {
        Self {
            status,
            resources: Vec::new(),
            total: None,
        }
    }
}

/// Whether one scope, read as text, allows a letter on a type with this owner's resources.
fn allows(scope: &str, letter: char, kind: &str, origin: Option<Origin>) -> bool {
    let rest = scope.strip_prefix("system/").expect("a scope");
    let (of, rest) = rest.split_once('.').expect("a dot");
    let (letters, owners) = match rest.split_once("?resource-origin=") {
        Some((letters, owners)) => (letters, Some(owners)),
        None => (rest, None),
    };
    let has_owner = match (owners, origin) {
        (None, _) | (_, None) => true,
        (Some(owners), Some(Origin::Of(owner))) => owners.contains(&OWNERS[owner].device()),
        (Some(_), Some(Origin::Nobody | Origin::Twice)) => false,
    };
    (of == "*" || of == kind) && letters.contains(letter) && has_owner
}

fn any(scopes: &str, letter: char, kind: &str, origin: Option<Origin>) -> bool {
    let mut each = scopes.split(' ').filter(|scope| !scope.is_empty());
    each.any(|scope| allows(scope, letter, kind, origin))
}

/// Whether everybody's resources of a type are reached: those without an owner, too.
fn all_of(scopes: &str, letter: char, kind: &str) -> bool {
    any(scopes, letter, kind, Some(Origin::Nobody))
}

fn reaches(scopes: &str, wish: &Wish, origin: Origin) -> bool {
    // Who may do it with nobody's resources is refused whatever there is.
    any(scopes, wish.letter(), wish.kind(), Some(origin))
        || all_of(scopes, wish.letter(), wish.kind())
        || matches!(wish, Wish::Create(..))
}

fn oracle(world: &mut World, scopes: &str, wish: &Wish) -> Seen {
    let (letter, kind) = (wish.letter(), wish.kind());
    if !any(scopes, letter, kind, None) {
        return Seen::status(403);
    }
    let may = |origin| any(scopes, letter, kind, Some(origin));
    let absent = |gone: bool| {
        let status = match (all_of(scopes, letter, kind), gone) {
            (false, _) => 403,
            (true, false) => 404,
            (true, true) => 410,
        };
        Seen::status(status)
    };
    match wish {
        Wish::Create(kind, claim) => created(world, kind, *claim),
        Wish::Search(kind, filter) => searched(world, scopes, kind, filter),
        Wish::HistoryType(kind) => {
            let all = world.all.iter().filter(|found| found.kind == *kind);
            listed(all.flat_map(|found| visible(found, may)).collect())
        }
        Wish::HistoryInstance(path) => match world.at(path).map(|at| &world.all[at]) {
            None => absent(false),
            Some(found) => {
                let seen = visible(found, may);
                if seen.is_empty() {
                    Seen::status(403)
                } else {
                    listed(seen)
                }
            }
        },
        Wish::Read(path) => match world.at(path).map(|at| &world.all[at]) {
            None => absent(false),
            Some(found) if found.now().ended => absent(true),
            Some(found) => read(found, found.versions.len() - 1, may),
        },
        Wish::Vread(path, version) => match world.at(path).map(|at| &world.all[at]) {
            Some(found) if *version <= found.versions.len() => {
                if found.versions[version - 1].ended {
                    absent(true)
                } else {
                    read(found, version - 1, may)
                }
            }
            _ => absent(false),
        },
        Wish::Update(path, claim, matched) => match world.at(path) {
            Some(at) if !world.all[at].now().ended => {
                updated(&mut world.all[at], *claim, *matched, may)
            }
            _ => absent(false),
        },
        Wish::Delete(path, matched) => match world.at(path) {
            Some(at) if !world.all[at].now().ended => {
                let found = &mut world.all[at];
                let origin = found.now().origin;
                if !may(origin) {
                    return Seen::status(403);
                }
                if *matched == Match::Other {
                    return Seen::status(412);
                }
                found.versions.push(Version {
                    origin,
                    status: "off",
                    ended: true,
                });
                Seen::status(204)
            }
            _ => absent(false),
        },
    }
}

fn read(found: &Resource, at: usize, may: impl Fn(Origin) -> bool) -> Seen {
    if may(found.versions[at].origin) {
        Seen {
            resources: vec![named(found, at)],
            ..Seen::status(200)
        }
    } else {
        Seen::status(403)
    }
}

fn named(found: &Resource, at: usize) -> String {
    if found.versions[at].ended {
        format!("{}/{}", found.kind, found.id)
    } else {
        format!("{}/{}/{}", found.kind, found.id, at + 1)
    }
}

/// The versions of a resource that may be seen, the latest first.
fn visible(found: &Resource, may: impl Fn(Origin) -> bool) -> Vec<String> {
    let all = (0..found.versions.len()).rev();
    let seen = all.filter(|at| may(found.origin_at(*at)));
    seen.map(|at| named(found, at)).collect()
}

fn listed(resources: Vec<String>) -> Seen {
    Seen {
        resources,
        ..Seen::status(200)
    }
}

fn created(world: &mut World, kind: &'static str, claim: Claim) -> Seen {
    if claim != Claim::Nothing {
        return Seen::status(400);
    }
    let id = format!("n{}", world.all.len());
    let versions = vec![Version {
        origin: Origin::Of(ME),
        status: "on",
        ended: false,
    }];
    let made = Resource { kind, id, versions };
    let resources = vec![named(&made, 0)];
    world.all.push(made);
    Seen {
        resources,
        ..Seen::status(201)
    }
}

fn updated(
    found: &mut Resource,
    claim: Claim,
    matched: Match,
    may: impl Fn(Origin) -> bool,
) -> Seen {
    let origin = found.now().origin;
    let refused = match (may(origin), matched, claim) {
        (false, ..) => Some(403),
        (_, Match::Missing | Match::Other, _) => Some(412),
        (_, _, Claim::Twice | Claim::NoDevice) => Some(400),
        (_, _, Claim::Of(owner)) if origin != Origin::Of(owner) => Some(403),
        _ => None,
    };
    if let Some(refused) = refused {
        return Seen::status(refused);
    }
    found.versions.push(Version {
        origin,
        status: "on",
        ended: false,
    });
    Seen {
        resources: vec![named(found, found.versions.len() - 1)],
        ..Seen::status(200)
    }
}

fn searched(world: &World, scopes: &str, kind: &str, filter: &Filter) -> Seen {
    let needs = match filter.chain {
        None => true,
        Some("subject:Patient.status") => all_of(scopes, 'r', "Patient"),
        // A type that no scope names but `*`.
        Some(_) => all_of(scopes, 'r', "Anything"),
    };
    if !needs {
        return Seen::status(403);
    }
    let is_asked = |origin: Origin| match (&filter.owners, origin) {
        (None, _) => true,
        (Some(owners), Origin::Of(owner)) => owners.contains(&owner),
        (Some(_), _) => false,
    };
    let found = |found: &&Resource| {
        let now = found.now();
        let is_match = filter.status.is_none_or(|status| now.status == status);
        let may = any(scopes, 's', kind, Some(now.origin));
        found.kind == kind && !now.ended && is_match && may && is_asked(now.origin)
    };
    let all: Vec<String> = (world.all.iter().filter(found))
        .map(|found| named(found, found.versions.len() - 1))
        .collect();
    let total = Some(all.len() as u64);
    if filter.only_count {
        return Seen {
            total,
            ..Seen::status(200)
        };
    }
    let resources: Vec<String> = all.into_iter().skip(filter.offset.unwrap_or(0)).collect();
    listed(resources)
}

// ── The resource service ────────────────────────────────────────────────────────────────────────

/// Asks, and follows the links to the last page.
fn run(world: &mut World, scopes: &str, wish: &Wish) -> Seen {
    let mut seen = Seen::status(0);
    let mut next: Option<Cursor> = None;
    for number in 0..100 {
        let mut request = wish.request(world);
        if next.is_some() {
            // What is sealed is given back by `settle`; a page is read by GET.
            request.path = request.path.replace("/_search", "");
            "_page=x".clone_into(&mut request.query);
            "GET".clone_into(&mut request.method);
        }
        let reply = settle(world, scopes, request, next.take().as_ref());
        seen.status = reply.status;
        match reply.body {
            Inhoud::Lijst(page) => {
                let json = page.to_json(BASE, |_| "x".to_owned());
                let json: Value = serde_json::from_slice(&json).expect("json");
                let entries = json["entry"].as_array().cloned().unwrap_or_default();
                check_page(wish, scopes, &json, entries.len(), page.next.is_some());
                // A next page is promised only when something stands on it.
                assert!(number == 0 || !entries.is_empty(), "an empty page");
                seen.resources.extend(entries.iter().map(name_of));
                if matches!(wish, Wish::Search(_, filter) if filter.only_count) {
                    seen.total = json["total"].as_u64();
                }
                next = page.next;
                if next.is_some() {
                    continue;
                }
            }
            Inhoud::Json(body) if reply.status < 300 => {
                let resource: Value = serde_json::from_slice(&body).expect("json");
                seen.resources
                    .push(name_of(&json!({ "resource": resource })));
            }
            _ => {}
        }
        return seen;
    }
    unreachable!("the pages do not end");
}

/// What a page may not tell: by its length, by its links, or by a number.
fn check_page(wish: &Wish, scopes: &str, page: &Value, found: usize, more: bool) {
    let is_all = all_of(scopes, wish.letter(), wish.kind());
    let Wish::Search(_, filter) = wish else {
        return;
    };
    if let Some(count) = filter.count {
        assert!(found <= count, "more than was asked");
    }
    let is_narrow = !is_all || filter.owners.is_some();
    if is_narrow && !filter.only_count {
        let is_nobody = page["total"] == 0 && found == 0;
        assert!(
            page.get("total").is_none() || is_nobody,
            "a number that tells of others"
        );
        let size = filter.count.unwrap_or(20);
        assert!(!more || found == size, "a short page tells of others");
        assert!(!more || found > 0, "an empty page tells of others");
    }
}

fn name_of(entry: &Value) -> String {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    match entry.get("resource") {
        Some(resource) => format!(
            "{}/{}/{}",
            text(&resource["resourceType"]),
            text(&resource["id"]),
            text(&resource["meta"]["versionId"]),
        ),
        None => text(&entry["request"]["url"]),
    }
}

/// What a server that knows owners says of itself.
static KNOWN: LazyLock<Arc<Capabilities>> = LazyLock::new(capabilities);

fn settle(world: &mut World, scopes: &str, request: Request, page: Option<&Cursor>) -> Antwoord {
    let id = |text| Id::parse(text).expect("an id");
    let asked = Arc::new(Asked {
        request,
        caller: Caller {
            client_id: Some(OWNERS[ME]),
            scopes: Arc::new(Scopes::parse(scopes).expect("scopes")),
        },
        base: BASE.to_owned(),
        upstream: UPSTREAM.to_owned(),
        sporen: Sporen::read(None, None, None, || id("a")),
    });
    let known = world.knows_owners.then(|| &*KNOWN);
    let mut step = begin(&asked);
    loop {
        step = match step {
            Step::Ask(Vraag::Upstream(question)) => {
                let answer = world.answer(question.request());
                question.answer(Ok(answer))
            }
            Step::Ask(Vraag::Capabilities(question)) => question.answer(known),
            Step::Ask(Vraag::Bladzijde(question)) => question.answer(page.cloned()),
            Step::Save { then, .. } => then(),
            Step::Done(verdict) => return verdict.reply,
        };
    }
}

fn capabilities() -> Arc<Capabilities> {
    let origin = json!([{ "name": "resource-origin", "type": "reference" }]);
    let resource = |kind| json!({ "type": kind, "searchParam": origin });
    let statement = json!({
        "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
        "rest": [{ "resource": TYPES.map(resource) }],
    });
    Arc::new(Capabilities::read(&statement).expect("a statement"))
}
