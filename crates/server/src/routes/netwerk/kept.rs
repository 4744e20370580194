//! What the observer keeps of what it was told: by run, in memory, and never more than its bounds.
//!
//! Parties do not tell in the order of what they tell of. So everything is kept by run; a run of
//! which a step was seen is a journey, and what is known of any other run is loose.

use std::collections::{HashMap, VecDeque};

use crate::observer::{Bericht, Sighting, Weigering};
use crate::recording::Recording;

/// Journeys that are kept; the oldest goes first.
pub(super) const JOURNEYS_MAX: usize = 200;
/// Sightings of one journey that are kept; the oldest goes first.
pub(super) const SIGHTINGS_MAX: usize = 2_000;
/// Messages of one run that are kept; the oldest goes first.
pub(super) const BERICHTEN_MAX: usize = 400;
/// Refusals of one run that are kept; the oldest goes first.
pub(super) const WEIGERINGEN_MAX: usize = 100;
/// Messages and refusals of runs that are no journey; the oldest run's go first.
pub(super) const LOOSE_MAX: usize = 300;
/// Bytes of all messages together, as JSON, which is how they are kept: a tree of values is ten times
/// as large. The oldest run's messages go first.
pub(super) const BERICHTEN_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes of the messages of one run: what its page shows. The oldest goes first.
pub(super) const RUN_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Everything that is kept.
#[derive(Default)]
pub(super) struct Kept {
    trails: HashMap<String, Trail>,
    /// The runs, first heard of first.
    order: VecDeque<String>,
    /// Bytes of all messages.
    bytes: usize,
    /// How many things were told.
    revision: u64,
}

/// What is known of one run.
#[derive(Default)]
struct Trail {
    sightings: VecDeque<Sighting>,
    /// Each as JSON.
    berichten: VecDeque<Box<[u8]>>,
    /// Bytes of its messages.
    bytes: usize,
    weigeringen: VecDeque<Weigering>,
    /// The count of [`Kept`] when the last thing was told of this run.
    revision: u64,
}

impl Kept {
    /// Keeps a step that was seen.
    pub(super) fn saw(&mut self, sighting: Sighting) {
        let trail = self.trail(&sighting.trace_id.clone());
        if trail.sightings.len() == SIGHTINGS_MAX {
            trail.sightings.pop_front();
        }
        trail.sightings.push_back(sighting);
        self.bound_journeys();
    }

    /// Keeps a message.
    pub(super) fn heard(&mut self, bericht: &Bericht) {
        let Ok(json) = serde_json::to_vec(bericht) else {
            return;
        };
        let trail = self.trail(&bericht.trace_id);
        let before = trail.bytes;
        trail.bytes += json.len();
        trail.berichten.push_back(json.into_boxed_slice());
        while trail.berichten.len() > BERICHTEN_MAX || trail.bytes > RUN_BYTES_MAX {
            trail.drop_oldest();
        }
        let after = trail.bytes;
        self.bytes = self.bytes + after - before;
        self.bound_loose();
        self.bound_bytes();
    }

    /// Keeps a refusal.
    pub(super) fn refused(&mut self, weigering: Weigering) {
        let trail = self.trail(&weigering.trace_id.clone());
        if trail.weigeringen.len() == WEIGERINGEN_MAX {
            trail.weigeringen.pop_front();
        }
        trail.weigeringen.push_back(weigering);
        self.bound_loose();
    }

    /// What is known of a run; nothing of one that was not heard of.
    pub(super) fn recording(&self, trace: &str) -> Option<Recording> {
        let trail = self.trails.get(trace)?;
        Some(trail.recording(trace))
    }

    /// The journeys, newest first, with what was seen of each and how often it was refused.
    pub(super) fn journeys(&self) -> impl Iterator<Item = (&str, &VecDeque<Sighting>, usize)> {
        let newest_first = self.order.iter().rev();
        newest_first.filter_map(|trace| {
            let trail = self.trails.get(trace).filter(|trail| trail.is_journey())?;
            Some((trace.as_str(), &trail.sightings, trail.weigeringen.len()))
        })
    }

    /// The runs that are no journey, oldest first.
    pub(super) fn loose(&self) -> Vec<Recording> {
        let all = self.order.iter();
        let trails = all.filter_map(|trace| Some((trace, self.trails.get(trace)?)));
        trails
            .filter(|(_, trail)| !trail.is_journey())
            .map(|(trace, trail)| trail.recording(trace))
            .collect()
    }

    /// Changes whenever something is told: of this run, or of any.
    pub(super) fn revision(&self, trace: Option<&str>) -> u64 {
        match trace {
            Some(trace) => self.trails.get(trace).map_or(0, |trail| trail.revision),
            None => self.revision,
        }
    }

    fn trail(&mut self, trace: &str) -> &mut Trail {
        if !self.trails.contains_key(trace) {
            self.order.push_back(trace.to_owned());
        }
        self.revision += 1;
        let trail = self.trails.entry(trace.to_owned()).or_default();
        trail.revision = self.revision;
        trail
    }

    fn bound_journeys(&mut self) {
        let journeys = self.trails.values().filter(|trail| trail.is_journey());
        if journeys.count() > JOURNEYS_MAX
            && let Some(oldest) = self.oldest(Trail::is_journey)
        {
            self.forget(&oldest);
        }
    }

    fn bound_loose(&mut self) {
        let loose = |kept: &Self| -> usize {
            let loose = kept.trails.values().filter(|trail| !trail.is_journey());
            loose.map(Trail::loose_things).sum()
        };
        while loose(self) > LOOSE_MAX
            && let Some(oldest) = self.oldest(|trail| !trail.is_journey())
        {
            self.drop_one(&oldest);
        }
    }

    fn bound_bytes(&mut self) {
        while self.bytes > BERICHTEN_BYTES_MAX
            && let Some(oldest) = self.oldest(|trail| !trail.berichten.is_empty())
        {
            self.drop_one(&oldest);
        }
    }

    fn oldest(&self, is_meant: impl Fn(&Trail) -> bool) -> Option<String> {
        let is_meant = |trace: &&String| self.trails.get(*trace).is_some_and(&is_meant);
        self.order.iter().find(is_meant).cloned()
    }

    /// Drops the oldest message of a run, else its oldest refusal, else the run.
    fn drop_one(&mut self, trace: &str) {
        let Some(trail) = self.trails.get_mut(trace) else {
            return;
        };
        match trail.drop_oldest() {
            0 => drop(trail.weigeringen.pop_front()),
            bytes => self.bytes -= bytes,
        }
        if !trail.is_journey() && trail.loose_things() == 0 {
            self.forget(trace);
        }
    }

    fn forget(&mut self, trace: &str) {
        if let Some(gone) = self.trails.remove(trace) {
            self.bytes -= gone.bytes;
        }
        self.order.retain(|known| known != trace);
    }
}

impl Trail {
    fn is_journey(&self) -> bool {
        !self.sightings.is_empty()
    }

    fn loose_things(&self) -> usize {
        self.berichten.len() + self.weigeringen.len()
    }

    /// Drops the oldest message; returns its bytes, 0 when there is none.
    fn drop_oldest(&mut self) -> usize {
        let bytes = self.berichten.pop_front().map_or(0, |json| json.len());
        self.bytes -= bytes;
        bytes
    }

    fn recording(&self, trace: &str) -> Recording {
        // Written by us, so that each can be read.
        let berichten = self.berichten.iter();
        let berichten = berichten.filter_map(|json| serde_json::from_slice(json).ok());
        Recording {
            trace_id: trace.to_owned(),
            sightings: self.sightings.iter().cloned().collect(),
            berichten: berichten.collect(),
            weigeringen: self.weigeringen.iter().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bericht, sighting, weigering};
    use super::*;

    const URL: &str = "https://mitz-back.localhost:8443/token";

    fn seen(journey: usize, time: i64) -> Sighting {
        Sighting {
            trace_id: format!("run-{journey}"),
            time,
            ..sighting(8, "mitz", true)
        }
    }

    fn heard(run: usize, begonnen_ms: i64) -> Bericht {
        Bericht {
            trace_id: format!("run-{run}"),
            begonnen_ms,
            ..bericht("mitz", URL)
        }
    }

    #[test]
    fn the_oldest_journey_and_the_oldest_sighting_go_first() {
        let mut kept = Kept::default();
        for journey in 0..=JOURNEYS_MAX {
            kept.saw(seen(journey, 0));
        }
        assert_eq!(
            (kept.trails.len(), kept.order.len()),
            (JOURNEYS_MAX, JOURNEYS_MAX)
        );
        assert!(kept.recording("run-0").is_none());
        for time in 1..=i64::try_from(SIGHTINGS_MAX).expect("small") {
            kept.saw(seen(1, time));
        }
        let journey = &kept.trails["run-1"].sightings;
        assert_eq!((journey.len(), journey[0].time), (SIGHTINGS_MAX, 1));
        assert_eq!(kept.order.len(), JOURNEYS_MAX);
    }

    #[test]
    fn the_oldest_message_and_the_oldest_refusal_of_a_journey_go_first() {
        let mut kept = Kept::default();
        kept.saw(seen(1, 0));
        for at in 0..=i64::try_from(BERICHTEN_MAX).expect("small") {
            kept.heard(&heard(1, at));
            kept.refused(weigering("run-1", at));
        }
        let run = kept.recording("run-1").expect("a journey");
        let first = (run.berichten.len(), run.berichten[0].begonnen_ms);
        assert_eq!(first, (BERICHTEN_MAX, 1));
        assert_eq!(run.weigeringen.len(), WEIGERINGEN_MAX);
        let weights = run.berichten.iter().map(super::super::told::weight);
        assert_eq!(kept.bytes, weights.sum::<usize>());
    }

    #[test]
    fn what_a_page_of_one_journey_shows_has_a_bound() {
        let mut kept = Kept::default();
        kept.saw(seen(1, 0));
        for at in 0..10 {
            let mut long = heard(1, at);
            long.response.xml = Some("x".repeat(1024 * 1024));
            kept.heard(&long);
        }
        let run = kept.recording("run-1").expect("a journey");
        assert_eq!((run.berichten.len(), run.berichten[0].begonnen_ms), (3, 7));
        assert!(kept.bytes <= RUN_BYTES_MAX);
    }

    #[test]
    fn loose_messages_are_bounded_and_join_their_journey_when_a_step_is_seen() {
        let mut kept = Kept::default();
        for run in 0..=LOOSE_MAX {
            kept.heard(&heard(run, 0));
        }
        assert_eq!(
            (kept.loose().len(), kept.order.len()),
            (LOOSE_MAX, LOOSE_MAX)
        );
        assert!(kept.recording("run-0").is_none());
        assert_eq!(kept.journeys().count(), 0);
        kept.saw(seen(7, 0));
        assert_eq!(kept.loose().len(), LOOSE_MAX - 1);
        assert_eq!(
            kept.recording("run-7").map(|run| run.berichten.len()),
            Some(1)
        );
        assert_eq!(kept.journeys().count(), 1);
    }

    #[test]
    fn messages_have_a_budget_of_bytes_and_a_journey_outlives_its_messages() {
        let mut kept = Kept::default();
        kept.saw(seen(0, 0));
        let long = |run| {
            let mut long = heard(run, 0);
            long.response.xml = Some("x".repeat(1024 * 1024));
            long
        };
        for run in 0..40 {
            kept.heard(&long(run));
        }
        assert!(kept.bytes <= BERICHTEN_BYTES_MAX);
        let first = kept.recording("run-0").expect("still a journey");
        assert!(first.berichten.is_empty());
        assert!(kept.recording("run-1").is_none());
        assert!(kept.recording("run-39").is_some());
    }

    #[test]
    fn a_revision_changes_with_what_is_told_of_its_run_alone() {
        let mut kept = Kept::default();
        kept.saw(seen(1, 0));
        let (one, all) = (kept.revision(Some("run-1")), kept.revision(None));
        kept.saw(seen(2, 0));
        assert_eq!(kept.revision(Some("run-1")), one);
        assert_ne!(kept.revision(None), all);
        assert_eq!(kept.revision(Some("run-3")), 0);
    }
}
