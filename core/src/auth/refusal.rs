//! What a client without the right credentials is told.

use super::CredentialsError;
use crate::cursor::Cursor;

/// Why a request is not let through, and everything an adapter needs to say so.
///
/// The answers are those of RFC 6750 section 3.1. An unknown, an expired, a not yet valid and a revoked token are one
/// case, [`Refusal::InvalidToken`]: telling them apart would tell a thief which of his tokens were once good.
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
}

impl Refusal {
    /// How a WebSocket is closed before it is accepted where the server cannot send a response: policy violation
    /// (RFC 6455 section 7.4.1).
    pub const CLOSE_CODE: u16 = 1008;

    /// The fields that every refusal carries beside its [`Challenge`](super::Challenge).
    ///
    /// A shared cache must not answer the next client with this one's refusal.
    pub const FIELDS: [(&'static str, &'static str); 2] =
        [("cache-control", "no-store"), ("content-type", "application/json")];

    /// The status code.
    pub const fn status(self) -> u16 {
        match self {
            Self::Missing | Self::InvalidToken => 401,
            Self::Malformed(_) => 400,
            Self::InsufficientScope => 403,
        }
    }

    /// The `error` of the challenge. A request without credentials gets none (RFC 6750 section 3.1, last paragraph).
    pub const fn error_code(self) -> Option<&'static str> {
        match self {
            Self::Missing => None,
            Self::Malformed(_) => Some("invalid_request"),
            Self::InvalidToken => Some("invalid_token"),
            Self::InsufficientScope => Some("insufficient_scope"),
        }
    }

    /// One sentence for the client. It has no character that JSON would escape.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Missing => "Not authenticated",
            Self::Malformed(error) => error.message(),
            Self::InvalidToken => "The token is not valid",
            Self::InsufficientScope => "The token does not have the required scope",
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
        let malformed = CredentialsError::ALL.map(Refusal::Malformed);
        for refusal in [Refusal::Missing, Refusal::InvalidToken, Refusal::InsufficientScope].iter().chain(&malformed) {
            assert!(refusal.detail().bytes().all(|byte| matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\'));
            let mut buf = [0; 256];
            let mut out = Cursor::new(&mut buf);
            refusal.render_body(&mut out);
            let body = out.finish().unwrap();
            assert_eq!(body.len(), refusal.body_len());
            assert!(body.starts_with(b"{\"detail\":\"") && body.ends_with(b"\"}"));
        }
    }
}
