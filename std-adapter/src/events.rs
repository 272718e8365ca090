//! What is told to `tracing`: ids and reasons, never a token.

#[cfg(feature = "file")]
use std::path::Path;
#[cfg(feature = "tracing")]
use std::sync::atomic::{AtomicBool, Ordering};

use http::{Request, StatusCode};
#[cfg(feature = "tracing")]
use sallet_core::auth::Refusal;
use sallet_core::auth::{AuthScheme, Reason};
use sallet_core::paths::PathRule;

use crate::request_path::Paths;
#[cfg(feature = "tracing")]
use crate::request_path::sent;
#[cfg(feature = "file")]
use crate::require_auth::KeyFileError;
use crate::require_auth::{Refused, User};

/// Whether a layer has reported what is wrong with its rules, which any client can make it do. A layer that is told more rules
/// is another one.
#[derive(Debug, Default)]
pub(crate) struct Said(#[cfg(feature = "tracing")] AtomicBool);

impl Clone for Said {
    fn clone(&self) -> Self {
        Self::default()
    }
}

#[cfg(feature = "tracing")]
impl Said {
    fn is_first(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
}

/// What the client sent, where the layer is inside of a nest.
#[cfg(feature = "tracing")]
fn sent_before<B>(request: &Request<B>) -> Option<&str> {
    sent(request).filter(|&sent| sent != request.uri().path())
}

/// The id of the credential and whom it belongs to, where a user of the app's own says them.
#[cfg(feature = "tracing")]
pub(crate) fn admitted<B>(request: &Request<B>, scheme: Option<AuthScheme>, user: &impl User) {
    let (method, path, sent) = (request.method(), request.uri().path(), sent_before(request));
    let (scheme, key, principal) = (scheme.map(AuthScheme::name), user.id(), user.name());
    tracing::debug!(target: "sallet", scheme, key, principal, %method, path, sent, "admitted");
}

/// A credential that is not good, where none is needed.
#[cfg(feature = "tracing")]
pub(crate) fn anonymous<B>(request: &Request<B>, scheme: Option<AuthScheme>, reason: Reason) {
    let (method, path, sent) = (request.method(), request.uri().path(), sent_before(request));
    let scheme = scheme.map(AuthScheme::name);
    tracing::info!(target: "sallet", scheme, %method, path, sent, %reason, "the path is public: anonymous");
}

/// A function that answers refusals has returned something else.
#[cfg(feature = "tracing")]
pub(crate) fn no_refusal<B>(request: &Request<B>, status: StatusCode) {
    let (method, path) = (request.method(), request.uri().path());
    tracing::error!(
        target: "sallet",
        %method,
        path,
        status = status.as_u16(),
        "on_refusal has answered with a status that is no refusal, so Sallet's own answer was sent: answer with one from 300 to 599, and not 304"
    );
}

#[cfg(feature = "tracing")]
pub(crate) fn refused<B>(request: &Request<B>, refused: Refused) {
    let (method, path, sent) = (request.method(), request.uri().path(), sent_before(request));
    let (scheme, status) = (refused.scheme().map(AuthScheme::name), refused.status().as_u16());
    if refused.refusal() == Refusal::Unavailable {
        tracing::error!(target: "sallet", scheme, %method, path, sent, status, reason = %refused, "not admitted");
    } else {
        tracing::info!(target: "sallet", scheme, %method, path, sent, status, reason = %refused, "not admitted");
    }
}

/// A rule would have opened the request, but its path may be another one to somebody.
#[cfg(feature = "tracing")]
pub(crate) fn doubtful<B>(request: &Request<B>, paths: &Paths<'_>, said: &Said) {
    let (method, path) = (request.method(), paths.inner());
    if paths.is_sent_unknown() {
        const WHY: &str = "a rule for this path opens nothing: under axum 0.8 enable the feature `axum` of sallet-hyper, which \
                           shows the path as the client sent it; in a server without axum remove `nested`";
        if said.is_first() {
            tracing::error!(target: "sallet", %method, path, "{WHY}");
        } else {
            tracing::debug!(target: "sallet", %method, path, "{WHY}");
        }
    } else {
        let reason = if paths.judged().is_certain() {
            "NormalizePath inside the check makes another path of it, which no rule opens: name both"
        } else {
            "it has an unusual spelling (`//`, `;`, `%68`), or a middleware has rewritten it"
        };
        tracing::info!(target: "sallet", %method, path, sent = paths.sent(), reason, "a rule for this path does not open it");
    }
}

/// A rule names the path inside of the nest, but not the one that was sent.
#[cfg(feature = "tracing")]
pub(crate) fn inside<B>(request: &Request<B>, paths: &Paths<'_>, said: &Said) {
    let (method, path, sent) = (request.method(), paths.inner(), paths.sent().unwrap_or_default());
    let why = format_args!(
        "a rule opens {path:?}, but rules are compared with the path as the client sent it: write {sent:?}, or call .nested()"
    );
    if said.is_first() {
        tracing::warn!(target: "sallet", %method, path, sent, "{why}");
    } else {
        tracing::debug!(target: "sallet", %method, path, sent, "{why}");
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

/// The keys of a file are in force.
#[cfg(all(feature = "file", feature = "tracing"))]
pub(crate) fn keys_taken(file: &Path, keys: usize) {
    let file = file.display();
    if keys == 0 {
        tracing::warn!(target: "sallet", %file, keys, "no key is in the file, so nobody is admitted");
    } else {
        tracing::info!(target: "sallet", %file, keys, "the keys of the file are in force");
    }
}

/// A file that was wrong holds again what is in force.
#[cfg(all(feature = "file", feature = "tracing"))]
pub(crate) fn old_keys_are_right(file: &Path) {
    tracing::info!(target: "sallet", file = %file.display(), "the file is as it was: its keys are in force");
}

/// A watched file is wrong.
#[cfg(all(feature = "file", feature = "tracing"))]
pub(crate) fn old_keys_stay(error: &KeyFileError) {
    let (file, entry) = (error.path().display(), error.entry());
    tracing::error!(target: "sallet", %file, entry, "the old keys stay in force: {error}");
}

/// The app's function of a watched file has panicked.
#[cfg(all(feature = "file", feature = "tracing"))]
pub(crate) fn report_panicked(file: &Path) {
    let file = file.display();
    tracing::error!(target: "sallet", %file, "the function given to watch_with panicked: the file is watched all the same");
}

#[cfg(feature = "tracing")]
pub(crate) fn misused(message: &str) {
    tracing::error!(target: "sallet", "{message}");
}

#[cfg(not(feature = "tracing"))]
pub(crate) const fn admitted<B>(_: &Request<B>, _: Option<AuthScheme>, _: &impl User) {}

#[cfg(not(feature = "tracing"))]
pub(crate) const fn anonymous<B>(_: &Request<B>, _: Option<AuthScheme>, _: Reason) {}

#[cfg(not(feature = "tracing"))]
pub(crate) const fn no_refusal<B>(_: &Request<B>, _: StatusCode) {}

#[cfg(not(feature = "tracing"))]
pub(crate) const fn refused<B>(_: &Request<B>, _: Refused) {}

#[cfg(not(feature = "tracing"))]
pub(crate) const fn doubtful<B>(_: &Request<B>, _: &Paths<'_>, _: &Said) {}

#[cfg(not(feature = "tracing"))]
pub(crate) const fn configured(_: &str, _: &[PathRule<String>]) {}

#[cfg(all(feature = "file", not(feature = "tracing")))]
pub(crate) const fn keys_taken(_: &Path, _: usize) {}

#[cfg(all(feature = "file", not(feature = "tracing")))]
pub(crate) const fn old_keys_are_right(_: &Path) {}

#[cfg(all(feature = "file", not(feature = "tracing")))]
pub(crate) const fn old_keys_stay(_: &KeyFileError) {}

#[cfg(all(feature = "file", not(feature = "tracing")))]
pub(crate) const fn report_panicked(_: &Path) {}

#[cfg(not(feature = "tracing"))]
pub(crate) const fn misused(_: &str) {}
