//! Forged preflights: anybody can send `OPTIONS` with two more fields, and not every handler looks at the method.

use axum::Router;
use axum::routing::{any, get};
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use sallet_core::auth::{Key, Keyring};
use sallet_core::digest_hex;
use sallet_hyper::{Bearer, Layer, RequireAuthLayer};
use tokio::net::TcpStream;
use tonic::service::Routes;

use super::client::one;
use super::server::serve;

static KEYS: Keyring =
    Keyring::new(&[Key::new("k", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))]);

type Auth = RequireAuthLayer<&'static Keyring>;

fn shut() -> Auth {
    RequireAuthLayer::new(Bearer::new(&KEYS))
}

/// Scopes are asked of a token; without one there is nothing that could have them.
fn scoped() -> Auth {
    RequireAuthLayer::new(Bearer::new(&KEYS).scopes("a"))
}

/// What `preflights` opens, so that these tests know that the handlers would run.
fn open() -> Auth {
    shut().preflights(["/*"])
}

#[tokio::test]
async fn to_an_axum_handler_for_every_method() {
    async fn ask(auth: Auth, path: &str) -> (u16, Vec<u8>) {
        let app = Router::new()
            .route("/any", any(async || "ran"))
            .route("/get", get(async || "ran"))
            .fallback(async || "ran")
            .layer(auth);
        let head = format!(
            "OPTIONS {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\norigin: https://x.example\r\n\
             access-control-request-method: POST\r\n\r\n"
        );
        let raw = one(serve(TowerToHyperService::new(app)).await, head.as_bytes()).await;
        (raw.status, raw.body)
    }

    for path in ["/any", "/get", "/nowhere"] {
        for auth in [shut(), scoped()] {
            assert_eq!(ask(auth, path).await, (401, br#"{"detail":"Not authenticated"}"#.to_vec()), "{path}");
        }
    }
    for auth in [open(), scoped().preflights(["/*"])] {
        assert_eq!(ask(auth, "/any").await, (200, b"ran".to_vec()));
    }
    assert_eq!(ask(open(), "/nowhere").await, (200, b"ran".to_vec()));
    assert_eq!(ask(open(), "/get").await.0, 405);
}

#[tokio::test]
async fn to_a_tonic_method() {
    async fn call(auth: Auth) -> Response<Incoming> {
        let (_reporter, health) = tonic_health::server::health_reporter();
        let addr = serve(TowerToHyperService::new(auth.grpc().layer(Routes::new(health)))).await;
        let io = TokioIo::new(TcpStream::connect(addr).await.expect("a server"));
        let (mut client, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("a handshake");
        tokio::spawn(connection);
        // An empty message, which asks how the whole server is.
        let request = Request::options("http://x/grpc.health.v1.Health/Check")
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("origin", "https://x.example")
            .header("access-control-request-method", "POST")
            .body(Full::new(Bytes::from_static(&[0; 5])));
        client.send_request(request.expect("a request")).await.expect("a response")
    }

    for auth in [shut(), scoped()] {
        let refused = call(auth).await;
        assert_eq!(refused.status(), 401, "an OPTIONS is no gRPC, so the refusal is an honest one");
        assert!(refused.headers()["www-authenticate"].to_str().expect("ASCII").starts_with(r#"Bearer realm="api""#));
        assert_eq!(refused.headers()["grpc-message"], "Not authenticated");
        assert_eq!(refused.into_body().collect().await.expect("a body").to_bytes(), "");
    }

    let ran = call(open()).await.into_body().collect().await.expect("a body");
    assert_eq!(ran.trailers().and_then(|trailers| trailers.get("grpc-status")), Some(&HeaderValue::from_static("0")));
    assert_eq!(ran.to_bytes(), &[0, 0, 0, 0, 2, 8, 1][..], "SERVING");
}
