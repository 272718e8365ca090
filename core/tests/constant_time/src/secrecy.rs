//! What memcheck is told about memory.
//!
//! Memcheck follows each bit that was never written through loads, stores and arithmetic, and reports where one decides
//! a branch or an address. Call the secrets never written, and its reports are the places where a secret can show in time.

use std::ffi::c_void;
use std::hint::black_box;

use crabgrind::memcheck::{MemState, mark_mem};

/// The value, a secret from here on. Use what is returned: the compiler may still know the value by its old name.
pub fn hide<T: ?Sized>(value: &T) -> &T {
    let value = black_box(value);
    mark(std::ptr::from_ref(value).cast_mut().cast(), size_of_val(value), MemState::Undefined);
    black_box(value)
}

/// The value, known to everybody from here on: the verdict, once it has been reached.
pub fn publish<T>(mut value: T) -> T {
    mark((&raw mut value).cast(), size_of::<T>(), MemState::Defined);
    value
}

fn mark(start: *mut c_void, len: usize, state: MemState) {
    // What it returns is of no use: this version takes Valgrind's -1, done, for a failure. That the marks are made is
    // what the controls show.
    let _ = mark_mem(start, len, state);
}
