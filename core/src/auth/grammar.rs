//! The character classes of RFC 9110 and RFC 6750 that only credentials need.
//!
//! Token characters are classed by arithmetic, not by a table: an address computed from a byte of a secret is the
//! classic cache side channel.

use crate::text::is_ows;

/// All ones for one character of a token68 before the padding, else zero.
///
/// As masks, because Thumb-1 has no instruction that turns a comparison into a number: at `opt-level = 3` LLVM makes
/// branches of `|`s of comparisons there. `-` `.` `/` and the digits are neighbours in ASCII.
const fn token68_char(byte: u8) -> i32 {
    within(byte, b'-', b'9')
        | within(byte | 0x20, b'a', b'z')
        | within(byte, b'_', b'_')
        | within(byte, b'~', b'~')
        | within(byte, b'+', b'+')
}

/// All ones when `first <= byte <= last`, else zero: of two differences, both are negative exactly then.
const fn within(byte: u8, first: u8, last: u8) -> i32 {
    let (byte, first, last) = (byte as i32, first as i32, last as i32);
    ((first - 1 - byte) & (byte - last - 1)) >> 31
}

/// RFC 9110 section 11.2: `token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`, which is also
/// RFC 6750's `b64token`.
///
/// Every byte before the padding is looked at, whatever was found before it.
pub(crate) fn is_token68(text: &[u8]) -> bool {
    let mut body = text;
    while let [rest @ .., b'='] = body {
        body = rest;
    }
    let good = body.iter().fold(-1, |good, &byte| good & token68_char(byte));
    (good != 0) & !body.is_empty()
}

/// RFC 9110 section 5.6.4: `qdtext`.
pub(crate) const fn is_qdtext(byte: u8) -> bool {
    matches!(byte, b'\t' | b' ' | 0x21 | 0x23..=0x5b | 0x5d..=0x7e | 0x80..=0xff)
}

/// RFC 9110 section 5.6.4: what may follow the backslash of a `quoted-pair`.
pub(crate) const fn is_quotable(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=0x7e | 0x80..=0xff)
}

/// RFC 6749 section 3.3: one character of a `scope-token`. No quote and no backslash, so never in need of escaping.
pub(crate) const fn is_scope_char(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

/// Without the spaces and tabs around it, as RFC 9110 section 5.5 has field values read.
pub(crate) const fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text {
        if !is_ows(*first) {
            break;
        }
        text = rest;
    }
    while let [rest @ .., last] = text {
        if !is_ows(*last) {
            break;
        }
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_is_the_rfcs() {
        for byte in 0..=255_u8 {
            let listed = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
            assert_eq!(token68_char(byte), -i32::from(listed), "{byte}");
            assert_eq!(is_token68(&[byte]), listed, "{byte}");
            assert_eq!(is_token68(&[b'a', byte, b'a']), listed, "{byte}");
        }
        assert!(is_token68(b"a==") && !is_token68(b"==") && !is_token68(b"") && !is_token68(b"a=a"));
    }
}
