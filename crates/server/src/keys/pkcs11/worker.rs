//! A thread's session with the token, opened when it is needed and anew after an error.

use std::collections::HashMap;

use cryptoki::mechanism::Mechanism;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;

use super::super::custody::{ObjectId, TokenFault};
use super::module::{Access, Module};
use super::{away, objects};

/// Who asks the module, one thing at a time.
pub(super) struct Worker<'m> {
    module: &'m Module,
    open: Option<Open>,
}

/// A session, and the private keys that were found in it: no more than a party has.
pub(super) struct Open {
    session: Session,
    found: HashMap<ObjectId, ObjectHandle>,
}

impl<'m> Worker<'m> {
    pub(super) const fn new(module: &'m Module) -> Self {
        Self { module, open: None }
    }

    pub(super) const fn module(&self) -> &'m Module {
        self.module
    }

    /// Does `what` in the session. When that fails as if the token was away, the session may merely
    /// have ended: it is opened anew and `what` done once more.
    pub(super) fn with_session<T>(
        &mut self,
        what: impl Fn(&mut Open) -> Result<T, TokenFault>,
    ) -> Result<T, TokenFault> {
        let was_open = self.open.is_some();
        match self.once(&what) {
            Err(TokenFault::Away(_)) if was_open => self.once(&what),
            done => done,
        }
    }

    fn once<T>(
        &mut self,
        what: impl Fn(&mut Open) -> Result<T, TokenFault>,
    ) -> Result<T, TokenFault> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => Open {
                session: self.module.session(Access::Read)?,
                found: HashMap::new(),
            },
        };
        let done = what(&mut open);
        if !matches!(done, Err(TokenFault::Away(_))) {
            self.open = Some(open);
        }
        done
    }
}

impl Open {
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
