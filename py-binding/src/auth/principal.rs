//! The user that a keyring verifies, in the forms that frameworks look for.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};

use super::scopes;
use crate::errors;

/// Who holds a key. A value: frozen, comparable, hashable, picklable.
///
/// `id` is the key's id, `name` the principal it belongs to.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(super) struct Principal {
    #[pyo3(get)]
    id: Py<PyString>,
    #[pyo3(get)]
    name: Py<PyString>,
    #[pyo3(get)]
    scopes: Py<PyTuple>,
}

impl Principal {
    pub(super) fn of_key(py: Python<'_>, key: &sallet_core::auth::Key<&str>) -> PyResult<Self> {
        let id = PyString::new(py, key.id);
        Ok(Self {
            name: if key.principal == key.id { id.clone() } else { PyString::new(py, key.principal) }.unbind(),
            id: id.unbind(),
            scopes: scopes::to_tuple(py, scopes::granted(key.scopes))?.unbind(),
        })
    }

    pub(super) fn id(&self, py: Python<'_>) -> Py<PyString> {
        self.id.clone_ref(py)
    }

    fn parts<'py>(&self, py: Python<'py>) -> (Bound<'py, PyString>, Bound<'py, PyString>, Bound<'py, PyTuple>) {
        (self.id.bind(py).clone(), self.name.bind(py).clone(), self.scopes.bind(py).clone())
    }
}

#[pymethods]
impl Principal {
    #[new]
    #[pyo3(signature = (id, name = None, scopes = None))]
    fn new(
        id: Bound<'_, PyString>,
        name: Option<Bound<'_, PyString>>,
        scopes: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = id.py();
        let scopes = scopes::read(scopes, errors::policy)?;
        Ok(Self {
            name: name.unwrap_or_else(|| id.clone()).unbind(),
            id: id.unbind(),
            scopes: scopes::to_tuple(py, scopes.borrowed())?.unbind(),
        })
    }

    /// Always true; the name that Starlette and Django use.
    #[getter]
    const fn is_authenticated(&self) -> bool {
        true
    }

    /// The name, as Starlette calls it.
    #[getter]
    fn display_name<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.name.bind(py).clone()
    }

    /// The id, as Starlette calls it.
    #[getter]
    fn identity<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.id.bind(py).clone()
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        match other.cast::<Self>() {
            Ok(other) => self.parts(py).into_pyobject(py)?.eq(other.get().parts(py)),
            Err(_) => Ok(false),
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.parts(py).into_pyobject(py)?.hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (id, name, scopes) = self.parts(py);
        Ok(format!("Principal(id={}, name={}, scopes={})", id.repr()?, name.repr()?, scopes.repr()?))
    }

    /// What `vars`, and so FastAPI, makes of it where a route returns it. A new one each time: the object cannot be changed.
    #[getter]
    fn __dict__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item(intern!(py, "id"), &self.id)?;
        dict.set_item(intern!(py, "name"), &self.name)?;
        dict.set_item(intern!(py, "scopes"), &self.scopes)?;
        Ok(dict)
    }

    /// Pydantic writes it as its id, name and scopes, and reads none: who somebody is, no request can say.
    #[classmethod]
    fn __get_pydantic_core_schema__<'py>(
        cls: &Bound<'py, PyType>,
        _source: &Bound<'py, PyAny>,
        _handler: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = cls.py();
        py.import("sallet._pydantic")?.call_method0(intern!(py, "core_schema"))
    }

    /// The same shape for readers of a schema.
    #[classmethod]
    fn __get_pydantic_json_schema__<'py>(
        cls: &Bound<'py, PyType>,
        _schema: &Bound<'py, PyAny>,
        handler: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = cls.py();
        handler.call1((py.import("sallet._pydantic")?.call_method0(intern!(py, "shape"))?,))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        Ok((slf.get_type(), slf.get().parts(py).into_pyobject(py)?))
    }
}

/// Nobody in particular: `request.user` on a public path, with the names of Starlette's users.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(super) struct Anonymous;

#[pymethods]
impl Anonymous {
    /// Always false.
    #[getter]
    #[expect(clippy::unused_self, reason = "a property of the instance")]
    const fn is_authenticated(&self) -> bool {
        false
    }

    /// Empty.
    #[getter]
    #[expect(clippy::unused_self, reason = "a property of the instance")]
    const fn display_name(&self) -> &'static str {
        ""
    }

    /// Empty.
    #[getter]
    #[expect(clippy::unused_self, reason = "a property of the instance")]
    const fn identity(&self) -> &'static str {
        ""
    }

    /// A frozen value is its own copy: middleware inside may copy the whole scope, as hypercorn's does.
    const fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    const fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        "Anonymous()"
    }
}

/// What Starlette keeps at `request.auth`, so that its `@requires` works.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(super) struct AuthCredentials {
    /// `None` for nobody, who has no scopes at all.
    user: Option<Py<PyAny>>,
}

impl AuthCredentials {
    pub(super) const fn new(user: Py<PyAny>) -> Self {
        Self { user: Some(user) }
    }

    pub(super) const fn anonymous() -> Self {
        Self { user: None }
    }
}

#[pymethods]
impl AuthCredentials {
    /// `"authenticated"` and the user's scopes, nothing for an anonymous one; a new list each time, for the object may be shared by requests.
    #[getter]
    fn scopes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let Some(user) = &self.user else { return Ok(PyList::empty(py)) };
        let list = PyList::new(py, ["authenticated"])?;
        for scope in scopes::of_user(user.bind(py))? {
            list.append(scope)?;
        }
        Ok(list)
    }

    /// A frozen value is its own copy: middleware inside may copy the whole scope, as hypercorn's does.
    const fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    const fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("AuthCredentials(scopes={})", self.scopes(py)?.repr()?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &self.user {
            Some(user) => visit.call(user),
            None => Ok(()),
        }
    }
}
