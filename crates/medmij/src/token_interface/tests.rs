use fhir::{Geboortedatum, Patient};
use proptest::prelude::*;
use protocol::client::{Authentication, Client, Clients, PeerCertificate, Shown};
use verdict::{Stored, Then};

use super::*;
use crate::testing::{CB, CLIENT, toestemming};

const NOW: i64 = 1_795_305_600;
const ID: [u8; 16] = [3; 16];
const OTHER: &str = "medmij.anderepgo.nl";
/// A day in seconds.
const DAY: i64 = 86_400;

/// One consent at a server, and the clock.
struct Server {
    row: Option<Stored<Toestemming>>,
    now: i64,
    open: Vec<&'static str>,
    recognised: Vec<&'static str>,
    nothing_available: ErrorCode,
    is_dead: bool,
    is_away: bool,
    crash: Option<Crash>,
}

/// When a process ends in the middle of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crash {
    /// Before anything of the end of the request is durable.
    Before,
    /// After that, and before the client hears of it.
    After,
}

fn ids(texts: &[&str]) -> Vec<GegevensdienstId> {
    let id = |text: &&str| GegevensdienstId::parse(text).expect("an id");
    texts.iter().map(id).collect()
}

fn client(name: &str, certificate: u8) -> ProvenClient {
    let client = |client_id: &str| Client {
        client_id: client_id.into(),
        organisatienaam: "De Enige Echte PGO".into(),
        authentication: Authentication::TlsClientAuth {
            san_dns: vec![client_id.into()],
        },
        redirect_uris: Vec::new(),
    };
    let clients: Clients = [client(CLIENT), client(OTHER)].into_iter().collect();
    let peer = PeerCertificate {
        san_dns: vec![name.into()],
        x5t_s256: [certificate; 32],
    };
    let shown = Shown {
        client_id: Some(name),
        peer: Some(&peer),
        ..Shown::default()
    };
    clients.prove(&shown, None).expect("its certificate")
}

fn handle(generation: u64) -> Handle {
    Handle { id: ID, generation }
}

fn code(redirect_uri: Option<&str>) -> Offer {
    Offer::Code {
        handle: Some(handle(0)),
        redirect_uri: redirect_uri.map(str::to_owned),
    }
}

fn refresh(generation: u64) -> Offer {
    Offer::RefreshToken {
        handle: Some(handle(generation)),
    }
}

impl Server {
    /// A code was just issued.
    fn with(given: Toestemming) -> Self {
        Self {
            row: Some(Stored {
                version: 1,
                until: Moment::from_unix(NOW).plus_s(CODE_S),
                value: given,
            }),
            now: NOW,
            open: vec!["51", "52"],
            recognised: vec!["51", "52", "53"],
            nothing_available: ErrorCode::InvalidGrant,
            is_dead: false,
            is_away: false,
            crash: None,
        }
    }

    fn new(langdurig: bool) -> Self {
        Self::with(Toestemming {
            langdurig,
            ..toestemming()
        })
    }

    fn for_scope(scope: &str) -> Self {
        Self::with(Toestemming {
            langdurig: false,
            scope: Scope::parse(scope).expect("a scope"),
            ..toestemming()
        })
    }

    fn found(&self) -> Option<Stored<Toestemming>> {
        let now = Moment::from_unix(self.now);
        self.row.clone().filter(|row| !row.until.is_over_at(now))
    }

    fn ask(&mut self, by: ProvenClient, offer: Offer) -> TokenAnswer {
        self.try_ask(by, offer).expect("the process lives")
    }

    /// The answer; nothing when the process ends before it.
    fn try_ask(&mut self, by: ProvenClient, offer: Offer) -> Option<TokenAnswer> {
        let issuer = "https://dva.localhost".to_owned();
        let request = TokenRequest::new(by, offer, issuer, 16, NotBefore::NEVER)
            .nothing_available(self.nothing_available);
        let mut step = request.begin(Moment::from_unix(self.now));
        loop {
            step = match step {
                Step::Ask(Vraag::Toestemming(vraag)) => vraag.answer(self.found()),
                Step::Ask(Vraag::Verleenbaar(vraag)) => {
                    let answer = self.verleenbaar(vraag.scope());
                    vraag.answer(answer)
                }
                Step::Save { changes, then, .. } => {
                    self.apply(changes);
                    then()
                }
                Step::Done(verdict) => {
                    assert_eq!(verdict.events.len(), 1, "each end is in the log");
                    let crash = self.crash.take();
                    if crash != Some(Crash::Before) {
                        self.apply(verdict.changes);
                    }
                    return crash.is_none().then_some(verdict.reply);
                }
            }
        }
    }

    fn verleenbaar(&self, scope: &Scope) -> Verleenbaar {
        let offered = ids(&["42", "51", "52", "53"]);
        let is_recognised = |id: &GegevensdienstId| self.recognised.contains(&id.as_str());
        Verleenbaar {
            gevraagd: gevraagd(scope, offered.iter(), is_recognised),
            bevinding: (!self.is_away).then(|| Bevinding {
                patient: Some(Patient {
                    geboortedatum: Geboortedatum::parse("1970-09-01"),
                    overleden: self.is_dead,
                }),
                beschikbaar: ids(&self.open),
            }),
            dagen_max: 90,
        }
    }

    fn apply(&mut self, changes: Vec<Change<Clear>>) {
        for change in changes {
            let found = self.found().expect("a row to change");
            assert_eq!(change.expect, Expect::Version(found.version));
            self.row = match change.then {
                Then::Keep => Some(found),
                Then::Remove => None,
                Then::Put { until, body } => Some(Stored {
                    version: found.version + 1,
                    until,
                    value: Toestemming::from_body(&body).expect("our own row"),
                }),
            };
        }
    }

    /// A new consent, with a code that was just issued.
    fn log_in_again(&mut self) {
        let Self { row, .. } = Self::new(true);
        let until = Moment::from_unix(self.now).plus_s(CODE_S);
        self.row = row.map(|row| Stored { until, ..row });
    }

    fn redeem(&mut self) -> TokenAnswer {
        self.ask(client(CLIENT, 1), code(Some(CB)))
    }

    fn refresh(&mut self, generation: u64) -> TokenAnswer {
        self.ask(client(CLIENT, 1), refresh(generation))
    }
}

fn issued(answer: TokenAnswer) -> (String, Option<u64>) {
    match answer {
        TokenAnswer::Issued(issued) => {
            assert_eq!(issued.access_token.expires_in_s(), 900);
            let generation = issued.refresh_token.map(|handle| handle.generation);
            (issued.access_token.scope, generation)
        }
        other => panic!("{other:?}"),
    }
}

fn refused(answer: &TokenAnswer) -> ErrorCode {
    match answer {
        TokenAnswer::Refused(refusal)
        | TokenAnswer::RefusedAlike(refusal)
        | TokenAnswer::Verspeeld(refusal) => refusal.error,
        TokenAnswer::Issued(_) => panic!("issued"),
    }
}

#[test]
fn medmij_case_036_and_037_a_refresh_token_comes_with_a_long_lived_consent_only() {
    // medmij case 36
    let mut once = Server::new(false);
    assert_eq!(issued(once.redeem()), ("51 52".to_owned(), None));
    let row = once.found().expect("the consent");
    assert_eq!(
        (row.until.unix(), row.value.geheim),
        (NOW + 900, Geheim::Geen)
    );
    // medmij case 37
    let (scope, generation) = issued(Server::new(true).redeem());
    assert_eq!((scope.as_str(), generation), ("51 52", Some(2)));
}

#[test]
fn medmij_case_038_and_039_and_064_the_scope_is_what_is_recognised_and_available_now() {
    let mut server = Server::new(true);
    server.recognised = vec!["51"];
    // medmij case 38
    assert_eq!(issued(server.redeem()).0, "51");
    server.recognised = vec!["51", "52"];
    server.open = vec!["52", "99"];
    // medmij cases 39 and 59; core.autorisatie.203: a refresh token has the scope of the request
    assert_eq!(issued(server.refresh(2)), ("52".to_owned(), Some(3)));
    server.recognised = vec!["51"];
    server.open = vec!["51", "52"];
    // medmij case 64
    assert_eq!(issued(server.refresh(3)).0, "51");
}

#[test]
fn medmij_case_040_nothing_available_says_nothing_more() {
    let mut server = Server::new(true);
    server.open.clear();
    let none = server.redeem();
    // medmij case 40
    assert!(matches!(none, TokenAnswer::RefusedAlike(_)));
    assert_eq!(refused(&none), ErrorCode::InvalidGrant);
    assert!(server.row.is_none(), "a code is void");
    let mut server = Server::new(true);
    server.redeem();
    server.recognised.clear();
    assert!(matches!(server.refresh(2), TokenAnswer::RefusedAlike(_)));
    assert!(server.row.is_some(), "the consent goes on");
    server.nothing_available = ErrorCode::InvalidScope;
    assert_eq!(refused(&server.refresh(2)), ErrorCode::InvalidScope);
}

#[test]
fn medmij_case_041_and_042_and_043_and_044_and_045_and_046_a_code_is_presented_once() {
    // medmij case 41
    let mut server = Server::new(true);
    server.redeem();
    assert_eq!(refused(&server.redeem()), ErrorCode::InvalidGrant);
    assert!(server.row.is_none(), "and what it brought ends");
    // medmij cases 42, 43 and 44
    let wrong = [
        (None, ErrorCode::InvalidRequest),
        (
            Some("https://medmij.deenigeechtepgo.nl/cb2"),
            ErrorCode::InvalidGrant,
        ),
    ];
    for (uri, error) in wrong {
        let mut server = Server::new(true);
        let first = server.ask(client(CLIENT, 1), code(uri));
        assert_eq!(refused(&first), error);
        assert_eq!(refused(&server.redeem()), ErrorCode::InvalidGrant);
    }
    // medmij case 45
    let mut server = Server::new(true);
    server.now += 900;
    assert_eq!(refused(&server.redeem()), ErrorCode::InvalidGrant);
    // medmij case 46
    let mut server = Server::new(true);
    let other = server.ask(client(OTHER, 2), code(Some(CB)));
    assert_eq!(refused(&other), ErrorCode::InvalidGrant);
    assert_eq!(refused(&server.redeem()), ErrorCode::InvalidGrant);
}

#[test]
fn medmij_case_042_a_code_is_void_although_the_record_system_does_not_answer() {
    let mut server = Server::new(true);
    server.is_away = true;
    assert_eq!(refused(&server.redeem()), ErrorCode::TemporarilyUnavailable);
    server.is_away = false;
    // medmij case 42
    assert_eq!(refused(&server.redeem()), ErrorCode::InvalidGrant);
    let mut server = Server::new(true);
    server.redeem();
    server.is_away = true;
    assert_eq!(
        refused(&server.refresh(2)),
        ErrorCode::TemporarilyUnavailable
    );
    server.is_away = false;
    assert_eq!(
        issued(server.refresh(2)).1,
        Some(3),
        "a refresh can be asked again"
    );
}

#[test]
fn medmij_case_060_a_rotated_refresh_token_ends_the_consent_outside_its_window() {
    let mut server = Server::new(true);
    server.redeem();
    assert_eq!(issued(server.refresh(2)).1, Some(3));
    server.now += 19;
    // The answer was lost: the same successor again.
    assert_eq!(issued(server.refresh(2)).1, Some(3));
    let again = server.found().expect("the consent");
    assert_eq!(again.version, 4, "nothing was rotated");
    server.now += 1;
    // medmij case 60
    assert_eq!(refused(&server.refresh(2)), ErrorCode::InvalidGrant);
    assert_eq!(refused(&server.refresh(3)), ErrorCode::InvalidGrant);
}

#[test]
fn medmij_case_060_the_window_is_for_the_same_client_certificate_and_an_unused_successor() {
    for (by, used) in [
        ((CLIENT, 2), false),
        ((OTHER, 1), false),
        ((CLIENT, 1), true),
    ] {
        let mut server = Server::new(true);
        server.redeem();
        server.refresh(2);
        if used {
            server.refresh(3);
        }
        let answer = server.ask(client(by.0, by.1), refresh(2));
        // medmij case 60
        assert_eq!(refused(&answer), ErrorCode::InvalidGrant, "{by:?}");
        assert!(server.row.is_none());
    }
}

#[test]
fn medmij_case_061_and_063_a_consent_ends_unused_and_with_the_person() {
    let mut server = Server::new(true);
    server.redeem();
    server.now += 183 * DAY - 1;
    assert_eq!(issued(server.refresh(2)).1, Some(3));
    server.now += 183 * DAY;
    // medmij case 61
    assert_eq!(refused(&server.refresh(3)), ErrorCode::InvalidGrant);
    let mut server = Server::new(true);
    server.redeem();
    server.is_dead = true;
    // medmij case 63 (core.dossier.108)
    assert_eq!(refused(&server.refresh(2)), ErrorCode::InvalidGrant);
    assert!(server.row.is_none());
}

#[test]
fn medmij_case_066_and_095_and_096_sharing_and_subscribing_bring_what_the_scope_names() {
    // medmij case 66
    let mut delen = Server::for_scope("eenofanderezorgaanbieder~53");
    assert_eq!(issued(delen.redeem()), ("53".to_owned(), None));
    let mut elders = Server::for_scope("eenofanderezorgaanbieder~99");
    assert_eq!(refused(&elders.redeem()), ErrorCode::InvalidGrant);
    // medmij cases 95 and 96 (ext.abo.tknint.200)
    for (asked, granted) in [("180", "90"), ("30", "30"), ("0", "0")] {
        let scope = |days| format!("subscribe~{days}/eenofanderezorgaanbieder~42");
        let mut server = Server::for_scope(&scope(asked));
        server.recognised.push("42");
        server.open.push("42");
        assert_eq!(issued(server.redeem()).0, scope(granted));
    }
}

#[test]
fn medmij_case_055_and_106_only_the_two_grants_are_read() {
    let read = |body: &str| {
        let parameters = Parameters::parse(body.as_bytes()).expect("a form");
        Offer::read(&parameters, false, |_, _| None)
            .map(|_| ())
            .map_err(|refusal| refusal.error)
    };
    // medmij cases 55 and 106
    for grant in ["client_credentials", "refresh_code", "Authorization_code"] {
        let body = format!("grant_type={grant}&refresh_token=x&code=y");
        assert_eq!(read(&body), Err(ErrorCode::UnsupportedGrantType), "{grant}");
    }
    for body in [
        "",
        "grant_type=authorization_code",
        "grant_type=refresh_token",
    ] {
        assert_eq!(read(body), Err(ErrorCode::InvalidRequest), "{body}");
    }
    // medmij case 54
    assert_eq!(
        read("grant_type=refresh_token&refresh_token=x&foo=1"),
        Ok(())
    );
}

// ── A history against a model ───────────────────────────────────────────────────────────────────

/// What happens to one consent.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Redeem {
        by_other: bool,
    },
    /// With the secret of so many generations ago.
    Refresh {
        back: u64,
        certificate: u8,
    },
    /// The clock moves, perhaps back.
    Wait(i64),
    /// The person logs in and agrees again.
    Login,
    Withdraw,
    Die,
    /// What the provider has is another.
    Forget(&'static [&'static str]),
    /// What the OCL says is another.
    Recognise(&'static [&'static str]),
    Away(bool),
    /// The process ends in the next request.
    Crash(Crash),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => any::<bool>().prop_map(|odd| Happening::Redeem { by_other: odd }),
        8 => (0..3_u64, 1..3_u8).prop_map(|(back, certificate)| Happening::Refresh { back, certificate }),
        4 => prop_oneof![Just(5), Just(21), Just(901), Just(DAY), Just(183 * DAY), Just(-30)].prop_map(Happening::Wait),
        1 => Just(Happening::Login),
        1 => Just(Happening::Withdraw),
        1 => Just(Happening::Die),
        2 => prop_oneof![Just(&["51"][..]), Just(&[][..]), Just(&["51", "52"][..])].prop_map(Happening::Forget),
        1 => prop_oneof![Just(&["51"][..]), Just(&["53"][..]), Just(&["51", "52"][..])].prop_map(Happening::Recognise),
        1 => any::<bool>().prop_map(Happening::Away),
        2 => prop_oneof![Just(Crash::Before), Just(Crash::After)].prop_map(Happening::Crash),
    ]
}

/// The consent as a reader of the rules would keep it: what lives, until when, and who spent what.
struct Model {
    lives_until: Option<i64>,
    /// Nothing before the code was presented.
    newest: Option<u64>,
    is_lost: bool,
    last: Option<(i64, u8)>,
}

impl Model {
    /// A code was just issued.
    const fn of_code(now: i64) -> Self {
        Self {
            lives_until: Some(now + 900),
            newest: None,
            is_lost: false,
            last: None,
        }
    }

    fn lives(&self, now: i64) -> bool {
        self.lives_until.is_some_and(|until| now < until)
    }

    /// Whether tokens come of a code, and with which generation.
    fn redeem(&mut self, server: &Server, by_other: bool) -> Option<u64> {
        if !self.lives(server.now) {
            return None;
        }
        let ends_early = server.crash == Some(Crash::Before);
        if self.newest.is_some() || self.is_lost || by_other {
            if !ends_early {
                self.lives_until = None;
            }
            return None;
        }
        if server.is_away || ends_early {
            self.is_lost = true;
            self.lives_until = Some(server.now + 900);
            return None;
        }
        self.grant(server, 2, 1, true)
    }

    fn refresh(&mut self, server: &Server, generation: u64, certificate: u8) -> Option<u64> {
        // A refresh is one commit: before it, nothing happened.
        if !self.lives(server.now) || server.crash == Some(Crash::Before) {
            return None;
        }
        let newest = self.newest.unwrap_or_else(|| u64::from(self.is_lost));
        if generation != newest {
            let is_again = self.newest == Some(generation + 1)
                && self
                    .last
                    .is_some_and(|(at, by)| by == certificate && server.now < at + 20);
            if is_again {
                return Some(newest);
            }
            self.lives_until = None;
            return None;
        }
        if self.newest.is_none() {
            // A code, or nothing, was offered as a refresh token; a code is void then.
            if !self.is_lost {
                self.lives_until = None;
            }
            return None;
        }
        if server.is_away {
            return None;
        }
        self.grant(server, generation + 1, certificate, false)
    }

    fn grant(
        &mut self,
        server: &Server,
        next: u64,
        certificate: u8,
        was_code: bool,
    ) -> Option<u64> {
        let recognised = |id: &&str| server.recognised.contains(id);
        let nothing = !server.open.iter().any(recognised);
        if server.is_dead || nothing {
            if server.is_dead || was_code {
                self.lives_until = None;
            }
            return None;
        }
        self.newest = Some(next);
        self.last = Some((server.now, certificate));
        self.lives_until = Some(server.now + 183 * DAY);
        Some(next)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("SLUIS_LONG").is_some() { 100_000 } else { 10_000 }))]

    /// Random histories of a consent end as a model of the rules says, step by step.
    #[test]
    fn medmij_2_2_a_history_of_a_consent_goes_as_the_rules_say(
        history in prop::collection::vec(happening(), 1..24)
    ) {
        let mut server = Server::new(true);
        let mut model = Model::of_code(NOW);
        for happening in history {
            let (real, expected) = match happening {
                Happening::Redeem { by_other } => {
                    let by = if by_other { client(OTHER, 1) } else { client(CLIENT, 1) };
                    let expected = model.redeem(&server, by_other);
                    (server.try_ask(by, code(Some(CB))), expected)
                }
                Happening::Refresh { back, certificate } => {
                    let newest = model.newest.unwrap_or_else(|| u64::from(model.is_lost));
                    let Some(generation) = newest.checked_sub(back) else { continue };
                    let expected = model.refresh(&server, generation, certificate);
                    (server.try_ask(client(CLIENT, certificate), refresh(generation)), expected)
                }
                Happening::Wait(seconds) => { server.now += seconds; continue }
                Happening::Withdraw => { server.row = None; model.lives_until = None; continue }
                Happening::Die => { server.is_dead = true; continue }
                Happening::Forget(left) => { server.open = left.to_vec(); continue }
                Happening::Recognise(known) => { server.recognised = known.to_vec(); continue }
                Happening::Away(away) => { server.is_away = away; continue }
                Happening::Crash(crash) => { server.crash = Some(crash); continue }
                Happening::Login => {
                    server.log_in_again();
                    model = Model::of_code(server.now);
                    continue
                }
            };
            match real {
                Some(TokenAnswer::Issued(issued)) => {
                    let real = issued.refresh_token.map(|handle| handle.generation);
                    prop_assert_eq!(real, expected, "{:?} at {}", happening, server.now);
                }
                Some(_) => prop_assert_eq!(None, expected, "{:?} at {}", happening, server.now),
                // The client never heard of it.
                None => {}
            }
            prop_assert_eq!(server.found().is_some(), model.lives(server.now), "{:?}", happening);
        }
    }
}
