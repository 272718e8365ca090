//! What axum's handlers take and return.

use std::convert::Infallible;
use std::fmt;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use http::StatusCode;
use http::request::Parts;

use crate::{Principal, RequestNonce, ResponsePolicy, events};

/// The handler asks for something that no layer has put into the request: the route is wired wrongly.
///
/// It becomes a bare 500, because clients should not see how the app is built. The message is for you: it goes to
/// `tracing` as an error (feature `tracing`), and `Missing` itself into the extensions of the response, where a layer of
/// yours can find it.
///
/// ```
/// use axum::{Router, middleware, response::Response, routing::get};
/// use sallet_hyper::{Missing, Principal};
///
/// async fn tell(response: Response) -> Response {
///     if let Some(missing) = response.extensions().get::<Missing>() {
///         eprintln!("{missing}");
///     }
///     response
/// }
///
/// let app: Router = Router::new()
///     .route("/me", get(async |who: Principal| who.name().to_owned()))
///     .layer(middleware::map_response(tell));
/// # let _ = app;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missing {
    /// A [`Principal`].
    Principal,
    /// A [`RequestNonce`].
    RequestNonce,
}

impl Missing {
    /// What is wrong and how to mend it.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Principal => {
                "the request has no Principal: put a RequireAuthLayer around this route, and if its path is public take \
                 an Option<Principal>"
            }
            Self::RequestNonce => {
                "the request has no RequestNonce: put a SecurityHeadersLayer around this route, with a policy that has a \
                 Source::NONCE, or take an Option<RequestNonce>"
            }
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Missing {}

impl IntoResponse for Missing {
    fn into_response(self) -> Response {
        events::missing(self.message());
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Missing;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Missing> {
        parts.extensions.get().cloned().ok_or(Missing::Principal)
    }
}

/// `None` on a public path, if no good credential came along.
impl<S: Sync> OptionalFromRequestParts<S> for Principal {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get().cloned())
    }
}

/// For `(policy, page)`.
impl IntoResponseParts for ResponsePolicy {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

impl<S: Sync> FromRequestParts<S> for RequestNonce {
    type Rejection = Missing;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Missing> {
        parts.extensions.get().copied().ok_or(Missing::RequestNonce)
    }
}

/// `None` where no layer has drawn one.
impl<S: Sync> OptionalFromRequestParts<S> for RequestNonce {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().copied())
    }
}
