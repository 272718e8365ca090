//! hyper alone, without tower: the layers around a `service_fn`, over HTTP/1.1.
//!
//! ```sh
//! cargo run -p sallet-hyper --example hyper --features hyper -- 3000
//! curl -i http://127.0.0.1:3000/health
//! curl -i http://127.0.0.1:3000/items -H "Authorization: Bearer $TOKEN"     # the token that it prints
//! ```
#![expect(clippy::print_stdout, reason = "it tells its address and its token")]

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sallet_core::SecurityHeaders;
use sallet_core::auth::Key;
use sallet_core::secret::Token;
use sallet_hyper::{Bearer, Layer, OwnedKeyring, Principal, RequireAuthLayer, SecurityHeadersLayer};
use tokio::net::TcpListener;

async fn handle(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // The body has not been read yet, and is not when the layer refuses.
    let who = request.extensions().get::<Principal>();
    let text = who.map_or_else(|| "fine\n".to_owned(), |who| format!("hello, {}\n", who.name()));
    Ok(Response::new(Full::from(text)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut entropy = [0; 32];
    getrandom::fill(&mut entropy)?;
    let token = Token::mint(Token::DEFAULT_PREFIX, entropy)?;
    // A real server reads digests from a file and never sees the token.
    let keys = OwnedKeyring::try_new(vec![Key {
        id: "demo-1".to_owned(),
        principal: "demo".to_owned(),
        scopes: "items:read".to_owned(),
        not_before: None,
        not_after: None,
        digest: token.digest(),
    }])?;

    let auth =
        RequireAuthLayer::new(Bearer::new(Arc::new(keys)).realm("items").scopes("items:read")).public(["/health"]);
    let headers = SecurityHeadersLayer::new(&SecurityHeaders::API);
    let service = headers.layer(auth.layer(service_fn(handle)));

    let port: u16 = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}", listener.local_addr()?);
    println!("token {}", token.as_str());

    loop {
        let (socket, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await {
                eprintln!("{error}");
            }
        });
    }
}
