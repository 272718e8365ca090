//! The bearer scheme: whom it knows, what it asks for, and how it judges one request.

use std::borrow::Cow;
use std::sync::OnceLock;

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};
use sallet_core::auth::{Realm, Refusal as Reason, Scopes, bearer_token};

use super::credentials::Credentials;
use super::field_lines::{self, FieldLines};
use super::keyring::Keyring;
use super::principal::AuthCredentials;
use super::refusal::Refusal;
use super::user::{self, User};
use super::{error, scopes};

/// The native half of `sallet.Bearer`, which says all about it.
// Set up in `__init__` and not in `__new__`, so that a subclass may take other arguments, as Python's classes do.
#[pyclass(frozen, subclass, module = "sallet")]
#[derive(Debug)]
pub(super) struct Bearer {
    setup: OnceLock<Setup>,
}

#[derive(Debug)]
struct Setup {
    source: Source,
    realm: Realm<String>,
    scopes: Scopes<String>,
}

/// Who knows the users.
#[derive(Debug)]
enum Source {
    Keyring(Py<Keyring>),
    Callable(Py<PyAny>),
}

/// What is known about a request after its headers were read.
#[derive(Debug)]
pub(super) enum Verdict<'py> {
    Admitted {
        user: User<'py>,
        credentials: Bound<'py, PyAny>,
    },
    /// `authenticate` is a coroutine: its user is still to come, and to be judged.
    Pending(Bound<'py, PyAny>),
    Refused(Bound<'py, Refusal>),
}

impl Setup {
    fn refuse<'py>(&self, py: Python<'py>, reason: Reason, required: Scopes<&str>) -> PyResult<Bound<'py, Refusal>> {
        Bound::new(py, Refusal::new(reason, self.realm.borrowed(), required))
    }

    /// The scheme's own scopes, then those of the route.
    fn required(&self, extra: Option<&Bound<'_, PyAny>>) -> PyResult<Cow<'_, Scopes<String>>> {
        Ok(match extra {
            None => Cow::Borrowed(&self.scopes),
            Some(_) => Cow::Owned(scopes::with(&self.scopes, extra, error::policy)?),
        })
    }

    fn judge_lines<'py>(
        &self,
        py: Python<'py>,
        lines: &FieldLines<'py>,
        required: Scopes<&str>,
    ) -> PyResult<Verdict<'py>> {
        let refused = |reason| self.refuse(py, reason, required).map(Verdict::Refused);
        match &self.source {
            Source::Keyring(keyring) => {
                let ring = keyring.get().ring();
                match ring.admit(lines.values(), required) {
                    Ok(Some(holder)) => Ok(Verdict::Admitted {
                        user: User::of(holder.principal.bind(py).clone().into_any(), user::Source::Authenticate)?,
                        credentials: holder.credentials.bind(py).clone().into_any(),
                    }),
                    Ok(None) => refused(Reason::InvalidToken),
                    Err(reason) => refused(reason),
                }
            }
            Source::Callable(authenticate) => match bearer_token(lines.values()) {
                Ok(token) => {
                    let user = authenticate.bind(py).call1((Credentials::bearer(py, token),))?;
                    if user.get_type().hasattr(intern!(py, "__await__"))? {
                        return Ok(Verdict::Pending(user));
                    }
                    self.judge_user(user, required)
                }
                Err(reason) => refused(reason),
            },
        }
    }

    /// Judges what `authenticate` has returned.
    fn judge_user<'py>(&self, user: Bound<'py, PyAny>, required: Scopes<&str>) -> PyResult<Verdict<'py>> {
        let py = user.py();
        if user.is_none() {
            return self.refuse(py, Reason::InvalidToken, required).map(Verdict::Refused);
        }
        // What another scheme's `identify` refused is refused here too.
        if let Ok(refusal) = user.cast::<Refusal>() {
            return Ok(Verdict::Refused(refusal.clone()));
        }
        self.authorize(User::of(user, user::Source::Authenticate)?, required)
    }

    /// Compares the scopes of a user, however they were found.
    fn authorize<'py>(&self, user: User<'py>, required: Scopes<&str>) -> PyResult<Verdict<'py>> {
        let py = user.value().py();
        if !scopes::user_has(user.value(), required)? {
            return self.refuse(py, Reason::InsufficientScope, required).map(Verdict::Refused);
        }
        Verdict::admitted(user)
    }
}

impl<'py> Verdict<'py> {
    fn admitted(user: User<'py>) -> PyResult<Self> {
        let credentials = AuthCredentials::new(user.value().clone().unbind());
        Ok(Self::Admitted { credentials: Bound::new(user.value().py(), credentials)?.into_any(), user })
    }

    /// Judges what an `identify` that is not Sallet's has returned: for the scopes of `bearer`, if it is one.
    pub(super) fn of_identify(found: Bound<'py, PyAny>, bearer: Option<&Bearer>) -> PyResult<Self> {
        let user = match accepted(found)? {
            Ok(user) => user,
            Err(refusal) => return Ok(Verdict::Refused(refusal)),
        };
        match bearer {
            Some(bearer) => {
                let setup = bearer.setup()?;
                setup.authorize(user, setup.scopes.borrowed())
            }
            None => Self::admitted(user),
        }
    }

    fn into_outcome(self) -> Bound<'py, PyAny> {
        match self {
            Verdict::Admitted { user, .. } => user.into_value(),
            Verdict::Refused(refusal) => refusal.into_any(),
            Verdict::Pending(awaitable) => awaitable,
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
                return Err(PyTypeError::new_err(
                    "identify returned None: return the user, or the Refusal that await super().identify(headers) returned",
                ));
            }
            User::of(user, user::Source::Identify).map(Ok)
        }
    }
}

impl Bearer {
    fn setup(&self) -> PyResult<&Setup> {
        self.setup
            .get()
            .ok_or_else(|| PyRuntimeError::new_err("Bearer was not set up: call super().__init__(...) in the subclass"))
    }

    /// Whether a subclass has called `super().__init__(...)`: without it every request would fail.
    pub(super) fn check_setup(&self) -> PyResult<()> {
        self.setup().map(|_| ())
    }

    /// Judges a request, for the scheme's own scopes.
    pub(super) fn judge<'py>(&self, headers: &Bound<'py, PyAny>) -> PyResult<Verdict<'py>> {
        let setup = self.setup()?;
        setup.judge_lines(headers.py(), &field_lines::authorization(headers)?, setup.scopes.borrowed())
    }

    /// Judges the user of a [`Verdict::Pending`], for the scheme's own scopes.
    pub(super) fn judge_later<'py>(&self, user: Bound<'py, PyAny>) -> PyResult<Verdict<'py>> {
        let setup = self.setup()?;
        setup.judge_user(user, setup.scopes.borrowed())
    }
}

#[pymethods]
impl Bearer {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    const fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self { setup: OnceLock::new() }
    }

    #[pyo3(signature = (keyring = None, *, authenticate = None, realm = "api", scopes = None))]
    fn __init__(
        &self,
        keyring: Option<&Bound<'_, PyAny>>,
        authenticate: Option<&Bound<'_, PyAny>>,
        realm: &str,
        scopes: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let source = match (keyring, authenticate) {
            // The messages show no value: it may be a token that was put in the wrong place.
            (Some(keyring), None) => {
                if keyring.is_callable() && !keyring.is_instance_of::<PyType>() {
                    return Err(PyTypeError::new_err("keyring is a Keyring: write Bearer(authenticate=your_function)"));
                }
                let keyring = keyring.cast::<Keyring>().map_err(|_| {
                    PyTypeError::new_err(
                        "keyring is a Keyring: write Bearer(Keyring.from_file(path)), or authenticate=callable",
                    )
                })?;
                let (verify, py) = (intern!(keyring.py(), "verify"), keyring.py());
                if !keyring.get_type().getattr(verify)?.is(py.get_type::<Keyring>().getattr(verify)?) {
                    // The ring is asked without a detour by Python, so an override would be passed by.
                    return Err(PyTypeError::new_err(
                        "this keyring overrides verify, which Bearer does not call: write \
                         Bearer(authenticate=lambda credentials: keyring.verify(credentials.token))",
                    ));
                }
                Source::Keyring(keyring.clone().unbind())
            }
            (None, Some(authenticate)) if authenticate.is_callable() => Source::Callable(authenticate.clone().unbind()),
            (None, Some(_)) => {
                return Err(PyTypeError::new_err(
                    "authenticate is a callable that takes Credentials and returns a user or None",
                ));
            }
            _ => return Err(PyTypeError::new_err("give Bearer exactly one of keyring and authenticate")),
        };
        let realm = Realm::parse(realm.to_owned()).map_err(error::realm)?;
        let setup = Setup { source, realm, scopes: scopes::read(scopes, error::policy)? };
        self.setup.set(setup).map_err(|_| PyRuntimeError::new_err("this Bearer is already set up: make another one"))
    }

    /// The name of what is protected.
    #[getter]
    fn realm(&self) -> PyResult<&str> {
        Ok(self.setup()?.realm.borrowed().as_str())
    }

    /// The scopes that every request needs.
    #[getter]
    fn scopes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        scopes::to_tuple(py, self.setup()?.scopes.borrowed())
    }

    /// The keyring, if that is where the users come from.
    #[getter]
    fn keyring<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, Keyring>>> {
        Ok(match &self.setup()?.source {
            Source::Keyring(keyring) => Some(keyring.bind(py).clone()),
            Source::Callable(_) => None,
        })
    }

    /// Checks the scopes of a user who is already verified: `None` when they are enough, else the refusal.
    #[pyo3(signature = (user, scopes = None))]
    fn authorize<'py>(
        &self,
        user: &Bound<'py, PyAny>,
        scopes: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, Refusal>>> {
        let setup = self.setup()?;
        let required = setup.required(scopes)?;
        let required = required.borrowed();
        if scopes::user_has(user, required)? {
            return Ok(None);
        }
        setup.refuse(user.py(), Reason::InsufficientScope, required).map(Some)
    }

    /// Who sent the request, up to the point where something must be awaited: `(value, False)` with the user or refusal,
    /// or `(awaitable, True)`. Scopes are not looked at: they are `authorize`'s.
    #[pyo3(name = "_begin")]
    fn begin<'py>(&self, headers: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, bool)> {
        let lines = field_lines::authorization(headers)?;
        let verdict = self.setup()?.judge_lines(headers.py(), &lines, Scopes::EMPTY)?;
        let is_pending = matches!(verdict, Verdict::Pending(_));
        Ok((verdict.into_outcome(), is_pending))
    }

    /// The rest of `_begin`, with what was awaited.
    #[pyo3(name = "_finish")]
    fn finish<'py>(&self, user: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.setup()?.judge_user(user, Scopes::EMPTY)?.into_outcome())
    }

    /// The user or refusal that an `identify` of a subclass has returned, once it is sure that it is one.
    #[staticmethod]
    #[pyo3(name = "_accept")]
    fn accept(found: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
        Ok(match accepted(found)? {
            Ok(user) => user.into_value(),
            Err(refusal) => refusal.into_any(),
        })
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let name = slf.get_type().name()?;
        let setup = slf.get().setup()?;
        Ok(format!(
            "<{name} realm={:?} scopes={:?}>",
            setup.realm.borrowed().as_str(),
            setup.scopes.borrowed().as_str()
        ))
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
        Err(error::no_pickle("Bearer", "make it where it is used"))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.setup.get().map(|setup| &setup.source) {
            Some(Source::Keyring(keyring)) => visit.call(keyring),
            Some(Source::Callable(authenticate)) => visit.call(authenticate),
            None => Ok(()),
        }
    }
}
