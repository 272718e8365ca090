//! Parsed credentials, for the user's own `authenticate`.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use sallet_core::auth::{AuthScheme, Requirement, user_and_password};

use crate::errors;

/// What a client has presented: the scheme's word and the token, and of Basic the user and the password; `repr` shows the word alone.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(super) struct Credentials {
    /// The word on the wire, such as `Bearer`.
    #[pyo3(get)]
    scheme: Py<PyString>,
    /// The token or key; of Basic `user:password`, which is what a keyring looks up.
    // Python's own string: what Python has seen cannot be wiped, so no second copy is kept here.
    #[pyo3(get)]
    token: Py<PyString>,
    is_basic: bool,
}

impl Credentials {
    pub(super) fn presented(py: Python<'_>, need: &Requirement<&str>, token: &str) -> Self {
        Self {
            scheme: PyString::intern(py, need.word()).unbind(),
            token: PyString::new(py, token).unbind(),
            is_basic: need.scheme() == AuthScheme::Basic,
        }
    }

    fn pair<'a>(&'a self, py: Python<'a>) -> PyResult<Option<(&'a str, &'a str)>> {
        Ok(if self.is_basic { user_and_password(self.token.bind(py).to_str()?) } else { None })
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
        Ok(Self {
            scheme: PyString::new(py, credentials.scheme()).unbind(),
            token: PyString::new(py, token).unbind(),
            is_basic: false,
        })
    }

    /// The user of Basic; `None` of any other scheme, and of what `parse` has read.
    #[getter]
    fn username<'py>(&'py self, py: Python<'py>) -> PyResult<Option<&'py str>> {
        Ok(self.pair(py)?.map(|(user, _)| user))
    }

    /// The password of Basic, which is what follows the first colon; else `None`.
    #[getter]
    fn password<'py>(&'py self, py: Python<'py>) -> PyResult<Option<&'py str>> {
        Ok(self.pair(py)?.map(|(_, password)| password))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Credentials(scheme={}, token=...)", self.scheme.bind(py).repr()?))
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        Err(errors::no_pickle("Credentials", "keep the user it belongs to instead"))
    }
}
