//! A request as the core asks it.

use http::header::ValueIter;
use http::{HeaderName, HeaderValue, Method, Request, Version};
use sallet_core::auth::{AuthRequest, upgrades_to_websocket};

/// What authentication looks at in a request.
#[derive(Debug)]
pub(super) struct Asked<'r, B> {
    request: &'r Request<B>,
    /// The field that is asked for, as a name that is read already.
    likely: &'r HeaderName,
}

impl<'r, B> Asked<'r, B> {
    pub(super) const fn new(request: &'r Request<B>, likely: &'r HeaderName) -> Self {
        Self { request, likely }
    }
}

impl<B> AuthRequest for Asked<'_, B> {
    fn method(&self) -> &str {
        self.request.method().as_str()
    }

    #[inline]
    fn lines<'a>(&'a self, field: &str) -> impl Iterator<Item = &'a [u8]> {
        let (headers, likely) = (self.request.headers(), self.likely.as_str());
        // Most are written alike, and comparing these takes no loop.
        if field == likely || field.eq_ignore_ascii_case(likely) {
            Lines::Field(headers.get_all(self.likely).iter())
        } else if let Some(authority) = self.request.uri().authority().filter(|_| field.eq_ignore_ascii_case("host")) {
            // In HTTP/2 and HTTP/3 the host is in the target (RFC 9113 section 8.3.1).
            Lines::Authority(Some(authority.as_str().as_bytes()))
        } else {
            Lines::Field(headers.get_all(field).iter())
        }
    }

    fn query(&self) -> Option<&[u8]> {
        self.request.uri().query().map(str::as_bytes)
    }

    fn is_websocket(&self) -> bool {
        is_extended_connect(self.request) || upgrades_to_websocket(self)
    }
}

/// Whether it is the extended `CONNECT` that opens a WebSocket over HTTP/2 or HTTP/3 (RFC 8441 section 4, RFC 9220). Only that one has a
/// path (RFC 9113 section 8.5); what other protocol it may name is a conversation as well.
pub(super) fn is_extended_connect<B>(request: &Request<B>) -> bool {
    request.method() == Method::CONNECT && request.version() >= Version::HTTP_2 && !request.uri().path().is_empty()
}

/// The lines of one field. Chained iterators would take longer, for the one line of nearly every request.
enum Lines<'a> {
    Authority(Option<&'a [u8]>),
    Field(ValueIter<'a, HeaderValue>),
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        match self {
            Self::Authority(authority) => authority.take(),
            Self::Field(lines) => lines.next().map(HeaderValue::as_bytes),
        }
    }
}
