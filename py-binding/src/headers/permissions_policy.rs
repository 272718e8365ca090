//! `permissions_policy={"camera": [], "fullscreen": ["self", "https://a.example"]}`, turned into the header's text.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyFrozenSet, PyMapping, PySet, PyString};

/// The text of a mapping from features to allowlists, which the core then reads as any other; `None` when it is something else.
pub(super) fn text_of(value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    let Ok(mapping) = value.cast::<PyMapping>() else { return Ok(None) };
    let mut members = Vec::new();
    for item in mapping.items()?.iter() {
        let (feature, allowlist): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        // What would end the name would begin an allowlist that nobody reads here.
        let name = feature.extract::<String>().ok().filter(|name| !name.contains(['=', ',', ';']));
        let Some(feature) = name else {
            return Err(PyTypeError::new_err("the name of a feature is a str without an allowlist, as \"camera\""));
        };
        members.push(format!("{feature}={}", allowlist_of(&feature, &allowlist)?));
    }
    Ok(Some(members.join(", ")))
}

fn allowlist_of(feature: &str, allowlist: &Bound<'_, PyAny>) -> PyResult<String> {
    let wrong = || {
        PyTypeError::new_err(format!(
            "{feature}: give the origins as a list of str, as [\"self\", \"https://a.example\"]; [] for nobody, \"*\" for all"
        ))
    };
    // A list that is sent must be the same in every process, and a set has no order.
    if allowlist.is_instance_of::<PySet>() || allowlist.is_instance_of::<PyFrozenSet>() {
        return Err(wrong());
    }
    let item = |item: &str| item_of(item).ok_or_else(wrong);
    if let Ok(one) = allowlist.cast::<PyString>() {
        return if is_none(one.to_str()?) { Ok("()".to_owned()) } else { item(one.to_str()?) };
    }
    let items = allowlist.try_iter().map_err(|_| wrong())?;
    let items = items.map(|item| item?.extract::<String>().map_err(|_| wrong())).collect::<PyResult<Vec<_>>>()?;
    if matches!(&*items, [only] if is_none(only)) {
        return Ok("()".to_owned());
    }
    Ok(format!("({})", items.iter().map(|text| item(text)).collect::<PyResult<Vec<_>>>()?.join(" ")))
}

/// As CSP, and so `NONE`, spells it, or without the quotes.
fn is_none(item: &str) -> bool {
    matches!(item, "'none'" | "none")
}

/// A word is a token and an origin a string (Permissions Policy, section 9.1).
fn item_of(item: &str) -> Option<String> {
    match item {
        "*" | "self" | "src" => Some(item.to_owned()),
        // As CSP, and so `SELF`, spells it.
        "'self'" => Some("self".to_owned()),
        // Nobody next to somebody is a mistake, and so is what would end the string.
        origin if is_none(origin) || origin.contains(['"', '\\']) => None,
        origin => Some(format!("\"{origin}\"")),
    }
}
