//! The one form of a row that is hashed: the same from every home.

use jose::sha256;
use store::AuditRow;
use verdict::{Actor, Outcome};

/// What is hashed is this and no other thing that hashes to 32 bytes. Another form is another name.
const FORM: &[u8] = b"sluis audit row 1\0";

/// The hash of a row: of every member, each with its length or a mark of its absence, so that no two
/// rows have one form.
pub(super) fn hash(row: &AuditRow) -> [u8; 32] {
    let mut form = Vec::with_capacity(256);
    form.extend(FORM);
    form.extend(row.seq.to_be_bytes());
    form.extend(row.moment.unix().to_be_bytes());
    text(&mut form, &row.requirement);
    text(&mut form, &row.what);
    form.push(match row.outcome {
        Outcome::Granted => 1,
        Outcome::Refused => 2,
    });
    match &row.who {
        Actor::Person => form.push(1),
        Actor::Unknown => form.push(2),
        Actor::Party(name) => {
            form.push(3);
            text(&mut form, name);
        }
    }
    perhaps(
        &mut form,
        row.whose.map(verdict::PersonTag::to_bytes).as_ref(),
    );
    form.extend(row.commit.0);
    perhaps(&mut form, row.trace.as_ref());
    let details = u64::try_from(row.details.len()).unwrap_or(u64::MAX);
    form.extend(details.to_be_bytes());
    for (name, value) in &row.details {
        text(&mut form, name);
        text(&mut form, value);
    }
    sha256(&form)
}

fn text(form: &mut Vec<u8>, text: &str) {
    form.extend(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
    form.extend(text.as_bytes());
}

fn perhaps<const N: usize>(form: &mut Vec<u8>, bytes: Option<&[u8; N]>) {
    match bytes {
        None => form.push(0),
        Some(bytes) => {
            form.push(1);
            form.extend(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use verdict::{CommitId, Moment, PersonTag};

    use super::*;

    fn row() -> AuditRow {
        AuditRow {
            seq: 7,
            moment: Moment::from_unix(1_795_813_162),
            requirement: "RFC 6749 §4.1.2".to_owned(),
            what: "code issued".to_owned(),
            outcome: Outcome::Granted,
            who: Actor::Party("pgo.localhost".to_owned()),
            whose: None,
            commit: CommitId([5; 16]),
            trace: None,
            details: BTreeMap::new(),
        }
    }

    /// A release that hashed rows otherwise would call every log of before it a forgery.
    #[test]
    fn a_row_has_the_same_hash_in_every_release() {
        assert_eq!(
            jose::b64::encode(hash(&row())),
            "gHPXRTIHl_RX-b3wZBaVmgWa8e9PTIi2XZkwa-LfB_Y"
        );
    }

    #[test]
    fn every_member_counts() {
        let whose = PersonTag {
            key_id: 0,
            tag: [0; 32],
        };
        let others: [fn(&mut AuditRow); 10] = [
            |row| row.seq = 8,
            |row| row.moment = row.moment.plus_s(1),
            |row| row.requirement.push('.'),
            |row| row.what.push('.'),
            |row| row.outcome = Outcome::Refused,
            |row| row.who = Actor::Unknown,
            |row| row.who = Actor::Person,
            |row| row.commit = CommitId([6; 16]),
            |row| row.trace = Some([0; 16]),
            |row| drop(row.details.insert("dienst".to_owned(), "s1".to_owned())),
        ];
        let mut hashes = vec![
            hash(&row()),
            hash(&AuditRow {
                whose: Some(whose),
                ..row()
            }),
        ];
        for change in others {
            let mut other = row();
            change(&mut other);
            hashes.push(hash(&other));
        }
        hashes.sort_unstable();
        let before = hashes.len();
        hashes.dedup();
        assert_eq!(hashes.len(), before);
    }

    #[test]
    fn what_ends_one_member_begins_no_other() {
        let of = |requirement: &str, what: &str| AuditRow {
            requirement: requirement.to_owned(),
            what: what.to_owned(),
            ..row()
        };
        assert_ne!(hash(&of("ab", "c")), hash(&of("a", "bc")));
    }
}
