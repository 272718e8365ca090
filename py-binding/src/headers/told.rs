//! What a layer tells the layers around: which fields it has left off a 304, and which policies it has sent.
//!
//! By way of the scope, which a middleware between two layers may have copied for the app inside; then nobody is told.

use super::merge::Told;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// In the scope of the request. A type of Sallet's own: no server or client can have put it there.
#[pyclass(frozen)]
#[derive(Debug)]
struct Message(Told);

#[pymethods]
impl Message {
    /// Itself: some middlewares copy a scope deeply.
    const fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }
}

pub(super) fn by_layers_inside(scope: &Bound<'_, PyDict>) -> PyResult<Told> {
    let told = scope.get_item(intern!(scope.py(), "sallet.told"))?;
    Ok(told.and_then(|told| Some(told.cast::<Message>().ok()?.get().0.clone())).unwrap_or_default())
}

pub(super) fn tell_layers_around(scope: &Bound<'_, PyDict>, told: Told) -> PyResult<()> {
    scope.set_item(intern!(scope.py(), "sallet.told"), Bound::new(scope.py(), Message(told))?)
}
