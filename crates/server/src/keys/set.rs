//! The keys as they are used: chosen at each look at the store, so that a request picks one without
//! asking, waiting or copying.

use etoegang::instellingen::Ondertekening;
use jose::aead::{self, Key32, NotSealed};
use jose::{Jwks, MacKey, SigningKey, jwe};
use protocol::handle::HandleKeys;
use verdict::Moment;

use super::row::{KeyRow, Material};
use super::schedule::{self, Times};
use super::{Custody, KeyFault, Purpose};

/// The keys of one purpose: one that makes what is new, and all that verify or open.
pub struct Ring<T> {
    keys: Vec<T>,
    numbers: Vec<u32>,
    current: usize,
}

impl<T> Ring<T> {
    /// The key that makes what is new.
    pub fn current(&self) -> &T {
        &self.keys[self.current]
    }

    /// The number of that key.
    pub fn current_number(&self) -> u32 {
        self.numbers[self.current]
    }

    /// The key of this number.
    pub fn numbered(&self, number: u32) -> Option<&T> {
        let at = self.numbers.iter().position(|known| *known == number)?;
        self.keys.get(at)
    }

    /// All keys, oldest first.
    pub fn all(&self) -> &[T] {
        &self.keys
    }

    /// All keys with their numbers, oldest first.
    pub fn numbers(&self) -> impl DoubleEndedIterator<Item = (u32, &T)> {
        self.numbers.iter().copied().zip(&self.keys)
    }

    /// All keys, the current one first and then the newest.
    fn current_first(&self) -> impl Iterator<Item = &T> {
        let others = self.keys.iter().enumerate().rev();
        let others = others.filter(|(at, _)| *at != self.current);
        std::iter::once(self.current()).chain(others.map(|(_, key)| key))
    }
}

/// The keys that sign what others verify.
pub struct Tokens {
    ring: Ring<SigningKey>,
    published: Jwks,
}

impl Tokens {
    /// The key that signs.
    pub fn current(&self) -> &SigningKey {
        self.ring.current()
    }

    /// The public halves of all, also of the one that will sign next and of those whose tokens are not
    /// over (design §4).
    pub const fn published(&self) -> &Jwks {
        &self.published
    }

    /// The key of this name.
    pub fn find(&self, kid: &str) -> Option<&SigningKey> {
        self.ring.all().iter().find(|key| key.kid() == kid)
    }
}

/// The keys to which others encrypt.
pub struct Introspection {
    ring: Ring<jwe::DecryptionKey>,
    published: Jwks,
}

impl Introspection {
    /// All keys that may still be encrypted to.
    pub fn all(&self) -> &[jwe::DecryptionKey] {
        self.ring.all()
    }

    /// The public half of the one to encrypt to.
    pub const fn published(&self) -> &Jwks {
        &self.published
    }
}

/// What closes the grant in a location token's `jti`.
pub struct Jti(Ring<Key32>);

impl Jti {
    /// The key that closes.
    pub fn current(&self) -> &Key32 {
        self.0.current()
    }

    /// The id in a `jti` that one of our keys closed.
    ///
    /// # Errors
    /// [`NotSealed`].
    pub fn open_id(&self, sealed: &str, context: &[u8]) -> Result<[u8; 16], NotSealed> {
        let mut keys = self.0.current_first();
        keys.find_map(|key| aead::open_id(key, sealed, context).ok())
            .ok_or(NotSealed)
    }
}

/// A purpose of which this party has no keys: it was not asked for when the party was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(pub Purpose);

/// The keys of a party as one look at the store found them.
pub struct KeySet {
    /// For rows.
    pub rows: Ring<Key32>,
    /// For cookies and forms.
    pub cookies: Ring<Key32>,
    /// For codes, refresh tokens and sessions.
    pub handles: HandleKeys,
    /// For the segments of the audit log.
    pub audit: Ring<SigningKey>,
    persons: Option<Ring<Key32>>,
    tokens: Option<Tokens>,
    id_tokens: Option<Tokens>,
    id_tokens_ps256: Option<Tokens>,
    id_tokens_es256: Option<Tokens>,
    access_tokens: Option<Ring<MacKey>>,
    introspection: Option<Introspection>,
    jti: Option<Jti>,
}

impl KeySet {
    /// The keys by which persons are found.
    ///
    /// # Errors
    /// [`Missing`], here and below.
    pub fn persons(&self) -> Result<&Ring<Key32>, Missing> {
        self.persons.as_ref().ok_or(Missing(Purpose::Persons))
    }

    /// The keys that sign what others verify.
    pub fn tokens(&self) -> Result<&Tokens, Missing> {
        self.tokens.as_ref().ok_or(Missing(Purpose::Tokens))
    }

    /// The keys that sign ID tokens for those that read RS256 alone.
    pub fn id_tokens(&self) -> Result<&Tokens, Missing> {
        self.id_tokens.as_ref().ok_or(Missing(Purpose::IdTokens))
    }

    /// The keys with which an HM signs for apps, by the algorithm that its setting says. Keys of one that it
    /// said before are there until they are retired.
    pub fn app_tokens(&self, ondertekent: Ondertekening) -> Result<&Tokens, Missing> {
        let (purpose, keys) = match ondertekent {
            Ondertekening::Rs256 => (Purpose::IdTokens, &self.id_tokens),
            Ondertekening::Ps256 => (Purpose::IdTokensPs256, &self.id_tokens_ps256),
            Ondertekening::Es256 => (Purpose::IdTokensEs256, &self.id_tokens_es256),
        };
        keys.as_ref().ok_or(Missing(purpose))
    }

    /// The keys of access tokens.
    pub fn access_tokens(&self) -> Result<&Ring<MacKey>, Missing> {
        let ring = self.access_tokens.as_ref();
        ring.ok_or(Missing(Purpose::AccessTokens))
    }

    /// The keys to which others encrypt.
    pub fn introspection(&self) -> Result<&Introspection, Missing> {
        let ring = self.introspection.as_ref();
        ring.ok_or(Missing(Purpose::Introspection))
    }

    /// The keys of location tokens' `jti`.
    pub fn jti(&self) -> Result<&Jti, Missing> {
        self.jti.as_ref().ok_or(Missing(Purpose::Jti))
    }

    /// The set that these rows make at `now`. Opens each.
    ///
    /// # Errors
    /// [`KeyFault`] when a key cannot be opened, when one in a token is or will be used and there is no
    /// token, or when none of a purpose is there that everybody has.
    pub(super) fn of(rows: &[KeyRow], custody: &Custody, now: Moment) -> Result<Self, KeyFault> {
        let chosen = |purpose| Chosen::of(rows, purpose, custody, now);
        let secrets = |purpose| chosen(purpose)?.map(Chosen::secrets).transpose();
        let need = |purpose| secrets(purpose)?.ok_or(KeyFault::NoKey(purpose));
        Ok(Self {
            rows: need(Purpose::Rows)?,
            cookies: need(Purpose::Cookies)?,
            handles: handles(&need(Purpose::Handles)?)?,
            audit: signers(chosen(Purpose::Audit)?.ok_or(KeyFault::NoKey(Purpose::Audit))?)?,
            persons: secrets(Purpose::Persons)?,
            jti: secrets(Purpose::Jti)?.map(Jti),
            tokens: chosen(Purpose::Tokens)?.map(tokens).transpose()?,
            id_tokens: chosen(Purpose::IdTokens)?.map(tokens).transpose()?,
            id_tokens_ps256: chosen(Purpose::IdTokensPs256)?.map(tokens).transpose()?,
            id_tokens_es256: chosen(Purpose::IdTokensEs256)?.map(tokens).transpose()?,
            access_tokens: chosen(Purpose::AccessTokens)?
                .map(access_tokens)
                .transpose()?,
            introspection: chosen(Purpose::Introspection)?
                .map(introspection)
                .transpose()?,
        })
    }
}

/// The opened keys of one purpose.
struct Chosen {
    purpose: Purpose,
    ring: Ring<Material>,
}

impl Chosen {
    fn of(
        rows: &[KeyRow],
        purpose: Purpose,
        custody: &Custody,
        now: Moment,
    ) -> Result<Option<Self>, KeyFault> {
        let own: Vec<&KeyRow> = rows.iter().filter(|row| row.purpose == purpose).collect();
        let times: Vec<Times> = own.iter().map(|row| row.times).collect();
        let Some(current) = schedule::current(&times, now) else {
            return Ok(None);
        };
        let needed = own.iter().skip(current);
        let held = needed
            .filter(|row| row.held.is_some())
            .map(|row| row.times.number);
        if let (None, Some(number)) = (&custody.token, held.max()) {
            return Err(KeyFault::NoToken(super::row::name(purpose, number)));
        }
        let keys: Result<Vec<Material>, KeyFault> =
            own.iter().map(|row| row.open(custody)).collect();
        Ok(Some(Self {
            purpose,
            ring: Ring {
                keys: keys?,
                numbers: times.iter().map(|times| times.number).collect(),
                current,
            },
        }))
    }

    /// The same, each key as what it must be.
    fn each<T>(self, read: impl Fn(Material) -> Option<T>) -> Result<Ring<T>, KeyFault> {
        let keys: Option<Vec<T>> = self.ring.keys.into_iter().map(read).collect();
        Ok(Ring {
            keys: keys.ok_or(KeyFault::Made(self.purpose))?,
            numbers: self.ring.numbers,
            current: self.ring.current,
        })
    }

    fn secrets(self) -> Result<Ring<Key32>, KeyFault> {
        self.each(|material| match material {
            Material::Secret(key) => Some(key),
            _ => None,
        })
    }
}

/// The one in use stands last: that one makes handles, all open them.
fn handles(ring: &Ring<Key32>) -> Result<HandleKeys, KeyFault> {
    let mut keys: Vec<(u32, [u8; 32])> = ring
        .numbers()
        .map(|(number, key)| (number, *key.reveal()))
        .collect();
    let current = keys.remove(ring.current);
    keys.push(current);
    HandleKeys::new(&keys).ok_or(KeyFault::NoKey(Purpose::Handles))
}

fn signers(chosen: Chosen) -> Result<Ring<SigningKey>, KeyFault> {
    chosen.each(|material| match material {
        Material::Signing(key) => Some(key),
        _ => None,
    })
}

fn tokens(chosen: Chosen) -> Result<Tokens, KeyFault> {
    let ring = signers(chosen)?;
    let keys = ring.current_first().map(|key| key.public().clone());
    let published = Jwks::new(keys.collect()).map_err(|_| KeyFault::Made(Purpose::Tokens))?;
    Ok(Tokens { ring, published })
}

fn access_tokens(chosen: Chosen) -> Result<Ring<MacKey>, KeyFault> {
    chosen.each(|material| match material {
        Material::Mac(key) => Some(*key),
        _ => None,
    })
}

/// Only the one in use is published: who encrypts has no reason to choose another.
fn introspection(chosen: Chosen) -> Result<Introspection, KeyFault> {
    let ring = chosen.each(|material| match material {
        Material::Decryption(key) => Some(key),
        _ => None,
    })?;
    let published = Jwks::new(vec![ring.current().public().clone()]);
    let published = published.map_err(|_| KeyFault::Made(Purpose::Introspection))?;
    Ok(Introspection { ring, published })
}

#[cfg(test)]
mod tests {
    use super::super::schedule::Plan;
    use super::super::testing::custody;
    use super::*;

    const PLAN: Plan = Plan {
        rotate_s: 1_000,
        lead_s: 100,
        life_s: Some(300),
        seals_max: None,
    };

    fn at(seconds: i64) -> Moment {
        Moment::from_unix(seconds)
    }

    /// Two keys of each purpose, the second used from 1000 on.
    fn rows() -> Vec<KeyRow> {
        let (old, new) = schedule::successor(schedule::first(at(0)), PLAN, at(900));
        let both = |purpose| {
            [old, new].map(|times| KeyRow::make(purpose, times, &custody(1)).expect("made"))
        };
        Purpose::ALL.into_iter().flat_map(both).collect()
    }

    #[test]
    fn a_set_signs_with_the_key_in_use_and_publishes_the_next_one() {
        let rows = rows();
        let before = KeySet::of(&rows, &custody(1), at(999)).expect("a set");
        let after = KeySet::of(&rows, &custody(1), at(1_000)).expect("a set");
        assert_eq!(
            (before.rows.current_number(), after.rows.current_number()),
            (1, 2)
        );
        let tokens = before.tokens().expect("tokens");
        let next = after.tokens().expect("tokens").current().kid();
        assert_ne!(tokens.current().kid(), next);
        assert!(tokens.find(next).is_some());
        let published = tokens.published().keys();
        assert_eq!(published[0].kid(), Some(tokens.current().kid()));
        assert!(published.iter().any(|key| key.kid() == Some(next)));
    }

    #[test]
    fn handles_of_the_old_and_of_the_coming_key_open() {
        use protocol::handle::{Handle, Purpose as For};
        let rows = rows();
        let before = KeySet::of(&rows, &custody(1), at(999))
            .expect("a set")
            .handles;
        let after = KeySet::of(&rows, &custody(1), at(1_000))
            .expect("a set")
            .handles;
        let handle = Handle {
            id: [7; 16],
            generation: 1,
        };
        let (old, new) = (before.make(For("x"), handle), after.make(For("x"), handle));
        assert!(old.contains(".1.") && new.contains(".2."));
        assert_eq!(after.open(For("x"), &old), Some(handle));
        assert_eq!(before.open(For("x"), &new), Some(handle));
    }

    #[test]
    fn others_encrypt_to_the_key_in_use_and_the_old_one_still_opens() {
        let after = KeySet::of(&rows(), &custody(1), at(1_000)).expect("a set");
        let introspection = after.introspection().expect("keys");
        assert_eq!(introspection.published().keys().len(), 1);
        assert_eq!(introspection.all().len(), 2);
    }

    #[test]
    fn a_purpose_that_a_party_has_not_is_named() {
        let own = |row: &KeyRow| Purpose::EVERYBODY.contains(&row.purpose);
        let rows: Vec<KeyRow> = rows().into_iter().filter(own).collect();
        let set = KeySet::of(&rows, &custody(1), at(0)).expect("a set");
        assert_eq!(set.tokens().err(), Some(Missing(Purpose::Tokens)));
        let none = KeySet::of(&rows[1..1], &custody(1), at(0))
            .err()
            .expect("a fault");
        assert!(matches!(none, KeyFault::NoKey(Purpose::Rows)));
    }
}
