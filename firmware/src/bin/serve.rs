//! The firmware: HTTP over UART0, a log over UART1.
//!
//! At its start it asks on UART1, with the line `seed?`, for 32 bytes of randomness and 8 bytes of time (seconds since
//! 1970, most significant byte first): this board has neither a generator of random numbers nor a clock that runs
//! without power.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

use board::{Board, TICKS_PER_MS, Timer, Uart, Watchdog};
use cortex_m_rt::entry;
use embedded_io::Write;
use sallet_firmware::app::App;
use sallet_firmware::entropy::{Entropy, SEED};
use sallet_firmware::line::{self, Clock};
use sallet_firmware::log::decimal;
use sallet_firmware::server::{self, Outcome};

#[entry]
fn main() -> ! {
    if let Some(board) = Board::take() {
        let Board { mut line, mut console, timer, watchdog } = board;
        let mut power = Power { timer, watchdog };
        // A second is far more than any stretch of work between two calls of `idle`.
        power.watchdog.start(1_000 * TICKS_PER_MS);
        match run(&mut line, &mut console, &mut power) {
            Ok(never) | Err(never) => match never {},
        }
    }
    loop {
        cortex_m::asm::wfi();
    }
}

fn run(
    line: &mut Uart,
    console: &mut Uart,
    power: &mut Power,
) -> Result<core::convert::Infallible, core::convert::Infallible> {
    let (seed, booted) = ask_for_seed(console, power)?;
    let mut app = App::new(Entropy::new(&seed));
    console.write_all(b"ready\n")?;
    let mut time = Time { now: booted, last: power.ticks(), rest: 0 };
    loop {
        if let Some(outcome) = server::next(line, power, &mut app, time.now(power))? {
            log(console, &outcome)?;
        }
    }
}

fn ask_for_seed(console: &mut Uart, power: &mut Power) -> Result<([u8; SEED], u64), core::convert::Infallible> {
    loop {
        console.write_all(b"seed?\n")?;
        let (mut seed, mut time) = ([0; SEED], [0; 8]);
        let mut got = 0;
        for place in seed.iter_mut().chain(&mut time) {
            let Some(byte) = line::byte_within(console, power, 1_000)? else { break };
            *place = byte;
            got += 1;
        }
        if got == SEED + time.len() {
            return Ok((seed, u64::from_be_bytes(time)));
        }
    }
}

/// Timer and watchdog, as the server sees them.
struct Power {
    timer: Timer,
    watchdog: Watchdog,
}

impl Clock for Power {
    const TICKS_PER_MS: u32 = TICKS_PER_MS;

    fn ticks(&self) -> u32 {
        self.timer.ticks()
    }

    fn idle(&mut self) {
        self.watchdog.feed();
        board::sleep();
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

fn log(console: &mut Uart, outcome: &Outcome) -> Result<(), core::convert::Infallible> {
    let Outcome { status, key, deciding, sending } = *outcome;
    console.write_all(b"status=")?;
    decimal(console, status.into())?;
    console.write_all(b" key=")?;
    console.write_all(key.unwrap_or("-").as_bytes())?;
    console.write_all(b" deciding=")?;
    decimal(console, deciding)?;
    console.write_all(b" sending=")?;
    decimal(console, sending)?;
    console.write_all(b" stack=")?;
    decimal(console, u32::try_from(board::stack::used()).unwrap_or(u32::MAX))?;
    console.write_all(b"\n")
}

/// Nothing that comes over a line leads here; `run flash` shows whether anything at all can.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Not fed any more, the watchdog resets the board.
    loop {
        cortex_m::asm::nop();
    }
}
