use identity::Hostname;
use protocol::wire::{Known, Parameters, encode};

use super::*;

mod matrix;

const CLIENT: &str = "medmij.deenigeechtepgo.nl";
const CB: &str = "https://medmij.deenigeechtepgo.nl/cb";
const REQUEST: &str = "57510be1-73e6-4a75-9db8-ee005cced48f";
const CORRELATION: &str = "c0e7b545-9606-4eef-bea7-75d8addaa54b";

/// The base setting of medmij.md §3.1.
fn usual() -> Vec<(&'static str, String)> {
    [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", CB),
        ("scope", "eenofanderezorgaanbieder"),
        ("state", "S1"),
        (REQUEST_ID, REQUEST),
        (CORRELATION_ID, CORRELATION),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

fn with(name: &'static str, value: &str) -> Vec<(&'static str, String)> {
    let mut all = without(name);
    all.push((name, value.to_owned()));
    all
}

fn without(name: &str) -> Vec<(&'static str, String)> {
    let mut all = usual();
    all.retain(|(known, _)| *known != name);
    all
}

fn read(parameters: &[(&str, String)]) -> Result<Verzoek, Afwijzing> {
    let query: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    read_query(&query.join("&"))
}

fn read_query(query: &str) -> Result<Verzoek, Afwijzing> {
    let kennis = Kennis {
        is_client: &|host: &Hostname| host.as_str() == CLIENT,
        serves: &|scope: &Scope| scope.naam.scope_naam() == "eenofanderezorgaanbieder",
        port: FrontchannelPort::Forbidden,
    };
    Verzoek::read(&Known::read(query.as_bytes(), &PARAMETERS), &kennis)
}

fn is_page(parameters: &[(&str, String)]) -> bool {
    matches!(
        read(parameters),
        Err(Afwijzing {
            naar: Naar::Pagina,
            ..
        })
    )
}

/// Where the client hears of it.
fn back(parameters: &[(&str, String)]) -> String {
    match read(parameters) {
        Err(Afwijzing {
            naar: Naar::Client(url),
            ..
        }) => url,
        other => panic!("{other:?}"),
    }
}

fn error(error: &str) -> String {
    format!("{CB}?error={error}&state=S1")
}

#[test]
fn medmij_case_001_and_020_and_107_a_request_is_read_and_extras_are_ignored() {
    let verzoek = read(&usual()).expect("a request");
    // medmij case 1
    assert_eq!(
        verzoek.scope.naam.as_str(),
        "eenofanderezorgaanbieder@medmij"
    );
    assert_eq!(verzoek.correlation_id, CORRELATION);
    // medmij case 20
    let mut extras = usual();
    let challenge = [
        ("foo", "bar"),
        ("code_challenge", "x"),
        ("code_challenge_method", "S256"),
    ];
    extras.extend(challenge.map(|(name, value)| (name, value.to_owned())));
    extras.push(("foo", "again".to_owned()));
    assert_eq!(read(&extras), Ok(verzoek));
    // medmij case 107
    let state = "s".repeat(512);
    let verzoek = read(&with("state", &state)).expect("a request");
    assert!(
        verzoek
            .granted("c")
            .ends_with(&format!("?code=c&state={state}"))
    );
}

#[test]
fn medmij_case_002_and_003_and_004_and_005_and_006_and_007_and_008_without_a_proven_client_and_redirect_uri_there_is_no_redirect()
 {
    // medmij cases 2 and 3
    assert!(is_page(&with("client_id", "medmij.anderepgo.nl")));
    assert!(is_page(&with("client_id", "MEDMIJ.deenigeechtepgo.nl")));
    assert!(is_page(&without("client_id")));
    // medmij case 5
    assert!(is_page(&without("redirect_uri")));
    // medmij cases 4, 6, 7 and 8
    for uri in [
        "https://evil.example/cb",
        "https://medmij.deenigeechtepgo.nl.evil.example/",
        "http://medmij.deenigeechtepgo.nl/cb",
        "https%3A%2F%2Fmedmij.deenigeechtepgo.nl%2Fcb",
        "https://medmij.deenigeechtepgo.nl@evil.example/cb",
        "https://evil.example\\@medmij.deenigeechtepgo.nl/cb",
        "https://medmij.deenigeechtepgo.nl:8443/cb",
        "https://medmij.deenigeechtepgo.nl/cb#x",
        "https://medmij.deenigeechtepgo.nl/c b",
        "https://medmij.deenigeechtepgo.nl\t/cb",
        "https:/medmij.deenigeechtepgo.nl/cb",
        "//medmij.deenigeechtepgo.nl/cb",
        "medmij.deenigeechtepgo.nl",
        "",
        // RFC 6749 §4.1.2: what an answer brings, under whatever spelling
        "https://medmij.deenigeechtepgo.nl/cb?code=EVIL&state=EVIL",
        "https://medmij.deenigeechtepgo.nl/cb?a=1&%73tate=EVIL",
        "https://medmij.deenigeechtepgo.nl?error=EVIL",
        "https://medmij.deenigeechtepgo.nl/cb?iss=https://evil.example",
        "https://medmij.deenigeechtepgo.nl/cb?a=%zz",
    ] {
        assert!(is_page(&with("redirect_uri", uri)), "{uri}");
    }
    assert!(is_page(&with(
        "redirect_uri",
        &format!("{CB}?{}", "x".repeat(512))
    )));
    for name in ["client_id", "redirect_uri"] {
        let mut twice = usual();
        let again = usual().into_iter().find(|(known, _)| *known == name);
        twice.extend(again);
        assert!(is_page(&twice), "{name}");
    }
}

#[test]
fn medmij_case_009_and_010_and_011_and_012_and_013_and_014_and_015_and_016_and_017_and_018_and_019_from_there_on_the_client_hears_of_it()
 {
    // medmij case 9
    assert_eq!(
        back(&with("response_type", "token")),
        error("unsupported_response_type")
    );
    // medmij cases 10 and 11
    assert_eq!(back(&without("response_type")), error("invalid_request"));
    assert_eq!(back(&without("scope")), error("invalid_request"));
    // medmij cases 12, 13 and 15
    for scope in [
        "onbekendeaanbieder",
        "eenofanderezorgaanbieder@medmij",
        "eenofanderezorgaanbieder~53 eenofanderezorgaanbieder~54",
    ] {
        assert_eq!(
            back(&with("scope", scope)),
            error("invalid_scope"),
            "{scope}"
        );
    }
    // medmij case 16
    assert_eq!(
        back(&without("state")),
        format!("{CB}?error=invalid_request")
    );
    assert_eq!(
        back(&with("state", &"s".repeat(1_025))),
        format!("{CB}?error=invalid_request")
    );
    // medmij cases 17, 18 and 19
    for name in [REQUEST_ID, CORRELATION_ID] {
        assert_eq!(back(&without(name)), error("invalid_request"));
        assert_eq!(back(&with(name, "abc")), error("invalid_request"));
    }
    for name in ["response_type", "scope", REQUEST_ID, CORRELATION_ID] {
        let mut twice = usual();
        twice.push((name, "x".to_owned()));
        assert_eq!(back(&twice), error("invalid_request"), "{name}");
    }
}

#[test]
fn medmij_case_021_a_state_comes_back_as_it_was() {
    let state = r#"a b&c=d%/?#"\~"#;
    let verzoek = read(&with("state", state)).expect("a request");
    let url = verzoek.denied(None);
    let query = url.split_once('?').expect("a query").1;
    let parameters = Parameters::parse(query.as_bytes()).expect("readable");
    // medmij case 21
    assert_eq!(parameters.get("state"), Some(state));
    assert_eq!(parameters.get("error"), Some("access_denied"));
}

#[test]
fn medmij_case_016_a_state_is_visible_ascii_within_its_bound() {
    let refused = format!("{CB}?error=invalid_request");
    // RFC 6749 appendix A.5
    for state in ["a\u{1}", "a\r\nb", "\u{7f}", "é", &"\\".repeat(513)] {
        assert_eq!(back(&with("state", state)), refused, "{state:?}");
    }
    // medmij case 107
    for state in ["s".repeat(1_024), "\"".repeat(512)] {
        assert!(read(&with("state", &state)).is_ok());
    }
}

#[test]
fn core_authint_200_what_is_not_known_is_ignored_and_what_is_known_must_be_readable() {
    let pair = |(name, value): &(&str, String)| format!("{name}={}", encode(value));
    let without = |name: &str| {
        let pairs: Vec<String> = without(name).iter().map(pair).collect();
        pairs.join("&")
    };
    let usual = without("none");
    let many = "&p=1".repeat(200);
    let verzoek = read_query(&usual).expect("a request");
    // core.authint.200
    for extra in ["&foo=%zz", "&foo=%ff", "&utm=100%", "&%zz=1", &many] {
        let read = read_query(&format!("{usual}{extra}"));
        assert_eq!(read.as_ref(), Ok(&verzoek), "{extra}");
    }
    // core.authint.203 (exception 1b)
    for name in ALWAYS {
        let refused = read_query(&format!("{}&{name}=%zz", without(name)));
        let state = if name == "state" { "" } else { "&state=S1" };
        let expected = Naar::Client(format!("{CB}?error=invalid_request{state}"));
        assert_eq!(refused.map_err(|it| it.naar), Err(expected), "{name}");
    }
    // core.authint.202 (exception 1a)
    for name in ["client_id", "redirect_uri"] {
        let refused = read_query(&format!("{}&{name}=%zz", without(name)));
        assert_eq!(refused.map_err(|it| it.naar), Err(Naar::Pagina), "{name}");
    }
}

#[test]
fn medmij_case_085_and_086_and_087_who_acts_for_somebody_says_when_that_one_was_born() {
    let acting = |born: Option<&str>| {
        let mut all = with("scope", "eenofanderezorgaanbieder onbehalfof");
        all.extend(born.map(|born| (GEBOORTEDATUM, born.to_owned())));
        all
    };
    // medmij case 85
    let verzoek = read(&acting(Some("19700901"))).expect("a request");
    assert_eq!(
        verzoek.geboortedatum,
        GeboortedatumParameter::parse("19700901").ok()
    );
    // medmij cases 86 and 87
    for born in [None, Some("1970-09-01"), Some("19701301")] {
        assert_eq!(back(&acting(born)), error("invalid_request"), "{born:?}");
    }
    let mut alone = usual();
    alone.push((GEBOORTEDATUM, "nooit".to_owned()));
    alone.push((GEBOORTEDATUM, "19700901".to_owned()));
    assert_eq!(read(&alone).expect("ignored").geboortedatum, None);
}
