//! The ASGI middleware that puts a policy on every response.

use super::SecurityHeaders;
use super::content_security_policy::refused;
use super::merge::Rules;
use super::nonce::request_nonce;
use super::plan::Plan;
use super::sender::Sender;
use crate::asgi;
use crate::errors::policy_error;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use sallet_core::auth::PathRule;
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
    /// The most exact rule first.
    paths: Vec<(PathRule<String>, PathPolicy)>,
    rules: Arc<Rules>,
    /// Plans of policies that callables gave; a policy is made ready once.
    chosen: Mutex<HashMap<SecurityHeaders, Arc<Plan>>>,
}

/// What a rule of `paths` stands for.
#[derive(Debug)]
enum PathPolicy {
    Plan(Option<Arc<Plan>>),
    Callable(Py<PyAny>),
}

/// Callables give few policies; more than this many means they make new ones, which are not kept.
const MAX_CHOSEN: usize = 256;

#[pymethods]
impl SecurityHeadersMiddleware {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    const fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self { setup: OnceLock::new() }
    }

    #[pyo3(signature = (app, headers = None, *, paths = None, r#override = false, remove = None))]
    fn __init__(
        &self,
        app: Bound<'_, PyAny>,
        headers: Option<&Bound<'_, PyAny>>,
        paths: Option<&Bound<'_, PyMapping>>,
        r#override: bool,
        remove: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let py = app.py();
        let rules = Arc::new(Rules { overriding: r#override, remove: removed(remove)? });
        let plan = match headers {
            None => Plan::new(py, &SecurityHeaders::default_policy(), &rules)?,
            Some(headers) => Plan::new(py, policy(headers, "headers")?.get(), &rules)?,
        };
        let paths = read_paths(paths, &rules)?;
        self.setup
            .set(Setup { app: app.unbind(), plan, paths, rules, chosen: Mutex::default() })
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
        let can_deny = match asgi::text(kind.as_ref()).as_ref() {
            "http" => false,
            "websocket" => asgi::can_deny_websocket(dict)?,
            // Lifespan has no response.
            _ => return app.call1((scope, receive, send)),
        };
        let state = asgi::own_state(dict)?;
        let Some(plan) = setup.plan_for(dict)? else { return app.call1((scope, receive, send)) };
        let nonce = if plan.needs_nonce() { Some(request_nonce(dict, &state)?) } else { None };
        let sender = Sender {
            send: send.clone().unbind(),
            scope: dict.clone().unbind(),
            plan,
            nonce,
            handshake: can_deny,
            settled: AtomicBool::new(false),
        };
        let sender = Bound::new(py, sender)?;
        if can_deny {
            // An app that fails before it accepts leaves the answer to the server, which has no headers for it.
            return py
                .import(intern!(py, "sallet._asgi"))?
                .call_method1(intern!(py, "watch_handshake"), (app, scope, receive, sender));
        }
        app.call1((scope, receive, sender))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Some(setup) = self.setup.get() else { return Ok(()) };
        visit.call(&setup.app)?;
        setup.paths.iter().try_for_each(|(_, policy)| match policy {
            PathPolicy::Callable(choose) => visit.call(choose),
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
    fn plan_for(&self, scope: &Bound<'_, PyDict>) -> PyResult<Option<Arc<Plan>>> {
        if self.paths.is_empty() {
            return Ok(Some(Arc::clone(&self.plan)));
        }
        let py = scope.py();
        let path = scope.get_item(intern!(py, "path"))?;
        let path = asgi::text(path.as_ref());
        if !self.paths.iter().any(|(rule, _)| asgi::could_match(rule, &path)) {
            return Ok(Some(Arc::clone(&self.plan)));
        }
        let (root_path, method) = (scope.get_item(intern!(py, "root_path"))?, scope.get_item(intern!(py, "method"))?);
        let (root_path, method) = (asgi::text(root_path.as_ref()), asgi::text(method.as_ref()));
        let path = asgi::route_path(&path, &root_path);
        match self.paths.iter().find(|(rule, _)| rule.covers(&method, path)) {
            None => Ok(Some(Arc::clone(&self.plan))),
            Some((_, PathPolicy::Plan(plan))) => Ok(plan.clone()),
            Some((rule, PathPolicy::Callable(choose))) => {
                let chosen = choose.bind(py).call1((scope,))?;
                if chosen.is_none() {
                    return Ok(None);
                }
                self.chosen_plan(policy(&chosen, &format!("paths: {:?}", rule.as_str()))?)
            }
        }
    }

    fn chosen_plan(&self, headers: &Bound<'_, SecurityHeaders>) -> PyResult<Option<Arc<Plan>>> {
        let lock = || self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = lock().get(headers.get()) {
            return Ok(Some(Arc::clone(plan)));
        }
        let plan = Plan::new(headers.py(), headers.get(), &self.rules)?;
        let mut chosen = lock();
        if chosen.len() < MAX_CHOSEN {
            chosen.insert(headers.get().clone(), Arc::clone(&plan));
        }
        Ok(Some(plan))
    }
}

fn policy<'a, 'py>(value: &'a Bound<'py, PyAny>, place: &str) -> PyResult<&'a Bound<'py, SecurityHeaders>> {
    value.cast::<SecurityHeaders>().map_err(|_| {
        PyTypeError::new_err(format!(
            "{place}: give a SecurityHeaders, as SecurityHeaders.STRICT or SecurityHeaders(…)"
        ))
    })
}

fn read_paths(
    paths: Option<&Bound<'_, PyMapping>>,
    rules: &Arc<Rules>,
) -> PyResult<Vec<(PathRule<String>, PathPolicy)>> {
    let mut read = Vec::new();
    let Some(paths) = paths else { return Ok(read) };
    for item in paths.items()?.iter() {
        let (rule, value): (String, Bound<'_, PyAny>) = item.extract()?;
        let place = format!("paths: {rule:?}");
        let rule = PathRule::try_new(rule).map_err(|error| refused(format!("{place}: {error}")))?;
        let path_policy = if value.is_none() {
            PathPolicy::Plan(None)
        } else if value.is_callable() {
            PathPolicy::Callable(value.unbind())
        } else {
            PathPolicy::Plan(Some(Plan::new(value.py(), policy(&value, &place)?.get(), rules)?))
        };
        read.push((rule, path_policy));
    }
    read.sort_by_key(|(rule, _)| std::cmp::Reverse(rule.exactness()));
    Ok(read)
}

fn removed(remove: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<Vec<u8>>> {
    let Some(remove) = remove else { return Ok(vec![b"server".to_vec(), b"x-powered-by".to_vec()]) };
    let wrong = || PyTypeError::new_err("remove: give the names of headers as a list of str, as [\"server\"]");
    if remove.is_instance_of::<PyString>() {
        return Err(wrong());
    }
    remove
        .try_iter()
        .map_err(|_| wrong())?
        .map(|name| {
            let name = name?.extract::<String>().map_err(|_| wrong())?.to_ascii_lowercase();
            removable(&name).map_err(|error| policy_error(&format!("remove: {name:?}"), error))?;
            Ok(name.into_bytes())
        })
        .collect()
}
