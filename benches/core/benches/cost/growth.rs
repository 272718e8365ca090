//! How cost grows. A group is a plot, a function a line of it, and the parameter stands on the x-axis.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use sallet_core::{ContentSecurityPolicy, Nonce, SecurityHeaders};
use sallet_core_bench::{policies, requests};
use sha2::{Digest as _, Sha256};

use crate::points;

pub fn keys(c: &mut Criterion) {
    let mut group = c.benchmark_group("growth/keys");
    let token = requests::TOKEN.as_bytes();
    for count in points(&[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]) {
        let ring = requests::ring(count);
        group.bench_function(BenchmarkId::new("verify", count), |b| {
            b.iter(|| ring.verify(black_box(token), requests::NOW).is_ok());
        });
        group.bench_function(BenchmarkId::new("floor: SHA-256 of the token", count), |b| {
            b.iter(|| Sha256::digest(black_box(token)));
        });
    }
    group.finish();
}

pub fn headers(c: &mut Criterion) {
    let mut group = c.benchmark_group("growth/headers");
    for count in points(&[1, 2, 4, 8, 12, 16, 24, 32]) {
        let policy = policies::fields(count);
        let (mut text, mut buf) = (vec![0; policy.block_len()], [0; 2048]);
        let template = policy.template(&mut text).expect("room");
        let nonce = Nonce::new(policies::ENTROPY);
        group.bench_function(BenchmarkId::new("written from a template", count), |b| {
            b.iter(|| black_box(&template).write(&nonce, black_box(&mut buf)).expect("room").len());
        });
        group.bench_function(BenchmarkId::new("rendered anew", count), |b| {
            b.iter(|| black_box(&policy).write_block(black_box(&mut buf)).expect("room").len());
        });
        group.bench_function(BenchmarkId::new("floor: copy of the same bytes", count), |b| {
            b.iter(|| buf[..text.len()].copy_from_slice(black_box(&text)));
        });
    }
    group.finish();
}

pub fn sources(c: &mut Criterion) {
    let mut group = c.benchmark_group("growth/csp");
    for count in points(&[1, 2, 4, 8, 16, 32, 64, 128, 256]) {
        let csp = policies::sources(count);
        let policy = SecurityHeaders::EMPTY.content_security_policy(Some(csp));
        let (text, mut buf) = (csp.to_string(), [0; 8192]);
        group.bench_function(BenchmarkId::new("rendered anew", count), |b| {
            b.iter(|| black_box(&policy).write_block(black_box(&mut buf)).expect("room").len());
        });
        group.bench_function(BenchmarkId::new("parsed from text", count), |b| {
            b.iter(|| ContentSecurityPolicy::parse(black_box(&text)).is_ok());
        });
        group.bench_function(BenchmarkId::new("floor: copy of the same bytes", count), |b| {
            b.iter(|| buf[..text.len()].copy_from_slice(black_box(text.as_bytes())));
        });
    }
    group.finish();
}
