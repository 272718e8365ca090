//! What a bearer check adds to a request: Sallet beside checks by hand.

use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use http::StatusCode;
use sallet_hyper_bench::{auth, once};

pub fn bearer(c: &mut Criterion) {
    for (case, good) in [("good token", true), ("unknown token", false)] {
        let mut group = c.benchmark_group(case);
        let request = || auth::request(good);
        macro_rules! contender {
            ($name:literal, $service:expr) => {{
                let mut service = $service;
                let expected = if good || $name == "bare" { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
                assert_eq!(once(&mut service, request()).status(), expected, $name);
                group.bench_function($name, |b| {
                    b.iter_batched(request, |request| black_box(once(&mut service, request)), BatchSize::SmallInput)
                });
            }};
        }
        contender!("bare", auth::bare());
        contender!("sallet", auth::sallet());
        contender!("sallet arc-swap", auth::sallet_arc_swap());
        contender!("sallet from_fn", auth::sallet_from_fn());
        contender!("tower-http, by hand with care", auth::by_hand_with_care());
        contender!("tower-http, by hand with ==", auth::by_hand_equals());
        group.finish();
    }
}
