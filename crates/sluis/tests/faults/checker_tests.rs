//! Histories that a good node can have, and planted ones that none can.

use super::super::history::{Answer, Call, Deed, Happened, Rows};
use super::Checker;
use Answer::{Refused, Successor, Unknown, Withdrawn};
use Deed::{Offer, Withdraw};

fn sent(call: u64, deed: Deed) -> Happened {
    Happened::Sent(Call(call), 1, deed)
}

fn answered(call: u64, answer: Answer) -> Happened {
    Happened::Answered(Call(call), answer)
}

/// Requests one after another.
fn told(deeds: &[(Deed, Answer)]) -> Vec<Happened> {
    let calls = (1..).zip(deeds);
    calls
        .flat_map(|(call, (deed, answer))| [sent(call, *deed), answered(call, *answer)])
        .collect()
}

fn rows(generation: Option<u64>, is_consented: bool, issued: u64) -> Happened {
    let rows = Rows {
        generation,
        is_consented,
        issued,
    };
    Happened::Saw(1, rows)
}

#[track_caller]
fn holds(history: &[Happened]) {
    assert_eq!(Checker::default().replay(history), Ok(()));
}

/// The last thing that happened cannot be; everything before can.
#[track_caller]
fn last_is_wrong(history: &[Happened]) {
    let (last, before) = history.split_last().expect("something happened");
    let mut checker = Checker::default();
    assert_eq!(checker.replay(before), Ok(()));
    let wrong = checker.replay(&[*last]).expect_err("it cannot be");
    assert_eq!((wrong.family, wrong.happened), (1, *last));
    assert!(!wrong.could.is_empty());
}

#[test]
fn a_chain_of_successors_and_the_end_by_reuse_hold() {
    holds(&told(&[
        (Offer(0), Successor(1)),
        (Offer(1), Successor(2)),
        (Offer(0), Refused),
        (Offer(2), Refused),
    ]));
}

#[test]
fn a_token_that_is_taken_a_second_time_is_found() {
    last_is_wrong(&told(&[(Offer(0), Successor(1)), (Offer(0), Successor(1))]));
    last_is_wrong(&told(&[(Offer(0), Successor(1)), (Offer(0), Successor(2))]));
}

#[test]
fn a_token_that_two_get_a_successor_for_at_once_is_found() {
    let racing = [sent(1, Offer(0)), sent(2, Offer(0))];
    let one = [
        racing.as_slice(),
        &[answered(2, Successor(1)), answered(1, Refused)],
    ]
    .concat();
    holds(&one);
    let both = [
        racing.as_slice(),
        &[answered(2, Successor(1)), answered(1, Successor(1))],
    ];
    last_is_wrong(&both.concat());
}

#[test]
fn a_successor_that_was_answered_and_is_lost_is_found() {
    last_is_wrong(&told(&[(Offer(0), Successor(1)), (Offer(1), Refused)]));
    let mut stored = told(&[(Offer(0), Successor(1))]);
    stored.extend([Happened::AtRest, rows(Some(0), true, 0)]);
    last_is_wrong(&stored);
}

#[test]
fn an_end_or_a_withdrawal_that_does_not_last_is_found() {
    let ended = [(Offer(0), Successor(1)), (Offer(0), Refused)];
    last_is_wrong(&told(
        &[ended.as_slice(), &[(Offer(1), Successor(2))]].concat(),
    ));
    last_is_wrong(&told(&[(Withdraw, Withdrawn), (Offer(0), Successor(1))]));
    let mut stored = told(&[(Withdraw, Withdrawn)]);
    stored.extend([Happened::AtRest, rows(Some(0), true, 0)]);
    last_is_wrong(&stored);
}

#[test]
fn a_request_without_an_answer_was_done_or_was_not() {
    let lost = told(&[(Offer(0), Unknown)]);
    for (after, good) in [
        (rows(Some(0), true, 0), true),
        (rows(Some(1), true, 1), true),
        // Half of it: the row without the audit line, or the line without the row.
        (rows(Some(1), true, 0), false),
        (rows(Some(0), true, 1), false),
        (rows(None, true, 1), false),
    ] {
        let history = [lost.as_slice(), &[Happened::AtRest, after]].concat();
        if good {
            holds(&history);
        } else {
            last_is_wrong(&history);
        }
    }
}

#[test]
fn after_rest_nothing_that_was_sent_before_takes_effect() {
    let seen = [
        sent(1, Offer(0)),
        answered(1, Unknown),
        Happened::AtRest,
        rows(Some(0), true, 0),
        sent(2, Offer(0)),
    ];
    holds(&[seen.as_slice(), &[answered(2, Successor(1))]].concat());
    last_is_wrong(&[seen.as_slice(), &[answered(2, Refused)]].concat());
}

#[test]
fn one_who_asks_again_after_no_answer_may_end_the_family_himself() {
    let again = |answer| told(&[(Offer(0), Unknown), (Offer(0), answer)]);
    holds(&again(Successor(1)));
    holds(&again(Refused));
    last_is_wrong(&again(Successor(2)));
    // Refused for reuse means that the family is over, now and later.
    let later = |answer| {
        let mut later = again(Refused);
        later.extend([sent(9, Offer(1)), answered(9, answer)]);
        later
    };
    holds(&later(Refused));
    last_is_wrong(&later(Successor(2)));
}
