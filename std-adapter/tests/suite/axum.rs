//! Under axum, where the layers have neighbours.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get, post};
use http::StatusCode;
use http_body::Body as _;
use hyper_util::service::TowerToHyperService;
use sallet_core::auth::{Key, Keyring};
use sallet_core::{ContentSecurityPolicy, Directive, SecurityHeaders, Source, digest_hex};
use sallet_hyper::{Bearer, Missing, Principal, RequestNonce, RequireAuthLayer, SecurityHeadersLayer, protect};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::client::{get as ask, one, read_until, responses};
use super::log::Log;
use super::server::serve;

/// The token is `abc`.
static KEYS: Keyring =
    Keyring::new(&[Key::new("k", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))]);

const GOOD: &str = "authorization: Bearer abc\r\n";

const PAGES: SecurityHeaders<'static> = SecurityHeaders::STRICT
    .content_security_policy(Some(ContentSecurityPolicy::new(&[
        Directive::default_src(&[Source::SELF]),
        Directive::script_src(&[Source::NONCE]),
    ])))
    .checked();

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

async fn boom() -> Infallible {
    panic!("boom")
}

/// What a layer of the app can find out and its clients cannot.
async fn tell(mut response: Response) -> Response {
    if let Some(missing) = response.extensions().get::<Missing>() {
        let told = missing.to_string().len().into();
        response.headers_mut().insert("x-told", told);
    }
    response
}

async fn app() -> SocketAddr {
    let nested = Router::new()
        .route("/open", get(async || "inner open"))
        .route("/shut", get(async || "inner shut"))
        .layer(RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/nested/open"]));
    let app = Router::new()
        .route("/who", get(async |who: Principal| who.name().to_owned()))
        .route(
            "/maybe",
            get(async |who: Option<Principal>| who.map_or_else(|| "nobody".to_owned(), |who| who.id().to_owned())),
        )
        .route("/missing", get(async |who: Principal| who.name().to_owned()))
        .route("/page", get(async |nonce: RequestNonce| Html(nonce.to_string())))
        .route("/plain", get(async |nonce: RequestNonce| nonce.to_string()))
        .route("/boom", get(async || -> String { match boom().await {} }))
        .route("/post", post(async |body: String| body))
        .nest("/nested", nested)
        .route("/ws", any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(echo)))
        .layer(map_response(tell))
        .layer(RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/maybe", "/missing", "/page", "/plain", "/nested/*"]))
        .layer(CorsLayer::new().allow_origin(AllowOrigin::list(["https://app.example".parse().expect("a value")])))
        .layer(CatchPanicLayer::new())
        .layer(SecurityHeadersLayer::new(&PAGES).path("/plain", &SecurityHeaders::API));
    serve(TowerToHyperService::new(app)).await
}

#[tokio::test]
async fn extractors() {
    let addr = app().await;
    let who = ask(addr, "/who", GOOD).await;
    assert_eq!((who.status, &*who.body), (200, &b"k"[..]));
    assert_eq!(ask(addr, "/maybe", "").await.body, b"nobody");
    assert_eq!(ask(addr, "/maybe", GOOD).await.body, b"k");

    let missing = ask(addr, "/missing", "").await;
    assert_eq!((missing.status, &*missing.body), (500, &b""[..]));
    assert_eq!(missing.all("x-told"), [Missing::Principal.message().len().to_string()]);

    let page = ask(addr, "/page", "").await;
    assert_eq!(page.all("content-type"), ["text/html; charset=utf-8"]);
    let nonce = String::from_utf8(page.body.clone()).expect("text");
    assert_eq!(page.all("content-security-policy"), [format!("default-src 'self'; script-src 'nonce-{nonce}'")]);
    let plain = ask(addr, "/plain", "").await;
    assert_eq!((plain.status, &*plain.body), (500, &b""[..]));
    assert_eq!(plain.all("x-told"), [Missing::RequestNonce.message().len().to_string()]);
}

/// How an app is wired is no business of its clients.
#[test]
fn what_is_missing_is_told_to_the_developer() {
    let (log, _guard) = Log::listen();
    for missing in [Missing::Principal, Missing::RequestNonce] {
        let response = missing.into_response();
        assert_eq!((response.status(), response.headers().len()), (StatusCode::INTERNAL_SERVER_ERROR, 0));
        assert!(response.body().is_end_stream());
        assert_eq!(response.extensions().get(), Some(&missing));
    }
    let told = [Missing::Principal, Missing::RequestNonce].map(|missing| format!("ERROR sallet: {missing}"));
    assert_eq!(log.lines(), told);
}

#[tokio::test]
async fn every_response_has_the_headers_once() {
    let addr = app().await;
    for (path, fields, status) in [
        ("/who", GOOD, 200),
        ("/who", "", 401),
        ("/who", "authorization: Bearer a b\r\n", 400),
        ("/nowhere", GOOD, 404),
        ("/post", GOOD, 405),
        ("/boom", GOOD, 500),
        ("/missing", "", 500),
        ("/ws", GOOD, 400),
    ] {
        let raw = ask(addr, path, fields).await;
        assert_eq!(raw.status, status, "{path}");
        for name in ["content-security-policy", "x-frame-options", "referrer-policy", "permissions-policy"] {
            assert_eq!(raw.all(name).len(), 1, "{path}: {name}");
        }
    }
    // Strangers learn nothing about which routes exist.
    let (nowhere, somewhere) = (ask(addr, "/nowhere", "").await, ask(addr, "/who", "").await);
    assert_eq!((nowhere.status, nowhere.body), (somewhere.status, somewhere.body));
}

#[tokio::test]
async fn inside_a_nest_paths_are_those_that_were_sent() {
    let addr = app().await;
    assert_eq!(ask(addr, "/nested/open", "").await.body, b"inner open");
    assert_eq!(ask(addr, "/nested/shut", "").await.status, 401);
    assert_eq!(ask(addr, "/nested/shut", GOOD).await.body, b"inner shut");
    // The router does not decode; what means `/open` and is another path to it is never public.
    assert_eq!(ask(addr, "/nested/%6fpen", "").await.status, 401);
    assert_eq!(ask(addr, "/%70age", "").await.status, 401);
}

#[tokio::test]
async fn browsers_can_read_a_refusal() {
    let addr = app().await;
    let refused = ask(addr, "/who", "origin: https://app.example\r\n").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.all("access-control-allow-origin"), ["https://app.example"]);
    let preflight = b"OPTIONS /who HTTP/1.1\r\nhost: x\r\nconnection: close\r\norigin: https://app.example\r\n\
        access-control-request-method: PUT\r\n\r\n";
    let preflight = one(addr, preflight).await;
    assert_eq!(preflight.status, 200);
    assert_eq!(preflight.all("access-control-allow-origin"), ["https://app.example"]);
    assert_eq!(preflight.all("x-frame-options"), ["DENY"]);
}

fn handshake(authorization: &str) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{authorization}\r\n"
    )
}

/// RFC 6455 section 1.2 and 1.3.
#[tokio::test]
async fn websockets() {
    let addr = app().await;
    let mut socket = TcpStream::connect(addr).await.expect("a server");
    socket.write_all(handshake(GOOD).as_bytes()).await.expect("a handshake");
    let accepted = responses(&read_until(&mut socket, "\r\n\r\n").await, false).remove(0);
    assert_eq!(accepted.status, 101);
    assert_eq!(accepted.all("sec-websocket-accept"), ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]);
    for name in SecurityHeaders::NAMES {
        assert!(accepted.all(name).is_empty(), "{name} on an interim response");
    }
    // "Hello", masked as section 5.7 has it, and the echo of it.
    socket.write_all(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58").await.expect("a frame");
    let echoed = read_until(&mut socket, "Hello").await;
    assert_eq!(echoed, b"\x81\x05Hello");

    // A client keeps a refused connection open, which a socket that closes behind its question would not show.
    let refused =
        one(addr, handshake("").replace("connection: upgrade", "connection: close, upgrade").as_bytes()).await;
    assert_eq!(refused.status, 401);
    assert_eq!(
        (refused.all("x-frame-options").len(), refused.all("www-authenticate")),
        (1, vec![r#"Bearer realm="api""#])
    );
}

/// One call for a whole app: its fallback is guarded, and a refusal has the headers.
#[tokio::test]
async fn protected() {
    let routes = Router::new().route("/who", get(async |who: Principal| who.name().to_owned()));
    let routes = routes.route("/open", get(async || "open")).nest("/nested", Router::new().fallback(async || "inner"));
    let auth = RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/open"]);
    let addr = serve(TowerToHyperService::new(protect(routes, SecurityHeadersLayer::new(&PAGES), auth))).await;
    for (path, fields, status) in [
        ("/who", GOOD, 200),
        ("/who", "", 401),
        ("/open", "", 200),
        ("//open", "", 401),
        ("/nested/open", "", 401),
        ("/nested/open", GOOD, 200),
        ("/nowhere", "", 401),
        ("/nowhere", GOOD, 404),
    ] {
        let raw = ask(addr, path, fields).await;
        assert_eq!((raw.status, raw.all("x-frame-options").len()), (status, 1), "{path} {fields}");
    }
}
