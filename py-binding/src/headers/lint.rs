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
    header: &'static str,
    /// The directive, or ``""``.
    #[pyo3(get)]
    directive: &'static str,
    /// Why it is weak.
    #[pyo3(get)]
    reason: &'static str,
    /// What to do.
    #[pyo3(get)]
    remedy: &'static str,
    text: String,
}

impl From<sallet_core::Lint> for Lint {
    fn from(lint: sallet_core::Lint) -> Self {
        let sallet_core::Lint { severity, header, directive, reason, remedy } = lint;
        Self { severity: severity.as_str(), header, directive, reason, remedy, text: lint.to_string() }
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
