//! What the core costs, by criterion: every operation beside its floor, and how cost grows.
//!
//! `cargo bench --bench cost -- keyring` measures one group. A function called `floor: …` is the least that any code could
//! do; in the groups `header` and `preset` that is `compile time`, a copy of text. criterion measures one after the other,
//! so where a ratio decides, as for the budgets, take `ratios`.
#![forbid(unsafe_code)]

mod auth;
mod growth;
mod headers;
mod requests;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

fn settings() -> Criterion {
    let criterion = Criterion::default().without_plots();
    if sallet_core_bench::quick() {
        let (warm_up, measured) = (Duration::from_millis(20), Duration::from_millis(60));
        criterion.sample_size(10).nresamples(1000).warm_up_time(warm_up).measurement_time(measured)
    } else {
        let (warm_up, measured) = (Duration::from_millis(300), Duration::from_secs(1));
        criterion.sample_size(50).nresamples(20_000).warm_up_time(warm_up).measurement_time(measured)
    }
}

/// The points of a curve: all of them, or as many as there is time for.
fn points(all: &'static [usize]) -> Vec<usize> {
    let step = if sallet_core_bench::quick() { 2 } else { 1 };
    all.iter().copied().step_by(step).collect()
}

criterion_group! {
    name = benches;
    config = settings();
    targets = headers::every_header, headers::presets, headers::nonces, auth::keyrings, auth::challenges,
        requests::credentials, requests::paths, requests::heads, growth::keys, growth::headers, growth::sources
}
criterion_main!(benches);
