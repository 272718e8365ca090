//! picoserve, an async server without a heap, with Sallet as its layer: the guard in front of every route, and the
//! policy on every response, picoserve's own 404 included.
//!
//! tokio stands in for the executor of a microcontroller; `sallet.rs` would be the same with embassy.
//!
//! ```text
//! cargo run -- 127.0.0.1:8000
//! curl -i -H 'Authorization: Bearer mF_9.B5f-4.1JqM' http://127.0.0.1:8000/items
//! ```
#![forbid(unsafe_code)]

mod sallet;

use picoserve::extract::State;
use picoserve::response::Response;
use picoserve::routing::get;
use sallet_core::Nonce;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let app = std::rc::Rc::new(
        picoserve::Router::new()
            .route("/", get(page))
            .route("/health", get(async || "ok"))
            .route("/items", get(async || "one item"))
            .layer(sallet::Sallet),
    );
    let address = std::env::args().nth(1);
    let listener = tokio::net::TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:8000")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    static CONFIG: picoserve::Config = picoserve::Config::const_default();
    tokio::task::LocalSet::new()
        .run_until(async {
            loop {
                let (stream, _) = listener.accept().await?;
                let app = app.clone();
                tokio::task::spawn_local(async move {
                    // A client that goes away is its own affair.
                    let _ = picoserve::Server::new_tokio(&app, &CONFIG, &mut [0; 2048]).serve(stream).await;
                });
            }
        })
        .await
}

async fn page(State(nonce): State<Nonce>) -> impl picoserve::response::IntoResponse {
    let body = format!("<!doctype html><script nonce={nonce}>document.write('hello')</script>");
    Response::ok(body).with_content_type("text/html; charset=utf-8")
}
