//! A request head: method, path, the one Authorization line.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use sallet_core::RequestHead;

sallet_firmware::measure!(|_, head, _| {
    if let Ok(Some(head)) = RequestHead::<24>::parse(head) {
        core::hint::black_box((head.method(), head.path(), head.body(), head.field_lines("authorization").next()));
    }
});
