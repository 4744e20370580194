//! A token in a module: how it is found, and how a session with it is opened.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use super::super::custody::TokenFault;
use super::away;
use super::library::Library;
use crate::config::Pkcs11Config;

/// The permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;
/// The longest PIN that we read; tokens take at most 255 bytes.
const PIN_BYTES_MAX: u64 = 256;
/// The bits of ES256 keys.
const CURVE_BITS: usize = 256;

/// What a session may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Find and use objects.
    Read,
    /// Make and destroy them too.
    Write,
}

/// A loaded library and whom to log in to. Whoever asks it is inside the library
/// ([`Library::enter`]).
pub(super) struct Module {
    pub(super) library: Arc<Library>,
    token: String,
    pin: AuthPin,
    /// Once the token refused the PIN it is not shown again: a token locks itself after some wrong ones.
    is_pin_refused: AtomicBool,
}

impl Module {
    /// Reads the PIN and loads the library, which this process may have done before.
    pub(super) fn load(config: &Pkcs11Config) -> Result<Self, TokenFault> {
        Ok(Self {
            pin: pin(&config.pin_file)?,
            library: Library::load(&config.module)?,
            token: config.token.clone(),
            is_pin_refused: AtomicBool::new(false),
        })
    }

    pub(super) fn functions(&self) -> &Pkcs11 {
        self.library.functions()
    }

    /// Where the token is plugged in.
    pub(super) fn slot(&self) -> Result<Slot, TokenFault> {
        let slots = self.functions().get_slots_with_initialized_token();
        let slots = slots.map_err(away("its tokens cannot be listed"))?;
        let mut labels = Vec::new();
        for slot in slots {
            // A token that was taken out meanwhile is not the one.
            if let Ok(info) = self.functions().get_token_info(slot) {
                labels.push((info.label().trim_end().to_owned(), slot));
            }
        }
        let mut own = labels.iter().filter(|(label, _)| *label == self.token);
        match (own.next(), own.next()) {
            (Some((_, slot)), None) => Ok(*slot),
            (Some(_), Some(_)) => Err(TokenFault::Refused(format!(
                "two tokens are labelled `{}`; give one another label",
                self.token
            ))),
            _ => Err(TokenFault::Away(self.not_there(&labels))),
        }
    }

    fn not_there(&self, labels: &[(String, Slot)]) -> String {
        let there: Vec<&str> = labels.iter().map(|(label, _)| label.as_str()).collect();
        let there = match there.as_slice() {
            [] => "no token at all".to_owned(),
            labels => labels.join(", "),
        };
        format!("no token is labelled `{}`; there is {there}", self.token)
    }

    /// A session that is logged in, and must be closed.
    pub(super) fn session(&self, access: Access) -> Result<Session, TokenFault> {
        if self.is_pin_refused.load(Ordering::Relaxed) {
            return Err(TokenFault::Refused(
                "the token refused the PIN; it is not tried again until the node is started anew"
                    .to_owned(),
            ));
        }
        let slot = self.slot()?;
        let session = match access {
            Access::Read => self.functions().open_ro_session_no_drop(slot),
            Access::Write => self.functions().open_rw_session_no_drop(slot),
        };
        let session = session.map_err(away("no session could be opened"))?;
        match self.login(&session) {
            Ok(()) => Ok(session),
            Err(fault) => {
                let _ = session.close();
                Err(fault)
            }
        }
    }

    /// One login counts for all sessions of the process.
    fn login(&self, session: &Session) -> Result<(), TokenFault> {
        match session.login(UserType::User, Some(&self.pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(Error::Pkcs11(code, _)) if is_of_pin(code) => {
                self.is_pin_refused.store(true, Ordering::Relaxed);
                let why = format!("the token refused the PIN: {code:?}");
                Err(TokenFault::Refused(why))
            }
            Err(error) => Err(away("the login failed")(error)),
        }
    }

    /// Well when the token makes and uses ES256 keys.
    pub(super) fn mechanisms(&self) -> Result<(), TokenFault> {
        let slot = self.slot()?;
        for mechanism in [MechanismType::ECC_KEY_PAIR_GEN, MechanismType::ECDSA] {
            let info = self.functions().get_mechanism_info(slot, mechanism);
            let info = match info {
                Err(Error::Pkcs11(RvError::MechanismInvalid, _)) => None,
                info => Some(info.map_err(away("its mechanisms cannot be asked"))?),
            };
            let sizes = info.map(|info| info.min_key_size()..=info.max_key_size());
            if !sizes.is_some_and(|sizes| sizes.contains(&CURVE_BITS)) {
                let why = format!("the token has no {mechanism} for keys of {CURVE_BITS} bits");
                return Err(TokenFault::Refused(why));
            }
        }
        Ok(())
    }
}

const fn is_of_pin(code: RvError) -> bool {
    matches!(
        code,
        RvError::PinIncorrect
            | RvError::PinInvalid
            | RvError::PinLenRange
            | RvError::PinExpired
            | RvError::PinLocked
            | RvError::UserPinNotInitialized
    )
}

/// The PIN in this file, without the end of its line.
fn pin(path: &Path) -> Result<AuthPin, TokenFault> {
    let refused = |why: &dyn std::fmt::Display| {
        TokenFault::Refused(format!("pin_file {}: {why}", path.display()))
    };
    let file = fs::File::open(path).map_err(|error| refused(&error))?;
    let about = file.metadata().map_err(|error| refused(&error))?;
    if about.permissions().mode() & OTHERS != 0 {
        return Err(refused(
            &"can be read by others than its owner; say chmod 600",
        ));
    }
    let mut text = Zeroizing::new(String::new());
    let read = file.take(PIN_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| refused(&error))?;
    let pin = text.trim_end_matches(['\r', '\n']);
    if pin.is_empty() {
        return Err(refused(&"is empty"));
    }
    Ok(AuthPin::from(pin))
}
