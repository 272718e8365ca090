//! SHA-256 of a token.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

sallet_firmware::measure!(|_, _, authorization| {
    core::hint::black_box(sallet_core::secret::Digest::of(authorization));
});
