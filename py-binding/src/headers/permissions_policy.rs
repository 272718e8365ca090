//! `permissions_policy={"camera": [], "fullscreen": ["self", "https://a.example"]}`, turned into the header's text.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyFrozenSet, PyMapping, PySet, PyString};
use sallet_core::{self as core, UNCHECKED};

use super::content_security_policy::refused;
use crate::errors::policy_error;

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
        members.push(member(&feature, &allowlist_of(&feature, &allowlist)?)?);
    }
    Ok(Some(members.join(", ")))
}

/// A feature and its allowlist. Text that is unchecked in the allowlist makes a member of it that is unchecked; one, for what would
/// end it is unsafe.
fn member(feature: &str, allowlist: &Allowlist) -> PyResult<String> {
    if !allowlist.unchecked {
        return Ok(format!("{feature}={}", allowlist.text));
    }
    let member = format!("{UNCHECKED}{}={}", feature.strip_prefix(UNCHECKED).unwrap_or(feature), allowlist.text);
    match core::PermissionsPolicy::parse(&member).map(|policy| policy.features().count()) {
        Ok(1) => Ok(member),
        Ok(_) => Err(refused(format!(
            "{feature}: unchecked text holds a comma, which ends the feature: give each as a key of its own"
        ))),
        Err(error) => Err(policy_error(&format!("{feature}: {member:?}"), error)),
    }
}

struct Allowlist {
    text: String,
    unchecked: bool,
}

fn allowlist_of(feature: &str, allowlist: &Bound<'_, PyAny>) -> PyResult<Allowlist> {
    let wrong = || {
        PyTypeError::new_err(format!(
            "{feature}: give the origins as a list of str, as [\"self\", \"https://a.example\"]; [] for nobody, \"*\" for all"
        ))
    };
    // A list that is sent must be the same in every process, and a set has no order.
    if allowlist.is_instance_of::<PySet>() || allowlist.is_instance_of::<PyFrozenSet>() {
        return Err(wrong());
    }
    let item = |item: &str| match item.strip_prefix(UNCHECKED) {
        Some(text) => Ok(text.to_owned()),
        None => item_of(item).ok_or_else(wrong),
    };
    let is_unchecked = |item: &String| item.starts_with(UNCHECKED);
    let nobody = || Allowlist { text: "()".to_owned(), unchecked: false };
    if let Ok(one) = allowlist.cast::<PyString>() {
        let one = one.to_str()?.to_owned();
        return if is_none(&one) {
            Ok(nobody())
        } else {
            Ok(Allowlist { text: item(&one)?, unchecked: is_unchecked(&one) })
        };
    }
    let items = allowlist.try_iter().map_err(|_| wrong())?;
    let items = items.map(|item| item?.extract::<String>().map_err(|_| wrong())).collect::<PyResult<Vec<_>>>()?;
    if matches!(&*items, [only] if is_none(only)) {
        return Ok(nobody());
    }
    let text = format!("({})", items.iter().map(|text| item(text)).collect::<PyResult<Vec<_>>>()?.join(" "));
    Ok(Allowlist { text, unchecked: items.iter().any(is_unchecked) })
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
