//! What the response to an admitted request still gets.

use http::header::{CACHE_CONTROL, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use sallet_core::merge::{PRIVATE, lets_caches_share, made_private};

#[derive(Debug, Default)]
pub(super) struct After {
    /// Caches do not know that this response is one client's: the credential was not in `Authorization` (RFC 9111 section 3.5).
    pub(super) private: bool,
    /// What is answered to a WebSocket handshake if the app chooses no subprotocol.
    pub(super) subprotocol: Option<Box<HeaderValue>>,
}

impl After {
    pub(super) fn apply<B>(&mut self, response: &mut Response<B>) {
        if let Some(name) = self.subprotocol.take()
            && response.status() == StatusCode::SWITCHING_PROTOCOLS
        {
            response.headers_mut().entry(SEC_WEBSOCKET_PROTOCOL).or_insert(*name);
        }
        if self.private && !response.status().is_informational() {
            make_private(response.headers_mut());
        }
    }
}

fn make_private(headers: &mut HeaderMap) {
    for (name, value) in headers.iter_mut() {
        let bytes = name.as_str().as_bytes();
        if lets_caches_share(bytes, value.as_bytes()) {
            let text = made_private(bytes, value.as_bytes()).concat();
            *value = HeaderValue::try_from(text).expect("what was a value still is one");
        }
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(PRIVATE.1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private(lines: &[(&'static str, &'static str)]) -> Vec<(String, String)> {
        let mut response = Response::new(());
        for (name, value) in lines {
            response.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        After { private: true, subprotocol: None }.apply(&mut response);
        let text = |value: &HeaderValue| value.to_str().expect("ASCII").to_owned();
        response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect()
    }

    #[test]
    fn what_lets_caches_share_does_so_no_longer() {
        for (own, sent) in [
            (&[][..], &[("cache-control", "private")][..]),
            (&[("cache-control", "no-store")], &[("cache-control", "no-store")]),
            (&[("cache-control", "private, max-age=1")], &[("cache-control", "private, max-age=1")]),
            (&[("cache-control", "public, max-age=9")], &[("cache-control", "private, public, max-age=9")]),
            (
                &[("cache-control", "no-store"), ("cdn-cache-control", "max-age=9")],
                &[("cache-control", "no-store"), ("cdn-cache-control", "max-age=9, private")],
            ),
            (&[("x-accel-expires", "60")], &[("x-accel-expires", "0"), ("cache-control", "private")]),
            (
                &[("cache-control", "max-age=9"), ("cache-control", "public")],
                &[("cache-control", "private, max-age=9"), ("cache-control", "private, public")],
            ),
        ] {
            let sent: Vec<_> = sent.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(private(own), sent);
        }
    }
}
