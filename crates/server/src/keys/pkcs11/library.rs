//! The library of a module's maker: loaded once per process, and started anew when its token is lost.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use tokio::time::Instant;

use super::super::custody::TokenFault;
use super::named;

/// Between two starts of a module whose token is lost: a network module begins by looking for its
/// token, which takes time and which the other side counts.
const RESTART_EVERY: Duration = Duration::from_secs(5);

/// The libraries that this process loaded. None is ever unloaded: it may have threads of its own.
static LOADED: Mutex<Vec<(PathBuf, Arc<Library>)>> = Mutex::new(Vec::new());

/// A loaded and started library.
pub(super) struct Library {
    functions: Pkcs11,
    /// Who calls it reads, who starts it anew writes: nobody may be in a call then (PKCS#11 3.0 §5.4,
    /// C_Finalize).
    started: RwLock<Started>,
}

/// The last start.
pub(super) struct Started {
    /// The how-manieth it was: sessions of another are over, and their handles may be somebody else's.
    pub(super) number: u64,
    at: Instant,
}

impl Library {
    /// The library at this path, started.
    pub(super) fn load(path: &Path) -> Result<Arc<Self>, TokenFault> {
        let refused = |why: String| TokenFault::Refused(format!("{}: {why}", path.display()));
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, library)) = loaded.iter().find(|(known, _)| known == path) {
            return Ok(Arc::clone(library));
        }
        let functions = Pkcs11::new(path);
        let functions = functions.map_err(|error| refused(format!("cannot be loaded: {error}")))?;
        start(&functions).map_err(|error| refused(format!("does not start: {}", named(&error))))?;
        let library = Arc::new(Self {
            functions,
            started: RwLock::new(Started {
                number: 1,
                at: Instant::now(),
            }),
        });
        loaded.push((path.to_owned(), Arc::clone(&library)));
        Ok(library)
    }

    /// Its functions; to be called by who is inside.
    pub(super) const fn functions(&self) -> &Pkcs11 {
        &self.functions
    }

    /// Keeps the library from being started anew for as long as the guard is held.
    pub(super) fn enter(&self) -> RwLockReadGuard<'_, Started> {
        self.started.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts it anew, for who met a fault after the start of this `number`; tells whether it is worth
    /// while to try again. Many modules find a token that was away only so. Not while others are in a
    /// call, and not too often.
    pub(super) fn restart(&self, number: u64) -> bool {
        let Ok(mut started) = self.started.try_write() else {
            return false;
        };
        if started.number != number {
            return true;
        }
        if started.at.elapsed() < RESTART_EVERY {
            return false;
        }
        started.number += 1;
        started.at = Instant::now();
        // It may not have been started when its last start failed.
        let _ = self.functions.clone().finalize();
        match start(&self.functions) {
            Ok(()) => {
                tracing::warn!("the hardware security module's library was started anew");
                true
            }
            Err(error) => {
                let why = named(&error);
                tracing::error!(%why, "the hardware security module's library does not start");
                false
            }
        }
    }
}

fn start(functions: &Pkcs11) -> Result<(), Error> {
    let flags = CInitializeFlags::OS_LOCKING_OK;
    match functions.initialize(CInitializeArgs::new(flags)) {
        Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        started => started,
    }
}
