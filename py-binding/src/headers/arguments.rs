//! What `SecurityHeadersMiddleware` is given, read and checked.

use super::SecurityHeaders;
use super::choice::{Choice, Https, PathPolicy, Policies};
use super::content_security_policy::refused;
use super::field_set::{Plan, Rules};
use crate::errors::policy_error;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyMapping, PyString};
use sallet_core::merge::{MergeRules, Precedence};
use sallet_core::paths::{ByPath, PathRule};
use sallet_core::{Scheme, removable};
use std::sync::Arc;

pub(super) fn policy<'a, 'py>(value: &'a Bound<'py, PyAny>, place: &str) -> PyResult<&'a Bound<'py, SecurityHeaders>> {
    value.cast::<SecurityHeaders>().map_err(|_| {
        // Its type alone: the value is the app's own business.
        let given = value.get_type().name().map_or_else(|_| String::new(), |name| format!(", not {name}"));
        PyTypeError::new_err(format!(
            "{place}: give a SecurityHeaders, as SecurityHeaders.STRICT or SecurityHeaders(…){given}"
        ))
    })
}

/// `headers=`: the app's policy, and the function that may have another opinion.
pub(super) fn read_headers(
    py: Python<'_>,
    headers: Option<&Bound<'_, PyAny>>,
    rules: &Arc<Rules>,
) -> PyResult<(Arc<Plan>, Option<Choice>)> {
    let strict = || Bound::new(py, SecurityHeaders::default_policy());
    match headers {
        None => Ok((Plan::new(&strict()?, rules)?, None)),
        Some(choose) if choose.is_callable() => {
            check_function(choose, "headers")?;
            let choice = Choice { choose: choose.clone().unbind(), place: "headers".to_owned(), is_of_given: false };
            Ok((Plan::new(&strict()?, rules)?, Some(choice)))
        }
        Some(headers) => Ok((Plan::new(policy(headers, "headers")?, rules)?, None)),
    }
}

pub(super) fn read_paths(paths: Option<&Bound<'_, PyAny>>, rules: &Arc<Rules>) -> PyResult<Policies> {
    let mut read = Vec::new();
    let wrong = "paths is a dict of rules and policies: write paths={\"/docs/*\": SecurityHeaders(…)}";
    let paths = paths.map(|paths| paths.cast::<PyMapping>().map_err(|_| PyTypeError::new_err(wrong))).transpose()?;
    for item in paths.map(|paths| paths.items()).transpose()?.iter().flatten() {
        let (rule, value): (String, Bound<'_, PyAny>) = item.extract()?;
        let place = format!("paths: {rule:?}");
        let rule = PathRule::parse(rule).map_err(|error| refused(format!("{place}: {error}")))?;
        let path_policy = if value.is_none() {
            // A setting that was not there, or a forgotten value: it must not take every header away.
            return Err(PyTypeError::new_err(format!(
                "{place}: None is no policy; no headers is SecurityHeaders.EMPTY"
            )));
        } else if value.is_callable() {
            check_function(&value, &place)?;
            let is_of_given = value.hasattr(intern!(value.py(), "changes_given_policies"))?;
            PathPolicy::Choice(Choice { choose: value.unbind(), place, is_of_given })
        } else {
            PathPolicy::Plan(Plan::new(policy(&value, &place)?, rules)?)
        };
        read.push((rule, path_policy));
    }
    Ok(ByPath::new(read.into_boxed_slice()))
}

/// Refuses what can be called and is surely a slip: the class itself, and what returns something to be awaited.
pub(super) fn check_function(choose: &Bound<'_, PyAny>, place: &str) -> PyResult<()> {
    let py = choose.py();
    if choose.is(py.get_type::<SecurityHeaders>()) {
        return Err(PyTypeError::new_err(format!(
            "{place}: SecurityHeaders is the class: write SecurityHeaders() or SecurityHeaders.STRICT"
        )));
    }
    if py.import(intern!(py, "sallet._coroutines"))?.call_method1(intern!(py, "is_async"), (choose,))?.is_truthy()? {
        return Err(PyTypeError::new_err(format!(
            "{place}: Sallet calls the function without awaiting it: write def instead of async def"
        )));
    }
    Ok(())
}

/// `https=`.
pub(super) fn read_https(https: Option<&Bound<'_, PyAny>>) -> PyResult<Https> {
    let Some(https) = https else { return Ok(Https::Scope) };
    if let Ok(https) = https.cast::<PyBool>() {
        return Ok(Https::Always(if https.is_true() { Scheme::Https } else { Scheme::Http }));
    }
    if https.is_callable() {
        check_function(https, "https")?;
        return Ok(Https::Choice(https.clone().unbind()));
    }
    Err(PyTypeError::new_err(format!(
        "https={}: give None (the scheme of the request decides), True, False, or a function of the ASGI scope that returns a bool",
        https.repr()?
    )))
}

/// `override=` and `remove=`.
pub(super) fn read_rules(overriding: Option<&Bound<'_, PyAny>>, remove: Option<&Bound<'_, PyAny>>) -> PyResult<Rules> {
    let precedence = overriding.map_or(Ok(Precedence::App), precedence)?;
    let removed = match remove {
        Some(remove) => removed(remove)?,
        None => MergeRules::REMOVED.iter().map(|&name| name.to_owned()).collect(),
    };
    Rules::try_new(precedence, removed).map_err(|error| policy_error("remove", error))
}

fn precedence(overriding: &Bound<'_, PyAny>) -> PyResult<Precedence> {
    if let Ok(overriding) = overriding.cast::<PyBool>() {
        return Ok(if overriding.is_true() { Precedence::Policy } else { Precedence::App });
    }
    match overriding.cast::<PyString>().ok().and_then(|text| text.to_str().ok()) {
        Some("add") => Ok(Precedence::Add),
        _ => Err(PyTypeError::new_err(format!(
            "override={}: give False (a header of the app's own wins), True (the policy's replaces it) or \"add\" (both \
             Content-Security-Policies are sent)",
            overriding.repr()?
        ))),
    }
}

fn removed(remove: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let wrong = || PyTypeError::new_err("remove: give the names of headers as a list of str, as [\"server\"]");
    if let Ok(name) = remove.cast::<PyString>() {
        return Err(PyTypeError::new_err(format!("remove is a list of header names: write remove=[\"{name}\"]")));
    }
    remove
        .try_iter()
        .map_err(|_| wrong())?
        .map(|name| {
            let name = name?.extract::<String>().map_err(|_| wrong())?.to_ascii_lowercase();
            removable(&name).map_err(|error| policy_error(&format!("remove: {name:?}"), error))?;
            Ok(name)
        })
        .collect()
}
