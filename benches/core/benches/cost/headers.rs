//! Headers and presets in each of their outputs.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::Criterion;
use sallet_core::Nonce;
use sallet_core_bench::policies::{self, Subject};

fn outputs(c: &mut Criterion, group: &str, subject: Subject) {
    let mut group = c.benchmark_group(format!("{group}/{}", subject.name));
    let (policy, text) = (subject.policy, subject.text.as_bytes());
    let mut buf = [0; 2048];
    assert_eq!(policy.write_block(&mut buf).expect("room"), text);

    group.bench_function("compile time", |b| b.iter(|| buf[..text.len()].copy_from_slice(black_box(text))));
    group.bench_function("slice", |b| {
        b.iter(|| black_box(&policy).write_block(black_box(&mut buf)).expect("room").len())
    });
    let mut string = heapless::String::<2048>::new();
    group.bench_function("Display", |b| {
        b.iter(|| {
            string.clear();
            write!(string, "{}", black_box(&policy)).expect("room");
        });
    });
    group.bench_function("embedded-io", |b| {
        b.iter(|| black_box(&policy).send_block(&mut black_box(&mut buf[..])).is_ok())
    });
    group.finish();
}

pub fn every_header(c: &mut Criterion) {
    let shown = if sallet_core_bench::quick() { 1 } else { usize::MAX };
    for subject in policies::headers().into_iter().take(shown) {
        outputs(c, "header", subject);
    }
}

pub fn presets(c: &mut Criterion) {
    for subject in policies::PRESETS {
        outputs(c, "preset", subject);
    }
}

pub fn nonces(c: &mut Criterion) {
    let mut group = c.benchmark_group("nonce");
    let (template, nonce) = (&policies::PAGE_TEMPLATE, Nonce::new(policies::ENTROPY));
    let (mut buf, mut text) = ([0; 2048], [0; 2048]);
    let text = template.write(&nonce, &mut text).expect("room");

    group.bench_function("floor: copy of the same bytes", |b| {
        b.iter(|| buf[..text.len()].copy_from_slice(black_box(text)));
    });
    group.bench_function("template into a slice", |b| {
        b.iter(|| template.write(black_box(&nonce), black_box(&mut buf)).expect("room").len());
    });
    group.bench_function("template into an embedded-io writer", |b| {
        b.iter(|| template.send(black_box(&nonce), &mut black_box(&mut buf[..])).is_ok());
    });
    group.bench_function("from 16 bytes", |b| b.iter(|| Nonce::new(black_box(policies::ENTROPY))));
    let mut first = [0; 1024];
    let value = policies::PAGE.fields().next().expect("the CSP");
    let (value, slots) = value.write_value(&mut first).expect("room");
    let mut value = value.as_bytes().to_vec();
    group.bench_function("fill alone", |b| b.iter(|| slots.fill(black_box(&nonce), black_box(&mut value))));
    group.finish();
}
