//! The tables: what each contender adds, and the ratios that the budget speaks of.
//!
//! `cargo bench --bench ratios -- [PART ...] [--json FILE] [--strict]`; the parts stand in `PARTS`. Contenders take turns (see `turns` in benches/core). A row is
//! what a contender adds to the service alone, and its ratio to what the fastest peer adds, both by the median of the
//! rounds: that is what a server sees, and it decides the budget. The fastest turn stands beside it. It is steadier, for
//! nothing disturbed it, but no server lives only in its best moments.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use http::{Request, StatusCode};
use sallet_core_bench::outcome::{Compared, Options, Row, Table, ratio};
use sallet_core_bench::turns::{Entry, Measured, Plan, Spread, measure};
use sallet_hyper_bench::app::{App, Body, Case};
use sallet_hyper_bench::{Contender, auth, headers, once};

/// What Sallet may add, of what the fastest peer adds, to an app with few fields of its own.
const BUDGET: f64 = 0.4;

/// How many requests lie ready for a turn: few enough to stay in the first cache.
const REQUESTS: u32 = 30;

fn entry(
    name: &'static str,
    mut service: impl Contender + 'static,
    request: impl Fn() -> Request<Body> + 'static,
) -> Entry {
    Entry::prepared(name, REQUESTS, move |times| {
        let requests: Vec<_> = (0..times).map(|_| request()).collect();
        let start = Instant::now();
        for request in requests {
            black_box(once(black_box(&mut service), request));
        }
        start.elapsed()
    })
}

/// The first is the service alone; what the others add is told, and its ratio to what the fastest of `peers` adds.
fn table(name: &'static str, title: &'static str, entries: Vec<Entry>, peers: &[&str], budget: Option<f64>) -> Table {
    let measured = measure(entries, Plan::chosen());
    let (bare, others) = measured.split_first().expect("the service alone");
    let added = others.iter().map(|one| Measured {
        name: one.name.clone(),
        rounds: one.rounds.iter().zip(&bare.rounds).map(|(with, without)| with - without).collect(),
        best: one.best - bare.best,
    });
    let added: Vec<_> = added.collect();
    let median = |one: &&Measured| Spread::of(&one.rounds).median;
    let of_peers = added.iter().filter(|one| peers.contains(&one.name.as_str()));
    let fastest = of_peers.min_by(|a, b| median(a).total_cmp(&median(b))).expect("a peer");
    let row = |one: &Measured| Row {
        name: one.name.clone(),
        took: Spread::of(&one.rounds),
        best: Some(one.best),
        compared: Some(Compared {
            with: fastest.name.clone(),
            ratio: ratio(&one.rounds, &fastest.rounds),
            ratio_of_best: Some(one.best / fastest.best),
            budget: budget.filter(|_| one.name == "sallet"),
        }),
    };
    Table { name, title, unit: "ns added", rows: added.iter().map(row).collect() }
}

fn ten_headers(case: Case) -> Table {
    let app = App(case);
    macro_rules! checked {
        ($($name:literal: $service:expr),+ $(,)?) => {
            vec![$({
                let mut service = $service;
                headers::check($name, case, &once(&mut service, Request::new(Body::default())));
                entry($name, service, || Request::new(Body::default()))
            }),+]
        };
    }
    let entries = checked! {
        "bare": app,
        "sallet": headers::sallet(&headers::POLICY, app),
        "sallet overriding": headers::sallet_overriding(app),
        "sallet nonce": headers::sallet_nonce(app),
        "tower-http multiple": headers::tower_http_multiple(&headers::FIELDS, app),
        "axum-helmet": headers::axum_helmet(&headers::FIELDS, app),
        "http-security-headers": headers::http_security_headers(app),
        "tower-http stacked": headers::tower_http_stacked(app),
    };
    let peers = ["tower-http multiple", "axum-helmet", "http-security-headers"];
    table(case.name(), case.title(), entries, &peers, (case != Case::Many).then_some(BUDGET))
}

fn bearer(name: &'static str, title: &'static str, good: bool) -> Table {
    macro_rules! checked {
        ($($name:literal: $service:expr),+ $(,)?) => {
            vec![$({
                let mut service = $service;
                let expected = if good || $name == "bare" { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
                assert_eq!(once(&mut service, auth::request(good)).status(), expected, $name);
                entry($name, service, move || auth::request(good))
            }),+]
        };
    }
    let entries = checked! {
        "bare": auth::bare(),
        "sallet": auth::sallet(),
        "sallet arc-swap": auth::sallet_arc_swap(),
        "sallet from_fn": auth::sallet_from_fn(),
        "tower-http, by hand with care": auth::by_hand_with_care(),
        "tower-http, by hand with ==": auth::by_hand_equals(),
    };
    table(name, title, entries, &["tower-http, by hand with care"], None)
}

type Part = fn() -> Table;

const PARTS: [(&str, Part); 5] = [
    ("plain", || ten_headers(Case::Plain)),
    ("own", || ten_headers(Case::Own)),
    ("many", || ten_headers(Case::Many)),
    ("good", || bearer("good token", "one of 16 keys, a good token", true)),
    ("unknown", || bearer("unknown token", "one of 16 keys, an unknown token", false)),
];

fn run() -> Result<(), String> {
    let options = Options::read(std::env::args().skip(1), &PARTS.map(|(name, _)| name))?;
    println!("Added time per request, and its ratio to the fastest peer's, by the median of the rounds");
    let mut tables = Vec::new();
    for (_, part) in PARTS.iter().filter(|(name, _)| options.wants(name)) {
        let table = part();
        table.print(&mut std::io::stdout()).map_err(|error| error.to_string())?;
        tables.push(table);
    }
    options.finish("hyper", "make bench-hyper", &tables, &[])
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
