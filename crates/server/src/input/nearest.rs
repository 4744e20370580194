//! The known name that somebody most likely meant.

/// Characters of a name that is compared, at most: a longer one is no slip of the pen.
const CHARS_MAX: usize = 64;

/// The known name to which `written` comes nearest, when at most a third of it would have to change.
/// Case and the choice between `-` and `_` do not count.
pub(super) fn nearest<'k>(
    written: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<&'k str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let written: Vec<char> = plain(written).chars().take(CHARS_MAX + 1).collect();
    if written.len() > CHARS_MAX {
        return None;
    }
    let measured = known.into_iter().map(|name| {
        let letters: Vec<char> = plain(name).chars().collect();
        let is_near = |changes: &usize| *changes <= (letters.len() / 3).max(1);
        let changes = Some(distance(&written, &letters)).filter(is_near);
        (changes, name)
    });
    let near = measured.filter_map(|(changes, name)| Some((changes?, name)));
    near.min_by_key(|(changes, _)| *changes)
        .map(|(_, name)| name)
}

/// How many letters must be put in, taken out or changed (Levenshtein).
fn distance(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, letter) in from.iter().enumerate() {
        let mut next = vec![above + 1];
        for (index, (wanted, before)) in to.iter().zip(row.windows(2)).enumerate() {
            let (aslant, over) = (before[0], before[1]);
            let changed = aslant + usize::from(letter != wanted);
            next.push(changed.min(over + 1).min(next[index] + 1));
        }
        row = next;
    }
    row[to.len()]
}

/// What is said of a name that is none of the known ones: the one that was meant, or all of them.
pub(crate) fn none_of(reason: &str, name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(meant) => format!("{reason}; did you mean `{meant}`?"),
        None => format!("{reason}; those are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_the_name_that_was_meant() {
        let known = ["redirect_uris", "client_id", "auth"];
        for (written, meant) in [
            ("redirect_uri", Some("redirect_uris")),
            ("redirectUris", Some("redirect_uris")),
            ("redirect-uris", Some("redirect_uris")),
            ("clientid", Some("client_id")),
            ("aut", Some("auth")),
            ("auth", Some("auth")),
            ("oath", None),
            ("certificate", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, known), meant, "{written}");
        }
        assert_eq!(nearest(&"a".repeat(100_000), known), None);
    }

    #[test]
    fn the_distance_counts_letters_put_in_taken_out_and_changed() {
        let letters = |text: &str| text.chars().collect::<Vec<char>>();
        for (from, to, changes) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("été", "ete", 2),
        ] {
            assert_eq!(
                distance(&letters(from), &letters(to)),
                changes,
                "{from} {to}"
            );
        }
    }
}
