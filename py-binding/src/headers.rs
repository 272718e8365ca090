//! Headers: what Python sees of policies, and the middleware that sends them.

use pyo3::prelude::*;
use sallet_core::{Hash, Source};

mod content_security_policy;
mod lint;
mod merge;
mod middleware;
mod nonce;
mod plan;
mod security_headers;
mod sender;

pub(crate) use content_security_policy::ContentSecurityPolicy;
pub(crate) use security_headers::SecurityHeaders;

/// The CSP source that allows one inline script: `'sha256-…'`, quotes included.
///
/// `text` is what is between `<script>` and `</script>`, whichever line ends it has.
#[pyfunction]
fn script_hash(text: &Bound<'_, PyAny>) -> PyResult<String> {
    hash(text)
}

/// The CSP source that allows one inline style: `'sha256-…'`, quotes included.
///
/// `text` is what is between `<style>` and `</style>`, whichever line ends it has.
#[pyfunction]
fn style_hash(text: &Bound<'_, PyAny>) -> PyResult<String> {
    hash(text)
}

fn hash(text: &Bound<'_, PyAny>) -> PyResult<String> {
    let hash = match text.extract::<&[u8]>() {
        Ok(bytes) => Hash::of(bytes),
        Err(_) => Hash::of(text.extract::<std::borrow::Cow<'_, str>>()?.as_bytes()),
    };
    Ok(hash.as_str().to_owned())
}

/// Adds this module's classes, functions and constants.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<SecurityHeaders>()?;
    m.add_class::<ContentSecurityPolicy>()?;
    m.add_class::<lint::Lint>()?;
    m.add_class::<middleware::SecurityHeadersMiddleware>()?;
    m.add_function(wrap_pyfunction!(script_hash, m)?)?;
    m.add_function(wrap_pyfunction!(style_hash, m)?)?;
    m.add_function(wrap_pyfunction!(content_security_policy::url_source, m)?)?;
    m.add_function(wrap_pyfunction!(content_security_policy::url_origin, m)?)?;
    for (name, source) in [
        ("SELF", Source::SELF),
        ("NONE", Source::NONE),
        ("NONCE", Source::NONCE),
        ("STRICT_DYNAMIC", Source::STRICT_DYNAMIC),
        ("UNSAFE_INLINE", Source::UNSAFE_INLINE),
        ("UNSAFE_EVAL", Source::UNSAFE_EVAL),
        ("UNSAFE_HASHES", Source::UNSAFE_HASHES),
        ("WASM_UNSAFE_EVAL", Source::WASM_UNSAFE_EVAL),
        ("REPORT_SAMPLE", Source::REPORT_SAMPLE),
    ] {
        m.add(name, source.as_str())?;
    }
    Ok(())
}
