//! Answers to refused requests, rendered as they are sent: those of hundreds of cases would not fit into flash.

use sallet_core::Cursor;
use sallet_core::auth::{Alternatives, Challenge, Reason, Refusal};
use sallet_firmware::answer::{Policy, Reply};

use crate::joined::ROOM;

/// The answer of the requirement at `decided`, or of none, in `room`: a status, a line for each challenge, and the body.
pub(crate) fn answer<'r>(
    room: &'r mut [u8; ROOM],
    needs: Alternatives,
    decided: Option<usize>,
    reason: Reason,
) -> Reply<'r> {
    let refusal = reason.refusal();
    let mut out = Cursor::new(room);
    put_start(&mut out, needs, decided, refusal);
    let start = out.written();
    refusal.render_body(&mut out);
    let (start, body) = out.finish().ok().and_then(|text| text.split_at_checked(start)).unwrap_or_default();
    Reply {
        status: refusal.status(),
        start,
        policy: Policy::Block(""),
        body,
        rest: b"",
        key: None,
        reason: Some(reason),
    }
}

fn put_start(out: &mut Cursor<'_>, needs: Alternatives, decided: Option<usize>, refusal: Refusal) {
    out.put(b"HTTP/1.1 ");
    out.put_decimal(u64::from(refusal.status()));
    out.put(b" \r\ncontent-length: ");
    out.put_decimal(refusal.body_len() as u64);
    out.put(b"\r\n");
    let mut field = |name: &str, render: &dyn Fn(&mut Cursor<'_>)| {
        out.put(name.as_bytes());
        out.put(b": ");
        render(out);
        out.put(b"\r\n");
    };
    for challenge in needs.challenges(decided, refusal) {
        field(Challenge::FIELD, &|out| challenge.render(out));
    }
    for (name, value) in Refusal::FIELDS {
        field(name, &|out| out.put(value.as_bytes()));
    }
}
