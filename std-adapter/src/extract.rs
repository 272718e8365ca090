//! Extractors for axum.

use std::fmt;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use crate::{Nonce, Principal};

/// The handler asks for something that no layer has put into the request. It becomes a 500: the route is wired wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missing {
    /// A [`Principal`].
    Principal,
    /// A [`Nonce`].
    Nonce,
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
            Self::Nonce => {
                "the request has no Nonce: put a SecurityHeadersLayer around this route, with a policy that has a \
                 Source::NONCE"
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
        (StatusCode::INTERNAL_SERVER_ERROR, self.message()).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Missing;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Missing> {
        parts.extensions.get().cloned().ok_or(Missing::Principal)
    }
}

/// `None` on public paths.
impl<S: Sync> OptionalFromRequestParts<S> for Principal {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get().cloned())
    }
}

impl<S: Sync> FromRequestParts<S> for Nonce {
    type Rejection = Missing;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Missing> {
        parts.extensions.get().copied().ok_or(Missing::Nonce)
    }
}
