//! What a layer has left off a 304, told to the layers around: what the stored page has stays.
//!
//! By way of the scope, which a middleware between two layers may have copied for the app inside; then nobody is told.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The names, in the scope of the request. A type of Sallet's own: no server or client can have put it there.
#[pyclass(frozen)]
#[derive(Debug)]
struct LeftOff(Vec<Vec<u8>>);

#[pymethods]
impl LeftOff {
    /// Itself: some middlewares copy a scope deeply.
    const fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }
}

/// Whether any layer has ever told; until then no response looks.
static TOLD: AtomicBool = AtomicBool::new(false);

/// What layers further in have left off this response.
pub(super) fn by_layers_inside(scope: &Bound<'_, PyDict>) -> PyResult<Option<Vec<Vec<u8>>>> {
    if !TOLD.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let told = scope.get_item(intern!(scope.py(), "sallet.left_off"))?;
    Ok(told.and_then(|told| Some(told.cast::<LeftOff>().ok()?.get().0.clone())))
}

/// `was_told`: layers further in have told something, which this takes the place of.
pub(super) fn tell_layers_around(scope: &Bound<'_, PyDict>, names: Vec<Vec<u8>>, was_told: bool) -> PyResult<()> {
    if names.is_empty() && !was_told {
        return Ok(());
    }
    TOLD.store(true, Ordering::Relaxed);
    scope.set_item(intern!(scope.py(), "sallet.left_off"), Bound::new(scope.py(), LeftOff(names))?)
}
