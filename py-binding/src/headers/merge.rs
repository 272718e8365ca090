//! Joining the app's own headers with the policy's, as the core decides.

use std::borrow::Cow;

use super::field_set::{FieldSet, Rules};
use super::{left_off, nonce as request_nonce};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PySequence, PyTuple};
use sallet_core::Nonce;
use sallet_core::merge::{Merge, Own, PRIVATE};

/// A new list: the app's headers in order, less what goes, then the policy's. The app's own list, whatever iterable it is,
/// stays as it was. `status` is asked where it matters.
pub(super) fn merge<'py>(
    headers: &Bound<'py, PyAny>,
    status: impl FnOnce() -> PyResult<u16>,
    set: &FieldSet,
    nonce: Option<&Nonce>,
    rules: &Rules,
    scope: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = headers.py();
    let left_off = left_off::by_layers_inside(scope)?;
    let own = match headers.cast_exact::<PyList>() {
        Ok(list) => {
            if let (Some(pairs), None) = (&set.pairs, &left_off)
                && is_unwatched(list, set, rules)
            {
                // One allocation of the right size.
                return Ok(list.as_sequence().concat(pairs.bind(py).cast::<PySequence>()?)?.into_any());
            }
            list.clone()
        }
        // A tuple or a generator; a generator can be read only once.
        Err(_) => headers.try_iter()?.collect::<PyResult<Vec<_>>>().and_then(|items| PyList::new(py, items))?,
    };
    let has_nonce = nonce.is_none() && request_nonce::is_drawn(scope)?;
    let mut merge = Merge::new(set, rules, status()?).beside_nonce(has_nonce);
    let (mut dropped, mut private) = (Vec::new(), Vec::new());
    for (at, item) in own.iter().enumerate() {
        let name = match item.cast_exact::<PyTuple>() {
            Ok(pair) => pair.get_item(0)?,
            Err(_) => item.get_item(0)?,
        };
        // What is no bytes at all is for the server to refuse.
        let Some(text) = bytes(&name).filter(|text| set.may_matter(text)) else { continue };
        let value = item.get_item(1).ok();
        match merge.own(text.trim_ascii(), &value.as_ref().and_then(bytes).unwrap_or_default()) {
            Own::Keep => {}
            Own::KeepPrivate => private.push(name),
            Own::Drop => dropped.push(at),
        }
    }
    let was_told = left_off.is_some();
    let mut left_off = left_off.unwrap_or_default();
    left_off.retain(|name| merge.left_off(name));
    let merged = own.get_slice(0, own.len());
    for &at in dropped.iter().rev() {
        merged.del_item(at)?;
    }
    for at in merge.additions() {
        merged.append(set.fields[at].pair(py, nonce)?)?;
    }
    if merge.is_private() {
        private.push(PyBytes::new(py, PRIVATE.0.as_bytes()).into_any());
    }
    for name in private {
        merged.append((name, PyBytes::new(py, PRIVATE.1.as_bytes())))?;
    }
    left_off.extend(merge.leaves_off().map(|at| set.fields[at].name().to_vec()));
    left_off::tell_layers_around(scope, left_off, was_told)?;
    Ok(merged.into_any())
}

/// Whether no header of the app can matter, so that the policy's are simply added. Unusual shapes count as if they could.
fn is_unwatched(own: &Bound<'_, PyList>, set: &FieldSet, rules: &Rules) -> bool {
    own.iter().all(|item| {
        item.cast_exact::<PyTuple>().is_ok_and(|pair| {
            pair.get_borrowed_item(0)
                .is_ok_and(|name| name.cast_exact::<PyBytes>().is_ok_and(|name| !set.watches(name.as_bytes(), rules)))
        })
    })
}

/// Bytes, or a bytearray, which some servers take.
fn bytes<'a>(value: &'a Bound<'_, PyAny>) -> Option<Cow<'a, [u8]>> {
    match value.cast::<PyBytes>() {
        Ok(bytes) => Some(Cow::Borrowed(bytes.as_bytes())),
        Err(_) => value.extract().ok().map(Cow::Owned),
    }
}
