use protocol::client::{Authentication, Client, Clients, PeerCertificate, Shown};

use super::*;
use crate::attribuut::VAN_PERSONEN;
use crate::authenticatiedienst::middel::Stand;
use crate::testing::{NOW, SCOPE, VERIFIER, ad, attributen, attribuutnaam, hm, middel, mr};

const CB: &str = "https://hm.test/ad/1";

/// A session in an AD, with what is kept of it.
struct World {
    ad: Ad,
    now: i64,
    row: Option<Stored<Sessie>>,
    middel: Option<Stored<Middel>>,
}

fn sessie() -> Sessie {
    Sessie {
        client_id: hm().entity.to_string(),
        middel: "u".into(),
        scope: SCOPE.into(),
        sub: "pseudoniem-bij-de-ad".into(),
        niveau: Betrouwbaarheidsniveau::Loa3,
        auth_time: NOW,
        generation: 0,
        gegeven: NOW,
        secret: Secret::Code {
            terms: CodeTerms {
                redirect_uri: CB.into(),
                challenge: Challenge::of(VERIFIER),
            },
            nonce: "n1".into(),
            mr: Some(mr()),
            attributen: VAN_PERSONEN[..2]
                .iter()
                .map(|urn| attribuutnaam(urn))
                .collect(),
        },
    }
}

fn client(id: &str) -> ProvenClient {
    let client = Client {
        client_id: id.to_owned(),
        organisatienaam: "De Proef-HM".into(),
        authentication: Authentication::SelfSignedTlsClientAuth { x5t_s256: [4; 32] },
        redirect_uris: vec![CB.into()],
    };
    let clients: Clients = std::iter::once(client).collect();
    let peer = PeerCertificate {
        san_dns: Vec::new(),
        x5t_s256: [4; 32],
    };
    let shown = Shown {
        client_id: Some(id),
        peer: Some(&peer),
        ..Shown::default()
    };
    clients.prove(&shown, None).expect("its certificate")
}

fn handle(generation: u64) -> Handle {
    Handle {
        id: [5; 16],
        generation,
    }
}

fn code() -> Offer {
    Offer::Code {
        handle: Some(handle(0)),
        redirect_uri: Some(CB.into()),
        code_verifier: VERIFIER.into(),
    }
}

impl World {
    fn new(change: impl FnOnce(&mut Instellingen)) -> Self {
        let mut instellingen = Instellingen::default();
        change(&mut instellingen);
        let stored = |until| (1, Moment::from_unix(until));
        let (version, until) = stored(NOW + 60);
        Self {
            ad: Ad {
                issuer: "https://ad.test/1.13".into(),
                entity: ad(),
                instellingen,
            },
            now: NOW,
            row: Some(Stored {
                version,
                until,
                value: sessie(),
            }),
            middel: Some(Stored {
                version: 7,
                until: Moment::from_unix(i64::MAX),
                value: middel(),
            }),
        }
    }

    fn ask(&mut self, by: &str, offer: Offer) -> TokenAnswer {
        let now = Moment::from_unix(self.now);
        let mut step = TokenRequest::new(client(by), offer).begin(now);
        loop {
            step = match step {
                Step::Ask(Vraag::Sessie(vraag)) => {
                    assert_eq!(vraag.key(), Sessie::key([5; 16]));
                    let live = self.row.clone().filter(|row| !row.until.is_over_at(now));
                    vraag.answer(&self.ad, live)
                }
                Step::Ask(Vraag::Middel(vraag)) => {
                    assert_eq!(vraag.key(), Middel::key("u"));
                    vraag.answer(&self.ad, self.middel.as_ref())
                }
                Step::Done(verdict) => {
                    self.keep(verdict.changes);
                    return verdict.reply;
                }
                Step::Save { .. } => panic!("a declaration is one commit"),
            };
        }
    }

    fn keep(&mut self, changes: Vec<Change<Clear>>) {
        for change in changes {
            if change.key.space() == Middel::SPACE {
                assert_eq!(change.expect, Expect::Version(7), "the means is guarded");
                continue;
            }
            let version = self.row.as_ref().expect("a row").version;
            assert_eq!(change.expect, Expect::Version(version));
            match change.then {
                Then::Keep => {}
                Then::Remove => self.row = None,
                Then::Put { until, body } => {
                    self.row = Some(Stored {
                        version: version + 1,
                        until,
                        value: Sessie::from_body(&body).expect("a row"),
                    });
                }
            }
        }
    }

    fn refresh(&mut self, generation: u64) -> TokenAnswer {
        let by = hm().entity.to_string();
        self.ask(&by, Offer::RefreshToken(Some(handle(generation))))
    }

    fn redeem(&mut self) -> TokenAnswer {
        self.ask(hm().entity.as_str(), code())
    }
}

fn issued(answer: TokenAnswer) -> Issued {
    match answer {
        TokenAnswer::Issued(issued) => *issued,
        TokenAnswer::Refused(refusal) => panic!("expected tokens, got {refusal}"),
    }
}

fn is_invalid_grant(answer: &TokenAnswer) -> bool {
    matches!(answer, TokenAnswer::Refused(refusal) if refusal.error == ErrorCode::InvalidGrant)
}

#[test]
fn a_code_brings_a_declaration_about_the_login() {
    let mut world = World::new(|_| {});
    let issued = issued(world.redeem());
    assert_eq!(issued.refresh_token, Some(handle(1)));
    let id_token = issued.id_token;
    // etoegang.md §4.6
    assert_eq!(id_token.aud, hm().entity.as_str());
    assert_eq!(id_token.sub, "pseudoniem-bij-de-ad");
    assert_eq!(
        (id_token.auth_time, id_token.nonce.as_deref()),
        (NOW, Some("n1"))
    );
    assert_eq!(id_token.acr, "urn:etoegang:core:assurance-class:loa3");
    assert_eq!(issued.access_token.aud, "https://ad.test/1.13");
    let row = world.row.expect("a session");
    assert_eq!(row.until, Moment::from_unix(NOW + 7200));
}

#[test]
fn guc9_9_3_rotation_is_optional_and_the_login_stays_the_first() {
    for (roteert, second, third) in [(true, Some(2), Some(3)), (false, None, None)] {
        let mut world = World::new(|settings| settings.roteert = roteert);
        issued(world.redeem());
        world.now += 100;
        let first = issued(world.refresh(1));
        // GUC9 9.3
        assert_eq!(first.refresh_token.map(|h| h.generation), second);
        assert_eq!(
            (first.id_token.auth_time, &first.id_token.nonce),
            (NOW, &None)
        );
        world.now += 100;
        let next = issued(world.refresh(second.unwrap_or(1)));
        assert_eq!(next.refresh_token.map(|h| h.generation), third);
        assert_ne!(first.id_token.jti, next.id_token.jti);
    }
}

#[test]
fn a_session_goes_on_for_two_hours_after_each_declaration() {
    let mut world = World::new(|_| {});
    issued(world.redeem());
    world.now += 7199;
    issued(world.refresh(1));
    world.now += 7199;
    issued(world.refresh(2));
    world.now += 7200;
    // etoegang.md §3
    assert!(is_invalid_grant(&world.refresh(3)));
}

#[test]
fn etoegang_case_037_a_means_that_does_not_count_any_more_ends_the_session() {
    let changes: [fn(&mut World); 5] = [
        |world| world.middel = None,
        |world| world.middel.as_mut().expect("a means").value.stand = Stand::Ingetrokken,
        |world| world.middel.as_mut().expect("a means").value.tot = NOW,
        |world| world.middel.as_mut().expect("a means").value.vast_tot = NOW + 1,
        |world| {
            let middel = world.middel.as_mut().expect("a means");
            middel.value.niveau = Betrouwbaarheidsniveau::Loa2;
        },
    ];
    for change in changes {
        let mut world = World::new(|_| {});
        issued(world.redeem());
        change(&mut world);
        // etoegang case 37
        assert!(is_invalid_grant(&world.refresh(1)));
        assert!(world.row.is_none());
    }
}

#[test]
fn a_spent_secret_and_another_hm_end_the_session() {
    let mut world = World::new(|_| {});
    issued(world.redeem());
    issued(world.refresh(1));
    // RFC 9700 §4.14.2
    assert!(is_invalid_grant(&world.refresh(1)));
    assert!(world.row.is_none());
    let mut world = World::new(|_| {});
    issued(world.redeem());
    assert!(is_invalid_grant(&world.redeem()));
    assert!(world.row.is_none());
    let mut world = World::new(|_| {});
    let other = "urn:etoegang:HM:00000003273226310000:entities:2";
    assert!(is_invalid_grant(&world.ask(other, code())));
    assert!(world.row.is_none());
    let mut world = World::new(|_| {});
    assert!(
        is_invalid_grant(&world.refresh(0)),
        "a code is no refresh token"
    );
    assert!(world.row.is_none());
}

#[test]
fn f10b_an_answer_that_was_lost_can_be_had_again_where_it_is_switched_on() {
    let mut world = World::new(|settings| settings.herhaalbaar_s = 20);
    issued(world.redeem());
    let first = issued(world.refresh(1)).refresh_token;
    world.now += 19;
    // etoegang.md §4.8
    let again = issued(world.refresh(1)).refresh_token;
    assert_eq!((first, again), (Some(handle(2)), Some(handle(2))));
    world.now += 1;
    assert!(is_invalid_grant(&world.refresh(1)));
    assert!(world.row.is_none());
}

#[test]
fn a_session_survives_its_row_and_the_open_part_names_nobody() {
    let mut renewed = sessie();
    renewed.secret = Secret::RefreshToken;
    for sessie in [sessie(), renewed] {
        let body = sessie.to_body();
        assert!(!body.open.to_string().contains(&sessie.sub));
        assert_eq!(Sessie::from_body(&body), Ok(sessie));
    }
}

#[test]
fn a_login_declares_what_was_asked_for_of_the_person_and_a_refresh_says_none_of_it_again() {
    let mut world = World::new(|_| ());
    let [first, _, birth] = VAN_PERSONEN;
    if let Some(middel) = &mut world.middel {
        middel.value.attributen = attributen(&[(first, "Bram"), (birth, "1970-01-01")]);
    }
    let hm = hm().entity.to_string();
    let issued = |answer| match answer {
        TokenAnswer::Issued(issued) => issued,
        TokenAnswer::Refused(refusal) => panic!("expected tokens, got {refusal:?}"),
    };
    // etoegang.md §3
    let login = issued(world.ask(&hm, code()));
    assert_eq!(login.attributen, attributen(&[(first, "Bram")]));
    let refresh = issued(world.ask(&hm, Offer::RefreshToken(Some(handle(1)))));
    assert!(refresh.attributen.is_empty());
}
