//! JWT access tokens of an OAuth or OpenID provider (RFC 9068), verified with the keys that it publishes (RFC 7517).
//!
//! ```sh
//! cargo run -p sallet-hyper --example jwt --features axum -- $ISSUER $AUDIENCE $KEYS_URL 3000
//! curl -i http://127.0.0.1:3000/items -H "Authorization: Bearer $JWT"
//! ```
//!
//! Issuer, audience and algorithm are pinned (RFC 8725 sections 3.1, 3.8, 3.9): what a token says of itself is compared and never
//! followed. Keys are cached. A key id that is not known fetches them anew, at most once a second, so that a rotation is seen at
//! once and a stranger cannot make this server flood the provider; every ten minutes they are fetched anyway, so that a key
//! that was withdrawn is forgotten.
#![expect(clippy::print_stdout, reason = "it tells its address")]

use std::collections::HashMap;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::request::Parts;
use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::jwk::{JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use sallet_core::SecurityHeaders;
use sallet_core::auth::{Refusal, Scopes};
use sallet_hyper::require_auth::{Verdict, Verify};
use sallet_hyper::{Bearer, Denied, PresentedToken, Principal, RequireAuthLayer, SecurityHeadersLayer, protect};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

/// The one that the provider signs with; `RS256` with many.
const ALGORITHM: (Algorithm, KeyAlgorithm) = (Algorithm::ES256, KeyAlgorithm::ES256);
const BETWEEN_FETCHES: Duration = Duration::from_secs(1);
const REFRESH: Duration = Duration::from_secs(600);

#[derive(serde::Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    scope: String,
}

enum Bad {
    Token,
    /// It may be good, once the keys have been fetched.
    UnknownKey,
}

struct Jwt {
    validation: Validation,
    /// Read on each request, without a lock.
    keys: ArcSwap<HashMap<String, DecodingKey>>,
    url: Uri,
    /// Over http, for this example; TLS to the provider is a connector such as that of hyper-rustls.
    client: Client<HttpConnector, Empty<Bytes>>,
    fetched: Mutex<Option<Instant>>,
}

impl Jwt {
    fn new(issuer: &str, audience: &str, url: Uri) -> Self {
        let mut validation = Validation::new(ALGORITHM.0);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.validate_nbf = true;
        validation.leeway = 30;
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { validation, keys: ArcSwap::default(), url, client, fetched: Mutex::default() }
    }

    fn check(&self, token: &str) -> Result<Principal, Bad> {
        let kid = decode_header(token).ok().and_then(|header| header.kid).ok_or(Bad::Token)?;
        let keys = self.keys.load();
        let key = keys.get(&kid).ok_or(Bad::UnknownKey)?;
        let claims = decode::<Claims>(token, key, &self.validation).map_err(|_| Bad::Token)?.claims;
        let scopes = Scopes::parse(claims.scope).map_err(|_| Bad::Token)?;
        Ok(Principal::new(&claims.sub, &claims.sub, scopes))
    }

    async fn check_with_new_keys(&self, token: &str) -> Result<Principal, Denied> {
        let fetched = self.refresh().await;
        self.check(token).map_err(|bad| match bad {
            Bad::UnknownKey if fetched.is_err() => Denied::from(Refusal::Unavailable).retry_after(BETWEEN_FETCHES),
            Bad::Token | Bad::UnknownKey => Refusal::InvalidToken.into(),
        })
    }

    /// Fetches the keys, unless that was tried just now. The old ones stay where it fails.
    async fn refresh(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        // Whoever waits here finds that another has fetched.
        let mut fetched = self.fetched.lock().await;
        if fetched.is_some_and(|at| at.elapsed() < BETWEEN_FETCHES) {
            return if self.keys.load().is_empty() { Err("the keys could not be fetched".into()) } else { Ok(()) };
        }
        *fetched = Some(Instant::now());
        let answer = tokio::time::timeout(Duration::from_secs(5), self.client.get(self.url.clone())).await??;
        if answer.status() != StatusCode::OK {
            return Err(format!("{}: {}", self.url, answer.status()).into());
        }
        let body = Limited::new(answer.into_body(), 256 * 1024).collect().await?.to_bytes();
        self.keys.store(Arc::new(usable(&serde_json::from_slice(&body)?)));
        Ok(())
    }
}

/// Those that are for signatures of our algorithm.
fn usable(set: &JwkSet) -> HashMap<String, DecodingKey> {
    let ours = set.keys.iter().filter(|key| {
        key.common.key_algorithm.is_none_or(|algorithm| algorithm == ALGORITHM.1)
            && key.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
    });
    ours.filter_map(|key| Some((key.common.key_id.clone()?, DecodingKey::from_jwk(key).ok()?))).collect()
}

/// What the layer is given.
struct Verifier(Arc<Jwt>);

impl Verify for Verifier {
    type User = Principal;
    /// Boxed, and only where keys are fetched.
    type Later = Pin<Box<dyn Future<Output = Result<Principal, Denied>> + Send>>;

    fn verify(&self, token: PresentedToken, _: &Parts) -> Verdict<Self::User, Self::Later> {
        match self.0.check(token.as_str()) {
            Ok(who) => Verdict::Now(Ok(who)),
            Err(Bad::Token) => Verdict::Now(Err(Refusal::InvalidToken.into())),
            Err(Bad::UnknownKey) => {
                let jwt = Arc::clone(&self.0);
                Verdict::Later(Box::pin(async move { jwt.check_with_new_keys(token.as_str()).await }))
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next =
        |name| arguments.next().ok_or_else(|| format!("usage: jwt ISSUER AUDIENCE KEYS_URL [PORT]: no {name}"));
    let jwt = Arc::new(Jwt::new(&next("ISSUER")?, &next("AUDIENCE")?, next("KEYS_URL")?.parse()?));
    let port: u16 = next("PORT").map_or(Ok(0), |port| port.parse())?;

    let refreshes = Arc::clone(&jwt);
    tokio::spawn(async move {
        loop {
            if let Err(error) = refreshes.refresh().await {
                eprintln!("the old keys stay: {error}");
            }
            tokio::time::sleep(REFRESH).await;
        }
    });

    let routes = Router::new().route("/items", get(async |who: Principal| format!("hello, {}\n", who.name())));
    let auth = RequireAuthLayer::new(Bearer::verify_by(Verifier(jwt)).realm("items").scopes("items:read"));
    let app = protect(routes, SecurityHeadersLayer::new(&SecurityHeaders::API), auth);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app.into_make_service()).await?)
}
