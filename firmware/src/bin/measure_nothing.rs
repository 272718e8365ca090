//! The floor: what every program on this board has.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use embedded_io::Write;

sallet_firmware::measure!(|console, _, _| {
    let Ok(()) = console.write_all(core::hint::black_box(b"."));
});
