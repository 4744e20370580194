//! What must hold for every page: rendered from every sample in both languages, parsed as XML.

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::FluentResource;
use uppsala::{Document, NodeId, NodeKind, Parser};

use super::{Lang, STYLESHEET, Sample, samples, texts};

/// Writes the samples to the folder that `SLUIS_PAGES_DIR` names, for whoever wants to look at
/// them; without it, only checks that there are some of every page.
#[test]
fn every_page_has_samples_in_both_languages() {
    let (nl, en) = (samples(Lang::Nl), samples(Lang::En));
    assert_eq!(nl.len(), en.len());
    let contexts: BTreeSet<&str> = nl.iter().filter_map(|s| s.name.split('-').next()).collect();
    assert_eq!(contexts.len(), 67);
    let Some(folder) = std::env::var_os("SLUIS_PAGES_DIR") else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    std::fs::write(folder.join("stijl.css"), STYLESHEET).expect("a folder to write to");
    for sample in nl.iter().chain(&en) {
        let path = folder.join(format!("{}.html", sample.name));
        std::fs::write(path, &sample.page.html).expect("a folder to write to");
    }
}

#[test]
fn every_page_is_well_formed_xml_without_a_named_entity_of_html() {
    for sample in every_sample() {
        Dom::parse(&sample);
        for entity in sample.page.html.split('&').skip(1) {
            let name = entity.split(';').next().unwrap_or_default();
            let known = ["amp", "lt", "gt", "quot", "apos"].contains(&name);
            assert!(known || name.starts_with('#'), "{}: &{name};", sample.name);
        }
    }
}

#[test]
fn every_page_names_its_language_and_has_one_heading_equal_to_its_title() {
    for sample in every_sample() {
        let dom = Dom::parse(&sample);
        let lang = dom.attribute(dom.one("html"), "lang");
        assert!(sample.name.ends_with(&lang), "{}", sample.name);
        let title = dom.within(dom.one("head"), "title");
        let (title, heading) = (dom.text(title[0]), dom.text(dom.one("h1")));
        assert!(!title.is_empty() && title == heading, "{}", sample.name);
    }
}

#[test]
fn every_page_has_landmarks_a_skip_link_a_language_switch_and_the_trace_id() {
    for sample in every_sample() {
        let dom = Dom::parse(&sample);
        dom.one("header");
        let main = dom.attribute(dom.one("main"), "id");
        let links = dom.all("a");
        assert_eq!(dom.attribute(links[0], "href"), format!("#{main}"));
        let languages = links.iter().filter(|link| dom.has(**link, "hreflang"));
        let switch: Vec<String> = languages.map(|link| dom.attribute(*link, "href")).collect();
        let urls = ["nl", "en"].map(|lang| format!("/hier?aanvraag=1&stap=2&taal={lang}"));
        assert_eq!(switch, urls, "{}", sample.name);
        // The page of a fault tells the number of the run that failed, and not its own.
        let own = "Trace ID: 6f0b7c52-4f7e-4c1b-9a58-0a4f5f1f0c01";
        let foot = dom.text(dom.one("footer"));
        let is_of_a_fault = sample.name.starts_with("dva_storing");
        assert_ne!(foot.contains(own), is_of_a_fault, "{}", sample.name);
        assert!(
            dom.text(dom.one("header")).contains("TEST"),
            "{}",
            sample.name
        );
    }
}

#[test]
fn every_field_has_a_label_and_every_button_a_name() {
    for sample in every_sample() {
        let dom = Dom::parse(&sample);
        let labelled: BTreeSet<String> = dom
            .all("label")
            .iter()
            .map(|label| dom.attribute(*label, "for"))
            .collect();
        let inputs = dom.all("input").into_iter();
        let seen = inputs.filter(|input| dom.attribute(*input, "type") != "hidden");
        for field in seen.chain(dom.all("select")) {
            let id = dom.attribute(field, "id");
            assert!(labelled.contains(&id), "{}: {id} has no label", sample.name);
            assert!(dom.has(field, "name"), "{}: {id} has no name", sample.name);
        }
        let named = dom
            .all("button")
            .into_iter()
            .chain(dom.all("label"))
            .chain(dom.all("a"));
        for node in named {
            assert!(
                !dom.text(node).trim().is_empty(),
                "{}: an empty name",
                sample.name
            );
        }
    }
}

#[test]
fn every_id_is_unique_and_every_reference_to_one_leads_somewhere() {
    for sample in every_sample() {
        let dom = Dom::parse(&sample);
        let mut ids = BTreeSet::new();
        for (_, _, id) in dom.attributes().filter(|(_, name, _)| name == "id") {
            assert!(ids.insert(id.clone()), "{}: {id} twice", sample.name);
        }
        for (_, name, value) in dom.attributes() {
            let id = match name.as_str() {
                "for" | "aria-labelledby" | "aria-describedby" => value.as_str(),
                "href" if value.starts_with('#') => &value[1..],
                _ => continue,
            };
            assert!(ids.contains(id), "{}: {name} of {id}", sample.name);
        }
    }
}

#[test]
fn headings_go_down_one_level_at_a_time() {
    for sample in every_sample() {
        let dom = Dom::parse(&sample);
        let mut level = 0;
        for heading in dom
            .elements()
            .filter_map(|(_, name)| name.strip_prefix('h')?.parse().ok())
        {
            let heading: u8 = heading;
            assert!(
                heading <= level + 1,
                "{}: h{heading} after h{level}",
                sample.name
            );
            level = heading;
        }
    }
}

#[test]
fn no_page_brings_script_or_style_of_its_own_but_the_observers_that_name_their_script() {
    for sample in every_sample() {
        let dom = Dom::parse(&sample);
        let is_live = ["netwerk-", "reis-"].map(|page| sample.name.starts_with(page));
        let scripts = dom.all("script");
        assert_eq!(
            scripts.len(),
            usize::from(is_live.contains(&true)),
            "{}",
            sample.name
        );
        for script in scripts {
            assert_eq!(dom.attribute(script, "src"), "/live.js");
            assert_eq!(dom.text(script), "");
        }
        for element in ["style", "iframe", "object", "base"] {
            assert!(dom.all(element).is_empty(), "{}: {element}", sample.name);
        }
        for (_, name, value) in dom.attributes() {
            let forbidden = name == "style" || name.starts_with("on");
            assert!(!forbidden, "{}: {name}", sample.name);
            assert!(
                !value.starts_with("javascript:"),
                "{}: {value}",
                sample.name
            );
        }
    }
}

#[test]
fn every_form_that_changes_something_is_a_post_home_with_its_token_but_those_with_a_proof_of_their_own()
 {
    for sample in every_sample() {
        let dom = Dom::parse(&sample);
        for form in dom.all("form") {
            let is_question = sample.name.starts_with("berichten");
            let method = if is_question { "get" } else { "post" };
            assert_eq!(dom.attribute(form, "method"), method, "{}", sample.name);
            if is_question {
                // It changes nothing, and its address may be kept: there is nothing to prove.
                assert_eq!(dom.attribute(form, "action"), "/berichten");
                continue;
            }
            let (action, inputs) = (dom.attribute(form, "action"), dom.within(form, "input"));
            let named = |name| {
                inputs
                    .iter()
                    .filter(|id| dom.attribute(**id, "name") == name)
                    .count()
            };
            if sample.name.starts_with("digid_doorsturen") {
                // A form that leaves: a signed message, which carries its own proof.
                assert!(action.starts_with("https://") && named("SAMLRequest") == 1);
            } else if sample.name.starts_with("digid_terug") {
                // So does the answer to a logout.
                assert!(action.starts_with("https://") && named("SAMLResponse") == 1);
            } else if sample.name.starts_with("portaal_openen") {
                // So is a launch.
                assert!(action.starts_with("https://") && named("launch") == 1);
            } else {
                assert!(action.starts_with('/'), "{}: {action}", sample.name);
                assert_eq!(named("formulier"), 1, "{}", sample.name);
            }
        }
    }
}

#[test]
fn inserted_values_are_text_and_never_markup() {
    let all: String = every_sample()
        .into_iter()
        .map(|sample| sample.page.html)
        .collect();
    assert!(all.contains("Apotheek De Brug &#38; Zonen &#60;test&#62;"));
    for markup in ["<test>", "<Test>", "<Zonen>", "<5"] {
        assert!(!all.contains(markup), "{markup}");
    }
}

#[test]
fn core_usrint_102_the_title_is_literally_toestemming_geven_and_nothing_is_preselected() {
    let first = samples(Lang::Nl)
        .into_iter()
        .rfind(|s| s.name.starts_with("toestemming-"));
    let first = first.expect("a sample");
    let dom = Dom::parse(&first);
    // core.usrint.102
    assert_eq!(dom.text(dom.one("title")), "Toestemming geven");
    assert!(dom.all("input").len() > 4, "there is something to choose");
    let chosen = |(_, name, _): &(NodeId, String, String)| name == "checked" || name == "selected";
    assert_eq!(dom.attributes().filter(chosen).count(), 0);
}

#[test]
fn no_text_is_missing_and_no_value_is_left_out() {
    for sample in every_sample() {
        let html = &sample.page.html;
        for mark in ["⟦", "{$", "{ $"] {
            assert!(!html.contains(mark), "{}: {mark}", sample.name);
        }
    }
}

#[test]
fn both_languages_have_the_same_texts_with_the_same_values() {
    let (nl, en) = (read(texts::NL), read(texts::EN));
    let keys = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&nl), keys(&en));
    for (key, text) in &nl {
        assert_eq!(variables(text), variables(&en[key]), "{key}");
    }
}

#[test]
fn every_text_is_used() {
    let shown = every_source();
    for key in read(texts::NL).keys() {
        let key = key.split('.').next().unwrap_or_default();
        // The 30 steps are found by their number.
        let step = key
            .strip_prefix("stap-")
            .is_some_and(|number| number.parse::<u8>().is_ok());
        assert!(
            step || shown.contains(&format!("\"{key}\"")),
            "{key} is used nowhere"
        );
    }
}

#[test]
fn every_class_that_a_page_uses_is_in_the_style_sheet() {
    let ends = |c: char| !c.is_ascii_alphanumeric() && c != '-';
    let ruled = STYLESHEET
        .split('.')
        .filter_map(|rest| rest.split(ends).next());
    let ruled: BTreeSet<&str> = ruled.collect();
    for sample in every_sample() {
        let dom = Dom::parse(&sample);
        for (_, _, value) in dom.attributes().filter(|(_, name, _)| name == "class") {
            for class in value.split_whitespace() {
                assert!(ruled.contains(class), "{}: .{class}", sample.name);
            }
        }
    }
}

/// Text of the templates and of the modules that name a text.
fn every_source() -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let templates = std::fs::read_dir(folder.join("templates")).expect("the templates");
    let mut paths: Vec<_> = templates.flatten().map(|entry| entry.path()).collect();
    let here = std::path::Path::new(file!()).parent().expect("a folder");
    let here = if here.is_absolute() {
        here.to_owned()
    } else {
        folder.join("src/pages")
    };
    paths.extend(
        std::fs::read_dir(here)
            .expect("the modules")
            .flatten()
            .map(|e| e.path()),
    );
    let read = |path: &std::path::PathBuf| std::fs::read_to_string(path).expect("text");
    paths.iter().map(read).collect()
}

/// Each text and part of a text, by `key` or `key.part`, as it stands in the file.
fn read(source: &str) -> BTreeMap<String, String> {
    let resource = FluentResource::try_new(source.to_owned());
    let resource = resource
        .map_err(|(_, errors)| errors)
        .expect("no fault in the texts");
    let mut texts = BTreeMap::new();
    let mut key = String::new();
    for line in resource.source().lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let trimmed = line.trim_start();
        let (indented, is_part) = (trimmed.len() < line.len(), trimmed.starts_with('.'));
        let (name, text) = line.split_once('=').unwrap_or((line, ""));
        if is_part {
            let message = key.split('.').next().unwrap_or_default();
            key = format!("{message}{}", name.trim());
        } else if !indented && line != "}" {
            key = name.trim().to_owned();
            assert!(!texts.contains_key(&key), "{key} stands there twice");
        }
        let text = if is_part || !indented { text } else { line };
        texts
            .entry(key.clone())
            .or_insert_with(String::new)
            .push_str(text);
    }
    texts
}

/// The names of the values that a text takes.
fn variables(text: &str) -> BTreeSet<&str> {
    let named = text.split('$').skip(1);
    named
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next())
        .collect()
}

fn every_sample() -> Vec<Sample> {
    Lang::ALL.into_iter().flat_map(samples).collect()
}

/// A parsed page, with the few questions that the tests ask.
struct Dom<'a> {
    name: &'a str,
    document: Document<'a>,
}

impl<'a> Dom<'a> {
    fn parse(sample: &'a Sample) -> Self {
        let parsed = Parser::new().parse(&sample.page.html);
        let document = parsed.unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        Self {
            name: &sample.name,
            document,
        }
    }

    fn elements(&self) -> impl Iterator<Item = (NodeId, String)> {
        let nodes = self.document.descendants(self.document.root()).into_iter();
        nodes.filter_map(|id| match self.document.node_kind(id) {
            Some(NodeKind::Element(element)) => Some((id, element.name.local_name.to_string())),
            _ => None,
        })
    }

    fn all(&self, name: &str) -> Vec<NodeId> {
        let named = self.elements().filter(|(_, found)| found == name);
        named.map(|(id, _)| id).collect()
    }

    fn within(&self, ancestor: NodeId, name: &str) -> Vec<NodeId> {
        let inside = self.document.descendants(ancestor);
        self.all(name)
            .into_iter()
            .filter(|id| inside.contains(id))
            .collect()
    }

    fn one(&self, name: &str) -> NodeId {
        let found = self.all(name);
        assert_eq!(found.len(), 1, "{}: {name}", self.name);
        found[0]
    }

    fn has(&self, id: NodeId, attribute: &str) -> bool {
        self.document.get_attribute(id, attribute).is_some()
    }

    fn attribute(&self, id: NodeId, name: &str) -> String {
        self.document
            .get_attribute(id, name)
            .unwrap_or_default()
            .to_owned()
    }

    fn text(&self, id: NodeId) -> String {
        self.document.text_content_deep(id)
    }

    /// Element, name and value of every attribute on the page.
    fn attributes(&self) -> impl Iterator<Item = (NodeId, String, String)> {
        self.elements().flat_map(|(id, _)| {
            let element = self.document.element(id).expect("an element");
            let own = element.attributes.iter();
            own.map(move |a| (id, a.name.local_name.to_string(), a.value.to_string()))
                .collect::<Vec<_>>()
        })
    }
}
