//! The way through for what Sallet does not know: `{unchecked}` in front of a directive, source, flag, feature or whole value.
//!
//! A browser may learn a new keyword before Sallet does. The text after the mark is sent as it is: only what would make it
//! unsafe to send is refused, and lint reports it. No grammar of a header here has braces, so the mark can mean nothing else,
//! and it is easy to search for.

use crate::grammar::{cut, eq};

/// The mark, which is never sent itself.
pub const UNCHECKED: &str = "{unchecked}";

/// The text after the mark, if it is there.
pub(crate) const fn unchecked(text: &str) -> Option<&str> {
    let (mark, rest) = cut(text, UNCHECKED.len());
    if eq(mark, UNCHECKED) { Some(rest) } else { None }
}

/// A value as the text that can be read again, and not sent: `Display` writes it with its marks.
#[derive(Debug, Clone, Copy)]
pub struct Marked<T>(pub(crate) T);
