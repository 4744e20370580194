//! What the scheme leaves to the one who runs a role: each proposal of etoegang.md as a setting.

use std::fmt;

use jose::Algorithm;

/// Seconds that a refresh token may lie unused, at most: 6 h (NL GOV profile for OpenID Connect).
const ONGEBRUIKT_S_MAX: u32 = 6 * 3600;
/// Seconds from a login to the end of everything that came of it, at most: 24 h (NL GOV profile for
/// OAuth 2.0).
const FAMILIE_S_MAX: u32 = 24 * 3600;
/// Seconds that the access token of a public client lasts, at most: 15 min (NL GOV profile for OAuth
/// 2.0).
const ACCESS_TOKEN_S_MAX: u32 = 900;
/// Seconds that an ID token lasts, at most: 5 min (NL GOV profile for OpenID Connect).
const ID_TOKEN_S_MAX: u32 = 300;

/// How an HM gives out tokens. [`Instellingen::default`] is what etoegang.md §4.5 proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instellingen {
    /// Seconds that an access token lasts.
    pub access_token_s: u32,
    /// Seconds that an ID token lasts.
    pub id_token_s: u32,
    /// Seconds that a refresh token may lie unused.
    pub ongebruikt_s: u32,
    /// Seconds from the login to the end of the family.
    pub familie_s: u32,
    /// Whether a refresh also brings an ID token.
    pub id_token_bij_vernieuwen: bool,
    /// With what it signs tokens for apps and backends.
    pub ondertekent: Ondertekening,
    /// Values of `Classifier` that mark a service as one for native apps, compared without regard to
    /// case. The scheme's own value is not public.
    pub native_app: Vec<String>,
}

/// With what an HM signs access tokens, ID tokens and userinfo: RS256 must be offered, PS256 should
/// (etoegang.md §4.5); ES256 is as strong, and costs a hundredth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ondertekening {
    /// RSASSA-PKCS1-v1_5.
    #[default]
    Rs256,
    /// RSASSA-PSS.
    Ps256,
    /// ECDSA on P-256.
    Es256,
}

/// A setting that the profiles do not allow; the program does not start with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ongeldig {
    /// Which.
    pub instelling: &'static str,
    /// The greatest value that is allowed.
    pub max: u32,
}

impl Default for Instellingen {
    fn default() -> Self {
        Self {
            access_token_s: 600,
            id_token_s: 120,
            ongebruikt_s: 7200,
            familie_s: 4 * 3600,
            id_token_bij_vernieuwen: false,
            ondertekent: Ondertekening::default(),
            native_app: vec!["native-app".to_owned()],
        }
    }
}

impl Ondertekening {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Ps256, Self::Es256];

    /// The algorithm.
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::Rs256,
            Self::Ps256 => Algorithm::Ps256,
            Self::Es256 => Algorithm::Es256,
        }
    }

    /// Its name (RFC 7518 §3.1).
    pub const fn naam(self) -> &'static str {
        self.algorithm().name()
    }

    /// The one of this name.
    pub fn genaamd(naam: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.naam() == naam)
    }
}

impl Instellingen {
    /// The settings, when the profiles allow them.
    ///
    /// # Errors
    /// [`Ongeldig`] names the first that is zero or too large (etoegang cases 17 and 18).
    pub fn gecontroleerd(self) -> Result<Self, Ongeldig> {
        // etoegang cases 7, 17, 18 and 76
        let bounds = [
            ("access_token_s", self.access_token_s, ACCESS_TOKEN_S_MAX),
            ("id_token_s", self.id_token_s, ID_TOKEN_S_MAX),
            ("ongebruikt_s", self.ongebruikt_s, ONGEBRUIKT_S_MAX),
            ("familie_s", self.familie_s, FAMILIE_S_MAX),
        ];
        let bad = bounds
            .iter()
            .find(|(_, value, max)| *value == 0 || value > max);
        match bad {
            Some(&(instelling, _, max)) => Err(Ongeldig { instelling, max }),
            None => Ok(self),
        }
    }
}

impl fmt::Display for Ongeldig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} must be from 1 to {} seconds",
            self.instelling, self.max
        )
    }
}

impl std::error::Error for Ongeldig {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etoegang_case_017_and_018_lifetimes_beyond_the_profiles_are_refused_by_name() {
        let with = |change: fn(&mut Instellingen)| {
            let mut instellingen = Instellingen::default();
            change(&mut instellingen);
            instellingen.gecontroleerd().map(|_| ())
        };
        assert_eq!(with(|_| {}), Ok(()));
        // etoegang case 17
        let refused = with(|i| i.ongebruikt_s = 6 * 3600 + 60).expect_err("too long");
        assert_eq!(
            refused.to_string(),
            "ongebruikt_s must be from 1 to 21600 seconds"
        );
        assert_eq!(with(|i| i.ongebruikt_s = 6 * 3600), Ok(()));
        // etoegang case 18
        let refused = with(|i| i.familie_s = 24 * 3600 + 1).expect_err("too long");
        assert_eq!(refused.instelling, "familie_s");
        let refused = with(|i| i.access_token_s = 901).expect_err("too long");
        assert_eq!(refused.instelling, "access_token_s");
        let refused = with(|i| i.id_token_s = 0).expect_err("nothing");
        assert_eq!(refused.instelling, "id_token_s");
    }
}
