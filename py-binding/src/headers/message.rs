//! What the messages are that an app sends (<https://asgi.readthedocs.io/en/latest/specs/www.html>).

use crate::asgi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    Start,
    Body,
    /// The answer to a WebSocket handshake (ASGI's `websocket.http.response`).
    HandshakeStart,
    Accept,
    Close,
    Other,
}

/// The objects that said so first: mostly a constant of the framework, and so the same one with each response. A string never changes,
/// and to know the object is faster than to read it.
static START: PyOnceLock<Py<PyString>> = PyOnceLock::new();
static BODY: PyOnceLock<Py<PyString>> = PyOnceLock::new();

impl Message {
    pub(super) fn of(message: &Bound<'_, PyDict>) -> PyResult<Self> {
        let py = message.py();
        let Some(kind) = asgi::kind(message)? else { return Ok(Self::Other) };
        let is = |known: &PyOnceLock<Py<PyString>>| known.get(py).is_some_and(|known| kind.is(known));
        Ok(if is(&START) {
            Self::Start
        } else if is(&BODY) {
            Self::Body
        } else {
            Self::read(&kind)
        })
    }

    fn read(kind: &Bound<'_, PyAny>) -> Self {
        let Ok(kind) = kind.cast::<PyString>() else { return Self::Other };
        let (read, known) = match kind.to_str() {
            Ok("http.response.start") => (Self::Start, &START),
            Ok("http.response.body") => (Self::Body, &BODY),
            Ok("websocket.http.response.start") => return Self::HandshakeStart,
            Ok("websocket.accept") => return Self::Accept,
            Ok("websocket.close") => return Self::Close,
            _ => return Self::Other,
        };
        known.get_or_init(kind.py(), || kind.clone().unbind());
        read
    }
}
