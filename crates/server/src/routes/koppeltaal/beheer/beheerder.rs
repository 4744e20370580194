//! Who administers domains: the holder of an administration key that is for them.

use koppeltaal::Domein;
use koppeltaal::domeinbeheer::{Beheersleutel, SLEUTEL};
use protocol::handle::Purpose;
use verdict::Key;

use super::problem::Problem;
use crate::routes::beheer::beheerder::{self, Geen};

/// Somebody whose key was proven a moment ago.
pub(super) type Beheerder = beheerder::Beheerder<Beheersleutel>;

impl beheerder::Beheersleutel for Beheersleutel {
    const DOEL: Purpose = SLEUTEL;
    const EIS: &'static str = "koppeltaal.md §1.1";

    fn plaats(id: [u8; 16]) -> Key {
        Self::key(id)
    }

    fn houder(&self) -> &str {
        &self.naam
    }
}

impl Beheerder {
    /// Whether the key is for this domain.
    pub(super) fn may(&self, domein: &Domein) -> Result<(), Problem> {
        if self.sleutel.is_voor(domein) {
            Ok(())
        } else {
            Err(Problem::forbidden())
        }
    }
}

impl From<Geen> for Problem {
    fn from(geen: Geen) -> Self {
        match geen {
            Geen::Onbekend => Self::unauthorized(),
            Geen::TeVaak(soon) => Self::too_soon(soon),
            Geen::Storing(outage) => outage.into(),
        }
    }
}
