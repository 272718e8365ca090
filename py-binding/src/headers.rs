//! Headers: what Python sees of policies, and the middleware that sends them.

use crate::add_internal;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sallet_core::{self as core, Hash, Source, UNCHECKED};

mod arguments;
mod choice;
mod content_security_policy;
mod exchange;
mod field_set;
mod https_redirect;
mod lint;
mod merge;
mod message;
mod middleware;
mod nonce;
mod permissions_policy;
mod private;
mod security_headers;
mod sender;

pub(crate) use content_security_policy::ContentSecurityPolicy;
pub(crate) use private::{keep_for_one, made_private};
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

/// A text that Sallet does not know, to be sent as it is: a directive, source, sandbox flag, feature or a header's whole value.
///
/// Only what would make it unsafe to send is refused, and `lint()` reports it.
///
///     SecurityHeaders(x_frame_options=unchecked("ALLOW-FROM https://a.example"))
#[pyfunction]
fn unchecked(text: &str) -> String {
    format!("{UNCHECKED}{text}")
}

fn hash(text: &Bound<'_, PyAny>) -> PyResult<String> {
    let hash = match text.extract::<&[u8]>() {
        Ok(bytes) => Hash::of(bytes),
        Err(_) => Hash::of(text.extract::<std::borrow::Cow<'_, str>>()?.as_bytes()),
    };
    Ok(hash.as_str().to_owned())
}

/// Whether its value is one of its words, and never two of them or one with parameters.
fn is_closed(header: &core::Header) -> bool {
    let takes = |value: &str| core::SecurityHeaders::EMPTY.with(header.name, value).is_ok();
    header.values.iter().all(|word| !takes(&format!("{word}, {word}")) && !takes(&format!("{word};report-to=\"a\"")))
        && !header.values.is_empty()
}

/// The core's tables, for the stub and the tests, which name nothing that stands there.
#[pyfunction]
fn _rows(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let headers = core::SecurityHeaders::HEADERS.iter().map(|header| {
        let row = PyDict::new(py);
        row.set_item("name", header.name)?;
        row.set_item("keyword", security_headers::snake(header.name))?;
        row.set_item("doc", header.doc)?;
        row.set_item("good", header.good)?;
        row.set_item("bad", header.bad)?;
        row.set_item("values", header.values)?;
        row.set_item("closed", is_closed(header))?;
        row.set_item("enforced", header.enforced())?;
        row.set_item("type", if security_headers::is_csp(header) { "ContentSecurityPolicy" } else { "str" })?;
        Ok(row)
    });
    let sources = Source::CONSTANTS.iter().map(|constant| (constant.name, constant.doc, constant.source.as_str()));
    let rows = PyDict::new(py);
    rows.set_item("headers", headers.collect::<PyResult<Vec<_>>>()?)?;
    rows.set_item("sources", sources.collect::<Vec<_>>())?;
    rows.set_item("features", core::PermissionsPolicy::FEATURES)?;
    rows.set_item("flags", core::Directive::SANDBOX_FLAGS)?;
    rows.set_item("directives", core::DirectiveName::ALL.iter().map(|name| name.as_str()).collect::<Vec<_>>())?;
    Ok(rows)
}

/// Adds this module's classes, functions and constants.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    security_headers::register(m)?;
    nonce::register(m)?;
    m.add_class::<ContentSecurityPolicy>()?;
    m.add_class::<lint::Lint>()?;
    add_internal(m, m.py().get_type::<middleware::SecurityHeadersMiddleware>())?;
    m.add_function(wrap_pyfunction!(exchange::set_policy, m)?)?;
    m.add_function(wrap_pyfunction!(exchange::csp_nonce, m)?)?;
    add_internal(m, wrap_pyfunction!(exchange::set_route_policy, m)?)?;
    add_internal(m, wrap_pyfunction!(exchange::check_route_policy, m)?)?;
    m.add_function(wrap_pyfunction!(script_hash, m)?)?;
    m.add_function(wrap_pyfunction!(style_hash, m)?)?;
    m.add_function(wrap_pyfunction!(unchecked, m)?)?;
    add_internal(m, wrap_pyfunction!(content_security_policy::url_source, m)?)?;
    add_internal(m, wrap_pyfunction!(content_security_policy::url_origin, m)?)?;
    add_internal(m, wrap_pyfunction!(https_redirect::https_redirect, m)?)?;
    add_internal(m, wrap_pyfunction!(https_redirect::https_authority, m)?)?;
    add_internal(m, wrap_pyfunction!(_rows, m)?)?;
    for constant in Source::CONSTANTS {
        m.add(constant.name, constant.source.as_str())?;
    }
    Ok(())
}
