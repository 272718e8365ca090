//! Measuring by turns: on a machine that is busy with other things, the only way to say that one is faster than another.
//!
//! criterion measures one thing for seconds, then the next; a machine that slows down in between makes a ratio of it.
//! Here entries take turns of some microseconds. A round is many turns of each, and says one figure for each: the
//! median of its turns, which a turn that was interrupted does not move. What is reported is the median of the rounds and
//! their middle half; ratios are made within a round, so both sides had the same machine.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How often, and how long.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub rounds: usize,
    pub turns: usize,
    pub turn: Duration,
}

impl Plan {
    pub const FULL: Self = Self { rounds: 60, turns: 200, turn: Duration::from_micros(10) };
    pub const QUICK: Self = Self { rounds: 11, turns: 60, turn: Duration::from_micros(10) };

    /// As the environment asks.
    pub fn chosen() -> Self {
        if crate::quick() { Self::QUICK } else { Self::FULL }
    }
}

/// Does its work so many times, and says how long that took.
type Turn = Box<dyn FnMut(u32) -> Duration>;

/// One of those who take turns.
pub struct Entry {
    name: String,
    turn: Turn,
    times: Option<u32>,
}

impl Entry {
    /// Measures `work`, as often in a turn as fits; its result the optimizer may not do without.
    pub fn new<T>(name: impl Into<String>, mut work: impl FnMut() -> T + 'static) -> Self {
        let turn = move |times| {
            let start = Instant::now();
            for _ in 0..times {
                black_box(work());
            }
            start.elapsed()
        };
        Self { name: name.into(), turn: Box::new(turn), times: None }
    }

    /// Measures what `turn` says it took to do the work so many times, for work that needs something prepared which is not
    /// part of it.
    pub fn prepared(name: impl Into<String>, times: u32, turn: impl FnMut(u32) -> Duration + 'static) -> Self {
        Self { name: name.into(), turn: Box::new(turn), times: Some(times) }
    }

    /// How often it does its work in a turn of about that length.
    fn times(&mut self, turn: Duration) -> u32 {
        let mut times = 1;
        // The first call also warms up.
        while (self.turn)(self.times.unwrap_or(times)) < turn && self.times.is_none() && times < 1 << 20 {
            times *= 2;
        }
        self.times.unwrap_or(times)
    }
}

/// What one of them took, in nanoseconds.
#[derive(Debug, Clone)]
pub struct Measured {
    pub name: String,
    /// For each round the median of its turns.
    pub rounds: Vec<f64>,
    /// The fastest turn of all.
    pub best: f64,
}

/// Runs them by turns.
pub fn measure(mut entries: Vec<Entry>, plan: Plan) -> Vec<Measured> {
    let times: Vec<u32> = entries.iter_mut().map(|entry| entry.times(plan.turn)).collect();
    let mut measured: Vec<_> = entries
        .iter()
        .map(|entry| Measured { name: entry.name.clone(), rounds: Vec::new(), best: f64::INFINITY })
        .collect();
    let mut turns = vec![Vec::with_capacity(plan.turns); entries.len()];
    for _ in 0..plan.rounds {
        turns.iter_mut().for_each(Vec::clear);
        for turn in 0..plan.turns {
            // Forwards and backwards, so that nobody always follows the same neighbour.
            for step in 0..entries.len() {
                let at = if turn % 2 == 0 { step } else { entries.len() - 1 - step };
                let took = (entries[at].turn)(times[at]);
                turns[at].push(took.as_secs_f64() * 1e9 / f64::from(times[at]));
            }
        }
        for (measured, turns) in measured.iter_mut().zip(&mut turns) {
            let spread = Spread::of(turns);
            measured.rounds.push(spread.median);
            measured.best = turns.iter().copied().fold(measured.best, f64::min);
        }
    }
    measured
}

/// The median of some values, and the bounds of their middle half.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl Spread {
    /// # Panics
    /// When there is no value.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |quarter: usize| sorted[(sorted.len() - 1) * quarter / 4];
        Self { low: at(1), median: at(2), high: at(3) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_half() {
        let spread = Spread::of(&[9.0, 1.0, 5.0, 3.0, 7.0]);
        assert_eq!(spread, Spread { low: 3.0, median: 5.0, high: 7.0 });
        assert_eq!(Spread::of(&[2.0]), Spread { low: 2.0, median: 2.0, high: 2.0 });
    }

    #[test]
    fn every_round_gives_one_figure_for_each() {
        let plan = Plan { rounds: 3, turns: 5, turn: Duration::from_micros(1) };
        let entries = vec![Entry::new("nothing", || ()), Entry::new("something", || black_box(7) + 1)];
        let measured = measure(entries, plan);
        assert_eq!(measured.iter().map(|one| one.rounds.len()).collect::<Vec<_>>(), [3, 3]);
        assert!(measured.iter().all(|one| one.rounds.iter().all(|round| *round >= one.best)));
    }
}
