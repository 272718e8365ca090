//! What is read from a request.

use std::hint::black_box;

use criterion::Criterion;
use sallet_core::RequestHead;
use sallet_core::auth::Credentials;
use sallet_core::paths::RequestPath;
use sallet_core_bench::requests;

pub fn credentials(c: &mut Criterion) {
    let mut group = c.benchmark_group("credentials");
    for (name, value) in requests::credentials() {
        group.bench_function(format!("floor: str::from_utf8, {name}"), |b| {
            b.iter(|| std::str::from_utf8(black_box(&value)).is_ok());
        });
        group.bench_function(name, |b| b.iter(|| Credentials::parse(black_box(&value)).is_ok()));
    }
    group.finish();
}

pub fn paths(c: &mut Criterion) {
    let mut group = c.benchmark_group("path rules");
    group.bench_function("floor: == with each of 8 paths", |b| {
        b.iter(|| {
            let path = black_box(requests::PATHS[2].1);
            black_box(&requests::RULES).public_rules().iter().any(|rule| rule.path() == path)
        });
    });
    for (name, path, public) in requests::PATHS {
        assert_eq!(
            requests::RULES.access("GET", &RequestPath::raw(path.as_bytes()), false).is_open(),
            public,
            "{path}"
        );
        group.bench_function(name, |b| {
            b.iter(|| {
                let path = black_box(path);
                black_box(&requests::RULES).access("GET", &RequestPath::raw(path.as_bytes()), false)
            });
        });
    }
    group.finish();
}

pub fn heads(c: &mut Criterion) {
    let mut group = c.benchmark_group("request head");
    for (name, bytes) in requests::HEADS {
        group.bench_function(format!("floor: httparse alone, {name}"), |b| {
            b.iter(|| {
                let mut fields = [httparse::EMPTY_HEADER; 32];
                httparse::Request::new(&mut fields).parse(black_box(bytes)).is_ok()
            });
        });
        group.bench_function(name, |b| b.iter(|| RequestHead::<32>::parse(black_box(bytes)).is_ok()));
    }
    group.finish();
}
