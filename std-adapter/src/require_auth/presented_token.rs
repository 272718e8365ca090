//! What a request presents, and what a function of the user is given of it.

use std::fmt;

use http::{HeaderName, HeaderValue, Request};
use sallet_core::auth::{Reason, Requirement};

use super::asked::Asked;

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
    pub(super) fn of<B>(need: Requirement<&str>, request: &Request<B>, field: &HeaderName) -> Result<Self, Reason> {
        need.read(&Asked(request), |token| Self::new(token, request.headers().get(field)))?.ok_or(Reason::Missing)
    }

    /// Without a copy of the text where it is a part of the field line. Elsewhere it is if the scheme has decoded it.
    fn new(token: &str, line: Option<&HeaderValue>) -> Option<Self> {
        let place = |line: &HeaderValue| line.as_bytes().element_offset(token.as_bytes().first()?);
        let (value, start) = match line.and_then(|line| Some((line.clone(), place(line)?))) {
            Some(part) => part,
            None => (HeaderValue::from_str(token).ok()?, 0),
        };
        Some(Self { value, start, end: start + token.len() })
    }

    /// The text of the token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.value.as_bytes().get(self.start..self.end).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
    }
}

impl fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_part_of_its_line_or_what_a_scheme_made_of_it() {
        let line = HeaderValue::from_static("Bearer abc=");
        let part = PresentedToken::new(&line.to_str().unwrap()[7..], Some(&line)).unwrap();
        assert_eq!((part.as_str(), part.start), ("abc=", 7));
        let decoded = PresentedToken::new("Aladdin:s\u{e9}same", Some(&line)).unwrap();
        assert_eq!((decoded.as_str(), decoded.start), ("Aladdin:s\u{e9}same", 0));
    }
}
