//! What is read from an ASGI scope (<https://asgi.readthedocs.io/en/latest/specs/www.html>).

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use sallet_core::Scheme;
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

/// A text of the scope, or `""`.
pub(crate) fn text<'a>(value: Option<&'a Bound<'_, PyAny>>) -> Cow<'a, str> {
    value.and_then(|value| value.cast::<PyString>().ok()).map_or(Cow::Borrowed(""), |text| text.to_string_lossy())
}

/// Bytes of the scope.
pub(crate) fn bytes<'a>(value: Option<&'a Bound<'_, PyAny>>) -> Option<&'a [u8]> {
    value.and_then(|value| value.cast::<PyBytes>().ok()).map(|bytes| bytes.as_bytes())
}
