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
use super::keyring::Keyring;
use super::path_rules::{PathRules, Routes};
use super::principal::{Anonymous, AuthCredentials};
use super::refusal::Refusal;
use super::scheme::{Scheme, Verdict};
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
    auth: Py<PyAny>,
    check: Check,
    rules: PathRules,
    routes: Routes,
    started: AtomicBool,
}

/// Who says who sent a request.
#[derive(Debug)]
enum Check {
    /// A [`Scheme`] whose `identify` is the one it came with: asked here, without a coroutine.
    Native(Py<Scheme>),
    /// Something that has an `identify` of its own, which must not be passed by. The scopes of a [`Scheme`] are compared
    /// here all the same.
    Identify(Option<Py<Scheme>>),
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
        let check = Check::of(auth)?;
        let rules = PathRules::new(public, protected, preflights)?;
        let (routes, started) = (Routes::default(), AtomicBool::new(false));
        let setup = Setup { app, auth: auth.clone().unbind(), check, rules, routes, started };
        self.setup
            .set(setup)
            .map_err(|_| PyRuntimeError::new_err("this middleware is already set up: make another one"))
    }

    /// The wrapped app.
    #[getter]
    fn app<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.setup()?.app.bind(py).clone())
    }

    /// Who says who sent a request.
    #[getter]
    fn auth<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.setup()?.auth.bind(py).clone())
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
        let headers = field_lines::of_scope(dict)?;
        let preflight = method == "OPTIONS" && {
            let (origin, request_method) = field_lines::preflight(&headers)?;
            is_preflight(&method, origin, request_method)
        };
        if this.rules.opens(&method, preflight, dict, this.app.bind(py), &this.routes)? {
            open(dict)?;
            return pass();
        }
        let verdict = match (signed_in::user(slf, dict)?, &this.check) {
            (Some(user), check) => Verdict::of_identify(user, check.scheme())?,
            (None, Check::Native(scheme)) => scheme.get().verdict(&headers)?,
            (None, Check::Identify(_)) => {
                Verdict::Pending(this.auth.bind(py).call_method1(intern!(py, "identify"), (headers,))?)
            }
        };
        match verdict {
            Verdict::Admitted { user, credentials } => {
                this.admit(dict, user, credentials)?;
                pass()
            }
            Verdict::Refused(refusal) => {
                let (receive, send) = receive_and_send()?;
                REFUSE.import(py, "sallet._refuse", "refuse")?.call1((refusal, &scope, receive, send))
            }
            Verdict::Pending(pending) => {
                let (receive, send) = receive_and_send()?;
                FINISH.import(py, "sallet._coroutines", "finish")?.call1((slf, pending, &scope, receive, send))
            }
        }
    }

    /// What `_coroutines.finish` asks once it has awaited: `None` when the scope now says who is in, else the refusal.
    #[pyo3(name = "_verdict_on")]
    fn verdict_on<'py>(
        &self,
        scope: &Bound<'py, PyDict>,
        awaited: Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, Refusal>>> {
        let setup = self.setup()?;
        let verdict = match &setup.check {
            Check::Native(scheme) => scheme.get().verdict_on(awaited)?,
            Check::Identify(_) => Verdict::of_identify(awaited, setup.check.scheme())?,
        };
        match verdict {
            Verdict::Admitted { user, credentials } => setup.admit(scope, user, credentials).map(|()| None),
            Verdict::Refused(refusal) => Ok(Some(refusal)),
            Verdict::Pending(_) => Err(PyTypeError::new_err("no user but something to await")),
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Some(setup) = self.setup.get() else { return Ok(()) };
        visit.call(&setup.app)?;
        visit.call(&setup.auth)
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
    fn admit<'py>(&self, scope: &Bound<'py, PyDict>, user: User<'py>, credentials: Bound<'py, PyAny>) -> PyResult<()> {
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
        scope.set_item(verdicts, (&self.auth, user, earlier))
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

/// The scopes are compared here without a detour by Python, so what a subclass overrides of that would be passed by.
fn check_overrides(auth: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = auth.py();
    let own = py.import("sallet.auth")?.getattr(intern!(py, "Scheme"))?;
    for name in ["authorize", "_begin", "_finish", "_authenticate"] {
        let on_object = match auth.getattr_opt(intern!(py, "__dict__"))? {
            Some(attributes) => attributes.contains(name)?,
            None => false,
        };
        if on_object || !auth.get_type().getattr(name)?.is(&own.getattr(name)?) {
            return Err(PyTypeError::new_err(format!(
                "this scheme overrides {name}, which AuthMiddleware does not call: override identify, and refuse there"
            )));
        }
    }
    Ok(())
}

impl Check {
    /// The scheme whose scopes are compared, if it is one.
    fn scheme(&self) -> Option<&Scheme> {
        match self {
            Self::Native(scheme) | Self::Identify(Some(scheme)) => Some(scheme.get()),
            Self::Identify(None) => None,
        }
    }

    fn of(auth: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = auth.py();
        let identify = auth.get_type().getattr_opt(intern!(py, "identify"))?;
        let own = py.import("sallet.auth")?.getattr(intern!(py, "Scheme"))?.getattr(intern!(py, "identify"))?;
        if auth.is_instance_of::<Keyring>() {
            return Err(PyTypeError::new_err("auth is a Bearer: write auth=Bearer(keyring)"));
        }
        if auth.is_none() {
            return Err(PyTypeError::new_err("auth is None: write auth=Bearer(keyring)"));
        }
        let scheme = auth.cast::<Scheme>();
        if let Ok(scheme) = &scheme {
            scheme.get().check_setup()?;
            check_overrides(auth)?;
        }
        match (scheme, identify) {
            (Ok(scheme), None) => Ok(Self::Native(scheme.clone().unbind())),
            (Ok(scheme), Some(identify)) if identify.is(&own) => Ok(Self::Native(scheme.clone().unbind())),
            (Ok(scheme), Some(_)) => Ok(Self::Identify(Some(scheme.clone().unbind()))),
            (Err(_), Some(_)) => Ok(Self::Identify(None)),
            // The value is not shown: it may be a token that was put in the wrong place.
            (Err(_), None) => {
                Err(PyTypeError::new_err("auth is a Bearer, or an object with an async identify(headers, scopes=())"))
            }
        }
    }
}
