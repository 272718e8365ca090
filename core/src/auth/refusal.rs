//! What a client without the right credentials is told.

use super::CredentialsError;
use crate::cursor::Cursor;
use crate::merge::is_caching;

/// The answer to a request that is not admitted, and everything an adapter needs to send it.
///
/// The answers are those of RFC 6750 section 3.1; which [`Reason`](super::Reason) leads to which is said there.
///
/// ```
/// use sallet_core::auth::{CredentialsError, Refusal};
///
/// assert_eq!((Refusal::Missing.status(), Refusal::Missing.error_code()), (401, None));
/// let malformed = Refusal::Malformed(CredentialsError::Repeated);
/// assert_eq!((malformed.status(), malformed.error_code()), (400, Some("invalid_request")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No credentials of this scheme were sent.
    Missing,
    /// They were, and cannot be read.
    Malformed(CredentialsError),
    /// The token is not, not yet, or no longer good.
    InvalidToken,
    /// The token is good, for other things.
    InsufficientScope,
    /// A browser sends credentials for a page of another site.
    CrossSite,
    /// Nobody can say just now whether it is: the database is away. The client may try again with the same token.
    Unavailable,
    /// Too many wrong credentials came before: the host counts them, says when to try again in `Retry-After`, and judges nothing.
    Throttled,
}

const COUNT: usize = 6 + CredentialsError::ALL.len();

impl Refusal {
    /// Every refusal, so that a host can prepare an answer to each without naming them: that to `refusal` is at
    /// [`refusal.index()`](Self::index).
    pub const ALL: [Self; COUNT] = {
        let mut all = [Self::Missing; COUNT];
        let mut refusals: &[Self] =
            &[Self::InvalidToken, Self::InsufficientScope, Self::CrossSite, Self::Unavailable, Self::Throttled];
        while let [refusal, rest @ ..] = refusals {
            all[refusal.index()] = *refusal;
            refusals = rest;
        }
        let mut errors: &[CredentialsError] = &CredentialsError::ALL;
        while let [error, rest @ ..] = errors {
            all[Self::Malformed(*error).index()] = Self::Malformed(*error);
            errors = rest;
        }
        all
    };

    /// Where it is in [`Refusal::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Missing => 0,
            Self::InvalidToken => 1,
            Self::InsufficientScope => 2,
            Self::Unavailable => 3,
            Self::CrossSite => 4,
            Self::Throttled => 5,
            Self::Malformed(error) => 6 + error as usize,
        }
    }

    /// How a WebSocket is closed before it is accepted where the server cannot send a response: policy violation
    /// (RFC 6455 section 7.4.1).
    pub const CLOSE_CODE: u16 = 1008;

    /// The fields that every refusal carries in addition to its [`Challenge`](super::Challenge).
    ///
    /// A shared cache must not answer the next client with this one's refusal.
    pub const FIELDS: [(&'static str, &'static str); 2] =
        [("cache-control", "no-store"), ("content-type", "application/json")];

    /// Whether an answer of the app's own with this status refuses as well. A success does not, nor does an interim response; a 304 shows
    /// the page that the client has stored (RFC 9110 section 15.4.5), and from 600 on there is no meaning (section 15).
    ///
    /// ```
    /// use sallet_core::auth::Refusal;
    /// assert!(Refusal::is_answered_by(403) && Refusal::is_answered_by(302));
    /// assert!(!Refusal::is_answered_by(200) && !Refusal::is_answered_by(304));
    /// ```
    pub const fn is_answered_by(status: u16) -> bool {
        matches!(status, 300..=303 | 305..=599)
    }

    /// Whether a field of such an answer gives way: framing, which follows from the body, and all that tells caches what to keep, which is
    /// nothing ([`FIELDS`](Self::FIELDS)).
    ///
    /// ```
    /// use sallet_core::auth::Refusal;
    /// assert!(Refusal::overrides(b"Content-Length") && Refusal::overrides(b"CDN-Cache-Control"));
    /// assert!(!Refusal::overrides(b"Location"));
    /// ```
    pub const fn overrides(name: &[u8]) -> bool {
        is_caching(name)
            || name.eq_ignore_ascii_case(b"content-length")
            || name.eq_ignore_ascii_case(b"transfer-encoding")
            || name.eq_ignore_ascii_case(b"connection")
    }

    /// The status code.
    pub const fn status(self) -> u16 {
        match self {
            Self::Missing | Self::InvalidToken => 401,
            Self::Malformed(_) => 400,
            Self::InsufficientScope | Self::CrossSite => 403,
            Self::Unavailable => 503,
            Self::Throttled => 429,
        }
    }

    /// The `error` of a Bearer challenge. A request without credentials gets none (RFC 6750 section 3.1, last paragraph).
    pub const fn error_code(self) -> Option<&'static str> {
        match self {
            Self::Missing | Self::Unavailable | Self::CrossSite | Self::Throttled => None,
            Self::Malformed(_) => Some("invalid_request"),
            Self::InvalidToken => Some("invalid_token"),
            Self::InsufficientScope => Some("insufficient_scope"),
        }
    }

    /// Whether the client has shown a credential that is wrong, as somebody does who guesses. A missing one is no guess, and one
    /// that is good for other things is right.
    pub const fn is_guess(self) -> bool {
        matches!(self, Self::Malformed(_) | Self::InvalidToken)
    }

    /// One sentence for the client. It has no character that JSON would escape.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Missing => "Not authenticated",
            Self::Malformed(error) => error.message(),
            Self::InvalidToken => "The credentials are not valid",
            Self::CrossSite => "The request was made for a page of another site",
            Self::InsufficientScope => "The credentials do not have the required scope",
            Self::Unavailable => "Credentials cannot be checked just now, try again later",
            Self::Throttled => "Too many wrong credentials, try again later",
        }
    }

    /// Writes the body: `{"detail":"Not authenticated"}`.
    pub const fn render_body(self, out: &mut Cursor<'_>) {
        out.put(b"{\"detail\":\"");
        out.put(self.detail().as_bytes());
        out.put(b"\"}");
    }

    /// The size of the body, for `content-length`.
    pub const fn body_len(self) -> usize {
        let mut count = Cursor::new(&mut []);
        self.render_body(&mut count);
        count.written()
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.detail())
    }
}

impl core::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_body_is_json_as_it_stands() {
        for refusal in Refusal::ALL {
            assert!(refusal.detail().bytes().all(|byte| matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\'));
            let mut buf = [0; 256];
            let mut out = Cursor::new(&mut buf);
            refusal.render_body(&mut out);
            let body = out.finish().unwrap();
            assert_eq!(body.len(), refusal.body_len());
            assert!(body.starts_with(b"{\"detail\":\"") && body.ends_with(b"\"}"));
        }
    }

    #[test]
    fn each_refusal_is_at_its_index() {
        for (at, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal.index(), at, "{refusal:?}");
        }
    }
}
