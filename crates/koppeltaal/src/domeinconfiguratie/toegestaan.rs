//! What the applications of a domain may do, as tokens say it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::Domeinconfiguratie;
use crate::domein::ClientId;
use crate::scope::Scopes;

/// What each application of one version of a domain may do: worked out at its first token, since every
/// further one says the same.
#[derive(Debug)]
pub struct Toegestaan(BTreeMap<ClientId, OnceLock<Alles>>);

/// All that an application may do.
#[derive(Debug)]
pub(crate) struct Alles {
    pub(crate) scopes: Scopes,
    /// The same as it stands in a token; nothing when none can hold it.
    pub(crate) text: Option<String>,
}

impl Toegestaan {
    /// For the applications of this domain.
    pub fn of(domein: &Domeinconfiguratie) -> Self {
        let applicaties = domein.applicaties.keys();
        Self(applicaties.map(|id| (*id, OnceLock::new())).collect())
    }

    /// Of an application of `domein`, the one that this was made for.
    pub(crate) fn aan(&self, client_id: ClientId, domein: &Domeinconfiguratie) -> Option<&Alles> {
        let alles = self.0.get(&client_id)?;
        Some(alles.get_or_init(|| {
            let scopes = domein.scopes(client_id);
            Alles {
                text: scopes.text().ok(),
                scopes,
            }
        }))
    }
}
