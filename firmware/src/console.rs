//! The second line: questions to whoever starts the board, and a log.

use embedded_io::{Read, ReadReady, Write};

use crate::entropy::SEED;
use crate::line::{self, Clock};
use crate::server::Outcome;

/// Asks for randomness and for the time, in seconds since 1970: with `seed?`, for 32 bytes and 8.
///
/// # Errors
/// The console's own.
pub fn ask_seed<U: Read + ReadReady + Write>(
    console: &mut U,
    clock: &mut impl Clock,
) -> Result<([u8; SEED], u64), U::Error> {
    let answer: [u8; SEED + 8] = ask(console, clock, b"seed?\n")?;
    let (mut seed, mut time) = ([0; SEED], [0; 8]);
    for (to, from) in seed.iter_mut().chain(&mut time).zip(answer) {
        *to = from;
    }
    Ok((seed, u64::from_be_bytes(time)))
}

/// Asks until the answer comes in one piece.
///
/// # Errors
/// The console's own.
pub fn ask<const N: usize, U: Read + ReadReady + Write>(
    console: &mut U,
    clock: &mut impl Clock,
    question: &[u8],
) -> Result<[u8; N], U::Error> {
    loop {
        console.write_all(question)?;
        let mut answer = [0; N];
        let mut got = 0;
        for place in &mut answer {
            let Some(byte) = line::byte_within(console, clock, 1_000)? else { break };
            *place = byte;
            got += 1;
        }
        if got == N {
            return Ok(answer);
        }
    }
}

/// One line for one request: `status=401 key=- deciding=86195 sending=32115 stack=3252 reason=no key matches the credentials`. Times are
/// in ticks, `stack` is the most that was ever in use, and the reason is there where credentials were refused.
///
/// # Errors
/// The console's own.
pub fn log<W: Write>(console: &mut W, outcome: &Outcome, stack: usize) -> Result<(), W::Error> {
    let Outcome { status, key, reason, deciding, sending } = *outcome;
    console.write_all(b"status=")?;
    decimal(console, status.into())?;
    console.write_all(b" key=")?;
    console.write_all(key.unwrap_or("-").as_bytes())?;
    console.write_all(b" deciding=")?;
    decimal(console, deciding)?;
    console.write_all(b" sending=")?;
    decimal(console, sending)?;
    console.write_all(b" stack=")?;
    decimal(console, u32::try_from(stack).unwrap_or(u32::MAX))?;
    if let Some(reason) = reason {
        console.write_all(b" reason=")?;
        console.write_all(reason.message().as_bytes())?;
    }
    console.write_all(b"\n")
}

/// Writes a number in decimal, without the formatting machinery of `core::fmt`.
///
/// # Errors
/// The writer's own.
pub fn decimal<W: Write>(out: &mut W, value: u32) -> Result<(), W::Error> {
    let mut digits = [0; 10]; // u32::MAX has 10
    let (mut value, mut start) = (value, digits.len());
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
        start -= 1;
        if value == 0 {
            break;
        }
    }
    out.write_all(digits.get(start..).unwrap_or_default())
}
