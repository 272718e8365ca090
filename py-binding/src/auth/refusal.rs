//! A request that is refused: the answer, and the reason for the log.

use std::iter;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList, PyString, PyTuple};
use pyo3::{IntoPyObjectExt, PyTraverseError, PyVisit, intern};
use sallet_core::Cursor;
use sallet_core::auth::{Challenge, CredentialsError, Reason, Refusal as Answer};

use super::need::Need;
use super::principal::Principal;
use super::raised::Raised;
use super::scheme::Scheme;
use crate::near;

/// A refusal: what to answer, ready to send, and what to log.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(super) struct Refusal {
    why: Why,
    /// One line for each scheme that would do.
    challenges: Vec<String>,
    /// The key that was shown, where it is known.
    key_id: Option<Py<PyString>>,
    /// Seconds until the client may try again.
    retry_after: Option<String>,
}

#[derive(Debug)]
enum Why {
    Reason(Reason),
    Raised(Raised),
}

impl Refusal {
    pub(super) fn new<'a>(reason: Reason, challenges: impl Iterator<Item = Challenge<'a>>) -> Self {
        Self::of(Why::Reason(reason), challenges)
    }

    pub(super) fn raised<'a>(raised: Raised, challenges: impl Iterator<Item = Challenge<'a>>) -> Self {
        Self::of(Why::Raised(raised), challenges)
    }

    fn of<'a>(why: Why, challenges: impl Iterator<Item = Challenge<'a>>) -> Self {
        let challenges = challenges.map(|challenge| challenge.to_string()).collect();
        Self { why, challenges, key_id: None, retry_after: None }
    }

    /// The same refusal by one of several schemes, with the challenges that go with it there.
    pub(super) fn among(&self, py: Python<'_>, need: &Need<'_>) -> Self {
        let (why, challenges) = match &self.why {
            Why::Reason(reason) => (Why::Reason(*reason), need.challenges(reason.refusal())),
            Why::Raised(raised) => (Why::Raised(raised.clone_ref(py)), need.challenges_of(raised)),
        };
        let key_id = self.key_id.as_ref().map(|id| id.clone_ref(py));
        Self { key_id, retry_after: self.retry_after.clone(), ..Self::of(why, challenges.into_iter()) }
    }

    /// The refusal of a client that has shown too many wrong credentials. Other credentials would not help, so nothing is asked for.
    pub(super) fn throttled(seconds: u32) -> Self {
        Self { retry_after: Some(seconds.to_string()), ..Self::new(Reason::Throttled, iter::empty()) }
    }

    pub(super) fn of_key(self, py: Python<'_>, holder: Option<&Principal>) -> Self {
        Self { key_id: holder.map(|holder| holder.id(py)), ..self }
    }
}

/// What RFC 6750 section 3.1 and this project call the kinds of refusals.
const KINDS: [(&str, Reason); 7] = [
    ("missing", Reason::Missing),
    ("invalid_request", Reason::Malformed(CredentialsError::Value)),
    ("invalid_token", Reason::Unknown),
    ("insufficient_scope", Reason::InsufficientScope),
    ("cross_site", Reason::CrossSite),
    ("unavailable", Reason::App(Answer::Unavailable)),
    ("throttled", Reason::Throttled),
];

#[pymethods]
impl Refusal {
    #[new]
    #[pyo3(signature = (error, auth, *, key_id = None))]
    fn new_of_kind(error: &str, auth: &Bound<'_, PyAny>, key_id: Option<Py<PyString>>) -> PyResult<Self> {
        let wrong = |_| {
            PyTypeError::new_err(
                "auth is the scheme that refuses, whose challenge goes along: write Refusal(\"missing\", Bearer(keyring))",
            )
        };
        let scheme = auth.cast::<Scheme>().map_err(wrong)?.get();
        let kind = KINDS.iter().find(|(name, _)| *name == error);
        let &(_, reason) = kind.ok_or_else(|| {
            let names = KINDS.map(|(name, _)| name);
            let near = near::near([error].into_iter(), names.into_iter());
            PyTypeError::new_err(match near {
                Some(near) => format!("there is no refusal of this name: did you mean {near}?"),
                None => format!("a refusal is one of {}", names.join(", ")),
            })
        })?;
        let challenge = scheme.need()?.borrowed().challenge(reason.refusal());
        Ok(Self { key_id, ..Self::new(reason, challenge.into_iter()) })
    }

    /// How a WebSocket is closed before it is accepted, where the server cannot send a response.
    #[classattr]
    const CLOSE_CODE: u16 = Answer::CLOSE_CODE;

    /// The status code.
    #[getter]
    const fn status(&self) -> u16 {
        match &self.why {
            Why::Reason(reason) => reason.refusal().status(),
            Why::Raised(raised) => raised.status,
        }
    }

    /// One sentence for the client, or the detail of the exception that `authenticate` has raised.
    #[getter]
    fn detail<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.why {
            Why::Reason(reason) => reason.refusal().detail().into_bound_py_any(py),
            Why::Raised(raised) => Ok(raised.detail.bind(py).clone()),
        }
    }

    /// One sentence for the log. It says more than the client may know.
    #[getter]
    fn reason(&self, py: Python<'_>) -> PyResult<String> {
        Ok(match &self.why {
            // What the app's own function is called in Python.
            Why::Reason(Reason::App(Answer::InvalidToken)) => "authenticate refused the credentials".to_owned(),
            Why::Reason(reason) => reason.message().to_owned(),
            Why::Raised(raised) => {
                format!("authenticate raised {} {}", raised.error.bind(py).get_type().name()?, raised.status)
            }
        })
    }

    /// The id of the key, where a keyring knows it and its scopes are not enough.
    #[getter]
    fn key_id<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        self.key_id.as_ref().map(|id| id.bind(py).clone())
    }

    /// Whether no credentials of an accepted scheme were sent: the client has not tried yet.
    #[getter]
    pub(super) const fn is_missing(&self) -> bool {
        matches!(self.why, Why::Reason(Reason::Missing))
    }

    /// Whether the request came after too many wrong credentials, and its own were not looked at.
    #[getter]
    const fn is_throttled(&self) -> bool {
        matches!(self.why, Why::Reason(Reason::Throttled))
    }

    /// Whether it counts for a `FailureThrottle`: a credential was shown, and is wrong.
    #[getter]
    #[pyo3(name = "_is_guess")]
    const fn is_guess(&self) -> bool {
        match &self.why {
            Why::Reason(reason) => reason.refusal().is_guess(),
            Why::Raised(raised) => raised.status == 401,
        }
    }

    /// The fields of the response, in lower case.
    #[getter]
    fn headers(&self) -> Vec<(&str, &str)> {
        let own: &[(String, String)] = match &self.why {
            Why::Reason(_) => &[],
            Why::Raised(raised) => &raised.fields,
        };
        let own = own.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let own = own.chain(self.retry_after.as_deref().map(|seconds| ("retry-after", seconds)));
        own.chain(self.challenges.iter().map(|text| (Challenge::FIELD, text.as_str()))).chain(Answer::FIELDS).collect()
    }

    /// The body of the response: `{"detail": ...}`.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        match &self.why {
            Why::Reason(reason) => PyBytes::new_with(py, reason.refusal().body_len(), |buf| {
                reason.refusal().render_body(&mut Cursor::new(buf));
                Ok(())
            }),
            Why::Raised(raised) => Ok(raised.body.bind(py).clone()),
        }
    }

    /// The exception that `authenticate` has raised to answer so.
    #[getter]
    #[pyo3(name = "_error")]
    fn error<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        match &self.why {
            Why::Reason(_) => None,
            Why::Raised(raised) => Some(raised.error.bind(py).clone()),
        }
    }

    /// Whether a response of the app's own with this status refuses as well.
    #[staticmethod]
    #[pyo3(name = "_is_answered_by")]
    fn is_answered_by(status: &Bound<'_, PyInt>) -> bool {
        status.extract().is_ok_and(Answer::is_answered_by)
    }

    /// The fields of a response of the app's own that answers this refusal: its own, but for framing and what lets caches keep it, the
    /// challenge if it has none, and `no-store`. `None` if one could end its line.
    #[pyo3(name = "_dress")]
    fn dress<'py>(&self, own: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyList>>> {
        let py = own.py();
        let (list, mut is_challenged) = (PyList::empty(py), false);
        for item in own.try_iter()? {
            let item = item?.cast_into::<PyTuple>()?;
            let (name, value) = (item.get_item(0)?.cast_into::<PyBytes>()?, item.get_item(1)?.cast_into::<PyBytes>()?);
            let lower = name.as_bytes().to_ascii_lowercase();
            if value.as_bytes().iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
                return Ok(None);
            }
            is_challenged |= lower == Challenge::FIELD.as_bytes();
            let is_older = self.retry_after.is_some() && lower == b"retry-after";
            if !Answer::overrides(&lower) && !is_older {
                list.append((PyBytes::new(py, &lower), value))?;
            }
        }
        let (content_type, no_store) = (intern!(py, "content-type").to_str()?, Answer::FIELDS);
        for (name, value) in self.headers() {
            let is_ours = no_store.iter().any(|(ours, _)| *ours == name) && name != content_type;
            let is_ours = is_ours || (self.retry_after.is_some() && name == "retry-after");
            if is_ours || (name == Challenge::FIELD && !is_challenged) {
                list.append((PyBytes::new(py, name.as_bytes()), PyBytes::new(py, value.as_bytes())))?;
            }
        }
        Ok(Some(list))
    }

    /// It is its own copy: middleware inside may copy the whole scope, as hypercorn's does.
    const fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    const fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __repr__(&self) -> String {
        format!("<Refusal {} {:?}>", self.status(), self.challenges.join(", "))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &self.why {
            Why::Reason(_) => Ok(()),
            Why::Raised(raised) => {
                visit.call(&raised.detail)?;
                visit.call(&raised.error)
            }
        }
    }
}
