use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::after::After;
use super::guard::{Case, Guard};
use super::scopes::Wanted;
use super::{Denied, ResponseBody, User};

const AGAIN: &str = "a future is not polled after it is ready";

pin_project! {
    /// The verdict of a [`Verify`](super::Verify), and then the response of the inner service or a refusal.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<L, S, B>
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
        Waiting { #[pin] later: L, guard: Arc<Guard>, case: Case, next: Option<(S, Request<B>)> },
        Admitted { #[pin] inner: S::Future, after: After, guard: Arc<Guard> },
        Answered { response: Option<Response<Bytes>> },
    }

    impl<L, S, B> PinnedDrop for State<L, S, B>
    where
        S: Service<Request<B>>,
    {
        fn drop(this: Pin<&mut Self>) {
            abandon(this);
        }
    }
}

#[cfg(not(feature = "throttle"))]
const fn abandon<T>(_: Pin<&mut T>) {}

/// Counts what is dropped without its verdict. Not while a verifier panics: what says the client's address may panic as well, and that
/// would end the program.
#[cfg(feature = "throttle")]
fn abandon<L, S, B>(state: Pin<&mut State<L, S, B>>)
where
    S: Service<Request<B>>,
{
    if let StateProj::Waiting { guard, case, next: Some((_, request)), .. } = state.project()
        && !std::thread::panicking()
    {
        guard.abandoned(*case, request);
    }
}

impl<L, S, B> ResponseFuture<L, S, B>
where
    S: Service<Request<B>>,
{
    pub(super) const fn admitted(inner: S::Future, after: After, guard: Arc<Guard>) -> Self {
        Self { state: State::Admitted { inner, after, guard } }
    }

    pub(super) const fn answered(response: Response<Bytes>) -> Self {
        Self { state: State::Answered { response: Some(response) } }
    }

    pub(super) const fn waiting(later: L, guard: Arc<Guard>, case: Case, ready: S, request: Request<B>) -> Self {
        Self { state: State::Waiting { later, guard, case, next: Some((ready, request)) } }
    }
}

impl<L, U, S, B, ResBody> Future for ResponseFuture<L, S, B>
where
    L: Future<Output = Result<U, Denied>>,
    U: User,
    S: Service<Request<B>, Response = Response<ResBody>>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProj::Waiting { later, guard, case, next } => {
                    let verdict = ready!(later.poll(cx));
                    let (mut service, mut request) = next.take().expect(AGAIN);
                    let decided = match guard.end_later(verdict, *case, &mut request) {
                        ControlFlow::Continue(after) => {
                            State::Admitted { inner: service.call(request), after, guard: Arc::clone(guard) }
                        }
                        ControlFlow::Break(response) => State::Answered { response: Some(response) },
                    };
                    state.set(decided);
                }
                StateProj::Admitted { inner, after, guard } => {
                    let mut response = ready!(inner.poll(cx))?;
                    if let Some(wanted) = response.extensions_mut().remove::<Wanted>() {
                        let refused = guard.refuse_scopes(wanted, after.case);
                        return Poll::Ready(Ok(refused.map(ResponseBody::refusal)));
                    }
                    after.apply(&mut response);
                    return Poll::Ready(Ok(response.map(ResponseBody::inner)));
                }
                StateProj::Answered { response } => {
                    return Poll::Ready(Ok(response.take().expect(AGAIN).map(ResponseBody::refusal)));
                }
            }
        }
    }
}

impl<L, S, B> fmt::Debug for ResponseFuture<L, S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Waiting { .. } => "Waiting",
            State::Admitted { .. } => "Admitted",
            State::Answered { .. } => "Answered",
        };
        f.debug_struct("ResponseFuture").field("state", &state).finish_non_exhaustive()
    }
}
