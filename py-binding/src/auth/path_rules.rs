//! Public paths, from the rules that Python writes and for the scopes that servers make.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyIterator, PyString, PyTuple};
use sallet_core::auth::PathRule;

use super::error;
use crate::asgi;

/// A list of public paths: `"/health"` that path alone, `"/static/"` the subtree, `"GET /items"` one method.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(super) struct PathRules {
    inner: sallet_core::auth::PathRules<Box<[PathRule<String>]>>,
}

impl PathRules {
    /// Whether the request of this scope needs no credentials. `method` is empty for a WebSocket.
    pub(super) fn opens(&self, method: &str, scope: &Bound<'_, PyDict>) -> PyResult<bool> {
        if self.inner.rules().is_empty() {
            return Ok(false);
        }
        let py = scope.py();
        let path = scope.get_item(intern!(py, "path"))?;
        let path = asgi::text(path.as_ref());
        if !self.inner.rules().iter().any(|rule| asgi::could_match(rule, &path)) {
            return Ok(false);
        }
        let root_path = scope.get_item(intern!(py, "root_path"))?;
        let root_path = asgi::text(root_path.as_ref());
        let path = asgi::route_path(&path, &root_path);
        if !self.inner.is_public(method, path, None) {
            return Ok(false);
        }
        // Looked up only now: most requests are for paths that no rule speaks of.
        let raw_path = scope.get_item(intern!(py, "raw_path"))?;
        let raw_path = raw_path.as_ref().and_then(|raw| raw.cast::<PyBytes>().ok()).map(|raw| raw.as_bytes());
        Ok(raw_path.is_none() || self.inner.is_public(method, path, raw_path))
    }

    pub(super) fn to_tuple<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.rules().iter().map(PathRule::as_str).collect::<Vec<_>>())
    }
}

#[pymethods]
impl PathRules {
    #[new]
    #[pyo3(signature = (rules = None))]
    pub(super) fn new(rules: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let wrong = || PyTypeError::new_err("public paths are a list of str: write public=[\"/health\", \"/static/\"]");
        let mut parsed = Vec::new();
        if let Some(rules) = rules {
            if rules.is_instance_of::<PyString>() {
                return Err(wrong());
            }
            for rule in rules.try_iter().map_err(|_| wrong())? {
                let rule: String = rule?.extract().map_err(|_| wrong())?;
                parsed.push(PathRule::try_new(rule.clone()).map_err(|why| error::path_rule(&rule, why))?);
            }
        }
        Ok(Self { inner: sallet_core::auth::PathRules::new(parsed.into_boxed_slice()) })
    }

    /// Whether a request needs no credentials. `method` is empty for a WebSocket; `path` is the router's.
    #[pyo3(signature = (method, path, raw_path = None))]
    fn is_public(&self, method: &str, path: &str, raw_path: Option<&[u8]>) -> bool {
        self.inner.is_public(method, path, raw_path)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.to_tuple(py)?.try_iter()
    }

    fn __len__(&self) -> usize {
        self.inner.rules().len()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("PathRules({})", self.to_tuple(py)?.repr()?))
    }
}
