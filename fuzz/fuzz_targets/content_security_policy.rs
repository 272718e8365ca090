//! [`sallet_fuzz::content_security_policy`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sallet_fuzz::content_security_policy(data));
