//! Percent-encoding (RFC 3986 section 2.1), read without a buffer.

/// The bytes that `path` stands for. A `%` without two hexadecimal digits stands for itself.
pub(crate) fn decoded(path: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = path;
    core::iter::from_fn(move || {
        let (&first, tail) = rest.split_first()?;
        rest = tail;
        if first == b'%'
            && let [high, low, after @ ..] = tail
            && let Some(byte) = encoded(*high, *low)
        {
            rest = after;
            return Some(byte);
        }
        Some(first)
    })
}

/// The byte of two hexadecimal digits, of either case.
pub(crate) const fn encoded(high: u8, low: u8) -> Option<u8> {
    match (hex(high), hex(low)) {
        (Some(high), Some(low)) => Some(high << 4 | low),
        _ => None,
    }
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// The characters of UTF-8, `None` once for each byte that begins none.
pub(crate) fn chars(mut bytes: impl Iterator<Item = u8>) -> impl Iterator<Item = Option<char>> {
    core::iter::from_fn(move || {
        let first = bytes.next()?;
        if first.is_ascii() {
            return Some(Some(char::from(first)));
        }
        let len = match first {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return Some(None),
        };
        let mut buf = [first, 0, 0, 0];
        for slot in buf.iter_mut().take(len).skip(1) {
            // What is cut short ends the text with a byte that is none of UTF-8.
            *slot = bytes.next().unwrap_or_default();
        }
        Some(core::str::from_utf8(buf.get(..len)?).ok().and_then(|text| text.chars().next()))
    })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    #[test]
    fn decodes_once() {
        let of = |path: &str| decoded(path.as_bytes()).collect::<Vec<_>>();
        assert_eq!(of("/a%2Fb%2f%c3%A9"), "/a/b/é".as_bytes());
        assert_eq!(of("%2561%"), b"%61%");
        assert_eq!(of("%zz%4"), b"%zz%4");
    }

    #[test]
    fn characters_are_those_of_the_standard_library() {
        for text in ["", "aé€𝄞z", "/ß/\u{85}"] {
            assert_eq!(chars(text.bytes()).collect::<Option<String>>().as_deref(), Some(text));
        }
        for bad in
            [&b"\x80"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"a\xe2\x82", b"\xe2a\xac", b"\xff"]
        {
            assert!(chars(bad.iter().copied()).any(|char| char.is_none()), "{bad:?}");
        }
    }
}
