//! A request as the core asks it.

use http::{HeaderValue, Request};
use sallet_core::auth::AuthRequest;

/// What authentication looks at in a request.
#[derive(Debug)]
pub(super) struct Asked<'r, B>(pub(super) &'r Request<B>);

impl<B> AuthRequest for Asked<'_, B> {
    fn method(&self) -> &str {
        self.0.method().as_str()
    }

    fn lines<'a>(&'a self, field: &str) -> impl Iterator<Item = &'a [u8]> {
        // In HTTP/2 and HTTP/3 the host is in the target (RFC 9113 section 8.3.1).
        let authority = self.0.uri().authority().filter(|_| field.eq_ignore_ascii_case("host"));
        let lines = if authority.is_some() { None } else { Some(self.0.headers().get_all(field)) };
        let lines = lines.into_iter().flatten().map(HeaderValue::as_bytes);
        authority.map(|authority| authority.as_str().as_bytes()).into_iter().chain(lines)
    }

    fn query(&self) -> Option<&[u8]> {
        self.0.uri().query().map(str::as_bytes)
    }
}
