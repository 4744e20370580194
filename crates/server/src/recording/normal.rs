//! A recording without what differs at every run: numbers, moments, ports, lengths, keys and order.

use serde_json::{Value, json};

use super::Recording;
use crate::door::TraceId;
use crate::observer::{Bericht, Inhoud};
use crate::routes::carried::steps_of;

/// The number of every normalised run.
const TRACE: &str = "00000000-0000-4000-8000-000000000000";
/// The port of every host.
const PORT: &str = "8443";
/// What stands for a moment.
const MOMENT: &str = "2026-11-22T00:00:00Z";
/// What stands for a value that is drawn anew, or made from one.
const DRAWN: &str = "…";
/// Letters from which on a mixture of digits and letters counts as drawn.
const DRAWN_CHARS_MIN: usize = 20;
/// From this length on, what is drawn may lack a digit once in a thousand, and no name of ours is so long.
const DRAWN_LETTERS_MIN: usize = 40;
/// Headers whose value says nothing of the journey.
const HEADERS: [&str; 5] = [
    "content-length",
    "cookie",
    "date",
    "set-cookie",
    "user-agent",
];
/// Members that hold a moment in seconds, or something drawn.
const MEMBERS: [&str; 18] = [
    "at_hash",
    "auth_time",
    "c_hash",
    "code",
    "code_challenge",
    "exp",
    "expires_in",
    "iat",
    "jti",
    "kid",
    "nbf",
    "nonce",
    "not_after",
    "sid",
    "state",
    "sub",
    "updated_at",
    "x5t#S256",
];

impl Recording {
    /// The same journey with everything that differs between two runs of it replaced or sorted, so
    /// that two runs give the same bytes.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        TRACE.clone_into(&mut self.trace_id);
        for seen in &mut self.sightings {
            TRACE.clone_into(&mut seen.trace_id);
            seen.time = 0;
            let texts = [&mut seen.peer, &mut seen.note];
            texts.into_iter().for_each(same_text);
            seen.aanbieder.iter_mut().for_each(same_text);
        }
        self.sightings.sort_by_cached_key(|seen| {
            let key = (seen.step, seen.aanbieder.clone(), seen.party.clone());
            (key, seen.peer.clone(), seen.note.clone(), seen.ok)
        });
        self.sightings.dedup();
        self.berichten.iter_mut().for_each(same_message);
        self.berichten.sort_by_cached_key(|bericht| {
            let steps = steps_of(bericht);
            // What is no step stands behind.
            let step = steps.first().copied().unwrap_or(u8::MAX);
            let key = (step, bericht.party.clone(), bericht.url.clone());
            (key, serde_json::to_string(bericht).unwrap_or_default())
        });
        // One after the other, so that this order stays: a millisecond each.
        for (bericht, at) in self.berichten.iter_mut().zip(0..) {
            bericht.begonnen_ms = at;
        }
        for weigering in &mut self.weigeringen {
            TRACE.clone_into(&mut weigering.trace_id);
            weigering.time = 0;
            same_text(&mut weigering.reason);
            same_text(&mut weigering.who);
        }
        self.weigeringen.sort_by_cached_key(|weigering| {
            let party = weigering.party.clone();
            (
                party,
                weigering.requirement.clone(),
                weigering.reason.clone(),
            )
        });
        self
    }
}

fn same_message(bericht: &mut Bericht) {
    TRACE.clone_into(&mut bericht.trace_id);
    (bericht.begonnen_ms, bericht.duur_ms) = (0, 0);
    same_text(&mut bericht.peer);
    same_text(&mut bericht.url);
    bericht.query.iter_mut().for_each(same_data);
    same_content(&mut bericht.request);
    same_content(&mut bericht.response);
}

fn same_content(content: &mut Inhoud) {
    content.bytes = 0;
    for (name, value) in &mut content.headers {
        if HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            DRAWN.clone_into(value);
        } else {
            same_text(value);
        }
    }
    content.headers.sort();
    content.velden.iter_mut().for_each(same_data);
    content.xml.iter_mut().for_each(same_text);
}

fn same_data(data: &mut Value) {
    match data {
        Value::String(text) => same_text(text),
        Value::Array(items) => items.iter_mut().for_each(same_data),
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                if MEMBERS.contains(&name.as_str()) && !value.is_object() {
                    *value = json!(DRAWN);
                } else {
                    same_data(value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Replaces numbers of runs, ports, moments and what was drawn.
fn same_text(text: &mut String) {
    let mut same = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        if word == 0 {
            same.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (found, after) = rest.split_at(word);
        if is_begin_of_moment(found) {
            let end = after.find(|c: char| !(c.is_ascii_digit() || ":.Z".contains(c)));
            same.push_str(MOMENT);
            rest = &after[end.unwrap_or(after.len())..];
            continue;
        }
        let is_port = same.ends_with("localhost:") && found.bytes().all(|b| b.is_ascii_digit());
        // Of a hidden value only its length is shown, and deflated XML is never of one length.
        let is_length = same.ends_with("••• (") && found.bytes().all(|b| b.is_ascii_digit());
        same.push_str(match found {
            _ if is_port => PORT,
            _ if is_length => DRAWN,
            _ if TraceId::parse(found).is_some() => TRACE,
            _ if is_drawn(found) => DRAWN,
            as_it_is => as_it_is,
        });
        rest = after;
    }
    *text = same;
}

const fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// `2026-11-22T10`, of which the rest follows.
fn is_begin_of_moment(word: &str) -> bool {
    let shape = word.bytes().map(|byte| match byte {
        b'0'..=b'9' => b'0',
        other => other,
    });
    shape.eq(*b"0000-00-00T00")
}

/// Long, and a mixture that nobody writes: random bytes, hashes and signatures.
fn is_drawn(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let lower = word.bytes().any(|byte| byte.is_ascii_lowercase());
    let upper = word.bytes().any(|byte| byte.is_ascii_uppercase());
    let hash = word.trim_start_matches('_');
    let is_hash = hash.len() >= 32 && digits >= 4 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    let is_mixed = lower && upper && (digits > 0 || word.len() >= DRAWN_LETTERS_MIN);
    word.len() >= DRAWN_CHARS_MIN && (is_hash || is_mixed)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{bericht, sighting};
    use super::*;
    use crate::observer::Richting;

    fn same(text: &str) -> String {
        let mut text = text.to_owned();
        same_text(&mut text);
        text
    }

    #[test]
    fn what_differs_between_runs_is_replaced_and_words_stay() {
        assert_eq!(
            same("https://a.localhost:45678/x"),
            "https://a.localhost:8443/x"
        );
        assert_eq!(
            same("run c0e7b545-9606-4eef-bea7-75d8addaa54b ended"),
            format!("run {TRACE} ended")
        );
        assert_eq!(
            same("at 2026-11-22T10:46:03.120Z, well"),
            format!("at {MOMENT}, well")
        );
        assert_eq!(same("ID=\"_0a1b2c3d4e5f60718293a4b5c6d7e8f9\""), "ID=\"…\"");
        assert_eq!(same("kQ3vZr8yT0pLwXe5Ns2aBd"), "…");
        assert_eq!(same("SAMLRequest=••• (464)&x"), "SAMLRequest=••• (…)&x");
        for word in [
            "MedMij_Zorgaanbiederslijst.xml",
            "urn:ietf:params:oauth:token-type:id_token",
            "2025-05-05",
            "application/x-www-form-urlencoded",
            "",
        ] {
            assert_eq!(same(word), word);
        }
    }

    #[test]
    fn two_runs_that_differ_in_nothing_else_become_one() {
        let run = |port: u16, ms: i64, swap: bool| {
            let mut first = bericht(Richting::Ontvangen, ms);
            first.url = format!("https://mitz-back.localhost:{port}/token");
            first.request.velden = Some(json!({ "iat": ms, "iss": first.url }));
            let mut second = first.clone();
            second.url = format!("https://mitz.localhost:{port}/jwks");
            let mut recording = Recording {
                trace_id: TraceId::fresh().to_string(),
                sightings: vec![sighting(23, true, Some("b")), sighting(23, true, Some("a"))],
                berichten: vec![first, second],
                weigeringen: Vec::new(),
            };
            if swap {
                recording.sightings.reverse();
                recording.berichten.reverse();
            }
            recording.normalised()
        };
        let one = run(45_678, 1_795_305_600_123, false);
        assert_eq!(one, run(8_443, 5, true));
        assert!(one.berichten[0].url.ends_with(":8443/token"));
        assert_eq!(one.clone().normalised(), one);
    }
}
