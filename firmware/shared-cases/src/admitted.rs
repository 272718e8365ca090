//! Answers to admitted requests: what an app says that sees a key, and tells caches what the case has it tell them.

use sallet_core::Cursor;
use sallet_core::auth::Key;
use sallet_core::merge::{ForOne, PRIVATE, Privacy, made_private};
use sallet_firmware::answer::{Policy, Reply};

use crate::joined::ROOM;

/// The answer, in `room`: `caching` are the app's lines, of which there are fewer than 32.
pub(crate) fn answer<'r>(
    room: &'r mut [u8; ROOM],
    key: &'static Key,
    privacy: Privacy,
    caching: &[(&str, &str)],
) -> Reply<'r> {
    let mut out = Cursor::new(room);
    out.put(b"HTTP/1.1 200 OK\r\ncontent-length: ");
    out.put_decimal((key.id.len() + 1 + key.principal.len()) as u64);
    out.put(b"\r\n");
    put_caching(&mut out, privacy, caching);
    let start = out.written();
    for text in [key.id, "/", key.principal] {
        out.put(text.as_bytes());
    }
    let (start, body) = out.finish().ok().and_then(|text| text.split_at_checked(start)).unwrap_or_default();
    Reply { status: 200, start, policy: Policy::Block(""), body, rest: b"", key: Some(key.id), reason: None }
}

fn put_caching(out: &mut Cursor<'_>, privacy: Privacy, caching: &[(&str, &str)]) {
    let (mut for_one, mut shared) = (ForOne::new(privacy), 0_u32);
    for (at, (name, value)) in caching.iter().enumerate() {
        shared |= u32::from(for_one.line(name.as_bytes(), value.as_bytes())) << at;
    }
    let mut field = |name: &str, parts: [&[u8]; 3]| {
        for part in [&[name.as_bytes(), b": "], &parts[..], &[b"\r\n"]].into_iter().flatten() {
            out.put(part);
        }
    };
    for (at, (name, value)) in caching.iter().enumerate() {
        let private = shared >> at & 1 == 1 && for_one.makes_private(name.as_bytes());
        let value = value.as_bytes();
        field(name, if private { made_private(name.as_bytes(), value) } else { [b"", value, b""] });
    }
    if for_one.adds_private() {
        field(PRIVATE.0, [b"", PRIVATE.1.as_bytes(), b""]);
    }
}
