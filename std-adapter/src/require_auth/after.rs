//! What the response to an admitted request still gets.

use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderValue, Response, StatusCode};
use sallet_core::merge::Privacy;

use super::guard::Case;
use crate::{ResponsePolicy, for_one};

#[derive(Debug, Default)]
pub(super) struct After {
    /// How shared caches are to be kept off it.
    pub(super) privacy: Option<Privacy>,
    /// A layer of headers around tells caches something as well.
    pub(super) asked: bool,
    /// What is answered to a WebSocket handshake if the app chooses no subprotocol.
    pub(super) subprotocol: Option<Box<HeaderValue>>,
    /// Whether the handshake is HTTP/2's, which any success accepts (RFC 8441 section 5).
    pub(super) is_connect: bool,
    /// For a route further in that asks for more scopes.
    pub(super) case: Case,
}

impl After {
    pub(super) fn apply<B>(&mut self, response: &mut Response<B>) {
        if let Some(name) = self.subprotocol.take()
            && (response.status() == StatusCode::SWITCHING_PROTOCOLS
                || self.is_connect && response.status().is_success())
        {
            response.headers_mut().entry(SEC_WEBSOCKET_PROTOCOL).or_insert(*name);
        }
        if let Some(privacy) = self.privacy
            && !response.status().is_informational()
        {
            // One that the handler has chosen may tell caches something too.
            let tells = self.asked || ResponsePolicy::of(response).is_some();
            for_one::make(response, privacy, tells);
        }
    }
}
