//! Functions that verify.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Request;
use http::request::Parts;
use pin_project_lite::pin_project;

use super::auth::Terms;
use super::denied::No;
use super::verify::Judged;
use super::{Denied, IntoDenied, PresentedToken, User, Verdict, Verify};

/// A function of a token, as [`Bearer::from_fn`](super::Bearer::from_fn) takes one.
#[derive(Clone)]
pub struct Lookup<F>(pub(super) F);

/// A function of a token and a request, as [`Bearer::from_fn_with_request`](super::Bearer::from_fn_with_request) takes one.
#[derive(Clone)]
pub struct LookupWithRequest<F>(pub(super) F);

impl<F, L, U, E> Verify for Lookup<F>
where
    F: Fn(PresentedToken) -> L,
    L: Future<Output = Result<U, E>>,
    U: User,
    E: IntoDenied,
{
    type User = U;
    type Later = LookupFuture<L>;

    fn verify(&self, token: PresentedToken, _: &Parts) -> Verdict<Self::User, Self::Later> {
        Verdict::Later(self.look_up(token))
    }

    /// As for any verifier, but that no head of a request is made for a function that does not see it.
    fn judge<B>(&self, terms: &Terms<'_>, request: &mut Request<B>) -> Judged<Self::User, Self::Later> {
        match PresentedToken::of(&terms.need, request, terms.field) {
            Ok(token) => Judged::Later(self.look_up(token)),
            Err(reason) => Judged::Now(Err(No::Found(reason))),
        }
    }
}

impl<F, L> Lookup<F>
where
    F: Fn(PresentedToken) -> L,
{
    fn look_up(&self, token: PresentedToken) -> LookupFuture<L> {
        LookupFuture { lookup: (self.0)(token) }
    }
}

impl<F, L, U, E> Verify for LookupWithRequest<F>
where
    F: Fn(PresentedToken, &Parts) -> L,
    L: Future<Output = Result<U, E>>,
    U: User,
    E: IntoDenied,
{
    type User = U;
    type Later = LookupFuture<L>;

    fn verify(&self, token: PresentedToken, request: &Parts) -> Verdict<Self::User, Self::Later> {
        Verdict::Later(LookupFuture { lookup: (self.0)(token, request) })
    }
}

pin_project! {
    /// The future of a function, with a [`Denied`] where that returns something that becomes one.
    #[must_use = "futures do nothing unless polled"]
    pub struct LookupFuture<L> {
        #[pin]
        lookup: L,
    }
}

impl<L, U, E> Future for LookupFuture<L>
where
    L: Future<Output = Result<U, E>>,
    E: IntoDenied,
{
    type Output = Result<U, Denied>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().lookup.poll(cx).map_err(IntoDenied::into_denied)
    }
}

impl<F> fmt::Debug for Lookup<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup(..)")
    }
}

impl<F> fmt::Debug for LookupWithRequest<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LookupWithRequest(..)")
    }
}

impl<L> fmt::Debug for LookupFuture<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LookupFuture(..)")
    }
}
