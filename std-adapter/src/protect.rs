//! A router of axum under both layers.

use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::response::Response;
use axum::routing::IntoMakeService;
use axum::{Router, ServiceExt};
use http::Request;
use tower_service::Service;

use crate::require_auth::Verify;
use crate::{RequireAuthLayer, SecurityHeadersLayer};

/// Puts both layers around a router, in the right order: headers outside, so that refusals carry them.
///
/// What comes back is a service and no router, so that no route can be added outside of the check. Layers of your own go
/// around it (CORS, tracing, `NormalizePath`), or onto the router before.
///
/// ```
/// use axum::{Router, routing::get};
/// use sallet_core::auth::{Key, Keyring};
/// use sallet_core::{Scheme, SecurityHeaders, digest_hex};
/// use sallet_hyper::{Bearer, Principal, RequireAuthLayer, SecurityHeadersLayer, protect};
///
/// static KEYS: Keyring = Keyring::new(&[
///     Key::new("ci", digest_hex!("4439cd9ae307e28c3d22555676c3b2274cf06c5445754d165528b5d4e6184718")),
/// ]);
///
/// async fn serve(listener: tokio::net::TcpListener) -> std::io::Result<()> {
///     let routes = Router::new()
///         .route("/health", get(async || "fine"))
///         .route("/items", get(async |who: Principal| format!("hello {}", who.name())));
///     let app = protect(
///         routes,
///         SecurityHeadersLayer::new(&SecurityHeaders::STRICT).scheme(Scheme::Https),
///         RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/health"]),
///     );
///     axum::serve(listener, app.into_make_service()).await
/// }
/// # let _ = serve;
/// ```
///
/// What would be open does not compile:
///
/// ```compile_fail,E0599
/// # use axum::{Router, routing::get};
/// # use sallet_core::SecurityHeaders;
/// # use sallet_core::auth::Keyring;
/// # use sallet_hyper::{Bearer, RequireAuthLayer, SecurityHeadersLayer, protect};
/// # fn app(keys: &'static Keyring) {
/// let app = protect(Router::new(), SecurityHeadersLayer::new(&SecurityHeaders::API), RequireAuthLayer::new(Bearer::new(keys)));
/// app.route("/admin", get(async || "open to everybody"));
/// # }
/// ```
pub fn protect<V>(router: Router, headers: SecurityHeadersLayer, auth: RequireAuthLayer<V>) -> Protected
where
    V: Verify + Send + Sync + 'static,
    V::Later: Send + 'static,
{
    Protected(router.layer(auth).layer(headers))
}

/// A router under both layers: made by [`protect`].
#[derive(Debug, Clone)]
#[must_use = "an app does nothing until it is served"]
pub struct Protected(Router);

impl Protected {
    /// For `axum::serve`. With `FailureThrottle`, which needs the client's address, serve as its docs show.
    pub fn into_make_service(self) -> IntoMakeService<Self> {
        ServiceExt::<axum::extract::Request>::into_make_service(self)
    }
}

impl<B> Service<Request<B>> for Protected
where
    Router: Service<Request<B>, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = <Router as Service<Request<B>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<B>>::poll_ready(&mut self.0, cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.0.call(request)
    }
}
