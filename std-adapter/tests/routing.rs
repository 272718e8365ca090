//! A differential fuzz of the check against axum's routing: random requests to real routers, and an oracle that goes from the
//! rules to the handlers that were reached, without Sallet's reading of a path.
//!
//! ```sh
//! SALLET_ROUTING_REQUESTS=1000000 SALLET_ROUTING_SEED=7 cargo test --release -p sallet-hyper --all-features --test routing -- long --ignored --nocapture
//! make fuzz TARGETS=axum_routing MINUTES=5
//! ```
#![expect(clippy::print_stdout, reason = "it tells its seed and its counts")]

mod routing {
    pub(crate) mod asks;
    pub(crate) mod drive;
    pub(crate) mod guards;
    pub(crate) mod oracle;
    pub(crate) mod shapes;
}

use std::env::var;
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use routing::drive::{Found, Plant, faults, run};

// Of a seed that is always the same, so that a fault that was found once is found again.
const REQUESTS: usize = 200_000;
// Of a seed that is new each time.
const NEW: usize = 100_000;

fn new_seed() -> u64 {
    RandomState::new().hash_one("a seed") % 1_000_000_000
}

fn told(seed: u64, found: &Found) -> String {
    let mut text = format!("seed {seed}: {found}");
    for fault in &found.faults {
        let _ = write!(text, "\n{fault}");
    }
    text
}

#[track_caller]
fn checked(seed: u64, requests: usize) {
    let found = run(seed, requests, Duration::MAX, Plant::Nothing, |_| {});
    println!("{}", told(seed, &found));
    assert!(found.faults.is_empty(), "{}", told(seed, &found));
    // Most of what comes is refused, and enough is not.
    assert!(found.count("refused") > requests / 3, "{found}");
    assert!(found.count("opened") > requests / 20, "{found}");
    assert!(found.count("plain requests, opened") > requests / 100, "{found}");
    assert!(found.count("plain requests, refused") > requests / 100, "{found}");
    assert!(found.went_everywhere(), "{found}");
}

#[test]
fn no_request_gets_where_no_rule_lets_it() {
    checked(1, REQUESTS);
}

#[test]
fn nor_with_a_seed_that_is_new_each_time() {
    checked(new_seed(), NEW);
}

#[test]
fn each_planted_fault_is_found() {
    for (fault, name) in faults() {
        let found = run(1, REQUESTS, Duration::MAX, Plant::Fault(fault), |_| {});
        println!("{name}: {}", told(1, &found));
        assert!(found.opened_by_mistake(), "{name}: {found}");
    }
}

#[test]
fn an_open_path_that_is_refused_is_found() {
    let found = run(1, REQUESTS / 20, Duration::MAX, Plant::Forgetful, |_| {});
    assert!(found.refused_by_mistake() && !found.opened_by_mistake(), "{}", told(1, &found));
}

/// For `fuzz/run.py`, whose lines of status are those of libFuzzer.
#[test]
#[ignore = "as long as it is told to be"]
fn long() {
    let number = |name| var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("SALLET_ROUTING_SEED").unwrap_or_else(new_seed);
    let requests =
        number("SALLET_ROUTING_REQUESTS").map_or(usize::MAX, |number| usize::try_from(number).expect("a number"));
    let time = number("SALLET_ROUTING_SECONDS").map_or(Duration::MAX, Duration::from_secs);
    assert!(
        requests < usize::MAX || time < Duration::MAX,
        "say how long: SALLET_ROUTING_REQUESTS or SALLET_ROUTING_SECONDS"
    );
    println!("seed {seed}");
    let mut last = Instant::now();
    let found = run(seed, requests, time, Plant::Nothing, |found| {
        if last.elapsed().as_secs() > 20 {
            last = Instant::now();
            println!("#{}\tpulse cov: 0 corp: 0", found.count("requests"));
        }
    });
    println!("#{}\tDONE cov: 0 corp: 0\n{}", found.count("requests"), told(seed, &found));
    assert!(found.faults.is_empty(), "{}", told(seed, &found));
}
