//! The schemes, a row for each.
//!
//! A row is a name and a file, and the file has what makes the scheme one:
//!
//! | item | what it is |
//! |---|---|
//! | `NAME` | the word in challenges, and in `Authorization` where the scheme is read from there |
//! | `FIELD` | the request field whose lines the host fetches, in lower case |
//! | `read(lines, then)` | the grammar: hands what was presented to `then`, or says why there is nothing to hand over |
//! | `put_params(out, refusal, scopes)` | what its challenge says after the realm; a `const fn`, so that a challenge can be a constant |
//!
//! # Adding one
//!
//! A file and a row here, and in each host a constructor that names the row: hyper's `require_auth/schemes.rs`, Python's `auth.py`
//! and `fastapi/_schemes.py`. No host's flow changes, since it asks a [`Requirement`](super::Requirement) for the field, the
//! verdict and the challenge:
//!
//! - **Basic** (RFC 7617) has the field of Bearer, and [`authorization`] with its own word. `read` decodes base64 into an array
//!   on its own stack and hands out `user:password` from there: that is why what was presented goes to a function and is not
//!   returned, so that no other scheme pays for the array. Wipe it after the call. `put_params` writes `, charset="UTF-8"` and no
//!   `error`, which is RFC 6750's.
//! - **`ApiKey`** is read from a field that the user names. The name joins the requirement as one more checked value, for
//!   `Requirement::field` to give where it is there (`FIELD` is the default); `read` takes the whole value of the one line.

use super::{Credentials, CredentialsError, Reason, Refusal, Scopes};
use crate::cursor::Cursor;

macro_rules! schemes {
    ($($(#[$doc:meta])* $Row:ident = $file:ident;)*) => {
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

            /// The field that it is read from, in lower case.
            pub(super) const fn field(self) -> &'static str {
                match self {
                    $(Self::$Row => $file::FIELD,)*
                }
            }

            /// Hands what was presented to `then`.
            #[inline]
            pub(super) fn read<'a, R>(
                self,
                lines: impl IntoIterator<Item = &'a [u8]>,
                then: impl FnOnce(&str) -> R,
            ) -> Result<R, Reason> {
                match self {
                    $(Self::$Row => $file::read(lines, then),)*
                }
            }

            /// Writes what its challenge says after the realm.
            pub(super) const fn put_params(self, out: &mut Cursor<'_>, refusal: Refusal, scopes: Scopes<&str>) {
                match self {
                    $(Self::$Row => $file::put_params(out, refusal, scopes),)*
                }
            }
        }
    };
}

schemes! {
    /// A token in `Authorization` (RFC 6750).
    Bearer = bearer;
}

/// The token of the one `Authorization` line, if that is of the scheme called `name`.
fn authorization<'a>(name: &str, lines: impl IntoIterator<Item = &'a [u8]>) -> Result<&'a str, Reason> {
    match Credentials::single(lines) {
        Err(error) => Err(Reason::Malformed(error)),
        Ok(Some(credentials)) if credentials.is(name) => {
            credentials.token68().ok_or(Reason::Malformed(CredentialsError::NoToken))
        }
        // The client has not tried this scheme yet.
        Ok(_) => Err(Reason::Missing),
    }
}
