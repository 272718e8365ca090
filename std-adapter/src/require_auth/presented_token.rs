//! What a request presents, and what a function of the user is given of it.

use std::fmt;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Request};
use sallet_core::auth::{Reason, Requirement, user_and_password};
use zeroize::Zeroizing;

use super::asked::Asked;

/// A credential as it was presented: well-formed, and nothing more is known.
///
/// It is a secret if it is good, so `Debug` does not show it. Look it up by its SHA-256
/// ([`Digest::of`](sallet_core::secret::Digest::of)), never by itself: a database that compares tokens tells by its time
/// how much of one was right, and one that holds them gives them away when it is stolen.
///
/// What Sallet had to decode is wiped when the last clone is dropped; what is a part of the request's field is the server's.
#[derive(Clone)]
pub struct PresentedToken(Text);

#[derive(Clone)]
enum Text {
    /// A part of a field line, without a copy.
    Part {
        line: HeaderValue,
        start: usize,
        end: usize,
    },
    Own(Arc<Zeroizing<String>>),
}

impl PresentedToken {
    pub(super) fn of<B>(need: &Requirement<&str>, request: &Request<B>, field: &HeaderName) -> Result<Self, Reason> {
        need.read(&Asked::new(request, field), |token| Self::new(token, request.headers().get(field)))
    }

    fn new(token: &str, line: Option<&HeaderValue>) -> Self {
        let place = |line: &HeaderValue| line.as_bytes().element_offset(token.as_bytes().first()?);
        Self(match line.and_then(|line| Some((line.clone(), place(line)?))) {
            Some((line, start)) => Text::Part { line, start, end: start + token.len() },
            None => Text::Own(Arc::new(Zeroizing::new(token.to_owned()))),
        })
    }

    /// The text of the credential: a token, a key, or `user:password`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Part { line, start, end } => {
                line.as_bytes().get(*start..*end).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
            }
            Text::Own(text) => text,
        }
    }

    /// Both halves of `user:password` (RFC 7617 section 2): the first colon ends the user. `None` of what has no colon, which Basic
    /// never presents.
    #[must_use]
    pub fn user_and_password(&self) -> Option<(&str, &str)> {
        user_and_password(self.as_str())
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
        let part = PresentedToken::new(&line.to_str().unwrap()[7..], Some(&line));
        assert!(matches!(part.0, Text::Part { start: 7, .. }));
        assert_eq!((part.as_str(), part.user_and_password()), ("abc=", None));
        let decoded = PresentedToken::new("Aladdin:s\u{e9}:same", Some(&line));
        assert_eq!(
            (decoded.as_str(), decoded.user_and_password()),
            ("Aladdin:s\u{e9}:same", Some(("Aladdin", "s\u{e9}:same")))
        );
    }
}
