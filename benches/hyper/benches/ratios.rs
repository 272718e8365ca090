//! The tables: what each contender adds, and the ratios that the budget speaks of.
//!
//! Contenders take turns in short rounds and the best round of each counts. On a machine that is busy with other things
//! this says more than one long measurement after the other, which is what criterion makes of the same contenders.

use std::hint::black_box;
use std::time::{Duration, Instant};

use http::{Request, StatusCode};
use sallet_hyper_bench::app::{App, Body, Case};
use sallet_hyper_bench::{Contender, auth, headers, once};

const ROUNDS: usize = 10_000;
/// Few enough to stay in the first cache while they wait.
const REQUESTS: u32 = 30;

/// What Sallet may add, of what the fastest peer adds, to an app with few fields of its own.
const BUDGET: f64 = 0.45;

struct Entry {
    name: &'static str,
    round: Box<dyn FnMut() -> Duration>,
    best: Duration,
}

fn entry(
    name: &'static str,
    mut service: impl Contender + 'static,
    request: impl Fn() -> Request<Body> + 'static,
) -> Entry {
    let round = move || {
        let requests: Vec<_> = (0..REQUESTS).map(|_| request()).collect();
        let start = Instant::now();
        for request in requests {
            black_box(once(black_box(&mut service), request));
        }
        start.elapsed()
    };
    Entry { name, round: Box::new(round), best: Duration::MAX }
}

/// Runs them by turns. The first is the service alone; what the others add is told, and its ratio to what the fastest of
/// `peers` adds.
fn table(title: &str, mut entries: Vec<Entry>, peers: &[&str]) -> Vec<(&'static str, f64)> {
    for _ in 0..ROUNDS {
        for entry in &mut entries {
            entry.best = entry.best.min((entry.round)());
        }
    }
    let each = |entry: &Entry| entry.best.as_secs_f64() * 1e9 / f64::from(REQUESTS);
    let bare = each(&entries[0]);
    let added: Vec<_> = entries[1..].iter().map(|entry| (entry.name, each(entry) - bare)).collect();
    let of_peers = added.iter().filter(|(name, _)| peers.contains(name)).map(|(_, added)| *added);
    let fastest = of_peers.fold(f64::INFINITY, f64::min);
    println!("\n{title}");
    for (name, added) in &added {
        println!("  {name:30} {added:7.1} {:6.2}", added / fastest);
    }
    added.into_iter().map(|(name, added)| (name, added / fastest)).collect()
}

fn main() {
    println!("added time per request in ns, and its ratio to the fastest peer's (best of {ROUNDS} interleaved rounds)");
    for case in Case::ALL {
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
            "sallet": headers::sallet(app),
            "sallet overriding": headers::sallet_overriding(app),
            "sallet nonce": headers::sallet_nonce(app),
            "tower-http multiple": headers::tower_http_multiple(app),
            "axum-helmet": headers::axum_helmet(app),
            "http-security-headers": headers::http_security_headers(app),
            "tower-http stacked": headers::tower_http_stacked(app),
        };
        let peers = ["tower-http multiple", "axum-helmet", "http-security-headers"];
        let ratios = table(case.title(), entries, &peers);
        if case != Case::Many {
            let verdict = if ratios[0].1 <= BUDGET { "kept" } else { "MISSED" };
            println!("  the budget of {BUDGET} for sallet: {verdict}");
        }
    }

    for (title, good) in [("one of 16 keys, a good token", true), ("one of 16 keys, an unknown token", false)] {
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
        table(title, entries, &["tower-http, by hand with care"]);
    }
}
