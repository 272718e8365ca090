//! `str` operations that a `const fn` can call: the standard ones are trait methods or not `const` yet.

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
