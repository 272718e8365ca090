//! What is read from an ASGI scope (<https://asgi.readthedocs.io/en/latest/specs/www.html>).

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use sallet_core::Scheme;
use sallet_core::auth::PathRule;
use std::borrow::Cow;

/// The scope's `state`, made if the server did not.
pub(crate) fn state<'py>(scope: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
    let key = intern!(scope.py(), "state");
    if let Some(state) = scope.get_item(key)?
        && !state.is_none()
    {
        return Ok(state);
    }
    let state = PyDict::new(scope.py());
    scope.set_item(key, &state)?;
    Ok(state.into_any())
}

/// How a request of type `http` travelled, as the server says; `None` for other types, and where it does not say.
pub(crate) fn http_scheme(scope: &Bound<'_, PyDict>) -> PyResult<Option<Scheme>> {
    Ok(match text(scope.get_item(intern!(scope.py(), "scheme"))?.as_ref()).as_ref() {
        "http" => Some(Scheme::Http),
        "https" => Some(Scheme::Https),
        _ => None,
    })
}

/// How a WebSocket travelled, as the server says.
pub(crate) fn websocket_scheme(scope: &Bound<'_, PyDict>) -> PyResult<Scheme> {
    let scheme = scope.get_item(intern!(scope.py(), "scheme"))?;
    Ok(if text(scheme.as_ref()) == "wss" { Scheme::Https } else { Scheme::Http })
}

/// Whether the server can answer a WebSocket handshake with a response.
pub(crate) fn can_deny_websocket(scope: &Bound<'_, PyDict>) -> PyResult<bool> {
    match scope.get_item(intern!(scope.py(), "extensions"))? {
        Some(extensions) if !extensions.is_none() => {
            extensions.contains(intern!(scope.py(), "websocket.http.response"))
        }
        _ => Ok(false),
    }
}

/// The path that routers match: without `root_path`, where that is a prefix of whole segments (as Starlette's
/// `get_route_path`).
pub(crate) fn route_path<'s>(path: &'s str, root_path: &str) -> &'s str {
    match path.strip_prefix(root_path) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => path,
    }
}

/// Whether `rule` could match once `root_path` is taken off `path`: spares most requests, which no rule speaks of, the
/// look-ups that decide it.
pub(crate) fn could_match(rule: &PathRule<String>, path: &str) -> bool {
    let rule = rule.path();
    if rule.ends_with('/') { path.contains(rule) } else { path.ends_with(rule) }
}

/// A text of the scope, or `""`.
pub(crate) fn text<'a>(value: Option<&'a Bound<'_, PyAny>>) -> Cow<'a, str> {
    value.and_then(|value| value.cast::<PyString>().ok()).map_or(Cow::Borrowed(""), |text| text.to_string_lossy())
}
