//! One good token among sixteen keys: Sallet, and checks as people write them around tower-http's
//! `AsyncRequireAuthorization`.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use sallet_core::auth::{Key, Refusal};
use sallet_core::secret::Digest;
use sallet_hyper::require_auth::{BearerToken, Denied};
use sallet_hyper::{Bearer, OwnedKeyring, Principal, RequireAuthLayer};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use tower::{Layer, service_fn};
use tower_http::auth::AsyncRequireAuthorizationLayer;

use crate::Contender;
use crate::app::Body;

/// As long as a minted token, and the last of the keys.
const TOKEN: &str = "slt_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI015x";

/// A request with the good token, or with another.
pub fn request(good: bool) -> Request<Body> {
    let mut request = Request::new(Body::default());
    let value = if good { format!("Bearer {TOKEN}") } else { format!("Bearer {}", TOKEN.to_uppercase()) };
    request.headers_mut().insert(AUTHORIZATION, value.parse().expect("a value"));
    request
}

/// Sees whom the layer let in; `U` is what that layer puts into the extensions.
async fn app<U: Clone + Send + Sync + 'static>(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let seen = request.extensions().get::<U>().is_some();
    let mut response = Response::new(Body::default());
    if !seen {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    Ok(response)
}

/// The service alone.
pub fn bare() -> impl Contender {
    service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::default())))
}

fn token(at: usize) -> String {
    format!("{}{at:02}x", &TOKEN[..TOKEN.len() - 3])
}

fn keys() -> Arc<OwnedKeyring> {
    let key = |at| Key {
        id: format!("key-{at}"),
        principal: format!("principal-{at}"),
        scopes: "items:read".to_owned(),
        not_before: None,
        not_after: None,
        digest: Digest::of(token(at).as_bytes()),
    };
    Arc::new(OwnedKeyring::try_new((0..16).map(key).collect()).expect("sixteen keys"))
}

/// A ring that stays as it is.
pub fn sallet() -> impl Contender {
    RequireAuthLayer::new(Bearer::new(keys())).layer(service_fn(app::<Principal>))
}

/// A ring that can be swapped.
pub fn sallet_arc_swap() -> impl Contender {
    RequireAuthLayer::new(Bearer::new(Arc::new(ArcSwap::new(keys())))).layer(service_fn(app::<Principal>))
}

/// A function that looks the token up, which is ready at once.
pub fn sallet_from_fn() -> impl Contender {
    let ring = keys();
    let bearer = Bearer::from_fn(move |token: BearerToken| {
        let found = ring.verify(token.as_str().as_bytes(), 0).map(|key| key.id.len());
        ready(found.map_err(|_| Denied::Refused(Refusal::InvalidToken)))
    });
    RequireAuthLayer::new(bearer).layer(service_fn(app::<usize>))
}

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
