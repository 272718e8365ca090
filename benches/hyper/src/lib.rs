//! Sallet's tower layers and their peers, set up to do the same work: what the benchmarks measure.

#![forbid(unsafe_code)]

pub mod app;
pub mod auth;
pub mod headers;

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::{Request, Response};
use tower::Service;

use crate::app::Body;

/// Whatever is measured: it never fails, and is ready at once.
pub trait Contender: Service<Request<Body>, Response = Response<Self::Out>, Error = Infallible> {
    /// The body of its responses.
    type Out;
}

impl<S, B> Contender for S
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    type Out = B;
}

/// One request, polled once.
pub fn once<S: Contender>(service: &mut S, request: Request<Body>) -> Response<S::Out> {
    let response = pin!(service.call(request));
    match response.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response,
        _ => unreachable!("nobody here waits"),
    }
}
