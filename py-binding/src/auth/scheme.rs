//! A scheme: whom it knows, what it asks for, and its verdict on one request.

use std::iter;
use std::sync::OnceLock;

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};
use sallet_core::auth::{AuthScheme, Realm, Reason, Refusal as Answer, Requirement, Scopes};

use super::credentials::Credentials;
use super::elsewhere;
use super::keyring::Keyring;
use super::need::Need;
use super::options;
use super::principal::{AuthCredentials, Principal};
use super::raised::Raised;
use super::refusal::Refusal;
use super::request::{self, Request};
use super::scopes;
use super::user::{self, User};
use crate::errors::NotAUser;
use crate::{asgi, errors};

/// The native half of `sallet.Bearer`, which says all about it, and of every other scheme.
// Set up in `__init__` and not in `__new__`, so that a subclass may take other arguments, as Python's classes do.
#[pyclass(frozen, subclass, module = "sallet")]
#[derive(Debug)]
pub(super) struct Scheme {
    setup: OnceLock<Setup>,
}

#[derive(Debug)]
struct Setup {
    source: Source,
    need: Requirement<String>,
}

/// Who knows the users.
#[derive(Debug)]
enum Source {
    Keyring(Py<Keyring>),
    Callable {
        function: Py<PyAny>,
        /// It is given the scope too.
        takes_scope: bool,
    },
}

/// What is known about a request after its headers were read.
#[derive(Debug)]
pub(super) enum Verdict<'py> {
    Admitted {
        user: User<'py>,
        credentials: Bound<'py, PyAny>,
    },
    /// `authenticate` is a coroutine: its user is still to come, and to be looked at.
    Pending(Bound<'py, PyAny>),
    Refused(Bound<'py, Refusal>),
    /// `authenticate` or `identify` has raised this, or returned what is no user.
    Raised(PyErr),
}

impl Setup {
    fn need(&self) -> Requirement<&str> {
        self.need.borrowed()
    }

    fn verdict<'py>(&self, request: &Request<'py>, need: Need<'_>) -> PyResult<Verdict<'py>> {
        let py = request.scope().py();
        match &self.source {
            Source::Keyring(keyring) => {
                let ring = keyring.get().ring();
                match ring.verdict(py, need.judging(), request)? {
                    Ok(holder) => Ok(Verdict::Admitted {
                        user: User::of(holder.principal.into_bound(py).into_any(), user::Source::Authenticate)?,
                        credentials: holder.credentials.into_bound(py).into_any(),
                    }),
                    Err(reason) => {
                        // Whose scopes are too few is for the log.
                        let all = need.judging().with_scopes(Scopes::EMPTY);
                        let holder = match reason {
                            Reason::InsufficientScope => ring.verdict(py, all, request)?.ok(),
                            _ => None,
                        };
                        let principal = holder.as_ref().map(|holder| holder.principal.get());
                        need.refusal_of(py, reason, principal).map(Verdict::Refused)
                    }
                }
            }
            Source::Callable { function, takes_scope } => {
                let asked = need.judging();
                let called = asked.read(request, |presented| {
                    let credentials = Credentials::presented(py, &asked, presented);
                    if *takes_scope {
                        // What it writes into the state must not be seen by another request.
                        asgi::own_state(request.scope())?;
                        return function.bind(py).call1((credentials, request.scope()));
                    }
                    function.bind(py).call1((credentials,))
                });
                match called {
                    Ok(user) => {
                        let user = user?;
                        if user.get_type().hasattr(intern!(py, "__await__"))? {
                            return Ok(Verdict::Pending(user));
                        }
                        Verdict::of_authenticate(user, need)
                    }
                    Err(reason) => Verdict::refused(py, reason, need),
                }
            }
        }
    }
}

impl<'py> Verdict<'py> {
    /// Whether nobody is admitted, whatever is still to come.
    pub(super) const fn is_final_no(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Raised(_))
    }

    pub(super) fn refused(py: Python<'py>, reason: Reason, need: Need<'_>) -> PyResult<Self> {
        need.refusal(py, reason).map(Self::Refused)
    }

    fn admitted(user: User<'py>) -> PyResult<Self> {
        let credentials = AuthCredentials::new(user.value().clone().unbind());
        Ok(Self::Admitted { credentials: Bound::new(user.value().py(), credentials)?.into_any(), user })
    }

    /// Sees whether a user is granted the scopes, however they were found.
    fn granted(user: User<'py>, need: Need<'_>) -> PyResult<Self> {
        if !scopes::user_has(user.value(), need.judging().scopes())? {
            let holder = user.value().cast::<Principal>().ok().map(Bound::get);
            return need.refusal_of(user.value().py(), Reason::InsufficientScope, holder).map(Self::Refused);
        }
        Self::admitted(user)
    }

    /// What `authenticate` has returned.
    pub(super) fn of_authenticate(user: Bound<'py, PyAny>, need: Need<'_>) -> PyResult<Self> {
        if user.is_none() {
            return Self::refused(user.py(), Reason::App(Answer::InvalidToken), need);
        }
        // What another scheme's `identify` refused is refused here too.
        if let Ok(refusal) = user.cast::<Refusal>() {
            return Ok(Self::Refused(refusal.clone()));
        }
        Self::granted(User::of(user, user::Source::Authenticate)?, need)
    }

    /// The refusal that an exception of the app's own function is, if it is an answer.
    pub(super) fn answer(
        py: Python<'py>,
        error: &PyErr,
        need: Option<Need<'_>>,
    ) -> PyResult<Option<Bound<'py, Refusal>>> {
        let Some(raised) = Raised::of(py, error)? else { return Ok(None) };
        match need {
            Some(need) => need.raised(py, raised).map(Some),
            None => Bound::new(py, Refusal::raised(raised, iter::empty())).map(Some),
        }
    }

    /// What an `identify` that is not Sallet's has returned: for the scopes of `need`, if it is a scheme's.
    pub(super) fn of_identify(found: Bound<'py, PyAny>, need: Option<Need<'_>>) -> PyResult<Self> {
        let user = match accepted(found)? {
            Ok(user) => user,
            Err(refusal) => return Ok(Self::Refused(refusal)),
        };
        match need {
            Some(need) => Self::granted(user, need),
            None => Self::admitted(user),
        }
    }

    fn into_python(self) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Verdict::Admitted { user, .. } => Ok(user.into_value()),
            Verdict::Refused(refusal) => Ok(refusal.into_any()),
            Verdict::Pending(awaitable) => Ok(awaitable),
            Verdict::Raised(error) => Err(error),
        }
    }
}

/// What an `identify` that is not Sallet's has returned: a user, or the refusal.
fn accepted(found: Bound<'_, PyAny>) -> PyResult<Result<User<'_>, Bound<'_, Refusal>>> {
    match found.cast_into::<Refusal>() {
        Ok(refusal) => Ok(Err(refusal)),
        Err(error) => {
            let user = error.into_inner();
            if user.is_none() {
                return Err(NotAUser::new_err(
                    "identify returned None: return the user, or the Refusal that await super().identify(scope) returned",
                ));
            }
            User::of(user, user::Source::Identify).map(Ok)
        }
    }
}

impl Scheme {
    fn setup(&self) -> PyResult<&Setup> {
        self.setup.get().ok_or_else(|| {
            PyRuntimeError::new_err("the scheme was not set up: call super().__init__(...) in the subclass")
        })
    }

    /// What it asks for. An error where a subclass has not called `super().__init__(...)`: every request would fail.
    pub(super) fn need(&self) -> PyResult<&Requirement<String>> {
        self.setup().map(|setup| &setup.need)
    }

    /// The verdict on a request.
    pub(super) fn verdict<'py>(&self, request: &Request<'py>, need: Need<'_>) -> PyResult<Verdict<'py>> {
        self.setup()?.verdict(request, need)
    }
}

#[pymethods]
impl Scheme {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    const fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self { setup: OnceLock::new() }
    }

    #[pyo3(signature = (kind, keyring = None, *, authenticate = None, realm = "api", scopes = None, takes_scope = false, **options))]
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    fn __init__(
        &self,
        kind: &str,
        keyring: Option<&Bound<'_, PyAny>>,
        authenticate: Option<&Bound<'_, PyAny>>,
        realm: &str,
        scopes: Option<&Bound<'_, PyAny>>,
        takes_scope: bool,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let scheme = AuthScheme::ALL.iter().find(|known| known.name() == kind);
        let scheme = *scheme.ok_or_else(|| PyTypeError::new_err("this is not the name of a scheme, such as Bearer"))?;
        let name = scheme.name();
        let source = match (keyring, authenticate) {
            // The messages show no value: it may be a token that was put in the wrong place.
            (Some(keyring), None) => {
                if keyring.is_callable() && !keyring.is_instance_of::<PyType>() {
                    return Err(PyTypeError::new_err(format!(
                        "keyring is a Keyring: write {name}(authenticate=your_function)"
                    )));
                }
                let keyring = keyring.cast::<Keyring>().map_err(|_| {
                    PyTypeError::new_err(format!(
                        "keyring is a Keyring: write {name}(Keyring.from_file(path)), or authenticate=callable"
                    ))
                })?;
                let (verify, py) = (intern!(keyring.py(), "verify"), keyring.py());
                if !keyring.get_type().getattr(verify)?.is(py.get_type::<Keyring>().getattr(verify)?) {
                    // The ring is asked without a detour by Python, so an override would be passed by.
                    return Err(PyTypeError::new_err(format!(
                        "this keyring overrides verify, which {name} does not call: write \
                         {name}(authenticate=lambda credentials: keyring.verify(credentials.token))"
                    )));
                }
                Source::Keyring(keyring.clone().unbind())
            }
            // A scheme can be called, so that FastAPI hears why it is no dependency.
            (None, Some(authenticate)) if authenticate.is_callable() && !authenticate.is_instance_of::<Self>() => {
                Source::Callable { function: authenticate.clone().unbind(), takes_scope }
            }
            (None, Some(_)) => {
                return Err(PyTypeError::new_err(
                    "authenticate is a function that takes Credentials and returns a user or None: write \
                     authenticate=find_user, without calling it",
                ));
            }
            _ => {
                return Err(PyTypeError::new_err(format!(
                    "{name} takes a keyring or authenticate, and one of them alone: write {name}(Keyring.from_file(path)) \
                     or {name}(authenticate=find_user)"
                )));
            }
        };
        let (realm, scopes) = (Realm::parse(realm).map_err(errors::realm)?, scopes::read(scopes, errors::policy)?);
        let need = Requirement::new(scheme, realm, scopes.borrowed());
        let need = match options {
            Some(options) => options::with(need, options, matches!(source, Source::Callable { .. }))?,
            None => need.owned(),
        };
        let setup = Setup { source, need };
        self.setup.set(setup).map_err(|_| PyRuntimeError::new_err("this scheme is already set up: make another one"))
    }

    /// The name of what is protected.
    #[getter]
    fn realm(&self) -> PyResult<&str> {
        Ok(self.setup()?.need().realm().as_str())
    }

    /// The scopes that every request needs.
    #[getter]
    fn scopes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        scopes::to_tuple(py, self.setup()?.need().scopes())
    }

    /// The keyring, if that is where the users come from.
    #[getter]
    fn keyring<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, Keyring>>> {
        Ok(match &self.setup()?.source {
            Source::Keyring(keyring) => Some(keyring.bind(py).clone()),
            Source::Callable { .. } => None,
        })
    }

    /// The word in challenges, and in `Authorization` where the scheme is read from there.
    #[getter]
    fn word(&self) -> PyResult<&str> {
        Ok(self.setup()?.need().word())
    }

    /// The field that is read.
    #[getter]
    fn header(&self) -> PyResult<&str> {
        Ok(self.setup()?.need().field())
    }

    /// Whether what a page of another site makes a browser send is refused.
    #[getter]
    #[pyo3(name = "_minds_the_site")]
    fn minds_the_site(&self) -> PyResult<bool> {
        const FIELD: &str = "sec-fetch-site";
        let need = self.setup()?.need();
        Ok(need.looks_at(FIELD.as_bytes()) && !need.field().eq_ignore_ascii_case(FIELD))
    }

    /// Checks the scopes of a user who is already verified: `None` when they are enough, else the refusal.
    #[pyo3(signature = (user, scopes = None))]
    fn authorize<'py>(
        &self,
        user: &Bound<'py, PyAny>,
        scopes: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, Refusal>>> {
        let own = self.setup()?.need();
        // The scheme's own scopes, then those of the route.
        let joined = scopes.map(|_| scopes::with(own.scopes(), scopes, errors::policy)).transpose()?;
        let need = joined.as_ref().map_or(own, |joined| own.with_scopes(joined.borrowed()));
        if scopes::user_has(user, need.scopes())? {
            return Ok(None);
        }
        let holder = user.cast::<Principal>().ok().map(Bound::get);
        Need::alone(need).refusal_of(user.py(), Reason::InsufficientScope, holder).map(Some)
    }

    /// Who sent the request, up to the point where something must be awaited: `(value, False)` with the user or refusal,
    /// or `(awaitable, True)`. Scopes are not looked at: they are `authorize`'s.
    #[pyo3(name = "_begin")]
    fn begin<'py>(&self, scope: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, bool)> {
        let setup = self.setup()?;
        let need = setup.need();
        let request = Request::of(request::scope_of(scope)?, |name| need.looks_at(name))?;
        let verdict = setup.verdict(&request, Need::alone(need).without_scopes());
        // Also where `authenticate` has raised: the server logs the request all the same.
        elsewhere::after(&request, &need, verdict.as_ref().map_or(true, Verdict::is_final_no))?;
        let verdict = verdict?;
        let is_pending = matches!(verdict, Verdict::Pending(_));
        Ok((verdict.into_python()?, is_pending))
    }

    /// The rest of `_begin`, with what was awaited.
    #[pyo3(name = "_finish")]
    fn finish<'py>(&self, user: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let need = Need::alone(self.setup()?.need()).without_scopes();
        Verdict::of_authenticate(user, need)?.into_python()
    }

    /// The refusal that an exception is, if it is an answer.
    #[pyo3(name = "_answer")]
    fn answer<'py>(&self, error: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, Refusal>>> {
        let need = Need::alone(self.setup()?.need());
        Verdict::answer(error.py(), &PyErr::from_value(error.clone()), Some(need))
    }

    /// The user or refusal that an `identify` of a subclass has returned for a scope, once it is sure that it is one.
    #[staticmethod]
    #[pyo3(name = "_accept", signature = (found, scope = None))]
    fn accept<'py>(found: Bound<'py, PyAny>, scope: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(scope) = scope {
            elsewhere::after_unknown(request::scope_of(scope)?)?;
        }
        Ok(match accepted(found)? {
            Ok(user) => user.into_value(),
            Err(refusal) => refusal.into_any(),
        })
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let name = slf.get_type().name()?;
        let need = slf.get().setup()?.need();
        Ok(format!("<{name} realm={:?} scopes={:?}>", need.realm().as_str(), need.scopes().as_str()))
    }

    /// It is its own copy: middleware inside may copy the whole scope, as hypercorn's does.
    const fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    const fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    fn __reduce__(&self) -> PyResult<Py<PyAny>> {
        Err(errors::no_pickle("A scheme", "make it where it is used"))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.setup.get().map(|setup| &setup.source) {
            Some(Source::Keyring(keyring)) => visit.call(keyring),
            Some(Source::Callable { function, .. }) => visit.call(function),
            None => Ok(()),
        }
    }
}
