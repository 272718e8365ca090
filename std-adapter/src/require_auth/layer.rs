use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use sallet_core::paths::{PathRule, PathRuleError, PathRules};
use tower_layer::Layer;

use super::guard::Guard;
use super::{Auth, Decision, Or, Refused, RequireAuth};
use crate::checked::{RuleList, valid};
use crate::events;

/// Admits only requests with a good credential.
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
/// let layer = RequireAuthLayer::new(Bearer::new(&KEYS)).public(["/health", "/static/*", "GET /items"]);
/// # let _ = layer;
/// ```
///
/// See the [module](crate::require_auth) for where to put the layer and what it answers.
#[must_use = "a layer does nothing until it is put around a service"]
pub struct RequireAuthLayer<V> {
    verifier: Arc<V>,
    guard: Arc<Guard>,
}

impl<V> RequireAuthLayer<V> {
    /// Every request needs a credential of this scheme.
    #[track_caller]
    pub fn new(auth: Auth<V>) -> Self {
        let guard = Arc::new(Guard::new(&auth));
        Self { verifier: Arc::new(auth.verifier), guard }
    }

    /// Takes a credential of another scheme as well.
    ///
    /// The first scheme whose credential a request has decides, alone and finally: a bad API key is refused, whatever token there
    /// is next to it ([`Alternatives`](sallet_core::auth::Alternatives)). A 401 has a challenge for each scheme.
    ///
    /// ```
    /// # use sallet_core::auth::{Key, Keyring};
    /// # use sallet_core::digest_hex;
    /// # static KEYS: Keyring = Keyring::new(&[
    /// #     Key::new("ci", digest_hex!("4439cd9ae307e28c3d22555676c3b2274cf06c5445754d165528b5d4e6184718")),
    /// # ]);
    /// use sallet_hyper::{ApiKey, Bearer, RequireAuthLayer};
    ///
    /// let layer = RequireAuthLayer::new(Bearer::new(&KEYS)).or(ApiKey::new(&KEYS).header("X-Items-Key"));
    /// # let _ = layer;
    /// ```
    ///
    /// # Panics
    /// When both read the same credential, so that the second would never be asked. The panic names the line of the caller.
    #[track_caller]
    pub fn or<W>(self, auth: Auth<W>) -> RequireAuthLayer<Or<V, W>> {
        let mut guard = self.guard;
        let count = Arc::make_mut(&mut guard).add(&auth);
        RequireAuthLayer { verifier: Arc::new(Or { first: self.verifier, count, second: auth.verifier }), guard }
    }

    /// Names the paths that need no token, in addition to those named before: `"/health"` is that path alone,
    /// `"/static/*"` everything below it, `"GET /items"` one method only, `HEAD` included ([`PathRule`] has the grammar). A
    /// WebSocket handshake is opened only by a rule without a method.
    ///
    /// Rules are compared with the path **as the client sent it**, decoded (`"/café"`), so inside `Router::nest("/v1", …)`
    /// write `"/v1/health"`. For that the feature `axum` has to be on; without it nothing is public under axum. Rules
    /// of the path inside the nest are said by [`nested`](Self::nested).
    ///
    /// A path that another party may read as a different one (`//`, `..`, `%2F`, `%68` for `h`, `;`, …) is never public,
    /// whatever the rules say; [`paths`](sallet_core::paths) says which. Everything that the router finds at the others is
    /// open: its fallback, a route such as `/{tenant}/admin` where nothing under `/static` claims the path, and for
    /// `/static/` itself a `/{*rest}`, because axum's `/static/{*file}` is not for it.
    ///
    /// # Panics
    /// When a rule is refused: see [`PathRule::parse`] and [`PathRule::for_public`], or opens nothing because a
    /// [`protected`](Self::protected) one wins over it. The panic names the line of the caller.
    #[track_caller]
    pub fn public(self, rules: impl RuleList) -> Self {
        let named = each(rules, PathRule::for_public);
        events::configured("public", &named);
        self.with(|public, _, _| public.extend(named))
    }

    /// Guards only these paths and what is below them, in addition to those named before; everything else is open. Rules as for
    /// [`public`](Self::public), but without methods: `"/api"`, `"/api/"` and `"/api/*"` all guard `/api`, `/api/` and what
    /// is below, in letters of either case, and inside a nest with the prefix or without. A path that somebody may read as a
    /// different one needs a token as well.
    ///
    /// With both, `public` opens exceptions inside: a public rule counts where it is longer than every protected
    /// rule that covers the path.
    ///
    /// ```
    /// # use sallet_core::auth::{Key, Keyring};
    /// # use sallet_core::digest_hex;
    /// # use sallet_hyper::{Bearer, RequireAuthLayer};
    /// # static KEYS: Keyring = Keyring::new(&[
    /// #     Key::new("ci", digest_hex!("4439cd9ae307e28c3d22555676c3b2274cf06c5445754d165528b5d4e6184718")),
    /// # ]);
    /// let layer = RequireAuthLayer::new(Bearer::new(&KEYS)).protected(["/api/*"]).public(["GET /api/health"]);
    /// # let _ = layer;
    /// ```
    ///
    /// # Panics
    /// When there is no rule, one is refused: see [`PathRule::parse`] and [`PathRule::for_all_methods`], or one wins over a
    /// public rule wherever that applies. The panic names the line of the caller.
    #[track_caller]
    pub fn protected(self, rules: impl RuleList) -> Self {
        let named = each(rules, PathRule::for_all_methods);
        if named.is_empty() {
            panic!("{}", PathRuleError::NothingProtected);
        }
        events::configured("protected, and everything else open", &named);
        self.with(|_, protected, _| protected.get_or_insert_default().extend(named))
    }

    /// Lets CORS preflights to these paths pass: `OPTIONS` with `Origin` and `Access-Control-Request-Method`, which any
    /// client can send. Rules as for [`public`](Self::public), without methods; `["/*"]` is every path.
    ///
    /// Only for a service that answers CORS *behind* this layer and does no work for `OPTIONS`. tower-http's `CorsLayer`
    /// put outside of it answers them itself, so they never come here. A handler for every method, axum's `any` or
    /// `fallback`, a `service_fn`, and each method of a tonic service, which looks at no method at all, would run for
    /// such a request without a token.
    ///
    /// # Panics
    /// When a rule is refused: see [`PathRule::parse`] and [`PathRule::for_all_methods`]. The panic names the line of the
    /// caller.
    #[track_caller]
    pub fn preflights(self, rules: impl RuleList) -> Self {
        let named = each(rules, PathRule::for_all_methods);
        events::configured("open to preflights", &named);
        self.with(|_, _, preflights| preflights.extend(named))
    }

    /// All rules at once, checked: for those of a configuration. They replace the rules named before.
    ///
    /// ```
    /// use sallet_core::auth::Keyring;
    /// use sallet_core::paths::{PathRule, PathRuleError, PathRules};
    /// use sallet_hyper::{Bearer, RequireAuthLayer};
    ///
    /// fn layer(
    ///     keys: &'static Keyring,
    ///     public: &[String],
    /// ) -> Result<RequireAuthLayer<&'static Keyring>, PathRuleError> {
    ///     let public = public.iter().cloned().map(PathRule::parse).collect::<Result<_, _>>()?;
    ///     let rules = PathRules::try_new(public, None, vec![])?;
    ///     Ok(RequireAuthLayer::new(Bearer::new(keys)).rules(rules))
    /// }
    /// ```
    pub fn rules(mut self, rules: PathRules<Vec<PathRule<String>>>) -> Self {
        events::configured("public", rules.public_rules());
        events::configured("protected, and everything else open", rules.protected_rules().unwrap_or_default());
        events::configured("open to preflights", rules.preflight_rules());
        Arc::make_mut(&mut self.guard).rules = rules;
        self
    }

    /// Says that the rules are of the path inside of the nearest `Router::nest` around this layer: `"/health"` in
    /// `Router::nest("/v1", …)` is `/v1/health`.
    ///
    /// Then the layer opens the same inner path wherever it is: a clone of it in another nest opens that one's `/health` as
    /// well. The path that was sent has to be plain, and to end with the inner one.
    pub fn nested(mut self) -> Self {
        Arc::make_mut(&mut self.guard).nested = true;
        self
    }

    /// Says that the service inside is gRPC: what looks like a gRPC request is refused as gRPC has it, a `POST` over HTTP/2 with
    /// **status 200** and `grpc-status`. Without it each refusal has its HTTP status, which a gRPC client understands too.
    ///
    /// Not around anything that is not gRPC: any client can name `application/grpc`, and what goes by the status (a proxy that asks
    /// whether a request may pass, a monitor) would take the refusal for a success.
    pub fn grpc(mut self) -> Self {
        Arc::make_mut(&mut self.guard).grpc = true;
        self
    }

    /// Takes the credential out of the request after the check, so that what is inside, an error tracker or a log, does not get
    /// it. Nor do [`on_refusal`](Self::on_refusal) and [`on_decision`](Self::on_decision) of this layer. A layer of this kind further in
    /// does not get it either, and refuses: set it at the innermost. [`RequireScopes`](super::RequireScopes) needs none.
    pub fn hide(mut self) -> Self {
        Arc::make_mut(&mut self.guard).hides = true;
        self
    }

    /// Calls a function for each decision, once: for metrics. It must not block.
    ///
    /// ```
    /// # use sallet_core::auth::{Key, Keyring};
    /// # use sallet_core::digest_hex;
    /// # use sallet_hyper::{Bearer, RequireAuthLayer};
    /// # static KEYS: Keyring = Keyring::new(&[
    /// #     Key::new("ci", digest_hex!("4439cd9ae307e28c3d22555676c3b2274cf06c5445754d165528b5d4e6184718")),
    /// # ]);
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// use sallet_hyper::require_auth::Decision;
    ///
    /// static REFUSED: AtomicU64 = AtomicU64::new(0);
    ///
    /// let layer = RequireAuthLayer::new(Bearer::new(&KEYS)).on_decision(|decision, _request| {
    ///     if let Decision::Refused(_) = decision {
    ///         REFUSED.fetch_add(1, Ordering::Relaxed);
    ///     }
    /// });
    /// # let _ = layer;
    /// ```
    pub fn on_decision(mut self, tell: impl Fn(Decision<'_>, &Parts) + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.guard).hooks.on_decision = Some(Arc::new(tell));
        self
    }

    /// Answers refusals by a function: a problem document, a redirect to a login page. `None` is Sallet's own answer.
    ///
    /// Whatever it returns is a refusal. `WWW-Authenticate` is Sallet's, so is `Retry-After` unless it has one, `Cache-Control` is `no-store` and no other field tells caches
    /// otherwise, and [`Refused`] is in the extensions of the response. A status that is none
    /// ([`Refusal::is_answered_by`](sallet_core::auth::Refusal::is_answered_by)) is logged as an error, and Sallet's own answer is sent. gRPC requests to a
    /// [`grpc`](Self::grpc) layer get gRPC's answer. A browser asks for a password only on a 401.
    ///
    /// ```
    /// # use sallet_core::auth::{Key, Keyring};
    /// # use sallet_core::digest_hex;
    /// # use sallet_hyper::{Bearer, RequireAuthLayer};
    /// # static KEYS: Keyring = Keyring::new(&[
    /// #     Key::new("ci", digest_hex!("4439cd9ae307e28c3d22555676c3b2274cf06c5445754d165528b5d4e6184718")),
    /// # ]);
    /// use http::Response;
    /// use http::header::CONTENT_TYPE;
    ///
    /// // RFC 9457.
    /// let layer = RequireAuthLayer::new(Bearer::new(&KEYS)).on_refusal(|refused, _request| {
    ///     let (status, title) = (refused.status(), refused.detail());
    ///     let body = format!(r#"{{"status":{},"title":"{title}"}}"#, status.as_u16());
    ///     Response::builder().status(status).header(CONTENT_TYPE, "application/problem+json").body(body).ok()
    /// });
    /// # let _ = layer;
    /// ```
    pub fn on_refusal<B: Into<Bytes>>(
        mut self,
        answer: impl Fn(Refused, &Parts) -> Option<Response<B>> + Send + Sync + 'static,
    ) -> Self {
        let answer = move |refused, request: &Parts| Some(answer(refused, request)?.map(Into::into));
        Arc::make_mut(&mut self.guard).hooks.on_refusal = Some(Arc::new(answer));
        self
    }

    /// Slows down guessing: see [`FailureThrottle`](super::FailureThrottle).
    #[cfg(feature = "throttle")]
    pub fn throttle(mut self, throttle: super::FailureThrottle) -> Self {
        Arc::make_mut(&mut self.guard).throttle = Some(throttle);
        self
    }

    #[track_caller]
    fn with(mut self, add: impl FnOnce(&mut Rules, &mut Option<Rules>, &mut Rules)) -> Self {
        let guard = Arc::make_mut(&mut self.guard);
        let known = &guard.rules;
        let (mut public, mut preflights) = (known.public_rules().to_vec(), known.preflight_rules().to_vec());
        let mut protected = known.protected_rules().map(<[_]>::to_vec);
        add(&mut public, &mut protected, &mut preflights);
        guard.rules = match PathRules::try_new(public, protected, preflights) {
            Ok(rules) => rules,
            Err(error) => panic!("{error}"),
        };
        self
    }
}

type Rules = Vec<PathRule<String>>;

/// Checked rules, of which each fits its use.
#[track_caller]
fn each(rules: impl RuleList, fits: fn(PathRule<String>) -> Result<PathRule<String>, PathRuleError>) -> Rules {
    let mut named = rules.rules();
    // No closure: the caller's line would not get into one.
    for rule in &mut named {
        *rule = valid(rule.clone().as_str(), fits(rule.clone()));
    }
    named
}

impl<S, V> Layer<S> for RequireAuthLayer<V> {
    type Service = RequireAuth<S, V>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireAuth::new(inner, Arc::clone(&self.verifier), Arc::clone(&self.guard))
    }
}

impl<V> Clone for RequireAuthLayer<V> {
    fn clone(&self) -> Self {
        Self { verifier: Arc::clone(&self.verifier), guard: Arc::clone(&self.guard) }
    }
}

impl<V> fmt::Debug for RequireAuthLayer<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireAuthLayer")
            .field("needs", &self.guard.needs())
            .field("rules", &self.guard.rules)
            .finish()
    }
}
