//! MedMij's own interfaces between a DVP and a DVA: for oneself (`medmij`), and for somebody else
//! (`vertegenwoordiging`, seed 002).
//!
//! The journey plays the person with a browser, and the DVP's client with the certificate of the demo's PGO.

mod walk;

use server::network::Running;

use self::walk::Walk;
use super::Ended;
use super::steps::{Journey, Run, step};

const PERSOON: &str = "Persoon";
const DVP: &str = "DVP Server";
const AS: &str = "DVA Authorization Server";
const RS: &str = "DVA Resource Server";
const DIGID: &str = "Authentication Server";

/// For oneself, until the consent is withdrawn.
const MEDMIJ: Journey = Journey {
    name: "medmij",
    steps: &[
        step(
            1,
            DVP,
            "Stelselnode",
            "reads where the Aanbieder is",
            "core.alst.201",
        ),
        step(
            2,
            DVP,
            AS,
            "authorization request, and the landing page",
            "core.authint.200",
        ),
        step(3, AS, DIGID, "lets the person log in", "core.authint.204"),
        step(
            4,
            AS,
            PERSOON,
            "tests availability, and asks for consent",
            "core.usrint.102",
        ),
        step(
            5,
            AS,
            DVP,
            "code, after the consent was logged",
            "core.authint.205",
        ),
        step(6, DVP, AS, "code for tokens", "core.tknint.201"),
        step(7, DVP, RS, "resource request", "core.rscint.200"),
        step(
            8,
            DVP,
            AS,
            "refresh token for new tokens",
            "core.autorisatie.211",
        ),
        step(9, PERSOON, AS, "ends the consent", "core.autorisatie.100"),
        step(
            10,
            DVP,
            AS,
            "a refresh after that is refused",
            "core.tknint.207",
        ),
    ],
    requirement: "requirement",
};

/// For somebody else.
const VERTEGENWOORDIGING: Journey = Journey {
    name: "vertegenwoordiging",
    steps: &[
        step(
            1,
            DVP,
            AS,
            "authorization request with onbehalfof and a date of birth",
            "ext.vert.authint.200",
        ),
        step(
            2,
            AS,
            DIGID,
            "asks for representation",
            "ext.vert.authint.201",
        ),
        step(
            3,
            PERSOON,
            DIGID,
            "logs in, and says for whom",
            "digid case 49",
        ),
        step(
            4,
            AS,
            PERSOON,
            "compares the date of birth, and asks for consent",
            "ext.vert.autorisatie.201",
        ),
        step(
            5,
            AS,
            DVP,
            "code for the represented person",
            "ext.vert.authint.202",
        ),
        step(6, DVP, AS, "code for a token", "core.tknint.201"),
        step(
            7,
            DVP,
            RS,
            "data of the represented person",
            "core.rscint.200",
        ),
    ],
    requirement: "requirement",
};

/// The journey for oneself.
pub(super) async fn run(running: &Running) -> Ended {
    let mut run = Run::of(&MEDMIJ);
    match Walk::for_oneself(running, run.trace) {
        Ok(mut walk) => {
            run.walk(async |number| walk.own_step(number).await).await;
        }
        Err(why) => run.stopped(why),
    }
    run.ended()
}

/// The journey for somebody else.
pub(super) async fn run_for_other(running: &Running) -> Ended {
    let mut run = Run::of(&VERTEGENWOORDIGING);
    match Walk::for_other(running, run.trace) {
        Ok(mut walk) => {
            run.walk(async |number| walk.other_step(number).await).await;
        }
        Err(why) => run.stopped(why),
    }
    run.ended()
}
