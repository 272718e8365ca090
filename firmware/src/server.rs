//! One request after the other.

use embedded_io::{Read, ReadReady, Write};
use sallet_core::{BodyLength, HeadError, RequestHead};

use crate::answer::Answer;
use crate::app::{self, App, BODY_ROOM};
use crate::line::{self, Clock, HEAD_MS, STALL_MS};

/// The longest request head, in bytes; a longer one is answered 431.
pub const HEAD_ROOM: usize = 1024;

/// The most field lines of a request, at 16 bytes of stack each.
pub const FIELDS: usize = 24;

/// What a request came to, for the log.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// The status that was sent.
    pub status: u16,
    /// The id of the key that let the request in.
    pub key: Option<&'static str>,
    /// Ticks from the last byte of the head to the decision, reading a body not counted.
    pub deciding: u32,
    /// Ticks that sending took.
    pub sending: u32,
}

/// Waits for a request, answers it, and says what it came to; `None` when none has begun for a while.
///
/// No byte that comes over the line makes this panic, allocate, or wait for ever.
///
/// # Errors
/// The line's own.
pub fn next<L, C>(line: &mut L, clock: &mut C, app: &mut App, now: u64) -> Result<Option<Outcome>, L::Error>
where
    L: Read + ReadReady + Write,
    C: Clock,
{
    let mut buf = [0; HEAD_ROOM];
    let head = match read_head(line, clock, &mut buf)? {
        Head::None => return Ok(None),
        Head::Whole(len) => buf.get(..len).unwrap_or_default(),
        Head::Stalled => return broken(line, clock, &app::TIMEOUT, 0).map(Some),
        Head::TooLong => return broken(line, clock, &app::HEAD_TOO_LARGE, 0).map(Some),
    };

    let start = clock.ticks();
    // An empty line has been seen, so there is nothing to wait for.
    let head: RequestHead<'_, FIELDS> = match RequestHead::parse(head).and_then(|head| head.ok_or(HeadError::Syntax)) {
        Ok(head) => head,
        Err(error) => {
            let deciding = clock.ticks().wrapping_sub(start);
            return broken(line, clock, &app::unusable(error), deciding).map(Some);
        }
    };
    let with_body = head.method() != "HEAD";
    let routed = app.route(head.method(), head.path(), head.field_lines("authorization"), now);
    let mut deciding = clock.ticks().wrapping_sub(start);

    let length = match head.body() {
        BodyLength::Bytes(length) => usize::try_from(length).unwrap_or(usize::MAX),
        BodyLength::Coded => return broken(line, clock, &app::LENGTH_REQUIRED, deciding).map(Some),
    };
    let (route, key) = match routed {
        Ok(routed) => routed,
        Err(refusal) => {
            // Who may not come in is not read on. The body would be taken for the next request.
            if length > 0 {
                line::until_quiet(line, clock)?;
            }
            return send(line, clock, &refusal, with_body, deciding).map(Some);
        }
    };
    let mut body = [0; BODY_ROOM];
    let Some(body) = body.get_mut(..length) else {
        let answer = Answer { key, ..app::TOO_LARGE };
        return broken(line, clock, &answer, deciding).map(Some);
    };
    if length > 0 && head.field_lines("expect").next().is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"))
    {
        line.write_all(app::CONTINUE)?;
    }
    for byte in body.iter_mut() {
        match line::byte_within(line, clock, STALL_MS)? {
            Some(read) => *byte = read,
            None => return broken(line, clock, &app::TIMEOUT, deciding).map(Some),
        }
    }

    let start = clock.ticks();
    let answer = Answer { key, ..app.answer(route, body) };
    deciding = deciding.wrapping_add(clock.ticks().wrapping_sub(start));
    send(line, clock, &answer, with_body, deciding).map(Some)
}

enum Head {
    None,
    Whole(usize),
    Stalled,
    TooLong,
}

/// Reads up to the empty line that ends a head, and not a byte more.
fn read_head<L: Read + ReadReady>(
    line: &mut L,
    clock: &mut impl Clock,
    buf: &mut [u8; HEAD_ROOM],
) -> Result<Head, L::Error> {
    let mut len = 0;
    let (mut start, mut line_len) = (clock.ticks(), 0_usize);
    loop {
        let Some(byte) = line::byte_within(line, clock, STALL_MS)? else {
            return Ok(if len == 0 { Head::None } else { Head::Stalled });
        };
        // RFC 9112 section 2.2: empty lines in front of a request are skipped.
        if len == 0 {
            start = clock.ticks();
            if matches!(byte, b'\r' | b'\n') {
                continue;
            }
        }
        let Some(place) = buf.get_mut(len) else { return Ok(Head::TooLong) };
        *place = byte;
        len += 1;
        match byte {
            b'\n' if line_len == 0 => return Ok(Head::Whole(len)),
            b'\n' => line_len = 0,
            b'\r' => {}
            _ => line_len += 1,
        }
        if line::elapsed_ms(clock, start) >= HEAD_MS {
            return Ok(Head::Stalled);
        }
    }
}

/// Answers a request after which the start of the next one is not known.
fn broken<L, C>(line: &mut L, clock: &mut C, answer: &Answer, deciding: u32) -> Result<Outcome, L::Error>
where
    L: Read + ReadReady + Write,
    C: Clock,
{
    // Before the answer and not after it: a client that has it may send the next request at once.
    line::until_quiet(line, clock)?;
    send(line, clock, answer, true, deciding)
}

fn send<L: Write>(
    line: &mut L,
    clock: &impl Clock,
    answer: &Answer,
    with_body: bool,
    deciding: u32,
) -> Result<Outcome, L::Error> {
    let start = clock.ticks();
    answer.send(line, with_body)?;
    let sending = clock.ticks().wrapping_sub(start);
    Ok(Outcome { status: answer.status, key: answer.key, deciding, sending })
}
