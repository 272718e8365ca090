//! [`sallet_fuzz::challenge_against_http_auth`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sallet_fuzz::challenge_against_http_auth(data));
