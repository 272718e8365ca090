use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use pin_project_lite::pin_project;

use super::ResponseBody;

pin_project! {
    /// The response of the inner service, or a refusal.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = KindProj]
    #[derive(Debug)]
    enum Kind<F> {
        Admitted { #[pin] inner: F },
        Refused { response: Option<Response<&'static [u8]>> },
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn admitted(inner: F) -> Self {
        Self { kind: Kind::Admitted { inner } }
    }

    pub(super) const fn refused(response: Response<&'static [u8]>) -> Self {
        Self { kind: Kind::Refused { response: Some(response) } }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProj::Admitted { inner } => inner.poll(cx).map_ok(|response| response.map(ResponseBody::inner)),
            KindProj::Refused { response } => {
                let response = response.take().expect("a future is not polled after it is ready");
                Poll::Ready(Ok(response.map(ResponseBody::refusal)))
            }
        }
    }
}
