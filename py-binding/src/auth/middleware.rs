//! The guard: an ASGI middleware whose fast path makes no coroutine.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use sallet_core::paths::is_preflight;

use super::field_lines;
use super::judges::{Judged, Judges};
use super::path_rules::{PathRules, Routes};
use super::principal::{Anonymous, AuthCredentials};
use super::refusal::Refusal;
use super::reply::Reply;
use super::scheme::Verdict;
use super::signed_in;
use super::user::User;
use crate::asgi;

/// The native half of `sallet.AuthMiddleware`, which says all about it.
#[pyclass(frozen, subclass, module = "sallet")]
#[derive(Debug)]
// Set up in `__init__` and not in `__new__`, so that a subclass may take other arguments, as Python's classes do.
pub(crate) struct AuthMiddleware {
    setup: OnceLock<Setup>,
}

#[derive(Debug)]
struct Setup {
    app: Py<PyAny>,
    judges: Judges,
    rules: PathRules,
    routes: Routes,
    started: AtomicBool,
}

static REFUSE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static FINISH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static ANONYMOUS: PyOnceLock<(Py<Anonymous>, Py<AuthCredentials>)> = PyOnceLock::new();

#[pymethods]
impl AuthMiddleware {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    const fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self { setup: OnceLock::new() }
    }

    #[pyo3(signature = (app, auth, *, public = None, protected = None, preflights = None))]
    fn __init__(
        &self,
        app: Py<PyAny>,
        auth: &Bound<'_, PyAny>,
        public: Option<&Bound<'_, PyAny>>,
        protected: Option<&Bound<'_, PyAny>>,
        preflights: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let judges = Judges::of(auth)?;
        let rules = PathRules::new(public, protected, preflights)?;
        let (routes, started) = (Routes::default(), AtomicBool::new(false));
        let setup = Setup { app, judges, rules, routes, started };
        self.setup
            .set(setup)
            .map_err(|_| PyRuntimeError::new_err("this middleware is already set up: make another one"))
    }

    /// The wrapped app.
    #[getter]
    fn app<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.setup()?.app.bind(py).clone())
    }

    /// Who says who sent a request; a tuple where it was a list.
    #[getter]
    fn auth<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.setup()?.judges.auth().bind(py).clone())
    }

    /// The rules of the paths that need no credentials.
    #[getter]
    fn public<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.setup()?.rules.public(py)
    }

    /// The rules of the paths that need credentials; `None` where all do.
    #[getter]
    fn protected<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.setup()?.rules.protected(py)
    }

    /// The rules of the paths whose preflights pass.
    #[getter]
    fn preflights<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.setup()?.rules.preflights(py)
    }

    // The arguments are taken as they come: handing the same tuple on saves a tenth of the whole.
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (this, py) = (slf.get().setup()?, args.py());
        let receive_and_send =
            || Ok::<_, PyErr>((argument(args, kwargs, 1, "receive")?, argument(args, kwargs, 2, "send")?));
        let scope = argument(args, kwargs, 0, "scope")?;
        let pass = || {
            if kwargs.is_none() {
                return this.app.bind(py).call1(args);
            }
            // The app may have other names for them: ASGI gives them by place.
            let (receive, send) = receive_and_send()?;
            this.app.bind(py).call1((&scope, receive, send))
        };
        let dict = scope.cast::<PyDict>().map_err(|_| PyTypeError::new_err("an ASGI scope is a dict"))?;

        if !this.started.load(Ordering::Relaxed) && !this.started.swap(true, Ordering::Relaxed) {
            py.import(intern!(py, "sallet._startup"))?.call_method1(intern!(py, "report"), (slf,))?;
        }
        let kind = asgi::kind(dict)?;
        let is_http = match kind.as_ref().and_then(|kind| kind.cast::<PyString>().ok()?.to_str().ok()) {
            Some("http") => true,
            Some("websocket") => false,
            Some("lifespan") => return pass(),
            kind => {
                return Err(PyRuntimeError::new_err(format!(
                    "AuthMiddleware does not know the ASGI scope type {kind:?} and lets nothing pass that it cannot \
                     check: route it around the middleware"
                )));
            }
        };
        // A WebSocket has none, whatever its scope may say.
        let method = if is_http { dict.get_item(intern!(py, "method"))? } else { None };
        let method = asgi::text(method.as_ref());
        let preflight = method == "OPTIONS" && {
            let (origin, request_method) = field_lines::preflight(&field_lines::of_scope(dict)?)?;
            is_preflight(&method, origin, request_method)
        };
        if this.rules.opens(&method, preflight, dict, this.app.bind(py), &this.routes)? {
            open(dict)?;
            return pass();
        }
        let Judged { verdict, by, private, subprotocol } = match signed_in::user(slf, dict)? {
            Some(user) => this.judges.accept(user)?,
            None => this.judges.judge(dict)?,
        };
        let by = by.unwrap_or_else(|| this.judges.auth().bind(py).clone());
        let receive_and_reply = || {
            let (receive, send) = receive_and_send()?;
            Ok::<_, PyErr>(match (private, subprotocol) {
                (false, None) => (receive, send),
                _ => (receive, Bound::new(py, Reply::new(&send, private, subprotocol))?.into_any()),
            })
        };
        match verdict {
            Verdict::Admitted { user, credentials } => {
                this.admit(dict, by, user, credentials)?;
                if !private && subprotocol.is_none() {
                    return pass();
                }
                let (receive, send) = receive_and_reply()?;
                this.app.bind(py).call1((&scope, receive, send))
            }
            Verdict::Refused(refusal) => {
                let (receive, send) = receive_and_send()?;
                REFUSE.import(py, "sallet._refuse", "refuse")?.call1((refusal, &scope, receive, send))
            }
            Verdict::Pending(pending) => {
                let (receive, send) = receive_and_reply()?;
                FINISH.import(py, "sallet._coroutines", "finish")?.call1((slf, by, pending, &scope, receive, send))
            }
        }
    }

    /// What `_coroutines.finish` asks once it has awaited: `None` when the scope now says who is in, else the refusal.
    /// `by` is the scheme that has judged.
    #[pyo3(name = "_verdict_on")]
    fn verdict_on<'py>(
        &self,
        scope: &Bound<'py, PyDict>,
        awaited: Bound<'py, PyAny>,
        by: Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, Refusal>>> {
        let setup = self.setup()?;
        match setup.judges.verdict_on(awaited, &by)? {
            Verdict::Admitted { user, credentials } => setup.admit(scope, by, user, credentials).map(|()| None),
            Verdict::Refused(refusal) => Ok(Some(refusal)),
            Verdict::Pending(_) => Err(PyTypeError::new_err("no user but something to await")),
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Some(setup) = self.setup.get() else { return Ok(()) };
        visit.call(&setup.app)?;
        setup.judges.visit(&visit)
    }
}

impl AuthMiddleware {
    fn setup(&self) -> PyResult<&Setup> {
        self.setup.get().ok_or_else(|| {
            PyRuntimeError::new_err("the middleware was not set up: call super().__init__(...) in the subclass")
        })
    }
}

impl Setup {
    /// Writes down who is in, where applications, Starlette and our own dependencies look.
    ///
    /// The user and scopes that another middleware has set for Starlette stay: an app that wants its own user there has
    /// put its `AuthenticationMiddleware` around this one. Those of a Sallet further out are replaced.
    fn admit<'py>(
        &self,
        scope: &Bound<'py, PyDict>,
        by: Bound<'py, PyAny>,
        user: User<'py>,
        credentials: Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let (py, user) = (scope.py(), user.into_value());
        let (name, auth, verdicts) = (intern!(py, "user"), intern!(py, "auth"), intern!(py, "sallet.auth"));
        asgi::own_state(scope)?.set_item(name, &user)?;
        let earlier = scope.get_item(verdicts)?;
        let is_ours = |found: &Bound<'py, PyAny>| -> PyResult<bool> {
            let Some(earlier) = earlier.as_ref().and_then(|earlier| earlier.cast::<PyTuple>().ok()) else {
                return Ok(found.is_none() || found.is_exact_instance_of::<Anonymous>());
            };
            Ok(found.is_none() || found.is_exact_instance_of::<Anonymous>() || earlier.get_item(1)?.is(found))
        };
        if scope.get_item(name)?.as_ref().map(is_ours).transpose()?.unwrap_or(true) {
            scope.set_item(name, &user)?;
        }
        let theirs = scope.get_item(auth)?;
        if theirs.is_none_or(|found| found.is_none() || found.is_exact_instance_of::<AuthCredentials>()) {
            scope.set_item(auth, credentials)?;
        }
        // A chain, for a request may pass guards of several schemes.
        scope.set_item(verdicts, (by, user, earlier))
    }
}

/// Lets a request pass for which no user is asked: where nobody has said who sent it, Starlette's `request.user` is
/// anonymous, and not an error.
fn open(scope: &Bound<'_, PyDict>) -> PyResult<()> {
    let py = scope.py();
    let (user, credentials) = ANONYMOUS.get_or_try_init(py, || {
        Ok::<_, PyErr>((Py::new(py, Anonymous)?, Py::new(py, AuthCredentials::anonymous())?))
    })?;
    let (name, auth) = (intern!(py, "user"), intern!(py, "auth"));
    if scope.get_item(name)?.is_none_or(|found| found.is_none()) {
        scope.set_item(name, user)?;
    }
    if scope.get_item(auth)?.is_none_or(|found| found.is_none()) {
        scope.set_item(auth, credentials)?;
    }
    Ok(())
}

/// One of ASGI's three arguments, by place or by name.
fn argument<'py>(
    args: &Bound<'py, PyTuple>,
    kwargs: Option<&Bound<'py, PyDict>>,
    place: usize,
    name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    if place < args.len() {
        return args.get_item(place);
    }
    let named = kwargs.map(|kwargs| kwargs.get_item(name)).transpose()?.flatten();
    named.ok_or_else(|| {
        PyTypeError::new_err(format!("an ASGI app is called with scope, receive and send: {name} is missing"))
    })
}
