//! A shell for the rule: rows in memory, an AD that rotates its tokens or not, MRs with mandates. It
//! goes step by step, so that a test can stop it, or let two requests take turns.

use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use etoegang::attribuut::Attributen;
use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau as Niveau;
use etoegang::dienstencatalogus::{Dienst, Dienstencatalogus};
use etoegang::dv_hm::family::{Family, Keten, Schakel, Secret, Vertegenwoordiging};
use etoegang::dv_hm::token::{Issued, Offer, TokenAnswer, TokenRequest};
use etoegang::dv_hm::{DvApp, DvApps, Hm};
use etoegang::guc::guc9::{Vernieuwing, Vraag};
use etoegang::hm_ad::{AdAntwoord, AdRefreshToken, AdSessie, AdVernieuwd, Herroeping};
use etoegang::hm_mr::{MandateCheck, MrAntwoord};
use etoegang::instellingen::Instellingen;
use etoegang::kenmerk::{Kenmerk, Soort};
use etoegang::machtiging::{Besluit, Gemachtigde, InternPseudoniem, Machtiging, Machtigingen};
use identity::{EntityId, Oin, ServiceId, ServiceUuid};
use jose::{Algorithm, Jwks, RsaSize, SigningKey, generate_pkcs8};
use protocol::assertion::{self, ClientKeys, Receiver};
use protocol::client::{Authentication, Client, Shown};
use protocol::handle::Handle;
use protocol::not_before::NotBefore;
use protocol::refusal::{ErrorCode, Refusal};
use serde_json::json;
use store::{Commit, Memory, NotCommitted, Store as _};
use verdict::{
    Body, Change, Clear, CommitId, Entropy, Event, Expect, Key, Moment, Record, Resume, Sealed,
    Secrets, Step, Stored, Then, Verdict,
};

pub(crate) const NOW: i64 = 1_795_305_600;
pub(crate) const SCOPE: &str = "openid urn:etoegang:DV:00000001234567890000:services:1";
const ISSUER: &str = "https://hm.test/etd/1.13";
/// The family of every test.
pub(crate) const ID: [u8; 16] = [9; 16];

/// How an AD fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdFault {
    /// It works.
    None,
    /// No answer, and it saw nothing.
    Away,
    /// It did what was asked, and its answer was lost.
    AnswerLost,
    /// An answer that cannot be believed.
    Broken,
    /// An ID token about somebody else.
    OtherSub,
    /// A lower level.
    LowLevel,
}

/// How the MRs fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MrFault {
    /// They work.
    None,
    /// The last one does not answer.
    Away,
    /// The last one signs with another key.
    Broken,
}

/// An AD: which token it would take, and what it was asked.
#[derive(Debug)]
pub(crate) struct Ad {
    pub(crate) rotates: bool,
    /// Whether it gives the same answer again to a token that it replaced.
    pub(crate) repeats: bool,
    pub(crate) fault: AdFault,
    pub(crate) niveau: Niveau,
    /// The number of the token that it takes; nothing when the means is revoked.
    pub(crate) token: Option<u32>,
    pub(crate) calls: Vec<String>,
}

/// Everything around the rule.
pub(crate) struct World {
    pub(crate) now: i64,
    pub(crate) store: Memory,
    pub(crate) hm: Arc<Hm>,
    pub(crate) apps: DvApps,
    pub(crate) catalogus: Option<Dienst>,
    pub(crate) ad: Ad,
    pub(crate) mr_fault: MrFault,
    pub(crate) mandates: Vec<(String, Machtiging)>,
    /// Who was asked, in order.
    pub(crate) calls: Vec<String>,
    pub(crate) events: Vec<Event>,
    key: SigningKey,
    runs: u32,
}

/// A request on its way.
pub(crate) struct Run {
    now: i64,
    request: Vernieuwing,
    step: Option<Step<TokenAnswer, Vraag>>,
    saved: Option<Resume<TokenAnswer, Vraag>>,
    ad: Option<AdAntwoord>,
    mr: Option<Vec<MrAntwoord>>,
    pub(crate) waits: u32,
    /// How many saves and verdicts it made durable.
    pub(crate) commits: u32,
}

pub(crate) fn kvk(digits: &str) -> Kenmerk {
    Kenmerk::parse(Soort::KvkNr, digits).expect("eight digits")
}

fn entity(text: &str) -> EntityId {
    EntityId::parse(text).expect("an EntityID")
}

pub(crate) fn mr(number: u8) -> EntityId {
    entity(&format!(
        "urn:etoegang:MR:0000000400000000{number}000:entities:1"
    ))
}

/// A token of the AD.
pub(crate) fn ad_token(number: u32) -> AdRefreshToken {
    AdRefreshToken::new(format!("ad-{number}")).expect("a token")
}

fn person() -> Gemachtigde {
    Gemachtigde::Persoon(InternPseudoniem("intern".into()))
}

pub(crate) fn machtiging() -> Machtiging {
    Machtiging {
        vertegenwoordigde: kvk("12345678"),
        gemachtigde: person(),
        service_uuid: uuid(),
        niveau: Niveau::Loa3,
        beperking: None,
        attributen: Attributen::default(),
        van: NOW - 86_400,
        tot: NOW + 30 * 86_400,
        ingetrokken: None,
        verloop: Vec::new(),
    }
}

fn uuid() -> ServiceUuid {
    ServiceUuid::parse("2c9d1c2e-1d0a-4d6b-8f5e-000000000001").expect("a UUID")
}

pub(crate) fn dienst() -> Dienst {
    let id = "urn:etoegang:DV:00000001234567890000:services:1";
    Dienst {
        service_id: ServiceId::parse(id).expect("a ServiceID"),
        service_uuid: uuid(),
        niveau: Niveau::Loa3,
        herkenningsmakelaars: vec![Oin::parse("00000003273226310000").expect("an OIN")],
        classifiers: vec!["native-app".into()],
        attributen: Vec::new(),
    }
}

/// A login of U for KvK 12345678 by mandate M1, ten minutes ago.
pub(crate) fn family() -> Family {
    Family {
        issuer: None,
        client_id: "app-1".into(),
        dv: entity("urn:etoegang:DV:00000001234567890000:entities:1"),
        service_id: dienst().service_id,
        service_uuid: uuid(),
        scope: SCOPE.into(),
        sub: "pseudoniem".into(),
        gevraagd: None,
        niveau: Niveau::Loa3,
        ad: AdSessie {
            ad: entity("urn:etoegang:AD:00000004000000001000:entities:1"),
            sub: "u-bij-de-ad".into(),
            auth_time: NOW - 600,
            niveau: Niveau::Loa3,
        },
        vertegenwoordiging: Some(Vertegenwoordiging {
            vertegenwoordigde: kvk("12345678"),
            keten: Keten::Enkel(schakel(2, "M1")),
            beperking: None,
            handelende: InternPseudoniem("intern".into()),
            gecontroleerd: NOW - 600,
        }),
        attributen: Vec::new(),
        generation: 1,
        uitgegeven: NOW,
        secret: Secret::RefreshToken {
            ad_token: ad_token(1),
            lease: None,
        },
    }
}

pub(crate) fn schakel(register: u8, machtiging: &str) -> Schakel {
    Schakel {
        mr: mr(register),
        machtiging: Some(machtiging.into()),
    }
}

fn apps(key: &SigningKey) -> DvApps {
    let jwks = Jwks::new(vec![key.public().clone()]).expect("a set");
    let keys = ClientKeys::new(jwks, &[Algorithm::Es256]).expect("a key");
    let app = |id: &str, authentication, mag_vernieuwen| DvApp {
        client: Client {
            client_id: id.into(),
            organisatienaam: "De Proefdienst".into(),
            authentication,
            redirect_uris: Vec::new(),
        },
        dv: family().dv,
        mag_vernieuwen,
    };
    let known = [
        app("app-1", Authentication::Public, true),
        app("app-2", Authentication::Public, true),
        app("once", Authentication::Public, false),
        app("inst-1", Authentication::PrivateKeyJwt(keys), true),
    ];
    DvApps::new(known).expect("apps")
}

impl World {
    /// A world with this family in it.
    pub(crate) fn with(family: &Family) -> Self {
        static DER: OnceLock<Vec<u8>> = OnceLock::new();
        let der = DER.get_or_init(|| {
            let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048);
            der.expect("a key").to_vec()
        });
        let key = SigningKey::from_pkcs8(Algorithm::Es256, der).expect("a key");
        let mut world = Self {
            now: NOW,
            store: Memory::new(),
            hm: Arc::new(Hm {
                issuer: ISSUER.into(),
                entity: entity("urn:etoegang:HM:00000003273226310000:entities:1"),
                instellingen: Instellingen::default(),
                not_before: NotBefore::NEVER,
            }),
            apps: apps(&key),
            catalogus: Some(dienst()),
            ad: Ad {
                rotates: true,
                repeats: false,
                fault: AdFault::None,
                niveau: Niveau::Loa3,
                token: Some(1),
                calls: Vec::new(),
            },
            mr_fault: MrFault::None,
            mandates: vec![("M1".into(), machtiging())],
            calls: Vec::new(),
            events: Vec::new(),
            key,
            runs: 0,
        };
        let until = Moment::from_unix(family.uitgegeven).plus_s(7200);
        let first = family.put(Family::key(ID), Expect::Absent, until);
        assert_eq!(world.commit(NOW, vec![first], Vec::new()), None);
        world
    }

    /// A world in which U acts for a company.
    pub(crate) fn new() -> Self {
        Self::with(&family())
    }

    /// The family as it is kept.
    pub(crate) fn family(&self) -> Option<Family> {
        let key = Family::key(ID);
        let found: Option<Stored<Family>> = self.load(&key, self.now);
        found.map(|found| found.value)
    }

    /// Which generation is the current one.
    pub(crate) fn generation(&self) -> Option<u64> {
        self.family().map(|family| family.generation)
    }

    /// The tokens that the AD must revoke.
    pub(crate) fn revocations(&self) -> Vec<String> {
        let mut known = Vec::new();
        for number in 0..128 {
            let hash = jose::sha256(format!("ad-{number}").as_bytes());
            let key = Key::Record(Herroeping::SPACE, hash.to_vec());
            if let Some(found) = self.load::<Herroeping>(&key, self.now) {
                known.push(found.value.token.reveal().to_owned());
            }
        }
        known
    }

    /// A refresh of `app-1` with the token of this generation.
    pub(crate) fn refresh(&mut self, generation: u64) -> TokenAnswer {
        let run = self.begin("app-1", generation, None);
        self.finish(run)
    }

    /// Begins a refresh.
    pub(crate) fn begin(&mut self, client_id: &str, generation: u64, scope: Option<&str>) -> Run {
        let shown = Shown {
            client_id: Some(client_id),
            ..Shown::default()
        };
        let handle = Some(Handle { id: ID, generation });
        self.run(&shown, handle, scope).expect("a known app")
    }

    /// Begins a refresh of `inst-1`, proven by this assertion.
    pub(crate) fn begin_instance(
        &mut self,
        generation: u64,
        assertion: &str,
    ) -> Result<Run, Refusal> {
        let shown = Shown {
            client_id: Some("inst-1"),
            assertion: (Some(assertion::TYPE), Some(assertion)),
            ..Shown::default()
        };
        let handle = Some(Handle { id: ID, generation });
        self.run(&shown, handle, None)
    }

    /// An assertion of `inst-1`.
    pub(crate) fn assertion(&self, jti: &str, exp: i64, aud: &str) -> String {
        let claims = json!({
            "iss": "inst-1", "sub": "inst-1", "aud": aud, "iat": self.now, "exp": exp, "jti": jti,
        });
        self.key.sign("JWT", &claims).expect("a signature")
    }

    /// What the door makes of a request.
    pub(crate) fn run(
        &mut self,
        shown: &Shown<'_>,
        handle: Option<Handle>,
        scope: Option<&str>,
    ) -> Result<Run, Refusal> {
        self.runs += 1;
        let receiver = Receiver {
            audience: &[ISSUER],
            now: Moment::from_unix(self.now),
        };
        let app = self.apps.prove(shown, &receiver)?;
        let offer = Offer::RefreshToken {
            handle,
            scope: scope.map(str::to_owned),
        };
        let mut seed = [7; 32];
        seed[..4].copy_from_slice(&self.runs.to_be_bytes());
        let TokenRequest::Vernieuwing(request) =
            offer.by(Arc::clone(&self.hm), app, &Entropy::new(seed))
        else {
            panic!("a refresh token is no code");
        };
        Ok(Run {
            now: self.now,
            step: Some(request.begin(Moment::from_unix(self.now))),
            request,
            saved: None,
            ad: None,
            mr: None,
            waits: 0,
            commits: 0,
        })
    }

    /// Lets a run go to its end.
    pub(crate) fn finish(&mut self, mut run: Run) -> TokenAnswer {
        for _ in 0..1000 {
            if let Some(answer) = self.go(&mut run) {
                return answer;
            }
        }
        panic!("the run does not end");
    }

    /// One step of a run, as the shell makes it; the reply when it is done.
    pub(crate) fn go(&mut self, run: &mut Run) -> Option<TokenAnswer> {
        let step = run.step.take().expect("a run that is not done");
        match step {
            Step::Ask(question) => {
                run.step = Some(self.answer(run, question));
                None
            }
            Step::Save {
                changes,
                events,
                then,
            } => {
                if let Some(lost) = self.commit(run.now, changes, events) {
                    Self::again(run, &lost);
                } else {
                    run.commits += 1;
                    run.step = Some(then());
                    run.saved = Some(then);
                }
                None
            }
            Step::Done(Verdict {
                reply,
                changes,
                events,
            }) => match self.commit(run.now, changes, events) {
                None => {
                    run.commits += 1;
                    Some(reply)
                }
                Some(lost) => {
                    Self::again(run, &lost);
                    None
                }
            },
        }
    }

    fn again(run: &mut Run, lost: &Key) {
        let next = run.request.lost(lost);
        let now = Moment::from_unix(run.now);
        run.step = Some(next.unwrap_or_else(|| {
            run.saved
                .as_ref()
                .map_or_else(|| run.request.begin(now), |resume| resume())
        }));
    }

    fn answer(&mut self, run: &mut Run, question: Vraag) -> Step<TokenAnswer, Vraag> {
        match question {
            Vraag::Family(vraag) => {
                let found = self.load(&vraag.key(), run.now);
                vraag.answer(found)
            }
            Vraag::Wacht(vraag) => {
                run.waits += 1;
                vraag.gewacht()
            }
            Vraag::Dienst(vraag) => {
                let catalogus = Dienstencatalogus::new(self.catalogus.clone());
                let catalogus = catalogus.expect("a catalogue");
                let (id, uuid) = (vraag.service_id(), vraag.service_uuid());
                let settings = &self.hm.instellingen;
                let stand = catalogus.stand(id, uuid, &self.hm.entity, settings);
                vraag.answer(stand)
            }
            Vraag::Ad(vraag) => {
                let kept = run.ad.take();
                let antwoord = kept.unwrap_or_else(|| {
                    assert_eq!(vraag.scope(), SCOPE);
                    self.calls.push("AD".into());
                    self.ad.ask(vraag.sessie(), vraag.ad_token())
                });
                run.ad = Some(antwoord.clone());
                vraag.answer(antwoord)
            }
            Vraag::NaAd(vraag) => {
                let found = self.load(&vraag.key(), run.now);
                vraag.answer(found)
            }
            Vraag::Mr(vraag) => {
                let kept = run.mr.take();
                let antwoorden = kept.unwrap_or_else(|| self.ask_mrs(vraag.checks(), run.now));
                run.mr = Some(antwoorden.clone());
                vraag.answer(&antwoorden)
            }
            Vraag::Slot(vraag) => {
                let found = self.load(&vraag.key(), run.now);
                vraag.answer(found)
            }
        }
    }

    fn ask_mrs(&mut self, checks: &[MandateCheck], now: i64) -> Vec<MrAntwoord> {
        let mut answers = Vec::new();
        for check in checks {
            self.calls.push(check.mr.to_string());
            let machtigingen = Machtigingen {
                gevonden: &self.mandates,
                dienst_bestaat: self.catalogus.is_some(),
            };
            answers.push(match machtigingen.besluit(check, Moment::from_unix(now)) {
                Besluit::Permit {
                    niveau_gebruikt, ..
                } => MrAntwoord::Permit { niveau_gebruikt },
                Besluit::Deny(_) | Besluit::NotApplicable(_) => MrAntwoord::Nee,
                Besluit::Indeterminate => MrAntwoord::Onbekend { later_s: 5 },
            });
        }
        match (self.mr_fault, answers.last_mut()) {
            (MrFault::Away, Some(last)) => *last = MrAntwoord::Onbekend { later_s: 5 },
            (MrFault::Broken, Some(last)) => *last = MrAntwoord::Ongeldig,
            _ => {}
        }
        answers
    }

    fn load<T: Record>(&self, key: &Key, now: i64) -> Option<Stored<T>> {
        let rows = ready(
            self.store
                .get(std::slice::from_ref(key), Moment::from_unix(now)),
        );
        let row = rows.expect("a home in memory").pop().flatten()?;
        let body = Body {
            open: row.body.open,
            index: row.body.index,
            private: Secrets::new(row.body.private),
        };
        Some(Stored {
            version: row.version,
            until: row.until,
            value: T::from_body(&body).expect("a row of ours"),
        })
    }

    /// Makes a commit durable; the key that was not as expected otherwise.
    pub(crate) fn commit(
        &mut self,
        now: i64,
        changes: Vec<Change<Clear>>,
        events: Vec<Event>,
    ) -> Option<Key> {
        if changes.is_empty() && events.is_empty() {
            return None;
        }
        self.runs += 1;
        let mut id = [0; 16];
        id[..4].copy_from_slice(&self.runs.to_be_bytes());
        let changes = changes.into_iter().map(sealed).collect();
        let told = events.clone();
        let commit = Commit::new(CommitId(id), Moment::from_unix(now), changes, events);
        match ready(self.store.commit(commit.expect("a commit"))) {
            Ok(()) => {
                self.events.extend(told);
                None
            }
            Err(NotCommitted::Conflict(key)) => Some(key),
            Err(other) => panic!("{other}"),
        }
    }
}

impl Ad {
    fn ask(&mut self, sessie: &AdSessie, token: &AdRefreshToken) -> AdAntwoord {
        self.calls.push(token.reveal().to_owned());
        match self.fault {
            AdFault::Away => return AdAntwoord::Onbereikbaar { later_s: 7 },
            AdFault::Broken => return AdAntwoord::Ongeldig,
            _ => {}
        }
        let shown: u32 = token.reveal()[3..].parse().expect("one of its tokens");
        let is_good = match self.token {
            Some(newest) if shown == newest => {
                if self.rotates {
                    self.token = Some(newest + 1);
                }
                true
            }
            Some(newest) => self.repeats && self.rotates && shown + 1 == newest,
            None => false,
        };
        if !is_good {
            return AdAntwoord::Geweigerd;
        }
        let low = self.fault == AdFault::LowLevel;
        let other = self.fault == AdFault::OtherSub;
        if self.fault == AdFault::AnswerLost {
            return AdAntwoord::Onbereikbaar { later_s: 5 };
        }
        AdAntwoord::Vernieuwd(AdVernieuwd {
            refresh_token: self.token.filter(|_| self.rotates).map(ad_token),
            sub: Some(if other {
                "iemand-anders".into()
            } else {
                sessie.sub.clone()
            }),
            niveau: Some(if low { Niveau::Loa2 } else { self.niveau }),
        })
    }
}

/// The tokens of an answer.
pub(crate) fn issued(answer: TokenAnswer) -> Issued {
    match answer {
        TokenAnswer::Issued(issued) => *issued,
        other => panic!("expected tokens, got {other:?}"),
    }
}

/// The error of a refusal.
pub(crate) fn refused(answer: &TokenAnswer) -> ErrorCode {
    match answer {
        TokenAnswer::Refused(refusal) => refusal.error,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn sealed(change: Change<Clear>) -> Change<Sealed> {
    Change {
        key: change.key,
        expect: change.expect,
        then: match change.then {
            Then::Keep => Then::Keep,
            Then::Remove => Then::Remove,
            Then::Put { until, body } => Then::Put {
                until,
                body: Body {
                    open: body.open,
                    index: body.index,
                    private: body.private.reveal().to_vec(),
                },
            },
        },
    }
}

/// A home in memory answers at once.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a home in memory never waits"),
    }
}
