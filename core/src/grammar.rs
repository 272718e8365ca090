//! The characters of RFC 9110 and the scanners over them: the only ones of this crate.
//!
//! Most are `const fn`s, because a policy is read by the compiler; the standard library's are trait methods, or not `const` yet.
//! Token characters are classed by arithmetic, not by a table: an address computed from a byte of a secret is the classic
//! cache side channel.

/// Same bytes.
pub(crate) const fn eq(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// `text` begins with `prefix`, ignoring ASCII case.
pub(crate) const fn starts_with_ignore_case(text: &str, prefix: &str) -> bool {
    prefix.len() <= text.len() && {
        let (text, prefix) = (text.as_bytes(), prefix.as_bytes());
        text.split_at(prefix.len()).0.eq_ignore_ascii_case(prefix)
    }
}

/// `text[start..end]`; both are character boundaries in every caller, which cut at ASCII bytes.
pub(crate) const fn slice(text: &str, start: usize, end: usize) -> &str {
    text.split_at(end).0.split_at(start).1
}

/// `text` before and from byte `at`, which is next to an ASCII byte; beyond the end, all of it and nothing. Cannot panic.
pub(crate) const fn cut(text: &str, at: usize) -> (&str, &str) {
    match text.split_at_checked(at) {
        Some(halves) => halves,
        None => (text, ""),
    }
}

/// The first position at or after `from` holding `byte`, or the length.
pub(crate) const fn find(text: &str, byte: u8, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut i = from;
    while i < bytes.len() && bytes[i] != byte {
        i += 1;
    }
    i
}

/// Without SP and HTAB at both ends (OWS, RFC 9110 section 5.6.3).
pub(crate) const fn trim(text: &str) -> &str {
    let bytes = text.as_bytes();
    let (mut start, mut end) = (0, bytes.len());
    while start < end && is_ows(bytes[start]) {
        start += 1;
    }
    while end > start && is_ows(bytes[end - 1]) {
        end -= 1;
    }
    slice(text, start, end)
}

pub(crate) const fn is_ows(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `tchar` of RFC 9110 section 5.6.2.
pub(crate) const fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}

/// A whole `token` of RFC 9110 section 5.6.2.
pub(crate) const fn is_token(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if !is_tchar(bytes[i]) {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty()
}

/// `1*DIGIT`, if it is no more than 64 bits; `str::parse` would take a `+` in front.
pub(crate) const fn decimal(mut digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let mut value = 0_u64;
    while let [digit @ b'0'..=b'9', rest @ ..] = digits {
        let Some(tens) = value.checked_mul(10) else { return None };
        let Some(sum) = tens.checked_add((*digit - b'0') as u64) else { return None };
        (value, digits) = (sum, rest);
    }
    if digits.is_empty() { Some(value) } else { None }
}

/// A field value that survives every hop unchanged: visible ASCII with single SP or HTAB inside
/// (RFC 9110 section 5.5; obs-text is left out on purpose, it has no agreed meaning).
pub(crate) const fn is_field_value(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if !(matches!(bytes[i], 0x20..=0x7e) || bytes[i] == b'\t') {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty() && !is_ows(bytes[0]) && !is_ows(bytes[bytes.len() - 1])
}

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

/// Whether there are visible ASCII characters and nothing else (`VCHAR`, RFC 5234 appendix B.1). Every byte is looked at, whatever was
/// found before it.
pub(crate) fn is_visible(text: &[u8]) -> bool {
    text.iter().fold(-1, |good, &byte| good & within(byte, b'!', b'~')) != 0
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

/// [`trim`] for bytes; by patterns, for what firmware runs must not even look as if it could panic.
pub(crate) const fn trim_bytes(mut text: &[u8]) -> &[u8] {
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
