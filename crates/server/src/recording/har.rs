//! A journey as an HTTP archive (HAR 1.2), with what HAR has no place for under names with a `_`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Exchange, Recording};
use crate::observer::{Bericht, Inhoud, Richting, Weigering};

/// The version of this form of archive: another one when its `_` members change.
const FORM: &str = "1";

impl Recording {
    /// The journey as an HTTP archive. Bodies are what was told of them: redacted, and data instead
    /// of the bytes of the wire.
    pub fn har(&self) -> Value {
        let entry = |exchange: &Exchange<'_>| self.entry(exchange);
        json!({
            "log": {
                "version": "1.2",
                "creator": { "name": "sluis", "version": FORM },
                "comment": "redacted; members with a _ are not of HAR",
                "entries": self.exchanges().iter().map(entry).collect::<Vec<_>>(),
                "_trace_id": self.trace_id,
                "_sightings": self.sightings,
                "_refusals": self.weigeringen,
            }
        })
    }

    fn entry(&self, exchange: &Exchange<'_>) -> Value {
        let bericht = exchange.bericht;
        let refusals = self.weigeringen.iter();
        let requirements = refusals
            .filter(|weigering| is_of(weigering, bericht))
            .map(|weigering| weigering.requirement.as_str());
        json!({
            "startedDateTime": moment(bericht.begonnen_ms),
            "time": bericht.duur_ms,
            "request": request(bericht),
            "response": response(bericht),
            "cache": {},
            "timings": { "send": 0, "wait": bericht.duur_ms, "receive": 0 },
            "_trace_id": bericht.trace_id,
            "_steps": exchange.steps,
            "_party": bericht.party,
            "_peer": bericht.peer,
            "_direction": bericht.richting,
            "_requirement": requirements.collect::<Vec<_>>(),
        })
    }
}

/// Whether a refusal is what this message got: of the party that answered it with an error, in the
/// time between. The log counts in seconds.
fn is_of(weigering: &Weigering, bericht: &Bericht) -> bool {
    let begin_s = bericht.begonnen_ms.div_euclid(1_000);
    let end_s = (bericht.begonnen_ms + i64::from(bericht.duur_ms)).div_euclid(1_000);
    bericht.richting == Richting::Ontvangen
        && bericht.status >= 400
        && weigering.party == bericht.party
        && (begin_s..=end_s).contains(&weigering.time)
}

fn moment(unix_ms: i64) -> String {
    Timestamp::from_millisecond(unix_ms)
        .map(|moment| format!("{moment:.3}"))
        .unwrap_or_default()
}

fn request(bericht: &Bericht) -> Value {
    let sent = &bericht.request;
    let mut request = json!({
        "method": bericht.method,
        "url": bericht.url,
        "httpVersion": "HTTP",
        "cookies": [],
        "headers": headers(sent),
        "queryString": bericht.query.as_ref().map(pairs).unwrap_or_default(),
        "headersSize": -1,
        "bodySize": sent.bytes,
    });
    if let Some(post) = post_data(sent) {
        request["postData"] = post;
    }
    request
}

fn post_data(sent: &Inhoud) -> Option<Value> {
    let mime_type = sent.media_type.as_deref().unwrap_or_default();
    match &sent.velden {
        Some(form) if mime_type == "application/x-www-form-urlencoded" => {
            Some(json!({ "mimeType": mime_type, "params": pairs(form) }))
        }
        _ => {
            let text = text(sent)?;
            Some(json!({ "mimeType": mime_type, "text": text }))
        }
    }
}

fn response(bericht: &Bericht) -> Value {
    let got = &bericht.response;
    let named = |name: &str| {
        let mut found = got.headers.iter();
        found.find(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    let mut content = json!({
        "size": got.bytes,
        "mimeType": got.media_type.as_deref().unwrap_or_default(),
    });
    if let Some(text) = text(got) {
        content["text"] = text.into();
    }
    json!({
        "status": bericht.status,
        "statusText": "",
        "httpVersion": "HTTP",
        "cookies": [],
        "headers": headers(got),
        "content": content,
        "redirectURL": named("location").map_or("", |(_, url)| url),
        "headersSize": -1,
        "bodySize": got.bytes,
    })
}

fn headers(of: &Inhoud) -> Vec<Value> {
    let pair = |(name, value): &(String, String)| json!({ "name": name, "value": value });
    of.headers.iter().map(pair).collect()
}

fn text(of: &Inhoud) -> Option<String> {
    let data = of.velden.as_ref();
    data.map(|data| serde_json::to_string_pretty(data).unwrap_or_default())
        .or_else(|| of.xml.clone())
}

/// The parameters of a query or a form: one pair for each value.
fn pairs(data: &Value) -> Vec<Value> {
    let no_members = Map::new();
    let members = data.as_object().unwrap_or(&no_members);
    let each = |(name, value): (&String, &Value)| -> Vec<Value> {
        let values = match value {
            Value::Array(values) => values.clone(),
            one => vec![one.clone()],
        };
        let pair = |value: Value| {
            let text = value.as_str().map(str::to_owned);
            json!({ "name": name, "value": text.unwrap_or_else(|| value.to_string()) })
        };
        values.into_iter().map(pair).collect()
    };
    members.iter().flat_map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::bericht;
    use super::*;

    fn recording() -> Recording {
        let mut refused = bericht(Richting::Ontvangen, 1_795_305_600_900);
        refused.status = 400;
        refused.duur_ms = 200;
        refused.request.media_type = Some("application/x-www-form-urlencoded".to_owned());
        refused.request.velden = Some(json!({ "grant_type": "refresh_token" }));
        refused.response.velden = Some(json!({ "error": "invalid_grant" }));
        refused.response.headers = vec![("Location".to_owned(), "https://x/".to_owned())];
        let weigering = |party: &str, time| Weigering {
            trace_id: refused.trace_id.clone(),
            party: party.to_owned(),
            requirement: "RFC 7636 §4.6".to_owned(),
            reason: "another verifier".to_owned(),
            who: "pgo.localhost".to_owned(),
            time,
        };
        Recording {
            trace_id: refused.trace_id.clone(),
            weigeringen: vec![
                weigering("mitz", 1_795_305_601),
                weigering("mitz", 1_795_305_602),
                weigering("dva", 1_795_305_601),
            ],
            berichten: vec![refused],
            sightings: Vec::new(),
        }
    }

    #[test]
    fn an_entry_has_what_har_1_2_asks_and_our_own_beside_it() {
        let har = recording().har();
        let entry = &har["log"]["entries"][0];
        assert_eq!(entry["startedDateTime"], "2026-11-22T00:00:00.900Z");
        assert_eq!(entry["time"], 200);
        assert_eq!(
            entry["request"]["postData"]["params"][0]["value"],
            "refresh_token"
        );
        let query = json!([
            { "name": "a", "value": "1" },
            { "name": "b", "value": "2" },
            { "name": "b", "value": "3" },
        ]);
        assert_eq!(entry["request"]["queryString"], query);
        assert_eq!(entry["response"]["redirectURL"], "https://x/");
        let text = entry["response"]["content"]["text"].as_str();
        assert!(text.is_some_and(|text| text.contains("invalid_grant")));
        assert_eq!(entry["_steps"], json!([8, 9, 10]));
        assert_eq!(entry["_requirement"], json!(["RFC 7636 §4.6"]));
        assert_eq!(har["log"]["_refusals"].as_array().map(Vec::len), Some(3));
    }
}
