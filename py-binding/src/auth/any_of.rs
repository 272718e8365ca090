//! Schemes of which one will do, for a dependency: what `sallet.fastapi.AnyOf` asks.

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use super::judges::Judges;
use super::refusal::Refusal;

/// The native half of `sallet.fastapi.AnyOf`; documented there. It decides as a guard with the same list does.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(super) struct Alternatives {
    judges: Judges,
}

#[pymethods]
impl Alternatives {
    #[new]
    fn new(schemes: &Bound<'_, PyTuple>) -> PyResult<Self> {
        Ok(Self { judges: Judges::of(schemes.as_any())? })
    }

    /// The place of the scheme that judges the request; `None` where it shows credentials of none of them.
    fn which(&self, scope: &Bound<'_, PyDict>) -> PyResult<Option<usize>> {
        self.judges.which(scope)
    }

    /// The refusal of a request that shows none.
    fn missing<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, Refusal>> {
        self.judges.missing(py)
    }

    /// A refusal of the scheme at this place, with the challenges of all that would do.
    fn among<'py>(&self, at: usize, refusal: &Bound<'py, Refusal>) -> PyResult<Bound<'py, Refusal>> {
        let need = self.judges.need_at(at)?.ok_or_else(|| PyIndexError::new_err("there is no such scheme"))?;
        Bound::new(refusal.py(), refusal.get().among(refusal.py(), &need))
    }

    /// Takes the tokens of all out of the query and the subprotocols.
    fn take_out(&self, scope: &Bound<'_, PyDict>) -> PyResult<()> {
        self.judges.take_out(scope)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.judges.visit(&visit)
    }
}
