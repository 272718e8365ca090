//! [`sallet_fuzz::credentials_against_abnf`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sallet_fuzz::credentials_against_abnf(data));
