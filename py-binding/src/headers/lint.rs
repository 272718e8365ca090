//! A finding, as a value Python can read.

use pyo3::prelude::*;

/// Something legal but weak in a policy.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(crate) struct Lint {
    /// ``"low"``, ``"medium"`` or ``"high"``.
    #[pyo3(get)]
    severity: &'static str,
    /// The header, in lower case.
    #[pyo3(get)]
    header: String,
    /// The directive or feature, or ``""``.
    #[pyo3(get)]
    directive: String,
    /// The part of the value, as ``'unsafe-inline'``, or ``""``.
    #[pyo3(get)]
    value: String,
    /// Why it is weak.
    #[pyo3(get)]
    reason: &'static str,
    /// What to do.
    #[pyo3(get)]
    remedy: String,
    text: String,
}

impl From<sallet_core::Lint<'_>> for Lint {
    fn from(lint: sallet_core::Lint<'_>) -> Self {
        Self {
            severity: lint.severity.as_str(),
            header: lint.header.to_owned(),
            directive: lint.directive.to_owned(),
            value: lint.value.to_owned(),
            reason: lint.reason,
            remedy: lint.advice().to_string(),
            text: lint.to_string(),
        }
    }
}

#[pymethods]
impl Lint {
    fn __str__(&self) -> &str {
        &self.text
    }

    fn __repr__(&self) -> String {
        format!("<Lint {}>", self.text)
    }
}
