//! The head of a request, as functions of the user see it.

use std::mem;

use http::Request;
use http::request::Parts;

/// Lends the head of a request to a function that shall not have to know the type of its body.
pub(crate) fn with_parts<B, R>(request: &mut Request<B>, lend: impl FnOnce(&Parts) -> R) -> R {
    fn swap<B>(request: &mut Request<B>, parts: &mut Parts) {
        mem::swap(request.method_mut(), &mut parts.method);
        mem::swap(request.uri_mut(), &mut parts.uri);
        mem::swap(request.version_mut(), &mut parts.version);
        mem::swap(request.headers_mut(), &mut parts.headers);
        mem::swap(request.extensions_mut(), &mut parts.extensions);
    }

    let (mut parts, ()) = Request::new(()).into_parts();
    swap(request, &mut parts);
    let lent = lend(&parts);
    swap(request, &mut parts);
    lent
}
