//! Who has the private parts of a party's keys: the master key seals them into the store, and where
//! there is a hardware security module, that has those that sign.

use std::fmt;
use std::sync::Arc;

use jose::{CannotSign, Signer};

use super::MasterKey;
#[cfg(feature = "pkcs11")]
use super::pkcs11;
use crate::chance;
use crate::config::{Config, Pkcs11Config};

/// A token of a hardware security module: makes key pairs, signs with them, and never gives a private
/// part away. Its calls block, each for a time that the implementation bounds.
pub trait SigningToken: Send + Sync {
    /// Makes an ES256 pair under this id; `label` is for the eyes of operators. Returns the public
    /// point, uncompressed. The id must be new: what it finds later signs in the party's name.
    ///
    /// # Errors
    /// [`TokenFault`], here and below.
    fn make(&self, id: ObjectId, label: &str) -> Result<Vec<u8>, TokenFault>;

    /// Destroys the pair; well when there is none.
    fn destroy(&self, id: ObjectId) -> Result<(), TokenFault>;

    /// Who signs with the pair of this id. Asks nothing yet.
    fn signer(&self, id: ObjectId) -> Arc<dyn Signer>;
}

/// By what a key is found in a token (`CKA_ID`): random, so that keys of several parties, and of
/// several installations, can lie in one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectId([u8; 16]);

/// Why a token did not do what was asked; the text is for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// It does not answer, or not as it should. It may later.
    Away(String),
    /// It will not until the operator does something: another module, another PIN.
    Refused(String),
}

/// The master key, and the token where there is one.
pub struct Custody {
    pub(super) master: MasterKey,
    pub(super) token: Option<Arc<dyn SigningToken>>,
}

impl Custody {
    /// Keys that sign are made in `token` from now on; without, they are sealed with the master key
    /// like all others.
    pub fn new(master: MasterKey, token: Option<Arc<dyn SigningToken>>) -> Self {
        Self { master, token }
    }
}

impl From<MasterKey> for Custody {
    fn from(master: MasterKey) -> Self {
        Self::new(master, None)
    }
}

/// The token that the configuration names, opened; one for all roles of the process, since a module
/// is loaded once. One that is away is told of in the log, and asked again at each signature.
///
/// # Errors
/// A text for the operator: the module, the token's name or its PIN will not do.
pub fn token(config: &Config) -> Result<Option<Arc<dyn SigningToken>>, String> {
    let named = config.pkcs11.as_ref().map(open);
    named
        .transpose()
        .map_err(|fault| format!("keys.pkcs11: {fault}"))
}

#[cfg(feature = "pkcs11")]
fn open(config: &Pkcs11Config) -> Result<Arc<dyn SigningToken>, TokenFault> {
    Ok(Arc::new(pkcs11::Token::open(config)?))
}

/// The reader of configurations says so first, with file and line.
#[cfg(not(feature = "pkcs11"))]
fn open(_: &Pkcs11Config) -> Result<Arc<dyn SigningToken>, TokenFault> {
    Err(TokenFault::Refused(NOT_BUILT_IN.to_owned()))
}

/// What is said of a configuration that names a module, by a program that cannot load one.
pub(crate) const NOT_BUILT_IN: &str =
    "this program was built without PKCS#11; build it with `cargo build --features pkcs11`";

/// Signs nothing: for a key whose token this node does not have.
pub(super) struct Nobody;

impl Signer for Nobody {
    fn sign_digest(&self, _: &[u8]) -> Result<Vec<u8>, CannotSign> {
        Err(CannotSign)
    }
}

impl ObjectId {
    pub(super) fn draw() -> Self {
        Self(chance::entropy().bytes("object id"))
    }

    /// The id that is written so.
    pub fn parse(hex: &str) -> Option<Self> {
        if hex.len() != 32 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 16];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Hexadecimal, as `pkcs11-tool` shows it.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Away(why) | Self::Refused(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for TokenFault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_nothing_else_is_one() {
        let id = ObjectId::draw();
        assert_eq!(ObjectId::parse(&id.to_string()), Some(id));
        for text in [
            "",
            "0",
            &"0".repeat(31),
            &"g".repeat(32),
            &"é".repeat(16),
            &"+1".repeat(16),
        ] {
            assert_eq!(ObjectId::parse(text), None, "{text}");
        }
    }
}
