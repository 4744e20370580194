//! What a DV calls a person: random, and another at each DV (etoegang.md §5.4, design §4).

use serde::{Deserialize, Serialize};
use verdict::{
    BadRow, Change, Clear, Entropy, Expect, Key, Moment, Record, Space, Stored, versioned,
};

use crate::kenmerk::Kenmerk;
use crate::machtiging::InternPseudoniem;

/// Seconds for which a pseudonym is kept after it was used last: seven years (etoegang.md §3).
const BEWAARD_S: u32 = 7 * 366 * 86_400;

/// The specific pseudonym of a person at a DV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pseudoniem {
    /// The text.
    pub sub: String,
}

#[derive(Serialize, Deserialize)]
struct Open {}

impl Pseudoniem {
    /// Where it stands: for this person, at every system of the DV with this OIN, and for this
    /// organisation where the person acts for one.
    pub fn key(houder: &InternPseudoniem, dv_oin: &str, voor: Option<&Kenmerk>) -> Key {
        let voor = voor.map_or_else(String::new, |kenmerk| {
            format!("{}:{}", kenmerk.soort().urn(), kenmerk.waarde())
        });
        let named = [houder.0.as_str(), dv_oin, &voor].join("\0");
        Key::Record(Self::SPACE, jose::sha256(named.as_bytes()).to_vec())
    }

    /// The pseudonym of the row of `key`, a new one where there is none; and the change that keeps it,
    /// or keeps it longer.
    pub fn voor(
        key: Key,
        found: Option<Stored<Self>>,
        entropy: &Entropy,
        now: Moment,
    ) -> (Self, Change<Clear>) {
        let until = now.plus_s(BEWAARD_S);
        if let Some(found) = found {
            let change = found.value.put(key, Expect::Version(found.version), until);
            return (found.value, change);
        }
        let new = Self {
            sub: jose::base64url_encode(entropy.bytes::<32>("etoegang.pseudoniem")),
        };
        let change = new.put(key, Expect::Absent, until);
        (new, change)
    }
}

impl Record for Pseudoniem {
    const SPACE: Space = Space("etoegang.pseudoniem");

    fn to_body(&self) -> Clear {
        versioned::body_with_private(&Open {}, &self.sub, Vec::new())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let Open {} = versioned::open(Self::SPACE, body)?;
        let sub = versioned::private(Self::SPACE, body)?;
        Ok(Self { sub })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, family, kvk, middel};
    use verdict::Then;

    #[test]
    fn etoegang_case_079_a_person_has_another_name_at_each_dv_and_for_each_organisation() {
        let houder = middel().houder;
        let (dv, other) = ("00000001234567890000", "00000001234567890001");
        assert_eq!(family().dv.oin(), dv);
        let own = Pseudoniem::key(&houder, dv, None);
        // etoegang case 79
        assert_ne!(own, Pseudoniem::key(&houder, other, None));
        assert_ne!(own, Pseudoniem::key(&houder, dv, Some(&kvk("12345678"))));
        let now = Moment::from_unix(NOW);
        let (one, change) = Pseudoniem::voor(own.clone(), None, &Entropy::new([1; 32]), now);
        let (two, _) = Pseudoniem::voor(own.clone(), None, &Entropy::new([2; 32]), now);
        assert_ne!(one, two, "nothing of it can be computed from the person");
        let Then::Put { body, .. } = change.then else {
            panic!("a row");
        };
        assert!(!body.open.to_string().contains(&one.sub));
        let stored = Stored {
            version: 1,
            until: now.plus_s(60),
            value: Pseudoniem::from_body(&body).expect("a row"),
        };
        let (again, change) = Pseudoniem::voor(own, Some(stored), &Entropy::new([3; 32]), now);
        assert_eq!(again, one);
        assert_eq!(change.expect, Expect::Version(1));
    }
}
