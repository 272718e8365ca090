//! Keeping a response off shared caches, because it is for one reader alone.

use super::exchange;
use super::merge::{bytes, part};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use sallet_core::merge::{PRIVATE, is_caching, lets_caches_share, made_private as joined};

/// Asks the layers of headers around to make the response private, and says whether there is one. It has to be they, who know
/// last what caches are told.
pub(crate) fn keep_for_one(scope: &Bound<'_, PyDict>) -> PyResult<bool> {
    let Some(sender) = exchange::of(scope)? else { return Ok(false) };
    sender.get().exchange().keep_for_one();
    Ok(true)
}

/// These headers, made private: lines that let shared caches in are changed, unless another line of `Cache-Control`, which
/// is one list with them, keeps caches off. A new list.
pub(crate) fn made_private<'py>(py: Python<'py>, headers: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    let mut caching = Vec::new();
    let mut said: Option<Vec<u8>> = None;
    for item in headers.map(|headers| headers.try_iter()).transpose()?.into_iter().flatten() {
        let item = item?;
        if let Some(name) = bytes(&part(&item, 0)?).map(|name| name.trim_ascii().to_vec())
            && is_caching(&name)
        {
            let value = part(&item, 1)?;
            let value = bytes(&value).unwrap_or_default().into_owned();
            if name.eq_ignore_ascii_case(PRIVATE.0.as_bytes()) {
                let said = said.get_or_insert_default();
                said.extend_from_slice(if said.is_empty() { b"" } else { b", " });
                said.extend_from_slice(&value);
            }
            caching.push((list.len(), name, value));
        }
        list.append(item)?;
    }
    let Some(said) = said else {
        list.append((PyBytes::new(py, PRIVATE.0.as_bytes()), PyBytes::new(py, PRIVATE.1.as_bytes())))?;
        return changed(list, caching, false);
    };
    let shares = lets_caches_share(PRIVATE.0.as_bytes(), &said);
    changed(list, caching, shares)
}

/// `shares`: the lines of `Cache-Control` together let shared caches in.
fn changed(
    list: Bound<'_, PyList>,
    caching: Vec<(usize, Vec<u8>, Vec<u8>)>,
    mut shares: bool,
) -> PyResult<Bound<'_, PyList>> {
    for (at, name, value) in caching {
        let is_to_change = if name.eq_ignore_ascii_case(PRIVATE.0.as_bytes()) {
            // One is enough, and it is in front of all others.
            std::mem::take(&mut shares)
        } else {
            lets_caches_share(&name, &value)
        };
        if is_to_change {
            let value = PyBytes::new(list.py(), &joined(&name, &value).concat());
            list.set_item(at, (part(&list.get_item(at)?, 0)?, value))?;
        }
    }
    Ok(list)
}
