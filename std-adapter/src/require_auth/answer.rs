//! The answers to requests that are refused.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use sallet_core::Cursor;
use sallet_core::auth::{Alternatives, Refusal, Requirement};

use super::denied::{No, Own};

/// The challenges that go with each of [`Refusal::ALL`]: first where no scheme has decided, then for each scheme.
#[derive(Debug, Clone)]
pub(super) struct Answers(Vec<[Vec<HeaderValue>; Refusal::ALL.len()]>);

/// How the client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http,
    /// A `HEAD`, whose answer has no body (RFC 9110 section 9.3.2); HTTP/2 servers take one for a protocol error.
    Head,
    Grpc,
    /// gRPC where no answer of trailers only can come: gRPC-Web, or what a layer for it has made of that.
    GrpcOverHttp,
}

impl Answers {
    pub(super) fn new(needs: &Alternatives<Vec<Requirement<String>>>) -> Self {
        let decided = std::iter::once(None).chain((0..needs.needs().len()).map(Some));
        let lines = |decided, refusal| {
            let texts = needs.challenges(decided, refusal).map(|challenge| challenge.to_string());
            texts.map(|text| HeaderValue::try_from(text).expect("realms and scopes are visible ASCII")).collect()
        };
        Self(decided.map(|decided| Refusal::ALL.map(|refusal| lines(decided, refusal))).collect())
    }

    fn challenges(&self, decided: Option<usize>, refusal: Refusal) -> &[HeaderValue] {
        &self.0[decided.map_or(0, |at| at + 1)][refusal.index()]
    }

    /// The whole response.
    pub(super) fn answer(&self, no: &No, decided: Option<usize>, protocol: Protocol) -> Response<Bytes> {
        let refusal = no.reason().refusal();
        let mut response = http(refusal);
        let mut challenges = self.challenges(decided, refusal);
        if let No::Said(denied) = no
            && let Some(own) = denied.own()
        {
            put_own(&mut response, own);
            // What this user may not, or nobody may now, another credential would not change.
            if own.status.is_some() {
                challenges = &[];
            }
        }
        put_challenges(&mut response, challenges);
        shape(response, protocol, refusal)
    }

    /// An answer of the app's own, whose challenge and whose `no-store` stay Sallet's.
    pub(super) fn own(
        &self,
        mut own: Response<Bytes>,
        decided: Option<usize>,
        refusal: Refusal,
        protocol: Protocol,
    ) -> Response<Bytes> {
        own.headers_mut().remove(WWW_AUTHENTICATE);
        put_challenges(&mut own, self.challenges(decided, refusal));
        let ours = |name: &&HeaderName| Refusal::overrides(name.as_str().as_bytes());
        for name in own.headers().keys().filter(ours).cloned().collect::<Vec<_>>() {
            own.headers_mut().remove(name);
        }
        own.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        shape(own, protocol, refusal)
    }
}

fn put_challenges(response: &mut Response<Bytes>, challenges: &[HeaderValue]) {
    for challenge in challenges {
        response.headers_mut().append(WWW_AUTHENTICATE, challenge.clone());
    }
}

/// Its body is a text that the compiler has rendered.
fn http(refusal: Refusal) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(BODIES[refusal.index()].as_bytes()));
    *response.status_mut() = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    for (name, value) in Refusal::FIELDS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn put_own(response: &mut Response<Bytes>, own: &Own) {
    if let Some(status) = own.status {
        *response.status_mut() = status;
    }
    if let Some(after) = &own.retry_after {
        response.headers_mut().insert(RETRY_AFTER, after.clone());
    }
    if let Some((kind, body)) = &own.body {
        response.headers_mut().insert(CONTENT_TYPE, kind.clone());
        *response.body_mut() = body.clone();
    }
}

/// The response as the client's protocol has it.
fn shape(mut response: Response<Bytes>, protocol: Protocol, refusal: Refusal) -> Response<Bytes> {
    match protocol {
        Protocol::Http => {}
        // No body, and the length that a `GET` would have had: axum would say 0 of an empty one (RFC 9110 section 8.6).
        Protocol::Head => {
            let length = std::mem::take(response.body_mut()).len();
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        Protocol::Grpc => {
            put_grpc_status(&mut response, refusal);
            // A response of trailers only: status 200, and the gRPC status in the one and only block of fields.
            // (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses>)
            *response.status_mut() = StatusCode::OK;
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        }
        // The status that HTTP has for it, and that of gRPC beside it, for clients that look. A body would be taken for a frame,
        // and there is none, so it has no type either: tonic's `GrpcWebLayer` writes its own.
        Protocol::GrpcOverHttp => {
            put_grpc_status(&mut response, refusal);
            response.headers_mut().remove(CONTENT_TYPE);
        }
    }
    response
}

fn put_grpc_status(response: &mut Response<Bytes>, refusal: Refusal) {
    let status = match (response.status(), refusal) {
        (StatusCode::TOO_MANY_REQUESTS, _) | (_, Refusal::Throttled) => "8",
        (_, Refusal::InsufficientScope | Refusal::CrossSite) => "7",
        (_, Refusal::Unavailable) => "14",
        // Malformed credentials as well: INVALID_ARGUMENT speaks of the message, which nobody has read.
        (_, Refusal::Missing | Refusal::InvalidToken | Refusal::Malformed(_)) => "16",
    };
    *response.body_mut() = Bytes::new();
    let headers = response.headers_mut();
    headers.insert("grpc-status", HeaderValue::from_static(status));
    // Percent-encoded on the wire, and these sentences have nothing to encode.
    headers.insert("grpc-message", HeaderValue::from_static(refusal.detail()));
}

impl Protocol {
    /// gRPC is `POST` over HTTP/2, to a service that is said to be gRPC. Whatever else names its media type gets an honest 401:
    /// a gRPC refusal has status 200, and a proxy that asks this service whether a request may pass would take that for a
    /// yes.
    pub(super) fn of<B>(request: &Request<B>, grpc: bool) -> Self {
        let kind = if grpc { media_type(request.headers()) } else { MediaType::Other };
        match (request.method(), kind) {
            (&Method::HEAD, _) => Self::Head,
            (&Method::POST, MediaType::Grpc) if request.version() == Version::HTTP_2 => Self::Grpc,
            (_, MediaType::Grpc | MediaType::GrpcWeb) => Self::GrpcOverHttp,
            (_, MediaType::Other) => Self::Http,
        }
    }

    pub(super) const fn is_grpc(self) -> bool {
        matches!(self, Self::Grpc | Self::GrpcOverHttp)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MediaType {
    Grpc,
    GrpcWeb,
    Other,
}

fn media_type(headers: &HeaderMap) -> MediaType {
    /// What follows, unless it makes another type of it.
    fn behind<'a>(kind: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
        let (start, rest) = kind.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some(rest)
    }
    let ends = |rest: &[u8]| matches!(rest, [] | [b'+' | b';' | b' ', ..]);

    let kind = headers.get(CONTENT_TYPE).and_then(|kind| behind(kind.as_bytes(), b"application/grpc"));
    match kind {
        Some(rest) if ends(rest) => MediaType::Grpc,
        Some(rest) if behind(rest, b"-web").is_some_and(|rest| ends(behind(rest, b"-text").unwrap_or(rest))) => {
            MediaType::GrpcWeb
        }
        _ => MediaType::Other,
    }
}

/// The body of each of [`Refusal::ALL`].
static BODIES: [Text; Refusal::ALL.len()] = {
    let mut bodies = [Text::of(Refusal::Missing); Refusal::ALL.len()];
    let mut at = 0;
    while at < bodies.len() {
        bodies[at] = Text::of(Refusal::ALL[at]);
        at += 1;
    }
    bodies
};

/// The body of one refusal, rendered by the compiler.
#[derive(Clone, Copy)]
struct Text {
    bytes: [u8; Self::ROOM],
    len: usize,
}

impl Text {
    const ROOM: usize = 256;

    const fn of(refusal: Refusal) -> Self {
        let mut bytes = [0; Self::ROOM];
        let mut out = Cursor::new(&mut bytes);
        refusal.render_body(&mut out);
        let len = match out.finish() {
            Ok(text) => text.len(),
            Err(_) => panic!("the body of a refusal has outgrown its room"),
        };
        Self { bytes, len }
    }

    fn as_bytes(&'static self) -> &'static [u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_those_of_the_core() {
        for refusal in Refusal::ALL {
            let body = format!(r#"{{"detail":"{}"}}"#, refusal.detail());
            assert_eq!(*http(refusal).body(), body.as_bytes());
        }
    }

    #[test]
    fn only_grpc_is_grpc() {
        let of = |kind: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            media_type(&headers)
        };
        for grpc in ["application/grpc", "application/grpc+proto", "Application/gRPC", "application/grpc; x=y"] {
            assert_eq!(of(grpc), MediaType::Grpc, "{grpc}");
        }
        for web in ["application/grpc-web", "application/grpc-Web+proto", "application/grpc-web-text;x=y"] {
            assert_eq!(of(web), MediaType::GrpcWeb, "{web}");
        }
        for other in
            ["", "application/json", "application/grpcx", "application/grpc-webx", "application/grpc-web-textx"]
        {
            assert_eq!(of(other), MediaType::Other, "{other}");
        }
        assert_eq!(media_type(&HeaderMap::new()), MediaType::Other);
    }
}
