//! Joining the app's own headers with the policy's.

use super::plan::FieldSet;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PySequence, PyTuple};
use sallet_core::{Nonce, allows_sharing};

/// Who wins, and what goes.
#[derive(Debug)]
pub(super) struct Rules {
    /// The policy's header replaces the app's.
    pub(super) overriding: bool,
    /// Names of headers, in lower case, that the app may not send.
    pub(super) remove: Vec<Vec<u8>>,
}

impl Rules {
    pub(super) fn removes(&self, name: &[u8]) -> bool {
        self.remove.iter().any(|removed| removed.eq_ignore_ascii_case(name))
    }
}

/// What the app's own headers have to do with the policy.
#[derive(Default)]
struct Survey {
    /// Bit n: the app sent the policy's field n itself.
    own: u128,
    /// Positions in the app's list that are to go.
    dropped: Vec<usize>,
    /// The app's own `Cache-Control` values, where a nonce makes them matter.
    cache_control: Vec<Vec<u8>>,
}

/// A new list: the app's headers in order, less what is removed, then the policy's. The app's own list, whatever iterable
/// it is, stays as it was. Without a nonce the fields that need one are left off.
pub(super) fn merge<'py>(
    headers: &Bound<'py, PyAny>,
    set: &FieldSet,
    nonce: Option<&Nonce>,
    rules: &Rules,
) -> PyResult<Bound<'py, PyAny>> {
    let py = headers.py();
    let own = match headers.cast_exact::<PyList>() {
        Ok(list) => {
            if let Some(pairs) = &set.pairs
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
    let survey = survey(&own, set, rules)?;
    let merged = own.get_slice(0, own.len());
    for &at in survey.dropped.iter().rev() {
        merged.del_item(at)?;
    }
    for (at, field) in set.fields.iter().enumerate() {
        if (rules.overriding || survey.own & (1 << at) == 0)
            && let Some(pair) = field.pair(py, nonce)?
        {
            merged.append(pair)?;
        }
    }
    if allows_sharing(survey.cache_control.iter().map(Vec::as_slice)) {
        merged.append((PyBytes::new(py, b"cache-control"), PyBytes::new(py, b"private")))?;
    }
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

fn survey(own: &Bound<'_, PyList>, set: &FieldSet, rules: &Rules) -> PyResult<Survey> {
    let mut survey = Survey::default();
    for (at, item) in own.iter().enumerate() {
        let name = match item.cast_exact::<PyTuple>() {
            Ok(pair) => pair.get_item(0)?,
            Err(_) => item.get_item(0)?,
        };
        let owned;
        let name = match name.cast::<PyBytes>() {
            Ok(name) => name.as_bytes(),
            // A bytearray, which some servers take; what is no bytes at all is for the server to refuse.
            Err(_) => match name.extract::<Vec<u8>>() {
                Ok(bytes) => {
                    owned = bytes;
                    &owned
                }
                Err(_) => continue,
            },
        };
        if !set.may_matter(name) {
            continue;
        }
        // Some servers send such a name without its blanks.
        let name = name.trim_ascii();
        if rules.removes(name) {
            survey.dropped.push(at);
        } else if let Some(field) = set.position(name) {
            survey.own |= 1 << field;
            if rules.overriding {
                survey.dropped.push(at);
            }
        }
        if set.needs_nonce()
            && !rules.overriding
            && name.eq_ignore_ascii_case(b"cache-control")
            && survey.dropped.last() != Some(&at)
            && let Ok(value) = item.get_item(1)?.extract()
        {
            survey.cache_control.push(value);
        }
    }
    Ok(survey)
}
