use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::ResponseFuture;
use super::config::Config;
use super::exchange::Exchange;
use crate::request_path::Place;

/// Puts a policy's headers on every response of `S`.
///
/// Made by [`SecurityHeadersLayer`](crate::SecurityHeadersLayer); the [module](super) tells the whole story. It is a
/// tower service around a tower service, and with the feature `hyper` a hyper service around a hyper service.
#[derive(Debug, Clone)]
pub struct SecurityHeadersService<S> {
    inner: S,
    config: Arc<Config>,
    place: Place,
}

impl<S> SecurityHeadersService<S> {
    pub(super) fn new(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config, place: Place::around::<S>() }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for SecurityHeadersService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let exchange = Exchange::begin(&self.config, &mut request, self.place);
        ResponseFuture::new(self.inner.call(request), exchange)
    }
}

#[cfg(feature = "hyper")]
impl<S, ReqBody, ResBody> hyper::service::Service<Request<ReqBody>> for SecurityHeadersService<S>
where
    S: hyper::service::Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn call(&self, mut request: Request<ReqBody>) -> Self::Future {
        let exchange = Exchange::begin(&self.config, &mut request, self.place);
        ResponseFuture::new(self.inner.call(request), exchange)
    }
}
