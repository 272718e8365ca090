//! Several schemes, of which one will do.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Extensions, Request};
use pin_project_lite::pin_project;
use sallet_core::auth::{Refusal, Scopes};

use super::auth::Terms;
use super::verify::Judged;
use super::{Denied, PresentedToken, User, Verdict, Verify};

/// The verifiers of two or more schemes: see [`RequireAuthLayer::or`](super::RequireAuthLayer::or).
#[derive(Debug)]
pub struct Or<V, W> {
    pub(super) first: Arc<V>,
    /// How many schemes the first is for.
    pub(super) count: usize,
    pub(super) second: W,
}

impl<V: Verify, W: Verify> Verify for Or<V, W> {
    type User = OneOf<V::User, W::User>;
    type Later = OneOfLater<V::Later, W::Later>;

    /// Admits nobody: of which scheme the token is a layer knows, which asks that one's verifier.
    fn verify(&self, _: PresentedToken, _: &Parts) -> Verdict<Self::User, Self::Later> {
        Verdict::Now(Err(Refusal::InvalidToken.into()))
    }

    fn judge<B>(&self, terms: &Terms<'_>, request: &mut Request<B>) -> Judged<Self::User, Self::Later> {
        if terms.at < self.count {
            match self.first.judge(terms, request) {
                Judged::Now(verdict) => Judged::Now(verdict.map(OneOf::First)),
                Judged::Later(later) => Judged::Later(OneOfLater { of: Later::First { later } }),
            }
        } else {
            match self.second.judge(terms, request) {
                Judged::Now(verdict) => Judged::Now(verdict.map(OneOf::Second)),
                Judged::Later(later) => Judged::Later(OneOfLater { of: Later::Second { later } }),
            }
        }
    }
}

/// A user of one verifier or of the other. What is put into the extensions is the user.
#[derive(Debug, Clone)]
pub enum OneOf<A, B> {
    /// Of the schemes before the last.
    First(A),
    /// Of the last.
    Second(B),
}

impl<A: User, B: User> User for OneOf<A, B> {
    fn id(&self) -> Option<&str> {
        match self {
            Self::First(user) => user.id(),
            Self::Second(user) => user.id(),
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::First(user) => user.name(),
            Self::Second(user) => user.name(),
        }
    }

    fn scopes(&self) -> Scopes<&str> {
        match self {
            Self::First(user) => user.scopes(),
            Self::Second(user) => user.scopes(),
        }
    }

    fn enter(self, extensions: &mut Extensions) {
        match self {
            Self::First(user) => user.enter(extensions),
            Self::Second(user) => user.enter(extensions),
        }
    }

    fn entered(extensions: &Extensions) -> Option<Scopes<&str>> {
        A::entered(extensions).or_else(|| B::entered(extensions))
    }
}

pin_project! {
    /// The verdict of one verifier or of the other.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct OneOfLater<V, W> {
        #[pin]
        of: Later<V, W>,
    }
}

pin_project! {
    #[project = LaterProj]
    #[derive(Debug)]
    enum Later<V, W> {
        First { #[pin] later: V },
        Second { #[pin] later: W },
    }
}

impl<V, W, A, B> Future for OneOfLater<V, W>
where
    V: Future<Output = Result<A, Denied>>,
    W: Future<Output = Result<B, Denied>>,
{
    type Output = Result<OneOf<A, B>, Denied>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().of.project() {
            LaterProj::First { later } => later.poll(cx).map_ok(OneOf::First),
            LaterProj::Second { later } => later.poll(cx).map_ok(OneOf::Second),
        }
    }
}
