//! The path of a request as its client sent it, and as the service inside sees it.

use std::any::type_name;
use std::borrow::Cow;

use http::Request;
use sallet_core::paths::{Access, RequestPath};

/// Where a layer is, as far as the type of the service inside tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Inside of a router of axum, which may have taken a prefix off the path.
    is_routed: bool,
    /// Outside of tower-http's `NormalizePath`, which takes a slash off the path or puts one there.
    is_normalized: bool,
}

impl Place {
    /// A type's name is for people, and nobody promises that it stays: a test sees those of axum and tower-http.
    pub(crate) fn around<S>() -> Self {
        let inner = type_name::<S>();
        // What a router puts a layer around is a route or a handler.
        let is_routed = inner.contains("axum::routing::route::Route") || inner.contains("axum::handler::");
        Self { is_routed, is_normalized: inner.contains("tower_http::normalize_path::NormalizePath<") }
    }

    /// Without the feature no router can be told from none, so that whatever has a body of axum's is taken to be inside of one.
    fn seen_by<B>(mut self) -> Self {
        if cfg!(not(feature = "axum")) {
            self.is_routed |= type_name::<B>().contains("axum_core::body::Body");
        }
        self
    }
}

/// The path that the client sent, as far as this layer can know.
pub(crate) fn whole<B>(request: &Request<B>) -> &str {
    sent(request).unwrap_or_else(|| request.uri().path())
}

/// Both paths of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paths<'r> {
    /// What the client sent, where a router of axum has kept it.
    sent: Option<&'r str>,
    /// What the service inside sees.
    inner: &'r str,
    /// What axum's nests have taken off, as it was written: `/t/{tenant}`.
    prefix: &'r str,
    place: Place,
    /// Whether rules are of `inner`.
    nested: bool,
}

impl<'r> Paths<'r> {
    pub(crate) fn of<B>(request: &'r Request<B>, place: Place, nested: bool) -> Self {
        Self {
            sent: sent(request),
            inner: request.uri().path(),
            prefix: prefix(request),
            place: place.seen_by::<B>(),
            nested,
        }
    }

    /// What rules are compared with.
    pub(crate) fn judged(&self) -> RequestPath<'r> {
        judged(self.sent.map(str::as_bytes), self.inner.as_bytes(), self)
    }

    /// What rules say to the request, which they open only if they open every path that the service inside may take it for.
    pub(crate) fn access(&self, ask: impl Fn(&RequestPath<'_>) -> Access) -> Access {
        let access = ask(&self.judged());
        if !access.is_open() || !self.place.is_normalized || self.inner == "/" {
            return access;
        }
        let (sent, inner) = (self.sent.map(twin), twin(self.inner));
        let twin = ask(&judged(sent.as_deref().map(str::as_bytes), inner.as_bytes(), self));
        if twin.is_open() { Access::Open } else { Access::Doubtful }
    }

    /// The path that rules would be compared with after [`nested`](crate::RequireAuthLayer::nested), if that is another one.
    #[cfg(feature = "tracing")]
    pub(crate) fn inside(&self) -> Option<RequestPath<'r>> {
        let sent = self.sent.filter(|&sent| !self.nested && sent != self.inner)?;
        Some(judged(Some(sent.as_bytes()), self.inner.as_bytes(), &Self { nested: true, ..*self }))
    }

    #[cfg(feature = "tracing")]
    pub(crate) const fn sent(&self) -> Option<&'r str> {
        self.sent
    }

    #[cfg(feature = "tracing")]
    pub(crate) const fn inner(&self) -> &'r str {
        self.inner
    }

    /// Whether somebody may have taken a prefix off, and nobody has kept what was sent.
    pub(crate) const fn is_sent_unknown(&self) -> bool {
        self.sent.is_none() && (self.place.is_routed || self.nested)
    }
}

fn judged<'p>(sent: Option<&'p [u8]>, inner: &'p [u8], paths: &Paths<'_>) -> RequestPath<'p> {
    let Some(sent) = sent else {
        let path = RequestPath::raw(inner);
        return if paths.is_sent_unknown() { path.doubted() } else { path };
    };
    let path = if paths.nested { RequestPath::nested(sent, inner) } else { RequestPath::sent(sent, inner) };
    if is_rest(sent, paths.prefix, inner) { path } else { path.doubted() }
}

/// Whether `inner` is all that is left of `sent` without the prefix. If not, something between the router and the layer has
/// rewritten it. A nest at its own prefix sees `/`.
fn is_rest(sent: &[u8], prefix: &str, inner: &[u8]) -> bool {
    let mut rest = sent;
    for segment in prefix.split('/').filter(|segment| !segment.is_empty()) {
        let [b'/', after @ ..] = rest else { return false };
        let (here, next) = after.split_at(after.iter().position(|&byte| byte == b'/').unwrap_or(after.len()));
        if here != segment.as_bytes() && !segment.contains('{') {
            return false;
        }
        rest = next;
    }
    rest == inner || rest.is_empty() && inner == b"/"
}

/// The same path with a slash at its end, or without.
fn twin(path: &str) -> Cow<'_, str> {
    path.strip_suffix('/').map_or_else(|| Cow::Owned(format!("{path}/")), Cow::Borrowed)
}

#[cfg(feature = "axum")]
pub(crate) fn sent<B>(request: &Request<B>) -> Option<&str> {
    request.extensions().get().map(|axum::extract::OriginalUri(uri)| uri.path())
}

#[cfg(feature = "axum")]
fn prefix<B>(request: &Request<B>) -> &str {
    request.extensions().get().map_or("", axum::extract::NestedPath::as_str)
}

#[cfg(not(feature = "axum"))]
const fn prefix<B>(_: &Request<B>) -> &'static str {
    ""
}

#[cfg(not(feature = "axum"))]
pub(crate) const fn sent<B>(_: &Request<B>) -> Option<&str> {
    None
}
