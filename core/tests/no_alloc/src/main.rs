//! A program that defines no global allocator and uses the whole public API of sallet-core: `../../no_alloc.rs` builds
//! and runs it, and tells which public item is missing here.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

#[cfg(feature = "allocate")]
extern crate alloc;

mod auth;
mod csp;
mod head;
mod headers;
mod paths;
mod policy;
mod secret;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Nowhere to go without std; the test stops a program that hangs.
    loop {}
}

/// 0 when all is well, else the number of the part that went wrong.
#[expect(unsafe_code, reason = "the C runtime looks for a symbol of this name; no unsafe code runs")]
#[unsafe(no_mangle)]
extern "C" fn main() -> core::ffi::c_int {
    #[cfg(feature = "allocate")]
    core::hint::black_box(alloc::boxed::Box::new(1));

    let parts = [headers::works(), csp::works(), policy::works(), secret::works(), auth::works(), head::works(), paths::works()];
    parts.iter().zip(1..).find_map(|(works, part)| (!works).then_some(part)).unwrap_or(0)
}

/// Text of unknown content: what the optimizer could work out beforehand would not be in the program.
fn unknown(text: &str) -> &str {
    core::hint::black_box(text)
}

/// Whether `value` prints as `text`.
fn prints(value: impl core::fmt::Display, text: &str) -> bool {
    use core::fmt::Write;
    let mut out = heapless::String::<1024>::new();
    write!(out, "{value}").is_ok() && out == text
}

/// Whether `value` prints, and prints something.
fn speaks(value: impl core::fmt::Display + core::fmt::Debug) -> bool {
    use core::fmt::Write;
    let mut out = heapless::String::<1024>::new();
    write!(out, "{value}").is_ok() && !out.is_empty() && write!(out, "{value:?}").is_ok()
}
