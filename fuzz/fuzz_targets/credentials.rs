//! [`sallet_fuzz::credentials`] under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sallet_fuzz::credentials(data));
