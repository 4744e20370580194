//! What no change may bring into a domain. A row that has it from before is read as ever, and everything else
//! of its domain may change.

use super::{Domeinconfiguratie, Fout, fout};

/// Whether a domain may become this.
///
/// # Errors
/// [`Fout`] names the first thing that may not come into it.
pub(crate) fn may_become(
    was: Option<&Domeinconfiguratie>,
    wordt: &Domeinconfiguratie,
) -> Result<(), Fout> {
    for id in wordt.applicaties.keys() {
        let rechten = wordt.rechten(*id);
        if was.is_some_and(|was| was.rechten(*id) == rechten) {
            continue;
        }
        // koppeltaal.md §2.3: who may do so much gets a token that nobody takes
        if let Err(why) = wordt.scopes(*id).text() {
            return Err(fout(format!("applications {id} role"), why.to_string()));
        }
    }
    Ok(())
}
