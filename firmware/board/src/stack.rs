//! How much stack has been used since the reset.
#![allow(unsafe_code)]

use core::ptr::addr_of;

/// What `cortex-m-rt` fills the stack with before `main` (its feature `paint-stack`).
const PAINT: u32 = cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    static _stack_start: u32;
    static _stack_end: u32;
}

/// The most bytes that the stack has ever held: all but the paint that is left at its far end.
pub fn used() -> usize {
    let (start, mut at) = (addr_of!(_stack_start), addr_of!(_stack_end));
    // SAFETY: the linker script puts whole words of RAM between the two symbols, all of them written by the paint
    // before `main`. They are read as bytes of memory, never as the variables that may live there: volatile, and
    // nothing is done with a word but comparing it.
    while at < start && unsafe { at.read_volatile() } == PAINT {
        at = at.wrapping_add(1);
    }
    start.addr() - at.addr()
}
