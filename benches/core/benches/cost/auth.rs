//! Keyrings and challenges.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::Criterion;
use sallet_core::Cursor;
use sallet_core::auth::{Refusal, RequestFields, Scopes};
use sallet_core_bench::requests;
use sha2::{Digest as _, Sha256};

pub fn keyrings(c: &mut Criterion) {
    let mut group = c.benchmark_group("keyring");
    let token = requests::TOKEN.as_bytes();
    group.bench_function("floor: SHA-256 of the token", |b| b.iter(|| Sha256::digest(black_box(token))));
    for count in [1, 16, 256, 4096] {
        let ring = requests::ring(count);
        group.bench_function(format!("verify, {count} keys"), |b| {
            b.iter(|| ring.verify(black_box(token), requests::NOW).is_ok());
        });
    }
    let (ring, line) = (requests::ring(16), requests::bearer());
    let unknown = &b"Bearer slt_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI016x"[..];
    let verdict = |line| {
        requests::READ
            .verdict(&ring, &RequestFields::new("GET", &[("authorization", black_box(line))]), requests::NOW)
            .is_ok()
    };
    assert!(verdict(&line[..]) && !verdict(unknown));
    group.bench_function("verdict, 16 keys", |b| b.iter(|| verdict(&line[..])));
    group.bench_function("verdict, 16 keys, unknown token", |b| b.iter(|| verdict(unknown)));
    group.finish();
}

pub fn challenges(c: &mut Criterion) {
    let mut group = c.benchmark_group("challenge");
    for (name, refusal) in [("missing", Refusal::Missing), ("insufficient scope", Refusal::InsufficientScope)] {
        let need = requests::ANYBODY.with_scopes(Scopes::new("items:read items:write"));
        let challenge = need.challenge(refusal).expect("one");
        let text = challenge.to_string();
        let mut buf = [0; 256];
        group.bench_function(format!("floor: copy of the same bytes, {name}"), |b| {
            b.iter(|| buf[..text.len()].copy_from_slice(black_box(text.as_bytes())));
        });
        group.bench_function(format!("slice, {name}"), |b| {
            b.iter(|| {
                let mut out = Cursor::new(black_box(&mut buf));
                black_box(&challenge).render(&mut out);
                out.finish().expect("room").len()
            });
        });
        let mut string = heapless::String::<256>::new();
        group.bench_function(format!("Display, {name}"), |b| {
            b.iter(|| {
                string.clear();
                write!(string, "{}", black_box(&challenge)).expect("room");
            });
        });
    }
    group.finish();
}
