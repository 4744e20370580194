//! Certificates, authorities and revocation lists are taken anew while the node serves.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use axum::Router;
use identity::Hostname;
use rustls_pki_types::CertificateDer;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use verdict::Moment;

use super::answers::Answers;
use super::health::Health;
use super::roles::{Ask, Opened};
use super::trusted::next_fetch;
use super::{Foundation, files, outside_config, site, sweep, trusted};
use crate::app::App;
use crate::audit;
use crate::certificates::Identity;
use crate::clock::Clock;
use crate::config::{Config, NodeIdentity, SiteConfig};
use crate::door::Sites;
use crate::keys;
use crate::outside::{Addresses, Outside, OutsideConfig};
use crate::trust::Trust;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A host that is served.
pub(super) struct PlannedSite {
    pub(super) config: SiteConfig,
    pub(super) ask: Ask,
    pub(super) router: Router,
    /// The last certificate that its files held and that could be used.
    pub(super) shown: Identity,
}

/// A role's way to the others, which shows a certificate.
pub(super) struct Caller {
    role: &'static str,
    node: NodeIdentity,
    outside: Outside,
    /// As that of a site.
    shown: Identity,
}

/// A node, ready to be served.
pub(super) struct Plan {
    pub(super) apps: BTreeMap<&'static str, Arc<App>>,
    pub(super) answers: BTreeMap<Hostname, Arc<Answers>>,
    pub(super) chores: Vec<JoinHandle<()>>,
    pub(super) kept: Kept,
}

/// What is taken anew when a file changes.
pub(super) struct Kept {
    config: Config,
    clock: Clock,
    trusted: trusted::Sources,
    /// The authorities, as they could be read the last time.
    roots: Vec<CertificateDer<'static>>,
    sites: Vec<PlannedSite>,
    callers: Vec<Caller>,
    /// What could not be used at the last time.
    faults: Vec<String>,
    /// Until when each revocation list holds.
    until: Vec<Option<Moment>>,
    /// By listener.
    served: BTreeMap<String, Arc<ArcSwap<Sites>>>,
}

impl Plan {
    /// The sites and chores of the opened roles, each listener with its own.
    ///
    /// # Errors
    /// A text for the operator.
    pub(super) fn of(on: Foundation, opened: Vec<Opened>) -> Result<Self, String> {
        let (mut apps, mut chores, mut sites) = (BTreeMap::new(), Vec::new(), Vec::new());
        let (mut behind, mut answers) = (HashMap::new(), BTreeMap::new());
        let now = on.clock.wall();
        for role in opened {
            chores.push(tokio::spawn(sweep(Arc::clone(&role.app))));
            let kept = Some(on.config.audit_kept);
            chores.push(tokio::spawn(audit::writer::keep(
                Arc::clone(&role.app),
                kept,
            )));
            chores.extend(keys::chores(&role.app).into_iter().map(tokio::spawn));
            chores.extend(role.chores.into_iter().map(tokio::spawn));
            for (config, ask, router) in role.sites {
                behind.insert(config.host.clone(), Arc::clone(&role.app));
                let counted: &Arc<Answers> = answers.entry(config.host.clone()).or_default();
                sites.push(PlannedSite {
                    shown: files::server(&config.identity, &config.host, now)?.identity,
                    router: Answers::of(router, counted),
                    config,
                    ask,
                });
            }
            apps.insert(role.app.party, role.app);
        }
        let mut kept = Kept {
            callers: callers(&on.config, &apps, now)?,
            faults: on.judged.faults,
            until: on.judged.until,
            roots: on.judged.trust.roots.clone(),
            clock: on.clock,
            trusted: on.trusted,
            sites,
            served: BTreeMap::new(),
            config: on.config,
        };
        kept.open(&on.judged.trust, &Arc::new(behind))?;
        Ok(Self {
            apps,
            answers,
            chores,
            kept,
        })
    }

    /// The sites of a listener, as they are from now on.
    pub(super) fn sites(&self, listener: &str) -> Arc<ArcSwap<Sites>> {
        self.kept.served[listener].clone()
    }
}

impl Kept {
    fn open(
        &mut self,
        trust: &Trust,
        behind: &Arc<HashMap<Hostname, Arc<App>>>,
    ) -> Result<(), String> {
        for name in self.config.listeners.keys() {
            let at_it = self
                .sites
                .iter()
                .filter(|plan| plan.config.listener == *name);
            let sites = at_it.map(|plan| site(plan, trust));
            let sites = Sites::open(sites).map_err(|fault| fault.to_string())?;
            let behind = Arc::clone(behind);
            let sites = sites.telling(move |host, trace, requirement, reason| {
                if let Some(app) = behind.get(host) {
                    app.refused(trace, requirement, reason);
                }
            });
            let sites = Arc::new(ArcSwap::from_pointee(sites));
            self.served.insert(name.clone(), sites);
        }
        Ok(())
    }

    /// Looks every ten seconds whether a file changed or a revocation list is due; when told, takes all of
    /// them anew.
    /// What cannot be used is told, and what was used before stays.
    pub(super) async fn renew(mut self, told: Arc<Notify>, health: Arc<Health>) {
        let mut looked = self.clock.wall();
        let mut seen = Some(self.seen());
        let mut fetches = Fetches::new(&self.until, looked);
        let way = fetcher(&self.config).ok();
        health.renewed(self.faults.len());
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = told.notified() => {
                    seen = None;
                    fetches.all_at(self.clock.wall());
                }
            }
            let now = self.clock.wall();
            if let Some(way) = &way {
                fetches.those_due(&self, way, now).await;
            }
            let found = self.seen();
            if seen.as_ref() != Some(&found) || self.ran_out(looked, now) {
                (seen, looked) = (Some(found), now);
                self.faults = self.take(now);
                for why in &self.faults {
                    tracing::error!("{why}");
                }
                fetches.plan(&self.until, now);
                tracing::info!("certificates, authorities and revocation lists were taken anew");
            }
            health.renewed(self.faults.len() + fetches.failed.len());
        }
    }

    /// Whether a list ran out since the last look, though nobody touched its file.
    fn ran_out(&self, looked: Moment, now: Moment) -> bool {
        let ends = self.until.iter().flatten();
        ends.into_iter()
            .any(|until| until.is_over_at(now) && !until.is_over_at(looked))
    }

    /// Takes everything anew; tells what could not be used. In its place stays what was used before,
    /// and nothing else does: a list revokes also where a certificate or an authority cannot be taken
    /// (design §5 "revocation of certificates").
    fn take(&mut self, now: Moment) -> Vec<String> {
        let roots = self.trusted.authorities();
        let mut faults = replaced(&mut self.roots, roots);
        let judged = self.trusted.judged(self.roots.clone(), now);
        self.until = judged.until;
        faults.extend(judged.faults);
        faults.extend(self.take_sites(&judged.trust, now));
        faults.extend(self.take_callers(&judged.trust, now));
        faults
    }

    fn take_sites(&mut self, trust: &Trust, now: Moment) -> Vec<String> {
        let mut faults = Vec::new();
        for plan in &mut self.sites {
            let read = files::server(&plan.config.identity, &plan.config.host, now);
            faults.extend(replaced(&mut plan.shown, read.map(|read| read.identity)));
            let served = &self.served[&plan.config.listener];
            match served.load().replacing(site(plan, trust)) {
                Ok(sites) => served.store(Arc::new(sites)),
                Err(fault) => faults.push(fault.to_string()),
            }
        }
        faults
    }

    fn take_callers(&mut self, trust: &Trust, now: Moment) -> Vec<String> {
        let mut faults = Vec::new();
        for caller in &mut self.callers {
            let read = files::client(&caller.node.identity, &caller.node.host, now);
            faults.extend(replaced(&mut caller.shown, read.map(|read| read.identity)));
            let config = outside_config(&self.config, trust, caller.role, caller.shown.clone());
            let renewed = caller.outside.renew(&config);
            faults.extend(renewed.err().map(|bad| bad.to_string()));
        }
        faults
    }

    /// Each file with its length and the moment of its last change.
    fn seen(&self) -> Seen {
        let of_sites = self.sites.iter().map(|plan| &plan.config.identity);
        let of_callers = self.callers.iter().map(|caller| &caller.node.identity);
        let pairs = of_sites.chain(of_callers);
        let pairs = pairs.flat_map(|pair| [pair.certificate.clone(), pair.key.clone()]);
        let files = pairs.chain(self.trusted.files());
        files.map(|file| (file.clone(), seen(&file))).collect()
    }
}

/// The ways of the roles to the others, with the certificates that they show.
///
/// # Errors
/// A text for the operator.
fn callers(
    config: &Config,
    apps: &BTreeMap<&'static str, Arc<App>>,
    now: Moment,
) -> Result<Vec<Caller>, String> {
    let nodes = config.nodes().into_iter();
    let caller = |(role, node): (&'static str, &NodeIdentity)| {
        let outside = apps.get(role)?.outside.clone();
        let shown = files::client(&node.identity, &node.host, now);
        Some(shown.map(|shown| Caller {
            role,
            node: node.clone(),
            outside,
            shown: shown.identity,
        }))
    };
    nodes.filter_map(caller).collect()
}

/// Puts what was read in the place of what was held; or tells why that stays.
fn replaced<T>(held: &mut T, read: Result<T, String>) -> Vec<String> {
    match read {
        Ok(read) => {
            *held = read;
            Vec::new()
        }
        Err(why) => vec![why],
    }
}

/// What a look found.
type Seen = HashMap<PathBuf, Option<(u64, SystemTime)>>;

/// When each list is fetched, and which could not be had the last time.
struct Fetches {
    next: Vec<Moment>,
    failed: BTreeSet<usize>,
}

impl Fetches {
    fn new(until: &[Option<Moment>], now: Moment) -> Self {
        let next = until.iter().map(|until| next_fetch(*until, now));
        Self {
            next: next.collect(),
            failed: BTreeSet::new(),
        }
    }

    /// Each of them is due then.
    fn all_at(&mut self, moment: Moment) {
        self.next.fill(moment);
    }

    /// From what the lists say now. What could not be had keeps its turn.
    fn plan(&mut self, until: &[Option<Moment>], now: Moment) {
        for (at, until) in until.iter().enumerate() {
            if !self.failed.contains(&at) {
                self.next[at] = next_fetch(*until, now);
            }
        }
    }

    async fn those_due(&mut self, kept: &Kept, way: &Outside, now: Moment) {
        let is_due = |at: usize| self.next[at].is_over_at(now);
        if !(0..self.next.len()).any(is_due) {
            return;
        }
        let roots = kept.trusted.authorities();
        let roots = roots.unwrap_or_else(|_| kept.roots.clone()); // told by `take`
        let fetched = kept.trusted.fetch(way, &roots, now, is_due).await;
        for (at, fetched) in fetched {
            self.next[at] = next_fetch(None, now);
            if let Err(why) = fetched {
                tracing::error!("{why}");
                self.failed.insert(at);
            } else {
                self.failed.remove(&at);
            }
        }
    }
}

/// The length of a file, and when it was last changed; nothing of one that is not there.
pub(super) fn seen(file: &Path) -> Option<(u64, SystemTime)> {
    let found = std::fs::metadata(file).ok()?;
    Some((found.len(), found.modified().ok()?))
}

/// The way to revocation lists: without a certificate, and also without TLS, since they are signed.
///
/// # Errors
/// A text for the operator.
pub(super) fn fetcher(config: &Config) -> Result<Outside, String> {
    let config = OutsideConfig {
        addresses: Addresses::Public {
            and: config.private_hosts.clone(),
        },
        https_only: false,
        ..OutsideConfig::new(Trust::default(), None)
    };
    Outside::new(config).map_err(|fault| fault.to_string())
}
