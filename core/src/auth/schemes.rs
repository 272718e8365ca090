//! The schemes, a row for each.
//!
//! A row is a name and a file, and the file has what makes the scheme one:
//!
//! | item | what it is |
//! |---|---|
//! | `NAME` | the word in challenges, and in `Authorization` where the scheme is read from there, unless a requirement has another |
//! | `FIELD` | the request field whose lines are read, likewise |
//! | `IS_AMBIENT` | whether browsers send it by themselves, for pages of other sites too |
//! | `HAS_WORD` | whether the field holds the word and then the token, or the token alone |
//! | `is_token(text)` | the grammar of the token |
//! | `put_params(out, challenge)` | what its challenge says after the realm; a `const fn`, so that a challenge can be a constant |
//!
//! A scheme whose token is an encoding has one function more, whose name is in its row: it hands what was encoded to `then`, or says why
//! that cannot be. It hands over and does not return, because it decodes into memory of its own; no other scheme pays for that.
//!
//! # Adding one
//!
//! A file and a row here, and in each host a constructor that names the row: hyper's `require_auth/schemes.rs`, Python's `auth.py`
//! and `fastapi/_schemes.py`. No host's flow changes, since it asks a [`Requirement`](super::Requirement) for the verdict and the
//! challenge.

use super::{Challenge, CredentialsError};
use crate::cursor::Cursor;

pub use basic::user_and_password;

macro_rules! schemes {
    ($($(#[$doc:meta])* $Row:ident = $file:ident $($decode:ident)?;)*) => {
        $(mod $file;)*

        /// How a client shows who it is: which field it sends, in which grammar, and how it is asked for it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum AuthScheme {
            $($(#[$doc])* $Row,)*
        }

        impl AuthScheme {
            /// Every scheme.
            pub const ALL: &'static [Self] = &[$(Self::$Row),*];

            /// The word on the wire: in challenges, and in `Authorization` where the scheme is read from there.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Row => $file::NAME,)*
                }
            }

            /// The field that it is read from.
            pub(super) const fn field(self) -> &'static str {
                match self {
                    $(Self::$Row => $file::FIELD,)*
                }
            }

            /// Whether browsers send its credentials by themselves.
            pub(super) const fn is_ambient(self) -> bool {
                match self {
                    $(Self::$Row => $file::IS_AMBIENT,)*
                }
            }

            /// Whether the field holds the word and then the token.
            pub(super) const fn has_word(self) -> bool {
                match self {
                    $(Self::$Row => $file::HAS_WORD,)*
                }
            }

            /// Whether a text is a token of the scheme.
            pub(super) fn is_token(self, text: &str) -> bool {
                match self {
                    $(Self::$Row => $file::is_token(text),)*
                }
            }

            /// Hands what a token presents to `then`.
            #[inline]
            pub(super) fn take<R>(self, token: &str, then: impl FnOnce(&str) -> R) -> Result<R, CredentialsError> {
                match self {
                    $($(Self::$Row => $file::$decode(token, then),)?)*
                    _ => Ok(then(token)),
                }
            }

            /// Writes what its challenge says after the realm.
            pub(super) const fn put_params(self, out: &mut Cursor<'_>, challenge: &Challenge<'_>) {
                match self {
                    $(Self::$Row => $file::put_params(out, challenge),)*
                }
            }
        }
    };
}

schemes! {
    /// A token in `Authorization` (RFC 6750), in the grammar of token68: letters, digits and `-._~+/`, then any number of `=`.
    Bearer = bearer;
    /// A user and a password in `Authorization` (RFC 7617): base64 of `user:password`, padded and of one spelling, in UTF-8, without
    /// control characters, at most 1024 bytes decoded. Browsers send it by themselves, so requests of other sites are refused:
    /// see [`Requirement::cross_site`](super::Requirement::cross_site).
    Basic = basic decode;
    /// A key that is the whole value of a field, `X-API-Key` by default: visible ASCII, without the space around it.
    ApiKey = api_key;
}
