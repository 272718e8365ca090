//! The redirect from plain HTTP to TLS, for `sallet.fastapi`.

use pyo3::prelude::*;
use sallet_core::HttpsRedirect;

type Field = (&'static [u8], Vec<u8>);

/// The start of the answer to a request that should have come over TLS: its status and its fields; ``None`` where the host
/// is not one, or the path does not begin with a slash.
#[pyfunction]
pub(super) fn https_redirect(scheme: &str, host: &str, path: &[u8], query: &[u8]) -> Option<(u16, [Field; 2])> {
    let location = HttpsRedirect::new(scheme, host, path, query)?.to_string().into_bytes();
    let caching = HttpsRedirect::CACHE_CONTROL.as_bytes().to_vec();
    Some((HttpsRedirect::STATUS, [(b"location", location), (b"cache-control", caching)]))
}

/// The authority that a host becomes in a redirect; ``None`` where it is not one.
#[pyfunction]
pub(super) const fn https_authority(host: &str) -> Option<&str> {
    HttpsRedirect::authority(host)
}
