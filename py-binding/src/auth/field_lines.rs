//! Finding field lines in the header list of an ASGI scope.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use pyo3::{Borrowed, intern};
use sallet_core::auth::AuthRequest;

/// The lines of one field that matter: the first two, for a second is already one too many.
#[derive(Debug)]
pub(super) struct FieldLines<'py>([Option<Bound<'py, PyAny>>; 2]);

impl AuthRequest for FieldLines<'_> {
    fn method(&self) -> &str {
        ""
    }

    /// Their values. One that is not `bytes` breaks ASGI, and reads as a line that cannot be parsed.
    fn lines<'a>(&'a self, _: &str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().flatten().map(|value| value.cast::<PyBytes>().map_or(&b""[..], |bytes| bytes.as_bytes()))
    }
}

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

/// The lines of a field. ASGI promises names in lower case; a server that breaks the promise must not thereby hide a second
/// line.
pub(super) fn of_field<'py>(headers: &Bound<'py, PyAny>, field: &str) -> PyResult<FieldLines<'py>> {
    let mut lines = [None, None];
    each(headers, |name, value| {
        if name.eq_ignore_ascii_case(field.as_bytes()) {
            let free = usize::from(lines[0].is_some());
            lines[free] = Some(value()?);
        }
        Ok(())
    })?;
    Ok(FieldLines(lines))
}

/// Whether there are `Origin` and `Access-Control-Request-Method`, which make an OPTIONS request a preflight.
pub(super) fn preflight(headers: &Bound<'_, PyAny>) -> PyResult<(bool, bool)> {
    let (mut origin, mut method) = (false, false);
    each(headers, |name, _| {
        origin |= name.eq_ignore_ascii_case(b"origin");
        method |= name.eq_ignore_ascii_case(b"access-control-request-method");
        Ok(())
    })?;
    Ok((origin, method))
}

type Value<'a, 'py> = &'a dyn Fn() -> PyResult<Bound<'py, PyAny>>;

fn each<'py>(
    headers: &Bound<'py, PyAny>,
    mut visit: impl FnMut(&[u8], Value<'_, 'py>) -> PyResult<()>,
) -> PyResult<()> {
    if let Ok(list) = headers.cast::<PyList>() {
        for item in list {
            pair(item.as_borrowed(), &mut visit)?;
        }
    } else if let Ok(tuple) = headers.cast::<PyTuple>() {
        for item in tuple.iter_borrowed() {
            pair(item, &mut visit)?;
        }
    } else {
        for item in headers.try_iter()? {
            pair(item?.as_borrowed(), &mut visit)?;
        }
    }
    Ok(())
}

fn pair<'py>(
    item: Borrowed<'_, 'py, PyAny>,
    visit: &mut impl FnMut(&[u8], Value<'_, 'py>) -> PyResult<()>,
) -> PyResult<()> {
    if let Ok(tuple) = item.cast::<PyTuple>() {
        let name = tuple.get_borrowed_item(0)?;
        return match name.cast::<PyBytes>() {
            Ok(name) => visit(name.as_bytes(), &|| tuple.get_item(1)),
            Err(_) => Ok(()),
        };
    }
    match item.get_item(0)?.cast::<PyBytes>() {
        Ok(name) => visit(name.as_bytes(), &|| item.get_item(1)),
        Err(_) => Ok(()),
    }
}
