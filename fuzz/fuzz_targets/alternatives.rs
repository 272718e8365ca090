//! [`sallet_fuzz::alternatives`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sallet_fuzz::alternatives(data));
