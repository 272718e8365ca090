//! The guard: an ASGI middleware whose fast path makes no coroutine.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::{PyException, PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use sallet_core::paths::is_preflight;

use super::decision;
use super::field_lines;
use super::hidden;
use super::judges::{Judged, Judges, Shown};
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
    on_refusal: Option<Py<PyAny>>,
    on_decision: Option<Py<PyAny>>,
    hide: bool,
    throttle: Option<Py<PyAny>>,
}

static REFUSE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static FINISH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static WATCH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static ANONYMOUS: PyOnceLock<(Py<Anonymous>, Py<AuthCredentials>)> = PyOnceLock::new();

#[pymethods]
impl AuthMiddleware {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    const fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self { setup: OnceLock::new() }
    }

    #[pyo3(signature = (app, auth, *, public = None, protected = None, preflights = None, on_refusal = None,
                        on_decision = None, hide = false, throttle = None))]
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    fn __init__(
        &self,
        app: Py<PyAny>,
        auth: &Bound<'_, PyAny>,
        public: Option<&Bound<'_, PyAny>>,
        protected: Option<&Bound<'_, PyAny>>,
        preflights: Option<&Bound<'_, PyAny>>,
        on_refusal: Option<Py<PyAny>>,
        on_decision: Option<Py<PyAny>>,
        hide: bool,
        throttle: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let judges = Judges::of(auth)?;
        let rules = PathRules::new(public, protected, preflights)?;
        let (routes, started) = (Routes::default(), AtomicBool::new(false));
        let setup = Setup { app, judges, rules, routes, started, on_refusal, on_decision, hide, throttle };
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
        let is_open = this.rules.opens(&method, preflight, dict, this.app.bind(py), &this.routes)?;
        if let Some(hook) = &this.on_decision {
            // For the dependencies inside, which decide too.
            dict.set_item(intern!(py, "sallet.on_decision"), hook)?;
        }
        let signed_in = signed_in::user(slf, dict)?;
        if let (Some(throttle), None) = (&this.throttle, &signed_in) {
            let (receive, send) = receive_and_send()?;
            let watch = WATCH.import(py, "sallet.throttle", "watch")?;
            return watch.call1((slf, throttle, is_open, &scope, receive, send));
        }
        let Judged { verdict, by, privacy, subprotocol } = match signed_in {
            Some(user) => this.judges.accept(user)?,
            None => this.judges.judge(dict)?,
        };
        let by = by.unwrap_or_else(|| this.judges.auth().bind(py).clone());
        let receive_and_reply = || {
            let (receive, send) = receive_and_send()?;
            Ok::<_, PyErr>(match (privacy, subprotocol) {
                (None, None) => (receive, send),
                _ => (receive, Bound::new(py, Reply::new(&send, privacy, subprotocol))?.into_any()),
            })
        };
        if let Verdict::Pending(pending) = verdict {
            let (receive, send) = receive_and_reply()?;
            let finish = FINISH.import(py, "sallet._coroutines", "finish")?;
            return finish.call1((slf, by, pending, is_open, &scope, receive, send));
        }
        if let Some(refusal) = this.settle(dict, &by, verdict, is_open)? {
            let (receive, send) = receive_and_send()?;
            let refuse = REFUSE.import(py, "sallet._refuse", "refuse")?;
            return refuse.call1((refusal, by, this.on_refusal.as_ref(), &scope, receive, send));
        }
        if privacy.is_none() && subprotocol.is_none() {
            return pass();
        }
        let (receive, send) = receive_and_reply()?;
        this.app.bind(py).call1((&scope, receive, send))
    }

    /// What `_coroutines.finish` asks once it has awaited the scheme `by`, which has returned or raised: `None` when the scope now says
    /// who is in, else the refusal.
    #[pyo3(name = "_settle")]
    fn settle_awaited<'py>(
        &self,
        scope: &Bound<'py, PyDict>,
        by: &Bound<'py, PyAny>,
        returned: Bound<'py, PyAny>,
        raised: Option<Bound<'py, PyAny>>,
        is_open: bool,
    ) -> PyResult<Option<Bound<'py, Refusal>>> {
        let setup = self.setup()?;
        let awaited = raised.map_or(Ok(returned), |raised| Err(PyErr::from_value(raised)));
        setup.settle(scope, by, setup.judges.verdict_on(awaited, by)?, is_open)
    }

    /// For a throttle: whether a request shows credentials, and what failures are counted for besides the address: `("user", name)` of
    /// Basic, `("token", digest)` of any other scheme.
    #[pyo3(name = "_shown")]
    fn shown(&self, scope: &Bound<'_, PyDict>) -> PyResult<(bool, Option<(&'static str, String)>)> {
        Ok(match self.setup()?.judges.shown(scope)? {
            Shown::Nothing => (false, None),
            Shown::Unreadable => (true, None),
            Shown::User(name) => (true, Some(("user", name))),
            Shown::Token(digest) => (true, Some(("token", String::from_utf8_lossy(&digest.to_hex()).into_owned()))),
        })
    }

    /// For a throttle, the refusal instead of a verdict. Credentials leave the scope all the same.
    #[pyo3(name = "_throttled")]
    fn throttled<'py>(&self, scope: &Bound<'py, PyDict>, seconds: u32) -> PyResult<Bound<'py, Refusal>> {
        self.setup()?.judges.take_out(scope)?;
        Bound::new(scope.py(), Refusal::throttled(seconds))
    }

    /// For a throttle, the first half of a call: who judges; what was found and what was raised, for `_settle`; whether the former
    /// has still to be awaited; and `send` for the app.
    #[pyo3(name = "_judge")]
    fn judge_for_throttle<'py>(&self, scope: &Bound<'py, PyDict>, send: Bound<'py, PyAny>) -> PyResult<ToSettle<'py>> {
        let (setup, py) = (self.setup()?, scope.py());
        let Judged { verdict, by, privacy, subprotocol } = setup.judges.judge(scope)?;
        let by = by.unwrap_or_else(|| setup.judges.auth().bind(py).clone());
        let send = match (privacy, subprotocol) {
            (None, None) => send,
            _ => Bound::new(py, Reply::new(&send, privacy, subprotocol))?.into_any(),
        };
        let (found, raised, is_pending) = match verdict {
            Verdict::Admitted { user, .. } => (Some(user.into_value()), None, false),
            Verdict::Refused(refusal) => (Some(refusal.into_any()), None, false),
            Verdict::Pending(pending) => (Some(pending), None, true),
            Verdict::Raised(error) => (None, Some(error.into_value(py).into_bound(py).into_any()), false),
        };
        Ok((by, found, raised, is_pending, send))
    }

    /// What answers a refusal instead of Sallet, if anything does.
    #[getter]
    fn on_refusal<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.setup()?.on_refusal.as_ref().map(|hook| hook.bind(py).clone()))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Some(setup) = self.setup.get() else { return Ok(()) };
        visit.call(&setup.app)?;
        visit.call(&setup.on_refusal)?;
        visit.call(&setup.on_decision)?;
        visit.call(&setup.throttle)?;
        setup.judges.visit(&visit)
    }
}

type ToSettle<'py> = (Bound<'py, PyAny>, Option<Bound<'py, PyAny>>, Option<Bound<'py, PyAny>>, bool, Bound<'py, PyAny>);

impl AuthMiddleware {
    fn setup(&self) -> PyResult<&Setup> {
        self.setup.get().ok_or_else(|| {
            PyRuntimeError::new_err("the middleware was not set up: call super().__init__(...) in the subclass")
        })
    }
}

impl Setup {
    /// Writes the verdict into the scope and tells of it. Returns the refusal that is the answer, if there is one.
    ///
    /// On an open path there is none: who has shown nothing good is anonymous, and a dependency inside that asks for a user finds
    /// the refusal or the error.
    fn settle<'py>(
        &self,
        scope: &Bound<'py, PyDict>,
        by: &Bound<'py, PyAny>,
        verdict: Verdict<'py>,
        is_open: bool,
    ) -> PyResult<Option<Bound<'py, Refusal>>> {
        let py = scope.py();
        if self.hide {
            hidden::hide(scope, |field| self.judges.reads(field))?;
        }
        let verdict = match verdict {
            Verdict::Raised(error) => match self.judges.answer(&error, by)? {
                Some(refusal) => Verdict::Refused(refusal),
                None => Verdict::Raised(error),
            },
            verdict => verdict,
        };
        match verdict {
            Verdict::Admitted { user, credentials } => {
                if self.is_told(py, decision::DEBUG)? {
                    tell(scope, "admitted", by, user.value())?;
                }
                self.admit(scope, by, user, credentials).map(|()| None)
            }
            Verdict::Refused(refusal) if !is_open => Ok(Some(refusal)),
            Verdict::Refused(refusal) => {
                let level = if refusal.get().is_missing() { decision::DEBUG } else { decision::INFO };
                if self.is_told(py, level)? {
                    tell(scope, "anonymous", by, &refusal)?;
                }
                leave(scope, by, &refusal).map(|()| None)
            }
            Verdict::Raised(error) => {
                if !error.is_instance_of::<PyException>(py) {
                    return Err(error); // nothing was decided: the request was cancelled, or the process ends
                }
                // With its traceback, which before Python 3.12 is not yet the value's own: the log says where it was raised.
                let value = error.clone_ref(py).into_value(py).into_bound(py);
                tell(scope, if is_open { "anonymous" } else { "failed" }, by, &value)?;
                if !is_open {
                    return Err(error);
                }
                leave(scope, by, &value).map(|()| None)
            }
            Verdict::Pending(_) => Err(PyTypeError::new_err("no user but something to await")),
        }
    }

    fn is_told(&self, py: Python<'_>, level: i32) -> PyResult<bool> {
        Ok(self.on_decision.is_some() || decision::is_logged(py, level)?)
    }

    /// Writes down who is in, where applications, Starlette and our own dependencies look.
    ///
    /// The user and scopes that another middleware has set for Starlette stay: an app that wants its own user there has
    /// put its `AuthenticationMiddleware` around this one. Those of a Sallet further out are replaced.
    fn admit<'py>(
        &self,
        scope: &Bound<'py, PyDict>,
        by: &Bound<'py, PyAny>,
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

/// Tells the log and `on_decision`, out of the way of requests of which nobody wants to hear.
#[cold]
#[inline(never)]
fn tell(scope: &Bound<'_, PyDict>, outcome: &str, by: &Bound<'_, PyAny>, about: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = scope.py();
    py.import(intern!(py, "sallet._decision"))?.call_method1(intern!(py, "tell"), (outcome, scope, by, about))?;
    Ok(())
}

/// Lets a request pass on an open path that has shown nothing good: `outcome` is the refusal or the error, for the dependency that
/// asks. Where nobody has said who sent it, Starlette's `request.user` is anonymous, and not an error.
fn leave(scope: &Bound<'_, PyDict>, by: &Bound<'_, PyAny>, outcome: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = scope.py();
    let (user, credentials) = ANONYMOUS.get_or_try_init(py, || {
        Ok::<_, PyErr>((Py::new(py, Anonymous)?, Py::new(py, AuthCredentials::anonymous())?))
    })?;
    let (name, auth, verdicts) = (intern!(py, "user"), intern!(py, "auth"), intern!(py, "sallet.auth"));
    if scope.get_item(name)?.is_none_or(|found| found.is_none()) {
        scope.set_item(name, user)?;
    }
    if scope.get_item(auth)?.is_none_or(|found| found.is_none()) {
        scope.set_item(auth, credentials)?;
    }
    scope.set_item(verdicts, (by, outcome, scope.get_item(verdicts)?))
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
