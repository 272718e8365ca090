//! A program that defines no global allocator and serves one request with sallet-core: `../../no_alloc.rs` builds and runs it.
//!
//! Rustc asks for an allocator as soon as any linked crate says `extern crate alloc`, whatever is called of it. So what is not called
//! here is proved as well.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

#[cfg(feature = "allocate")]
extern crate alloc;

use core::hint::black_box;

use sallet_core::auth::{AuthScheme, Key, Keyring, Realm, Requirement, Scopes};
use sallet_core::{RequestHead, SecurityHeaders, digest_hex};

/// The token is `abc`.
static KEYS: Keyring = Keyring::new(&[
    Key::new("ci", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")).scopes("items:read"),
]);
const READ: Requirement = Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::new("items:read"));

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Nowhere to go without std; the test stops a program that hangs.
    loop {}
}

/// 0 when the request is let in, and its response has its headers.
#[expect(unsafe_code, reason = "the C runtime looks for a symbol of this name; no unsafe code runs")]
#[unsafe(no_mangle)]
extern "C" fn main() -> core::ffi::c_int {
    #[cfg(feature = "allocate")]
    black_box(alloc::boxed::Box::new(1));

    let request = black_box(b"GET /items HTTP/1.1\r\nhost: device\r\nauthorization: Bearer abc\r\n\r\n");
    let Ok(Some(head)) = RequestHead::<16>::parse(request) else { return 1 };
    let Ok(key) = READ.verdict(&KEYS, &head, 0) else { return 2 };
    let Ok(block) = SecurityHeaders::API.to_vec::<2048>() else { return 3 };
    if key.id == "ci" && block.starts_with(b"content-security-policy: default-src 'none'") { 0 } else { 4 }
}
