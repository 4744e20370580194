//! A login through HM, AD and MR with an app of a DV, the refresh of GUC9 in its five actions, and what
//! ends a login.
//!
//! The app is this program, with a loopback redirect URI (RFC 8252 §7.3); the person is a browser without
//! scripts. What AD and MR did in a refresh is read from their own audit logs.

mod app;
mod walk;

use server::network::Running;

use self::walk::Walk;
use super::Ended;
use super::steps::{Journey, Run, Step, step};

const APP: &str = "DV-app";
const PERSOON: &str = "persoon";

/// The steps, in order.
#[rustfmt::skip] // a step a line, so that the table can be read down
const STEPS: [Step; 15] = [
    step(1, "beheerder", "MR", "registers a mandate", "etoegang.md §3"),
    step(2, APP, "HM", "asks to log the person in, for an organisation", "GUC8 8.1"),
    step(3, PERSOON, "HM", "chooses an AD, which gets a signed request", "GUC3 3.1"),
    step(4, PERSOON, "AD", "shows password and code", "GUC3 3.3"),
    step(5, PERSOON, "MR", "chooses for whom to act", "GUC4 4.3"),
    step(6, "HM", APP, "gives tokens for the code", "GUC8 8.4"),
    step(7, APP, "DV", "opens the backend with the access token", "RFC 9068 §4"),
    step(8, APP, "HM", "presents the refresh token", "GUC9 9.1"),
    step(9, "HM", "AD", "asks whether the login still counts", "GUC9 9.2"),
    step(10, "AD", "HM", "declares anew", "GUC9 9.3"),
    step(11, "HM", "MR", "asks about the same mandate", "GUC9 9.4"),
    step(12, "HM", APP, "gives new tokens, and the old refresh token is spent", "GUC9 9.5"),
    step(13, PERSOON, "HM", "logs in for himself, and no MR is asked", "GUC7"),
    step(14, APP, "HM", "presents a spent refresh token: the login ends", "F4"),
    step(15, "beheerder", "MR", "withdraws the mandate: the next refresh ends the login", "F12"),
];

const ETOEGANG: Journey = Journey {
    name: "etoegang",
    steps: &STEPS,
    requirement: "action",
};

/// Walks until a step fails.
pub(super) async fn run(running: &Running) -> Ended {
    let mut run = Run::of(&ETOEGANG);
    match Walk::begin(running, run.trace) {
        Ok(mut walk) => {
            run.walk(async |number| walk.step(number).await).await;
        }
        Err(why) => run.stopped(why),
    }
    run.ended()
}
