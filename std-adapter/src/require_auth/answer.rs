//! The answers to requests that are refused.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use sallet_core::Cursor;
use sallet_core::auth::{Alternatives, Refusal, Requirement, Scopes};

use super::Refused;
use super::denied::No;

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
        Self(decided.map(|decided| Refusal::ALL.map(|refusal| lines(needs, decided, refusal))).collect())
    }

    /// The challenges to send: none where the app says a status of its own, because what this user may not, or nobody may now, another
    /// credential would not change.
    pub(super) fn challenges(&self, no: &No, decided: Option<usize>) -> &[HeaderValue] {
        match no.status() {
            Some(_) => &[],
            None => &self.0[decided.map_or(0, |at| at + 1)][no.reason().refusal().index()],
        }
    }
}

/// The challenges of a route that asks for more scopes than its app.
pub(super) fn challenges_for(
    needs: &[Requirement<String>],
    no: &No,
    decided: Option<usize>,
    scopes: Scopes<&str>,
) -> Vec<HeaderValue> {
    let needs = needs.iter().map(|need| need.borrowed().with_scopes(scopes).owned()).collect();
    match Alternatives::try_new(needs) {
        Ok(needs) if no.status().is_none() => lines(&needs, decided, no.reason().refusal()),
        _ => vec![],
    }
}

fn lines(needs: &Alternatives<Vec<Requirement<String>>>, decided: Option<usize>, refusal: Refusal) -> Vec<HeaderValue> {
    let texts = needs.challenges(decided, refusal).map(|challenge| challenge.to_string());
    texts.map(|text| HeaderValue::try_from(text).expect("realms and scopes are visible ASCII")).collect()
}

/// The response to a refusal: Sallet's, or an answer of the app's own, whose challenge and whose `no-store` stay Sallet's.
pub(super) fn answer(
    no: &No,
    refused: Refused,
    challenges: &[HeaderValue],
    own: Option<Response<Bytes>>,
    protocol: Protocol,
) -> Response<Bytes> {
    let mut response = match own {
        Some(own) => tamed(own),
        None => plain(no, refused),
    };
    for challenge in challenges {
        response.headers_mut().append(WWW_AUTHENTICATE, challenge.clone());
    }
    if let Some(after) = no.retry_after() {
        response.headers_mut().entry(RETRY_AFTER).or_insert(after);
    }
    shape(response, protocol, refused)
}

fn tamed(mut own: Response<Bytes>) -> Response<Bytes> {
    own.headers_mut().remove(WWW_AUTHENTICATE);
    let ours = |name: &&HeaderName| Refusal::overrides(name.as_str().as_bytes());
    for name in own.headers().keys().filter(ours).cloned().collect::<Vec<_>>() {
        own.headers_mut().remove(name);
    }
    own.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    own
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

fn plain(no: &No, refused: Refused) -> Response<Bytes> {
    let mut response = http(refused.refusal());
    if let Some(status) = no.status() {
        *response.status_mut() = status;
        *response.body_mut() = format!(r#"{{"detail":"{}"}}"#, refused.detail()).into();
    }
    if let Some((kind, body)) = no.own().and_then(|own| own.body.as_ref()) {
        response.headers_mut().insert(CONTENT_TYPE, kind.clone());
        *response.body_mut() = body.clone();
    }
    response
}

/// The response as the client's protocol has it.
fn shape(mut response: Response<Bytes>, protocol: Protocol, refused: Refused) -> Response<Bytes> {
    match protocol {
        Protocol::Http => {}
        // No body, and the length that a `GET` would have had: axum would say 0 of an empty one (RFC 9110 section 8.6).
        Protocol::Head => {
            let length = std::mem::take(response.body_mut()).len();
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        Protocol::Grpc => {
            put_grpc_status(&mut response, refused);
            // A response of trailers only: status 200, and the gRPC status in the one and only block of fields.
            // (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses>)
            *response.status_mut() = StatusCode::OK;
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        }
        // The status that HTTP has for it, and that of gRPC beside it, for clients that look. A body would be taken for a frame,
        // and there is none, so it has no type either: tonic's `GrpcWebLayer` writes its own.
        Protocol::GrpcOverHttp => {
            put_grpc_status(&mut response, refused);
            response.headers_mut().remove(CONTENT_TYPE);
        }
    }
    response
}

fn put_grpc_status(response: &mut Response<Bytes>, refused: Refused) {
    // Malformed credentials are 16 too: INVALID_ARGUMENT is about the message, which nobody has read.
    let status = match refused.status().as_u16() {
        403 => "7",
        404 => "5",
        429 => "8",
        500.. => "14",
        _ => "16",
    };
    *response.body_mut() = Bytes::new();
    let headers = response.headers_mut();
    headers.insert("grpc-status", HeaderValue::from_static(status));
    // Percent-encoded on the wire, and these sentences have nothing to encode.
    headers.insert("grpc-message", HeaderValue::from_static(refused.detail()));
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
