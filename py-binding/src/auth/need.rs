//! What a request is judged by, and how it is refused.

use pyo3::prelude::*;
use sallet_core::auth::{Reason, Refusal as Answer, Requirement, Scopes};

use super::refusal::Refusal;

/// Schemes of which one will do.
pub(super) type Alternatives = sallet_core::auth::Alternatives<Vec<Requirement<String>>>;

/// The requirement that judges, and those that would have done as well, with its place among them.
#[derive(Clone, Copy)]
pub(super) struct Need<'a> {
    own: Requirement<&'a str>,
    among: Option<(&'a Alternatives, usize)>,
    compares: bool,
}

impl<'a> Need<'a> {
    pub(super) const fn alone(own: Requirement<&'a str>) -> Self {
        Self { own, among: None, compares: true }
    }

    pub(super) const fn among(own: Requirement<&'a str>, all: &'a Alternatives, at: usize) -> Self {
        Self { own, among: Some((all, at)), compares: true }
    }

    /// The same, for somebody who compares the scopes later; a challenge names them all the same.
    pub(super) const fn without_scopes(self) -> Self {
        Self { compares: false, ..self }
    }

    /// What is to be met.
    pub(super) const fn judging(&self) -> Requirement<&'a str> {
        if self.compares { self.own } else { self.own.with_scopes(Scopes::EMPTY) }
    }

    pub(super) fn refusal<'py>(&self, py: Python<'py>, reason: Reason) -> PyResult<Bound<'py, Refusal>> {
        let answer = reason.refusal();
        Bound::new(
            py,
            match self.among {
                None => Refusal::new(reason, self.own.challenge(answer).into_iter()),
                Some((all, at)) => Refusal::new(reason, all.challenges(Some(at), answer)),
            },
        )
    }
}

/// The refusal of a request that shows no credentials of any.
pub(super) fn missing<'py>(py: Python<'py>, all: &Alternatives) -> PyResult<Bound<'py, Refusal>> {
    Bound::new(py, Refusal::new(Reason::Missing, all.challenges(None, Answer::Missing)))
}
