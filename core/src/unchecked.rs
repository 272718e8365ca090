//! The way through for what Sallet does not know: `{unchecked}` in front of a directive, source, flag, feature or whole value.
//!
//! A browser may learn a new keyword before Sallet does. The text after the mark is sent as it is: only what would make it
//! unsafe to send is refused, and lint reports it. No grammar of a header here has braces, so the mark can mean nothing else,
//! and it is easy to search for.

use crate::dialect::ok;
use crate::grammar::{self, cut, eq};
use crate::headers::PolicyError;
use crate::nonce::PLACEHOLDER;

/// The mark, which is never sent itself.
pub const UNCHECKED: &str = "{unchecked}";

/// The text after the mark, if it is there.
pub(crate) const fn unchecked(text: &str) -> Option<&str> {
    let (mark, rest) = cut(text, UNCHECKED.len());
    if eq(mark, UNCHECKED) { Some(rest) } else { None }
}

/// The whole value of a header after the mark; `error` is what its type says of the text with the mark, and remains the answer
/// where there is none.
pub(crate) const fn unchecked_value(text: &str, error: PolicyError) -> Result<&str, PolicyError> {
    let Some(value) = unchecked(grammar::trim(text)) else { return Err(error) };
    ok!(is_safe(value));
    Ok(value)
}

/// Whether one of our own words begins somewhere in a text: what differs from one response to the next, or is not sent. Neither may
/// reach a wire.
pub(crate) const fn own_word(text: &str) -> Result<(), PolicyError> {
    let mut rest = text;
    while let [first, ..] = rest.as_bytes() {
        // Both begin with a brace.
        if *first == b'{' && unchecked(rest).is_some() {
            return Err(PolicyError::MarkTwice);
        }
        if *first == b'{' && grammar::starts_with_ignore_case(rest, PLACEHOLDER) {
            return Err(PolicyError::FixedNonce);
        }
        if !first.is_ascii() {
            return Err(PolicyError::NonAscii);
        }
        rest = cut(rest, 1).1;
    }
    Ok(())
}

/// Whether a text can be sent at all: visible ASCII with inner blanks, and none of our own words for what differs from one response
/// to the next or is not sent.
const fn is_safe(value: &str) -> Result<(), PolicyError> {
    ok!(own_word(value));
    let mut rest = value;
    while !rest.is_empty() {
        // CSP3, section 7.1: the same nonce in every response protects nothing.
        if grammar::starts_with_ignore_case(rest, "'nonce-") {
            return Err(PolicyError::FixedNonce);
        }
        rest = cut(rest, 1).1;
    }
    if grammar::is_field_value(value) { Ok(()) } else { Err(PolicyError::BadFieldValue) }
}

/// A value as the text that can be read again, and not sent: `Display` writes it with its marks.
#[derive(Debug, Clone, Copy)]
pub struct Marked<T>(pub(crate) T);

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::SecurityHeaders;
    use std::format;
    use std::string::ToString;
    use std::vec::Vec;

    #[test]
    fn every_header_takes_a_whole_value_unchecked() {
        for name in SecurityHeaders::NAMES {
            // Elsewhere the mark would be of the first directive.
            let whole = if name.starts_with("content-security-policy") { "img-src " } else { "" };
            for value in ["new-thing 1; x=\"a, b\"", "{", "0"].map(|value| format!("{whole}{value}")) {
                let text = format!(" {UNCHECKED}{value}\t");
                let policy = SecurityHeaders::EMPTY.with(name, &text).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(policy.to_string(), format!("{name}: {value}\r\n"));
                assert_eq!(policy.without(name).unwrap().fields().count(), 0);
                assert!(!policy.needs_nonce() && policy.check().is_ok());
            }
            for (value, error) in [
                ("a\r\nb: c", PolicyError::BadFieldValue),
                ("a\0", PolicyError::BadFieldValue),
                ("caf\u{e9}", PolicyError::NonAscii),
                ("x 'NONCE-abc'", PolicyError::FixedNonce),
                ("x 'nonce-{one-for-each-request}'", PolicyError::FixedNonce),
                ("x {unchecked}y", PolicyError::MarkTwice),
                ("x{One-for-each-request}", PolicyError::FixedNonce),
            ] {
                let text = format!("{UNCHECKED}{whole}{value}");
                assert_eq!(SecurityHeaders::EMPTY.with(name, &text).map(|_| ()), Err(error), "{name}: {text:?}");
            }
            let text = format!("{UNCHECKED}{whole}{{");
            let policy = SecurityHeaders::EMPTY.with(name, &text).unwrap();
            let found: Vec<_> = policy.lint().filter(|lint| lint.reason.ends_with("unchecked")).collect();
            assert!(matches!(found[..], [lint] if lint.header == *name), "{found:?}");
            for empty in ["{unchecked}", "{unchecked} ", "{unchecked} a"] {
                assert!(SecurityHeaders::EMPTY.with(name, empty).is_err(), "{name}: {empty:?}");
            }
        }
    }
}
