//! Scopes as Python writes them, a list of `str`, and as the core takes them, one string.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyMapping, PyString, PyTuple};
use sallet_core::auth::Scopes;

/// Reads a list of scopes into the core's form; `refuse` makes the exception for one that is no scope.
pub(super) fn read(scopes: Option<&Bound<'_, PyAny>>, refuse: impl Fn(&str) -> PyErr) -> PyResult<Scopes<String>> {
    join(scopes, String::new(), refuse)
}

/// The scopes of `joined`, and those of the list that are not among them.
pub(super) fn with(
    joined: Scopes<&str>,
    scopes: Option<&Bound<'_, PyAny>>,
    refuse: impl Fn(&str) -> PyErr,
) -> PyResult<Scopes<String>> {
    join(scopes, joined.as_str().to_owned(), refuse)
}

fn join(
    scopes: Option<&Bound<'_, PyAny>>,
    mut joined: String,
    refuse: impl Fn(&str) -> PyErr,
) -> PyResult<Scopes<String>> {
    let checked = |joined| Scopes::parse(joined).map_err(|why| refuse(why.message()));
    let Some(scopes) = scopes else { return checked(joined) };
    let wrong = || PyTypeError::new_err("scopes is a list of str: write scopes=[\"items:read\"]");
    if scopes.is_instance_of::<PyString>() || scopes.cast::<PyMapping>().is_ok() {
        // list("admin") would be five scopes of one letter, and of {"admin": False} the keys alone would count.
        return Err(wrong());
    }
    for scope in scopes.try_iter().map_err(|_| wrong())? {
        let scope = scope?;
        let scope = scope.cast::<PyString>().map_err(|_| wrong())?.to_str()?;
        if scope.is_empty() || scope.contains(' ') {
            return Err(refuse("a scope has at least one character and no space: write one list item for each scope"));
        }
        if joined.split(' ').any(|one| one == scope) {
            continue;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(scope);
    }
    checked(joined)
}

/// What a key is good for. A list that cannot be read grants nothing: no key of a ring has one.
pub(super) fn granted(scopes: &str) -> Scopes<&str> {
    Scopes::parse(scopes).unwrap_or(Scopes::EMPTY)
}

pub(super) fn to_tuple<'py>(py: Python<'py>, scopes: Scopes<&str>) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, scopes.iter().collect::<Vec<_>>())
}

/// What a user says about his scopes: the attribute `scopes`, or the key `"scopes"` of a mapping. A string is
/// split at spaces alone, as OAuth writes scopes (RFC 6749 section 3.3). What is no `str` grants nothing.
pub(super) fn of_user(user: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let py = user.py();
    let name = intern!(py, "scopes");
    let scopes = if let Some(scopes) = user.getattr_opt(name)? {
        scopes
    } else if let Ok(mapping) = user.cast::<PyMapping>()
        && mapping.contains(name)?
    {
        mapping.get_item(name)?
    } else {
        return claim_of(user);
    };
    if let Ok(text) = scopes.cast::<PyString>() {
        return split(text);
    }
    // Of {"admin": False} the keys alone would say that he is one.
    if scopes.cast::<PyMapping>().is_ok() {
        return Err(PyTypeError::new_err("the user's scopes are a mapping: make them a list of str"));
    }
    let Ok(items) = scopes.try_iter() else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for item in items {
        if let Ok(text) = item?.cast::<PyString>() {
            all.push(text.to_str()?.to_owned());
        }
    }
    Ok(all)
}

/// The claim `scope` of a JWT, which is one string (RFC 8693 section 4.2). What else is called so grants nothing.
fn claim_of(user: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let name = intern!(user.py(), "scope");
    let Ok(mapping) = user.cast::<PyMapping>() else { return Ok(Vec::new()) };
    if !mapping.contains(name)? {
        return Ok(Vec::new());
    }
    let claim = mapping.get_item(name)?;
    claim.cast::<PyString>().map_or_else(|_| Ok(Vec::new()), split)
}

fn split(text: &Bound<'_, PyString>) -> PyResult<Vec<String>> {
    Ok(text.to_str()?.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
}

/// Whether a user has each of these scopes. They are not even asked when there is none.
pub(super) fn user_has(user: &Bound<'_, PyAny>, required: Scopes<&str>) -> PyResult<bool> {
    if required.is_empty() {
        return Ok(true);
    }
    let granted = of_user(user)?;
    Ok(required.iter().all(|scope| granted.iter().any(|one| one == scope)))
}
