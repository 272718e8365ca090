//! WebSockets over HTTP/2 (RFC 8441), opened by hyper's own client.

use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::routing::any;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use sallet_core::auth::{Key, Keyring};
use sallet_core::digest_hex;
use sallet_hyper::{Basic, Bearer, RequireAuthLayer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::serve;

/// The token is `abc`, user and password are `a:bc`.
static KEYS: Keyring = Keyring::new(&[
    Key::new("token", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
    Key::new("login", digest_hex!("c140f47475217ae947569d11406e72b36f774f7b5694693b21cddd3282e20439")),
]);

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

/// Says what is left of the subprotocols.
async fn told(upgrade: WebSocketUpgrade, headers: HeaderMap) -> axum::response::Response {
    let seen = headers.get("sec-websocket-protocol").map_or("-", |value| value.to_str().expect("ASCII")).to_owned();
    let mut response = upgrade.protocols(["chat"]).on_upgrade(echo);
    response.headers_mut().insert("x-seen", seen.parse().expect("a value"));
    response
}

async fn client() -> SendRequest<Empty<Bytes>> {
    let bearer = Bearer::new(&KEYS).websocket_subprotocol("bearer");
    let app = Router::new()
        .route("/ws", any(told))
        .route("/open", any(told))
        .route("/get", any(told))
        .layer(RequireAuthLayer::new(bearer).or(Basic::new(&KEYS)).public(["/open", "GET /get"]));
    let addr = serve(TowerToHyperService::new(app)).await;
    let socket = TokioIo::new(TcpStream::connect(addr).await.expect("a server"));
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), socket).await.expect("HTTP/2");
    tokio::spawn(connection);
    // An answer, so that the server's settings are there: its client asks for nothing that the server has not offered.
    let first = Request::get("http://items.example/none").body(Empty::new()).expect("a request");
    assert_eq!(client.send_request(first).await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    client
}

async fn open(client: &mut SendRequest<Empty<Bytes>>, path: &str, fields: &[(&str, &str)]) -> Response<Incoming> {
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(format!("http://items.example{path}"))
        .extension(Protocol::from_static("websocket"))
        .header("sec-websocket-version", "13");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    client.send_request(request.body(Empty::new()).expect("a request")).await.expect("an answer")
}

#[tokio::test]
async fn a_token_among_the_subprotocols_opens_one_and_is_not_seen_inside() {
    let mut client = client().await;
    for (path, offered, status, seen, chosen) in [
        ("/ws", "bearer, abc", 200, "bearer", "bearer"),
        ("/ws", "chat, bearer, abc", 200, "chat, bearer", "chat"),
        ("/ws", "bearer, no", 401, "", ""),
        ("/ws", "chat", 401, "", ""),
        ("/ws", "bearer", 400, "", ""),
        ("/open", "bearer, no", 200, "bearer", "bearer"),
        // A rule with a method is about a response, not a conversation.
        ("/get", "chat", 401, "", ""),
    ] {
        let response = open(&mut client, path, &[("sec-websocket-protocol", offered)]).await;
        assert_eq!(response.status().as_u16(), status, "{path} {offered}");
        let field = |name| response.headers().get(name).map_or("", |value| value.to_str().expect("ASCII"));
        assert_eq!((field("x-seen"), field("sec-websocket-protocol")), (seen, chosen), "{path} {offered}");
    }
}

/// What goes through it is the client's and the app's alone.
#[tokio::test]
async fn the_socket_carries_frames() {
    let response = open(&mut client().await, "/ws", &[("sec-websocket-protocol", "bearer, abc")]).await;
    let mut socket = TokioIo::new(hyper::upgrade::on(response).await.expect("a socket"));
    // RFC 6455 section 5.7: "Hello", masked, and as the server sends it back.
    let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    socket.write_all(&masked).await.expect("an open socket");
    let mut echoed = [0; 7];
    socket.read_exact(&mut echoed).await.expect("an echo");
    assert_eq!(&echoed, b"\x81\x05Hello");
}

/// Browsers send Basic by themselves, for pages of other sites too.
#[tokio::test]
async fn a_page_of_another_site_opens_none() {
    const LOGIN: (&str, &str) = ("authorization", "Basic YTpiYw==");
    let mut client = client().await;
    for (field, status) in [
        (("sec-fetch-site", "cross-site"), 403),
        (("sec-fetch-site", "same-site"), 403),
        (("sec-fetch-site", "same-origin"), 200),
        (("origin", "https://evil.example"), 403),
        (("origin", "http://items.example"), 200),
        (("x-none", "no browser"), 200),
    ] {
        let response = open(&mut client, "/ws", &[LOGIN, field]).await;
        assert_eq!(response.status().as_u16(), status, "{field:?}");
    }
}
