//! Two functions on the same inputs, in turns, each call timed alone.

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use crate::random::Random;
use crate::welch::Samples;

/// Inputs made at a time: few enough for the caches, so that their making is out of the way when they are measured.
const CHUNK: usize = 500;

pub struct Race {
    calls: usize,
    random: Random,
}

impl Race {
    pub fn new(calls: usize, random: Random) -> Self {
        Self { calls, random }
    }

    /// The same for functions that take so many times longer.
    pub fn with_calls_over(self, factor: usize) -> Self {
        Self { calls: self.calls / factor, ..self }
    }

    /// Prints a row. `make` makes an input of class 0 or 1.
    pub fn run<I, A, B>(
        &mut self,
        what: &str,
        mut make: impl FnMut(usize, &mut Random) -> I,
        ours: impl Fn(&I) -> A,
        naive: impl Fn(&I) -> B,
    ) {
        print!("    {what:<56} ");
        std::io::stdout().flush().ok();
        let (mut by_ours, mut by_naive) = (Samples::default(), Samples::default());
        for chunk in 0..self.calls / CHUNK {
            // Drawn for each call: whatever else goes on here meets both classes alike.
            let inputs: Vec<(usize, I)> = (0..CHUNK)
                .map(|_| {
                    let class = self.random.class();
                    (class, make(class, &mut self.random))
                })
                .collect();
            // The first chunks bring code and keys into the caches and the clock up to speed.
            let keep = chunk >= 5;
            time(&inputs, &ours, keep, &mut by_ours);
            time(&inputs, &naive, keep, &mut by_naive);
        }
        let (ours, naive) = (by_ours.t(), by_naive.t());
        println!("{ours:>9.1}  {:13} {naive:>9.1}  {}", verdict(ours), verdict(naive));
    }
}

fn time<I, R>(inputs: &[(usize, I)], function: impl Fn(&I) -> R, keep: bool, samples: &mut Samples) {
    for (class, input) in inputs {
        let start = Instant::now();
        black_box(function(black_box(input)));
        let taken = start.elapsed();
        if keep {
            samples.add(*class, u32::try_from(taken.as_nanos()).unwrap_or(u32::MAX));
        }
    }
}

fn verdict(t: f64) -> &'static str {
    match t.abs() {
        ..4.5 => "nothing seen",
        ..10.0 => "suspicious",
        _ => "leaks",
    }
}
