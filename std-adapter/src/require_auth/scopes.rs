//! Scopes of single routes, compared with what the guard around the app has found.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use sallet_core::auth::{Reason, Scopes};
use tower_layer::Layer;
use tower_service::Service;

use super::answer::{Protocol, answer};
use super::denied::No;
use super::{Principal, Refused, ResponseBody, User};
use crate::checked::Checked;
use crate::{Missing, events};

/// Asks for scopes on a route of an app that a [`RequireAuthLayer`](super::RequireAuthLayer) is around.
///
/// ```
/// use axum::{Router, routing::get, routing::post};
/// use sallet_core::auth::{Key, Keyring};
/// use sallet_core::{SecurityHeaders, digest_hex};
/// use sallet_hyper::{Bearer, RequireAuthLayer, RequireScopes};
///
/// static KEYS: Keyring = Keyring::new(&[
///     Key::new("ci", digest_hex!("4439cd9ae307e28c3d22555676c3b2274cf06c5445754d165528b5d4e6184718")).scopes("items:read"),
/// ]);
///
/// let app: Router = Router::new()
///     .route("/items", get(async || "helm").layer(RequireScopes::new("items:read")))
///     .route("/items/new", post(async || "made").layer(RequireScopes::new("items:write")))
///     .layer(RequireAuthLayer::new(Bearer::new(&KEYS).realm("items"))); // a good token for everything
/// # let _ = app;
/// ```
///
/// It reads no credential, so it also works where that is [hidden](super::RequireAuthLayer::hide), and of several schemes it does not
/// matter which it was. A user without one of the scopes is refused by the layer around, as by itself: 403 `insufficient_scope` with the
/// challenge of the scheme, which names the scopes of this route, and by its
/// [`on_refusal`](super::RequireAuthLayer::on_refusal). For [`on_decision`](super::RequireAuthLayer::on_decision) that is a decision
/// of its own, after the one that the user is known.
///
/// On a public path nobody need be known; here somebody must. So a request without a good credential gets the 401 (or what else the
/// layer around had found) that it would have got elsewhere.
///
/// **Without a layer around it, it is shut**: a bare 500, and [`Missing::Verdict`] in the log and in the response's extensions. So
/// it is for users of another type than it was made for.
#[must_use = "a layer does nothing until it is put around a service"]
pub struct RequireScopes<U = Principal> {
    scopes: Arc<Scopes<String>>,
    user: PhantomData<fn() -> U>,
}

impl RequireScopes {
    /// All of these, separated by single spaces, of a [`Principal`].
    ///
    /// # Panics
    /// When it is a text that [`Scopes::parse`] refuses. The panic names the line of the caller.
    #[track_caller]
    pub fn new(scopes: impl Checked<Scopes<String>>) -> Self {
        Self::of::<Principal>(scopes)
    }

    /// All of these, of a user of your own: `RequireScopes::of::<Account>("items:read")`.
    ///
    /// Where the schemes of a layer have users of different types it is [`OneOf`](super::OneOf) of them.
    ///
    /// # Panics
    /// When it is a text that [`Scopes::parse`] refuses. The panic names the line of the caller.
    #[track_caller]
    pub fn of<U: User>(scopes: impl Checked<Scopes<String>>) -> RequireScopes<U> {
        RequireScopes { scopes: Arc::new(scopes.checked()), user: PhantomData }
    }
}

/// In the extensions of a request to a public path that nobody is known to have sent, and why.
#[derive(Debug, Clone)]
pub(super) struct Nobody(pub(super) No);

/// In the extensions of a response: the layer around is to answer the request instead.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) scopes: Arc<Scopes<String>>,
    pub(super) no: No,
    pub(super) parts: Box<Parts>,
}

impl<S, U> Layer<S> for RequireScopes<U> {
    type Service = Scoped<S, U>;

    fn layer(&self, inner: S) -> Self::Service {
        Scoped { inner, needs: self.clone() }
    }
}

/// Made by [`RequireScopes`].
pub struct Scoped<S, U> {
    inner: S,
    needs: RequireScopes<U>,
}

impl<U: User> RequireScopes<U> {
    /// The request for the service inside, or what is answered instead.
    fn judge<B>(&self, request: Request<B>) -> ControlFlow<Response<Bytes>, Request<B>> {
        let no = match U::entered(request.extensions()) {
            Some(scopes) if scopes.contains_all(self.scopes.borrowed()) => {
                return ControlFlow::Continue(request);
            }
            Some(_) => No::Found(Reason::InsufficientScope),
            None => match request.extensions().get() {
                Some(Nobody(no)) => no.clone(),
                None => return ControlFlow::Break(missing()),
            },
        };
        let refused = Refused { reason: no.reason(), scheme: None, own: no.status() };
        // As good as it can be said without the layer around, which will say more.
        let mut response = answer(&no, refused, &[], None, Protocol::of(&request, false));
        let parts = Box::new(request.into_parts().0);
        response.extensions_mut().insert(Wanted { scopes: Arc::clone(&self.scopes), no, parts });
        ControlFlow::Break(response)
    }
}

fn missing() -> Response<Bytes> {
    events::misused(Missing::Verdict.message());
    let mut response = Response::default();
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.extensions_mut().insert(Missing::Verdict);
    response
}

impl<S, U, ReqBody, ResBody> Service<Request<ReqBody>> for Scoped<S, U>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    U: User,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ScopedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        match self.needs.judge(request) {
            ControlFlow::Continue(request) => ScopedFuture { state: State::Inner { inner: self.inner.call(request) } },
            ControlFlow::Break(response) => {
                // Being ready may have taken something that others wait for, such as a permit.
                self.inner = self.inner.clone();
                ScopedFuture { state: State::Refused { response: Some(response) } }
            }
        }
    }
}

#[cfg(feature = "hyper")]
impl<S, U, ReqBody, ResBody> hyper::service::Service<Request<ReqBody>> for Scoped<S, U>
where
    S: hyper::service::Service<Request<ReqBody>, Response = Response<ResBody>>,
    U: User,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ScopedFuture<S::Future>;

    fn call(&self, request: Request<ReqBody>) -> Self::Future {
        let state = match self.needs.judge(request) {
            ControlFlow::Continue(request) => State::Inner { inner: self.inner.call(request) },
            ControlFlow::Break(response) => State::Refused { response: Some(response) },
        };
        ScopedFuture { state }
    }
}

pin_project! {
    /// The response of the inner service, or a refusal.
    #[must_use = "futures do nothing unless polled"]
    pub struct ScopedFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Inner { #[pin] inner: F },
        Refused { response: Option<Response<Bytes>> },
    }
}

impl<F, B, E> Future for ScopedFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Inner { inner } => Poll::Ready(Ok(ready!(inner.poll(cx))?.map(ResponseBody::inner))),
            StateProj::Refused { response } => {
                let response = response.take().expect("a future is not polled after it is ready");
                Poll::Ready(Ok(response.map(ResponseBody::refusal)))
            }
        }
    }
}

impl<U> Clone for RequireScopes<U> {
    fn clone(&self) -> Self {
        Self { scopes: Arc::clone(&self.scopes), user: PhantomData }
    }
}

impl<U> fmt::Debug for RequireScopes<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequireScopes").field(&self.scopes.borrowed().as_str()).finish()
    }
}

impl<S: Clone, U> Clone for Scoped<S, U> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), needs: self.needs.clone() }
    }
}

impl<S: fmt::Debug, U> fmt::Debug for Scoped<S, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").field("inner", &self.inner).field("needs", &self.needs).finish()
    }
}

impl<F> fmt::Debug for ScopedFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScopedFuture(..)")
    }
}
