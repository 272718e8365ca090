//! The extension module `sallet._sallet`: conversion between Python and `sallet-core`, nothing more.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyString;

mod asgi;
mod auth;
mod errors;
mod headers;
mod near;

/// Adds a class or function that the package builds upon, and that `from sallet._sallet import *` does not take.
fn add_internal<'py>(m: &Bound<'py, PyModule>, value: impl IntoPyObject<'py>) -> PyResult<()> {
    let value = value.into_bound_py_any(m.py())?;
    m.setattr(value.getattr("__name__")?.cast::<PyString>()?, &value)
}

/// Sallet's native half; import `sallet` instead.
#[pymodule]
mod _sallet {
    use super::*;

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        asgi::register(m)?;
        errors::register(m)?;
        headers::register(m)?;
        auth::register(m)
    }
}
