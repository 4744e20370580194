//! What happens in a domain of Koppeltaal, as an administrator, two applications, and a person with a
//! browser do it.
//!
//! The two applications are new ones, with keys that are made for this run and shown at a port of this
//! process. The portal and the module of the demo do the launch.

mod applicatie;
mod walk;

use server::network::Running;

use self::walk::Walk;
use super::Ended;
use super::steps::{Journey, Run, Step, step};

const BEHEER: &str = "domeinbeheer";
const AUTORISATIE: &str = "autorisatieservice";
const FHIR: &str = "FHIR resource service";
const EIGEN: &str = "applicatie";
const ANDER: &str = "andere applicatie";

/// The steps, in order.
const STEPS: [Step; 10] = [
    step(
        1,
        "beheerder",
        BEHEER,
        "registers two applications",
        "TOP-KT-018",
    ),
    step(2, EIGEN, AUTORISATIE, "asks for a token", "TOP-KT-005"),
    step(3, EIGEN, FHIR, "makes a Task, and owns it", "TOP-KT-002a"),
    step(
        4,
        ANDER,
        FHIR,
        "searches, and sees no Task of others",
        "TOP-KT-002b",
    ),
    step(5, "portaal", "module", "launches a task", "TOP-KT-007"),
    step(
        6,
        "module",
        AUTORISATIE,
        "asks who launched it",
        "TOP-KT-007",
    ),
    step(7, "IdP", AUTORISATIE, "says who it is", "TOP-KT-023"),
    step(
        8,
        "module",
        AUTORISATIE,
        "gets context and person for the code",
        "TOP-KT-007",
    ),
    step(
        9,
        ANDER,
        AUTORISATIE,
        "introspects a launch token",
        "TOP-KT-021",
    ),
    step(
        10,
        "beheerder",
        BEHEER,
        "removes the two applications",
        "TOP-KT-018",
    ),
];

const KOPPELTAAL: Journey = Journey {
    name: "koppeltaal",
    steps: &STEPS,
    requirement: "topic",
};

/// Walks until a step fails.
pub(super) async fn run(running: &Running) -> Ended {
    let mut run = Run::of(&KOPPELTAAL);
    match Walk::begin(running, run.trace).await {
        Ok(mut walk) => {
            let failed = run.walk(async |number| walk.step(number).await).await;
            // Nothing is left to remove when every step was done.
            if failed {
                let _ = walk.remove().await;
            }
        }
        Err(why) => run.stopped(why),
    }
    run.ended()
}
