//! The AD: who logs in, with which means, and for how long that counts (etoegang.md §3, §4.6).
//!
//! | what | file |
//! |---|---|
//! | the authorization request of an HM, and the login that answers it | [`aanmelding`] |
//! | password and code | [`bewijs`] |
//! | a means, and its lock | [`middel`] |
//! | a session, and its tokens for an HM | [`sessie`] |
//! | revocation of its tokens by an HM | [`intrekken`] |
//! | what a DV calls a person | [`pseudoniem`] |

pub mod aanmelding;
pub mod bewijs;
pub mod intrekken;
pub mod middel;
pub mod pseudoniem;
pub mod sessie;

use std::fmt;

/// Seconds that a session lasts without a new declaration, at most: 2 h (etoegang.md §3).
const SESSIE_S_MAX: u32 = 7200;
/// Seconds within which an answer that was lost may be given again, at most.
const HERHAALBAAR_S_MAX: u32 = 60;
/// Wrong proofs in a row before a means is locked, at most.
const POGINGEN_MAX: u8 = 10;

/// How an AD works where the scheme leaves it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instellingen {
    /// Seconds that a session goes on after its last declaration.
    pub sessie_s: u32,
    /// Seconds that an access token and an ID token last.
    pub token_s: u32,
    /// Whether each refresh replaces the refresh token ("optioneel", GUC9 9.3).
    pub roteert: bool,
    /// Seconds within which the same HM gets the answer to a refresh again; 0 for never (design §5).
    pub herhaalbaar_s: u32,
    /// Wrong proofs in a row after which a means is locked.
    pub pogingen: u8,
    /// Seconds for which it is locked.
    pub vast_s: u32,
}

/// A setting that is not allowed; the program does not start with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ongeldig(pub &'static str);

impl Default for Instellingen {
    fn default() -> Self {
        Self {
            sessie_s: SESSIE_S_MAX,
            token_s: 300,
            roteert: true,
            herhaalbaar_s: 0,
            pogingen: 5,
            vast_s: 900,
        }
    }
}

impl Instellingen {
    /// The settings, when the scheme allows them.
    ///
    /// # Errors
    /// [`Ongeldig`] names the first that is out of bounds.
    pub fn gecontroleerd(self) -> Result<Self, Ongeldig> {
        // etoegang.md §3
        let good = [
            ("sessie_s", (1..=SESSIE_S_MAX).contains(&self.sessie_s)),
            ("token_s", (1..=SESSIE_S_MAX).contains(&self.token_s)),
            ("herhaalbaar_s", self.herhaalbaar_s <= HERHAALBAAR_S_MAX),
            ("pogingen", (1..=POGINGEN_MAX).contains(&self.pogingen)),
            ("vast_s", self.vast_s > 0),
        ];
        match good.iter().find(|(_, is_good)| !is_good) {
            Some((name, _)) => Err(Ongeldig(name)),
            None => Ok(self),
        }
    }
}

impl fmt::Display for Ongeldig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is out of its bounds", self.0)
    }
}

impl std::error::Error for Ongeldig {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_of_more_than_two_hours_is_refused_by_name() {
        let with = |change: fn(&mut Instellingen)| {
            let mut settings = Instellingen::default();
            change(&mut settings);
            settings.gecontroleerd().map(|_| ())
        };
        assert_eq!(with(|_| {}), Ok(()));
        // etoegang.md §3
        assert_eq!(with(|s| s.sessie_s = 7201), Err(Ongeldig("sessie_s")));
        assert_eq!(with(|s| s.pogingen = 0), Err(Ongeldig("pogingen")));
        assert_eq!(
            with(|s| s.herhaalbaar_s = 61),
            Err(Ongeldig("herhaalbaar_s"))
        );
    }
}
