//! A policy in flash, sent as it is.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use embedded_io::Write;

sallet_firmware::measure!(|console, _, _| {
    let Ok(()) = console.write_all(core::hint::black_box(sallet_firmware::app::API.as_bytes()));
});
