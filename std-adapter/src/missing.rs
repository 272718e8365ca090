//! What is wired wrongly.

use std::fmt;

/// A handler or a layer asks for something that no layer has put into the request: the route is wired wrongly.
///
/// It becomes a bare 500, because clients should not see how the app is built. The message is for you: it goes to
/// `tracing` as an error (feature `tracing`), and `Missing` itself into the extensions of the response, where a layer of
/// yours can find it.
///
/// ```
/// # #[cfg(feature = "axum")] {
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
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missing {
    /// A [`Principal`](crate::Principal).
    Principal,
    /// A [`RequestNonce`](crate::RequestNonce).
    RequestNonce,
    /// The verdict of a [`RequireAuthLayer`](crate::RequireAuthLayer), for [`RequireScopes`](crate::RequireScopes).
    Verdict,
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
            Self::Verdict => {
                "RequireScopes finds no user of its type in the request: put a RequireAuthLayer around it, as a layer of the whole app, \
                 and for users of your own write RequireScopes::of::<Account>(...)"
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
