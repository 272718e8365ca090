//! What a client may try so as to be taken for somebody else, or its request for another.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::{any, get};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use sallet_core::auth::{Key, Keyring};
use sallet_core::{SecurityHeaders, digest_hex};
use sallet_hyper::{Bearer, Layer, Principal, RequestNonce, RequireAuthLayer, SecurityHeadersLayer};
use tokio::net::TcpStream;
use tonic::service::Routes;

use super::client::{Raw, exchange, one, responses};
use super::server::serve;

/// The tokens are `abc` and `abd`.
static KEYS: Keyring = Keyring::new(&[
    Key::new("abc", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
    Key::new("abd", digest_hex!("a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9")),
]);

/// Says who asked, and for what.
async fn told(who: Option<Principal>, nonce: Option<axum::Extension<RequestNonce>>, uri: Uri) -> String {
    format!("{} {} {}", who.as_ref().map_or("nobody", Principal::id), nonce.is_some(), uri.path())
}

async fn app() -> SocketAddr {
    let nested = Router::new().route("/", get(told)).route("/a", get(told)).route("/{*rest}", get(told));
    let app = Router::new()
        .route("/", any(told))
        .route("/open", any(told))
        .route("/shut", any(told))
        .route("/files/{*path}", any(told))
        .nest("/nested", nested)
        .fallback(told)
        .layer(RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/", "/open", "/files/*", "/nested/a"]))
        .layer(SecurityHeadersLayer::new(&SecurityHeaders::API));
    serve(TowerToHyperService::new(app)).await
}

fn close(first: &str, fields: &str) -> Vec<u8> {
    format!("{first} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{fields}\r\n").into_bytes()
}

fn has_the_headers_once(raw: &Raw) {
    for name in ["content-security-policy", "x-frame-options", "cache-control"] {
        assert_eq!(raw.all(name).len(), 1, "{name}: {raw:?}");
    }
}

/// The router and the rules see the same path, in whatever form the target comes (RFC 9112 section 3.2).
#[tokio::test]
async fn a_target_of_any_form_is_open_only_if_its_path_is() {
    let addr = app().await;
    for (first, status) in [
        ("GET /open", 200),
        ("GET /open?/shut", 200),
        ("GET http://elsewhere.example/open", 200),
        ("GET http://elsewhere.example", 200),
        ("PATCH /open", 200),
        ("GET /files/caf%C3%A9", 200),
        ("GET /files/a", 200),
        ("GET /nested/a", 200),
        ("GET /shut", 401),
        ("GET /shut?/open", 401),
        ("GET http://elsewhere.example/shut", 401),
        ("GET http://x/open@x/shut", 401),
        ("GET /open/", 401),
        ("GET //open", 401),
        ("GET /./open", 401),
        ("GET /shut/../open", 401),
        ("GET /OPEN", 401),
        ("GET /%6fpen", 401),
        ("GET /files/a%41", 401),
        ("GET /open%00", 401),
        ("GET /open;x", 401),
        ("GET /files", 401),
        ("GET /files/../shut", 401),
        ("GET /files/..%2fshut", 401),
        ("GET /files/%252e%252e/shut", 401),
        ("GET /files//shut", 401),
        ("GET /nested", 401),
        ("GET /nested/", 401),
        ("GET /nested/b", 401),
        ("GET /nested/a/", 401),
        ("GET /nested//a", 401),
        ("GET /nowhere", 401),
        ("OPTIONS *", 401),
        ("GET *", 401),
        ("CONNECT open:80", 401),
        ("CONNECT x:80", 401),
    ] {
        let raw = one(addr, &close(first, "")).await;
        assert_eq!(raw.status, status, "{first}");
        has_the_headers_once(&raw);
        if status == 200 {
            assert!(raw.body.starts_with(b"nobody false "), "{first}: {raw:?}");
        }
    }
}

/// Nothing that a client writes becomes an extension.
#[tokio::test]
async fn a_principal_and_a_nonce_cannot_be_sent() {
    let addr = app().await;
    let fields = "principal: abc\r\nnonce: x\r\nx-principal: abc\r\nproxy-authorization: Bearer abc\r\n\
                  cookie: authorization=Bearer abc\r\nx-authorization: Bearer abc\r\n";
    let smuggled = one(addr, &close("GET /open", fields)).await;
    assert_eq!(smuggled.body, b"nobody false /open");
    assert_eq!(one(addr, &close("GET /shut", fields)).await.status, 401);
    assert_eq!(one(addr, &close("GET /shut?authorization=Bearer%20abc", "")).await.status, 401);
}

/// Requests on one connection are strangers to each other.
#[tokio::test]
async fn nobody_inherits_the_principal_of_the_request_before() {
    let addr = app().await;
    let ask = |path: &str, fields: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n{fields}\r\n");
    let asked = [
        ask("/shut", "authorization: Bearer abc\r\n"),
        ask("/open", ""),
        ask("/shut", ""),
        ask("/shut", "authorization: Bearer abd\r\n"),
        ask("/open", "authorization: Bearer abx\r\nconnection: close\r\n"),
    ];
    let all = responses(&exchange(addr, asked.concat().as_bytes()).await, false);
    let said: Vec<_> = all.iter().map(|raw| (raw.status, String::from_utf8_lossy(&raw.body).into_owned())).collect();
    let said: Vec<_> = said.iter().map(|(status, body)| (*status, &**body)).collect();
    assert_eq!(
        said,
        [
            (200, "abc false /shut"),
            (200, "nobody false /open"),
            (401, r#"{"detail":"Not authenticated"}"#),
            (200, "abd false /shut"),
            (200, "nobody false /open"),
        ]
    );
}

/// The body of a refused request is not taken for the next request, however it is framed.
#[tokio::test]
async fn a_body_that_was_not_read_is_no_request() {
    let addr = app().await;
    let inside = "GET /shut HTTP/1.1\r\nhost: x\r\nauthorization: Bearer abc\r\nconnection: close\r\n\r\n";
    let length = format!("content-length: {}\r\n\r\n{inside}", inside.len());
    let chunked = format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n{inside}\r\n0\r\n\r\n", inside.len());
    for framed in [length, chunked] {
        let request = format!("POST /shut HTTP/1.1\r\nhost: x\r\n{framed}");
        let behind = "GET /open HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let all = responses(&exchange(addr, format!("{request}{behind}").as_bytes()).await, false);
        // The server may close behind a refusal or read the body away and go on; it never answers what is inside.
        let said: Vec<_> = all.iter().map(|raw| raw.status).collect();
        assert!(matches!(said[..], [401] | [401, 200]), "{said:?}");
        assert!(all.iter().all(|raw| !raw.body.starts_with(b"abc")), "{all:?}");
        all.iter().for_each(has_the_headers_once);
    }
}

/// Over HTTP/2 fields are no text, so lines can come that HTTP/1.1 would have joined or refused.
#[tokio::test]
async fn authorization_over_http2() {
    let addr = app().await;
    let io = TokioIo::new(TcpStream::connect(addr).await.expect("a server"));
    let (client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("a handshake");
    tokio::spawn(connection);
    let ask = async |method: Method, lines: &[&[u8]]| {
        let mut request = Request::new(Empty::<Bytes>::new());
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from_static("http://x/shut");
        for line in lines {
            request.headers_mut().append("authorization", HeaderValue::from_bytes(line).expect("a value"));
        }
        let response = client.clone().send_request(request).await.expect("a response");
        let (status, challenge) = (response.status(), response.headers().contains_key("www-authenticate"));
        assert_eq!(challenge, status != StatusCode::OK);
        assert_eq!(response.headers().get_all("x-frame-options").iter().count(), 1);
        // That of the answer to a GET, whoever asks (RFC 9110 section 8.6).
        assert_ne!(response.headers()["content-length"], "0");
        (status.as_u16(), response.into_body().collect().await.expect("a body").to_bytes().len())
    };
    assert_eq!(ask(Method::GET, &[b"Bearer abc"]).await, (200, "abc false /shut".len()));
    let long = [&b"Bearer "[..], &[b'a'; 10_000]].concat();
    let refused: [&[&[u8]]; 8] = [
        &[b"Bearer abc", b"Bearer abc"],
        &[b"Bearer abd", b"Bearer abc"],
        &[b"", b"Bearer abc"],
        &[b"Bearer abc, Bearer abc"],
        &[b"Bearer abc\xff"],
        &[b"\xffBearer abc"],
        &[b"Bearer abc\tx"],
        &[&long],
    ];
    for lines in refused {
        let (status, body) = ask(Method::GET, lines).await;
        assert_eq!((status, body > 0), (400, true), "{lines:?}");
        // RFC 9110 section 9.3.2.
        assert_eq!(ask(Method::HEAD, lines).await, (400, 0), "{lines:?}");
    }
    assert_eq!(ask(Method::HEAD, &[]).await, (401, 0));
    assert_eq!(ask(Method::GET, &[b"Basic YTpi"]).await.0, 401);
    assert_eq!(ask(Method::GET, &[b""]).await.0, 400);
}

/// The rules hold for gRPC: a public service is open to its methods and to nothing that looks like them.
#[tokio::test]
async fn a_public_service_of_tonic() {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let auth = RequireAuthLayer::new(Bearer::new(&KEYS)).public(["POST /grpc.health.v1.Health/*"]).grpc();
    let addr = serve(TowerToHyperService::new(auth.layer(Routes::new(health)))).await;
    let io = TokioIo::new(TcpStream::connect(addr).await.expect("a server"));
    let (client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("a handshake");
    tokio::spawn(connection);
    for (method, path, status) in [
        (Method::POST, "/grpc.health.v1.Health/Check", "0"),
        (Method::POST, "/grpc.health.v1.Health/Nothing", "12"),
        (Method::POST, "/grpc.health.v1.Health", "16"),
        (Method::POST, "/grpc.health.v1.Healthy/Check", "16"),
        (Method::POST, "/grpc.health.v1.Health//Check", "16"),
        (Method::PUT, "/grpc.health.v1.Health/Check", "401"),
    ] {
        let body = http_body_util::Full::new(Bytes::from_static(&[0; 5]));
        let request = Request::builder().method(method).uri(format!("http://x{path}"));
        let request = request.header("content-type", "application/grpc").header("te", "trailers").body(body);
        let response = client.clone().send_request(request.expect("a request")).await.expect("a response");
        let (parts, body) = response.into_parts();
        let trailers = body.collect().await.expect("a body").trailers().cloned().unwrap_or_default();
        let told = match parts.headers.get("grpc-status").or_else(|| trailers.get("grpc-status")) {
            Some(told) if parts.status == StatusCode::OK => told.to_str().expect("digits"),
            _ => parts.status.as_str(),
        };
        assert_eq!(told, status, "{path}");
    }
}
