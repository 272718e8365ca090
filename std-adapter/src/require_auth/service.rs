use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::guard::{Guard, Step};
use super::{ResponseBody, ResponseFuture, Verify};
use crate::request_path::Place;

/// Lets only those requests through to `S` that carry a good credential.
///
/// Made by [`RequireAuthLayer`](crate::RequireAuthLayer); the [module](super) tells the whole story. It is a tower service
/// around a tower service, and with the feature `hyper` a hyper service around a hyper service.
pub struct RequireAuth<S, V> {
    inner: S,
    check: Arc<Check<V>>,
    place: Place,
}

/// What the clones of a service share.
struct Check<V> {
    verifier: Arc<V>,
    guard: Arc<Guard>,
}

impl<S, V> RequireAuth<S, V> {
    pub(super) fn new(inner: S, verifier: Arc<V>, guard: Arc<Guard>) -> Self {
        Self { inner, check: Arc::new(Check { verifier, guard }), place: Place::around::<S>() }
    }
}

impl<V: Verify> Check<V> {
    fn begin<B>(&self, request: &mut Request<B>, place: Place) -> Step<V> {
        self.guard.begin(&*self.verifier, request, place)
    }
}

impl<S, V, ReqBody, ResBody> Service<Request<ReqBody>> for RequireAuth<S, V>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    V: Verify,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<V::Later, S, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        match self.check.begin(&mut request, self.place) {
            Step::On(after) => ResponseFuture::admitted(self.inner.call(request), after, Arc::clone(&self.check.guard)),
            Step::Answered(response) => {
                // Being ready may have taken something that others wait for, such as a permit.
                self.inner = self.inner.clone();
                ResponseFuture::answered(response)
            }
            Step::Wait(later, case) => {
                // The future takes the service that is ready, and leaves one that has to be asked again.
                let next = self.inner.clone();
                let ready = mem::replace(&mut self.inner, next);
                ResponseFuture::waiting(later, Arc::clone(&self.check.guard), case, ready, request)
            }
        }
    }
}

#[cfg(feature = "hyper")]
impl<S, V, ReqBody, ResBody> hyper::service::Service<Request<ReqBody>> for RequireAuth<S, V>
where
    S: hyper::service::Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    V: Verify,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<V::Later, HyperService<S>, ReqBody>;

    fn call(&self, mut request: Request<ReqBody>) -> Self::Future {
        match self.check.begin(&mut request, self.place) {
            Step::On(after) => ResponseFuture::admitted(self.inner.call(request), after, Arc::clone(&self.check.guard)),
            Step::Answered(response) => ResponseFuture::answered(response),
            Step::Wait(later, case) => {
                let ready = HyperService(self.inner.clone());
                ResponseFuture::waiting(later, Arc::clone(&self.check.guard), case, ready, request)
            }
        }
    }
}

/// A hyper service as a tower service that is always ready.
#[cfg(feature = "hyper")]
#[derive(Debug, Clone)]
pub struct HyperService<S>(S);

#[cfg(feature = "hyper")]
impl<S, R> Service<R> for HyperService<S>
where
    S: hyper::service::Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.0.call(request)
    }
}

impl<S: Clone, V> Clone for RequireAuth<S, V> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), check: Arc::clone(&self.check), place: self.place }
    }
}

impl<S: fmt::Debug, V> fmt::Debug for RequireAuth<S, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireAuth")
            .field("inner", &self.inner)
            .field("needs", &self.check.guard.needs())
            .field("rules", &self.check.guard.rules)
            .finish_non_exhaustive()
    }
}
