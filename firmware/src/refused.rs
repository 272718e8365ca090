//! Answers to requests that are refused: status, challenge, fields and body, all rendered by the compiler.

use sallet_core::Cursor;
use sallet_core::auth::{Challenge, Refusal, Requirement};

use crate::answer::Answer;
use crate::const_text;

/// How many refusals there are.
pub const COUNT: usize = Refusal::ALL.len();

/// The [`Answer`] to each of [`Refusal::ALL`]: `refused!(need, fields, policy)`, all constants; `fields` are pairs of a name and
/// a value.
#[macro_export]
macro_rules! refused {
    ($need:expr, $fields:expr, $policy:expr) => {{
    const STARTS: &[u8] = $crate::const_text!(out => $crate::refused::render_starts(out, $need, $fields));
        static ANSWERS: [$crate::answer::Answer; $crate::refused::COUNT] =
            $crate::refused::answers(STARTS, $need, $fields, $policy);
        &ANSWERS
    }};
}

/// The answer to one refusal, among those that [`refused!`](crate::refused!) made.
pub const fn answer(answers: &[Answer; COUNT], refusal: Refusal) -> Answer {
    // Every index is in the list, which the compiler does not know.
    match answers.split_at_checked(refusal.index()) {
        Some((_, [answer, ..])) => *answer,
        _ => answers[0],
    }
}

/// The bodies, one after the other.
const BODIES: &[u8] = const_text!(out => {
    let mut at = 0;
    while at < COUNT {
        Refusal::ALL[at].render_body(out);
        at += 1;
    }
});

/// Everything in front of the policy, for one refusal after the other.
pub const fn render_starts(out: &mut Cursor<'_>, need: Requirement<&str>, fields: &[(&str, &str)]) {
    let mut at = 0;
    while at < COUNT {
        render_start(out, Refusal::ALL[at], need, fields);
        at += 1;
    }
}

/// The answers, whose texts are parts of `starts` and [`BODIES`].
pub const fn answers(
    mut starts: &'static [u8],
    need: Requirement<&str>,
    fields: &[(&str, &str)],
    policy: &'static str,
) -> [Answer; COUNT] {
    let mut answers = [Answer::fixed(0, b"", policy, b""); COUNT];
    let (mut bodies, mut at) = (BODIES, 0);
    while at < COUNT {
        let refusal = Refusal::ALL[at];
        let mut len = Cursor::new(&mut []);
        render_start(&mut len, refusal, need, fields);
        let (start, other_starts) = starts.split_at(len.written());
        let (body, other_bodies) = bodies.split_at(refusal.body_len());
        answers[at] = Answer::fixed(refusal.status(), start, policy, body);
        (starts, bodies, at) = (other_starts, other_bodies, at + 1);
    }
    answers
}

const fn render_start(out: &mut Cursor<'_>, refusal: Refusal, need: Requirement<&str>, fields: &[(&str, &str)]) {
    out.put(match refusal.status() {
        400 => b"HTTP/1.1 400 Bad Request\r\n",
        401 => b"HTTP/1.1 401 Unauthorized\r\n",
        403 => b"HTTP/1.1 403 Forbidden\r\n",
        429 => b"HTTP/1.1 429 Too Many Requests\r\n",
        _ => b"HTTP/1.1 503 Service Unavailable\r\n",
    });
    if let Some(challenge) = need.challenge(refusal) {
        out.put(Challenge::FIELD.as_bytes());
        out.put(b": ");
        challenge.render(out);
        out.put(b"\r\n");
    }
    let mut at = 0;
    while at < fields.len() {
        out.put(fields[at].0.as_bytes());
        out.put(b": ");
        out.put(fields[at].1.as_bytes());
        out.put(b"\r\n");
        at += 1;
    }
    out.put(b"content-length: ");
    out.put_decimal(refusal.body_len() as u64);
    out.put(b"\r\n");
}
