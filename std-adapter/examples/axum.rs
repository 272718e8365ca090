//! axum over TLS, HTTP/1.1 and HTTP/2: a page with a nonce, an API with scopes, a policy for each.
//!
//! ```sh
//! cargo run -p sallet-hyper --example axum --features axum -- 3000 > server.txt &
//! sed -n '/BEGIN/,/END/p' server.txt > cert.pem                # it prints the certificate it has made for itself
//! curl -i --cacert cert.pem https://localhost:3000/
//! curl -i --cacert cert.pem https://localhost:3000/api/items -H "Authorization: Bearer $TOKEN"
//! ```
#![expect(clippy::print_stdout, reason = "it tells its address, its tokens and its certificate")]

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::response::Html;
use axum::routing::{get, post};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use sallet_core::auth::Key;
use sallet_core::secret::Token;
use sallet_core::{ContentSecurityPolicy, Directive, Scheme, SecurityHeaders, Source};
use sallet_hyper::{
    Bearer, OwnedKeyring, Principal, RequestNonce, RequireAuthLayer, RequireScopes, SecurityHeadersLayer,
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tower_http::catch_panic::CatchPanicLayer;

const CSP: ContentSecurityPolicy<'static> = ContentSecurityPolicy::new(&[
    Directive::default_src(&[Source::SELF]),
    Directive::script_src(&[Source::SELF, Source::NONCE]),
    Directive::base_uri(&[Source::SELF]),
    Directive::form_action(&[Source::SELF]),
    Directive::frame_ancestors(&[Source::NONE]),
]);

/// Checked by the compiler: leave out a quote above, and this crate does not build.
const PAGES: SecurityHeaders<'static> = SecurityHeaders::STRICT.content_security_policy(Some(CSP)).checked();

async fn page(nonce: RequestNonce) -> Html<String> {
    Html(format!(
        "<!doctype html>\n<title>Sallet</title>\n<script nonce=\"{nonce}\">document.title += ' works'</script>\n"
    ))
}

async fn items(who: Principal) -> String {
    format!("the helm of {}\n", who.name())
}

async fn broken() -> String {
    panic!("a handler that fails")
}

fn app(keys: OwnedKeyring) -> Router {
    let auth = RequireAuthLayer::new(Bearer::new(Arc::new(keys)).realm("items"));
    let write = post(async |body: String| body.len().to_string()).layer(RequireScopes::new("items:write"));
    Router::new()
        .route("/", get(page))
        .route("/api/items", get(items).merge(write))
        .route("/api/broken", get(broken))
        // Layers wrap what is above them, so read them from the bottom up.
        .layer(auth.public(["/"]))
        .layer(CatchPanicLayer::new())
        .layer(SecurityHeadersLayer::new(&PAGES).path("/api/*", &SecurityHeaders::API).scheme(Scheme::Https))
}

fn mint(id: &str, scopes: &str) -> Result<(Token, Key<String>), Box<dyn Error>> {
    let mut entropy = [0; 32];
    getrandom::fill(&mut entropy)?;
    let token = Token::mint(Token::DEFAULT_PREFIX, entropy)?;
    let key = Key {
        id: id.to_owned(),
        principal: id.to_owned(),
        scopes: scopes.to_owned(),
        not_before: None,
        not_after: None,
        digest: token.digest(),
    };
    println!("{id} {}", token.as_str());
    Ok((token, key))
}

fn tls() -> Result<TlsAcceptor, Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    println!("{}", made.cert.pem());
    let key = made.signing_key.serialize_der().try_into()?;
    let mut config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (_, reader) = mint("reader", "items:read")?;
    let (_, writer) = mint("writer", "items:read items:write")?;
    let app = app(OwnedKeyring::try_new(vec![reader, writer])?);
    let tls = tls()?;

    let port: u16 = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("https://localhost:{}", listener.local_addr()?.port());

    loop {
        let (socket, _) = listener.accept().await?;
        let (tls, app) = (tls.clone(), app.clone());
        // A handshake takes as long as the client likes, so it has a task of its own.
        tokio::spawn(async move {
            let Ok(socket) = tls.accept(socket).await else { return };
            let server = auto::Builder::new(TokioExecutor::new());
            let served =
                server.serve_connection_with_upgrades(TokioIo::new(socket), TowerToHyperService::new(app)).await;
            if let Err(error) = served {
                eprintln!("{error}");
            }
        });
    }
}
