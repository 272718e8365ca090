//! Who judges the requests of a guard: a scheme, or the first of several whose credentials are there.

use std::iter;

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use sallet_core::auth::{AlternativesError, AuthScheme, Reason, Requirement, user_and_password};
use sallet_core::merge::Privacy;
use sallet_core::secret::Digest;

use super::elsewhere;
use super::keyring::Keyring;
use super::need::{self, Alternatives, Need};
use super::refusal::Refusal;
use super::request::Request;
use super::scheme::{Scheme, Verdict};

/// One of them, and how it judges.
#[derive(Debug)]
struct Judge {
    auth: Py<PyAny>,
    /// Its scopes are compared here, whoever finds the user.
    scheme: Option<Py<Scheme>>,
    /// Its `identify` is the one it came with: it is asked here, without a coroutine. Another must not be passed by.
    is_native: bool,
}

/// All of them, in the order in which they are asked.
#[derive(Debug)]
pub(super) struct Judges {
    /// As the guard shows it: the one, or a tuple.
    auth: Py<PyAny>,
    first: Judge,
    more: Vec<Judge>,
    /// What they ask for, where there are several.
    alternatives: Option<Alternatives>,
}

/// What is known of a request once it was read.
#[derive(Debug)]
pub(super) struct Judged<'a, 'py> {
    pub(super) verdict: Verdict<'py>,
    /// Who has judged; `None` where no credential of any was there.
    pub(super) by: Option<Bound<'py, PyAny>>,
    /// How the guard has to make the response private, if it has to.
    pub(super) privacy: Option<Privacy>,
    /// What a handshake is to be answered with, if the app chooses nothing.
    pub(super) subprotocol: Option<&'a str>,
}

/// What a request shows.
#[derive(Debug)]
pub(super) enum Shown {
    Nothing,
    /// Something that is not known, or cannot be read.
    Unreadable,
    /// With Basic, the user's name.
    User(String),
    /// With any other scheme, the digest of the token.
    Token(Digest),
}

impl Judges {
    /// # Errors
    /// `TypeError` for what cannot judge, `RuntimeError` for a scheme that was not set up.
    pub(super) fn of(auth: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = auth.py();
        let list = match (auth.cast::<PyList>(), auth.cast::<PyTuple>()) {
            (Ok(list), _) => list.to_tuple(),
            (_, Ok(tuple)) => tuple.clone(),
            _ => {
                let first = Judge::of(auth)?;
                return Ok(Self { auth: auth.clone().unbind(), first, more: Vec::new(), alternatives: None });
            }
        };
        let mut judges = Vec::new();
        let mut needs = Vec::new();
        for (at, auth) in list.iter().enumerate() {
            let judge = Judge::of(&auth).map_err(|error| in_list(py, at, &error))?;
            let Some(scheme) = &judge.scheme else {
                return Err(PyTypeError::new_err(format!(
                    "auth[{at}]: in a list each is a Bearer, a Basic, an ApiKey or an instance of a subclass of one, which is asked where its \
                     credentials are there: derive from one, or give auth this object alone"
                )));
            };
            needs.push(scheme.get().need()?.clone());
            judges.push(judge);
        }
        let alternatives = Alternatives::try_new(needs).map_err(refused_list)?;
        let mut judges = judges.into_iter();
        let Some(first) = judges.next() else { return Err(refused_list(AlternativesError::Empty)) };
        Ok(Self { auth: list.into_any().unbind(), first, more: judges.collect(), alternatives: Some(alternatives) })
    }

    pub(super) const fn auth(&self) -> &Py<PyAny> {
        &self.auth
    }

    /// Reads a request, and judges it as far as nothing has to be awaited.
    pub(super) fn judge<'py>(&self, scope: &Bound<'py, PyDict>) -> PyResult<Judged<'_, 'py>> {
        match (&self.alternatives, &self.first.scheme) {
            (Some(alternatives), _) => self.judge_by_one_of(alternatives, scope),
            (None, Some(scheme)) if self.first.is_native => {
                let need = scheme.get().need()?.borrowed();
                let request = Request::of(scope, |name| need.looks_at(name))?;
                let verdict = scheme.get().verdict(&request, Need::alone(need)).unwrap_or_else(Verdict::Raised);
                let subprotocol = need.offered_subprotocol(&request);
                let privacy = elsewhere::after(&request, &need, verdict.is_final_no())?;
                Ok(Judged { verdict, by: Some(self.first.auth.bind(scope.py()).clone()), privacy, subprotocol })
            }
            (None, scheme) => {
                let subprotocol = match scheme {
                    Some(scheme) => {
                        let need = scheme.get().need()?.borrowed();
                        need.offered_subprotocol(&Request::of(scope, |name| need.looks_at(name))?)
                    }
                    None => None,
                };
                self.first.identify(scope, subprotocol)
            }
        }
    }

    // Out of the way of a scheme that is alone.
    #[inline(never)]
    fn judge_by_one_of<'a, 'py>(
        &'a self,
        alternatives: &'a Alternatives,
        scope: &Bound<'py, PyDict>,
    ) -> PyResult<Judged<'a, 'py>> {
        let needs: Vec<_> = alternatives.needs().iter().map(Requirement::borrowed).collect();
        let request = Request::of(scope, |name| needs.iter().any(|need| need.looks_at(name)))?;
        let subprotocol = alternatives.offered_subprotocol(&request);
        let decided = alternatives.which(&request);
        let mut judged = match decided.and_then(|at| Some((at, *needs.get(at)?, self.get(at)?))) {
            None => Judged {
                verdict: Verdict::Refused(need::missing(scope.py(), alternatives)?),
                by: None,
                privacy: None,
                subprotocol,
            },
            Some((at, need, judge)) => match &judge.scheme {
                Some(scheme) if judge.is_native => {
                    let judged = scheme.get().verdict(&request, Need::among(need, alternatives, at));
                    let verdict = judged.unwrap_or_else(Verdict::Raised);
                    Judged { verdict, by: Some(judge.auth.bind(scope.py()).clone()), privacy: None, subprotocol }
                }
                _ => judge.identify(scope, subprotocol)?,
            },
        };
        for (at, need) in needs.iter().enumerate() {
            if Some(at) != decided {
                elsewhere::take_out(&request, need)?;
            } else if self.get(at).is_some_and(|judge| judge.is_native) {
                judged.privacy = elsewhere::after(&request, need, judged.verdict.is_final_no())?;
            }
            // An `identify` has still to read its own, and takes it out itself.
        }
        Ok(judged)
    }

    /// Takes the user that a test has signed in as one that the first has found.
    pub(super) fn accept<'py>(&self, user: Bound<'py, PyAny>) -> PyResult<Judged<'_, 'py>> {
        let by = self.first.auth.bind(user.py()).clone();
        let verdict = Verdict::of_identify(user, self.need(0, &self.first)?)?;
        Ok(Judged { verdict, by: Some(by), privacy: None, subprotocol: None })
    }

    /// The rest of a [`Verdict::Pending`], with what was awaited, by the one who has judged.
    pub(super) fn verdict_on<'py>(
        &self,
        awaited: PyResult<Bound<'py, PyAny>>,
        by: &Bound<'py, PyAny>,
    ) -> PyResult<Verdict<'py>> {
        if let Ok(found) = &awaited
            && let Ok(refusal) = found.cast::<Refusal>()
        {
            return Ok(Verdict::Refused(refusal.clone())); // of several schemes too, of which none has judged
        }
        let (judge, need) = self.need_of(by)?;
        let verdict = match need {
            Some(need) if judge.is_native => awaited.and_then(|user| Verdict::of_authenticate(user, need)),
            need => awaited.and_then(|found| Verdict::of_identify(found, need)),
        };
        Ok(verdict.unwrap_or_else(Verdict::Raised))
    }

    /// The refusal that an exception is which one of them has raised, if it is an answer.
    pub(super) fn answer<'py>(&self, error: &PyErr, by: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, Refusal>>> {
        Verdict::answer(by.py(), error, self.need_of(by)?.1)
    }

    fn need_of<'a>(&'a self, by: &Bound<'_, PyAny>) -> PyResult<(&'a Judge, Option<Need<'a>>)> {
        let mut all = (0..=self.more.len()).filter_map(|at| self.get(at).map(|judge| (at, judge)));
        let found = all.find(|(_, judge)| judge.auth.is(by));
        let (at, judge) = found.ok_or_else(|| PyTypeError::new_err("this scheme is not one of the guard's"))?;
        Ok((judge, self.need(at, judge)?))
    }

    /// Who would judge a request; `None` where it shows credentials of none.
    pub(super) fn which(&self, scope: &Bound<'_, PyDict>) -> PyResult<Option<usize>> {
        let Some(alternatives) = &self.alternatives else { return Ok(Some(0)) };
        let request =
            Request::of(scope, |name| alternatives.needs().iter().any(|need| need.borrowed().looks_at(name)))?;
        Ok(alternatives.which(&request))
    }

    /// The refusal of a request that shows credentials of none.
    pub(super) fn missing<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, Refusal>> {
        match &self.alternatives {
            Some(alternatives) => need::missing(py, alternatives),
            None => self.need_at(0)?.map_or_else(
                || Bound::new(py, Refusal::new(Reason::Missing, iter::empty())),
                |need| need.refusal(py, Reason::Missing),
            ),
        }
    }

    /// What the one at this place asks for, if it is a scheme.
    pub(super) fn need_at(&self, at: usize) -> PyResult<Option<Need<'_>>> {
        self.get(at).map_or(Ok(None), |judge| self.need(at, judge))
    }

    /// What a request shows, for who counts failures. Nobody knows where an `identify` of one's own finds credentials, so there they
    /// are taken for shown.
    pub(super) fn shown(&self, scope: &Bound<'_, PyDict>) -> PyResult<Shown> {
        let needs = self.needs()?;
        let request = Request::of(scope, |name| needs.iter().any(|need| need.looks_at(name)))?;
        let at = match &self.alternatives {
            None => 0,
            Some(alternatives) => match alternatives.which(&request) {
                None => return Ok(Shown::Nothing),
                Some(at) => at,
            },
        };
        let Some(need) = needs.get(at) else { return Ok(Shown::Unreadable) };
        let is_basic = need.scheme() == AuthScheme::Basic;
        let shown = need.read(&request, |presented| match user_and_password(presented) {
            Some((user, _)) if is_basic => Shown::User(user.to_owned()),
            _ => Shown::Token(Digest::of(presented.as_bytes())),
        });
        Ok(match shown {
            Ok(shown) => shown,
            Err(Reason::Missing) if self.get(at).is_some_and(|judge| judge.is_native) => Shown::Nothing,
            Err(_) => Shown::Unreadable,
        })
    }

    /// Takes the credentials of all out of a scope that nobody judges.
    pub(super) fn take_out(&self, scope: &Bound<'_, PyDict>) -> PyResult<()> {
        let needs = self.needs()?;
        let request = Request::of(scope, |name| needs.iter().any(|need| need.looks_at(name)))?;
        needs.iter().try_for_each(|need| elsewhere::take_out(&request, need))
    }

    /// What those ask for that are schemes.
    fn needs(&self) -> PyResult<Vec<Requirement<&str>>> {
        let schemes = [&self.first].into_iter().chain(&self.more).filter_map(|judge| judge.scheme.as_ref());
        schemes.map(|scheme| scheme.get().need().map(Requirement::borrowed)).collect()
    }

    /// Whether a field is one that credentials are read from. Nobody knows which an object with an `identify` of its own reads.
    pub(super) fn reads(&self, field: &[u8]) -> bool {
        [&self.first].into_iter().chain(&self.more).any(|judge| {
            let need = judge.scheme.as_ref().and_then(|scheme| scheme.get().need().ok());
            field.eq_ignore_ascii_case(need.map_or("authorization", |need| need.borrowed().field()).as_bytes())
        })
    }

    /// What is asked by one that is a scheme.
    fn need<'a>(&'a self, at: usize, judge: &'a Judge) -> PyResult<Option<Need<'a>>> {
        let Some(scheme) = &judge.scheme else { return Ok(None) };
        let own = scheme.get().need()?.borrowed();
        Ok(Some(self.alternatives.as_ref().map_or(Need::alone(own), |all| Need::among(own, all, at))))
    }

    fn get(&self, at: usize) -> Option<&Judge> {
        match at.checked_sub(1) {
            None => Some(&self.first),
            Some(at) => self.more.get(at),
        }
    }

    pub(super) fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.auth)?;
        [&self.first].into_iter().chain(&self.more).try_for_each(|judge| {
            visit.call(&judge.auth)?;
            visit.call(&judge.scheme)
        })
    }
}

impl Judge {
    fn of(auth: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = auth.py();
        if auth.is_instance_of::<Keyring>() {
            return Err(PyTypeError::new_err("auth is a Bearer: write auth=Bearer(keyring)"));
        }
        if auth.is_none() {
            return Err(PyTypeError::new_err("auth is None: write auth=Bearer(keyring)"));
        }
        let identify = auth.get_type().getattr_opt(intern!(py, "identify"))?;
        let scheme = auth.cast::<Scheme>().ok();
        if let Some(scheme) = scheme {
            scheme.get().need()?;
            check_overrides(auth)?;
        } else if identify.is_none() {
            // The value is not shown: it may be a token that was put in the wrong place.
            return Err(PyTypeError::new_err(
                "auth is a Bearer, a Basic, an ApiKey, a list of them, or an object with an async identify(scope, scopes=())",
            ));
        }
        let of_auth = py.import("sallet.auth")?;
        let own = of_auth.getattr(intern!(py, "Scheme"))?.getattr(intern!(py, "identify"))?;
        let is_native = scheme.is_some() && identify.is_none_or(|identify| identify.is(&own));
        if !is_native {
            of_auth.call_method1(intern!(py, "check_identify"), (auth,))?;
        }
        Ok(Self { auth: auth.clone().unbind(), scheme: scheme.map(|scheme| scheme.clone().unbind()), is_native })
    }

    fn identify<'a, 'py>(&self, scope: &Bound<'py, PyDict>, subprotocol: Option<&'a str>) -> PyResult<Judged<'a, 'py>> {
        let py = scope.py();
        let auth = self.auth.bind(py);
        let privacy = elsewhere::after_unknown(scope)?;
        let verdict =
            auth.call_method1(intern!(py, "identify"), (scope,)).map_or_else(Verdict::Raised, Verdict::Pending);
        Ok(Judged { verdict, by: Some(auth.clone()), privacy, subprotocol })
    }
}

/// The scopes are compared here without a detour by Python, so what a subclass overrides of that would be passed by.
fn check_overrides(auth: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = auth.py();
    let own = py.import("sallet.auth")?.getattr(intern!(py, "Scheme"))?;
    for name in ["authorize", "_begin", "_finish", "_authenticate"] {
        let on_object = match auth.getattr_opt(intern!(py, "__dict__"))? {
            Some(attributes) => attributes.contains(name)?,
            None => false,
        };
        if on_object || !auth.get_type().getattr(name)?.is(&own.getattr(name)?) {
            return Err(PyTypeError::new_err(format!(
                "this scheme overrides {name}, which AuthMiddleware does not call: override identify, and refuse there"
            )));
        }
    }
    Ok(())
}

fn in_list(py: Python<'_>, at: usize, error: &PyErr) -> PyErr {
    let message = error.value(py).to_string();
    PyErr::from_type(error.get_type(py), format!("auth[{at}]: {message}"))
}

fn refused_list(error: AlternativesError) -> PyErr {
    PyTypeError::new_err(match error {
        AlternativesError::Empty => {
            "auth is an empty list, so nobody could be admitted: write auth=[Bearer(keyring), ApiKey(keyring)], or leave auth out".to_owned()
        }
        AlternativesError::SameCredential => {
            "auth: two schemes read the same credential, so the second would never be asked: give one another scheme=, header= or name, \
             or make them one that tries both: write Bearer(authenticate=lambda credentials: keyring.verify(credentials.token) or \
             find_user(credentials))"
                .to_owned()
        }
        error => format!("auth: {}", error.message()),
    })
}
