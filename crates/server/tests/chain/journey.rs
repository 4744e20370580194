//! A journey as the observer tells it, recorded: `docs/journeys/` shows what a run gives.
//!
//! `SLUIS_RECORD=1` writes the files anew.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use server::door::TraceId;
use server::network::Person;
use server::outside::Headers;
use server::pages::Lang;
use server::recording::Recording;

use crate::world::{SASKIA, World, json, login};

/// How often the observer is asked whether it knows more, and how often in vain.
const ASK_EVERY: Duration = Duration::from_millis(200);
const ASKS_MAX: usize = 100;
/// Answers without news after which nothing more is expected: parties tell within milliseconds.
const QUIET_ASKS: usize = 5;

impl World {
    /// What the observer knows of a run once it is complete and nothing more is told of it.
    async fn recorded(&self, trace: TraceId) -> Recording {
        let (mut last, mut quiet) = (Value::Null, 0);
        for _ in 0..ASKS_MAX {
            tokio::time::sleep(ASK_EVERY).await;
            let now = self.told_of(trace).await;
            quiet = if now == last { quiet + 1 } else { 0 };
            last = now;
            if last["uitkomst"] == "gelukt" && quiet >= QUIET_ASKS {
                break;
            }
        }
        assert_eq!(last["uitkomst"], "gelukt", "{last}");
        Recording::from_data(&last).expect("a recording")
    }

    async fn told_of(&self, trace: TraceId) -> Value {
        let url = format!("{}/reizen/{trace}.json", self.url("netwerk"));
        let answer = self.outside(None).get(&url, Headers::none()).await;
        json(&answer.expect("an answer"))
    }
}

/// A person of the sample who logs in, consents and reads what two providers have.
async fn collects(world: &World) -> TraceId {
    let trace = TraceId::fresh();
    let mut person = Person::new(world.outside(None), trace);
    let start = person.open(&world.url("pgo")).await.expect("a page");
    let form = start.form("/verzamelen").expect("a form");
    let digid = person.send(form).await.expect("a page");
    let register = person.send(login(&digid, SASKIA, "inloggen")).await;
    let form = register.expect("a page").form("/toestemming");
    let form = form.expect("a form").with_every("ja");
    let result = person.send(form.with("keuze", "geven")).await;
    assert_eq!(result.expect("a page").url.path(), "/resultaat");
    trace
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recorded_journey_is_what_a_run_gives() {
    let world = World::start().await;
    let recording = world.recorded(collects(&world).await).await.normalised();
    let svg = recording
        .diagram(Lang::En)
        .as_file(&recording.trace_id, Lang::En);
    let har = serde_json::to_string_pretty(&recording.har()).expect("json");
    same_as(&folder().join("mitz.svg"), &svg);
    same_as(&folder().join("mitz.json"), &har);
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/journeys")
}

/// Whether a file holds this text, and a newline; writes it when it is to be recorded.
fn same_as(path: &Path, text: &str) {
    let text = format!("{}\n", text.trim_end());
    if std::env::var_os("SLUIS_RECORD").is_some() {
        std::fs::create_dir_all(folder()).expect("a folder");
        std::fs::write(path, text).expect("writable");
        return;
    }
    let known = std::fs::read_to_string(path).unwrap_or_default();
    let mut lines = (1..).zip(known.lines().zip(text.lines()));
    let other = lines.find(|(_, (known, now))| known != now);
    let name = path.display();
    assert!(
        other.is_none() && known.len() == text.len(),
        "{name} is not what a run gives, first at {other:?}; SLUIS_RECORD=1 writes it anew"
    );
}
