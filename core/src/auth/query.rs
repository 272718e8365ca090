//! A token in the query of a URL (RFC 6750 section 2.3): only where the host asks for it by name, for it ends up in logs, histories
//! and `Referer`.

use super::CredentialsError;
use crate::percent::decoded;

/// The longest token that has something to decode, in bytes. It is on the caller's stack while it is looked at.
const ROOM: usize = 1024;

/// Whether a parameter is there, however its name is written.
pub(super) fn is_there(query: &[u8], name: &str) -> bool {
    values(query, name).next().is_some()
}

/// Hands the value of the one parameter called `name` to `then`.
pub(super) fn read<R>(query: &[u8], name: &str, then: impl FnOnce(&[u8]) -> R) -> Result<R, CredentialsError> {
    let mut values = values(query, name);
    let value = values.next().ok_or(CredentialsError::NoToken)?;
    if values.next().is_some() {
        return Err(CredentialsError::Repeated);
    }
    // Most tokens are written as they are. No token has a space, which is what a `+` would stand for, and clients that do not encode
    // their tokens mean a plus.
    if !value.contains(&b'%') {
        return Ok(then(value));
    }
    decode(value, then)
}

/// The parameters of a query without those called `name`, however it is written: what the app and logs may see of it. They are to be
/// joined by `&`.
///
/// ```
/// use sallet_core::auth::without_parameter;
/// assert!(without_parameter(b"a=1&token=secret&b", "token").eq([&b"a=1"[..], b"b"]));
/// ```
pub fn without_parameter<'q>(query: &'q [u8], name: &str) -> impl Iterator<Item = &'q [u8]> {
    query.split(|&byte| byte == b'&').filter(move |pair| !is_there(pair, name))
}

#[inline(never)]
fn decode<R>(value: &[u8], then: impl FnOnce(&[u8]) -> R) -> Result<R, CredentialsError> {
    let mut room = zeroize::Zeroizing::new([0; ROOM]);
    let mut len = 0;
    for byte in decoded(value) {
        *room.get_mut(len).ok_or(CredentialsError::TooLong)? = byte;
        len += 1;
    }
    Ok(then(room.get(..len).unwrap_or_default()))
}

/// The values of all parameters of a name ([URL, section 5.1](https://url.spec.whatwg.org/#urlencoded-parsing)).
fn values<'q>(query: &'q [u8], name: &str) -> impl Iterator<Item = &'q [u8]> {
    query.split(|&byte| byte == b'&').filter_map(move |pair| {
        let end = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
        let (key, value) = pair.split_at(end);
        decoded(key).eq(name.bytes()).then(|| value.get(1..).unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn one_parameter_however_it_is_written() {
        let token = |query: &str| read(query.as_bytes(), "access_token", <[u8]>::to_vec);
        let found = |token: &str| Ok(Vec::from(token));
        assert_eq!(token("access_token=a-b.c~d"), found("a-b.c~d"));
        assert_eq!(token("x=1&access%5Ftoken=a%2Fb%3D&y"), found("a/b="));
        assert_eq!(token("access_token=a+b"), found("a+b"));
        assert_eq!(token("access_token"), found(""));
        for other in ["Access_Token=a&xaccess_token=b", ""] {
            assert!(!is_there(other.as_bytes(), "access_token"), "{other}");
            assert_eq!(token(other), Err(CredentialsError::NoToken));
        }
        assert!(is_there(b"x&access%5ftoken", "access_token"));
        let left = without_parameter(b"access%5ftoken=a&x=access_token=b&&access_token&access_token=", "access_token");
        assert!(left.eq([&b"x=access_token=b"[..], b""]));
        assert_eq!(token("access_token=a&access%5ftoken=b"), Err(CredentialsError::Repeated));
        let long = std::format!("access_token=%41{}", "a".repeat(ROOM));
        assert_eq!(token(&long), Err(CredentialsError::TooLong));
    }
}
