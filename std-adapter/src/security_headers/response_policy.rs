use std::sync::Arc;

use http::Response;
use sallet_core::PolicyError;

use super::field_set::Plan;
use crate::RequestNonce;

/// A policy made ready to be chosen for a single response.
///
/// A handler puts it into the extensions of its response, and every [`SecurityHeadersLayer`](crate::SecurityHeadersLayer) around
/// sends it instead of the policy that it would have sent: [where a policy comes
/// from](crate::security_headers#where-a-policy-comes-from). No headers is [`SecurityHeaders::EMPTY`](sallet_core::SecurityHeaders::EMPTY).
///
/// Make it once: the policy is checked and rendered here, and a clone counts a reference.
///
/// ```
/// use std::sync::LazyLock;
///
/// use http::Response;
/// use sallet_core::{ContentSecurityPolicy, Directive, SecurityHeaders, Source};
/// use sallet_hyper::ResponsePolicy;
///
/// const CSP: ContentSecurityPolicy = ContentSecurityPolicy::new(&[
///     Directive::default_src(&[Source::SELF]),
///     Directive::frame_src(&[Source::new("https://videos.example")]),
/// ]);
/// const VIDEO: SecurityHeaders = SecurityHeaders::STRICT.content_security_policy(Some(CSP)).checked();
///
/// fn video() -> Response<&'static str> {
///     static POLICY: LazyLock<ResponsePolicy> = LazyLock::new(|| ResponsePolicy::new(&VIDEO));
///
///     let mut response = Response::new("<iframe src=https://videos.example/1></iframe>");
///     response.extensions_mut().insert(POLICY.clone());
///     response
/// }
/// # assert!(video().extensions().get::<ResponsePolicy>().is_some());
/// ```
///
/// With axum (feature `axum`) it is a part of a response: `(POLICY.clone(), Html(page))`.
///
/// # Nonces
///
/// A page needs its nonce before any layer can see which policy its handler has chosen. If the layers around draw one for this path,
/// the handler finds it in the request, as always. If they do not, it draws one itself and says which:
/// [`with_nonce`](Self::with_nonce).
#[derive(Debug, Clone)]
pub struct ResponsePolicy {
    plan: Arc<Plan>,
    nonce: Option<RequestNonce>,
}

impl ResponsePolicy {
    /// A policy from a constant.
    ///
    /// # Panics
    /// When [`check`](sallet_core::SecurityHeaders::check) refuses the policy. The panic names the line of the caller.
    #[track_caller]
    #[must_use]
    pub fn new(policy: &sallet_core::SecurityHeaders<'_>) -> Self {
        match Self::try_new(policy) {
            Ok(policy) => policy,
            Err(error) => panic!("{error}"),
        }
    }

    /// A policy made at run time.
    ///
    /// # Errors
    /// What [`check`](sallet_core::SecurityHeaders::check) says of it.
    pub fn try_new(policy: &sallet_core::SecurityHeaders<'_>) -> Result<Self, PolicyError> {
        Ok(Self { plan: Arc::new(Plan::new(policy)?), nonce: None })
    }

    /// Says which nonce the page has, where the request had none:
    ///
    /// ```
    /// use http::{Request, Response, StatusCode};
    /// use sallet_hyper::{RequestNonce, ResponsePolicy};
    ///
    /// fn report(request: &Request<()>, policy: &ResponsePolicy) -> Response<String> {
    ///     let drawn = request.extensions().get().copied();
    ///     let Some(nonce) = drawn.or_else(RequestNonce::draw) else {
    ///         return Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).body(String::new()).unwrap();
    ///     };
    ///     let mut response = Response::new(format!(r#"<script nonce="{nonce}">start()</script>"#));
    ///     response.extensions_mut().insert(policy.clone().with_nonce(nonce));
    ///     response
    /// }
    /// # use sallet_core::SecurityHeaders;
    /// # report(&Request::new(()), &ResponsePolicy::new(&SecurityHeaders::STRICT));
    /// ```
    #[must_use]
    pub fn with_nonce(self, nonce: RequestNonce) -> Self {
        Self { nonce: Some(nonce), ..self }
    }

    pub(crate) fn of<B>(response: &Response<B>) -> Option<&Self> {
        response.extensions().get()
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) const fn nonce(&self) -> Option<RequestNonce> {
        self.nonce
    }
}
