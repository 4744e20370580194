//! Random histories of a login against a small model of the rules.

use std::collections::BTreeSet;

use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau as Niveau;
use etoegang::dv_hm::family::{Family, Secret};
use etoegang::dv_hm::token::TokenAnswer;
use proptest::prelude::*;
use verdict::{Expect, Moment, Record as _};

use super::world::{AdFault, ID, MrFault, NOW, Run, World, ad_token, dienst, family};

const FAMILY_S: i64 = 4 * 3600;

/// What happens to a login.
#[derive(Clone, Debug)]
enum Happening {
    /// A new login, where the last one has ended.
    Login,
    /// With the token of so many generations ago.
    Refresh {
        back: u64,
    },
    /// Two at once with the current token; who goes next, step by step.
    Parallel(Vec<bool>),
    /// A refresh whose process dies after so many steps.
    Crash {
        steps: u8,
    },
    /// The mandate is withdrawn, or registered again.
    Mandate {
        holds: bool,
    },
    /// The means is revoked at its issuer.
    MeansRevoked,
    /// What the catalogue says of the service.
    Catalogue(Service),
    Ad(AdFault),
    AdKind {
        rotates: bool,
        repeats: bool,
    },
    Mr(MrFault),
    /// The clock goes on.
    Wait(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    AsItWas,
    Gone,
    NoNativeApp,
    Highest,
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening as H;
    let ad = prop_oneof![
        3 => Just(AdFault::None),
        1 => Just(AdFault::Away),
        1 => Just(AdFault::AnswerLost),
        1 => Just(AdFault::Broken),
        1 => Just(AdFault::OtherSub),
        1 => Just(AdFault::LowLevel),
    ];
    let mr = prop_oneof![
        2 => Just(MrFault::None),
        1 => Just(MrFault::Away),
        1 => Just(MrFault::Broken),
    ];
    let service = prop_oneof![
        3 => Just(Service::AsItWas),
        1 => Just(Service::Gone),
        1 => Just(Service::NoNativeApp),
        1 => Just(Service::Highest),
    ];
    let wait = prop_oneof![
        Just(1_i64),
        Just(29),
        Just(31),
        Just(601),
        Just(7199),
        Just(FAMILY_S)
    ];
    prop_oneof![
        4 => Just(H::Login),
        8 => prop_oneof![6 => Just(0_u64), 1 => 1..3_u64].prop_map(|back| H::Refresh { back }),
        3 => prop::collection::vec(any::<bool>(), 0..24).prop_map(H::Parallel),
        3 => (0..12_u8).prop_map(|steps| H::Crash { steps }),
        2 => prop_oneof![2 => Just(true), 1 => Just(false)].prop_map(|holds| H::Mandate { holds }),
        1 => Just(H::MeansRevoked),
        2 => service.prop_map(H::Catalogue),
        3 => ad.prop_map(H::Ad),
        2 => any::<(bool, bool)>().prop_map(|(rotates, repeats)| H::AdKind { rotates, repeats }),
        3 => mr.prop_map(H::Mr),
        4 => wait.prop_map(H::Wait),
    ]
}

/// How a refresh ends, as its app sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Tokens(u64),
    InvalidGrant,
    Later,
    Broken,
}

/// The login as a reader of the rules would keep it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing of the world that holds or does not, apart from the others"
)]
struct Model {
    lives_until: Option<i64>,
    auth_time: i64,
    generation: u64,
    /// Until when a run that died has the family.
    leased_until: i64,
    /// The number of the AD's token that the HM has, and of the newest that the AD gave.
    kept: u32,
    newest: u32,
    means_revoked: bool,
    mandate_holds: bool,
    service: Service,
    ad: AdFault,
    rotates: bool,
    repeats: bool,
    mr: MrFault,
    /// Tokens that the AD must revoke.
    revoked: BTreeSet<u32>,
}

impl Model {
    const fn new() -> Self {
        Self {
            lives_until: Some(NOW + 7200),
            auth_time: NOW - 600,
            generation: 1,
            leased_until: 0,
            kept: 1,
            newest: 1,
            means_revoked: false,
            mandate_holds: true,
            service: Service::AsItWas,
            ad: AdFault::None,
            rotates: true,
            repeats: false,
            mr: MrFault::None,
            revoked: BTreeSet::new(),
        }
    }

    fn lives(&self, now: i64) -> bool {
        self.lives_until.is_some_and(|until| now < until)
    }

    /// etoegang.md §4.8, as a table that is read from above.
    fn refresh(&mut self, now: i64, generation: u64) -> End {
        if !self.lives(now) {
            return End::InvalidGrant;
        }
        if generation != self.generation {
            return self.ends(true);
        }
        if now < self.leased_until {
            return End::Later;
        }
        if self.service != Service::AsItWas {
            return self.ends(true);
        }
        match self.ask_ad() {
            Some(End::InvalidGrant) => return self.ends(false),
            Some(end) => return end,
            None => {}
        }
        if matches!(self.ad, AdFault::OtherSub | AdFault::LowLevel) {
            return self.ends(true);
        }
        match self.mr {
            MrFault::Away => return End::Later,
            MrFault::Broken => return End::Broken,
            MrFault::None => {}
        }
        if !self.mandate_holds {
            return self.ends(true);
        }
        self.generation += 1;
        self.leased_until = 0;
        self.lives_until = Some((now + 7200).min(self.auth_time + FAMILY_S));
        End::Tokens(self.generation)
    }

    /// Nothing when the AD renewed, and the HM knows it.
    fn ask_ad(&mut self) -> Option<End> {
        match self.ad {
            AdFault::Away => return Some(End::Later),
            AdFault::Broken => return Some(End::Broken),
            _ => {}
        }
        if !self.ad_takes() {
            return Some(End::InvalidGrant);
        }
        if self.ad == AdFault::AnswerLost {
            return Some(End::Later);
        }
        if self.rotates {
            self.kept = self.newest;
        }
        None
    }

    /// Whether the AD takes the token that the HM has; it may rotate it then.
    fn ad_takes(&mut self) -> bool {
        if self.means_revoked {
            return false;
        }
        if self.kept == self.newest {
            if self.rotates {
                self.newest += 1;
            }
            return true;
        }
        self.repeats && self.rotates && self.kept + 1 == self.newest
    }

    fn ends(&mut self, revokes: bool) -> End {
        self.lives_until = None;
        self.leased_until = 0;
        if revokes {
            self.revoked.insert(self.kept);
        }
        End::InvalidGrant
    }

    /// A run died. Its commits tell how far it came; what the AD did, it did.
    fn crashed(&mut self, now: i64, commits: u32, asked_ad: bool) {
        if commits == 0 {
            return;
        }
        self.leased_until = now + 30;
        if asked_ad && !matches!(self.ad, AdFault::Away | AdFault::Broken) {
            self.ad_takes();
        }
        if commits == 2 {
            self.kept = self.newest;
        }
    }
}

fn end(answer: &TokenAnswer) -> End {
    match answer {
        TokenAnswer::Issued(issued) => {
            let token = &issued.access_token;
            // etoegang case 57
            assert!(token.represents.is_some());
            assert!(token.exp <= token.auth_time + FAMILY_S);
            End::Tokens(issued.refresh_token.expect("a refresh token").generation)
        }
        TokenAnswer::Refused(_) => End::InvalidGrant,
        TokenAnswer::Later { .. } => End::Later,
        TokenAnswer::Keten(_) => End::Broken,
    }
}

/// The real thing and the model, side by side.
struct Both {
    world: World,
    model: Model,
}

impl Both {
    fn happens(&mut self, happening: Happening) {
        let Self { world, model } = self;
        match happening {
            Happening::Login => self.login(),
            Happening::Refresh { back } => {
                let Some(generation) = model.generation.checked_sub(back).filter(|g| *g > 0) else {
                    return;
                };
                let expected = model.refresh(world.now, generation);
                assert_eq!(end(&world.refresh(generation)), expected);
            }
            Happening::Parallel(turns) => self.parallel(&turns),
            Happening::Crash { steps } => self.crash(steps),
            Happening::Mandate { holds } => {
                model.mandate_holds = holds;
                world.mandates[0].1.ingetrokken = (!holds).then_some(world.now);
            }
            Happening::MeansRevoked => {
                model.means_revoked = true;
                world.ad.token = None;
            }
            Happening::Catalogue(service) => {
                model.service = service;
                let mut changed = dienst();
                match service {
                    Service::NoNativeApp => changed.classifiers.clear(),
                    Service::Highest => changed.niveau = Niveau::Loa4,
                    Service::AsItWas | Service::Gone => {}
                }
                world.catalogus = (service != Service::Gone).then_some(changed);
            }
            Happening::Ad(fault) => (world.ad.fault, model.ad) = (fault, fault),
            Happening::AdKind { rotates, repeats } => {
                (world.ad.rotates, world.ad.repeats) = (rotates, repeats);
                (model.rotates, model.repeats) = (rotates, repeats);
            }
            Happening::Mr(fault) => (world.mr_fault, model.mr) = (fault, fault),
            Happening::Wait(seconds) => world.now += seconds,
        }
    }

    fn login(&mut self) {
        let Self { world, model } = self;
        if model.lives(world.now) {
            return;
        }
        model.newest += 1;
        (model.kept, model.means_revoked) = (model.newest, false);
        world.ad.token = Some(model.newest);
        let mut fresh = family();
        fresh.ad.auth_time = world.now;
        fresh.uitgegeven = world.now;
        fresh.secret = Secret::RefreshToken {
            ad_token: ad_token(model.newest),
            lease: None,
        };
        let until = Moment::from_unix(world.now + 7200);
        let change = fresh.put(Family::key(ID), Expect::Absent, until);
        assert_eq!(world.commit(world.now, vec![change], Vec::new()), None);
        (model.generation, model.auth_time) = (1, world.now);
        (model.lives_until, model.leased_until) = (Some(world.now + 7200), 0);
    }

    /// Who makes something durable first goes first; the other is as one that came after it.
    fn parallel(&mut self, turns: &[bool]) {
        let Self { world, model } = self;
        let generation = model.generation;
        let mut runs: [Run; 2] = [
            world.begin("app-1", generation, None),
            world.begin("app-1", generation, None),
        ];
        let mut ends = [None, None];
        let mut first = None;
        let alternating = (0..1000).map(|turn| turn % 2 == 0);
        for turn in turns.iter().copied().chain(alternating) {
            let at = usize::from(turn);
            if ends[at].is_none() {
                ends[at] = world.go(&mut runs[at]).as_ref().map(end);
                if first.is_none() && runs[at].commits > 0 {
                    first = Some(at);
                }
            }
        }
        let first = first.expect("one was first");
        let expected = [0, 1].map(|_| model.refresh(world.now, generation));
        assert_eq!([ends[first], ends[1 - first]], expected.map(Some));
    }

    fn crash(&mut self, steps: u8) {
        let Self { world, model } = self;
        let generation = model.generation;
        let asked = world.ad.calls.len();
        let mut run = world.begin("app-1", generation, None);
        for _ in 0..steps {
            if let Some(answer) = world.go(&mut run) {
                let expected = model.refresh(world.now, generation);
                assert_eq!(end(&answer), expected);
                return;
            }
        }
        model.crashed(world.now, run.commits, world.ad.calls.len() > asked);
    }

    fn agree(&self) {
        let Self { world, model } = self;
        let Some(kept) = world.family() else {
            assert!(!model.lives(world.now), "the family has ended too early");
            return;
        };
        assert!(model.lives(world.now), "the family should have ended");
        assert_eq!(kept.generation, model.generation);
        assert_eq!(kept.ad.auth_time, model.auth_time);
        let Secret::RefreshToken {
            ad_token: token,
            lease,
        } = kept.secret
        else {
            panic!("a family with a refresh token");
        };
        assert_eq!(token, ad_token(model.kept));
        let leased_until = lease.map_or(0, |lease| lease.tot);
        let is_held = |until: i64| world.now < until;
        assert_eq!(is_held(leased_until), is_held(model.leased_until));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("SLUIS_LONG").is_some() { 100_000 } else { 10_000 }))]

    /// Random histories of a login end as a model of the rules says, step by step.
    #[test]
    fn guc9_a_history_of_a_login_goes_as_the_rules_say(
        history in prop::collection::vec(happening(), 1..24)
    ) {
        let mut both = Both { world: World::new(), model: Model::new() };
        for happening in history {
            both.happens(happening);
            both.agree();
        }
        let Both { mut world, model } = both;
        // What must be revoked is kept for a day, and told in the end.
        world.now = world.now.min(NOW + 86_399);
        let told: BTreeSet<String> = world.revocations().into_iter().collect();
        let expected: BTreeSet<String> = model
            .revoked
            .iter()
            .map(|number| ad_token(*number).reveal().to_owned())
            .collect();
        prop_assert_eq!(told, expected);
    }
}
