//! Checks as people write them around tower-http's `AsyncRequireAuthorization`.

use std::future::{Ready, ready};
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use tower::{Layer, service_fn};
use tower_http::auth::AsyncRequireAuthorizationLayer;

use super::{app, token};
use crate::Contender;
use crate::app::Body;

#[derive(Clone)]
struct User(#[expect(dead_code, reason = "an id, as an app would keep")] usize);

fn authorized(request: Request<Body>, user: Option<usize>) -> Ready<Result<Request<Body>, Response<Body>>> {
    let mut request = request;
    ready(match user {
        Some(user) => {
            request.extensions_mut().insert(User(user));
            Ok(request)
        }
        None => {
            let mut response = Response::new(Body::default());
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            response.headers_mut().insert("www-authenticate", http::HeaderValue::from_static("Bearer realm=\"api\""));
            Err(response)
        }
    })
}

fn presented(request: &Request<Body>) -> Option<&str> {
    request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// As most are written: tokens in the clear, `==`, and the first that fits.
pub fn by_hand_equals() -> impl Contender {
    let tokens: Arc<[String]> = (0..16).map(token).collect();
    AsyncRequireAuthorizationLayer::new(move |request: Request<Body>| {
        let user = presented(&request).and_then(|token| tokens.iter().position(|known| known == token));
        authorized(request, user)
    })
    .layer(service_fn(app::<User>))
}

/// With care: digests, compared with every key in constant time.
pub fn by_hand_with_care() -> impl Contender {
    let digests: Arc<[[u8; 32]]> = (0..16).map(|at| Sha256::digest(token(at)).into()).collect();
    AsyncRequireAuthorizationLayer::new(move |request: Request<Body>| {
        let user = presented(&request).and_then(|token| {
            let digest: [u8; 32] = Sha256::digest(token).into();
            let hit = |found: Option<usize>, (at, known): (usize, &[u8; 32])| {
                if bool::from(digest.ct_eq(known)) { Some(at) } else { found }
            };
            digests.iter().enumerate().fold(None, hit)
        });
        authorized(request, user)
    })
    .layer(service_fn(app::<User>))
}
