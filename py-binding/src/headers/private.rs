//! Keeping shared caches off a response, because it is for one client alone.

use super::exchange;
use super::merge::{bytes, part};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use sallet_core::merge::{ForOne, PRIVATE, Privacy, is_caching, made_private as joined};

/// Asks the layers of headers around to make the response private, and says whether there is one. It has to be they, who know
/// last what caches are told.
pub(crate) fn keep_for_one(scope: &Bound<'_, PyDict>, privacy: Privacy) -> PyResult<bool> {
    let Some(sender) = exchange::of(scope)? else { return Ok(false) };
    sender.get().exchange().keep_for_one(privacy);
    Ok(true)
}

/// These headers, made private. A new list.
pub(crate) fn made_private<'py>(
    py: Python<'py>,
    headers: Option<Bound<'py, PyAny>>,
    privacy: Privacy,
) -> PyResult<Bound<'py, PyList>> {
    let list = match headers {
        None => PyList::empty(py),
        Some(headers) => match headers.cast_exact::<PyList>() {
            Ok(list) => list.get_slice(0, list.len()),
            Err(_) => headers.try_iter()?.collect::<PyResult<Vec<_>>>().and_then(|items| PyList::new(py, items))?,
        },
    };
    make_private(&list, privacy)?;
    Ok(list)
}

/// Makes private what a layer has put together, as the core decides.
pub(super) fn make_private(list: &Bound<'_, PyList>, privacy: Privacy) -> PyResult<()> {
    let py = list.py();
    let (mut for_one, mut shared) = (ForOne::new(privacy), Vec::new());
    for (at, item) in list.iter().enumerate() {
        let name = part(&item, 0)?;
        let Some(name) = bytes(&name) else { continue };
        let name = name.trim_ascii();
        if is_caching(name) {
            let value = part(&item, 1)?;
            let value = bytes(&value).unwrap_or_default();
            if for_one.line(name, &value) {
                shared.push((at, name.to_vec(), value.into_owned()));
            }
        }
    }
    for (at, name, value) in shared {
        if for_one.makes_private(&name) {
            let value = PyBytes::new(py, &joined(&name, &value).concat());
            list.set_item(at, (part(&list.get_item(at)?, 0)?, value))?;
        }
    }
    if for_one.adds_private() { list.append(private(py)?) } else { Ok(()) }
}

/// The pair, which is always the same.
fn private(py: Python<'_>) -> PyResult<&Bound<'_, PyTuple>> {
    static PAIR: PyOnceLock<Py<PyTuple>> = PyOnceLock::new();
    let pair = || Ok(PyTuple::new(py, [PRIVATE.0, PRIVATE.1].map(|text| PyBytes::new(py, text.as_bytes())))?.unbind());
    PAIR.get_or_try_init(py, pair).map(|pair| pair.bind(py))
}
