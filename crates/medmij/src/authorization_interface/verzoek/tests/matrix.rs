//! Every combination of what can be wrong with the parameters, against the exception table.

use super::*;

/// How a parameter came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Well,
    Missing,
    Empty,
    Repeated,
    Malformed,
    Overlong,
}

const ALL: [Sent; 6] = [
    Sent::Well,
    Sent::Missing,
    Sent::Empty,
    Sent::Repeated,
    Sent::Malformed,
    Sent::Overlong,
];

/// A request, by how each parameter of it came.
type Request = Vec<(&'static str, String, Sent)>;

/// Where a request ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Taken,
    /// Exception 1a.
    Page,
    /// Exception 1b, with this error.
    Back(&'static str),
}

/// The exception table (core.authint.207), read from top to bottom.
fn expected(request: &Request) -> End {
    let sent = |name: &str| {
        let found = request.iter().find(|(known, ..)| *known == name);
        found.map_or(Sent::Missing, |(.., sent)| *sent)
    };
    let is_none = |name| matches!(sent(name), Sent::Missing | Sent::Empty);
    let is_well = |name| sent(name) == Sent::Well;
    if !is_well("client_id") || !is_well("redirect_uri") {
        return End::Page;
    }
    let is_repeated =
        |(name, _, sent): &(&str, String, Sent)| *name != GEBOORTEDATUM && *sent == Sent::Repeated;
    if request.iter().any(is_repeated) {
        return End::Back("invalid_request");
    }
    if is_none("response_type") {
        return End::Back("invalid_request");
    }
    if !is_well("response_type") {
        return End::Back("unsupported_response_type");
    }
    if is_none("scope") {
        return End::Back("invalid_request");
    }
    if !is_well("scope") {
        return End::Back("invalid_scope");
    }
    let mut others = request
        .iter()
        .filter(|(name, ..)| [REQUEST_ID, CORRELATION_ID, GEBOORTEDATUM].contains(name));
    if is_well("state") && others.all(|(.., sent)| *sent == Sent::Well) {
        End::Taken
    } else {
        End::Back("invalid_request")
    }
}

/// Whether the state comes back: as it was sent, or not at all.
fn state_of(request: &Request) -> Option<&str> {
    let (_, value, sent) = request.iter().find(|(name, ..)| *name == "state")?;
    match sent {
        Sent::Well => Some(value),
        Sent::Missing | Sent::Empty | Sent::Repeated | Sent::Malformed | Sent::Overlong => None,
    }
}

const MALFORMED: &str = "\u{1}<script>";

fn written(request: &Request) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for (name, value, sent) in request {
        let value = match sent {
            Sent::Missing => continue,
            Sent::Well | Sent::Repeated => value.clone(),
            Sent::Empty => String::new(),
            Sent::Malformed => MALFORMED.to_owned(),
            Sent::Overlong => "a".repeat(1_025),
        };
        if *sent == Sent::Repeated {
            all.push((*name, value.clone()));
        }
        all.push((*name, value));
    }
    all
}

/// Holds the request against the table.
fn judge(request: &Request) {
    let end = expected(request);
    match read(&written(request)) {
        Ok(_) => assert_eq!(end, End::Taken, "{request:?}"),
        Err(Afwijzing {
            naar: Naar::Pagina, ..
        }) => assert_eq!(end, End::Page, "{request:?}"),
        Err(Afwijzing {
            naar: Naar::Client(url),
            ..
        }) => {
            let query = url.strip_prefix(&format!("{CB}?")).expect("to the client");
            let told = Parameters::parse(query.as_bytes()).expect("readable");
            let error = told.get("error").expect("an error");
            assert_eq!(End::Back(error_of(error)), end, "{request:?}");
            assert_eq!(told.get("state"), state_of(request), "{request:?}");
        }
    }
}

fn error_of(text: &str) -> &'static str {
    let known = [
        "invalid_request",
        "invalid_scope",
        "unsupported_response_type",
    ];
    let mut known = known.into_iter();
    known.find(|it| *it == text).unwrap_or("another error")
}

/// Judges every combination of what may be wrong with these parameters of the request.
fn every_combination(request: &mut Request, of: &[&str]) {
    let Some((name, rest)) = of.split_first() else {
        return judge(request);
    };
    let at = request.iter().position(|(known, ..)| known == name);
    for sent in ALL {
        request[at.expect("a parameter")].2 = sent;
        every_combination(request, rest);
    }
}

fn well(parameters: Vec<(&'static str, String)>) -> Request {
    let well = |(name, value)| (name, value, Sent::Well);
    parameters.into_iter().map(well).collect()
}

#[test]
fn core_authint_207_every_combination_of_what_is_wrong_ends_as_the_exception_table_says() {
    let names = [
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        REQUEST_ID,
        CORRELATION_ID,
    ];
    // core.authint.207
    every_combination(&mut well(usual()), &names);
}

#[test]
fn ext_vert_authint_200_with_representation_the_date_of_birth_is_judged_with_the_rest() {
    let mut request = with("scope", "eenofanderezorgaanbieder onbehalfof");
    request.push((GEBOORTEDATUM, "19700901".to_owned()));
    let names = [
        GEBOORTEDATUM,
        "scope",
        "state",
        CORRELATION_ID,
        "redirect_uri",
    ];
    // ext.vert.authint.200
    every_combination(&mut well(request), &names);
}
