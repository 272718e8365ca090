//! `ContentSecurityPolicy` as a frozen Python value.
//!
//! It holds the policy's text, which the core wrote or checked; text is the one form that needs no lifetime.

use crate::errors::{PolicyError, policy_error};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};
use sallet_core::{self as core, Directive, DirectiveName, Source};

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
        let mut lists = Vec::with_capacity(directives.len());
        for (name, sources) in directives {
            let name_value = DirectiveName::parse(name).map_err(|error| policy_error(&format!("{name:?}"), error))?;
            let sources = sources
                .iter()
                .map(|source| {
                    Source::parse(source).map_err(|error| policy_error(&format!("{name}: {source:?}"), error))
                })
                .collect::<PyResult<Vec<_>>>()?;
            lists.push((name_value, sources));
        }
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

    fn to_owned_lists(&self) -> Owned {
        self.parsed().directives().map(|directive| (directive.name().as_str().to_owned(), texts(&directive))).collect()
    }
}

fn texts(directive: &Directive<'_>) -> Vec<String> {
    directive.sources().map(|source| source.as_str().to_owned()).collect()
}

/// The sources of `from` as `name` inherits them: a nonce, say, is for scripts, and no source of a worker or an image.
fn inheritable(name: DirectiveName, from: &Directive<'_>) -> Vec<String> {
    let sources: Vec<_> = from.sources().collect();
    if Directive::try_new(name, &sources).is_ok() {
        return texts(from);
    }
    let taken = |source: &&Source<'_>| Directive::try_new(name, std::slice::from_ref(*source)).is_ok();
    sources.iter().filter(taken).map(|source| source.as_str().to_owned()).collect()
}

/// Whether a policy without the directive, and without one it falls back to, allows everything that it would rule.
const fn allows_all_when_absent(name: DirectiveName) -> bool {
    use DirectiveName::{BaseUri, DefaultSrc, FormAction, FrameAncestors};
    !name.fallbacks().is_empty() || matches!(name, DefaultSrc | BaseUri | FormAction | FrameAncestors)
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
    fn new(directives: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(text) = directives.cast::<PyString>() {
            let text = text.to_str()?;
            let policy =
                core::ContentSecurityPolicy::parse(text).map_err(|error| policy_error(&format!("{text:?}"), error))?;
            return Ok(Self { text: policy.to_string() });
        }
        match directives.cast::<PyMapping>() {
            Ok(mapping) => Self::from_owned(&read_mapping(mapping)?),
            Err(_) => Err(PyTypeError::new_err(
                "give the directives as a dict, as {\"default-src\": [SELF]}, or as the header's text",
            )),
        }
    }

    /// The directives and their sources, as a new dict.
    #[getter]
    fn directives<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for directive in self.parsed().directives() {
            dict.set_item(directive.name().as_str(), texts(&directive))?;
        }
        Ok(dict)
    }

    /// A policy that allows more: the sources are added to those that rule today.
    ///
    /// A directive that is absent first copies the one it falls back to, so nothing that was allowed is lost; ``'none'``
    /// gives way to the first source. What no directive rules is allowed already, and stays so.
    fn extend(&self, directives: &Bound<'_, PyMapping>) -> PyResult<Self> {
        let mut lists = self.to_owned_lists();
        for (name, added) in read_mapping(directives)? {
            let at = if let Some(at) = lists.iter().position(|(present, _)| *present == name) {
                at
            } else {
                let parsed = DirectiveName::parse(&name).map_err(|error| policy_error(&format!("{name:?}"), error))?;
                let inherited = match self.parsed().effective(parsed) {
                    Some(directive) => inheritable(parsed, &directive),
                    // Nothing rules it, so all is allowed already; a list would take that away.
                    None if allows_all_when_absent(parsed) => continue,
                    None => Vec::new(),
                };
                lists.push((name, inherited));
                lists.len() - 1
            };
            let sources = &mut lists[at].1;
            if !added.is_empty() {
                sources.retain(|source| source != Source::NONE.as_str());
            }
            for source in added {
                if !sources.contains(&source) {
                    sources.push(source);
                }
            }
        }
        Self::from_owned(&lists)
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
