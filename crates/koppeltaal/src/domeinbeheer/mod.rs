//! Domain administration ([domeinbeheer], koppeltaal.md §1.1): who changes a domain, and how.
//!
//! Every change is one [`Bewerking`], whether it came by the REST API, the command line or a page. It
//! names the version of the domain that its maker looked at, so that nobody overwrites what another
//! did meanwhile; [`Wijzigen`] decides, and keeps with the change who made it ([`Logboekregel`]). What
//! a change does, line by line, is a [`Plan`].
//!
//! Who may is a [`Beheersleutel`].

mod beheersleutel;
mod bewerking;
mod device;
mod logboek;
mod plan;
#[cfg(test)]
mod tests;
mod wijzigen;

pub use beheersleutel::{Beheersleutel, Domeinen, SLEUTEL, SLEUTEL_S_MAX};
pub use bewerking::Bewerking;
pub use device::device_of;
pub use logboek::Logboekregel;
pub use plan::{Anders, IdpLid, Lid, Plan, Regel, Teken, Wijziging};
pub use wijzigen::{Gewijzigd, Macht, Nu, Verwacht, Wijzigen};

use verdict::{Record as _, Space};

use crate::domeinconfiguratie::{Domeinkop, Kept};

/// The kinds of rows that stay as they are when a backup is restored: domains are registrations, which
/// their operator has in files too. Administration keys are not among them: one that was withdrawn
/// after the backup must not work again.
pub const OUTLIVE_A_RESTORE: [Space; 3] = [Domeinkop::SPACE, Kept::SPACE, Logboekregel::SPACE];
