//! A request that is refused: the answer, and the reason for the log.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sallet_core::Cursor;
use sallet_core::auth::{Challenge, Reason, Refusal as Answer};

/// A refusal: what to answer, ready to send, and what to log.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(super) struct Refusal {
    reason: Reason,
    /// One line for each scheme that would do.
    challenges: Vec<String>,
}

impl Refusal {
    pub(super) fn new<'a>(reason: Reason, challenges: impl Iterator<Item = Challenge<'a>>) -> Self {
        Self { reason, challenges: challenges.map(|challenge| challenge.to_string()).collect() }
    }

    const fn answer(&self) -> Answer {
        self.reason.refusal()
    }
}

#[pymethods]
impl Refusal {
    /// How a WebSocket is closed before it is accepted, where the server cannot send a response.
    #[classattr]
    const CLOSE_CODE: u16 = Answer::CLOSE_CODE;

    /// The status code.
    #[getter]
    const fn status(&self) -> u16 {
        self.answer().status()
    }

    /// One sentence for the client.
    #[getter]
    const fn detail(&self) -> &'static str {
        self.answer().detail()
    }

    /// One sentence for the log. It says more than the client may know.
    #[getter]
    const fn reason(&self) -> &'static str {
        match self.reason {
            // What the app's own function is called in Python.
            Reason::App(Answer::InvalidToken) => "authenticate refused the token",
            reason => reason.message(),
        }
    }

    /// Whether no credentials of the scheme were sent: the client has not tried yet.
    #[getter]
    const fn is_missing(&self) -> bool {
        matches!(self.answer(), Answer::Missing)
    }

    /// The fields of the response, in lower case.
    #[getter]
    fn headers(&self) -> Vec<(&'static str, &str)> {
        let challenges = self.challenges.iter().map(|text| (Challenge::FIELD, text.as_str()));
        challenges.chain(Answer::FIELDS).collect()
    }

    /// The body of the response: `{"detail": ...}`.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        PyBytes::new_with(py, self.answer().body_len(), |buf| {
            self.answer().render_body(&mut Cursor::new(buf));
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
        format!("<Refusal {} {:?}>", self.status(), self.challenges.join(", "))
    }
}
