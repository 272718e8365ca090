//! A token among the subprotocols of a WebSocket handshake.
//!
//! Browsers let a page set no field of a handshake but `Sec-WebSocket-Protocol` ([HTML, `new WebSocket`](https://websockets.spec.whatwg.org/#dom-websocket-websocket)):
//! `new WebSocket(url, ["bearer", TOKEN])` sends `bearer, TOKEN`. The server must answer with one of the names it was offered (RFC
//! 6455 section 4.2.2), which then is `bearer` and never the token.

use super::request::elements;
use super::{AuthRequest, CredentialsError};

/// The field, in lower case.
pub const SUBPROTOCOL_FIELD: &str = "sec-websocket-protocol";

/// The token that follows `name` among the subprotocols; `None` where `name` is not offered.
///
/// Names are compared with their case (RFC 6455 section 4.1).
pub(super) fn token<'r>(request: &'r impl AuthRequest, name: &str) -> Result<Option<&'r [u8]>, CredentialsError> {
    let mut offered = offered(request);
    if !offered.any(|one| one == name.as_bytes()) {
        return Ok(None);
    }
    let token = offered.next().ok_or(CredentialsError::NoToken)?;
    if token == name.as_bytes() || offered.any(|one| one == name.as_bytes()) {
        return Err(CredentialsError::Repeated);
    }
    Ok(Some(token))
}

/// What is offered, without the tokens that follow `name`: what the app may see of it.
///
/// ```
/// use sallet_core::auth::{RequestFields, without_token};
/// let fields = [("sec-websocket-protocol", &b"chat, bearer, secret"[..])];
/// let request = RequestFields::new("GET", &fields);
/// assert!(without_token(&request, "bearer").eq([&b"chat"[..], b"bearer"]));
/// ```
pub fn without_token<'r>(request: &'r impl AuthRequest, name: &str) -> impl Iterator<Item = &'r [u8]> {
    let mut is_token = false;
    offered(request).filter(move |one| {
        let keep = !is_token;
        is_token = *one == name.as_bytes();
        keep || is_token
    })
}

/// Whether `name` is offered.
pub(super) fn is_offered(request: &impl AuthRequest, name: &str) -> bool {
    without_token(request, name).any(|one| one == name.as_bytes())
}

fn offered<R: AuthRequest>(request: &R) -> impl Iterator<Item = &[u8]> {
    request.lines(SUBPROTOCOL_FIELD).flat_map(elements)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::RequestFields;

    fn found(lines: &'static [(&'static str, &'static [u8])]) -> Result<Option<&'static str>, CredentialsError> {
        let request = RequestFields::new("GET", lines);
        token(&request, "bearer").map(|token| {
            let place = |line: &'static [u8]| {
                let start = line.element_offset(token?.first()?)?;
                line.get(start..start + token?.len())
            };
            lines.iter().find_map(|(_, line)| place(line)).map(|token| str::from_utf8(token).unwrap())
        })
    }

    #[test]
    fn a_pair_of_name_and_token() {
        const FIELD: &str = "Sec-WebSocket-Protocol";
        assert_eq!(found(&[(FIELD, b"bearer, abc")]), Ok(Some("abc")));
        assert_eq!(found(&[(FIELD, b"chat, bearer,abc , x")]), Ok(Some("abc")));
        // Several lines are one list (RFC 6455 section 11.3.4).
        assert_eq!(found(&[(FIELD, b"bearer"), (FIELD, b", abc")]), Ok(Some("abc")));
        assert_eq!(found(&[(FIELD, b"Bearer, abc")]), Ok(None));
        assert_eq!(found(&[(FIELD, b"chat")]), Ok(None));
        assert_eq!(found(&[]), Ok(None));
        assert_eq!(found(&[(FIELD, b"chat, bearer")]), Err(CredentialsError::NoToken));
        assert_eq!(found(&[(FIELD, b"bearer, a, bearer, b")]), Err(CredentialsError::Repeated));
        assert_eq!(found(&[(FIELD, b"bearer, bearer, b")]), Err(CredentialsError::Repeated));
    }

    #[test]
    fn no_token_is_left() {
        for (line, left) in [
            ("bearer, t", &["bearer"][..]),
            ("bearer, t, bearer, u", &["bearer", "bearer"]),
            ("bearer, bearer, t", &["bearer", "bearer"]),
            ("a, bearer", &["a", "bearer"]),
            ("a,b", &["a", "b"]),
        ] {
            let fields = [(SUBPROTOCOL_FIELD, line.as_bytes())];
            let request = RequestFields::new("GET", &fields);
            assert!(without_token(&request, "bearer").eq(left.iter().map(|name| name.as_bytes())), "{line}");
        }
    }
}
