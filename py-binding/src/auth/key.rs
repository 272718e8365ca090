//! A key as Python makes it: from a digest or a token, valid for a while.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyTuple};
use sallet_core::secret::Digest;

use super::scopes;
use crate::errors;

/// One key of a keyring: who may come in with which token, for what, and when.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(super) struct Key {
    inner: sallet_core::auth::Key<String>,
}

impl Key {
    /// A key that was valid before, as each key of a ring is.
    pub(super) const fn of(inner: sallet_core::auth::Key<String>) -> Self {
        Self { inner }
    }

    pub(super) const fn inner(&self) -> &sallet_core::auth::Key<String> {
        &self.inner
    }
}

#[pymethods]
impl Key {
    #[new]
    #[pyo3(signature = (id, *, digest = None, token = None, principal = None, scopes = None, not_before = None, not_after = None))]
    fn new(
        id: String,
        digest: Option<&str>,
        token: Option<&str>,
        principal: Option<String>,
        scopes: Option<&Bound<'_, PyAny>>,
        not_before: Option<&Bound<'_, PyAny>>,
        not_after: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let digest = match (digest, token) {
            (Some(hex), None) => Digest::from_hex(hex).map_err(|why| errors::key_digest(&id, why))?,
            (None, Some(token)) => Digest::of_configured(token).map_err(|why| errors::key_token(&id, why))?,
            _ => {
                return Err(errors::about_key(
                    &id,
                    "give exactly one of digest= (the SHA-256 of the token) and token= (the token itself)",
                ));
            }
        };
        let scopes = scopes::read(scopes, |message| errors::about_key(&id, message))?;
        let inner = sallet_core::auth::Key {
            principal: principal.unwrap_or_else(|| id.clone()),
            scopes: scopes.borrowed().as_str().to_owned(),
            not_before: not_before.map(|time| unix(&id, "not_before", time)).transpose()?,
            not_after: not_after.map(|time| unix(&id, "not_after", time)).transpose()?,
            digest,
            id,
        };
        inner.validate().map_err(|why| errors::key(&inner.id, why))?;
        Ok(Self { inner })
    }

    /// Names the key in logs.
    #[getter]
    fn id(&self) -> &str {
        &self.inner.id
    }

    /// Whom the key belongs to.
    #[getter]
    fn principal(&self) -> &str {
        &self.inner.principal
    }

    /// What the key is good for.
    #[getter]
    fn scopes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        scopes::to_tuple(py, scopes::granted(&self.inner.scopes))
    }

    /// The first second at which the key is good, since 1970.
    #[getter]
    const fn not_before(&self) -> Option<u64> {
        self.inner.not_before
    }

    /// The last second at which the key is good, since 1970.
    #[getter]
    const fn not_after(&self) -> Option<u64> {
        self.inner.not_after
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let key = &self.inner;
        let mut text = format!("Key({:?}, principal={:?}, scopes={}", key.id, key.principal, self.scopes(py)?.repr()?);
        for (name, time) in [("not_before", key.not_before), ("not_after", key.not_after)] {
            if let Some(time) = time {
                text.push_str(&format!(", {name}={time}"));
            }
        }
        text.push(')');
        Ok(text)
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        Err(errors::no_pickle("Key", "make it again from its token or digest"))
    }
}

/// An aware datetime or a number of seconds since 1970, as whole seconds.
fn unix(id: &str, name: &str, time: &Bound<'_, PyAny>) -> PyResult<u64> {
    let py = time.py();
    let wrong = || PyTypeError::new_err(format!("{name}: give an aware datetime, or seconds since 1970 as a number"));
    if time.is_instance(&py.import("datetime")?.getattr(intern!(py, "datetime"))?)? {
        if time.call_method0(intern!(py, "utcoffset"))?.is_none() {
            return Err(errors::about_key(
                id,
                &format!(
                    "{name} has no time zone, so nobody knows when it is: make it aware, as with datetime.timezone.utc"
                ),
            ));
        }
        return seconds(id, name, time.call_method0(intern!(py, "timestamp"))?.extract()?);
    }
    if time.is_instance_of::<PyBool>() {
        return Err(wrong());
    }
    if let Ok(int) = time.cast::<PyInt>() {
        return int.extract().map_err(|_| out_of_range(id, name));
    }
    match time.cast::<PyFloat>() {
        Ok(float) => seconds(id, name, float.extract()?),
        Err(_) => Err(wrong()),
    }
}

fn seconds(id: &str, name: &str, seconds: f64) -> PyResult<u64> {
    // The largest second that is still exact in a float.
    if (0.0..=9_007_199_254_740_992.0).contains(&seconds) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "in range, and whole seconds are meant"
        )]
        return Ok(seconds as u64);
    }
    Err(out_of_range(id, name))
}

fn out_of_range(id: &str, name: &str) -> PyErr {
    errors::about_key(id, &format!("{name} is before 1970 or too far away"))
}
