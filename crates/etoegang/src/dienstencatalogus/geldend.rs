//! The catalogue in force (geldend), and which one follows it: a file that is refused changes nothing.

use std::fmt;

use saml::keys::TrustedKey;
use verdict::Moment;

use super::Dienstencatalogus;
use super::reading::CatalogusFout;
use super::uitgave::Uitgave;

/// Seconds that the publisher's clock may be ahead of ours.
const VOORUIT_S_MAX: u32 = 300;

/// Seconds from `IssueInstant` on in which a file is still taken, unless a setting says otherwise: 90
/// days. The schema names no end, and an old file, played again, would bring back what was withdrawn.
pub const OUDST_S: u32 = 90 * 86_400;

/// A catalogue with what was published of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Geldend {
    uitgave: Uitgave,
    catalogus: Dienstencatalogus,
}

/// By what a file is judged.
#[derive(Clone, Copy, Debug)]
pub struct Keuring<'a> {
    /// The keys of the scheme's manager.
    pub sleutels: &'a [TrustedKey],
    /// Now.
    pub now: Moment,
    /// Seconds from `IssueInstant` on in which a file is taken; none for our own copy of what was in
    /// force when the program stopped.
    pub oudst_s: Option<u32>,
}

/// Why a file is not put in force. What was in force stays so, and the operator hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Geweigerd {
    /// It cannot be used (etoegang cases 92 and 93).
    Fout(CatalogusFout),
    /// A service stands in it twice, or there are too many.
    Dubbel,
    /// It has a lower number, or an earlier moment, than the one in force.
    Ouder,
    /// It has the number of the one in force, and other content.
    Anders,
    /// It was issued in the future.
    Toekomst,
    /// It was issued too long ago.
    Verlopen,
}

impl Geldend {
    /// The catalogue of a file, when none is in force yet.
    ///
    /// # Errors
    /// [`Geweigerd`]: no service is known then.
    pub fn read(file: &[u8], keuring: Keuring<'_>) -> Result<Self, Geweigerd> {
        let uitgave = Uitgave::read(file, keuring.sleutels).map_err(Geweigerd::Fout)?;
        if keuring.now.plus_s(VOORUIT_S_MAX) < uitgave.uitgegeven {
            return Err(Geweigerd::Toekomst);
        }
        let is_over = |s| uitgave.uitgegeven.plus_s(s).is_over_at(keuring.now);
        if keuring.oudst_s.is_some_and(is_over) {
            return Err(Geweigerd::Verlopen);
        }
        let catalogus = uitgave.catalogus().map_err(|_| Geweigerd::Dubbel)?;
        Ok(Self { uitgave, catalogus })
    }

    /// What follows this one: the catalogue of a newer file; nothing when the file is the one in force.
    ///
    /// # Errors
    /// [`Geweigerd`]: this one stays in force, whole (etoegang case 92).
    pub fn opvolger(&self, file: &[u8], keuring: Keuring<'_>) -> Result<Option<Self>, Geweigerd> {
        let next = Self::read(file, keuring)?; // etoegang case 92
        let (now, then) = (&self.uitgave, &next.uitgave);
        if now == then {
            return Ok(None);
        }
        // A moment that is still to come was taken by a clock that ran ahead, and says nothing.
        let is_to_come = keuring.now.plus_s(VOORUIT_S_MAX) < now.uitgegeven;
        if then.uitgegeven < now.uitgegeven && !is_to_come {
            return Err(Geweigerd::Ouder);
        }
        // Numbers of two series cannot be compared: the moment alone decides there.
        match (now.versie.reeks(), then.versie.reeks()) {
            (Some((ours, m)), Some((theirs, n))) if ours == theirs && n < m => {
                Err(Geweigerd::Ouder)
            }
            _ if now.versie == then.versie => Err(Geweigerd::Anders),
            _ => Ok(Some(next)),
        }
    }

    /// Its services.
    pub const fn catalogus(&self) -> &Dienstencatalogus {
        &self.catalogus
    }

    /// What was published: version, names, and all that the roles do not decide by.
    pub const fn uitgave(&self) -> &Uitgave {
        &self.uitgave
    }

    /// Whether it is so old that it would not be taken any more: a reason to warn, not to stop.
    pub const fn is_verouderd(&self, now: Moment, oudst_s: u32) -> bool {
        self.uitgave.uitgegeven.plus_s(oudst_s).is_over_at(now)
    }
}

impl fmt::Display for Geweigerd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fout(fault) => return fault.fmt(f),
            Self::Dubbel => "the service catalogue has a service twice, or too many",
            Self::Ouder => "the service catalogue is older than the one in force",
            Self::Anders => "the service catalogue differs from the one in force of this version",
            Self::Toekomst => "the service catalogue was issued in the future",
            Self::Verlopen => "the service catalogue was issued too long ago",
        })
    }
}

impl std::error::Error for Geweigerd {}
