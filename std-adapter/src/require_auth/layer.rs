use std::fmt;
use std::sync::Arc;

use sallet_core::auth::{PathRule, PathRules};
use tower_layer::Layer;

use super::guard::Guard;
use super::{Bearer, RequireAuth};

/// Lets only those requests in that carry a good token.
///
/// ```
/// use sallet_core::auth::{Key, Keyring};
/// use sallet_core::digest_hex;
/// use sallet_hyper::{Bearer, RequireAuthLayer};
///
/// static KEYS: Keyring = Keyring::new(&[
///     Key::new("ci", digest_hex!("4439cd9ae307e28c3d22555676c3b2274cf06c5445754d165528b5d4e6184718")),
/// ]);
///
/// let layer = RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/health", "/static/", "GET /items"]);
/// # let _ = layer;
/// ```
///
/// See the [module](crate::require_auth) for where to put the layer and what it answers.
#[must_use = "a layer does nothing until it is put around a service"]
pub struct RequireAuthLayer<V> {
    guard: Arc<Guard<V>>,
}

impl<V> RequireAuthLayer<V> {
    /// Every request needs a token.
    pub fn new(bearer: Bearer<V>) -> Self {
        Self { guard: Arc::new(Guard::new(bearer)) }
    }
}

impl<V: Clone> RequireAuthLayer<V> {
    /// Lets CORS preflights pass: `OPTIONS` with `Origin` and `Access-Control-Request-Method`, which any client can send.
    ///
    /// Only for a service that answers CORS *behind* this layer and does no work for `OPTIONS`. tower-http's `CorsLayer`
    /// put outside of it answers them itself, so they never come here. A handler for every method, axum's `any` or
    /// `fallback`, a `service_fn`, and each method of a tonic service, which looks at no method at all, would run for
    /// such a request without a token.
    pub fn preflights(mut self) -> Self {
        Arc::make_mut(&mut self.guard).preflights = true;
        self
    }

    /// Names the paths that need no token, in addition to those named before: `"/health"` is that path alone,
    /// `"/static/"` everything below it, `"GET /items"` one method only, `HEAD` included ([`PathRule`] has the grammar).
    /// A WebSocket handshake is opened only by a rule without a method.
    ///
    /// Paths are compared with [`Uri::path`](http::Uri::path) as the service sees it: not decoded, and inside axum's
    /// `Router::nest` without the prefix. A path that another party may read as a different one (`//`, `..`, `%2f`, `;`,
    /// …) is never public, whatever the rules say. Everything that the router finds there is open: its fallback, and a route
    /// such as `/{tenant}/admin` where nothing under `/static` claims the path.
    ///
    /// # Panics
    /// When a rule is refused: see [`PathRule::try_new`]. The panic names the line of the caller.
    #[track_caller]
    pub fn public<S: AsRef<str>>(mut self, rules: impl IntoIterator<Item = S>) -> Self {
        let mut all = self.guard.public.rules().to_vec();
        // No closure: the caller's line would not get into one.
        for rule in rules {
            all.push(path_rule(rule.as_ref()));
        }
        Arc::make_mut(&mut self.guard).public = PathRules::new(all);
        self
    }
}

#[track_caller]
fn path_rule(rule: &str) -> PathRule<String> {
    match PathRule::try_new(rule.to_owned()) {
        Ok(rule) => rule,
        Err(error) => panic!("{rule:?}: {error}"),
    }
}

impl<S, V> Layer<S> for RequireAuthLayer<V> {
    type Service = RequireAuth<S, V>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireAuth::new(inner, Arc::clone(&self.guard))
    }
}

impl<V> Clone for RequireAuthLayer<V> {
    fn clone(&self) -> Self {
        Self { guard: Arc::clone(&self.guard) }
    }
}

impl<V> fmt::Debug for RequireAuthLayer<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireAuthLayer")
            .field("bearer", &self.guard.bearer)
            .field("public", &self.guard.public)
            .finish()
    }
}
