//! tonic: the standard health service behind bearer tokens. A client without one gets `UNAUTHENTICATED`, one with too few
//! scopes `PERMISSION_DENIED`, and what is served knows who asked.
//!
//! ```sh
//! cargo run -p sallet-hyper --example tonic -- 3000
//! grpcurl -plaintext -H "authorization: Bearer $TOKEN" 127.0.0.1:3000 grpc.health.v1.Health/Check
//! ```
#![expect(clippy::print_stdout, reason = "it tells its address, its tokens and who asked")]

use std::error::Error;
use std::sync::Arc;

use sallet_core::auth::Key;
use sallet_core::secret::Token;
use sallet_hyper::{Bearer, OwnedKeyring, Principal, RequireAuthLayer};
use tokio::net::TcpListener;
use tonic::service::InterceptorLayer;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Status};

fn mint(id: &str, scopes: &str) -> Result<Key<String>, Box<dyn Error>> {
    let mut entropy = [0; 32];
    getrandom::fill(&mut entropy)?;
    let token = Token::mint(Token::DEFAULT_PREFIX, entropy)?;
    println!("{id} {}", token.as_str());
    Ok(Key {
        id: id.to_owned(),
        principal: id.to_owned(),
        scopes: scopes.to_owned(),
        not_before: None,
        not_after: None,
        digest: token.digest(),
    })
}

/// What any service method can do with its request.
fn tell_who_asked(request: Request<()>) -> Result<Request<()>, Status> {
    let who = request.extensions().get::<Principal>();
    let who = who.ok_or_else(|| Status::internal("the service is not behind a RequireAuthLayer"))?;
    println!("served {}", who.name());
    Ok(request)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let keys = OwnedKeyring::try_new(vec![mint("ops", "health:read")?, mint("guest", "")?])?;
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("items", tonic_health::ServingStatus::Serving).await;

    let port: u16 = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}", listener.local_addr()?);

    // tonic's builder wraps the other way round than axum's: the first layer is the outermost.
    Server::builder()
        .layer(RequireAuthLayer::new(Bearer::new(Arc::new(keys)).realm("health").scopes("health:read")).grpc())
        .layer(InterceptorLayer::new(tell_who_asked))
        .add_service(health)
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?;
    Ok(())
}
