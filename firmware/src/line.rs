//! Reading from a line that may fall silent, or carry noise.
//!
//! A UART has no connections: nothing says that the peer has gone, or where the next request begins once one was
//! broken. As in Modbus RTU, silence does. Every wait here is bounded, and every loop calls [`Clock::idle`] when it
//! has nothing to do, which feeds the watchdog.

use embedded_io::{Read, ReadReady};

/// What the server needs of the board.
pub trait Clock {
    /// How many ticks pass in a millisecond.
    const TICKS_PER_MS: u32;

    /// Ticks since the start, going round.
    fn ticks(&self) -> u32;

    /// Called when there is nothing to do, and at least once for each [`STRIDE`] bytes: sleep if the board can, for a
    /// millisecond at most, and feed the watchdog.
    fn idle(&mut self);
}

/// A peer that stops in the middle of a request has this long to go on.
pub const STALL_MS: u32 = 500;

/// And this long for the whole head, however it trickles.
pub const HEAD_MS: u32 = 5_000;

/// So much silence ends a broken request.
pub const QUIET_MS: u32 = 20;

/// How many bytes are thrown away between two calls of [`Clock::idle`].
pub const STRIDE: u32 = 256;

/// The next byte, or `None` after so much silence.
///
/// Silence is what was looked for once in each of so many milliseconds. The clock alone may run on while the program is
/// stopped, by a debugger or by whoever emulates the board, and bytes that came meanwhile are no silence.
///
/// # Errors
/// The line's own.
pub fn byte_within<L: Read + ReadReady>(line: &mut L, clock: &mut impl Clock, ms: u32) -> Result<Option<u8>, L::Error> {
    let start = clock.ticks();
    let mut looks = 0;
    while !line.read_ready()? {
        if looks >= ms && elapsed_ms(clock, start) >= ms {
            return Ok(None);
        }
        clock.idle();
        looks += 1;
    }
    let mut byte = [0];
    let read = line.read(&mut byte)?;
    Ok(if read == 0 { None } else { byte.first().copied() })
}

/// Throws away what comes until the line has been silent for [`QUIET_MS`].
///
/// # Errors
/// The line's own.
pub fn until_quiet<L: Read + ReadReady>(line: &mut L, clock: &mut impl Clock) -> Result<(), L::Error> {
    let mut stride = 0;
    while byte_within(line, clock, QUIET_MS)?.is_some() {
        stride += 1;
        if stride == STRIDE {
            clock.idle();
            stride = 0;
        }
    }
    Ok(())
}

/// Milliseconds since `start`, a value of [`Clock::ticks`].
pub fn elapsed_ms<C: Clock>(clock: &C, start: u32) -> u32 {
    clock.ticks().wrapping_sub(start) / const { C::TICKS_PER_MS }
}
