//! Tokens that a function of the user looks up.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use sallet_core::auth::{Reason, Refusal};
use tower_service::Service;

use super::answer::Answers;
use super::guard::{Guard, refuse};
use super::{PresentedToken, RequireAuth, ResponseBody};
use crate::events;
use crate::request_path::Place;

/// A function that looks tokens up, as [`Bearer::from_fn`](super::Bearer::from_fn) takes one.
#[derive(Clone)]
pub struct Lookup<F>(pub(super) F);

impl<F> fmt::Debug for Lookup<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup(..)")
    }
}

impl<S, F, L, U, ReqBody, ResBody> Service<Request<ReqBody>> for RequireAuth<S, Lookup<F>>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    F: Fn(PresentedToken) -> L,
    L: Future<Output = Result<U, Refusal>>,
    U: Clone + Send + Sync + 'static,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = LookupFuture<L, S, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // The future takes the service that is ready, and leaves one that has to be asked again.
        let next = self.inner.clone();
        let ready = mem::replace(&mut self.inner, next);
        LookupFuture::new(&self.guard, self.place, ready, request)
    }
}

#[cfg(feature = "hyper")]
impl<S, F, L, U, ReqBody, ResBody> hyper::service::Service<Request<ReqBody>> for RequireAuth<S, Lookup<F>>
where
    S: hyper::service::Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    F: Fn(PresentedToken) -> L,
    L: Future<Output = Result<U, Refusal>>,
    U: Clone + Send + Sync + 'static,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = LookupFuture<L, HyperService<S>, ReqBody>;

    fn call(&self, request: Request<ReqBody>) -> Self::Future {
        LookupFuture::new(&self.guard, self.place, HyperService(self.inner.clone()), request)
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

pin_project! {
    /// The verdict of a [`Lookup`], and then the response of the inner service or a refusal.
    #[must_use = "futures do nothing unless polled"]
    pub struct LookupFuture<L, S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<L, S, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<L, S, B>
    where
        S: Service<Request<B>>,
    {
        Asking { #[pin] lookup: L, next: Option<(S, Request<B>)>, answers: Arc<Answers> },
        Admitted { #[pin] inner: S::Future },
        Refused { response: Option<Response<&'static [u8]>> },
    }
}

impl<L, S, B> LookupFuture<L, S, B>
where
    S: Service<Request<B>>,
{
    fn new<F>(guard: &Guard<Lookup<F>>, place: Place, mut service: S, mut request: Request<B>) -> Self
    where
        F: Fn(PresentedToken) -> L,
    {
        let state = if guard.is_open(&mut request, place) {
            State::Admitted { inner: service.call(request) }
        } else {
            match guard.presented(&request) {
                Ok(token) => State::Asking {
                    lookup: (guard.auth.verifier.0)(token),
                    next: Some((service, request)),
                    answers: Arc::clone(&guard.answers),
                },
                Err(reason) => State::Refused { response: Some(guard.refuse(reason, &request)) },
            }
        };
        Self { state }
    }
}

impl<L, U, S, B, ResBody> Future for LookupFuture<L, S, B>
where
    L: Future<Output = Result<U, Refusal>>,
    U: Clone + Send + Sync + 'static,
    S: Service<Request<B>, Response = Response<ResBody>>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        const AGAIN: &str = "a future is not polled after it is ready";
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProj::Asking { lookup, next, answers } => {
                    let verdict = ready!(lookup.poll(cx));
                    let (mut service, mut request) = next.take().expect(AGAIN);
                    let decided = match verdict {
                        Ok(user) => {
                            events::admitted(&request, None);
                            request.extensions_mut().insert(user);
                            State::Admitted { inner: service.call(request) }
                        }
                        Err(refusal) => {
                            State::Refused { response: Some(refuse(answers, Reason::App(refusal), &request)) }
                        }
                    };
                    state.set(decided);
                }
                StateProj::Admitted { inner } => {
                    return inner.poll(cx).map_ok(|response| response.map(ResponseBody::inner));
                }
                StateProj::Refused { response } => {
                    return Poll::Ready(Ok(response.take().expect(AGAIN).map(ResponseBody::refusal)));
                }
            }
        }
    }
}

impl<L, S, B> fmt::Debug for LookupFuture<L, S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Asking { .. } => "Asking",
            State::Admitted { .. } => "Admitted",
            State::Refused { .. } => "Refused",
        };
        f.debug_struct("LookupFuture").field("state", &state).finish_non_exhaustive()
    }
}
