//! Inside of a router of axum without the feature `axum`: what the client sent is unknown there, so nothing is public.
#![cfg(not(feature = "axum"))]

use axum::Router;
use axum::body::Body;
use axum::handler::Handler;
use axum::routing::get;
use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use sallet_core::auth::{Key, Keyring};
use sallet_core::digest_hex;
use sallet_hyper::{Bearer, Layer, RequireAuthLayer};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

static KEYS: Keyring =
    Keyring::new(&[Key::new("k", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))]);

fn auth() -> RequireAuthLayer<&'static Keyring> {
    RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/health", "/v1/health"])
}

async fn hello() -> &'static str {
    "hello"
}

async fn status(app: &Router, path: &str) -> u16 {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    app.clone().oneshot(request).await.expect("a response").status().as_u16()
}

#[tokio::test]
async fn inside_of_a_router_nothing_is_public() {
    let boxed = tower::layer::layer_fn(|inner| auth().layer(BoxCloneSyncService::new(inner)));
    let apps = [
        Router::new().route("/health", get(hello)).fallback(hello).layer(auth()),
        Router::new().route("/health", get(hello)).fallback(hello).layer(auth().nested()),
        Router::new().route("/health", get(hello)).fallback(hello).layer(boxed),
        Router::new().route("/health", get(hello).layer(auth())).fallback(hello.layer(auth())),
        Router::new().route("/health", get(hello.layer(auth()))).fallback(hello.layer(auth())),
    ];
    for (at, app) in apps.into_iter().enumerate() {
        let nested = Router::new().nest("/v1", app.clone());
        for (app, path) in [(&app, "/health"), (&nested, "/v1/health"), (&nested, "/v1//health")] {
            assert_eq!(status(app, path).await, 401, "{at} {path}");
        }
    }
}

/// A nest hands its path on without the prefix to a service as well.
#[tokio::test]
async fn around_a_router_inside_of_another_nothing_is_public() {
    let inner = || auth().layer(Router::new().route("/health", get(hello)));
    for app in [Router::new().nest_service("/v1", inner()), Router::new().fallback_service(inner())] {
        for path in ["/health", "/v1/health"] {
            assert_ne!(status(&app, path).await, 200, "{path}");
        }
    }
}

/// There nobody has taken anything off, as a body that is not axum's shows.
#[tokio::test]
async fn around_all_routers_rules_hold() {
    let app = auth().layer(Router::new().route("/health", get(hello)).nest("/v1", Router::new().fallback(hello)));
    for (path, expected) in [("/health", 200), ("/v1/health", 200), ("/v1//health", 401), ("/v1/x", 401)] {
        let request = Request::get(path).body(Empty::<Bytes>::new()).expect("a request");
        let response = app.clone().oneshot(request).await.expect("a response");
        assert_eq!(response.status(), expected, "{path}");
    }
}
