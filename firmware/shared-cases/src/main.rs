//! The board as a host of the shared case table: what `cases/*.json` says of a policy and of a request, it must do.
//!
//! The loop, the line and the answers are those of the firmware; policies, rules and keys are constants that `build.rs`
//! has written. Before each request it asks on the console, with the line `case?`, for the table (0 headers, 1 auth, 2 paths),
//! the number of the case (2 bytes), and the time (seconds since 1970, 8 bytes), most significant first.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

mod admitted;
mod cases;
mod host;
mod joined;
mod refused;

use core::convert::Infallible;

use board::{Board, Uart};
use cortex_m_rt::entry;
use embedded_io::Write;
use host::Host;
use sallet_core::auth::Credentials;
use sallet_firmware::entropy::Entropy;
use sallet_firmware::power::Power;
use sallet_firmware::{console, server};

/// The table has the longest `Authorization` that is read, and a longer one.
const HEAD_ROOM: usize = Credentials::MAX_LEN + 1024;

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
    let (seed, _) = console::ask_seed(console, power)?;
    let mut host = Host::new(Entropy::new(&seed));
    console.write_all(b"ready\n")?;
    let mut head = [0; HEAD_ROOM];
    loop {
        let [table, high, low, now @ ..] = console::ask::<11, _>(console, power, b"case?\n")?;
        host.set_up(table, u16::from_be_bytes([high, low]));
        let outcome = loop {
            if let Some(outcome) = server::next(line, power, &mut host, &mut head, u64::from_be_bytes(now))? {
                break outcome;
            }
        };
        console::log(console, &outcome, board::stack::used())?;
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Not fed any more, the watchdog resets the board.
    loop {
        cortex_m::asm::nop();
    }
}
