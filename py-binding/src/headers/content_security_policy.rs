//! `ContentSecurityPolicy` as a frozen Python value.
//!
//! It holds the policy's text, which the core wrote or checked; text is the one form that needs no lifetime.

use crate::errors::{PolicyError, policy_error};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict, PyMapping, PyString};
use sallet_core::{self as core, Directive, DirectiveName, Source, UrlSource};

/// A Content-Security-Policy: ``{"script-src": [SELF, "https://cdn.example"], "upgrade-insecure-requests": []}``, or its text.
#[pyclass(frozen, eq, hash, module = "sallet")]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ContentSecurityPolicy {
    text: String,
}

/// Directives as Python holds them: names, and the texts of their sources.
type Owned = Vec<(String, Vec<String>)>;

impl ContentSecurityPolicy {
    /// From a text that the core has written.
    pub(super) fn of_text(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    fn parsed(&self) -> core::ContentSecurityPolicy<'_> {
        core::ContentSecurityPolicy::parse(&self.text).expect("was checked when the object was made")
    }

    fn from_owned(directives: &Owned) -> PyResult<Self> {
        let lists = lists(directives)?;
        let directives = lists
            .iter()
            .map(|(name, sources)| {
                Directive::try_new(*name, sources).map_err(|error| policy_error(name.as_str(), error))
            })
            .collect::<PyResult<Vec<_>>>()?;
        let policy = core::ContentSecurityPolicy::try_new(&directives)
            .map_err(|error| policy_error("content_security_policy", error))?;
        Ok(Self { text: policy.to_string() })
    }

    fn from_text(text: &str) -> PyResult<Self> {
        match core::ContentSecurityPolicy::parse(text) {
            Ok(policy) => Ok(Self { text: policy.to_string() }),
            Err(error) => Err(policy_error(&format!("{text:?}"), error)),
        }
    }
}

/// Names and sources, read; they need not be directives yet.
fn lists(directives: &Owned) -> PyResult<Vec<(DirectiveName, Vec<Source<'_>>)>> {
    let mut lists = Vec::with_capacity(directives.len());
    for (name, sources) in directives {
        let parsed = DirectiveName::parse(name).map_err(|error| policy_error(&format!("{name:?}"), error))?;
        let sources = sources
            .iter()
            .map(|source| Source::parse(source).map_err(|error| policy_error(&format!("{name}: {source:?}"), error)));
        lists.push((parsed, sources.collect::<PyResult<_>>()?));
    }
    Ok(lists)
}

fn texts(directive: &Directive<'_>) -> Vec<String> {
    directive.sources().map(|source| source.as_str().to_owned()).collect()
}

/// A mapping of directive names to one source or several.
fn read_mapping(mapping: &Bound<'_, PyMapping>) -> PyResult<Owned> {
    let mut owned = Owned::new();
    for item in mapping.items()?.iter() {
        let (name, sources): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let Ok(name) = name.extract::<String>() else {
            return Err(PyTypeError::new_err("a directive's name is a str, as \"script-src\""));
        };
        // A str is iterable too, and its characters are not what was meant.
        let sources = if let Ok(source) = sources.cast::<PyString>() {
            vec![source.to_string()]
        } else {
            sources.extract::<Vec<String>>().or_else(|_| sources.try_iter().and_then(|items| {
                items.map(|item| item?.extract::<String>()).collect()
            })).map_err(|_| {
                PyTypeError::new_err(format!(
                    "{name}: give the sources as a list of str, as [SELF, \"https://cdn.example\"]; [] for a directive without a value"
                ))
            })?
        };
        owned.push((name, sources));
    }
    Ok(owned)
}

#[pymethods]
impl ContentSecurityPolicy {
    #[new]
    #[pyo3(signature = (directives = None, **keywords), text_signature = "(directives)")]
    fn new(directives: Option<&Bound<'_, PyAny>>, keywords: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let keyword = keywords.and_then(|keywords| keywords.keys().iter().next()).map(|name| name.to_string());
        let (Some(directives), None) = (directives, &keyword) else {
            let name = keyword.map_or_else(|| "default-src".to_owned(), |name| name.replace('_', "-"));
            return Err(PyTypeError::new_err(format!(
                "directives are not keywords: write ContentSecurityPolicy({{\"{name}\": [SELF]}})"
            )));
        };
        if let Ok(text) = directives.cast::<PyString>() {
            return Self::from_text(text.to_str()?);
        }
        match directives.cast::<PyMapping>() {
            Ok(mapping) => Self::from_owned(&read_mapping(mapping)?),
            Err(_) => Err(PyTypeError::new_err(
                "give the directives as a dict, as {\"default-src\": [SELF]}, or as the header's text",
            )),
        }
    }

    /// That of the preset `SecurityHeaders.STRICT`, to extend.
    #[classattr]
    #[pyo3(name = "STRICT")]
    fn strict() -> Self {
        Self { text: core::ContentSecurityPolicy::STRICT.to_string() }
    }

    /// The directives and their sources, as a new dict.
    #[getter]
    fn directives<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.parsed().directives().map(|directive| (directive.name().as_str(), texts(&directive))).into_py_dict(py)
    }

    /// A policy that allows more: the sources are added to those that rule today.
    ///
    /// A directive that is absent first copies the one it falls back to, so nothing that was allowed is lost; ``'none'``
    /// gives way to the first source. What no directive rules is allowed already, and stays so.
    fn extend(&self, directives: &Bound<'_, PyMapping>) -> PyResult<Self> {
        let added = read_mapping(directives)?;
        let added = lists(&added)?;
        let added: Vec<_> = added.iter().map(|(name, sources)| (*name, sources.as_slice())).collect();
        let extended = self.parsed().extended(&added);
        let mut buf = vec![0; extended.text_len()];
        match extended.write(&mut buf) {
            Ok(policy) => Ok(Self { text: policy.to_string() }),
            Err(error) => Err(refused(format!("extend: {error}"))),
        }
    }

    fn __str__(&self) -> &str {
        &self.text
    }

    fn __repr__(&self) -> String {
        format!("ContentSecurityPolicy({:?})", self.text)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((slf.get_type().into_any(), (slf.get().text.clone(),)))
    }
}

/// The header's value from a `ContentSecurityPolicy` or its directives, or `None` when `value` is something else.
pub(super) fn text_of(value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if let Ok(mapping) = value.cast::<PyMapping>() {
        return ContentSecurityPolicy::from_owned(&read_mapping(mapping)?).map(|policy| Some(policy.text));
    }
    Ok(value.cast::<ContentSecurityPolicy>().ok().map(|policy| policy.get().text.clone()))
}

/// For errors that concern the argument as a whole.
pub(super) fn refused(message: impl Into<String>) -> PyErr {
    PolicyError::new_err(message.into())
}

/// The narrowest CSP source for a URL of a page; ``None`` where CSP has none.
#[pyfunction]
pub(super) fn url_source(url: &str) -> Option<String> {
    UrlSource::of(url).map(|source| source.to_string())
}

/// The CSP source for all of a URL's origin; ``None`` where CSP has none.
#[pyfunction]
pub(super) fn url_origin(url: &str) -> Option<String> {
    UrlSource::origin_of(url).map(|source| source.to_string())
}
