//! Whatever a client asks and whatever a FHIR server answers: there is an answer, and soon.

use std::sync::Arc;

use koppeltaal::ClientId;
use koppeltaal::auditevent::Spoor;
use koppeltaal::resource_service::{
    Antwoord, Asked, Caller, Inhoud, Request, Sporen, Storing, UpstreamAnswer, Vraag, begin,
};
use koppeltaal::scope::Scopes;
use proptest::prelude::*;
use verdict::Step;

/// Questions that one request may lead to: fifty pages, and what goes before.
const QUESTIONS_MAX: usize = 60;

fn settle(request: Request, scopes: &str, answers: &[UpstreamAnswer]) -> Antwoord {
    let number = |text| Spoor::parse(text).expect("a number");
    let asked = Arc::new(Asked {
        request,
        caller: Caller {
            client_id: Some(ClientId::of([1; 16])),
            scopes: Arc::new(Scopes::parse(scopes).expect("scopes")),
        },
        base: "https://kt.example/fhir".to_owned(),
        upstream: "https://fhir.example/d1".to_owned(),
        sporen: Sporen::read(None, None, None, || number("a")),
    });
    let mut step = begin(&asked);
    for question in 0..QUESTIONS_MAX {
        let answer = answers.get(question % answers.len().max(1)).cloned();
        step = match step {
            Step::Ask(Vraag::Upstream(asked)) => asked.answer(answer.ok_or(Storing::Away)),
            Step::Ask(Vraag::Capabilities(asked)) => asked.answer(None),
            Step::Ask(Vraag::Bladzijde(asked)) => asked.answer(None),
            Step::Save { then, .. } => then(),
            Step::Done(verdict) => return verdict.reply,
        };
    }
    unreachable!("more questions than may be asked");
}

/// Text that is nearly FHIR.
fn resource() -> impl Strategy<Value = String> {
    let origin = r#"{"url":"http://koppeltaal.nl/fhir/StructureDefinition/resource-origin","valueReference":{"reference":"Device/01010101-0101-0101-0101-010101010101"}}"#;
    let member = prop::sample::select(vec![
        r#""resourceType":"Patient""#.to_owned(),
        r#""resourceType":"Bundle","type":"searchset""#.to_owned(),
        r#""id":"1""#.to_owned(),
        r#""id":2"#.to_owned(),
        r#""meta":{"versionId":"1"}"#.to_owned(),
        r#""extension":[]"#.to_owned(),
        format!(r#""extension":[{origin}]"#),
        r#""link":[{"relation":"next","url":"https://fhir.example/d1/Patient?x=1"}]"#.to_owned(),
        r#""entry":[{"resource":{"resourceType":"Patient","id":"1"}}]"#.to_owned(),
        format!(
            r#""entry":[{{"resource":{{"resourceType":"Patient","id":"1","extension":[{origin}]}}}}]"#
        ),
        r#""entry":[{"request":{"method":"DELETE","url":"Patient/1"}}]"#.to_owned(),
        r#""channel":{"type":"rest-hook","endpoint":"https://x/"},"criteria":"Patient?""#
            .to_owned(),
    ]);
    prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(",")))
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        resource().prop_map(String::into_bytes),
    ]
}

fn text() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        "[ -~]{0,20}".prop_map(Some),
        Just(Some("W/\"1\"".to_owned())),
        Just(Some("application/fhir+json".to_owned())),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let method = prop::sample::select(&["GET", "POST", "PUT", "DELETE", "PATCH"][..]);
    let path = prop_oneof![
        "[A-Za-z1/$_.%-]{0,20}",
        "(Patient|Subscription)(/1|/_history|/1/_history|/_search)?",
    ];
    let query = prop_oneof![
        "[ -~]{0,30}",
        "(_count|_offset|_page|name|a.b|_has:Task:patient:x)=[0-9a-z%]{0,4}",
    ];
    let headers = (text(), text(), text(), text(), text(), text());
    (method, path, query, headers, bytes()).prop_map(|(method, path, query, headers, body)| {
        let (accept, content_type, if_match, if_none_match, if_none_exist, prefer) = headers;
        Request {
            method: method.to_owned(),
            path,
            query,
            accept: accept.filter(|text| text.contains("json")),
            content_type,
            if_match,
            if_none_match,
            if_none_exist,
            prefer,
            body,
        }
    })
}

fn answer() -> impl Strategy<Value = UpstreamAnswer> {
    let status =
        prop::sample::select(&[200, 201, 204, 304, 400, 404, 409, 410, 412, 422, 500, 7][..]);
    (status, text(), text(), text(), prop::option::of(bytes())).prop_map(
        |(status, etag, last_modified, location, body)| UpstreamAnswer {
            status,
            etag,
            last_modified,
            location,
            body,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_is_asked_and_answered_there_is_an_end(
        request in request(),
        answers in prop::collection::vec(answer(), 1..4),
        is_narrow in any::<bool>(),
    ) {
        let own = "system/*.cruds?resource-origin=Device/01010101-0101-0101-0101-010101010101";
        let scopes = if is_narrow { own } else { "system/*.cruds" };
        let reply = settle(request, scopes, &answers);
        prop_assert!((200..600).contains(&reply.status));
        if let Inhoud::Lijst(page) = &reply.body {
            let json = page.to_json("https://kt.example/fhir", |_| String::new());
            let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
            prop_assert_eq!(&json["resourceType"], "Bundle");
        }
    }
}
