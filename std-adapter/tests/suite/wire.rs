//! On the wire: keep-alive, pipelining, bodies, trailers, interim responses, HTTP/2.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sallet_core::SecurityHeaders;
use sallet_core::auth::{Key, Keyring};
use sallet_core::digest_hex;
use sallet_hyper::{Bearer, Layer, RequireAuthLayer, SecurityHeadersLayer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{Raw, exchange, one, read_until, responses, soon};
use super::server::serve;

/// The token is `abc`.
static KEYS: Keyring =
    Keyring::new(&[Key::new("k", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))]);

/// What came in, in two frames and a trailer.
struct Echo(Vec<Frame<Bytes>>);

impl Body for Echo {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop().map(Ok))
    }
}

async fn echo(request: Request<Incoming>) -> Result<Response<Echo>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", body.len().into());
    let mut response =
        Response::new(Echo(vec![Frame::trailers(trailers), Frame::data(body), Frame::data(Bytes::from(path))]));
    response.headers_mut().insert("trailer", "x-sum".parse().expect("a value"));
    Ok(response)
}

async fn app() -> SocketAddr {
    let auth = RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/open"]);
    serve(SecurityHeadersLayer::new(&SecurityHeaders::API).layer(auth.layer(service_fn(echo)))).await
}

fn has_the_headers_once(raw: &Raw) {
    for name in ["content-security-policy", "x-frame-options", "cross-origin-embedder-policy", "cache-control"] {
        assert_eq!(raw.all(name).len(), 1, "{name}: {raw:?}");
    }
}

#[tokio::test]
async fn pipelined_requests_on_one_connection() {
    let addr = app().await;
    let mut asked = String::new();
    let tokens = ["Bearer abc", "Bearer abd", "Bearer abc", "nonsense;", "Bearer abc"];
    for (at, token) in tokens.iter().enumerate() {
        let close = if at + 1 == tokens.len() { "connection: close\r\n" } else { "" };
        asked += &format!("GET /{at} HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\n{close}\r\n");
    }
    let all = responses(&exchange(addr, asked.as_bytes()).await, false);
    assert_eq!(all.iter().map(|raw| raw.status).collect::<Vec<_>>(), [200, 401, 200, 400, 200]);
    for (at, raw) in all.iter().enumerate() {
        has_the_headers_once(raw);
        if raw.status == 200 {
            let path = format!("/{at}");
            assert!(String::from_utf8_lossy(&raw.body).contains(&path), "answers are in the order of questions");
        }
    }
}

#[tokio::test]
async fn a_refusal_keeps_the_connection_when_there_is_no_body() {
    let addr = app().await;
    let mut socket = TcpStream::connect(addr).await.expect("a server");
    for (token, status, end) in [("abd", 401, "\"}"), ("abc", 200, "\r\n0\r\n\r\n"), ("abd", 401, "\"}")] {
        let head = format!("GET /a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
        socket.write_all(head.as_bytes()).await.expect("an open connection");
        let raw = responses(&read_until(&mut socket, end).await, false);
        assert_eq!(raw.iter().map(|raw| raw.status).collect::<Vec<_>>(), [status]);
        has_the_headers_once(&raw[0]);
    }
}

#[tokio::test]
async fn trailers_follow() {
    let addr = app().await;
    let raw = one(
        addr,
        b"POST /a HTTP/1.1\r\nhost: x\r\nte: trailers\r\nconnection: close\r\nauthorization: Bearer abc\r\n\
          content-length: 5\r\n\r\nhello",
    )
    .await;
    has_the_headers_once(&raw);
    assert_eq!(String::from_utf8_lossy(&raw.body), "2\r\n/a\r\n5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n");
}

/// Nobody is told to go on who is then not let in, and a `100 Continue` carries nothing.
#[tokio::test]
async fn expect_100_continue() {
    let addr = app().await;
    let ask = async |token: &str| {
        let head = format!(
            "POST /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\
             authorization: Bearer {token}\r\n\r\n"
        );
        let mut socket = TcpStream::connect(addr).await.expect("a server");
        socket.write_all(head.as_bytes()).await.expect("a server that reads");
        let mut first = read_until(&mut socket, "\r\n\r\n").await;
        let go_on = first.starts_with(b"HTTP/1.1 100 ");
        if go_on {
            socket.write_all(b"hello").await.expect("a server that reads on");
        }
        let _ = soon("the end of the connection", &mut first, async |rest| socket.read_to_end(rest).await).await;
        (go_on, responses(&first, false))
    };
    let (go_on, all) = ask("abc").await;
    assert!(go_on);
    assert_eq!(
        all.iter().map(|raw| (raw.status, raw.all("x-frame-options").len())).collect::<Vec<_>>(),
        [(100, 0), (200, 1)]
    );
    assert_eq!(all[0].fields, []);
    let (go_on, all) = ask("abd").await;
    assert!(!go_on);
    assert_eq!(all.iter().map(|raw| raw.status).collect::<Vec<_>>(), [401]);
}

/// A body that never comes is not waited for.
#[tokio::test]
async fn a_stranger_with_a_large_body_is_answered_at_once() {
    let addr = app().await;
    let mut socket = TcpStream::connect(addr).await.expect("a server");
    let head = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 20000000\r\n\r\nthe first of many bytes";
    socket.write_all(head).await.expect("a server that reads");
    assert_eq!(responses(&read_until(&mut socket, "\"}").await, false)[0].status, 401);
}

/// Many streams at a time on one connection, good and bad.
#[tokio::test]
async fn http2() {
    let addr = app().await;
    let io = TokioIo::new(TcpStream::connect(addr).await.expect("a server"));
    let (client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("a handshake");
    tokio::spawn(connection);
    let mut streams = Vec::new();
    for at in 0..50 {
        let token = if at % 3 == 0 { "abd" } else { "abc" };
        let request = Request::builder()
            .uri(format!("http://x/{at}"))
            .header("authorization", format!("Bearer {token}"))
            .body(Empty::<Bytes>::new())
            .expect("a request");
        let mut client = client.clone();
        streams.push(tokio::spawn(async move { client.send_request(request).await.expect("a response") }));
    }
    for (at, stream) in streams.into_iter().enumerate() {
        let response = stream.await.expect("a stream");
        let refused = at % 3 == 0;
        assert_eq!(response.status(), if refused { StatusCode::UNAUTHORIZED } else { StatusCode::OK });
        assert_eq!(response.headers().get_all("x-frame-options").iter().count(), 1);
        let body = response.into_body().collect().await.expect("a body");
        if !refused {
            assert_eq!(body.trailers().expect("trailers")["x-sum"], "0");
            assert_eq!(body.to_bytes(), format!("/{at}"));
        }
    }
}

/// The answer arrives although the question is not heard out (RFC 9113 section 8.1).
#[tokio::test]
async fn http2_with_a_body_that_nobody_reads() {
    let addr = app().await;
    let io = TokioIo::new(TcpStream::connect(addr).await.expect("a server"));
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("a handshake");
    tokio::spawn(connection);
    for _ in 0..20 {
        let request =
            Request::post("http://x/").body(Full::new(Bytes::from(vec![b'x'; 1_000_000]))).expect("a request");
        let response = client.send_request(request).await.expect("a response");
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(body, r#"{"detail":"Not authenticated"}"#);
    }
}
