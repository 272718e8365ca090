//! How cost grows. A group is a plot, a function a line of it, and the parameter stands on the x-axis.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion};
use http::Request;
use sallet_core_bench::policies;
use sallet_hyper_bench::app::{App, Body, Case, Fields};
use sallet_hyper_bench::{Contender, headers, once};

/// All of them, or as many as there is time for.
fn points(all: &'static [usize]) -> Vec<usize> {
    let step = if sallet_core_bench::quick() { 2 } else { 1 };
    all.iter().copied().step_by(step).collect()
}

fn contender(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    count: usize,
    sent: usize,
    mut service: impl Contender,
) {
    let request = || Request::new(Body::default());
    assert_eq!(once(&mut service, request()).headers().len(), sent, "{name}, {count}");
    group.bench_function(BenchmarkId::new(name, count), |b| {
        b.iter(|| black_box(once(black_box(&mut service), request())));
    });
}

/// With the app's own fields, none of which the policy sets.
pub fn own_fields(c: &mut Criterion) {
    let mut group = c.benchmark_group("growth/own");
    for count in points(&[1, 2, 4, 8, 16, 32, 64]) {
        let app = Fields::new(count);
        let sent = count + headers::FIELDS.len();
        contender(&mut group, "bare", count, count, app);
        contender(&mut group, "sallet", count, sent, headers::sallet(&headers::POLICY, app));
        contender(&mut group, "tower-http multiple", count, sent, headers::tower_http_multiple(&headers::FIELDS, app));
        contender(&mut group, "axum-helmet", count, sent, headers::axum_helmet(&headers::FIELDS, app));
        contender(&mut group, "http-security-headers", count, sent, headers::http_security_headers(app));
    }
    group.finish();
}

/// With the fields of the policy: first those that Sallet has a type for, then an app's own.
pub fn policy_fields(c: &mut Criterion) {
    let mut group = c.benchmark_group("growth/headers");
    let app = App(Case::Plain);
    for count in points(&[1, 2, 4, 8, 16, 24, 32]) {
        let policy = policies::mixed(count);
        let field = |field: sallet_core::Field<'_, 'static>| (field.name(), &*field.to_string().leak());
        let fields: Vec<_> = policy.fields().map(field).collect();
        let sent = count + 2;
        contender(&mut group, "bare", count, 2, app);
        contender(&mut group, "sallet", count, sent, headers::sallet(&policy, app));
        contender(&mut group, "tower-http multiple", count, sent, headers::tower_http_multiple(&fields, app));
        contender(&mut group, "axum-helmet", count, sent, headers::axum_helmet(&fields, app));
    }
    group.finish();
}
