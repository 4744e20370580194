//! A hardware security module behind PKCS#11: key pairs are made in it, sign in it and never leave it
//! (docs/decisions/0018).
//!
//! A module is a library of its maker that runs in our process and blocks. So a few threads of our own
//! call it (`pool.rs`), each with a session that it opens anew after an error (`worker.rs`); whoever
//! wants a signature waits for a bounded time, and is then told that the token is away. What is asked
//! of a session stands in `objects.rs`, how one is opened in `module.rs`, and how the library itself is
//! started, and started anew, in `library.rs`.

mod library;
mod look;
mod module;
mod objects;
mod pool;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jose::{CannotSign, Signer};

pub use self::look::{Looked, look};
use self::module::Module;
use self::pool::Pool;
use super::custody::{ObjectId, SigningToken, TokenFault};
use crate::config::Pkcs11Config;

/// For one signature. People wait for it; a module on the same network takes some milliseconds.
const SIGN_TIMEOUT: Duration = Duration::from_secs(2);
/// For making or destroying a pair, and for the first session: modules may take seconds for these.
const SLOW_TIMEOUT: Duration = Duration::from_secs(20);

/// An opened token.
pub struct Token(Arc<Pool>);

impl Token {
    /// Loads the module, and opens a session of its token. When the token does not answer, that is
    /// told of in the log and tried again at each use.
    ///
    /// # Errors
    /// [`TokenFault::Refused`]: the module cannot be loaded, the PIN is not right or not to be read, or
    /// the token cannot make or use ES256 keys.
    pub fn open(config: &Pkcs11Config) -> Result<Self, TokenFault> {
        let module = Module::load(config)?;
        let token = Self(Arc::new(Pool::start(&Arc::new(module))?));
        let opened = token.0.ask(SLOW_TIMEOUT, |worker| {
            worker.with_module(Module::mechanisms)?;
            worker.with_session(|_| Ok(()))
        });
        match opened {
            Err(TokenFault::Away(why)) => {
                tracing::error!(%why, "the hardware security module is away: nothing can be signed");
                Ok(token)
            }
            opened => opened.map(|()| token),
        }
    }
}

impl SigningToken for Token {
    fn make(&self, id: ObjectId, label: &str) -> Result<Vec<u8>, TokenFault> {
        let label = label.to_owned();
        self.0.ask(SLOW_TIMEOUT, move |worker| {
            worker.with_writing(|session| objects::generate(session, id, &label))
        })
    }

    fn destroy(&self, id: ObjectId) -> Result<(), TokenFault> {
        self.0.ask(SLOW_TIMEOUT, move |worker| {
            worker.with_writing(|session| objects::destroy(session, id))
        })
    }

    fn signer(&self, id: ObjectId) -> Arc<dyn Signer> {
        let pool = Arc::clone(&self.0);
        Arc::new(Pair { pool, id })
    }
}

/// A pair in the token.
struct Pair {
    pool: Arc<Pool>,
    id: ObjectId,
}

impl Signer for Pair {
    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, CannotSign> {
        let (id, digest) = (self.id, digest.to_vec());
        let signed = self.pool.ask(SIGN_TIMEOUT, move |worker| {
            worker.with_session(|open| open.sign(id, &digest))
        });
        signed.map_err(|fault| {
            tracing::error!(%id, %fault, "the hardware security module did not sign");
            CannotSign
        })
    }
}

/// What a call of the module came to, as a fault that may be over later.
fn away(doing: &str) -> impl FnOnce(cryptoki::error::Error) -> TokenFault {
    move |error| TokenFault::Away(format!("{doing}: {}", named(&error)))
}

/// The module's own name of an error, which its manual explains.
fn named(error: &cryptoki::error::Error) -> impl fmt::Display {
    use cryptoki::error::Error;
    match error {
        Error::Pkcs11(code, function) => format!("{function} says {code:?}"),
        other => other.to_string(),
    }
}
