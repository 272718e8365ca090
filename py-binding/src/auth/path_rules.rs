//! Public and protected paths, from the rules that Python writes and for the scopes that servers make.

use std::sync::OnceLock;

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyMapping, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use sallet_core::paths::{Access, PathRule, PathRuleError, RequestPath};

use crate::{asgi, errors};

type Rules = Box<[PathRule<String>]>;

/// Which requests need credentials: everything but `public`, or only `protected` but for `public`.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(super) struct PathRules {
    inner: sallet_core::paths::PathRules<Rules>,
}

/// What the guard has to know of the routes behind it; found at the first request, when all of them are there.
#[derive(Debug, Default)]
pub(super) struct Routes(OnceLock<Known>);

#[derive(Debug)]
struct Known {
    /// A `root_path` that the app inside sets, whatever the server says.
    own_root_path: Option<String>,
    /// Something mounted sets one of its own, so that each path below a mount has to be followed.
    mounts_set_root_path: bool,
}

impl PathRules {
    /// Whether the request of this scope needs no credentials. `method` is empty for a WebSocket; `app` is what the guard
    /// guards.
    pub(super) fn opens(
        &self,
        method: &str,
        preflight: bool,
        scope: &Bound<'_, PyDict>,
        app: &Bound<'_, PyAny>,
        routes: &Routes,
    ) -> PyResult<bool> {
        if !preflight && self.inner.public_rules().is_empty() && self.inner.protected_rules().is_none() {
            return Ok(false);
        }
        let py = scope.py();
        let path = scope.get_item(intern!(py, "path"))?;
        let path = asgi::text(path.as_ref());
        let root_path = scope.get_item(intern!(py, "root_path"))?;
        let root_path = asgi::text(root_path.as_ref());
        let known = routes.get(app)?;
        let root_path = known.own_root_path.as_deref().unwrap_or(&root_path);
        // What was sent can only close: it is looked up for the few requests that may be open.
        let request = RequestPath::decoded(&path, None, root_path);
        if self.inner.access(method, &request, preflight) == Access::Guarded {
            return Ok(false);
        }
        let sent = scope.get_item(intern!(py, "raw_path"))?.filter(|sent| !sent.is_none());
        let raw_path = asgi::bytes(sent.as_ref());
        let is_unreadable = sent.is_some() && raw_path.is_none();
        let raw_path = raw_path.filter(|raw| !raw.is_empty());
        let mut request = RequestPath::decoded(&path, raw_path, root_path);
        if is_unreadable {
            request = request.doubted();
        }
        if (known.mounts_set_root_path || !request.carries_root())
            && py
                .import(intern!(py, "sallet._routes"))?
                .call_method1(intern!(py, "reads_otherwise"), (app, &path, root_path))?
                .is_truthy()?
        {
            request = request.doubted();
        }
        let access = self.inner.access(method, &request, preflight);
        if access == Access::Doubtful {
            let log = if request.is_plain() { "log_disagreement" } else { "log_spelling" };
            py.import(intern!(py, "sallet._startup"))?.call_method1(log, (&path, raw_path, root_path))?;
        }
        Ok(access.is_open())
    }

    pub(super) fn public<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        to_tuple(py, self.inner.public_rules())
    }

    pub(super) fn protected<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        self.inner.protected_rules().map(|rules| to_tuple(py, rules)).transpose()
    }

    pub(super) fn preflights<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        to_tuple(py, self.inner.preflight_rules())
    }
}

impl Routes {
    fn get(&self, app: &Bound<'_, PyAny>) -> PyResult<&Known> {
        if let Some(known) = self.0.get() {
            return Ok(known);
        }
        let py = app.py();
        let routes = py.import(intern!(py, "sallet._routes"))?;
        let known = Known {
            own_root_path: routes.call_method1(intern!(py, "own_root_path"), (app,))?.extract()?,
            mounts_set_root_path: routes.call_method1(intern!(py, "mounts_set_root_path"), (app,))?.is_truthy()?,
        };
        Ok(self.0.get_or_init(|| known))
    }
}

fn to_tuple<'py>(py: Python<'py>, rules: &[PathRule<String>]) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, rules.iter().map(PathRule::as_str))
}

/// The rules of one argument; `fits` says whether a rule may be one of these.
fn read(
    name: &str,
    rules: Option<&Bound<'_, PyAny>>,
    fits: fn(PathRule<String>) -> Result<PathRule<String>, PathRuleError>,
) -> PyResult<Rules> {
    let wrong = || PyTypeError::new_err(format!("{name} is a list of path rules: write {name}=[\"/api/*\"]"));
    let mut parsed = Vec::new();
    if let Some(rules) = rules {
        if let Ok(rule) = rules.cast::<PyString>() {
            return Err(PyTypeError::new_err(format!(
                "{name} is a list of path rules: write {name}=[{:?}]",
                rule.to_string_lossy()
            )));
        }
        for rule in rules.try_iter().map_err(|_| wrong())? {
            let rule: String = rule?.extract().map_err(|_| wrong())?;
            let refused = |why| errors::path_rule(&format!("{name}: {rule:?}"), why);
            parsed.push(PathRule::parse(rule.clone()).and_then(fits).map_err(refused)?);
        }
    }
    Ok(parsed.into_boxed_slice())
}

#[pymethods]
impl PathRules {
    #[new]
    #[pyo3(signature = (public = None, *, protected = None, preflights = None))]
    pub(super) fn new(
        public: Option<&Bound<'_, PyAny>>,
        protected: Option<&Bound<'_, PyAny>>,
        preflights: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let public = read("public", public, PathRule::for_public)?;
        let protected = protected.map(|rules| read("protected", Some(rules), PathRule::for_all_methods)).transpose()?;
        let preflights = match preflights.map(|all| (all.is_instance_of::<PyBool>(), all)) {
            Some((true, all)) if all.is_truthy()? => {
                let everywhere = PathRule::parse("/*".to_owned());
                Box::from([everywhere.map_err(|why| errors::path_rule("preflights", why))?])
            }
            None | Some((true, _)) => Box::default(),
            Some((false, rules)) => read("preflights", Some(rules), PathRule::for_all_methods)?,
        };
        let inner = sallet_core::paths::PathRules::try_new(public, protected, preflights).map_err(|why| match why {
            // Not a wrong rule, but a list that is not one: an argument of the wrong kind.
            PathRuleError::NothingProtected => PyTypeError::new_err(why.message()),
            why => errors::path_rule("path rules", why),
        })?;
        Ok(Self { inner })
    }

    /// Whether a request needs credentials. `method` is empty for a WebSocket; `path` is the decoded one, with `root_path`
    /// in front.
    #[pyo3(signature = (method, path, raw_path = None, root_path = ""))]
    fn needs_credentials(&self, method: &str, path: &str, raw_path: Option<&[u8]>, root_path: &str) -> bool {
        !self.inner.access(method, &RequestPath::decoded(path, raw_path, root_path), false).is_open()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let protected = self.protected(py)?.map_or_else(|| "None".to_owned(), |rules| rules.to_string());
        let (public, preflights) = (self.public(py)?.repr()?, self.preflights(py)?.repr()?);
        Ok(format!("PathRules({public}, protected={protected}, preflights={preflights})"))
    }
}

/// Something that depends on the path of a request, chosen as the headers middleware chooses a policy: for what is not asked
/// by request, as the policy that a docs page is made from.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(super) struct ByPath(sallet_core::paths::ByPath<Entries>);

type Entries = Box<[(PathRule<String>, Py<PyAny>)]>;

#[pymethods]
impl ByPath {
    #[new]
    fn new(entries: &Bound<'_, PyMapping>) -> PyResult<Self> {
        let mut read = Vec::new();
        for item in entries.items()?.iter() {
            let (rule, value): (String, Py<PyAny>) = item.extract()?;
            let refused = |why| errors::path_rule(&format!("paths: {rule:?}"), why);
            read.push((PathRule::parse(rule.clone()).map_err(refused)?, value));
        }
        Ok(Self(sallet_core::paths::ByPath::new(read.into_boxed_slice())))
    }

    /// What the rules that apply stand for, the most exact first.
    fn matching<'py>(&self, py: Python<'py>, method: &str, path: &str) -> Vec<Bound<'py, PyAny>> {
        let path = RequestPath::decoded(path, None, "");
        self.0.matching(method, &path).map(|value| value.bind(py).clone()).collect()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.entries().iter().try_for_each(|(_, value)| visit.call(value))
    }
}
