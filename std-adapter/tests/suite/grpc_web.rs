//! gRPC-Web, whose layer of tonic is outside of the check: over HTTP/1 too it shows a gRPC request to what is inside.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use hyper_util::service::TowerToHyperService;
use sallet_core::auth::Refusal;
use sallet_hyper::{Bearer, PresentedToken, RequireAuthLayer, User};
use tonic::service::Routes;
use tonic_web::GrpcWebLayer;
use tower::ServiceBuilder;

use super::server::serve;

#[derive(Clone)]
struct Anyone;

impl User for Anyone {}

async fn lookup(token: PresentedToken) -> Result<Anyone, Refusal> {
    match token.as_str() {
        "abc" => Ok(Anyone),
        "poor" => Err(Refusal::InsufficientScope),
        "down" => Err(Refusal::Unavailable),
        _ => Err(Refusal::InvalidToken),
    }
}

/// The health service, with the layer on one side of the check.
async fn app(outside: bool) -> SocketAddr {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let auth = RequireAuthLayer::new(Bearer::from_fn(lookup)).grpc();
    if outside {
        let stack = ServiceBuilder::new().layer(GrpcWebLayer::new()).layer(auth).service(Routes::new(health));
        serve(TowerToHyperService::new(stack)).await
    } else {
        let stack = ServiceBuilder::new().layer(auth).layer(GrpcWebLayer::new()).service(Routes::new(health));
        serve(TowerToHyperService::new(stack)).await
    }
}

/// Status, fields and body of the answer to an empty message, which asks how the whole server is.
async fn check(addr: SocketAddr, version: Version, kind: &str, token: &str) -> (StatusCode, HeaderMap, Bytes) {
    let mut builder = Client::builder(TokioExecutor::new());
    let client = builder.http2_only(version == Version::HTTP_2).build_http();
    let request = Request::post(format!("http://{addr}/grpc.health.v1.Health/Check"))
        .header("content-type", kind)
        .header("authorization", format!("Bearer {token}"))
        .version(version)
        .body(Full::new(Bytes::from_static(if kind.ends_with("-text") { b"AAAAAAA=" } else { &[0; 5] })));
    let response = client.request(request.expect("a request")).await.expect("a response");
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, body.collect().await.expect("a body").to_bytes())
}

fn told_by(headers: &HeaderMap) -> [&str; 2] {
    ["grpc-status", "grpc-message"].map(|name| headers.get(name).map_or("", |value| value.to_str().expect("ASCII")))
}

/// Token, HTTP status, gRPC status and message.
const REFUSALS: [(&str, u16, &str, &str); 4] = [
    ("no", 401, "16", "The credentials are not valid"),
    ("a b", 400, "16", "The credentials cannot be read: look for a space, a comma or a missing quote in them"),
    ("poor", 403, "7", "The credentials do not have the required scope"),
    ("down", 503, "14", "Credentials cannot be checked just now, try again later"),
];

#[tokio::test]
async fn over_http1_a_refusal_is_honest_and_tells_its_grpc_status() {
    for outside in [true, false] {
        let addr = app(outside).await;
        for kind in ["application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text"] {
            for (token, status, grpc, message) in REFUSALS {
                let (told, headers, body) = check(addr, Version::HTTP_11, kind, token).await;
                assert_eq!((told.as_u16(), &*body), (status, &b""[..]), "{kind} {token} {outside}");
                assert_eq!(told_by(&headers), [grpc, message], "{kind} {token}");
                assert_eq!(headers["cache-control"], "no-store");
                assert_eq!(headers.contains_key("www-authenticate"), status != 503);
                // Whoever reads the type finds no JSON under that of gRPC-Web, nor a type of nothing.
                assert_eq!(headers.contains_key("content-type"), outside, "{headers:?}");
            }
            let (status, _, body) = check(addr, Version::HTTP_11, kind, "abc").await;
            assert_eq!((status, body.is_empty()), (StatusCode::OK, false), "{kind}");
        }
    }
}

/// There a refusal is what any gRPC request gets, and the layer hands it through.
#[tokio::test]
async fn over_http2_a_refusal_is_of_trailers_only() {
    let addr = app(true).await;
    for (token, _, grpc, message) in REFUSALS {
        let (status, headers, body) = check(addr, Version::HTTP_2, "application/grpc-web+proto", token).await;
        assert_eq!((status, &*body), (StatusCode::OK, &b""[..]), "{token}");
        assert_eq!(told_by(&headers), [grpc, message]);
        assert_eq!(headers["content-type"], "application/grpc-web+proto");
    }
    let (status, _, body) = check(addr, Version::HTTP_2, "application/grpc-web+proto", "abc").await;
    assert_eq!((status, body.is_empty()), (StatusCode::OK, false));
    // Not translated, nothing says that the client knows gRPC over HTTP/2.
    let (status, headers, body) = check(app(false).await, Version::HTTP_2, "application/grpc-web+proto", "no").await;
    assert_eq!(
        (status, told_by(&headers), &*body),
        (StatusCode::UNAUTHORIZED, ["16", "The credentials are not valid"], &b""[..])
    );
}

/// A proxy that asks whether a request may pass takes a 200 for a yes.
#[tokio::test]
async fn grpc_over_http1_is_refused_honestly() {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let auth = RequireAuthLayer::new(Bearer::from_fn(lookup)).grpc();
    let addr = serve(TowerToHyperService::new(ServiceBuilder::new().layer(auth).service(Routes::new(health)))).await;
    for (token, status, grpc, message) in REFUSALS {
        let (told, headers, body) = check(addr, Version::HTTP_11, "application/grpc", token).await;
        assert_eq!((told.as_u16(), &*body), (status, &b""[..]), "{token}");
        assert_eq!(told_by(&headers), [grpc, message]);
    }
}
