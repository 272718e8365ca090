//! What else a scheme can be told: its word, where its credentials are, how long they may be.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyString};
use sallet_core::auth::{AuthScheme, PlaceName, Requirement, ResourceMetadata};

use crate::errors;

/// The requirement with the options that its class in Python takes; one that is `None` was not given.
pub(super) fn with(
    need: Requirement<&str>,
    options: &Bound<'_, PyDict>,
    by_function: bool,
) -> PyResult<Requirement<String>> {
    let (word, header) = (text(options, "scheme", "Token")?, text(options, "header", "X-API-Key")?);
    let (subprotocol, query) =
        (text(options, "websocket_subprotocol", "bearer")?, text(options, "query", "access_token")?);
    let url = text(options, "resource_metadata", "https://api.example/.well-known/oauth-protected-resource")?;
    let mut need = need;
    if let Some(word) = &word {
        need = need.by_word(place("scheme", word)?);
        let basic = AuthScheme::Basic.name();
        if need.scheme() != AuthScheme::Basic && need.word().eq_ignore_ascii_case(basic) {
            // Browsers send it by themselves, and nobody would look from which site.
            return Err(errors::policy("scheme: Basic is a scheme of its own: write Basic(...) from sallet"));
        }
    }
    if let Some(header) = &header {
        need = need.in_field(place("header", header)?);
    }
    if let Some(name) = &subprotocol {
        need = need.in_subprotocol(place("websocket_subprotocol", name)?);
    }
    if let Some(name) = &query {
        need = need.in_query(place("query", name)?);
    }
    if let Some(url) = &url {
        need = need.resource_metadata(
            ResourceMetadata::parse(url.to_str()?).map_err(|error| errors::policy(error.message()))?,
        );
    }
    if let Some(length) = given(options, "max_length")? {
        need = need.with_max_length(max_length(&length, by_function)?);
    }
    if let Some(allowed) = given(options, "cross_site")? {
        let allowed = allowed.cast::<PyBool>().map_err(|_| PyTypeError::new_err("cross_site is True or False"))?;
        need = need.cross_site(allowed.is_true());
    }
    Ok(need.owned())
}

fn given<'py>(options: &Bound<'py, PyDict>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    Ok(options.get_item(name)?.filter(|value| !value.is_none()))
}

// The values are not shown: one may be a token that was put in the wrong place.
fn text<'py>(options: &Bound<'py, PyDict>, name: &str, example: &str) -> PyResult<Option<Bound<'py, PyString>>> {
    let text = given(options, name)?.map(|value| value.cast_into::<PyString>().map_err(PyErr::from));
    text.transpose().map_err(|_| PyTypeError::new_err(format!("{name} is a str: write {name}=\"{example}\"")))
}

fn place<'a>(option: &str, name: &'a Bound<'_, PyString>) -> PyResult<PlaceName<&'a str>> {
    PlaceName::parse(name.to_str()?).map_err(|error| errors::policy(&format!("{option}: {}", error.message())))
}

fn max_length(length: &Bound<'_, PyAny>, by_function: bool) -> PyResult<usize> {
    if !by_function {
        return Err(PyTypeError::new_err(
            "max_length is for what authenticate= reads, such as a JWT: the tokens of a keyring are short, so leave it out",
        ));
    }
    let length = length.cast::<PyInt>().ok().filter(|length| !length.is_instance_of::<PyBool>());
    let length = length.and_then(|length| length.extract().ok()).filter(|&length| length > 0);
    length.ok_or_else(|| PyTypeError::new_err("max_length is a number of bytes above 0: write max_length=16384"))
}
