//! A key as a row: its times in the open, its private part sealed with the master key.

use std::sync::Arc;

use identity::Oin;
use jose::aead::{self, Key32};
use jose::{Algorithm, MacKey, SigningKey, jwe};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use verdict::{Body, IndexKey, Key, Moment, Row, Sealed, Space};
use zeroize::Zeroizing;

use super::custody::{Custody, Nobody, ObjectId};
use super::purpose::Kind;
use super::schedule::Times;
use super::{KeyFault, MasterKey, Purpose};
use crate::seal::row_context;
use crate::{certificates, chance};

/// The rows of keys.
pub(super) const SPACE: Space = Space("sluis.sleutel");
/// The index that every key row carries, so that all can be found.
pub(super) const ALL: &str = "soort";
/// The one value in that index.
const SLEUTEL: &str = "sleutel";
/// The version that is written into every row's JSON.
const VERSION: u64 = 1;
/// When a row ends whose key has no end yet: the last second of the year 9999.
const FAR: Moment = Moment::from_unix(253_402_300_799);

/// The value by which all key rows are found.
pub(super) fn all() -> IndexKey {
    IndexKey::Text(SLEUTEL.to_owned())
}

/// Where the key of this purpose and number stands.
pub(super) fn key(purpose: Purpose, number: u32) -> Key {
    let mut bytes = purpose.name().as_bytes().to_vec();
    bytes.push(0);
    bytes.extend(number.to_be_bytes());
    Key::Record(SPACE, bytes)
}

/// Whether a key is of a purpose that this program does not know: a newer one made it, beside which this
/// one goes on.
pub(super) fn is_of_newer(at: &Key) -> bool {
    let purpose = at
        .bytes()
        .split(|byte| *byte == 0)
        .next()
        .unwrap_or_default();
    std::str::from_utf8(purpose).is_ok_and(|name| Purpose::named(name).is_none())
}

/// A key as the store has it: everything but the secret can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyRow {
    pub(super) purpose: Purpose,
    pub(super) times: Times,
    /// What tokens call it.
    pub(super) kid: String,
    /// The version of the row that this was read from.
    pub(super) version: u64,
    /// The name of the master key under which the private part is sealed.
    master: String,
    /// Where in a token the private part is. Then `sealed` is the public point: not to hide it, but so
    /// that nobody who can write rows has us publish a key of his.
    pub(super) held: Option<ObjectId>,
    sealed: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Open {
    purpose: String,
    number: u32,
    kid: String,
    algorithm: String,
    made: i64,
    used_from: i64,
    until: Option<i64>,
    seals: u64,
    master: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<String>,
}

/// A key that can be used.
pub(super) enum Material {
    Secret(Key32),
    Mac(Box<MacKey>),
    Signing(SigningKey),
    Decryption(jwe::DecryptionKey),
}

impl KeyRow {
    /// Makes a key: one that signs in the token, where there is one.
    ///
    /// # Errors
    /// [`KeyFault::Made`] when the library cannot, [`KeyFault::Token`] when the token does not.
    pub(super) fn make(
        purpose: Purpose,
        times: Times,
        custody: &Custody,
    ) -> Result<Self, KeyFault> {
        let (held, bytes) = match &custody.token {
            Some(token) if purpose.signs() => {
                let id = ObjectId::draw();
                let label = format!("sluis {}", name(purpose, times.number));
                let point = token.make(id, &label).map_err(KeyFault::Token)?;
                (Some(id), Zeroizing::new(point))
            }
            _ => (None, draw(purpose.kind()).ok_or(KeyFault::Made(purpose))?),
        };
        let at = key(purpose, times.number);
        let nonce = chance::entropy().bytes("key nonce");
        let master = &custody.master;
        let mut row = Self {
            sealed: aead::seal(master.key(), &bytes, &context(&at, purpose, held), nonce),
            kid: name(purpose, times.number),
            master: master.name().to_owned(),
            purpose,
            times,
            held,
            version: 0,
        };
        let material = row.material(&bytes, custody);
        if let Some(kid) = material.ok_or(KeyFault::Made(purpose))?.kid() {
            row.kid = kid;
        }
        Ok(row)
    }

    /// The same key with other times.
    pub(super) fn with(&self, times: Times) -> Self {
        Self {
            times,
            ..self.clone()
        }
    }

    /// Where it stands.
    pub(super) fn key(&self) -> Key {
        key(self.purpose, self.times.number)
    }

    /// Until when the row counts.
    pub(super) fn until(&self) -> Moment {
        self.times.until.unwrap_or(FAR)
    }

    /// The key itself. One that is in a token which this node does not have signs nothing.
    ///
    /// # Errors
    /// [`KeyFault::OtherMaster`], or [`KeyFault::BadRow`] when it was altered.
    pub(super) fn open(&self, custody: &Custody) -> Result<Material, KeyFault> {
        let bytes = self.unseal(&custody.master)?;
        let bad = |why| KeyFault::BadRow(name(self.purpose, self.times.number), why);
        self.material(&bytes, custody)
            .ok_or_else(|| bad("holds no key of its algorithm"))
    }

    /// A request for its certificate (PEM); nothing where the private part is none that signs.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn request(
        &self,
        master: &MasterKey,
        organisation: &str,
        oin: &Oin,
    ) -> Result<Option<String>, KeyFault> {
        let pkcs8 = self.unseal(master)?;
        Ok(certificates::request(&pkcs8, organisation, oin))
    }

    /// What the master key seals.
    fn unseal(&self, master: &MasterKey) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
        let name = name(self.purpose, self.times.number);
        if self.master != master.name() {
            return Err(KeyFault::OtherMaster {
                key: name,
                made_under: self.master.clone(),
                given: master.name().to_owned(),
            });
        }
        let context = context(&self.key(), self.purpose, self.held);
        aead::open(master.key(), &self.sealed, &context)
            .map_err(|_| KeyFault::BadRow(name, "was altered since it was sealed"))
    }

    fn material(&self, bytes: &[u8], custody: &Custody) -> Option<Material> {
        let Some(id) = self.held else {
            return Material::read(self.purpose, self.times.number, bytes);
        };
        let token = custody.token.as_ref();
        let signer = token.map_or_else(|| Arc::new(Nobody) as _, |token| token.signer(id));
        let key = SigningKey::elsewhere(Algorithm::Es256, bytes, signer).ok()?;
        self.purpose.signs().then_some(Material::Signing(key))
    }

    /// The row's content.
    pub(super) fn to_body(&self) -> Sealed {
        let open = Open {
            purpose: self.purpose.name().to_owned(),
            number: self.times.number,
            kid: self.kid.clone(),
            algorithm: self.purpose.algorithm().to_owned(),
            made: self.times.made.unix(),
            used_from: self.times.used_from.unix(),
            until: self.times.until.map(Moment::unix),
            seals: self.times.seals,
            master: self.master.clone(),
            held: self.held.map(|id| id.to_string()),
        };
        Body {
            open: json!({ "v": VERSION, "d": open }).into(),
            index: vec![(ALL, all())],
            private: self.sealed.clone(),
        }
    }

    /// Reads a row.
    ///
    /// # Errors
    /// [`KeyFault::BadRow`] when it does not say what a key row must say, or stands elsewhere.
    pub(super) fn from_row(at: &Key, row: Row<Sealed>) -> Result<Self, KeyFault> {
        let bad = |why| KeyFault::BadRow(String::from_utf8_lossy(at.bytes()).into_owned(), why);
        let said = row.body.open.value();
        if said.get("v").and_then(Value::as_u64) != Some(VERSION) {
            return Err(bad("was written by another version of the program"));
        }
        let open = said.get("d").map(Open::deserialize);
        let Some(Ok(open)) = open else {
            return Err(bad("lacks a member"));
        };
        let purpose = Purpose::named(&open.purpose).ok_or(bad("is of a purpose unknown here"))?;
        let held = open.held.as_deref().map(ObjectId::parse);
        let held = held.map(|id| id.ok_or(bad("names no object of a token")));
        let found = Self {
            purpose,
            times: Times {
                number: open.number,
                made: Moment::from_unix(open.made),
                used_from: Moment::from_unix(open.used_from),
                until: open.until.map(Moment::from_unix),
                seals: open.seals,
            },
            kid: open.kid,
            version: row.version,
            master: open.master,
            held: held.transpose()?,
            sealed: row.body.private,
        };
        let is_whole = found.key() == *at && open.algorithm == purpose.algorithm();
        is_whole.then_some(found).ok_or(bad("contradicts itself"))
    }
}

impl Material {
    fn read(purpose: Purpose, number: u32, bytes: &[u8]) -> Option<Self> {
        Some(match purpose.kind() {
            Kind::Secret => Self::Secret(Key32::new(bytes.try_into().ok()?)),
            Kind::Mac => {
                let key = MacKey::new(&name(purpose, number), bytes).ok()?;
                Self::Mac(Box::new(key))
            }
            Kind::Signing => Self::Signing(SigningKey::from_pkcs8(Algorithm::Es256, bytes).ok()?),
            Kind::RsaSigning => {
                Self::Signing(SigningKey::from_pkcs8(Algorithm::Rs256, bytes).ok()?)
            }
            Kind::PssSigning => {
                Self::Signing(SigningKey::from_pkcs8(Algorithm::Ps256, bytes).ok()?)
            }
            Kind::Decryption => Self::Decryption(
                jwe::DecryptionKey::from_pkcs8(jwe::Algorithm::EcdhEs, bytes).ok()?,
            ),
        })
    }

    /// What tokens call it, when they call it by another name than purpose and number.
    fn kid(&self) -> Option<String> {
        match self {
            Self::Secret(_) | Self::Mac(_) => None,
            Self::Signing(key) => Some(key.kid().to_owned()),
            Self::Decryption(key) => Some(key.kid().to_owned()),
        }
    }
}

/// Purpose and number as one word.
pub(super) fn name(purpose: Purpose, number: u32) -> String {
    format!("{purpose}-{number}")
}

/// What is sealed is bound to its row, to what it is for, and to the object of the token that it is of.
fn context(at: &Key, purpose: Purpose, held: Option<ObjectId>) -> Vec<u8> {
    let mut context = row_context(at);
    context.push(0);
    context.extend(purpose.algorithm().as_bytes());
    if let Some(id) = held {
        context.extend(b"\0pkcs11\0");
        context.extend(id.bytes());
    }
    context
}

/// A new private part.
fn draw(kind: Kind) -> Option<Zeroizing<Vec<u8>>> {
    let der = match kind {
        Kind::Secret | Kind::Mac => {
            return Some(Zeroizing::new(
                chance::entropy().bytes::<32>("key").to_vec(),
            ));
        }
        Kind::Signing => jose::generate_pkcs8(Algorithm::Es256, jose::RsaSize::Bits2048),
        Kind::RsaSigning => jose::generate_pkcs8(Algorithm::Rs256, jose::RsaSize::Bits3072),
        Kind::PssSigning => jose::generate_pkcs8(Algorithm::Ps256, jose::RsaSize::Bits3072),
        Kind::Decryption => jwe::generate_pkcs8(jwe::Algorithm::EcdhEs, jose::RsaSize::Bits2048),
    };
    der.ok()
}

#[cfg(test)]
mod tests {
    use verdict::CommitId;

    use super::super::schedule;
    use super::super::testing::{custody, master};
    use super::*;

    fn made(purpose: Purpose) -> KeyRow {
        let times = schedule::first(Moment::from_unix(1_000));
        KeyRow::make(purpose, times, &custody(1)).expect("made")
    }

    fn stored(row: &KeyRow) -> Row<Sealed> {
        Row {
            version: 0,
            until: row.until(),
            last: CommitId([0; 16]),
            body: row.to_body(),
        }
    }

    #[test]
    fn a_key_of_every_purpose_comes_back_from_its_row() {
        for purpose in Purpose::ALL {
            let row = made(purpose);
            let read = KeyRow::from_row(&row.key(), stored(&row)).expect("a row");
            assert_eq!(read, row);
            assert!(read.open(&custody(1)).is_ok(), "{purpose}");
        }
    }

    #[test]
    fn a_key_under_another_master_key_says_so_by_name() {
        let fault = made(Purpose::Rows)
            .open(&custody(2))
            .err()
            .expect("a fault");
        let text = fault.to_string();
        assert!(text.contains("another master key"), "{text}");
        assert!(text.contains(master(1).name()) && text.contains(master(2).name()));
    }

    #[test]
    fn a_private_part_opens_in_its_own_row_only() {
        let (rows, cookies) = (made(Purpose::Rows), made(Purpose::Cookies));
        let moved = KeyRow {
            sealed: cookies.sealed,
            ..rows
        };
        let fault = moved.open(&custody(1)).err().expect("a fault").to_string();
        assert!(fault.contains("altered"), "{fault}");
    }

    #[test]
    fn a_row_that_stands_elsewhere_is_no_key() {
        let row = made(Purpose::Rows);
        let elsewhere = key(Purpose::Rows, 2);
        assert!(KeyRow::from_row(&elsewhere, stored(&row)).is_err());
    }

    /// design §4: nodes of two releases share a store.
    #[test]
    fn a_key_of_a_purpose_that_comes_later_is_passed_over() {
        for purpose in Purpose::ALL {
            assert!(!is_of_newer(&key(purpose, 256)), "{purpose}");
        }
        let later = [b"later".as_slice(), &[0, 0, 0, 0, 1]].concat();
        assert!(is_of_newer(&Key::Record(SPACE, later)));
    }

    #[test]
    fn nothing_of_a_row_shows_its_secret() {
        let row = made(Purpose::AccessTokens);
        let opened = aead::open(
            master(1).key(),
            &row.sealed,
            &context(&row.key(), row.purpose, None),
        );
        let secret = opened.expect("ours");
        let shown = format!("{row:?} {}", row.to_body().open);
        assert!(!shown.contains(&jose::b64::encode(&secret[..])));
        assert!(
            !row.sealed
                .windows(secret.len())
                .any(|part| part == &secret[..])
        );
    }
}
