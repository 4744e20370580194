//! A run's view of its domain: as it was at the last look, and looked at again after the run lost to
//! a change of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use koppeltaal::Domein;
use koppeltaal::token_endpoint::is_domain;
use verdict::Key;

use super::{DomeinNu, KoppeltaalRole};
use crate::settle::Outage;

/// See the module.
pub(super) struct Zicht {
    role: Arc<KoppeltaalRole>,
    domein: Domein,
    /// Whether the store has another version of the domain than our snapshot.
    is_behind: AtomicBool,
}

impl Zicht {
    pub(super) fn of(role: &Arc<KoppeltaalRole>, domein: &DomeinNu) -> Self {
        Self {
            role: Arc::clone(role),
            domein: domein.configuratie.domein.clone(),
            is_behind: AtomicBool::new(false),
        }
    }

    pub(super) const fn role(&self) -> &Arc<KoppeltaalRole> {
        &self.role
    }

    /// The domain as it is now.
    pub(super) async fn now(&self) -> Result<Option<Arc<DomeinNu>>, Outage> {
        if self.is_behind.swap(false, Ordering::Relaxed) {
            self.role.domeinen.refresh(&self.role.app).await?;
        }
        Ok(self.role.domeinen.now(&self.domein))
    }

    /// Remembers that a guard on the row of `key` failed.
    pub(super) fn lost(&self, key: &Key) {
        if is_domain(key) {
            self.is_behind.store(true, Ordering::Relaxed);
        }
    }
}
