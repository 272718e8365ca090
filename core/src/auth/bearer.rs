//! The Bearer scheme, RFC 6750 section 2.1.

use super::{Credentials, CredentialsError, Refusal};

/// The token in the `Authorization` field lines of a request.
///
/// Only this one place is looked at: a token in the query string ends up in logs and histories (RFC 6750 section
/// 2.3), and one in a form body would have to be read before it can be refused.
///
/// ```
/// use sallet_core::auth::{CredentialsError, Refusal, bearer_token};
///
/// assert_eq!(bearer_token([&b"bearer mF_9.B5f-4.1JqM"[..]]), Ok("mF_9.B5f-4.1JqM"));
/// assert_eq!(bearer_token([]), Err(Refusal::Missing));
/// assert_eq!(bearer_token([&b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="[..]]), Err(Refusal::Missing));
/// assert_eq!(bearer_token([&b"Bearer "[..]]), Err(Refusal::Malformed(CredentialsError::NoToken)));
/// ```
///
/// # Errors
/// [`Refusal::Missing`] when there is no line, or one of another scheme: the client has not tried yet.
/// [`Refusal::Malformed`] when there is more than one line, or it breaks the grammar, or has no token.
pub fn bearer_token<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Result<&'a str, Refusal> {
    match Credentials::single(lines) {
        Err(error) => Err(Refusal::Malformed(error)),
        Ok(Some(credentials)) if credentials.is("Bearer") => {
            credentials.token68().ok_or(Refusal::Malformed(CredentialsError::NoToken))
        }
        Ok(_) => Err(Refusal::Missing),
    }
}
