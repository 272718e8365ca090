//! Paths that nobody on the way can read as another one.

use crate::percent::{chars, decoded, encoded};

/// Whether a path as it was sent is plain; what that means is told in [`paths`](super).
///
/// A byte outside ASCII must come encoded: sent as it is, readers differ on its character set. Its digits must be capitals, as
/// RFC 3986 section 2.1 has producers write them: `%c3` is the same byte, but another path to a router that compares what was
/// sent.
pub(super) fn is_plain(raw: &[u8]) -> bool {
    let (mut rest, mut is_encoded) = (raw, false);
    while let [byte, tail @ ..] = rest {
        rest = match (*byte, tail) {
            (b'%', [high, low, tail @ ..])
                if !(high.is_ascii_lowercase() || low.is_ascii_lowercase())
                    && encoded(*high, *low).is_some_and(must_be_encoded) =>
            {
                is_encoded = true;
                tail
            }
            // Two spellings of one path are two paths to a router that compares what was sent.
            (byte, _) if MAY_STAND[usize::from(byte)] => tail,
            _ => return false,
        };
    }
    has_plain_segments(raw)
        && (!is_encoded || chars(decoded(raw)).all(|char| char.is_some_and(|char| !char.is_control())))
}

/// Whether a path that the host has decoded is plain. A `%` in it was `%25`, or is a stray one.
pub(super) fn is_plain_decoded(path: &str) -> bool {
    has_plain_segments(path.as_bytes()) && path.chars().all(|char| char != '%' && !char.is_control())
}

/// What stands in a path by itself: `/` and the `pchar` of RFC 3986 section 3.3, but for what is encoded. `;` is refused by its
/// own rule. A table, because a path is no secret.
static MAY_STAND: [bool; 256] = {
    let (marks, mut table, mut i) = (b"-._~!$&'()*+,;=:@/", [false; 256], 0);
    while i < marks.len() {
        table[marks[i] as usize] = true;
        i += 1;
    }
    let mut byte = 0;
    while byte < 0x80_u8 {
        table[byte as usize] |= byte.is_ascii_alphanumeric();
        byte += 1;
    }
    table
};

/// What is no `pchar` comes encoded. Of these a backslash is taken for a separator, and `%` hides an encoding; controls are
/// refused once they are decoded.
fn must_be_encoded(byte: u8) -> bool {
    !MAY_STAND[usize::from(byte)] && !matches!(byte, b'\\' | b'%')
}

/// Segments that begin with `/` and are neither empty, but for the last, nor dots, and hold no `;` and no backslash.
pub(super) const fn has_plain_segments(path: &[u8]) -> bool {
    let [b'/', ..] = path else { return false };
    let mut rest = path;
    while let [byte, tail @ ..] = rest {
        match (*byte, tail) {
            (b'\\' | b';', _) => return false,
            // An empty segment, `.` or `..`. A slash at the very end begins none.
            (b'/', [b'/', ..] | [b'.'] | [b'.', b'/', ..] | [b'.', b'.'] | [b'.', b'.', b'/', ..]) => return false,
            _ => {}
        }
        rest = tail;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoded_ascii_byte() {
        for byte in 0..=0x7f_u8 {
            let raw =
                [b'/', b'%', b"0123456789abcdef"[usize::from(byte >> 4)], b"0123456789ABCDEF"[usize::from(byte & 15)]];
            assert_eq!(is_plain(&raw), b" \"#<>?[]^`{|}".contains(&byte), "{byte:#x}");
        }
    }

    #[test]
    fn as_sent() {
        for plain in ["/", "/a", "/a/", "/a/.b/..c/...", "/caf%C3%A9", "/a%20b", "/%F0%9D%84%9E", "/a:@!$&'()*+,=~-._"]
        {
            assert!(is_plain(plain.as_bytes()), "{plain}");
        }
        for bent in [
            "",
            "a",
            "*",
            "http://a.example/",
            "//",
            "/a//b",
            "/.",
            "/..",
            "/a/./b",
            "/a/../b",
            "/a;b",
            "/a\\b",
            "/%68",
            "/%2F",
            "/%2f",
            "/%5C",
            "/%25",
            "/%2561",
            "/%2e",
            "/%00",
            "/%0a",
            "/%7F",
            "/a\u{7f}",
            "/a\0",
            "/%",
            "/%4",
            "/%zz",
            "/é",
            "/%C3",
            "/%C3/a",
            "/caf%c3%a9",
            "/a|b",
            "/[id]",
            "/a b",
            "/caf%C3%a9",
            "/%C0%AF",
            "/%C2%85",
            "/%ED%A0%80",
            "/%3B",
            "/%2A",
        ] {
            assert!(!is_plain(bent.as_bytes()), "{bent:?}");
        }
    }

    #[test]
    fn as_decoded() {
        for plain in ["/", "/café/", "/a b?c#d", "/..."] {
            assert!(is_plain_decoded(plain), "{plain}");
        }
        for bent in ["", "a", "/a//", "/a/..", "/a%", "/%61", "/a;", "/\\", "/a\n", "/a\u{85}", "/a\u{7f}"] {
            assert!(!is_plain_decoded(bent), "{bent:?}");
        }
    }
}
