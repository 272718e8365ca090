//! The Arm MPS2 with FPGA image AN385 (a Cortex-M3 with CMSDK peripherals), as far as the firmware needs it.
//!
//! **All `unsafe` code of the firmware is in this crate**, in [`register`] and [`stack`]: no published crate drives
//! these peripherals, and a register is memory that only `read_volatile` and `write_volatile` may touch. Everything
//! above forbids `unsafe`.
#![no_std]
#![deny(unsafe_code)]

mod register;
pub mod stack;
mod timer;
mod uart;
mod watchdog;

pub use timer::Timer;
pub use uart::Uart;
pub use watchdog::Watchdog;

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{Peripherals, SCB};
use register::Registers;

/// Both the processor and the peripherals run at 25 MHz.
pub const TICKS_PER_MS: u32 = 25_000;

/// What the board has.
#[derive(Debug)]
pub struct Board {
    /// UART0: the line that HTTP comes over.
    pub line: Uart,
    /// UART1: log out, seed in.
    pub console: Uart,
    /// Counts every tick of the clock.
    pub timer: Timer,
    /// Resets the board when it is not fed: every loop that waits must.
    pub watchdog: Watchdog,
}

impl Board {
    /// The board, once; `None` after that.
    pub fn take() -> Option<Self> {
        let mut core = Peripherals::take()?;
        // Nothing here handles interrupts. A pending one still ends `wfi`, which is all that is wanted of it.
        cortex_m::interrupt::disable();
        core.SYST.set_clock_source(SystClkSource::Core);
        core.SYST.set_reload(TICKS_PER_MS - 1);
        core.SYST.clear_current();
        core.SYST.enable_interrupt();
        core.SYST.enable_counter();
        let mut nvic = Registers::NVIC;
        nvic.write::<ISER0>(RECEIVED);
        Some(Self {
            timer: Timer::start(Registers::TIMER0),
            line: Uart::open(Registers::UART0),
            console: Uart::open(Registers::UART1),
            watchdog: Watchdog::new(Registers::WATCHDOG),
        })
    }
}

/// The interrupts of received bytes: UART0 has number 0, UART1 number 2.
const RECEIVED: u32 = 1 << 0 | 1 << 2;
const ISER0: usize = 0x100;
const ICPR0: usize = 0x280;

/// Sleeps until a byte comes, and for a millisecond at most.
pub fn sleep() {
    cortex_m::asm::wfi();
    // One that comes from here on is pending again, and the next `wfi` does not wait.
    uart::clear_interrupt(Registers::UART0);
    uart::clear_interrupt(Registers::UART1);
    let mut nvic = Registers::NVIC;
    nvic.write::<ICPR0>(RECEIVED);
    SCB::clear_pendst();
}
