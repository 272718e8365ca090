//! The answers to requests that are not let in.

use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use sallet_core::Cursor;
use sallet_core::auth::{Challenge, CredentialsError, Realm, Refusal, Scopes};

use super::Denied;

/// What a client is told, with everything that the realm and the scopes decide rendered.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    missing: HeaderValue,
    malformed: HeaderValue,
    invalid_token: HeaderValue,
    insufficient_scope: HeaderValue,
}

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
    pub(super) fn new(realm: Realm<'_>, scopes: Scopes<'_>) -> Self {
        let challenge = |refusal| {
            let text = Challenge::new(realm, refusal, scopes).to_string();
            HeaderValue::try_from(text).expect("realms and scopes are visible ASCII")
        };
        Self {
            missing: challenge(Refusal::Missing),
            // The cause is told in the body; the challenge is the same for all.
            malformed: challenge(Refusal::Malformed(CredentialsError::NoToken)),
            invalid_token: challenge(Refusal::InvalidToken),
            insufficient_scope: challenge(Refusal::InsufficientScope),
        }
    }

    /// The whole response; its body is a text that the compiler has rendered.
    pub(super) fn answer(&self, denied: Denied, protocol: Protocol) -> Response<&'static [u8]> {
        let mut response = match protocol {
            Protocol::Http => http(denied),
            Protocol::Head => head(denied),
            Protocol::Grpc => grpc(denied),
            Protocol::GrpcOverHttp => grpc_over_http(denied),
        };
        if let Denied::Refused(refusal) = denied {
            response.headers_mut().insert(WWW_AUTHENTICATE, self.challenge(refusal).clone());
        }
        response
    }

    const fn challenge(&self, refusal: Refusal) -> &HeaderValue {
        match refusal {
            Refusal::Missing => &self.missing,
            Refusal::Malformed(_) => &self.malformed,
            Refusal::InvalidToken => &self.invalid_token,
            Refusal::InsufficientScope => &self.insufficient_scope,
        }
    }
}

fn http(denied: Denied) -> Response<&'static [u8]> {
    let mut response = Response::new(text_of(denied));
    *response.status_mut() = match denied {
        Denied::Refused(refusal) => StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNAUTHORIZED),
        Denied::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    };
    for (name, value) in Refusal::FIELDS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// No body, and the length that a `GET` would have had: axum would say 0 of an empty one (RFC 9110 section 8.6).
fn head(denied: Denied) -> Response<&'static [u8]> {
    let mut response = http(denied);
    let length = std::mem::take(response.body_mut()).len();
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}

/// A response of trailers only: status 200, and the gRPC status in the one and only block of fields.
/// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses>)
fn grpc(denied: Denied) -> Response<&'static [u8]> {
    let mut response = Response::new(&b""[..]);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    put_grpc_status(headers, denied);
    response
}

/// The status that HTTP has for it, and that of gRPC beside it, for clients that look. A body would be taken for a frame,
/// and there is none, so it has no type either: tonic's `GrpcWebLayer` writes its own.
fn grpc_over_http(denied: Denied) -> Response<&'static [u8]> {
    let mut response = http(denied);
    *response.body_mut() = b"";
    let headers = response.headers_mut();
    headers.remove(CONTENT_TYPE);
    put_grpc_status(headers, denied);
    response
}

fn put_grpc_status(headers: &mut HeaderMap, denied: Denied) {
    let (status, message) = match denied {
        Denied::Refused(Refusal::InsufficientScope) => ("7", Refusal::InsufficientScope.detail()),
        // Malformed credentials as well: INVALID_ARGUMENT speaks of the message, which nobody has read.
        Denied::Refused(refusal) => ("16", refusal.detail()),
        Denied::Unavailable => ("14", UNAVAILABLE),
    };
    headers.insert("grpc-status", HeaderValue::from_static(status));
    // Percent-encoded on the wire, and these sentences have nothing to encode.
    headers.insert("grpc-message", HeaderValue::from_static(message));
}

impl Protocol {
    /// gRPC is `POST` over HTTP/2. Whatever else names its media type gets an honest 401: a gRPC refusal has status 200,
    /// and a proxy that asks this service whether a request may pass would take that for a yes.
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        match (request.method(), media_type(request.headers())) {
            (&Method::HEAD, _) => Self::Head,
            (&Method::POST, MediaType::Grpc) if request.version() == Version::HTTP_2 => Self::Grpc,
            (_, MediaType::Grpc | MediaType::GrpcWeb) => Self::GrpcOverHttp,
            (_, MediaType::Other) => Self::Http,
        }
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

const UNAVAILABLE: &str = "Tokens cannot be checked just now, try again later";
const UNAVAILABLE_BODY: &str = r#"{"detail":"Tokens cannot be checked just now, try again later"}"#;

fn text_of(denied: Denied) -> &'static [u8] {
    static MISSING: Text = Text::of(Refusal::Missing);
    static INVALID_TOKEN: Text = Text::of(Refusal::InvalidToken);
    static INSUFFICIENT_SCOPE: Text = Text::of(Refusal::InsufficientScope);
    static MALFORMED: [Text; CredentialsError::ALL.len()] = {
        let mut all = [Text::of(Refusal::Missing); CredentialsError::ALL.len()];
        let mut i = 0;
        while i < all.len() {
            all[i] = Text::of(Refusal::Malformed(CredentialsError::ALL[i]));
            i += 1;
        }
        all
    };
    match denied {
        Denied::Refused(Refusal::Missing) => MISSING.as_bytes(),
        Denied::Refused(Refusal::InvalidToken) => INVALID_TOKEN.as_bytes(),
        Denied::Refused(Refusal::InsufficientScope) => INSUFFICIENT_SCOPE.as_bytes(),
        Denied::Refused(Refusal::Malformed(error)) => {
            let known = CredentialsError::ALL.iter().position(|&known| known == error);
            known.map_or(b"", |at| MALFORMED[at].as_bytes())
        }
        Denied::Unavailable => UNAVAILABLE_BODY.as_bytes(),
    }
}

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
        let malformed = CredentialsError::ALL.map(Refusal::Malformed);
        for refusal in [Refusal::Missing, Refusal::InvalidToken, Refusal::InsufficientScope].iter().chain(&malformed) {
            let mut buf = [0; 512];
            let mut out = Cursor::new(&mut buf);
            refusal.render_body(&mut out);
            assert_eq!(text_of((*refusal).into()), out.finish().unwrap());
        }
        assert_eq!(UNAVAILABLE_BODY, format!(r#"{{"detail":"{UNAVAILABLE}"}}"#));
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
