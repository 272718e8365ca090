//! Basic, RFC 7617.
//!
//! What is verified is `user:password`, decoded. Which passwords a keyring is good for is said in [`secret`](crate::secret): those
//! that were drawn at random.

use base64ct::{Base64, Encoding as _};
use zeroize::Zeroizing;

use crate::auth::{Challenge, CredentialsError};
use crate::cursor::Cursor;
use crate::grammar;

pub(super) const NAME: &str = "Basic";
pub(super) const FIELD: &str = "authorization";
pub(super) const HAS_WORD: bool = true;
/// Browsers send it by themselves, once they know it.
pub(super) const IS_AMBIENT: bool = true;

/// The longest `user:password` in bytes. It is on the stack of the caller while `then` runs.
const ROOM: usize = 1024;

pub(super) fn is_token(text: &str) -> bool {
    grammar::is_token68(text.as_bytes())
}

/// Hands out `user:password`, decoded.
#[inline(never)]
pub(super) fn decode<R>(token: &str, then: impl FnOnce(&str) -> R) -> Result<R, CredentialsError> {
    let mut room = Zeroizing::new([0; ROOM]);
    // Strict, so that one pair has one spelling: padded, and no bit set beyond the last byte (RFC 4648 section 3.5).
    let pair = match Base64::decode(token, room.as_mut_slice()) {
        Ok(pair) => pair,
        Err(base64ct::Error::InvalidLength) => return Err(CredentialsError::TooLong),
        Err(base64ct::Error::InvalidEncoding) => return Err(CredentialsError::Base64),
    };
    // The charset that the challenge asks for.
    let Ok(pair) = str::from_utf8(pair) else { return Err(CredentialsError::Charset) };
    if !pair.contains(':') {
        return Err(CredentialsError::Colon);
    }
    // Section 2 rules out CTL in either, and section 2.1, by way of PRECIS, the other control characters.
    if pair.chars().any(char::is_control) {
        return Err(CredentialsError::Control);
    }
    Ok(then(pair))
}

/// Section 2.1. There is no `error`, which is RFC 6750's.
pub(super) const fn put_params(out: &mut Cursor<'_>, _: &Challenge<'_>) {
    out.put(b", charset=\"UTF-8\"");
}

/// The user and the password of `user:password`: the first colon ends the user (section 2).
///
/// ```
/// use sallet_core::auth::user_and_password;
/// assert_eq!(user_and_password("ada:a:b"), Some(("ada", "a:b")));
/// assert_eq!(user_and_password("ada"), None);
/// ```
pub fn user_and_password(pair: &str) -> Option<(&str, &str)> {
    pair.split_once(':')
}
