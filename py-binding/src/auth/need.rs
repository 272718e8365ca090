//! What a request is judged by, and how it is refused.

use pyo3::prelude::*;
use sallet_core::auth::{Challenge, Reason, Refusal as Answer, Requirement, Scopes};

use super::principal::Principal;
use super::raised::Raised;
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
        self.refusal_of(py, reason, None)
    }

    /// The refusal of somebody who is known.
    pub(super) fn refusal_of<'py>(
        &self,
        py: Python<'py>,
        reason: Reason,
        holder: Option<&Principal>,
    ) -> PyResult<Bound<'py, Refusal>> {
        let refusal = Refusal::new(reason, self.challenges(reason.refusal()).into_iter());
        Bound::new(py, refusal.of_key(py, holder))
    }

    /// The refusal that the app's own function has raised.
    pub(super) fn raised<'py>(&self, py: Python<'py>, raised: Raised) -> PyResult<Bound<'py, Refusal>> {
        let challenges = self.challenges_of(&raised);
        Bound::new(py, Refusal::raised(raised, challenges.into_iter()))
    }

    /// What goes with an answer that was raised.
    pub(super) fn challenges_of(&self, raised: &Raised) -> Vec<Challenge<'_>> {
        raised.challenged().map_or_else(Vec::new, |answer| self.challenges(answer))
    }

    pub(super) fn challenges(&self, answer: Answer) -> Vec<Challenge<'_>> {
        match self.among {
            None => self.own.challenge(answer).into_iter().collect(),
            Some((all, at)) => all.challenges(Some(at), answer).collect(),
        }
    }
}

/// The refusal of a request that shows no credentials of any.
pub(super) fn missing<'py>(py: Python<'py>, all: &Alternatives) -> PyResult<Bound<'py, Refusal>> {
    Bound::new(py, Refusal::new(Reason::Missing, all.challenges(None, Answer::Missing)))
}
