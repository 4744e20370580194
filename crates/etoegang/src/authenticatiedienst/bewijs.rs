//! What the holder of a means knows and has: a password, and a device that shows codes.
//!
//! Checking is slow by intent, and takes no row and no clock: the shell does it beside the requests, and
//! brings what came of it to [`super::middel::Middel::poging`].

use std::fmt;
use std::num::NonZeroU32;

use jose::aead::Key32;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use verdict::{Entropy, Moment};

use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;

/// Rounds of PBKDF2 over a password: what OWASP asks of SHA-256 in 2026. Old rows keep their own.
const RONDES: NonZeroU32 = NonZeroU32::new(600_000).unwrap();
/// Seconds for which one code stands on the device (RFC 6238 §5.2).
const STAP_S: i64 = 30;
/// Steps by which the device's clock may be off, either way (RFC 6238 §5.2 asks for one at most).
const STAPPEN_AF: i64 = 1;
/// Digits of a code.
const CIJFERS: usize = 6;
/// Bytes of a password, at most.
pub const WACHTWOORD_BYTES_MAX: usize = 256;

/// By what a means is known. It prints nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bewijs {
    zout: String,
    rondes: NonZeroU32,
    wachtwoord: String,
    sleutel: Option<String>,
}

/// What somebody showed at the page of a login.
pub struct Getoond {
    /// As typed.
    pub wachtwoord: String,
    /// As typed; empty without a device.
    pub code: String,
}

/// What came of looking at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proef {
    /// It does not fit.
    Onjuist,
    /// It fits.
    Juist {
        /// Of which step the code was; nothing without a device. A code counts once.
        stap: Option<i64>,
    },
}

impl Bewijs {
    /// A password, and the secret of a device if there is one.
    pub fn nieuw(wachtwoord: &str, sleutel: Option<[u8; 32]>, entropy: &Entropy) -> Self {
        let zout = entropy.bytes::<16>("etoegang.bewijs");
        Self {
            wachtwoord: verdicht(wachtwoord, &zout, RONDES),
            zout: jose::base64url_encode(zout),
            rondes: RONDES,
            sleutel: sleutel.map(jose::base64url_encode),
        }
    }

    /// What is looked at for a name that nobody has: it takes as long, and nothing fits.
    pub fn van_niemand() -> Self {
        Self {
            zout: String::new(),
            rondes: RONDES,
            wachtwoord: String::new(),
            sleutel: None,
        }
    }

    /// The most that a means with this proof can reach: a password alone is one factor.
    pub const fn hoogste(&self) -> Betrouwbaarheidsniveau {
        match self.sleutel {
            Some(_) => Betrouwbaarheidsniveau::Loa4,
            None => Betrouwbaarheidsniveau::Loa2,
        }
    }

    /// Looks at what was shown. A wrong code costs as much time as a wrong password. `gebruikt` is the
    /// step whose code was used last.
    pub fn proef(&self, getoond: &Getoond, gebruikt: i64, now: Moment) -> Proef {
        let zout = jose::base64url_decode(&self.zout).unwrap_or_default();
        let shown = verdicht(&getoond.wachtwoord, &zout, self.rondes);
        let is_known = bool::from(shown.as_bytes().ct_eq(self.wachtwoord.as_bytes()));
        let is_short = getoond.wachtwoord.len() <= WACHTWOORD_BYTES_MAX;
        let stap = match &self.sleutel {
            None => Some(None),
            Some(sleutel) => stap(sleutel, &getoond.code, gebruikt, now).map(Some),
        };
        match stap {
            Some(stap) if is_known && is_short => Proef::Juist { stap },
            _ => Proef::Onjuist,
        }
    }
}

fn verdicht(wachtwoord: &str, zout: &[u8], rondes: NonZeroU32) -> String {
    jose::base64url_encode(jose::pbkdf2_sha256(wachtwoord.as_bytes(), zout, rondes))
}

/// The step of which this is the code; of several that would fit, the newest. Steps up to the one that
/// was used last do not count (RFC 6238 §5.2).
fn stap(sleutel: &str, getoond: &str, gebruikt: i64, now: Moment) -> Option<i64> {
    let sleutel = jose::base64url_decode(sleutel)?.try_into().ok()?;
    let sleutel = Key32::new(sleutel);
    let current = now.unix().div_euclid(STAP_S);
    let steps = (current - STAPPEN_AF)..=(current + STAPPEN_AF);
    steps
        .rev()
        .filter(|stap| *stap > gebruikt)
        .find(|stap| bool::from(code(&sleutel, *stap).as_bytes().ct_eq(getoond.as_bytes())))
}

/// What a device with this secret shows at a moment: six digits (RFC 6238 §1.2, with SHA-256).
pub fn code_van(sleutel: &Key32, now: Moment) -> String {
    code(sleutel, now.unix().div_euclid(STAP_S))
}

/// RFC 4226 §5.3, over SHA-256 (RFC 6238 §1.2).
fn code(sleutel: &Key32, stap: i64) -> String {
    let mac = jose::hmac_sha256_of(sleutel, &stap.to_be_bytes());
    let at = usize::from(mac[31] & 0x0f);
    let word = [mac[at] & 0x7f, mac[at + 1], mac[at + 2], mac[at + 3]];
    let number = u32::from_be_bytes(word) % 1_000_000;
    format!("{number:0CIJFERS$}")
}

impl fmt::Debug for Bewijs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bewijs(***)")
    }
}

impl fmt::Debug for Getoond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Getoond(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;

    const SLEUTEL: [u8; 32] = *b"12345678901234567890123456789012";

    fn bewijs() -> Bewijs {
        Bewijs::nieuw("een lang wachtwoord", Some(SLEUTEL), &Entropy::new([1; 32]))
    }

    fn shown(wachtwoord: &str, code: &str) -> Getoond {
        Getoond {
            wachtwoord: wachtwoord.to_owned(),
            code: code.to_owned(),
        }
    }

    #[test]
    fn rfc_6238_codes_are_those_of_its_appendix_b() {
        // RFC 6238 §1.2: appendix B, SHA256, the last six of its eight digits
        for (unix, code) in [
            (59, "119246"),
            (1_111_111_109, "084774"),
            (1_111_111_111, "062674"),
            (1_234_567_890, "819424"),
            (2_000_000_000, "698825"),
            (20_000_000_000, "737706"),
        ] {
            let key = Key32::new(SLEUTEL);
            assert_eq!(code_van(&key, Moment::from_unix(unix)), code);
        }
    }

    #[test]
    fn both_password_and_code_must_fit_and_a_code_serves_once() {
        let (bewijs, now) = (bewijs(), Moment::from_unix(NOW));
        let code = code_van(&Key32::new(SLEUTEL), now);
        let good = shown("een lang wachtwoord", &code);
        let stap = NOW / 30;
        let juist = Proef::Juist { stap: Some(stap) };
        assert_eq!(bewijs.proef(&good, 0, now), juist);
        // RFC 6238 §5.2
        assert_eq!(bewijs.proef(&good, 0, now.plus_s(30)), juist);
        assert_eq!(bewijs.proef(&good, 0, now.plus_s(60)), Proef::Onjuist);
        assert_eq!(bewijs.proef(&good, stap, now), Proef::Onjuist);
        for bad in [
            shown("een lang wachtwoort", &code),
            shown("een lang wachtwoord", ""),
            shown("een lang wachtwoord", "000000"),
            shown("", &code),
            shown(&"x".repeat(300), &code),
        ] {
            assert_eq!(bewijs.proef(&bad, 0, now), Proef::Onjuist);
            assert_eq!(Bewijs::van_niemand().proef(&bad, 0, now), Proef::Onjuist);
        }
    }

    #[test]
    fn a_password_alone_reaches_the_second_level() {
        let bewijs = Bewijs::nieuw("een lang wachtwoord", None, &Entropy::new([1; 32]));
        let shown = shown("een lang wachtwoord", "");
        let proef = bewijs.proef(&shown, 0, Moment::from_unix(NOW));
        assert_eq!(proef, Proef::Juist { stap: None });
        assert_eq!(bewijs.hoogste(), Betrouwbaarheidsniveau::Loa2);
        assert!(!format!("{bewijs:?} {shown:?}").contains("wachtwoord"));
    }
}
