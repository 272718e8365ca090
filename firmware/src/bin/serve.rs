//! The firmware: HTTP over UART0, a log over UART1.
//!
//! At its start it asks on UART1, with the line `seed?`, for 32 bytes of randomness and 8 bytes of time (seconds since
//! 1970, most significant byte first): this board has neither a generator of random numbers nor a clock that runs
//! without power.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use core::convert::Infallible;

use board::{Board, TICKS_PER_MS, Uart};
use cortex_m_rt::entry;
use embedded_io::Write;
use sallet_firmware::app::Device;
use sallet_firmware::console;
use sallet_firmware::entropy::Entropy;
use sallet_firmware::line::Clock;
use sallet_firmware::power::Power;
use sallet_firmware::server::{self, HEAD_ROOM};

#[entry]
fn main() -> ! {
    if let Some(Board { mut line, mut console, timer, watchdog }) = Board::take() {
        match run(&mut line, &mut console, &mut Power::on(timer, watchdog)) {
            Ok(never) | Err(never) => match never {},
        }
    }
    loop {
        cortex_m::asm::wfi();
    }
}

fn run(line: &mut Uart, console: &mut Uart, power: &mut Power) -> Result<Infallible, Infallible> {
    let (seed, booted) = console::ask_seed(console, power)?;
    let mut device = Device::new(Entropy::new(&seed));
    console.write_all(b"ready\n")?;
    let mut time = Time { now: booted, last: power.ticks(), rest: 0 };
    let mut head = [0; HEAD_ROOM];
    loop {
        let now = time.now(power);
        if let Some(outcome) = server::next(line, power, &mut device, &mut head, now)? {
            console::log(console, &outcome, board::stack::used())?;
        }
    }
}

/// Seconds since 1970, from those at the start. Asked more often than the timer goes round (every 171 s): after each
/// request, and when none came for half a second.
struct Time {
    now: u64,
    last: u32,
    rest: u32,
}

impl Time {
    fn now(&mut self, clock: &impl Clock) -> u64 {
        const SECOND: u32 = 1_000 * TICKS_PER_MS;
        let ticks = clock.ticks();
        self.rest = self.rest.saturating_add(ticks.wrapping_sub(self.last));
        self.last = ticks;
        while self.rest >= SECOND {
            self.rest -= SECOND;
            self.now = self.now.saturating_add(1);
        }
        self.now
    }
}

/// Nothing that comes over a line leads here; `run flash` shows whether anything at all can.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Not fed any more, the watchdog resets the board.
    loop {
        cortex_m::asm::nop();
    }
}
