//! Credentials that are taken out of the scope once they were judged (`hide=True`).
//!
//! Error trackers and loggers around the guard, and the app inside, find the field no more. A scheme inside still does: another
//! guard or a dependency must come to the verdict that it would have come to without.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use super::field_lines;
use crate::errors;

/// The lines that are hidden. Nothing in Python reads them.
#[pyclass(frozen, module = "sallet")]
pub(super) struct Hidden(Vec<(Py<PyBytes>, Py<PyAny>)>);

impl core::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(REPR)
    }
}

const REPR: &str = "<hidden credentials>";

#[pymethods]
impl Hidden {
    /// It is its own copy: middleware inside may copy the whole scope, as hypercorn's does.
    const fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    const fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        REPR
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        Err(errors::no_pickle("A scope with hidden credentials", "take out its sallet.hidden"))
    }
}

/// Takes the lines of these fields out of the scope.
///
/// Out of the very list where there is one: it belongs to the request, and whoever has looked at it already, as `request.headers` of
/// a middleware around, shows what is in it now.
pub(super) fn hide(scope: &Bound<'_, PyDict>, is_hidden: impl Fn(&[u8]) -> bool) -> PyResult<()> {
    let py = scope.py();
    let headers = field_lines::of_scope(scope)?;
    let mut lines = Vec::new();
    field_lines::each(&headers, |name, value| {
        if is_hidden(name.as_bytes()) {
            lines.push((name.to_owned().unbind(), value()?.unbind()));
        }
        Ok(())
    })?;
    if lines.is_empty() {
        return Ok(());
    }
    let left = PyList::empty(py);
    for item in headers.try_iter()? {
        let item = item?;
        if !item.get_item(0)?.cast::<PyBytes>().is_ok_and(|name| is_hidden(name.as_bytes())) {
            left.append(item)?;
        }
    }
    if let Ok(list) = headers.cast::<PyList>() {
        list.set_slice(0, list.len(), &left)?;
    } else if headers.is_instance_of::<PyTuple>() {
        scope.set_item(intern!(py, "headers"), left)?;
    } else {
        return Err(PyTypeError::new_err("the headers of an ASGI scope are a list of pairs"));
    }
    each(scope, |name, value| {
        lines.push((name.clone_ref(py), value.clone_ref(py)));
        Ok(())
    })?;
    scope.set_item(intern!(py, "sallet.hidden"), Bound::new(py, Hidden(lines))?)
}

/// Each line that a guard further out has hidden.
pub(super) fn each(
    scope: &Bound<'_, PyDict>,
    mut visit: impl FnMut(&Py<PyBytes>, &Py<PyAny>) -> PyResult<()>,
) -> PyResult<()> {
    let Some(hidden) = scope.get_item(intern!(scope.py(), "sallet.hidden"))? else { return Ok(()) };
    let Ok(hidden) = hidden.cast::<Hidden>() else { return Ok(()) };
    hidden.get().0.iter().try_for_each(|(name, value)| visit(name, value))
}
