//! Which policy a response carries, and whether it travels over HTTPS.

use super::SecurityHeaders;
use super::arguments::policy;
use super::exchange::{Exchange, Said};
use super::field_set::{Plan, Rules};
use crate::asgi;
use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};
use pyo3::{PyTraverseError, PyVisit};
use sallet_core::Scheme;
use sallet_core::paths::{ByPath, PathRule, RequestPath};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What a layer was told.
#[derive(Debug)]
pub(super) struct Choices {
    pub(super) plan: Arc<Plan>,
    /// `headers=` as a function.
    pub(super) headers: Option<Choice>,
    pub(super) paths: Policies,
    pub(super) https: Https,
    pub(super) rules: Arc<Rules>,
    /// A `root_path` that the app inside sets, whatever the server says; asked at the first request.
    pub(super) own_root_path: OnceLock<Option<String>>,
    /// Plans of policies that were chosen for one response; a policy is made ready once.
    pub(super) chosen: Mutex<HashMap<SecurityHeaders, Arc<Plan>>>,
}

/// A function that chooses; it is named by its place where it goes wrong.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) choose: Py<PyAny>,
    pub(super) place: String,
    /// One of Sallet's own that only changes policies which the layer was given too.
    pub(super) is_of_given: bool,
}

/// What a rule of `paths` stands for.
#[derive(Debug)]
pub(super) enum PathPolicy {
    Plan(Arc<Plan>),
    Choice(Choice),
}

pub(super) type Policies = ByPath<Box<[(PathRule<String>, PathPolicy)]>>;

/// Who says how a request travelled.
#[derive(Debug)]
pub(super) enum Https {
    Scope,
    Always(Scheme),
    Choice(Py<PyAny>),
}

/// What is known of a policy when the request comes: all, but for functions, which are called when the response starts.
#[derive(Debug)]
pub(super) enum Base {
    App,
    Path(Arc<Plan>),
    Later(Box<Came>),
}

/// Of a scope, what routers and middlewares change on the way.
#[derive(Debug)]
pub(super) struct Came {
    path: Option<Py<PyAny>>,
    method: Option<Py<PyAny>>,
    root_path: Option<Py<PyAny>>,
}

/// Functions give few policies; more than this many means they make new ones, which are not kept.
const MAX_CHOSEN: usize = 256;

impl Choices {
    /// Whether a response may carry a nonce, as far as can be told before: then the page is to have one.
    pub(super) fn may_need_nonce(&self) -> bool {
        self.plan.needs_nonce()
            || self.headers.is_some()
            || self.paths.entries().iter().any(|(_, policy)| match policy {
                PathPolicy::Plan(plan) => plan.needs_nonce(),
                PathPolicy::Choice(choice) => !choice.is_of_given,
            })
    }

    /// By the path and the method as the request comes.
    pub(super) fn base(&self, app: &Bound<'_, PyAny>, scope: &Bound<'_, PyDict>) -> PyResult<Base> {
        if self.paths.entries().is_empty() && self.headers.is_none() {
            return Ok(Base::App);
        }
        let came = Came::of(scope)?;
        let first = came.find(self, app, |policy| {
            Ok(match policy {
                PathPolicy::Plan(plan) => Some(Some(Arc::clone(plan))),
                PathPolicy::Choice(_) => Some(None),
            })
        })?;
        Ok(match first {
            Some(Some(plan)) => Base::Path(plan),
            None if self.headers.is_none() => Base::App,
            Some(None) | None => Base::Later(Box::new(came)),
        })
    }

    /// Once the response starts: the policy of the longest rule that has an opinion, then that of `headers`, last the app's.
    pub(super) fn later(&self, app: &Bound<'_, PyAny>, came: &Came, scope: &Bound<'_, PyDict>) -> PyResult<Arc<Plan>> {
        let scope = came.restored(scope)?;
        let by_path = came.find(self, app, |policy| match policy {
            PathPolicy::Plan(plan) => Ok(Some(Arc::clone(plan))),
            PathPolicy::Choice(choice) => self.called(&choice.choose, &scope, &choice.place),
        })?;
        let by_headers = match (&by_path, &self.headers) {
            (None, Some(choice)) => self.called(&choice.choose, &scope, &choice.place)?,
            _ => None,
        };
        Ok(by_path.or(by_headers).unwrap_or_else(|| Arc::clone(&self.plan)))
    }

    /// What the route and the handler have said, if they have.
    pub(super) fn said(
        &self,
        base: &Arc<Plan>,
        exchange: &Exchange,
        scope: &Bound<'_, PyDict>,
    ) -> PyResult<Option<Arc<Plan>>> {
        if !exchange.may_have_said() {
            return Ok(None);
        }
        let (py, mut chosen) = (scope.py(), None);
        for (place, said) in exchange.said(scope)? {
            chosen = match said {
                Said::Policy(policy) => Some(self.made_ready(policy.bind(py))?),
                Said::Function(function) => {
                    let otherwise = chosen.as_ref().unwrap_or(base).headers.bind(py);
                    self.called(&function, otherwise, place)?.or(chosen)
                }
            };
        }
        Ok(chosen)
    }

    /// How the response travels.
    pub(super) fn scheme(&self, scope: &Bound<'_, PyDict>) -> PyResult<Scheme> {
        match &self.https {
            Https::Scope => asgi::scheme(scope),
            Https::Always(scheme) => Ok(*scheme),
            Https::Choice(choose) => chosen_scheme(choose.bind(scope.py()), scope),
        }
    }

    /// What a function chooses; `None` when it has no opinion. One that fails is logged and costs no response its headers:
    /// STRICT is sent.
    fn called(&self, choose: &Py<PyAny>, argument: &Bound<'_, PyAny>, place: &str) -> PyResult<Option<Arc<Plan>>> {
        let py = argument.py();
        let plan = choose.bind(py).call1((argument,)).and_then(|chosen| match chosen.is_none() {
            true => Ok(None),
            false => self.made_ready(policy(&chosen, place)?).map(Some),
        });
        match plan {
            Err(error) if error.is_instance_of::<PyException>(py) => {
                log(py, "log_bad_choice", place, error)?;
                let strict = Bound::new(py, SecurityHeaders::default_policy())?;
                self.made_ready(&strict).map(Some)
            }
            plan => plan,
        }
    }

    fn made_ready(&self, headers: &Bound<'_, SecurityHeaders>) -> PyResult<Arc<Plan>> {
        let lock = || self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = lock().get(headers.get()) {
            return Ok(Arc::clone(plan));
        }
        let plan = Plan::new(headers, &self.rules)?;
        let mut chosen = lock();
        if chosen.len() < MAX_CHOSEN {
            chosen.insert(headers.get().clone(), Arc::clone(&plan));
        }
        Ok(plan)
    }

    fn own_root_path(&self, app: &Bound<'_, PyAny>) -> PyResult<Option<&str>> {
        if let Some(known) = self.own_root_path.get() {
            return Ok(known.as_deref());
        }
        let routes = app.py().import(intern!(app.py(), "sallet._routes"))?;
        let found = routes.call_method1(intern!(app.py(), "own_root_path"), (app,))?.extract()?;
        Ok(self.own_root_path.get_or_init(|| found).as_deref())
    }

    pub(super) fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Https::Choice(choose) = &self.https {
            visit.call(choose)?;
        }
        self.headers.iter().try_for_each(|choice| visit.call(&choice.choose))?;
        self.paths.entries().iter().try_for_each(|(_, policy)| match policy {
            PathPolicy::Choice(choice) => visit.call(&choice.choose),
            PathPolicy::Plan(_) => Ok(()),
        })
    }
}

impl Came {
    fn of(scope: &Bound<'_, PyDict>) -> PyResult<Self> {
        let get = |name| Ok::<_, PyErr>(scope.get_item(name)?.map(Bound::unbind));
        let py = scope.py();
        Ok(Self {
            path: get(intern!(py, "path"))?,
            method: get(intern!(py, "method"))?,
            root_path: get(intern!(py, "root_path"))?,
        })
    }

    /// The first that `take` takes of the policies whose rules match, the most exact first.
    fn find<R>(
        &self,
        choices: &Choices,
        app: &Bound<'_, PyAny>,
        take: impl Fn(&PathPolicy) -> PyResult<Option<R>>,
    ) -> PyResult<Option<R>> {
        if choices.paths.entries().is_empty() {
            return Ok(None);
        }
        let py = app.py();
        let bound = |value: &Option<Py<PyAny>>| value.as_ref().map(|value| value.bind(py).clone());
        let (path, method, root_path) = (bound(&self.path), bound(&self.method), bound(&self.root_path));
        let (path, method, root_path) =
            (asgi::text(path.as_ref()), asgi::text(method.as_ref()), asgi::text(root_path.as_ref()));
        let root_path = choices.own_root_path(app)?.unwrap_or(&root_path);
        let path = RequestPath::decoded(&path, None, root_path);
        choices.paths.matching(&method, &path).find_map(|policy| take(policy).transpose()).transpose()
    }

    /// The scope with what it had when the request came: routers write into it on the way.
    fn restored<'py>(&self, scope: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
        let py = scope.py();
        let came = [
            (intern!(py, "path"), &self.path),
            (intern!(py, "method"), &self.method),
            (intern!(py, "root_path"), &self.root_path),
        ];
        let mut restored = None;
        for (name, came) in came {
            let now = scope.get_item(name)?;
            let same = match (&now, came) {
                (Some(now), Some(came)) => now.is(came),
                (None, None) => true,
                _ => false,
            };
            if same {
                continue;
            }
            let copy = match restored.take() {
                Some(copy) => copy,
                None => scope.copy()?,
            };
            match came {
                Some(came) => copy.set_item(name, came)?,
                None => copy.del_item(name)?,
            }
            restored = Some(copy);
        }
        Ok(restored.unwrap_or_else(|| scope.clone()))
    }

    pub(super) fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        [&self.path, &self.method, &self.root_path].into_iter().flatten().try_for_each(|value| visit.call(value))
    }
}

/// One that fails is logged, and nothing is sent that is for HTTPS alone.
fn chosen_scheme(choose: &Bound<'_, PyAny>, scope: &Bound<'_, PyDict>) -> PyResult<Scheme> {
    let py = scope.py();
    let chosen = choose.call1((scope,)).and_then(|chosen| match chosen.cast::<PyBool>() {
        Ok(chosen) => Ok(chosen.is_true()),
        Err(_) => {
            let kind = chosen.get_type().name().map(|name: Bound<'_, PyString>| name.to_string()).unwrap_or_default();
            Err(PyTypeError::new_err(format!("https: the function returned a {kind}: return True or False")))
        }
    });
    match chosen {
        Ok(true) => Ok(Scheme::Https),
        Ok(false) => Ok(Scheme::Http),
        Err(error) if error.is_instance_of::<PyException>(py) => {
            log(py, "log_bad_https", "https", error)?;
            Ok(Scheme::Http)
        }
        Err(error) => Err(error),
    }
}

#[cold]
fn log(py: Python<'_>, how: &str, place: &str, error: PyErr) -> PyResult<()> {
    py.import(intern!(py, "sallet._startup"))?.call_method1(how, (place, error.into_value(py)))?;
    Ok(())
}
