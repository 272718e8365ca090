//! The statistics of dudect (Reparaz, Balasch, Verbauwhede, "Dude, is my code constant time?", 2017).
//!
//! The crate `dudect-bencher` has them too. It runs and prints one function at a time and in its own words; here two
//! functions take turns on the same inputs, and a table sets them beside each other.

/// Nanoseconds of every call, by class.
#[derive(Default)]
pub struct Samples([Vec<u32>; 2]);

impl Samples {
    pub fn add(&mut self, class: usize, nanoseconds: u32) {
        self.0[class].push(nanoseconds);
    }

    /// The t value that is furthest from 0, over all calls and over those below each of a hundred percentiles.
    ///
    /// An interrupt takes longer than anything that is looked for. Where to cut depends on the machine, so dudect cuts
    /// everywhere and keeps the worst.
    pub fn t(mut self) -> f64 {
        let mut all = self.0.concat();
        all.sort_unstable();
        let percentiles = (1..=100).map(|i| 1.0 - 0.5_f64.powf(f64::from(i) / 10.0));
        let limits = percentiles.map(|percentile| all[(percentile * all.len() as f64) as usize]).chain([u32::MAX]);
        let mut classes = self.0.each_mut().map(|samples| Growing::new(samples));
        let worst = |worst: f64, t: f64| if t.abs() > worst.abs() { t } else { worst };
        limits.map(|limit| welch(classes[0].up_to(limit), classes[1].up_to(limit))).fold(0.0, worst)
    }
}

struct Summary {
    count: f64,
    mean: f64,
    variance: f64,
}

/// Welch's t: the difference of the means in units of what chance would make of it.
fn welch(a: Summary, b: Summary) -> f64 {
    let chance = (a.variance / a.count + b.variance / b.count).sqrt();
    // Few calls have no distribution worth the name, and a clock that ticks slowly shows one time for all of them.
    if a.count.min(b.count) < 1000.0 || chance == 0.0 { 0.0 } else { (a.mean - b.mean) / chance }
}

/// The samples up to a limit that grows.
struct Growing<'a> {
    sorted: &'a [u32],
    count: usize,
    sum: u64,
    squares: u128,
}

impl<'a> Growing<'a> {
    fn new(samples: &'a mut [u32]) -> Self {
        samples.sort_unstable();
        Self { sorted: samples, count: 0, sum: 0, squares: 0 }
    }

    fn up_to(&mut self, limit: u32) -> Summary {
        while let Some(&sample) = self.sorted.get(self.count).filter(|&&sample| sample <= limit) {
            self.count += 1;
            self.sum += u64::from(sample);
            self.squares += u128::from(sample).pow(2);
        }
        let count = self.count as f64;
        let mean = self.sum as f64 / count;
        // Whole numbers until here: what is left of two large ones is exact.
        let deviations = (self.squares * self.count as u128 - u128::from(self.sum).pow(2)) as f64 / count;
        Summary { count, mean, variance: deviations / (count - 1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_calculation_by_hand() {
        // 1, 2, 3, 4 and 2, 3, 4, 5, a thousand times: the means are 2.5 and 3.5, both variances 1.25 * 4000/3999.
        let (mut samples, mut later) = (Samples::default(), Samples::default());
        for i in 0..4000 {
            samples.add(0, 1 + i % 4);
            samples.add(1, 2 + i % 4);
            later.add(0, 1001 + i % 4);
            later.add(1, 1002 + i % 4);
        }
        let [mut a, mut b] = samples.0.each_mut().map(|class| Growing::new(class));
        let expected = -1.0 / (2.0 * 1.25 / 3999.0_f64).sqrt();
        assert!((welch(a.up_to(9), b.up_to(9)) - expected).abs() < 1e-9);
        assert_eq!((samples.t() - later.t()).abs(), 0.0, "only the difference counts");
    }

    #[test]
    fn what_differs_is_found_under_noise_and_what_does_not_is_not() {
        let (mut slower, mut equal) = (Samples::default(), Samples::default());
        for i in 0..100_000 {
            let noise = i * 7919 % 101 + if i % 1009 == 0 { 100_000 } else { 0 };
            slower.add(i as usize % 2, 100 + noise + i % 2);
            equal.add(i as usize % 2, 100 + noise);
        }
        assert!(slower.t() < -4.5);
        assert!(equal.t().abs() < 4.5);
    }
}
