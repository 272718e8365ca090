//! What a request presents, and what a function of the user is given of it.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use sallet_core::auth::{Reason, Requirement};

/// The lines of a scheme's field.
pub(super) fn lines<'r>(headers: &'r HeaderMap, field: &HeaderName) -> impl Iterator<Item = &'r [u8]> {
    headers.get_all(field).iter().map(HeaderValue::as_bytes)
}

/// A token as it was presented: well-formed, and nothing more is known.
///
/// It is a secret if it is good, so `Debug` does not show it. Look it up by its SHA-256
/// ([`Digest::of`](sallet_core::secret::Digest::of)), never by itself: a database that compares tokens tells by its time
/// how much of one was right, and one that holds them gives them away when it is stolen.
#[derive(Clone)]
pub struct PresentedToken {
    value: HeaderValue,
    start: usize,
    end: usize,
}

impl PresentedToken {
    /// The token of a request, without a copy of its text.
    pub(super) fn of(need: Requirement<&str>, headers: &HeaderMap, field: &HeaderName) -> Result<Self, Reason> {
        let token = need.read(lines(headers, field), |token| {
            let value = headers.get(field)?;
            // It is a part of the line, and not empty.
            let start = value.as_bytes().element_offset(token.as_bytes().first()?)?;
            Some(Self { value: value.clone(), start, end: start + token.len() })
        })?;
        token.ok_or(Reason::Missing)
    }

    /// The text of the token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // A line that holds a token is visible ASCII from end to end.
        self.value.to_str().map_or("", |line| &line[self.start..self.end])
    }
}

impl fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedToken(..)")
    }
}
