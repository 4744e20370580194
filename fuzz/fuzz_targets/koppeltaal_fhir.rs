//! A request at Koppeltaal's FHIR service, and what a FHIR server answers to it.
#![no_main]
use std::sync::Arc;

use koppeltaal::ClientId;
use koppeltaal::auditevent::Spoor;
use koppeltaal::resource_service::{
    Asked, Caller, Request, Sporen, Storing, UpstreamAnswer, Vraag, begin,
};
use koppeltaal::scope::Scopes;
use verdict::Step;

const SCOPES: [&str; 2] = [
    "system/*.cruds",
    "system/*.cruds?resource-origin=Device/01010101-0101-0101-0101-010101010101",
];
const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
const STATUSES: [u16; 6] = [200, 201, 204, 404, 412, 422];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.split(|byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let choices = part();
    let choice = |at: usize, of: usize| usize::from(choices.get(at).copied().unwrap_or(0)) % of;
    let mut text = || String::from_utf8_lossy(part()).into_owned();
    let request = Request {
        method: METHODS[choice(0, METHODS.len())].to_owned(),
        path: text(),
        query: text(),
        accept: None,
        content_type: Some("application/fhir+json".to_owned()),
        if_match: Some(text()),
        if_none_match: Some(text()),
        if_none_exist: (choice(1, 2) == 0).then(&mut text),
        prefer: None,
        body: text().into_bytes(),
    };
    let answer = UpstreamAnswer {
        status: STATUSES[choice(2, STATUSES.len())],
        etag: Some(text()),
        last_modified: None,
        location: Some(text()),
        body: Some(text().into_bytes()),
    };
    let (Ok(scopes), Some(number)) = (Scopes::parse(SCOPES[choice(3, 2)]), Spoor::parse("a")) else {
        return;
    };
    let asked = Arc::new(Asked {
        request,
        caller: Caller {
            client_id: Some(ClientId::of([1; 16])),
            scopes: Arc::new(scopes),
        },
        base: "https://kt.example/fhir".to_owned(),
        upstream: "https://fhir.example/d1".to_owned(),
        sporen: Sporen::read(None, None, None, || number.clone()),
    });
    let mut step = begin(&asked);
    for _ in 0..60 {
        step = match step {
            Step::Ask(Vraag::Upstream(asked)) if choice(4, 9) > 0 => asked.answer(Ok(answer.clone())),
            Step::Ask(Vraag::Upstream(asked)) => asked.answer(Err(Storing::Unreadable)),
            Step::Ask(Vraag::Capabilities(asked)) => asked.answer(None),
            Step::Ask(Vraag::Bladzijde(asked)) => asked.answer(None),
            Step::Save { then, .. } => then(),
            Step::Done(_) => return,
        };
    }
    unreachable!("more questions than may be asked");
});
