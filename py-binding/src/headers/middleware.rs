//! The ASGI middleware that puts a policy on every response.

use super::arguments::{read_headers, read_https, read_paths, read_rules};
use super::choice::Choices;
use super::exchange;
use super::sender::Sender;
use crate::asgi;
use crate::auth::AuthMiddleware;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use std::sync::{Arc, Mutex, OnceLock};

/// The native half of `sallet.SecurityHeadersMiddleware`; documented there.
///
/// `__call__` returns what the inner app returned, so no coroutine is added to a request.
// Set up in `__init__` and not in `__new__`, so that a subclass may take other arguments, as Python's classes do.
#[pyclass(frozen, subclass, module = "sallet")]
#[derive(Debug)]
pub(super) struct SecurityHeadersMiddleware {
    setup: OnceLock<Setup>,
}

#[derive(Debug)]
pub(super) struct Setup {
    pub(super) app: Py<PyAny>,
    pub(super) choices: Choices,
    /// The page is to have a nonce before it is known whether its policy has one.
    draws_nonce: bool,
    /// A layer of Sallet further in may write into `scope["state"]`.
    writers_inside: bool,
}

/// More middlewares than anyone has.
const MAX_LAYERS: usize = 256;

#[pymethods]
impl SecurityHeadersMiddleware {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    const fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self { setup: OnceLock::new() }
    }

    #[pyo3(signature = (app, headers = None, *, paths = None, r#override = None, remove = None, https = None))]
    fn __init__(
        &self,
        app: Bound<'_, PyAny>,
        headers: Option<&Bound<'_, PyAny>>,
        paths: Option<&Bound<'_, PyAny>>,
        r#override: Option<&Bound<'_, PyAny>>,
        remove: Option<&Bound<'_, PyAny>>,
        https: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let rules = Arc::new(read_rules(r#override, remove)?);
        let (plan, headers) = read_headers(app.py(), headers, &rules)?;
        let choices = Choices {
            plan,
            headers,
            paths: read_paths(paths, &rules)?,
            https: read_https(https)?,
            rules,
            own_root_path: OnceLock::new(),
            chosen: Mutex::default(),
        };
        let (draws_nonce, writers_inside) = (choices.may_need_nonce(), has_layer_inside(&app));
        self.setup
            .set(Setup { app: app.unbind(), choices, draws_nonce, writers_inside })
            .map_err(|_| PyRuntimeError::new_err("this middleware is already set up: make another one"))
    }

    /// The wrapped app.
    #[getter]
    fn app<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.setup()?.app.bind(py).clone())
    }

    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        scope: &Bound<'py, PyAny>,
        receive: &Bound<'py, PyAny>,
        send: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = scope.py();
        let setup = slf.get().setup()?;
        let app = setup.app.bind(py);
        let Ok(dict) = scope.cast::<PyDict>() else { return app.call1((scope, receive, send)) };
        let can_deny = match asgi::kind(dict)? {
            Some(kind) if asgi::is(&kind, intern!(py, "http")) => false,
            Some(kind) if asgi::is(&kind, intern!(py, "websocket")) => asgi::can_deny_websocket(dict)?,
            // Lifespan has no response.
            _ => return app.call1((scope, receive, send)),
        };
        if setup.writers_inside {
            asgi::own_state(dict)?;
        }
        let sender = Sender::new(send, dict, slf, setup.choices.base(app, dict)?, can_deny);
        let sender = Bound::new(py, sender)?;
        exchange::begin(dict, &sender)?;
        if setup.draws_nonce {
            sender.get().exchange().draw(dict)?;
        }
        if can_deny {
            return watch_handshake(app, scope, receive, sender);
        }
        app.call1((scope, receive, sender))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Some(setup) = self.setup.get() else { return Ok(()) };
        visit.call(&setup.app)?;
        setup.choices.visit(&visit)
    }
}

impl SecurityHeadersMiddleware {
    pub(super) fn setup(&self) -> PyResult<&Setup> {
        self.setup.get().ok_or_else(|| {
            PyRuntimeError::new_err("the middleware was not set up: call super().__init__(...) in the subclass")
        })
    }
}

/// Whether a guard or another layer of headers is among the middlewares inside.
///
/// Each of them copies `scope["state"]` before it writes, if nobody has yet. But a middleware in between that looked at
/// `request.state` before, which Starlette keeps, would not see what is written into a copy: so the outermost layer
/// makes it, and those around which there is none need not spend the time.
fn has_layer_inside(app: &Bound<'_, PyAny>) -> bool {
    // Middlewares keep what is inside as `app`. A chain that does not end is of something else.
    let mut inside = Some(app.clone());
    for _ in 0..MAX_LAYERS {
        let Some(app) = inside else { return false };
        if app.is_instance_of::<AuthMiddleware>() || app.is_instance_of::<SecurityHeadersMiddleware>() {
            return true;
        }
        inside = app.getattr_opt(intern!(app.py(), "app")).ok().flatten();
    }
    false
}

/// An app that fails before it accepts leaves the answer to the server, which has no headers for it.
#[cold]
fn watch_handshake<'py>(
    app: &Bound<'py, PyAny>,
    scope: &Bound<'py, PyAny>,
    receive: &Bound<'py, PyAny>,
    sender: Bound<'py, Sender>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = app.py();
    py.import(intern!(py, "sallet._coroutines"))?
        .call_method1(intern!(py, "watch_handshake"), (app, scope, receive, sender))
}
