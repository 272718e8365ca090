//! `ContentSecurityPolicy` as a frozen Python value.
//!
//! It holds the policy's text, which the core wrote or checked; text is the one form that needs no lifetime.

use crate::errors::{PolicyError, policy_error};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict, PyFrozenSet, PyMapping, PySequence, PySet, PyString};
use sallet_core::{self as core, Directive, DirectiveName, Source, UNCHECKED, UrlSource};

/// A Content-Security-Policy: ``{"script-src": [SELF, "https://cdn.example"], "upgrade-insecure-requests": []}``, its text, or a list of several.
#[pyclass(frozen, eq, hash, module = "sallet")]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ContentSecurityPolicy {
    /// As the core reads it again: with the marks of what is unchecked.
    text: String,
}

const NAME: &str = "content-security-policy";

/// Directives as Python holds them: names, and the texts of their sources.
type Owned = Vec<(String, Vec<String>)>;

/// Names and sources, read; they need not be directives yet.
type Lists<'a> = Vec<(Name<'a>, Vec<Source<'a>>)>;

enum Name<'a> {
    Known(DirectiveName),
    Unchecked(&'a str),
}

impl ContentSecurityPolicy {
    /// From a text that the core has written.
    pub(super) fn of_text(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    fn of_core(policy: core::ContentSecurityPolicy<'_>) -> Self {
        Self { text: policy.marked().to_string() }
    }

    /// The policy, unless all of the text is unchecked.
    fn parsed(&self) -> PyResult<core::ContentSecurityPolicy<'_>> {
        core::ContentSecurityPolicy::parse(&self.text).map_err(|_| {
            refused(
                "the whole policy is unchecked, so its directives are not known: mark only what Sallet does not know",
            )
        })
    }

    /// The value as it is sent, with everything that is checked of it.
    fn sent(text: &str) -> Result<String, core::PolicyError> {
        let policy = core::SecurityHeaders::EMPTY.with(NAME, text)?;
        Ok(policy.fields().next().map(|field| field.to_string()).unwrap_or_default())
    }

    fn from_owned(directives: &Owned) -> PyResult<Self> {
        let lists = lists(directives)?;
        let directives = lists
            .iter()
            .map(|(name, sources)| match name {
                Name::Known(name) => {
                    Directive::try_new(*name, sources).map_err(|error| refused_list(*name, sources, error))
                }
                Name::Unchecked(name) => Directive::try_unchecked(name, sources)
                    .map_err(|error| policy_error(&format!("{:?}", marked(name, true)), error)),
            })
            .collect::<PyResult<Vec<_>>>()?;
        let policy = core::ContentSecurityPolicy::try_new(&directives)
            .map_err(|error| policy_error("content_security_policy", error))?;
        Ok(Self::of_core(policy))
    }

    fn from_text(text: &str) -> PyResult<Self> {
        match core::ContentSecurityPolicy::parse(text) {
            Ok(policy) => Ok(Self::of_core(policy)),
            Err(_) => match Self::sent(text) {
                Ok(_) => Ok(Self::of_text(text)),
                Err(error) => Err(policy_error(&format!("{text:?}"), error)),
            },
        }
    }

    /// From a policy, a text or a dict; `None` when it is something else.
    fn of_one(value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if let Ok(policy) = value.cast::<Self>() {
            Ok(Some(policy.get().clone()))
        } else if let Ok(text) = value.cast::<PyString>() {
            Self::from_text(text.to_str()?).map(Some)
        } else if let Ok(mapping) = value.cast::<PyMapping>() {
            Self::from_owned(&read_mapping(mapping)?).map(Some)
        } else {
            Ok(None)
        }
    }

    /// From one of those, or a list of them; `None` when it is something else.
    fn of(value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if let Some(one) = Self::of_one(value)? {
            return Ok(Some(one));
        }
        let Ok(several) = value.cast::<PySequence>() else { return Ok(None) };
        let mut texts = Vec::new();
        for item in several.try_iter()? {
            let item = item?;
            let Some(policy) = Self::of_one(&item)? else {
                return Err(PyTypeError::new_err(format!(
                    "a list of policies holds each as a ContentSecurityPolicy, a dict or a text, not {}; the sources of one \
                     policy go into a dict, as {{\"default-src\": [SELF]}}",
                    item.get_type().name()?
                )));
            };
            texts.push(policy.text);
        }
        Self::from_text(&texts.join(", ")).map(Some)
    }
}

/// A list that its directive does not take: the message shows the source that is wrong, where it is one.
fn refused_list(name: DirectiveName, sources: &[Source<'_>], error: core::PolicyError) -> PyErr {
    let is_wrong = |source: &&Source<'_>| Directive::try_new(name, &[**source]).is_err_and(|alone| alone == error);
    match sources.iter().find(is_wrong) {
        Some(source) => policy_error(&format!("{name}: {:?}", source.as_str(), name = name.as_str()), error),
        None => policy_error(name.as_str(), error),
    }
}

fn lists(directives: &Owned) -> PyResult<Lists<'_>> {
    let mut lists = Vec::with_capacity(directives.len());
    for (name, sources) in directives {
        let unchecked = name.strip_prefix(UNCHECKED);
        let parsed = match unchecked {
            Some(name) => Name::Unchecked(name),
            None => Name::Known(DirectiveName::parse(name).map_err(|error| policy_error(&format!("{name:?}"), error))?),
        };
        let sources = sources.iter().map(|source| {
            let read = match unchecked {
                // The mark of the directive is for its sources too.
                Some(_) => Source::try_unchecked(source.strip_prefix(UNCHECKED).unwrap_or(source)),
                None => Source::parse(source),
            };
            read.map_err(|error| policy_error(&format!("{name}: {source:?}"), error))
        });
        lists.push((parsed, sources.collect::<PyResult<_>>()?));
    }
    Ok(lists)
}

fn marked(text: &str, unchecked: bool) -> String {
    if unchecked { format!("{UNCHECKED}{text}") } else { text.to_owned() }
}

/// The sources as they can be given again.
fn texts(directive: &Directive<'_>) -> Vec<String> {
    directive.sources().map(|source| marked(source.as_str(), source.is_unchecked())).collect()
}

/// A mapping of directive names to one source or several.
fn read_mapping(mapping: &Bound<'_, PyMapping>) -> PyResult<Owned> {
    let mut owned = Owned::new();
    for item in mapping.items()?.iter() {
        let (name, sources): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let Ok(name) = name.extract::<String>() else {
            return Err(PyTypeError::new_err("a directive's name is a str, as \"script-src\""));
        };
        if sources.cast::<PySet>().is_ok() || sources.cast::<PyFrozenSet>().is_ok() {
            return Err(PyTypeError::new_err(format!(
                "{name}: a set has another order in each process, and the header with it: give the sources as a list, as \
                 [SELF, \"https://cdn.example\"]"
            )));
        }
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
        Self::of(directives)?.ok_or_else(|| {
            PyTypeError::new_err(
                "give the directives as a dict, as {\"default-src\": [SELF]}, as the header's text, or several policies as a list",
            )
        })
    }

    /// That of the preset `SecurityHeaders.STRICT`, to extend.
    #[classattr]
    #[pyo3(name = "STRICT")]
    fn strict() -> Self {
        Self::of_core(core::ContentSecurityPolicy::STRICT)
    }

    /// The directives and their sources, as a new dict.
    #[getter]
    fn directives<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let policy = self.parsed()?;
        let several = policy.policies().count();
        if several > 1 {
            return Err(refused(format!(
                "these are {several} policies, each with its own directives: ask each of .policies"
            )));
        }
        policy
            .directives()
            .map(|directive| (marked(directive.name_str(), directive.is_unchecked()), texts(&directive)))
            .into_py_dict(py)
    }

    /// Each policy by itself: a value may be several, of which a browser enforces each.
    #[getter]
    fn policies(&self) -> PyResult<Vec<Self>> {
        Ok(self.parsed()?.policies().map(Self::of_core).collect())
    }

    /// A policy that allows more: the sources are added to those that rule today.
    ///
    /// A directive that is absent first copies the one it falls back to, so nothing that was allowed is lost; ``'none'``
    /// gives way to the first source. What no directive rules is allowed already, and stays so. Of several policies, each
    /// is extended.
    fn extend(&self, directives: &Bound<'_, PyAny>) -> PyResult<Self> {
        let directives = directives.cast::<PyMapping>().map_err(|_| {
            PyTypeError::new_err("extend: give the directives as a dict, as {\"img-src\": [\"https://img.example\"]}")
        })?;
        let added = read_mapping(directives)?;
        let added = lists(&added)?;
        let added: Vec<_> = added
            .iter()
            .map(|(name, sources)| match name {
                Name::Known(name) => Ok((*name, sources.as_slice())),
                Name::Unchecked(name) => Err(refused(format!(
                    "extend: {:?} is not known, and neither is what it inherits: write all of it into the policy, as \
                     ContentSecurityPolicy({{**policy.directives, unchecked({name:?}): [\u{2026}]}})",
                    marked(name, true)
                ))),
            })
            .collect::<PyResult<_>>()?;
        let extended = self.parsed()?.extended(&added);
        let mut buf = vec![0; extended.text_len()];
        match extended.write(&mut buf) {
            Ok(policy) => Ok(Self::of_core(policy)),
            Err(error) => Err(refused(format!("extend: {error}"))),
        }
    }

    /// The header's value, as it is sent.
    fn __str__(&self) -> String {
        Self::sent(&self.text).unwrap_or_default()
    }

    fn __repr__(&self) -> String {
        format!("ContentSecurityPolicy({:?})", self.text)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((slf.get_type().into_any(), (slf.get().text.clone(),)))
    }
}

/// The policy's text from a `ContentSecurityPolicy`, its directives, its text, or several of those; `None` when `value` is
/// something else.
pub(super) fn text_of(value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    Ok(ContentSecurityPolicy::of(value)?.map(|policy| policy.text))
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
