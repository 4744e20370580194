//! A thread's session with the token, opened when it is needed and anew after an error.

use std::collections::HashMap;
use std::sync::RwLockReadGuard;

use cryptoki::mechanism::Mechanism;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;

use super::super::custody::{ObjectId, TokenFault};
use super::library::Started;
use super::module::{Access, Module};
use super::{away, objects};

/// Who asks the module, one thing at a time.
pub(super) struct Worker<'m> {
    module: &'m Module,
    /// Between two signatures.
    kept: Option<Open>,
}

/// A session, and the private keys that were found in it: no more than a party has. It does not close
/// itself: after a new start of the library its handle may be another's.
pub(super) struct Open {
    session: Session,
    found: HashMap<ObjectId, ObjectHandle>,
    /// The start of the library that it belongs to.
    of: u64,
}

/// Held while the library is called.
type Inside<'m> = RwLockReadGuard<'m, Started>;

impl<'m> Worker<'m> {
    pub(super) const fn new(module: &'m Module) -> Self {
        Self { module, kept: None }
    }

    /// Asks the module itself.
    pub(super) fn with_module<T>(
        &self,
        what: impl FnOnce(&Module) -> Result<T, TokenFault>,
    ) -> Result<T, TokenFault> {
        let _inside = self.module.library.enter();
        what(self.module)
    }

    /// Does `what` in the session that is kept. When that fails as if the token was away, the session
    /// may merely have ended: `what` is done once more in a new one.
    pub(super) fn with_session<T>(
        &mut self,
        what: impl Fn(&mut Open) -> Result<T, TokenFault>,
    ) -> Result<T, TokenFault> {
        if let Some(kept) = self.kept.take() {
            let inside = self.module.library.enter();
            if kept.of == inside.number {
                match self.done(&inside, kept, &what) {
                    Err(TokenFault::Away(_)) => {}
                    done => return done,
                }
            }
        }
        let (inside, open) = self.open(Access::Read)?;
        self.done(&inside, open, what)
    }

    /// Does `what`, once, in a session that may make and destroy objects.
    pub(super) fn with_writing<T>(
        &self,
        what: impl FnOnce(&Session) -> Result<T, TokenFault>,
    ) -> Result<T, TokenFault> {
        let (_inside, open) = self.open(Access::Write)?;
        let done = what(&open.session);
        open.close();
        done
    }

    /// Does `what`, and keeps the session when that went well.
    fn done<T>(
        &mut self,
        _inside: &Inside<'m>,
        mut open: Open,
        what: impl Fn(&mut Open) -> Result<T, TokenFault>,
    ) -> Result<T, TokenFault> {
        let done = what(&mut open);
        if matches!(done, Err(TokenFault::Away(_))) {
            open.close();
        } else {
            self.kept = Some(open);
        }
        done
    }

    /// A new session, if need be after the library was started anew.
    fn open(&self, access: Access) -> Result<(Inside<'m>, Open), TokenFault> {
        let inside = self.module.library.enter();
        let number = inside.number;
        let why = match self.module.session(access) {
            Ok(session) => return Ok((inside, Open::new(session, number))),
            Err(TokenFault::Away(why)) => why,
            Err(refused) => return Err(refused),
        };
        drop(inside);
        if !self.module.library.restart(number) {
            return Err(TokenFault::Away(why));
        }
        let inside = self.module.library.enter();
        let number = inside.number;
        let session = self.module.session(access)?;
        Ok((inside, Open::new(session, number)))
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        let inside = self.module.library.enter();
        if let Some(kept) = self.kept.take().filter(|kept| kept.of == inside.number) {
            kept.close();
        }
    }
}

impl Open {
    fn new(session: Session, of: u64) -> Self {
        Self {
            session,
            found: HashMap::new(),
            of,
        }
    }

    /// What cannot be closed is over anyway.
    fn close(self) {
        let _ = self.session.close();
    }

    /// CKM_ECDSA on a digest gives `r` and `s` behind each other (PKCS#11 3.0 §2.3.1).
    pub(super) fn sign(&mut self, id: ObjectId, digest: &[u8]) -> Result<Vec<u8>, TokenFault> {
        let key = match self.found.get(&id) {
            Some(key) => *key,
            None => objects::private(&self.session, id)?,
        };
        self.found.insert(id, key);
        let signed = self.session.sign(&Mechanism::Ecdsa, key, digest);
        signed.map_err(away("it did not sign"))
    }
}
