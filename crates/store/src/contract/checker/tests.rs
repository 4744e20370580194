//! Right histories pass, and each kind of wrong one is told.

use super::super::history::HISTORY;
use super::*;

fn id(number: u8) -> CommitId {
    CommitId([number; 16])
}

fn grant() -> Key {
    Key::Grant(HISTORY, [1; 16])
}

fn consent() -> Key {
    Key::Record(HISTORY, vec![1])
}

fn deed(key: Key, expect: Expect, then: Effect) -> Deed {
    Deed { key, expect, then }
}

fn sent(number: u8, deeds: Vec<Deed>) -> Happened {
    Happened::Sent(id(number), deeds)
}

fn answered(number: u8, answer: Answer) -> Happened {
    Happened::Answered(id(number), answer)
}

fn login() -> Vec<Deed> {
    vec![
        deed(consent(), Expect::Absent, Effect::Put),
        deed(grant(), Expect::Absent, Effect::Put),
    ]
}

fn refresh(generation: u64) -> Vec<Deed> {
    vec![
        deed(grant(), Expect::Version(generation), Effect::Put),
        deed(consent(), Expect::Present, Effect::Keep),
    ]
}

fn withdraw(generation: u64) -> Vec<Deed> {
    vec![
        deed(consent(), Expect::Version(1), Effect::Remove),
        deed(grant(), Expect::Version(generation), Effect::Remove),
    ]
}

/// Calls one after another.
fn in_turn(calls: impl IntoIterator<Item = (u8, Vec<Deed>, Answer)>) -> Vec<Happened> {
    let calls = calls.into_iter();
    let both = calls.map(|(number, deeds, answer)| [sent(number, deeds), answered(number, answer)]);
    both.flatten().collect()
}

fn check(history: &[Happened], log: &[u8]) -> Result<(), Wrong> {
    let log: Vec<CommitId> = log.iter().map(|number| id(*number)).collect();
    Checker::default().replay(history, &log)
}

/// A login, two refreshes that race for one generation, a withdrawal, and who comes too late.
fn right() -> Vec<Happened> {
    let mut history = in_turn([(1, login(), Answer::Applied)]);
    history.extend([
        sent(2, refresh(1)),
        sent(3, refresh(1)),
        answered(3, Answer::Applied),
        answered(2, Answer::Conflict(grant())),
        Happened::Looked(id(100), grant()),
        Happened::Saw(id(100), Some((2, id(3)))),
    ]);
    history.extend(in_turn([
        (4, withdraw(2), Answer::Applied),
        (5, refresh(2), Answer::Conflict(grant())),
    ]));
    history
}

#[test]
fn a_right_history_passes_and_leaves_the_rows_it_tells_of() {
    let mut checker = Checker::default();
    let log = [1, 3, 4].map(id);
    assert_eq!(checker.replay(&right(), &log), Ok(()));
    for key in [grant(), consent()] {
        assert_eq!(checker.holds(&key, None), Ok(()));
    }
    // It goes on where it ended.
    let again = in_turn([(6, login(), Answer::Applied)]);
    assert_eq!(checker.replay(&again, &[id(6)]), Ok(()));
    assert_eq!(checker.holds(&grant(), Some((1, id(6)))), Ok(()));
}

#[test]
fn an_answered_change_that_is_not_there_is_told() {
    assert_eq!(check(&right(), &[1, 3]), Err(Wrong::Lost(id(4))));
}

#[test]
fn a_refused_commit_that_left_something_is_told() {
    let late = in_turn([
        (1, login(), Answer::Applied),
        (2, refresh(1), Answer::Refused),
    ]);
    assert_eq!(check(&late, &[1]), Ok(()));
    assert_eq!(check(&late, &[1, 2]), Err(Wrong::LeftBehind(id(2))));
}

#[test]
fn what_is_accepted_twice_is_told() {
    let mut history = in_turn([(1, login(), Answer::Applied)]);
    history.extend(in_turn([
        (2, refresh(1), Answer::Applied),
        (3, refresh(1), Answer::Applied),
    ]));
    let twice = check(&history, &[1, 2, 3]);
    assert_eq!(twice, Err(Wrong::Impossible(id(3), grant())));
    let one = in_turn([(1, login(), Answer::Applied)]);
    assert_eq!(check(&one, &[1, 1]), Err(Wrong::Twice(id(1))));
}

#[test]
fn a_commit_of_an_earlier_part_that_takes_effect_later_is_told() {
    let mut checker = Checker::default();
    let cut_off = [sent(1, login())];
    assert_eq!(checker.replay(&cut_off, &[]), Ok(()));
    assert_eq!(checker.replay(&[], &[id(1)]), Err(Wrong::Unasked(id(1))));
}

#[test]
fn what_is_issued_after_a_withdrawal_is_told() {
    let history = in_turn([
        (1, login(), Answer::Applied),
        (2, withdraw(1), Answer::Applied),
        (3, refresh(1), Answer::Applied),
    ]);
    let issued = check(&history, &[1, 2, 3]);
    assert_eq!(issued, Err(Wrong::Impossible(id(3), grant())));
    // Nor can it be hidden by telling another order.
    let history = in_turn([
        (1, login(), Answer::Applied),
        (
            2,
            vec![deed(consent(), Expect::Version(1), Effect::Remove)],
            Answer::Applied,
        ),
        (3, refresh(1), Answer::Applied),
    ]);
    assert_eq!(check(&history, &[1, 3, 2]), Err(Wrong::OutOfOrder(id(2))));
}

#[test]
fn an_unknown_commit_may_be_there_or_not_but_not_twice() {
    let mut history = in_turn([
        (1, login(), Answer::Applied),
        (2, refresh(1), Answer::Unknown),
    ]);
    assert_eq!(check(&history, &[1]), Ok(()));
    assert_eq!(check(&history, &[1, 2]), Ok(()));
    assert_eq!(check(&history, &[1, 2, 2]), Err(Wrong::Twice(id(2))));
    // Sent again, it is there for sure.
    history.extend(in_turn([(2, refresh(1), Answer::Applied)]));
    assert_eq!(check(&history, &[1, 2]), Ok(()));
    assert_eq!(check(&history, &[1]), Err(Wrong::Lost(id(2))));
    // Or it was, and others came after it.
    let mut history = in_turn([
        (1, login(), Answer::Applied),
        (2, refresh(1), Answer::Unknown),
        (3, refresh(2), Answer::Applied),
    ]);
    history.extend(in_turn([(2, refresh(1), Answer::Conflict(grant()))]));
    assert_eq!(check(&history, &[1, 2, 3]), Ok(()));
}

#[test]
fn a_conflict_about_nothing_is_told() {
    let history = in_turn([
        (1, login(), Answer::Applied),
        (2, refresh(1), Answer::Conflict(grant())),
    ]);
    let groundless = check(&history, &[1]);
    assert_eq!(groundless, Err(Wrong::NoConflict(id(2), grant())));
    // While another one is under way it may have met that.
    let history = [
        sent(1, login()),
        sent(2, login()),
        answered(2, Answer::Conflict(grant())),
        answered(1, Answer::Applied),
    ];
    assert_eq!(check(&history, &[1]), Ok(()));
}

#[test]
fn a_read_of_what_was_withdrawn_before_is_told() {
    let mut history = right();
    history.push(Happened::Looked(id(101), grant()));
    let saw = |row| Happened::Saw(id(101), row);
    let log = [1, 3, 4];
    let mut stale = history.clone();
    stale.push(saw(Some((2, id(3)))));
    let mirage = Wrong::Mirage(id(101), grant(), Some((2, id(3))));
    assert_eq!(check(&stale, &log), Err(mirage));
    history.push(saw(None));
    assert_eq!(check(&history, &log), Ok(()));
    // An answered change that a later read does not see.
    let unseen = [
        in_turn([(1, login(), Answer::Applied)]),
        vec![
            Happened::Looked(id(101), grant()),
            Happened::Saw(id(101), None),
        ],
    ];
    let mirage = Wrong::Mirage(id(101), grant(), None);
    assert_eq!(check(&unseen.concat(), &[1]), Err(mirage));
}

#[test]
fn a_row_that_the_log_does_not_explain_is_told() {
    let mut checker = Checker::default();
    let history = in_turn([(1, login(), Answer::Applied)]);
    assert_eq!(checker.replay(&history, &[id(1)]), Ok(()));
    let logged = Some((1, id(1)));
    assert_eq!(checker.holds(&grant(), logged), Ok(()));
    for found in [None, Some((2, id(1))), Some((1, id(9)))] {
        let wrong = Wrong::Row {
            key: grant(),
            logged,
            found,
        };
        assert_eq!(checker.holds(&grant(), found), Err(wrong));
    }
}

#[test]
fn a_commit_that_nobody_sent_is_told() {
    assert_eq!(check(&right(), &[1, 3, 4, 9]), Err(Wrong::Unasked(id(9))));
}
