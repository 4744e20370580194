//! What the PGO collects by itself, seen by moving the clock.

use std::time::Duration;

use medmij::dvp::ophalen::op_de_klok;
use server::network::{Person, Shown};

use crate::verbindingen::{connected, keren, overzicht};
use crate::world::World;

const DAY_S: i64 = 86_400;
/// How often it is looked whether something came, and for how long.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(20);

impl World {
    /// Moves the clock on to the next time that Dutch clocks say this.
    fn until(&self, hour: i8, minute: i8) {
        let clock = &self.running.clock;
        let now = op_de_klok(clock.now()).expect("a moment").time();
        let wanted = i64::from(hour) * 3_600 + i64::from(minute) * 60;
        let seconds =
            i64::from(now.hour()) * 3_600 + i64::from(now.minute()) * 60 + i64::from(now.second());
        clock.shift((wanted - seconds).rem_euclid(DAY_S));
    }
}

/// A person who ordered it, by day.
async fn ordered(world: &World) -> (Person, Shown) {
    let (mut person, shown) = connected(world).await;
    assert!(
        !shown.html.contains("checked"),
        "nothing is ticked at first"
    );
    let form = shown.form("/verbindingen/vanzelf").expect("a form");
    let shown = person.send(form.with("vanzelf", "ja")).await;
    let shown = shown.expect("an answer");
    assert!(shown.html.contains("elke nacht"), "{}", shown.heading());
    assert!(shown.html.contains("checked"));
    (person, shown)
}

/// The page, once it tells of so many exchanges.
async fn with_keren(world: &World, person: &mut Person, wanted: usize) -> Shown {
    let looking = async {
        loop {
            let shown = overzicht(world, person).await;
            if keren(&shown) >= wanted {
                return shown;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let shown = tokio::time::timeout(PATIENCE, looking).await;
    let shown = shown.expect("it is collected");
    assert_eq!(keren(&shown), wanted);
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_099_and_100_it_is_collected_at_night_and_once_in_24_hours() {
    let world = World::with_pgo().await;
    world.until(12, 0);
    let (mut person, _) = ordered(&world).await;
    // medmij case 100 (core.gegevensuitwisseling.201): nothing by day, and everybody had a turn by 05.30.
    world.until(22, 58);
    assert_eq!(keren(&overzicht(&world, &mut person).await), 1);
    world.until(5, 45);
    let shown = with_keren(&world, &mut person, 2).await;
    assert!(shown.html.contains("(vanzelf)"));
    // medmij case 99 (core.gegevensuitwisseling.102): somebody else is collected for in the night in which
    // less than 24 hours went by for this person.
    world.until(12, 0);
    let (mut other, _) = ordered(&world).await;
    world.until(5, 41);
    with_keren(&world, &mut other, 2).await;
    world.until(5, 50);
    with_keren(&world, &mut person, 3).await;
    assert_eq!(keren(&overzicht(&world, &mut other).await), 2);
    let audit = world.audit_of(server::network::Party::Pgo).await;
    let is_told = |what: &str| what.contains("asked without the person");
    assert_eq!(audit.iter().filter(|row| is_told(&row.what)).count(), 3);
    assert_eq!(world.refusals(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_taken_back_collects_nothing() {
    let world = World::with_pgo().await;
    world.until(12, 0);
    let (mut person, shown) = ordered(&world).await;
    let form = shown.form("/verbindingen/vanzelf").expect("a form");
    let shown = person.send(form.without("vanzelf")).await;
    let shown = shown.expect("an answer");
    assert!(shown.html.contains("haalt niets vanzelf op"));
    let (mut other, _) = ordered(&world).await;
    world.until(5, 45);
    with_keren(&world, &mut other, 2).await;
    assert_eq!(keren(&overzicht(&world, &mut person).await), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_two_days_without_an_exchange_the_person_hears_of_it() {
    const SAYS: &str = "al twee dagen niets vanzelf opgehaald";
    let world = World::with_pgo().await;
    world.until(12, 0);
    let (mut person, shown) = ordered(&world).await;
    assert!(!shown.html.contains(SAYS));
    // medmij.md §2.6
    world.running.clock.shift(2 * DAY_S);
    let shown = overzicht(&world, &mut person).await;
    assert!(shown.html.contains(SAYS), "{}", shown.heading());
    let start = person.open(&world.url("pgo")).await.expect("an answer");
    assert!(start.html.contains(SAYS), "{}", start.heading());
    let form = shown.form("/verbindingen/ophalen").expect("a form");
    let shown = person.send(form).await.expect("an answer");
    assert!(!shown.html.contains(SAYS), "something was exchanged");
}
