//! The `send` that the app is given: it adds the headers to the message that starts a response.

use super::choice::Base;
use super::exchange::{self, Exchange};
use super::merge::Start;
use super::message::Message;
use super::middleware::SecurityHeadersMiddleware;
use super::private::make_private;
use crate::asgi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use pyo3::{PyTraverseError, PyVisit};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// `send`, for one request.
#[pyclass(frozen)]
#[derive(Debug)]
pub(super) struct Sender {
    send: Py<PyAny>,
    /// The request's: read when the response starts, because the app inside may have set its scheme.
    scope: Py<PyDict>,
    layer: Py<SecurityHeadersMiddleware>,
    base: Base,
    /// The one of the outermost layer; `None` in that one itself.
    outermost: OnceLock<Py<Self>>,
    /// Of the outermost layer's alone.
    own_exchange: Exchange,
    /// A WebSocket handshake that the server can answer with a response (ASGI's `websocket.http.response`).
    handshake: bool,
    /// The headers of a response were sent on.
    started: AtomicBool,
    /// A body has begun, or a WebSocket was accepted or denied: no response can start any more.
    settled: AtomicBool,
}

#[pymethods]
impl Sender {
    fn __call__<'py>(&self, py: Python<'py>, message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let send = self.send.bind(py);
        if self.settled.load(Ordering::Relaxed) {
            return send.call1((message,));
        }
        let Ok(message) = message.cast::<PyDict>() else { return send.call1((message,)) };
        match Message::of(message)? {
            // The server may refuse this one, and the app then start another: nothing is settled yet.
            Message::Start => send.call1((self.start(message)?,)),
            Message::HandshakeStart => {
                let message = self.start(message)?;
                self.settle(py)?;
                send.call1((message,))
            }
            Message::Body | Message::Accept => {
                self.settle(py)?;
                send.call1((message,))
            }
            Message::Close => self.close(py, message),
            Message::Other => send.call1((message,)),
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
        self.settle(py)?;
        py.import(intern!(py, "sallet._coroutines"))?
            .call_method1(intern!(py, "deny_websocket"), (self.send.bind(py), start))
    }

    /// Itself: some middlewares copy a scope deeply, as hypercorn's `ProxyFixMiddleware` does.
    const fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }

    /// An app may keep its request, and with it this, in the scope that the server's `send` leads to.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.send)?;
        visit.call(&self.scope)?;
        visit.call(&self.layer)?;
        if let Base::Later(came) = &self.base {
            came.visit(&visit)?;
        }
        self.outermost.get().map_or(Ok(()), |outermost| visit.call(outermost))?;
        self.own_exchange.visit(&visit)
    }
}

impl Sender {
    pub(super) fn new(
        send: &Bound<'_, PyAny>,
        scope: &Bound<'_, PyDict>,
        layer: &Bound<'_, SecurityHeadersMiddleware>,
        base: Base,
        handshake: bool,
    ) -> Self {
        Self {
            send: send.clone().unbind(),
            scope: scope.clone().unbind(),
            layer: layer.clone().unbind(),
            base,
            outermost: OnceLock::new(),
            own_exchange: Exchange::default(),
            handshake,
            started: AtomicBool::new(false),
            settled: AtomicBool::new(false),
        }
    }

    /// What all layers of the request share.
    pub(super) fn exchange(&self) -> &Exchange {
        self.outermost.get().map_or(&self.own_exchange, |outermost| &outermost.get().own_exchange)
    }

    /// Says that this is not the outermost one.
    pub(super) fn is_inside(&self, outermost: Bound<'_, Self>) {
        self.outermost.get_or_init(|| outermost.unbind());
    }

    /// Whether both hand on to the same.
    pub(super) fn has_same_send(&self, other: &Self) -> bool {
        self.send.is(&other.send)
    }

    /// Whether nobody can choose a policy any more.
    pub(super) fn has_started(&self) -> bool {
        self.started.load(Ordering::Relaxed)
    }

    /// No policy can be chosen from here on. To end twice does no harm; one step that sees and sets the flag would take longer than all
    /// else here.
    fn end(&self, py: Python<'_>) -> PyResult<()> {
        if self.started.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.started.store(true, Ordering::Relaxed);
        match self.outermost.get() {
            None => exchange::end(self.scope.bind(py), &self.own_exchange),
            Some(_) => Ok(()),
        }
    }

    fn settle(&self, py: Python<'_>) -> PyResult<()> {
        self.settled.store(true, Ordering::Relaxed);
        self.end(py)
    }

    /// A WebSocket that is closed before it is accepted: the server would make a response of its own of it, without headers.
    // Out of the way of what every response takes, which is slower by a twentieth with this in its midst.
    #[cold]
    #[inline(never)]
    fn close<'py>(&self, py: Python<'py>, message: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
        if self.handshake && !asgi::is_test_client(self.scope.bind(py))? {
            return self.deny(py, 403);
        }
        self.settle(py)?;
        self.send.bind(py).call1((message,))
    }

    /// A copy of the message with the headers: the app may keep its own for the next response.
    fn start<'py>(&self, message: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
        let py = message.py();
        let (scope, exchange) = (self.scope.bind(py), self.exchange());
        let setup = self.layer.get().setup()?;
        let (app, choices) = (setup.app.bind(py), &setup.choices);
        let later;
        let plan = match &self.base {
            Base::App => &choices.plan,
            Base::Path(plan) => plan,
            Base::Later(came) => {
                later = choices.later(app, came, scope)?;
                &later
            }
        };
        let said = choices.said(plan, exchange, scope)?;
        let plan = said.as_ref().unwrap_or(plan);
        let start = Start { message, scope, exchange, plan, scheme: choices.scheme(scope)? };
        let merged = start.merged(self.outermost.get().is_some())?;
        // By the outermost, after whose policy nothing is said to caches any more.
        if let Some(privacy) = self.own_exchange.privacy() {
            make_private(&merged, privacy)?;
        }
        self.end(py)?;
        let message = message.copy()?;
        message.set_item(intern!(py, "headers"), merged)?;
        Ok(message)
    }
}
