//! The `send` that the app is given: it adds the headers to the message that starts a response.

use super::merge::merge;
use super::plan::Plan;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use pyo3::{PyTraverseError, PyVisit};
use sallet_core::{Nonce, Scheme};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// `send`, for one request.
#[pyclass(frozen)]
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) send: Py<PyAny>,
    pub(super) plan: Arc<Plan>,
    pub(super) scheme: Scheme,
    pub(super) nonce: Option<Nonce>,
    /// A WebSocket handshake that the server can answer with a response (ASGI's `websocket.http.response`).
    pub(super) can_deny: bool,
    /// The headers are out, or a WebSocket was accepted: what follows is none of our business.
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
            Some("http.response.start" | "websocket.http.response.start") => {
                let message = self.start(message)?;
                self.settled.store(true, Ordering::Relaxed);
                send.call1((message,))
            }
            Some("websocket.accept") => {
                self.settled.store(true, Ordering::Relaxed);
                send.call1((message,))
            }
            // Before it is accepted: the server would make a response of its own of it, without headers.
            Some("websocket.close") if self.can_deny => {
                let start = PyDict::new(py);
                start.set_item(intern!(py, "type"), intern!(py, "websocket.http.response.start"))?;
                start.set_item(intern!(py, "status"), 403)?;
                let message = self.start(&start)?;
                self.settled.store(true, Ordering::Relaxed);
                py.import(intern!(py, "sallet._asgi"))?.call_method1(intern!(py, "deny_websocket"), (send, message))
            }
            _ => send.call1((message,)),
        }
    }

    /// An app may keep its request, and with it this, in the scope that the server's `send` leads to.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.send)
    }
}

impl Sender {
    /// A copy of the message with the headers: the app may keep its own for the next response.
    fn start<'py>(&self, message: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
        let py = message.py();
        let headers = match message.get_item(intern!(py, "headers"))? {
            Some(headers) => headers,
            None => PyList::empty(py).into_any(),
        };
        let merged = merge(&headers, self.plan.over(self.scheme), self.nonce.as_ref(), &self.plan.rules)?;
        let message = message.copy()?;
        message.set_item(intern!(py, "headers"), merged)?;
        Ok(message)
    }
}
