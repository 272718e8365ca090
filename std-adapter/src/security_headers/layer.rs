use std::sync::Arc;

use http::HeaderName;
use http::request::Parts;
use sallet_core::Scheme;
use sallet_core::merge::Precedence;
use sallet_core::paths::PathRule;
use tower_layer::Layer;

use super::config::{ByRequest, Config, SchemeOf};
use super::field_set::Plan;
use super::merge::Rules;
use super::{ResponsePolicy, SecurityHeadersService};
use crate::checked::Checked;

/// Puts a policy's headers on every response.
///
/// The policy is a [`sallet_core::SecurityHeaders`], best a `const`: a mistake in it then does not compile.
///
/// ```
/// use sallet_core::{ContentSecurityPolicy, Directive, Scheme, SecurityHeaders, Source};
/// use sallet_hyper::SecurityHeadersLayer;
///
/// const CSP: ContentSecurityPolicy = ContentSecurityPolicy::new(&[
///     Directive::default_src(&[Source::SELF]),
///     Directive::script_src(&[Source::SELF, Source::NONCE]),
/// ]);
/// const PAGES: SecurityHeaders = SecurityHeaders::STRICT.content_security_policy(Some(CSP)).checked();
///
/// let layer = SecurityHeadersLayer::new(&PAGES)
///     .path("/api/*", &SecurityHeaders::API)
///     .path("GET /metrics", &SecurityHeaders::EMPTY)
///     .scheme(Scheme::Https);
/// # let _ = layer;
/// ```
///
/// ```compile_fail,E0080
/// use sallet_core::{ContentSecurityPolicy, Directive, SecurityHeaders, Source};
/// use sallet_hyper::SecurityHeadersLayer;
///
/// const CSP: ContentSecurityPolicy = ContentSecurityPolicy::new(&[Directive::script_src(&[Source::new("self")])]);
/// // error[E0080]: evaluation panicked: … write 'self' with single quotes …
/// const PAGES: SecurityHeaders = SecurityHeaders::STRICT.content_security_policy(Some(CSP));
/// let layer = SecurityHeadersLayer::new(&PAGES);
/// ```
///
/// See the [module](crate::security_headers) for where to put the layer.
#[derive(Debug, Clone)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct SecurityHeadersLayer {
    config: Arc<Config>,
}

impl SecurityHeadersLayer {
    /// A header that the app sets itself stays as it is.
    ///
    /// # Panics
    /// When [`check`](sallet_core::SecurityHeaders::check) refuses the policy. A `const` that ends in
    /// [`checked`](sallet_core::SecurityHeaders::checked) does not compile then; call `check` on a policy from a file as it is
    /// read, tell its error there, and this cannot fail. The panic names the line of the caller.
    #[track_caller]
    pub fn new(policy: &sallet_core::SecurityHeaders<'_>) -> Self {
        Self::with_plan(plan(policy), Precedence::App)
    }

    /// The policy replaces a header that the app sets itself.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn overriding(policy: &sallet_core::SecurityHeaders<'_>) -> Self {
        Self::with_plan(plan(policy), Precedence::Policy)
    }

    /// The policy's `Content-Security-Policy`, and its report-only twin, are sent next to those of the app's own: browsers enforce
    /// both. Any other header that the app sets stays as it is ([`Precedence::Add`]).
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn adding(policy: &sallet_core::SecurityHeaders<'_>) -> Self {
        Self::with_plan(plan(policy), Precedence::Add)
    }

    fn with_plan(plan: Plan, precedence: Precedence) -> Self {
        Self { config: Arc::new(Config::new(plan, precedence)) }
    }

    /// Sends another policy on some paths: `"/docs"` is that path alone, `"/static/*"` everything below it,
    /// `"GET /items"` one method only ([`PathRule`] has the grammar). The most exact rule wins; a rule given twice counts
    /// as it was given last. No headers is [`SecurityHeaders::EMPTY`](sallet_core::SecurityHeaders::EMPTY).
    ///
    /// Rules are of the path **as the client sent it**, decoded, whatever `//`, `;x` or encoding a client adds
    /// ([`PathRule::applies`]). Inside axum's `Router::nest` that takes the feature `axum`; rules of the path inside the nest
    /// are said by [`nested`](Self::nested). A path with a `..` segment, however encoded, is below no rule but `/*`: make the
    /// layer's own policy the strictest, and let rules relax it.
    ///
    /// # Panics
    /// When the rule is a text that [`PathRule::parse`] refuses, or the policy is refused as by [`new`](Self::new). The panic names
    /// the line of the caller.
    #[track_caller]
    pub fn path(mut self, rule: impl Checked<PathRule<String>>, policy: &sallet_core::SecurityHeaders<'_>) -> Self {
        Arc::make_mut(&mut self.config).set_path(rule.checked(), plan(policy));
        self
    }

    /// Chooses the policy for each request that no [`path`](Self::path) rule applies to. `None` is no opinion: then the layer's
    /// own policy is sent.
    ///
    /// It is called before the inner service, with the request as it comes to this layer. Make the policies once, outside of the
    /// function.
    ///
    /// ```
    /// use sallet_core::{SecurityHeaders, XFrameOptions};
    /// use sallet_hyper::{ResponsePolicy, SecurityHeadersLayer};
    ///
    /// const FRAMED: SecurityHeaders = SecurityHeaders::CLASSIC.x_frame_options(Some(XFrameOptions::SameOrigin)).checked();
    ///
    /// let framed = ResponsePolicy::new(&FRAMED);
    /// let layer = SecurityHeadersLayer::new(&SecurityHeaders::STRICT).policy_by(move |request| {
    ///     let host = request.headers.get("host")?;
    ///     (host == "widgets.example").then(|| framed.clone())
    /// });
    /// # let _ = layer;
    /// ```
    pub fn policy_by(mut self, choose: impl Fn(&Parts) -> Option<ResponsePolicy> + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.config).policy_by = Some(ByRequest::new(choose));
        self
    }

    /// Says that the rules are of the path inside of the nearest `Router::nest` around this layer.
    pub fn nested(mut self) -> Self {
        Arc::make_mut(&mut self.config).nested = true;
        self
    }

    /// Says how all requests travel: [`Scheme::Https`] when there is TLS here or at a proxy through which all of them
    /// come. Until it is said, [`Scheme::Http`].
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        Arc::make_mut(&mut self.config).scheme = SchemeOf::All(scheme);
        self
    }

    /// Says for each request how it travelled.
    ///
    /// Ask what the host knows: an extension that the acceptor put there, a port, a header that your own proxy
    /// *overwrites*. Whatever else is in a request, `X-Forwarded-Proto` included, any client can write.
    ///
    /// ```
    /// use sallet_core::{Scheme, SecurityHeaders};
    /// use sallet_hyper::SecurityHeadersLayer;
    ///
    /// /// What the TLS acceptor puts into the extensions of its requests.
    /// #[derive(Clone)]
    /// struct OverTls;
    ///
    /// let layer = SecurityHeadersLayer::new(&SecurityHeaders::STRICT).scheme_by(|request| {
    ///     if request.extensions.get::<OverTls>().is_some() { Scheme::Https } else { Scheme::Http }
    /// });
    /// # let _ = layer;
    /// ```
    pub fn scheme_by(mut self, scheme: impl Fn(&Parts) -> Scheme + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.config).scheme = SchemeOf::Each(ByRequest::new(scheme));
        self
    }

    /// Names the headers that the app may not send, instead of `Server` and `X-Powered-By`.
    ///
    /// ```
    /// # use sallet_core::SecurityHeaders;
    /// # use sallet_hyper::SecurityHeadersLayer;
    /// let layer = SecurityHeadersLayer::new(&SecurityHeaders::API).remove([]); // none
    /// # let _ = layer;
    /// ```
    ///
    /// # Panics
    /// When [`removable`](sallet_core::removable) refuses a name, as `content-length`. The panic names the line of the
    /// caller.
    #[track_caller]
    pub fn remove(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        let names: Vec<_> = names.into_iter().collect();
        let config = Arc::make_mut(&mut self.config);
        for name in &names {
            if let Err(error) = sallet_core::removable(name.as_str()) {
                panic!("remove: {name:?}: {error}");
            }
        }
        config.rules = Rules::try_new(config.rules.precedence(), names).expect("each name was looked at");
        self
    }
}

impl<S> Layer<S> for SecurityHeadersLayer {
    type Service = SecurityHeadersService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SecurityHeadersService::new(inner, Arc::clone(&self.config))
    }
}

#[track_caller]
fn plan(policy: &sallet_core::SecurityHeaders<'_>) -> Plan {
    match Plan::new(policy) {
        Ok(plan) => plan,
        Err(error) => panic!("{error}"),
    }
}
