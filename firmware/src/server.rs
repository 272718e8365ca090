//! One request after the other.

use embedded_io::{Read, ReadReady, Write};
use sallet_core::auth::Reason;
use sallet_core::{BodyLength, HeadError, RequestHead};

use crate::answer::{Answer, Reply};
use crate::line::{self, Clock, HEAD_MS, STALL_MS};

/// The longest request head, in bytes; a longer one is answered 431.
pub const HEAD_ROOM: usize = 1024;

/// The longest body that is read, in bytes.
pub const BODY_ROOM: usize = 64;

/// RFC 9110 section 10.1.1: an interim answer has no fields.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The most field lines of a request, at 16 bytes of stack each.
pub const FIELDS: usize = 24;

/// The head of a request.
pub type Head<'b> = RequestHead<'b, FIELDS>;

/// What is served.
pub trait App {
    /// What a request that was let in is about.
    type Route;

    /// What the server itself has to say.
    const OWN_ANSWERS: &'static OwnAnswers;

    /// Which route a request may use, and with the id of which key; or the answer that says why not. The body has not
    /// been read yet.
    ///
    /// # Errors
    /// The answer.
    fn route(&self, head: &Head<'_>, now: u64) -> Result<(Self::Route, Option<&'static str>), Answer>;

    /// Does what the route is for.
    fn answer(&mut self, route: Self::Route, body: &[u8]) -> Reply<'_>;
}

/// The answers to requests that come to no route, under the policy of what is served.
#[derive(Debug)]
pub struct OwnAnswers {
    /// The peer stopped in the middle.
    pub timeout: Answer,
    /// A body without a length.
    pub length_required: Answer,
    /// More than [`BODY_ROOM`].
    pub too_large: Answer,
    /// More than the buffer for it, or too many fields.
    pub head_too_large: Answer,
    /// Not HTTP.
    pub bad_request: Answer,
    /// Not HTTP/1.
    pub version: Answer,
}

impl OwnAnswers {
    /// The answer to a head that cannot be used.
    const fn unusable(&self, error: HeadError) -> &Answer {
        match error.status() {
            431 => &self.head_too_large,
            505 => &self.version,
            _ => &self.bad_request,
        }
    }
}

/// What a request came to, for the log.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// The status that was sent.
    pub status: u16,
    /// The id of the key that let the request in.
    pub key: Option<&'static str>,
    /// Why no key did, where one is needed.
    pub reason: Option<Reason>,
    /// Ticks from the last byte of the head to the decision, reading a body not counted.
    pub deciding: u32,
    /// Ticks that sending took.
    pub sending: u32,
}

/// Waits for a request, answers it, and says what it came to; `None` when none has begun for a while.
///
/// `buf` is room for the head. No byte that comes over the line makes this panic, allocate, or wait for ever.
///
/// # Errors
/// The line's own.
pub fn next<L, C, A>(
    line: &mut L,
    clock: &mut C,
    app: &mut A,
    buf: &mut [u8],
    now: u64,
) -> Result<Option<Outcome>, L::Error>
where
    L: Read + ReadReady + Write,
    C: Clock,
    A: App,
{
    let head = match read_head(line, clock, buf)? {
        Got::Nothing => return Ok(None),
        Got::Head(len) => buf.get(..len).unwrap_or_default(),
        Got::Part => return broken(line, clock, &A::OWN_ANSWERS.timeout, true, 0).map(Some),
        Got::TooMuch => return broken(line, clock, &A::OWN_ANSWERS.head_too_large, true, 0).map(Some),
    };

    let start = clock.ticks();
    // An empty line has been seen, so there is nothing to wait for.
    let head = match Head::parse(head).and_then(|head| head.ok_or(HeadError::Syntax)) {
        Ok(head) => head,
        Err(error) => {
            let deciding = clock.ticks().wrapping_sub(start);
            return broken(line, clock, A::OWN_ANSWERS.unusable(error), true, deciding).map(Some);
        }
    };
    let with_body = head.method() != "HEAD";
    let routed = app.route(&head, now);
    let mut deciding = clock.ticks().wrapping_sub(start);

    let (route, key) = match routed {
        Ok(routed) => routed,
        Err(refusal) => {
            // Who may not come in is not read on. The body would be taken for the next request.
            if head.body() != BodyLength::Bytes(0) {
                line::until_quiet(line, clock)?;
            }
            return send(line, clock, &refusal, with_body, deciding).map(Some);
        }
    };
    let length = match head.body() {
        BodyLength::Bytes(length) => usize::try_from(length).unwrap_or(usize::MAX),
        BodyLength::Coded => {
            let answer = Answer { key, ..A::OWN_ANSWERS.length_required };
            return broken(line, clock, &answer, with_body, deciding).map(Some);
        }
    };
    let mut body = [0; BODY_ROOM];
    let Some(body) = body.get_mut(..length) else {
        let answer = Answer { key, ..A::OWN_ANSWERS.too_large };
        return broken(line, clock, &answer, with_body, deciding).map(Some);
    };
    if length > 0 && head.field_lines("expect").next().is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"))
    {
        line.write_all(CONTINUE)?;
    }
    for byte in body.iter_mut() {
        match line::byte_within(line, clock, STALL_MS)? {
            Some(read) => *byte = read,
            None => {
                let answer = Answer { key, ..A::OWN_ANSWERS.timeout };
                return broken(line, clock, &answer, with_body, deciding).map(Some);
            }
        }
    }

    let start = clock.ticks();
    let answer = Reply { key, ..app.answer(route, body) };
    deciding = deciding.wrapping_add(clock.ticks().wrapping_sub(start));
    send(line, clock, &answer, with_body, deciding).map(Some)
}

enum Got {
    Nothing,
    Head(usize),
    Part,
    TooMuch,
}

/// Reads up to the empty line that ends a head, and not a byte more. However that line ends: to refuse a head with odd
/// line ends is the parser's work.
fn read_head<L: Read + ReadReady>(line: &mut L, clock: &mut impl Clock, buf: &mut [u8]) -> Result<Got, L::Error> {
    let mut len = 0;
    let (mut start, mut line_len) = (clock.ticks(), 0_usize);
    loop {
        let Some(byte) = line::byte_within(line, clock, STALL_MS)? else {
            return Ok(if len == 0 { Got::Nothing } else { Got::Part });
        };
        if len == 0 {
            start = clock.ticks();
        }
        let Some(place) = buf.get_mut(len) else { return Ok(Got::TooMuch) };
        *place = byte;
        len += 1;
        // RFC 9112 section 2.2: empty lines in front of a request are skipped.
        if len == 2 && buf.starts_with(b"\r\n") {
            len = 0;
            continue;
        }
        match byte {
            b'\n' if line_len == 0 => return Ok(Got::Head(len)),
            b'\n' => line_len = 0,
            b'\r' => {}
            _ => line_len += 1,
        }
        if line::elapsed_ms(clock, start) >= HEAD_MS {
            return Ok(Got::Part);
        }
    }
}

/// Answers a request after which the start of the next one is not known.
fn broken<L, C>(
    line: &mut L,
    clock: &mut C,
    answer: &Answer,
    with_body: bool,
    deciding: u32,
) -> Result<Outcome, L::Error>
where
    L: Read + ReadReady + Write,
    C: Clock,
{
    // Before the answer and not after it: a client that has it may send the next request at once.
    line::until_quiet(line, clock)?;
    send(line, clock, answer, with_body, deciding)
}

fn send<L: Write>(
    line: &mut L,
    clock: &impl Clock,
    answer: &Reply<'_>,
    with_body: bool,
    deciding: u32,
) -> Result<Outcome, L::Error> {
    let start = clock.ticks();
    answer.send(line, with_body)?;
    let sending = clock.ticks().wrapping_sub(start);
    Ok(Outcome { status: answer.status, key: answer.key, reason: answer.reason, deciding, sending })
}
