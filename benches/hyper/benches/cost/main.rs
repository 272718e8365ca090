//! What the tower layers and their peers add to a request, by criterion, and how it grows.
//!
//! `cargo bench --bench cost -- plain` measures one group. criterion measures one contender after the other, so where a
//! ratio decides, as for the budget, take `ratios`.
#![forbid(unsafe_code)]

mod auth;
mod growth;
mod headers;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

fn settings() -> Criterion {
    let criterion = Criterion::default().without_plots();
    if sallet_core_bench::quick() {
        let (warm_up, measured) = (Duration::from_millis(20), Duration::from_millis(60));
        criterion.sample_size(10).nresamples(1000).warm_up_time(warm_up).measurement_time(measured)
    } else {
        let (warm_up, measured) = (Duration::from_millis(500), Duration::from_secs(2));
        criterion.sample_size(50).nresamples(20_000).warm_up_time(warm_up).measurement_time(measured)
    }
}

criterion_group! {
    name = benches;
    config = settings();
    targets = headers::ten_headers, auth::bearer, growth::own_fields, growth::policy_fields
}
criterion_main!(benches);
