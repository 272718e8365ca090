//! The whole bearer check: grammar, SHA-256, a constant-time match, the validity window, scopes.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use sallet_core::auth::{Refusal, Scopes};
use sallet_firmware::app::KEYS;

const READ: Scopes = Scopes::new("readings:read");

sallet_firmware::measure!(|_, _, authorization| {
    let verdict: Result<&str, Refusal> = KEYS.admit([authorization], READ, 1_900_000_000).map(|key| key.principal);
    core::hint::black_box(&verdict);
});
