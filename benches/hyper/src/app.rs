//! The service that everybody wraps.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, X_FRAME_OPTIONS};
use http::{HeaderName, HeaderValue, Request, Response};
use tower::Service;

use crate::Contender;

pub type Body = http_body_util::Full<bytes::Bytes>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    Plain,
    Own,
    Many,
}

impl Case {
    pub const ALL: [Self; 3] = [Self::Plain, Self::Own, Self::Many];

    pub const fn title(self) -> &'static str {
        match self {
            Self::Plain => "ten headers, an app that sends its content type and length",
            Self::Own => "ten headers, an app that sets one of them itself as well",
            Self::Many => "ten headers, an app that sends twenty fields of its own",
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Own => "own",
            Self::Many => "many",
        }
    }
}

/// Further fields of the app in the case `many`.
const MORE: [&str; 18] = [
    "accept-ranges",
    "age",
    "allow",
    "alt-svc",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-location",
    "date",
    "etag",
    "expires",
    "last-modified",
    "link",
    "server-timing",
    "vary",
    "via",
    "x-request-id",
];

/// A service that a layer can be put around.
pub trait Inner: Contender<Out = Body> + Clone + 'static {}

impl<S: Contender<Out = Body> + Clone + 'static> Inner for S {}

#[derive(Debug, Clone, Copy)]
pub struct App(pub Case);

impl Service<Request<Body>> for App {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        let mut response = Response::new(Body::default());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("1234"));
        match self.0 {
            Case::Plain => {}
            Case::Own => {
                headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
            }
            Case::Many => {
                for name in MORE {
                    headers.insert(HeaderName::from_static(name), HeaderValue::from_static("some value"));
                }
            }
        }
        ready(Ok(response))
    }
}

/// Sends as many fields of its own as it is told.
#[derive(Debug, Clone, Copy)]
pub struct Fields(&'static [&'static str]);

impl Fields {
    pub fn new(count: usize) -> Self {
        let names: Vec<&'static str> = (0..count).map(|at| &*format!("x-own-{at:02}").leak()).collect();
        Self(names.leak())
    }
}

impl Service<Request<Body>> for Fields {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        let mut response = Response::new(Body::default());
        for name in self.0 {
            response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static("some value"));
        }
        ready(Ok(response))
    }
}
