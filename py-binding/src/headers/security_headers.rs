//! `SecurityHeaders` as a frozen Python value.

use super::content_security_policy::{ContentSecurityPolicy, refused, text_of};
use super::lint::Lint;
use super::permissions_policy;
use crate::errors::policy_error;
use crate::near;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyCFunction, PyDict, PyMapping, PyString, PyTuple, PyType};
use sallet_core::{self as core, CustomField, Header, Scheme};

/// A policy: the security headers of a response.
///
///     SecurityHeaders(referrer_policy="no-referrer", permissions_policy=None)
///
/// A keyword for each header, in snake case of its name; a value object, its text, or None to leave it out. What is not
/// named is as in STRICT. Headers that have no keyword go into `custom={"x-robots-tag": "noindex"}`.
///
/// The presets are STRICT, API, CLASSIC, THIRD_PARTY_UI and EMPTY.
#[pyclass(frozen, eq, hash, module = "sallet")]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SecurityHeaders {
    /// In the order of `core::SecurityHeaders::NAMES`; each text was written by the core.
    values: Vec<(&'static str, String)>,
    custom: Vec<(String, String)>,
}

const CUSTOM: &str = "custom";

impl SecurityHeaders {
    /// What an app wears that names no policy.
    pub(super) fn default_policy() -> Self {
        Self::of_core(core::SecurityHeaders::STRICT)
    }

    fn of_core(policy: core::SecurityHeaders<'_>) -> Self {
        let values =
            policy.fields().filter_map(|field| Some((known(field.name())?.name, field.marked().to_string()))).collect();
        Self { values, custom: Vec::new() }
    }

    /// Whether a nonce is named in it; without reading it again.
    pub(super) fn has_nonce(&self) -> bool {
        self.values.iter().any(|(_, text)| text.contains(core::Source::NONCE.as_str()))
    }

    /// Runs `use_it` with the policy as the core knows it.
    pub(super) fn with_core<R>(&self, use_it: impl FnOnce(core::SecurityHeaders<'_>) -> R) -> PyResult<R> {
        let mut policy = core::SecurityHeaders::EMPTY;
        for (name, text) in &self.values {
            policy = policy.with(name, text).map_err(|error| policy_error(&snake(name), error))?;
        }
        let custom = self
            .custom
            .iter()
            .map(|(name, value)| {
                CustomField::parse(name, value).map_err(|error| policy_error(&format!("{CUSTOM}: {name:?}"), error))
            })
            .collect::<PyResult<Vec<_>>>()?;
        let policy = policy.try_custom(&custom).map_err(|error| policy_error(CUSTOM, error))?;
        policy.check().map(use_it).map_err(|error| refused(error.message()))
    }

    fn changed(&self, headers: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut this = self.clone();
        for (keyword, value) in headers.into_iter().flatten() {
            let keyword: String = keyword.extract()?;
            if keyword == CUSTOM {
                this.custom = read_custom(&value)?;
                continue;
            }
            let Some(header) = known(&keyword.replace('_', "-")) else {
                let known: Vec<_> = core::SecurityHeaders::NAMES.iter().map(|name| snake(name)).collect();
                let instead = near::header(value.py(), &keyword, &known)?;
                return Err(refused(format!("no such security header: {keyword:?}; {instead}")));
            };
            this.set(header, &value)?;
        }
        this.with_core(|_| ())?;
        Ok(this)
    }

    fn set(&mut self, header: &Header, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = header.name;
        self.values.retain(|(present, _)| *present != name);
        if value.is_none() {
            return Ok(());
        }
        let keyword = snake(name);
        let text = match value.cast::<PyString>() {
            Ok(text) => Some(text.to_str()?.to_owned()),
            Err(_) if is_csp(header) => text_of(value)?,
            Err(_) if header.enforced() == "permissions-policy" => permissions_policy::text_of(value)?,
            Err(_) => None,
        };
        let Some(text) = text else {
            let presets = [core::SecurityHeaders::STRICT, core::SecurityHeaders::API];
            let example = presets.iter().flat_map(core::SecurityHeaders::fields).find(|field| field.name() == name);
            let example = example.map(|field| format!(", such as \"{field}\"")).unwrap_or_default();
            return Err(PyTypeError::new_err(format!(
                "{keyword}: give the header's value as a str{example}, or None to leave it out"
            )));
        };
        let rendered = core::SecurityHeaders::EMPTY
            .with(name, &text)
            .map_err(|error| policy_error(&format!("{keyword}={text:?}"), error))?
            .fields()
            .next()
            .map(|field| field.marked().to_string())
            .unwrap_or_default();
        let slot = |name: &str| core::SecurityHeaders::NAMES.iter().position(|known| *known == name);
        let at = self.values.partition_point(|(present, _)| slot(present) < slot(name));
        self.values.insert(at, (name, rendered));
        Ok(())
    }

    fn get<'py>(&self, py: Python<'py>, header: &Header) -> PyResult<Bound<'py, PyAny>> {
        match self.values.iter().find(|(present, _)| *present == header.name) {
            None => Ok(py.None().into_bound(py)),
            Some((_, text)) if is_csp(header) => Ok(Bound::new(py, ContentSecurityPolicy::of_text(text))?.into_any()),
            Some((_, text)) => Ok(PyString::new(py, text).into_any()),
        }
    }
}

/// Adds the class, with a property for each header.
pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<SecurityHeaders>()?;
    let (py, class) = (m.py(), m.py().get_type::<SecurityHeaders>());
    let property = py.import("builtins")?.getattr("property")?;
    for header in core::SecurityHeaders::HEADERS {
        let get = move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| -> PyResult<Py<PyAny>> {
            let this = args.get_item(0)?;
            Ok(this.cast::<SecurityHeaders>()?.get().get(this.py(), header)?.unbind())
        };
        let get = PyCFunction::new_closure(py, None, None, get)?;
        class.setattr(snake(header.name), property.call1((get, py.None(), py.None(), header.doc))?)?;
    }
    core::SecurityHeaders::PRESETS
        .iter()
        .try_for_each(|(name, policy)| class.setattr(*name, SecurityHeaders::of_core(*policy)))
}

fn read_custom(value: &Bound<'_, PyAny>) -> PyResult<Vec<(String, String)>> {
    if value.is_none() {
        return Ok(Vec::new());
    }
    let wrong = || PyTypeError::new_err("custom: give a dict of names and values, as {\"x-robots-tag\": \"noindex\"}");
    let mut fields = Vec::new();
    for item in value.cast::<PyMapping>().map_err(|_| wrong())?.items()?.iter() {
        let (name, value): (String, String) = item.extract().map_err(|_| wrong())?;
        let name = name.to_ascii_lowercase();
        if known(&name).is_some() {
            return Err(refused(format!(
                "{CUSTOM}: {name:?} has a keyword that checks its value: write {}=…",
                snake(&name)
            )));
        }
        fields.push((name, value));
    }
    Ok(fields)
}

fn known(name: &str) -> Option<&'static Header> {
    core::SecurityHeaders::HEADERS.iter().find(|header| header.name == name)
}

/// Whether its value is a `ContentSecurityPolicy`.
pub(super) fn is_csp(header: &Header) -> bool {
    header.enforced() == "content-security-policy"
}

/// The keyword of a header.
pub(super) fn snake(name: &str) -> String {
    name.replace('-', "_")
}

#[pymethods]
impl SecurityHeaders {
    #[new]
    #[pyo3(signature = (**headers))]
    fn new(headers: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Self::of_core(core::SecurityHeaders::STRICT).changed(headers)
    }

    /// The headers as (name, value) pairs, names in lower case, in the order in which they are sent.
    ///
    /// Where a nonce goes stands a text that no browser takes for one. Without https, HSTS and
    /// upgrade-insecure-requests are left out.
    #[pyo3(signature = (*, https = true))]
    fn items(&self, https: bool) -> PyResult<Vec<(String, String)>> {
        self.with_core(|policy| {
            let policy = policy.over(if https { Scheme::Https } else { Scheme::Http });
            policy.fields().map(|field| (field.name().to_owned(), field.to_string())).collect()
        })
    }

    /// A policy with some headers changed.
    #[pyo3(signature = (**headers))]
    fn replace(&self, headers: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        self.changed(headers)
    }

    /// The policy for trying it out: each header that has a report-only twin is sent as that, the others stay.
    ///
    /// X-Frame-Options is left out where frame-ancestors is tried out, and upgrade-insecure-requests and sandbox out of the
    /// Content-Security-Policy, where browsers ignore them.
    fn report_only(&self) -> PyResult<Self> {
        let mut tried = self.with_core(|policy| Self::of_core(policy.report_only()))?;
        // What follows from a nonce is not the policy's own word.
        let keeps = |name: &str| self.values.iter().any(|(present, _)| *present == name);
        tried.values.retain(|(name, _)| *name != "cache-control" || keeps(name));
        tried.custom.clone_from(&self.custom);
        Ok(tried)
    }

    /// What is legal but weak.
    fn lint(&self) -> PyResult<Vec<Lint>> {
        self.with_core(|policy| {
            let mut found = Vec::new();
            policy.lint().for_each(|lint| found.push(Lint::from(lint)));
            found
        })
    }

    /// Fields that have no keyword of their own.
    #[getter]
    fn custom<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.custom.clone().into_py_dict(py)
    }

    /// For `copy` and `pickle`: the policy from its texts, and nothing of a preset.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyDict>,))> {
        let this = slf.get();
        let headers = this.values.iter().map(|(name, text)| (snake(name), text)).into_py_dict(slf.py())?;
        headers.set_item(CUSTOM, this.custom(slf.py())?)?;
        Ok((slf.get_type().getattr("_from_texts")?, (headers,)))
    }

    #[classmethod]
    fn _from_texts(_cls: &Bound<'_, PyType>, headers: &Bound<'_, PyDict>) -> PyResult<Self> {
        Self::of_core(core::SecurityHeaders::EMPTY).changed(Some(headers))
    }

    /// Frozen; the message names what to do instead.
    #[expect(clippy::unused_self, reason = "Python's protocol")]
    fn __setattr__(&self, keyword: &str, _value: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(pyo3::exceptions::PyAttributeError::new_err(format!(
            "SecurityHeaders is frozen: write policy = policy.replace({keyword}=…)"
        )))
    }

    fn __str__(&self) -> PyResult<String> {
        self.with_core(|policy| policy.to_string().replace("\r\n", "\n"))
    }

    fn __repr__(&self) -> String {
        let mut parts: Vec<_> = self.values.iter().map(|(name, text)| format!("{}={text:?}", snake(name))).collect();
        if !self.custom.is_empty() {
            let custom: Vec<_> = self.custom.iter().map(|(name, value)| format!("{name:?}: {value:?}")).collect();
            parts.push(format!("{CUSTOM}={{{}}}", custom.join(", ")));
        }
        format!("SecurityHeaders.EMPTY.replace({})", parts.join(", "))
    }
}
