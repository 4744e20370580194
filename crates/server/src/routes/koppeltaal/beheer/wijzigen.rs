//! A change on its way: the one screenplay of every change by REST and at the pages.

use std::collections::BTreeSet;
use std::sync::Arc;

use koppeltaal::Domein;
use koppeltaal::domeinbeheer::{Bewerking, Gewijzigd, Nu, Plan, Verwacht, Wijzigen};
use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Domeinkop, Fout, Kept};
use serde_json::{Value, json};
use url::Url;
use verdict::Step;

use super::Vraag;
use super::beheerder::Beheerder;
use super::problem::Problem;
use crate::chance;
use crate::door::TraceId;
use crate::routes::koppeltaal::KoppeltaalRole;
use crate::settle::{Journey, Outage, Run, settle};

/// How often a change that begins from whatever version is there tries again.
const ATTEMPTS_MAX: u8 = 16;
/// Names of a whole declaration that are looked up, at most: each is a question to a name server. A name
/// that was not is looked at at each connection.
const LOOKED_UP_MAX: usize = 16;

/// A domain that was changed.
pub(super) struct Veranderd {
    pub(super) versie: u64,
    pub(super) domein: Domeinconfiguratie,
    pub(super) plan: Plan,
}

impl Veranderd {
    /// What was changed, for who did it.
    pub(super) fn json(&self) -> Value {
        json!({
            "domain": self.domein.domein,
            "version": self.versie,
            "changes": self.plan.regels().collect::<Vec<_>>(),
        })
    }
}

impl Vraag {
    /// Changes the domain, if it is still the one that was expected.
    pub(super) async fn change(
        &self,
        bewerking: Bewerking,
        verwacht: Verwacht,
    ) -> Result<Veranderd, Problem> {
        let asked = (&self.domein, bewerking, verwacht);
        let changed = self.role.change(self.visit.trace, &self.beheerder, asked);
        veranderd(changed.await?)
    }

    /// Adds something to the domain as it is now: that overwrites nothing.
    pub(super) async fn add(&self, bewerking: &Bewerking) -> Result<Veranderd, Problem> {
        let (trace, beheerder) = (self.visit.trace, &self.beheerder);
        let added = self.role.add(trace, beheerder, &self.domein, bewerking);
        veranderd(added.await?)
    }
}

fn veranderd(gewijzigd: Gewijzigd) -> Result<Veranderd, Problem> {
    match gewijzigd {
        Gewijzigd::Ja {
            versie: Some(versie),
            domein: Some(domein),
            plan,
        } => Ok(Veranderd {
            versie,
            domein: *domein,
            plan,
        }),
        Gewijzigd::Anders { versie } => Err(Problem::stale(versie)),
        Gewijzigd::Fout(fout) => Err(fout.into()),
        Gewijzigd::NietAanHem(member) => Err(Problem::not_his(member)),
        Gewijzigd::Ja { .. } | Gewijzigd::Onbekend => Err(Problem::unknown("domain")),
    }
}

impl KoppeltaalRole {
    /// Changes a domain; this node knows of it before the answer leaves.
    pub(super) async fn change(
        self: &Arc<Self>,
        trace: TraceId,
        beheerder: &Beheerder,
        (domein, bewerking, verwacht): (&Domein, Bewerking, Verwacht),
    ) -> Result<Gewijzigd, Outage> {
        if let Some(fout) = self.beyond(&bewerking).await {
            return Ok(Gewijzigd::Fout(fout));
        }
        let journey = WijzigJourney {
            wijzigen: Wijzigen {
                domein: domein.clone(),
                bewerking,
                verwacht,
                wie: beheerder.wie().to_owned(),
                macht: beheerder.sleutel.macht(),
                regels: self.domeinen.regels,
                now: self.app.clock.now(),
                nonce: chance::entropy().bytes("logboek"),
            },
        };
        let changed = settle(&self.app, trace, journey).await?;
        if matches!(changed, Gewijzigd::Ja { .. })
            && let Err(outage) = self.domeinen.refresh(&self.app).await
        {
            // The change stands; this node knows of it as late as the others.
            tracing::warn!(party = self.app.party, trace = %trace, %outage, "domains were not read again");
        }
        Ok(changed)
    }

    /// Adds something to a domain, whichever version it has by now.
    pub(super) async fn add(
        self: &Arc<Self>,
        trace: TraceId,
        beheerder: &Beheerder,
        domein: &Domein,
        bewerking: &Bewerking,
    ) -> Result<Gewijzigd, Outage> {
        let mut changed = Gewijzigd::Onbekend;
        for _ in 0..ATTEMPTS_MAX {
            let (key, now) = (Domeinkop::key(domein), self.app.clock.now());
            let Some(kop) = self.app.load::<Domeinkop>(key, now).await? else {
                break;
            };
            let verwacht = Verwacht::Versie(kop.version);
            let asked = (domein, bewerking.clone(), verwacht);
            changed = self.change(trace, beheerder, asked).await?;
            if !matches!(changed, Gewijzigd::Anders { .. }) {
                break;
            }
        }
        Ok(changed)
    }

    /// koppeltaal case 115: keys that are where we may not call are refused when they are registered,
    /// not at the first token; so are identity providers.
    async fn beyond(&self, bewerking: &Bewerking) -> Option<Fout> {
        let (at, url) = match bewerking {
            Bewerking::Geheel(wordt) => return self.beyond_whole(wordt).await,
            Bewerking::Registreren(_, applicatie) | Bewerking::Applicatie(_, applicatie) => {
                ("jwks_uri", &applicatie.jwks_uri)
            }
            Bewerking::JwksUri(_, uri) => ("jwks_uri", uri),
            Bewerking::IdpZetten(_, idp) => ("issuer", &idp.issuer),
            _ => return None,
        };
        self.beyond_at(at, url).await
    }

    /// The same of a whole declaration: every literal address, and the names that this domain did not
    /// lead to before.
    pub(super) async fn beyond_whole(&self, wordt: &Domeinconfiguratie) -> Option<Fout> {
        let known = self.domeinen.now(&wordt.domein);
        let was: BTreeSet<String> = known
            .iter()
            .flat_map(|known| known.configuratie.elders())
            .filter_map(|(_, url)| name_of(url))
            .collect();
        let mut looked_up = BTreeSet::new();
        for (at, url) in wordt.elders() {
            if let Some(name) = name_of(url) {
                let is_enough = looked_up.len() == LOOKED_UP_MAX;
                if is_enough || was.contains(&name) || !looked_up.insert(name) {
                    continue;
                }
            }
            if let Some(fout) = self.beyond_at(&at, url).await {
                return Some(fout);
            }
        }
        None
    }

    async fn beyond_at(&self, at: &str, url: &str) -> Option<Fout> {
        self.app.outside.may_call(url).await.err().map(|_| Fout {
            at: at.to_owned(),
            why: "expected a URL of the public internet, or of a host in calls.private_hosts"
                .to_owned(),
        })
    }
}

/// The name of a URL's host; none when that is a literal address.
fn name_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    url.domain().map(str::to_owned)
}

struct WijzigJourney {
    wijzigen: Wijzigen,
}

impl Journey for WijzigJourney {
    type Reply = Gewijzigd;
    type Question = Wijzigen;

    fn begin(&self, _: &Run) -> Step<Gewijzigd, Wijzigen> {
        Step::Ask(self.wijzigen.clone())
    }

    async fn answer(
        &self,
        run: &Run,
        question: Wijzigen,
    ) -> Result<Step<Gewijzigd, Wijzigen>, Outage> {
        let found = run.load::<Kept>(Kept::key(&question.domein)).await?;
        let nu = match found {
            None => None,
            Some(found) => {
                let meant = found.value.meant(question.regels);
                let domein = &question.domein;
                Some(Nu {
                    versie: found.version,
                    domein: meant
                        .map_err(|fout| Outage::BadRow(format!("the domain {domein}: {fout}")))?,
                })
            }
        };
        Ok(question.answer(nu.as_ref()))
    }
}
