//! axum with the keys of a file. A key that is added to it, or taken out, is in force within a second.
//!
//! ```sh
//! python -m sallet token --id ci --scopes items:read      # prints the token, and the block for keys.toml
//! cargo run -p sallet-hyper --example key_file --features axum,file,tracing -- keys.toml 3000 &
//! curl -i http://127.0.0.1:3000/items -H "Authorization: Bearer $TOKEN"
//! ```
#![expect(clippy::print_stdout, reason = "it tells its address")]

use std::error::Error;

use axum::Router;
use axum::routing::get;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use sallet_core::SecurityHeaders;
use sallet_hyper::{Bearer, KeyFile, Principal, RequireAuthLayer, SecurityHeadersLayer};
use tokio::net::TcpListener;

async fn items(who: Principal) -> String {
    format!("the helm of {} ({})\n", who.name(), who.id())
}

fn app(keys: KeyFile) -> Router {
    let auth = Bearer::new(keys).realm("items").scopes("items:read");
    Router::new()
        .route("/items", get(items))
        .route("/health", get(async || "fine\n"))
        .layer(RequireAuthLayer::new(auth).public(["/health"]))
        .layer(SecurityHeadersLayer::new(&SecurityHeaders::API))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // What is wrong with a file that changes is an event, so a server that watches one listens to events.
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();

    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "keys.toml".to_owned());
    let port: u16 = arguments.next().map_or(Ok(0), |port| port.parse())?;

    // A file that is wrong ends the server here; later it changes nothing.
    let app = app(KeyFile::open(path)?.watch()?);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}", listener.local_addr()?);

    loop {
        let (socket, _) = listener.accept().await?;
        let app = app.clone();
        tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            let served =
                server.serve_connection_with_upgrades(TokioIo::new(socket), TowerToHyperService::new(app)).await;
            if let Err(error) = served {
                eprintln!("{error}");
            }
        });
    }
}
