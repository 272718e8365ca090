//! Joining the app's own headers with the policy's.

use super::plan::FieldSet;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PySequence, PyTuple};
use sallet_core::{Nonce, forbids_sharing};

/// Who wins, and what goes.
#[derive(Debug)]
pub(super) struct Rules {
    /// The policy's header replaces the app's.
    pub(super) overriding: bool,
    /// Names of headers, in lower case, that the app may not send.
    pub(super) remove: Vec<Vec<u8>>,
}

/// What the app's own headers have to do with the policy.
#[derive(Default)]
struct Survey {
    /// Bit n: the app sent the policy's field n itself.
    own: u128,
    /// Positions in the app's list that are to go.
    dropped: Vec<usize>,
    /// The app ruled caching in a way that lets shared caches keep a nonce.
    shared: bool,
}

/// A new list: the app's headers in order, less what is removed, then the policy's. The app's own list, whatever iterable
/// it is, stays as it was.
pub(super) fn merge<'py>(
    headers: &Bound<'py, PyAny>,
    set: &FieldSet,
    nonce: Option<&Nonce>,
    rules: &Rules,
) -> PyResult<Bound<'py, PyAny>> {
    let py = headers.py();
    let own = match headers.cast_exact::<PyList>() {
        Ok(list) => list.clone(),
        // A tuple or a generator; a generator can be read only once.
        Err(_) => headers.try_iter()?.collect::<PyResult<Vec<_>>>().and_then(|items| PyList::new(py, items))?,
    };
    let survey = survey(&own, set, rules)?;
    if survey.own == 0
        && survey.dropped.is_empty()
        && let Some(pairs) = &set.pairs
    {
        // One allocation of the right size.
        return Ok(own.as_sequence().concat(pairs.bind(py).cast::<PySequence>()?)?.into_any());
    }
    let merged = PyList::empty(py);
    for (at, item) in own.iter().enumerate() {
        if !survey.dropped.contains(&at) {
            merged.append(item)?;
        }
    }
    for (at, field) in set.fields.iter().enumerate() {
        if rules.overriding || survey.own & (1 << at) == 0 {
            merged.append(field.pair(py, nonce)?)?;
        }
    }
    if nonce.is_some() && survey.shared && !rules.overriding {
        // A second line joins the app's list, and caches obey the strictest directive (RFC 9111, section 4.2.1).
        merged.append((PyBytes::new(py, b"cache-control"), PyBytes::new(py, b"private")))?;
    }
    Ok(merged.into_any())
}

fn survey(own: &Bound<'_, PyList>, set: &FieldSet, rules: &Rules) -> PyResult<Survey> {
    let mut survey = Survey::default();
    for (at, item) in own.iter().enumerate() {
        let name = match item.cast_exact::<PyTuple>() {
            Ok(pair) => pair.get_item(0)?,
            Err(_) => item.get_item(0)?,
        };
        // Whatever is no bytes is for the server to refuse.
        let Ok(name) = name.cast::<PyBytes>() else { continue };
        let name = name.as_bytes();
        if rules.remove.iter().any(|removed| removed.eq_ignore_ascii_case(name)) {
            survey.dropped.push(at);
        } else if let Some(field) = set.position(name) {
            survey.own |= 1 << field;
            if rules.overriding {
                survey.dropped.push(at);
            }
        }
        if set.needs_nonce() && name.eq_ignore_ascii_case(b"cache-control") {
            let value = item.get_item(1)?;
            let text = value.cast::<PyBytes>().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            survey.shared |= !text.is_ok_and(|text| forbids_sharing(&text));
        }
    }
    Ok(survey)
}
