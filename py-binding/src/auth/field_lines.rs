//! The field lines in the header list of an ASGI scope.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use pyo3::{Borrowed, intern};

/// The scope's headers as something that can be read twice. The app must still find them all, so what can only be
/// read once is replaced by a list.
pub(super) fn of_scope<'py>(scope: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
    let py = scope.py();
    let key = intern!(py, "headers");
    let Some(headers) = scope.get_item(key)? else { return Ok(PyList::empty(py).into_any()) };
    if headers.is_instance_of::<PyList>() || headers.is_instance_of::<PyTuple>() {
        return Ok(headers);
    }
    let list = PyList::empty(py);
    for item in headers.try_iter()? {
        list.append(item?)?;
    }
    scope.set_item(key, &list)?;
    Ok(list.into_any())
}

/// Whether there are `Origin` and `Access-Control-Request-Method`, which make an OPTIONS request a preflight.
pub(super) fn preflight(headers: &Bound<'_, PyAny>) -> PyResult<(bool, bool)> {
    let (mut origin, mut method) = (false, false);
    each(headers, |name, _| {
        origin |= name.as_bytes().eq_ignore_ascii_case(b"origin");
        method |= name.as_bytes().eq_ignore_ascii_case(b"access-control-request-method");
        Ok(())
    })?;
    Ok((origin, method))
}

type Value<'a, 'py> = &'a dyn Fn() -> PyResult<Bound<'py, PyAny>>;

/// Each name of a list as [`of_scope`] gives it, and how to get its value. What has no name in `bytes` is nobody's field.
pub(super) fn each<'py>(
    headers: &Bound<'py, PyAny>,
    mut visit: impl FnMut(Borrowed<'_, 'py, PyBytes>, Value<'_, 'py>) -> PyResult<()>,
) -> PyResult<()> {
    if let Ok(list) = headers.cast::<PyList>() {
        for item in list {
            pair(item.as_borrowed(), &mut visit)?;
        }
    } else if let Ok(tuple) = headers.cast::<PyTuple>() {
        for item in tuple.iter_borrowed() {
            pair(item, &mut visit)?;
        }
    }
    Ok(())
}

fn pair<'py>(
    item: Borrowed<'_, 'py, PyAny>,
    visit: &mut impl FnMut(Borrowed<'_, 'py, PyBytes>, Value<'_, 'py>) -> PyResult<()>,
) -> PyResult<()> {
    if let Ok(tuple) = item.cast::<PyTuple>() {
        let name = tuple.get_borrowed_item(0)?;
        return match name.cast::<PyBytes>() {
            Ok(name) => visit(name, &|| tuple.get_item(1)),
            Err(_) => Ok(()),
        };
    }
    match item.get_item(0)?.cast::<PyBytes>() {
        Ok(name) => visit(name.as_borrowed(), &|| item.get_item(1)),
        Err(_) => Ok(()),
    }
}
