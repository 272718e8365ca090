use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::guard::Guard;
use super::{Keys, ResponseBody, ResponseFuture};
use crate::request_path::Place;

/// Lets only those requests through to `S` that carry a good token.
///
/// Made by [`RequireAuthLayer`](crate::RequireAuthLayer); the [module](super) tells the whole story. It is a tower service
/// around a tower service, and with the feature `hyper` a hyper service around a hyper service.
pub struct RequireAuth<S, V> {
    pub(super) inner: S,
    pub(super) guard: Arc<Guard<V>>,
    pub(super) place: Place,
}

impl<S, V> RequireAuth<S, V> {
    pub(super) fn new(inner: S, guard: Arc<Guard<V>>) -> Self {
        Self { inner, guard, place: Place::around::<S>() }
    }
}

impl<S, K, ReqBody, ResBody> Service<Request<ReqBody>> for RequireAuth<S, K>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    K: Keys,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        match self.guard.verdict(&mut request, self.place) {
            Ok(()) => ResponseFuture::admitted(self.inner.call(request)),
            Err(reason) => {
                // Being ready may have taken something that others wait for, such as a permit.
                self.inner = self.inner.clone();
                ResponseFuture::refused(self.guard.refuse(reason, &request))
            }
        }
    }
}

#[cfg(feature = "hyper")]
impl<S, K, ReqBody, ResBody> hyper::service::Service<Request<ReqBody>> for RequireAuth<S, K>
where
    S: hyper::service::Service<Request<ReqBody>, Response = Response<ResBody>>,
    K: Keys,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn call(&self, mut request: Request<ReqBody>) -> Self::Future {
        match self.guard.verdict(&mut request, self.place) {
            Ok(()) => ResponseFuture::admitted(self.inner.call(request)),
            Err(reason) => ResponseFuture::refused(self.guard.refuse(reason, &request)),
        }
    }
}

impl<S: Clone, V> Clone for RequireAuth<S, V> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), guard: Arc::clone(&self.guard), place: self.place }
    }
}

impl<S: fmt::Debug, V> fmt::Debug for RequireAuth<S, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireAuth")
            .field("inner", &self.inner)
            .field("auth", &self.guard.auth)
            .field("rules", &self.guard.rules)
            .finish_non_exhaustive()
    }
}
