//! Certificates, authorities and revocation lists are taken anew while the node serves.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use axum::Router;
use identity::Hostname;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use verdict::Moment;

use super::answers::Answers;
use super::health::Health;
use super::roles::{Ask, Opened};
use super::trusted::{Judged, next_fetch};
use super::{Foundation, outside_config, site, sweep, trusted};
use crate::app::App;
use crate::audit;
use crate::clock::Clock;
use crate::config::{Config, NodeIdentity, SiteConfig};
use crate::door::Sites;
use crate::keys;
use crate::outside::{Addresses, Outside, OutsideConfig};
use crate::trust::Trust;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A host that is served, but for what its files hold.
pub(super) struct PlannedSite {
    pub(super) config: SiteConfig,
    pub(super) ask: Ask,
    pub(super) router: Router,
}

/// A role's way to the others, which shows a certificate.
pub(super) struct Caller {
    role: &'static str,
    node: NodeIdentity,
    outside: Outside,
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
                    router: Answers::of(router, counted),
                    config,
                    ask,
                });
            }
            apps.insert(role.app.party, role.app);
        }
        let nodes = on.config.nodes().into_iter();
        let callers = nodes.filter_map(|(role, node)| {
            Some(Caller {
                role,
                node: node.clone(),
                outside: apps.get(role)?.outside.clone(),
            })
        });
        let mut kept = Kept {
            callers: callers.collect(),
            faults: on.judged.faults,
            until: on.judged.until,
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
            let now = self.clock.wall();
            let sites = at_it.map(|plan| site(plan, trust, now));
            let sites: Vec<_> = sites.collect::<Result<_, _>>()?;
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

    /// Looks every ten seconds, or when told, whether a file changed or a revocation list is due.
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
                () = told.notified() => seen = None,
            }
            let now = self.clock.wall();
            if let Some(way) = &way {
                fetches.those_due(&self.trusted, way, now).await;
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

    /// Takes everything anew; tells what could not be used.
    fn take(&mut self, now: Moment) -> Vec<String> {
        let Judged {
            trust,
            mut faults,
            until,
        } = match self.trusted.at(now) {
            Ok(judged) => judged,
            Err(why) => return vec![why],
        };
        self.until = until;
        for plan in &self.sites {
            let served = &self.served[&plan.config.listener];
            let replaced = site(plan, &trust, now).and_then(|site| {
                let sites = served.load().replacing(site);
                sites.map_err(|fault| fault.to_string())
            });
            match replaced {
                Ok(sites) => served.store(Arc::new(sites)),
                Err(why) => faults.push(why),
            }
        }
        for caller in &self.callers {
            let renewed = outside_config(&self.config, &trust, (caller.role, &caller.node), now)
                .and_then(|config| caller.outside.renew(&config).map_err(|bad| bad.to_string()));
            faults.extend(renewed.err());
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

    /// From what the lists say now. What could not be had keeps its turn.
    fn plan(&mut self, until: &[Option<Moment>], now: Moment) {
        for (at, until) in until.iter().enumerate() {
            if !self.failed.contains(&at) {
                self.next[at] = next_fetch(*until, now);
            }
        }
    }

    async fn those_due(&mut self, trusted: &trusted::Sources, way: &Outside, now: Moment) {
        let next = &self.next;
        let fetched = trusted.fetch(way, |at| next[at].is_over_at(now)).await;
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
