//! Parsed credentials, for the user's own `authenticate`.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use sallet_core::auth::AuthScheme;

use crate::errors;

/// A scheme and its token, as they stood in `Authorization`; `repr` does not show the token.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(super) struct Credentials {
    #[pyo3(get)]
    scheme: Py<PyString>,
    // Python's own string: what Python has seen cannot be wiped, so no second copy is kept here.
    #[pyo3(get)]
    token: Py<PyString>,
}

impl Credentials {
    pub(super) fn new(py: Python<'_>, scheme: AuthScheme, token: &str) -> Self {
        Self { scheme: PyString::intern(py, scheme.name()).unbind(), token: PyString::new(py, token).unbind() }
    }
}

#[pymethods]
impl Credentials {
    /// Reads the value of one `Authorization` field that has a token, of any scheme.
    #[staticmethod]
    fn parse(py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        let text;
        let value = if let Ok(bytes) = value.cast::<PyBytes>() {
            bytes.as_bytes()
        } else {
            text = value.extract::<std::borrow::Cow<'_, str>>()?;
            text.as_bytes()
        };
        let credentials = sallet_core::auth::Credentials::parse(value).map_err(errors::credentials)?;
        let token =
            credentials.token68().ok_or_else(|| errors::credentials(sallet_core::auth::CredentialsError::NoToken))?;
        Ok(Self { scheme: PyString::new(py, credentials.scheme()).unbind(), token: PyString::new(py, token).unbind() })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Credentials(scheme={}, token=...)", self.scheme.bind(py).repr()?))
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        Err(errors::no_pickle("Credentials", "keep the user it belongs to instead"))
    }
}
