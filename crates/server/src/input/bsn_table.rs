//! Values by BSN.

use std::collections::HashMap;
use std::fmt;

use identity::Bsn;

/// Values by BSN. It prints how many there are, and nothing else.
#[derive(Clone)]
pub struct BsnTable<V>(HashMap<[u8; 9], V>);

impl<V> BsnTable<V> {
    /// The value of this person.
    pub fn get(&self, bsn: &Bsn) -> Option<&V> {
        self.0.get(&digits(bsn))
    }

    /// The value of this person, to change.
    pub fn get_mut(&mut self, bsn: &Bsn) -> Option<&mut V> {
        self.0.get_mut(&digits(bsn))
    }

    /// Sets a person's value; gives back the earlier one.
    pub fn insert(&mut self, bsn: &Bsn, value: V) -> Option<V> {
        self.0.insert(digits(bsn), value)
    }

    /// How many people there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values, in no order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.values()
    }
}

/// The digits as a key of fixed size.
fn digits(bsn: &Bsn) -> [u8; 9] {
    let mut digits = [0; 9];
    for (to, from) in digits.iter_mut().zip(bsn.reveal().bytes()) {
        *to = from;
    }
    digits
}

impl<V> Default for BsnTable<V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<V> fmt::Debug for BsnTable<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BsnTable({} people)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_finds_a_person_and_prints_nobody() {
        let bsn = |text| Bsn::parse(text).expect("a BSN");
        let mut table = BsnTable::default();
        assert_eq!(table.insert(&bsn("900186021"), 1), None);
        assert_eq!(table.insert(&bsn("900186021"), 2), Some(1));
        assert_eq!(table.get(&bsn("900186021")), Some(&2));
        assert_eq!(table.get(&bsn("900029365")), None);
        assert_eq!(format!("{table:?}"), "BsnTable(1 people)");
    }
}
