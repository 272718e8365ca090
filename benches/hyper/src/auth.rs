//! One good token among sixteen keys: Sallet, and checks by hand.

#[cfg(feature = "peers")]
mod peers;
#[cfg(feature = "peers")]
pub use peers::*;

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use sallet_core::auth::{Key, Refusal};
use sallet_core::secret::Digest;
use sallet_core_bench::requests::TOKEN;
use sallet_hyper::{Bearer, OwnedKeyring, PresentedToken, Principal, RequireAuthLayer, User};
use tower::{Layer, service_fn};

use crate::Contender;
use crate::app::Body;

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

/// The last of them is [`TOKEN`].
fn token(at: usize) -> String {
    format!("{}{at:02}x", &TOKEN[..TOKEN.len() - 3])
}

/// Sixteen of them.
pub fn keys() -> Arc<OwnedKeyring> {
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

/// The user of [`sallet_from_fn`].
#[derive(Clone, Copy)]
struct KeyLen(#[expect(dead_code, reason = "it is only carried")] usize);

impl User for KeyLen {}

/// A function that looks the token up, which is ready at once.
pub fn sallet_from_fn() -> impl Contender {
    let ring = keys();
    let bearer = Bearer::from_fn(move |token: PresentedToken| {
        let found = ring.verify(token.as_str().as_bytes(), 0).map(|key| KeyLen(key.id.len()));
        ready(found.map_err(|_| Refusal::InvalidToken))
    });
    RequireAuthLayer::new(bearer).layer(service_fn(app::<KeyLen>))
}
