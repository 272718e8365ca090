use std::fmt;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use sallet_core::auth::{Refusal, bearer_token};

/// The token of a request, to be looked at on the spot.
pub(super) fn presented(headers: &HeaderMap) -> Result<&str, Refusal> {
    bearer_token(headers.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes))
}

/// A token as it was presented: well-formed, and nothing more is known.
///
/// It is a secret if it is good, so `Debug` does not show it. Look it up by its SHA-256
/// ([`Digest::of`](sallet_core::secret::Digest::of)), never by itself: a database that compares tokens tells by its time
/// how much of one was right, and one that holds them gives them away when it is stolen.
#[derive(Clone)]
pub struct BearerToken {
    value: HeaderValue,
    start: usize,
    end: usize,
}

impl BearerToken {
    /// The token of a request, without a copy of its text.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let token = presented(headers)?.as_bytes();
        let value = headers.get(AUTHORIZATION).ok_or(Refusal::Missing)?;
        // The token is a part of the line, and not empty.
        let start = value.as_bytes().element_offset(&token[0]).ok_or(Refusal::Missing)?;
        Ok(Self { value: value.clone(), start, end: start + token.len() })
    }

    /// The text of the token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // A line that holds a token is visible ASCII from end to end.
        self.value.to_str().map_or("", |line| &line[self.start..self.end])
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(..)")
    }
}
