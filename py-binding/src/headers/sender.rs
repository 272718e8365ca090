//! The `send` that the app is given: it adds the headers to the message that starts a response.

use super::field_set::Plan;
use super::merge::Start;
use super::{nonce as request_nonce, told};
use crate::asgi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use pyo3::{PyTraverseError, PyVisit};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// `send`, for one request.
#[pyclass(frozen)]
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) send: Py<PyAny>,
    /// The request's: read when the response starts, because the app inside may have set its scheme.
    pub(super) scope: Py<PyDict>,
    pub(super) plan: Arc<Plan>,
    /// A WebSocket handshake that the server can answer with a response (ASGI's `websocket.http.response`).
    pub(super) handshake: bool,
    /// A body has begun, or a WebSocket was accepted or denied: no response can start any more.
    pub(super) settled: AtomicBool,
}

#[pymethods]
impl Sender {
    fn __call__<'py>(&self, py: Python<'py>, message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let send = self.send.bind(py);
        if self.settled.load(Ordering::Relaxed) {
            return send.call1((message,));
        }
        let Ok(message) = message.cast::<PyDict>() else { return send.call1((message,)) };
        let kind = message.get_item(intern!(py, "type"))?;
        match kind.as_ref().and_then(|kind| kind.cast::<PyString>().ok()?.to_str().ok()) {
            // The server may refuse this one, and the app then start another: nothing is settled yet.
            Some("http.response.start") => send.call1((self.start(message)?,)),
            Some("websocket.http.response.start") => {
                let message = self.start(message)?;
                self.settled.store(true, Ordering::Relaxed);
                send.call1((message,))
            }
            Some("http.response.body" | "websocket.accept") => {
                self.settled.store(true, Ordering::Relaxed);
                send.call1((message,))
            }
            Some("websocket.close") => self.close(py, message),
            _ => send.call1((message,)),
        }
    }

    /// Whether no response can start any more.
    #[getter]
    fn settled(&self) -> bool {
        self.settled.load(Ordering::Relaxed)
    }

    /// Answers a WebSocket handshake with an empty response that carries the headers.
    fn deny<'py>(&self, py: Python<'py>, status: u16) -> PyResult<Bound<'py, PyAny>> {
        let start = PyDict::new(py);
        start.set_item(intern!(py, "type"), intern!(py, "websocket.http.response.start"))?;
        start.set_item(intern!(py, "status"), status)?;
        // Without it some servers send an empty body in chunks.
        start.set_item(intern!(py, "headers"), [(PyBytes::new(py, b"content-length"), PyBytes::new(py, b"0"))])?;
        let start = self.start(&start)?;
        self.settled.store(true, Ordering::Relaxed);
        py.import(intern!(py, "sallet._coroutines"))?
            .call_method1(intern!(py, "deny_websocket"), (self.send.bind(py), start))
    }

    /// An app may keep its request, and with it this, in the scope that the server's `send` leads to.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.send)?;
        visit.call(&self.scope)
    }
}

impl Sender {
    /// A WebSocket that is closed before it is accepted: the server would make a response of its own of it, without headers.
    // Out of the way of what every response takes, which is slower by a twentieth with this in its midst.
    #[cold]
    #[inline(never)]
    fn close<'py>(&self, py: Python<'py>, message: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
        if self.handshake && !asgi::is_test_client(self.scope.bind(py))? {
            return self.deny(py, 403);
        }
        self.settled.store(true, Ordering::Relaxed);
        self.send.bind(py).call1((message,))
    }

    /// A copy of the message with the headers: the app may keep its own for the next response.
    fn start<'py>(&self, message: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
        let py = message.py();
        let headers = match message.get_item(intern!(py, "headers"))? {
            Some(headers) => headers,
            None => PyList::empty(py).into_any(),
        };
        let scope = self.scope.bind(py);
        let scheme = asgi::scheme(scope)?;
        let nonce = request_nonce::drawn(scope)?;
        let start = Start {
            headers,
            status: status(message)?,
            forms: self.plan.over(scheme),
            rules: &self.plan.rules,
            scheme,
            nonce: nonce.as_ref().map(|nonce| nonce.get().nonce()),
            told: told::by_layers_inside(scope)?,
        };
        let (merged, told) = start.merged()?;
        told::tell_layers_around(scope, told)?;
        let message = message.copy()?;
        message.set_item(intern!(py, "headers"), merged)?;
        Ok(message)
    }
}

/// One that is no number is for the server to refuse.
fn status(message: &Bound<'_, PyDict>) -> PyResult<u16> {
    let status = message.get_item(intern!(message.py(), "status"))?;
    Ok(status.and_then(|status| status.extract().ok()).unwrap_or_default())
}
