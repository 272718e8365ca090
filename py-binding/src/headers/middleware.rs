//! The ASGI middleware that puts a policy on every response.

use super::SecurityHeaders;
use super::content_security_policy::refused;
use super::field_set::{Plan, Rules};
use super::nonce::request_nonce;
use super::sender::Sender;
use crate::asgi;
use crate::auth::AuthMiddleware;
use crate::errors::policy_error;
use pyo3::exceptions::{PyException, PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyMapping, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use sallet_core::merge::{MergeRules, Precedence};
use sallet_core::paths::{ByPath, PathRule, RequestPath};
use sallet_core::removable;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The native half of `sallet.SecurityHeadersMiddleware`, which says all about it.
///
/// `__call__` returns what the inner app returned, so no coroutine is added to a request.
// Set up in `__init__` and not in `__new__`, so that a subclass may take other arguments, as Python's classes do.
#[pyclass(frozen, subclass, module = "sallet")]
#[derive(Debug)]
pub(super) struct SecurityHeadersMiddleware {
    setup: OnceLock<Setup>,
}

#[derive(Debug)]
struct Setup {
    app: Py<PyAny>,
    plan: Arc<Plan>,
    paths: Policies,
    /// A `root_path` that the app inside sets, whatever the server says; asked at the first request.
    own_root_path: OnceLock<Option<String>>,
    rules: Arc<Rules>,
    /// A layer of Sallet further in may write into `scope["state"]`.
    writers_inside: bool,
    /// Plans of policies that callables gave; a policy is made ready once.
    chosen: Mutex<HashMap<SecurityHeaders, Arc<Plan>>>,
}

type Policies = ByPath<Box<[(PathRule<String>, PathPolicy)]>>;

/// What a rule of `paths` stands for.
#[derive(Debug)]
enum PathPolicy {
    Plan(Arc<Plan>),
    /// Called with the scope; the rule is named where it goes wrong.
    Callable(Py<PyAny>, String),
}

/// Callables give few policies; more than this many means they make new ones, which are not kept.
const MAX_CHOSEN: usize = 256;

/// More middlewares than anyone has.
const MAX_LAYERS: usize = 256;

#[pymethods]
impl SecurityHeadersMiddleware {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    const fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self { setup: OnceLock::new() }
    }

    #[pyo3(signature = (app, headers = None, *, paths = None, r#override = None, remove = None))]
    fn __init__(
        &self,
        app: Bound<'_, PyAny>,
        headers: Option<&Bound<'_, PyAny>>,
        paths: Option<&Bound<'_, PyAny>>,
        r#override: Option<&Bound<'_, PyAny>>,
        remove: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let py = app.py();
        let rules = Arc::new(rules(r#override, remove)?);
        let plan = match headers {
            None => Plan::new(py, &SecurityHeaders::default_policy(), &rules)?,
            Some(headers) => Plan::new(py, policy(headers, "headers")?.get(), &rules)?,
        };
        let paths = read_paths(paths, &rules)?;
        let writers_inside = has_layer_inside(&app);
        self.setup
            .set(Setup {
                app: app.unbind(),
                plan,
                paths,
                own_root_path: OnceLock::new(),
                rules,
                writers_inside,
                chosen: Mutex::default(),
            })
            .map_err(|_| PyRuntimeError::new_err("this middleware is already set up: make another one"))
    }

    /// The wrapped app.
    #[getter]
    fn app<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.setup()?.app.bind(py).clone())
    }

    fn __call__<'py>(
        &self,
        scope: &Bound<'py, PyAny>,
        receive: &Bound<'py, PyAny>,
        send: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = scope.py();
        let setup = self.setup()?;
        let app = setup.app.bind(py);
        let Ok(dict) = scope.cast::<PyDict>() else { return app.call1((scope, receive, send)) };
        let kind = dict.get_item(intern!(py, "type"))?;
        let can_deny = match kind.as_ref().and_then(|kind| kind.cast::<PyString>().ok()?.to_str().ok()) {
            Some("http") => false,
            Some("websocket") => asgi::can_deny_websocket(dict)?,
            // Lifespan has no response.
            _ => return app.call1((scope, receive, send)),
        };
        if setup.writers_inside {
            asgi::own_state(dict)?;
        }
        let plan = setup.plan_for(dict)?;
        if plan.needs_nonce() {
            request_nonce(dict)?;
        }
        let sender = Sender {
            send: send.clone().unbind(),
            scope: dict.clone().unbind(),
            plan,
            handshake: can_deny,
            settled: AtomicBool::new(false),
        };
        let sender = Bound::new(py, sender)?;
        if can_deny {
            return watch_handshake(app, scope, receive, sender);
        }
        app.call1((scope, receive, sender))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Some(setup) = self.setup.get() else { return Ok(()) };
        visit.call(&setup.app)?;
        setup.paths.entries().iter().try_for_each(|(_, policy)| match policy {
            PathPolicy::Callable(choose, _) => visit.call(choose),
            PathPolicy::Plan(_) => Ok(()),
        })
    }
}

impl SecurityHeadersMiddleware {
    fn setup(&self) -> PyResult<&Setup> {
        self.setup.get().ok_or_else(|| {
            PyRuntimeError::new_err("the middleware was not set up: call super().__init__(...) in the subclass")
        })
    }
}

impl Setup {
    /// The policy of the most exact rule that has an opinion, else the app's.
    fn plan_for(&self, scope: &Bound<'_, PyDict>) -> PyResult<Arc<Plan>> {
        if self.paths.entries().is_empty() {
            return Ok(Arc::clone(&self.plan));
        }
        let py = scope.py();
        let (path, method) = (scope.get_item(intern!(py, "path"))?, scope.get_item(intern!(py, "method"))?);
        let (path, method) = (asgi::text(path.as_ref()), asgi::text(method.as_ref()));
        let root_path = scope.get_item(intern!(py, "root_path"))?;
        let root_path = asgi::text(root_path.as_ref());
        let root_path = self.own_root_path(py)?.unwrap_or(&root_path);
        let path = RequestPath::decoded(&path, None, root_path);
        for policy in self.paths.matching(&method, &path) {
            match policy {
                PathPolicy::Plan(plan) => return Ok(Arc::clone(plan)),
                PathPolicy::Callable(choose, place) => {
                    if let Some(plan) = self.choose(choose.bind(py), place, scope)? {
                        return Ok(plan);
                    }
                }
            }
        }
        Ok(Arc::clone(&self.plan))
    }

    fn own_root_path(&self, py: Python<'_>) -> PyResult<Option<&str>> {
        if let Some(known) = self.own_root_path.get() {
            return Ok(known.as_deref());
        }
        let routes = py.import(intern!(py, "sallet._routes"))?;
        let found = routes.call_method1(intern!(py, "own_root_path"), (&self.app,))?.extract()?;
        Ok(self.own_root_path.get_or_init(|| found).as_deref())
    }

    /// What a callable chooses; `None` when it has no opinion. One that fails is logged and costs no response its headers:
    /// STRICT is sent.
    fn choose(&self, choose: &Bound<'_, PyAny>, place: &str, scope: &Bound<'_, PyDict>) -> PyResult<Option<Arc<Plan>>> {
        let py = scope.py();
        let plan = choose.call1((scope,)).and_then(|chosen| match chosen.is_none() {
            true => Ok(None),
            false => self.chosen_plan(policy(&chosen, place)?).map(Some),
        });
        match plan {
            Err(error) if error.is_instance_of::<PyException>(py) => {
                py.import(intern!(py, "sallet._startup"))?
                    .call_method1(intern!(py, "log_bad_choice"), (place, error.into_value(py)))?;
                let strict = Bound::new(py, SecurityHeaders::default_policy())?;
                self.chosen_plan(&strict).map(Some)
            }
            plan => plan,
        }
    }

    fn chosen_plan(&self, headers: &Bound<'_, SecurityHeaders>) -> PyResult<Arc<Plan>> {
        let lock = || self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = lock().get(headers.get()) {
            return Ok(Arc::clone(plan));
        }
        let plan = Plan::new(headers.py(), headers.get(), &self.rules)?;
        let mut chosen = lock();
        if chosen.len() < MAX_CHOSEN {
            chosen.insert(headers.get().clone(), Arc::clone(&plan));
        }
        Ok(plan)
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

fn policy<'a, 'py>(value: &'a Bound<'py, PyAny>, place: &str) -> PyResult<&'a Bound<'py, SecurityHeaders>> {
    value.cast::<SecurityHeaders>().map_err(|_| {
        PyTypeError::new_err(format!(
            "{place}: give a SecurityHeaders, as SecurityHeaders.STRICT or SecurityHeaders(…)"
        ))
    })
}

fn read_paths(paths: Option<&Bound<'_, PyAny>>, rules: &Arc<Rules>) -> PyResult<Policies> {
    let mut read = Vec::new();
    let wrong = "paths is a dict of rules and policies: write paths={\"/docs/*\": SecurityHeaders(…)}";
    let paths = paths.map(|paths| paths.cast::<PyMapping>().map_err(|_| PyTypeError::new_err(wrong))).transpose()?;
    for item in paths.map(|paths| paths.items()).transpose()?.iter().flatten() {
        let (rule, value): (String, Bound<'_, PyAny>) = item.extract()?;
        let place = format!("paths: {rule:?}");
        let rule = PathRule::parse(rule).map_err(|error| refused(format!("{place}: {error}")))?;
        let path_policy = if value.is_none() {
            // A setting that was not there, or a forgotten value: it must not take every header away.
            return Err(PyTypeError::new_err(format!(
                "{place}: None is no policy; no headers is SecurityHeaders.EMPTY"
            )));
        } else if value.is_callable() {
            refuse_coroutine_function(&value, &place)?;
            PathPolicy::Callable(value.unbind(), place)
        } else {
            PathPolicy::Plan(Plan::new(value.py(), policy(&value, &place)?.get(), rules)?)
        };
        read.push((rule, path_policy));
    }
    Ok(ByPath::new(read.into_boxed_slice()))
}

/// What it returns is to be awaited, and no policy.
fn refuse_coroutine_function(choose: &Bound<'_, PyAny>, place: &str) -> PyResult<()> {
    let py = choose.py();
    if py.import(intern!(py, "sallet._coroutines"))?.call_method1(intern!(py, "is_async"), (choose,))?.is_truthy()? {
        return Err(PyTypeError::new_err(format!(
            "{place}: a policy is chosen without waiting: write def instead of async def"
        )));
    }
    Ok(())
}

fn rules(overriding: Option<&Bound<'_, PyAny>>, remove: Option<&Bound<'_, PyAny>>) -> PyResult<Rules> {
    let precedence = overriding.map_or(Ok(Precedence::App), precedence)?;
    let removed = match remove {
        Some(remove) => removed(remove)?,
        None => MergeRules::REMOVED.iter().map(|&name| name.to_owned()).collect(),
    };
    Rules::try_new(precedence, removed).map_err(|error| policy_error("remove", error))
}

fn precedence(overriding: &Bound<'_, PyAny>) -> PyResult<Precedence> {
    if let Ok(overriding) = overriding.cast::<PyBool>() {
        return Ok(if overriding.is_true() { Precedence::Policy } else { Precedence::App });
    }
    match overriding.cast::<PyString>().ok().and_then(|text| text.to_str().ok()) {
        Some("add") => Ok(Precedence::Add),
        _ => Err(PyTypeError::new_err(format!(
            "override={}: give False (a header of the app's own wins), True (the policy's replaces it) or \"add\" (both \
             Content-Security-Policies are sent)",
            overriding.repr()?
        ))),
    }
}

fn removed(remove: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let wrong = || PyTypeError::new_err("remove: give the names of headers as a list of str, as [\"server\"]");
    if let Ok(name) = remove.cast::<PyString>() {
        return Err(PyTypeError::new_err(format!("remove is a list of header names: write remove=[\"{name}\"]")));
    }
    remove
        .try_iter()
        .map_err(|_| wrong())?
        .map(|name| {
            let name = name?.extract::<String>().map_err(|_| wrong())?.to_ascii_lowercase();
            removable(&name).map_err(|error| policy_error(&format!("remove: {name:?}"), error))?;
            Ok(name)
        })
        .collect()
}
