//! The answer to a request that is not let in.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sallet_core::Cursor;
use sallet_core::auth::{Challenge, Realm, Scopes};

/// A refusal: what to answer, ready to send.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(super) struct Refusal {
    inner: sallet_core::auth::Refusal,
    challenge: String,
}

impl Refusal {
    pub(super) fn new(inner: sallet_core::auth::Refusal, realm: Realm<&str>, required: Scopes<&str>) -> Self {
        Self { inner, challenge: Challenge::new(realm, inner, required).to_string() }
    }
}

#[pymethods]
impl Refusal {
    /// The status code.
    #[getter]
    const fn status(&self) -> u16 {
        self.inner.status()
    }

    /// One sentence for the client.
    #[getter]
    const fn detail(&self) -> &'static str {
        self.inner.detail()
    }

    /// Whether no credentials of the scheme were sent: the client has not tried yet.
    #[getter]
    const fn is_missing(&self) -> bool {
        matches!(self.inner, sallet_core::auth::Refusal::Missing)
    }

    /// The fields of the response, in lower case.
    #[getter]
    fn headers(&self) -> Vec<(&'static str, &str)> {
        let mut fields = vec![(Challenge::FIELD, self.challenge.as_str())];
        fields.extend(sallet_core::auth::Refusal::FIELDS);
        fields
    }

    /// The body of the response: `{"detail": ...}`.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        PyBytes::new_with(py, self.inner.body_len(), |buf| {
            self.inner.render_body(&mut Cursor::new(buf));
            Ok(())
        })
    }

    /// It is its own copy: middleware inside may copy the whole scope, as hypercorn's does.
    const fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    const fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __repr__(&self) -> String {
        format!("<Refusal {} {:?}>", self.status(), self.challenge)
    }
}
