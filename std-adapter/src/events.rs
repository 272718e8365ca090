//! What is told to `tracing`: ids and reasons, never a token.

use http::Request;

use sallet_core::paths::PathRule;

use crate::Principal;
use crate::request_path::Paths;
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

/// A rule would have opened the request, but its path may be another one to somebody.
#[cfg(feature = "tracing")]
pub(crate) fn doubtful<B>(request: &Request<B>, paths: &Paths<'_>) {
    let (method, path) = (request.method(), paths.inner());
    if paths.is_sent_unknown() {
        tracing::error!(
            target: "sallet",
            %method,
            path,
            "a rule for this path opens nothing: under axum 0.8 enable the feature `axum` of sallet-hyper, which shows the path \
             as the client sent it; in a server without axum remove `nested`"
        );
    } else {
        let reason = if paths.judged().is_certain() {
            "NormalizePath inside the check makes another path of it, which no rule opens: name both"
        } else {
            "it has an unusual spelling (`//`, `;`, `%68`), or a middleware has rewritten it"
        };
        tracing::info!(target: "sallet", %method, path, sent = paths.sent(), reason, "a rule for this path does not open it");
    }
}

/// What a layer is told to open or to guard, once.
#[cfg(feature = "tracing")]
pub(crate) fn configured(use_: &str, rules: &[PathRule<String>]) {
    if rules.is_empty() {
        return;
    }
    let names: Vec<_> = rules.iter().map(PathRule::as_str).collect();
    tracing::info!(target: "sallet", "{use_}: {}", names.join(", "));
    for rule in rules.iter().filter(|rule| rule.path() != "/" && rule.path().ends_with('/')) {
        let rule = rule.as_str();
        tracing::warn!(target: "sallet", "{rule:?} is that path alone: write {:?} for everything below", format!("{rule}*"));
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

#[cfg(not(feature = "tracing"))]
pub(crate) const fn doubtful<B>(_: &Request<B>, _: &Paths<'_>) {}

#[cfg(not(feature = "tracing"))]
pub(crate) const fn configured(_: &str, _: &[PathRule<String>]) {}

#[cfg(all(feature = "axum", not(feature = "tracing")))]
pub(crate) const fn missing(_: crate::Missing) {}
