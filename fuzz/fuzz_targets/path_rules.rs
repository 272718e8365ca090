//! [`sallet_fuzz::path_rules`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sallet_fuzz::path_rules(data));
