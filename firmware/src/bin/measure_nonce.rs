//! A policy with a nonce.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use sallet_firmware::app::PAGE;

sallet_firmware::measure!(|console, head, _| {
    let mut entropy = [0; sallet_core::NONCE_ENTROPY];
    entropy.iter_mut().zip(head).for_each(|(to, from)| *to = *from);
    let Ok(()) = PAGE.send(&sallet_core::Nonce::new(entropy), console);
});
