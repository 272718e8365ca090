//! The whole bearer check: grammar, SHA-256, a constant-time match, the validity window, scopes.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use sallet_core::auth::{Reason, RequestFields};
use sallet_firmware::app::{KEYS, READ};

sallet_firmware::measure!(|_, _, authorization| {
    let fields = [("authorization", authorization)];
    let request = RequestFields::new("GET", &fields);
    let verdict: Result<&str, Reason> = READ.verdict(&KEYS, &request, 1_900_000_000).map(|key| key.principal);
    core::hint::black_box(&verdict);
});
