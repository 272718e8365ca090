//! Memory-mapped registers: the only place that reads or writes an address.
#![allow(unsafe_code)]

use core::ptr::with_exposed_provenance_mut;

/// The registers of one peripheral.
///
/// There are no values but the constants below, so every address that is touched is known to be a peripheral of this
/// board. Two users of one would not be unsound, only confused.
#[derive(Debug)]
pub(crate) struct Registers {
    base: usize,
}

// Arm DAI 0385, "Application Note AN385", section 3; the NVIC is where every Cortex-M has it.
impl Registers {
    pub(crate) const TIMER0: Self = Self { base: 0x4000_0000 };
    pub(crate) const UART0: Self = Self { base: 0x4000_4000 };
    pub(crate) const UART1: Self = Self { base: 0x4000_5000 };
    pub(crate) const WATCHDOG: Self = Self { base: 0x4000_8000 };
    pub(crate) const NVIC: Self = Self { base: 0xe000_e000 };

    /// Each peripheral has 4 KiB.
    const SIZE: usize = 0x1000;

    pub(crate) fn read<const OFFSET: usize>(&self) -> u32 {
        // SAFETY: `pointer` is aligned and inside a peripheral, where any word may be read; volatile, as it changes
        // by itself.
        unsafe { self.pointer::<OFFSET>().read_volatile() }
    }

    pub(crate) fn write<const OFFSET: usize>(&mut self, value: u32) {
        // SAFETY: as in `read`. None of these registers makes a DMA touch memory or the stack move, and interrupts are
        // masked for good (`Board::take`), so enabling one calls no handler: no value breaks what Rust relies on.
        unsafe { self.pointer::<OFFSET>().write_volatile(value) }
    }

    fn pointer<const OFFSET: usize>(&self) -> *mut u32 {
        const { assert!(OFFSET.is_multiple_of(4) && OFFSET < Self::SIZE) }
        with_exposed_provenance_mut(self.base + OFFSET)
    }
}
