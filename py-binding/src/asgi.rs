//! What is read from an ASGI scope (<https://asgi.readthedocs.io/en/latest/specs/www.html>).

use crate::add_internal;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use sallet_core::Scheme;
use std::borrow::Cow;

/// Whether this is that text. Python keeps a word of its source (`"http"`, but no `"http.response.start"` before 3.13) as one object
/// in all modules, which is faster to compare.
pub(crate) fn is(value: &Bound<'_, PyAny>, text: &Bound<'_, PyString>) -> bool {
    value.is(text) || value.cast::<PyString>().is_ok_and(|value| value.to_str().ok() == text.to_str().ok())
}

/// What a scope or a message is, by its `type`. Everyone writes that first, and to look at the first key takes half the time of finding
/// it by its hash.
pub(crate) fn kind<'py>(dict: &Bound<'py, PyDict>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let name = intern!(dict.py(), "type");
    match dict.iter().next() {
        Some((first, kind)) if first.is(name) => Ok(Some(kind)),
        _ => dict.get_item(name),
    }
}

/// The `state` that belongs to this request alone.
///
/// The outermost layer that asks puts a copy in place of what the server gave, because some hand the same dict to every
/// request (gunicorn's own worker before 27, test clients), and what is written there would be read by other users.
/// The specification asks for the copy too ("Middleware"). The layers inside find that very object again and write
/// into it, so that whoever holds it already, as `request.state` of a middleware between the two does, sees all of it.
pub(crate) fn own_state<'py>(scope: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
    let py = scope.py();
    let (name, mark) = (intern!(py, "state"), intern!(py, "sallet.state"));
    let given = scope.get_item(name)?;
    if let Some(given) = &given
        && let Some(own) = scope.get_item(mark)?
        && own.is(given)
    {
        return Ok(own);
    }
    let own = match given.as_ref().map(Bound::cast_exact::<PyDict>) {
        Some(Ok(given)) => given.copy()?.into_any(),
        _ => unusual_state(py, given)?,
    };
    scope.set_item(name, &own)?;
    scope.set_item(mark, &own)?;
    Ok(own)
}

/// None at all, or one that is not as specified: what reads it may need its type.
#[cold]
#[inline(never)]
fn unusual_state<'py>(py: Python<'py>, given: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
    match given {
        Some(given) if !given.is_none() => py.import(intern!(py, "copy"))?.call_method1(intern!(py, "copy"), (given,)),
        _ => Ok(PyDict::new(py).into_any()),
    }
}

/// How the request travelled, as the scope says now: a middleware that trusts a proxy may write it late.
pub(crate) fn scheme(scope: &Bound<'_, PyDict>) -> PyResult<Scheme> {
    let py = scope.py();
    let Some(scheme) = scope.get_item(intern!(py, "scheme"))? else { return Ok(Scheme::Http) };
    let secure = is(&scheme, intern!(py, "https")) || is(&scheme, intern!(py, "wss"));
    Ok(if secure { Scheme::Https } else { Scheme::Http })
}

/// Whether this is Starlette's `TestClient`, in whose tests a close before accept is an exception with a code and a reason.
///
/// No network server is taken for it, whatever a client sends: the scope has none of the `asgi` that the specification
/// requires. The name alone can be forged, by `X-Forwarded-For: testclient:50000` where the server believes that.
pub(crate) fn is_test_client(scope: &Bound<'_, PyDict>) -> PyResult<bool> {
    let py = scope.py();
    let Some(client) = scope.get_item(intern!(py, "client"))? else { return Ok(false) };
    Ok(!scope.contains(intern!(py, "asgi"))? && client.eq(("testclient", 50_000))?)
}

/// Whether the server can answer a WebSocket handshake with a response.
#[pyfunction]
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

/// Adds what Python asks too.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    add_internal(m, wrap_pyfunction!(can_deny_websocket, m)?)
}
