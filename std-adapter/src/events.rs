//! What is told to `tracing`: ids and reasons, never a token.

use http::Request;

use crate::Principal;
use crate::require_auth::Denied;

/// Nobody is named where a function of the user has let a request in: what it returns is the user's own type.
#[cfg(feature = "tracing")]
pub(crate) fn admitted<B>(request: &Request<B>, who: Option<&Principal>) {
    tracing::debug!(
        target: "sallet",
        key = who.map(Principal::id),
        principal = who.map(Principal::name),
        method = %request.method(),
        path = request.uri().path(),
        "admitted"
    );
}

#[cfg(feature = "tracing")]
pub(crate) fn denied<B>(request: &Request<B>, denied: Denied, reason: &dyn std::fmt::Display) {
    let (method, path) = (request.method(), request.uri().path());
    match denied {
        Denied::Unavailable => tracing::error!(target: "sallet", %method, path, %reason, "not admitted"),
        Denied::Refused(_) => tracing::info!(target: "sallet", %method, path, %reason, "not admitted"),
    }
}

#[cfg(all(feature = "axum", feature = "tracing"))]
pub(crate) fn missing(missing: crate::Missing) {
    tracing::error!(target: "sallet", "{missing}");
}

#[cfg(not(feature = "tracing"))]
pub(crate) const fn admitted<B>(_: &Request<B>, _: Option<&Principal>) {}

#[cfg(not(feature = "tracing"))]
pub(crate) const fn denied<B>(_: &Request<B>, _: Denied, _: &dyn std::fmt::Display) {}

#[cfg(all(feature = "axum", not(feature = "tracing")))]
pub(crate) const fn missing(_: crate::Missing) {}
