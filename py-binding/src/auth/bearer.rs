//! The bearer scheme: whom it knows, what it asks for, and how it judges one request.

use std::sync::OnceLock;

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};
use sallet_core::auth::{Realm, Refusal as Reason, Scopes, bearer_token};

use super::credentials::Credentials;
use super::field_lines::{self, FieldLines};
use super::keyring::Keyring;
use super::principal::AuthCredentials;
use super::refusal::Refusal;
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
    realm: String,
    scopes: String,
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
        user: Bound<'py, PyAny>,
        credentials: Bound<'py, PyAny>,
    },
    /// `authenticate` is a coroutine: its user is still to come, and to be judged.
    Pending(Bound<'py, PyAny>),
    Refused(Bound<'py, Refusal>),
}

impl Setup {
    fn realm(&self) -> PyResult<Realm<'_>> {
        Realm::try_new(&self.realm).map_err(error::realm)
    }

    fn refuse<'py>(&self, py: Python<'py>, reason: Reason, required: Scopes<'_>) -> PyResult<Verdict<'py>> {
        Ok(Verdict::Refused(Bound::new(py, Refusal::new(reason, self.realm()?, required))?))
    }

    /// The scheme's own scopes, then those of the route.
    fn required(&self, extra: Option<&Bound<'_, PyAny>>) -> PyResult<std::borrow::Cow<'_, str>> {
        let extra = scopes::join(extra, error::policy)?;
        let own = scopes::checked(&self.scopes);
        let mut all = std::borrow::Cow::Borrowed(self.scopes.as_str());
        for scope in scopes::checked(&extra).iter().filter(|scope| !own.contains(scope)) {
            let all = all.to_mut();
            if !all.is_empty() {
                all.push(' ');
            }
            all.push_str(scope);
        }
        Ok(all)
    }

    fn judge_lines<'py>(
        &self,
        py: Python<'py>,
        lines: &FieldLines<'py>,
        required: Scopes<'_>,
    ) -> PyResult<Verdict<'py>> {
        match &self.source {
            Source::Keyring(keyring) => {
                let ring = keyring.get().ring();
                match ring.admit(lines.values(), required) {
                    Ok(Some(holder)) => Ok(Verdict::Admitted {
                        user: holder.principal.bind(py).clone().into_any(),
                        credentials: holder.credentials.bind(py).clone().into_any(),
                    }),
                    Ok(None) => self.refuse(py, Reason::InvalidToken, required),
                    Err(reason) => self.refuse(py, reason, required),
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
                Err(reason) => self.refuse(py, reason, required),
            },
        }
    }

    fn judge_user<'py>(&self, user: Bound<'py, PyAny>, required: Scopes<'_>) -> PyResult<Verdict<'py>> {
        let py = user.py();
        if user.is_none() {
            return self.refuse(py, Reason::InvalidToken, required);
        }
        // What another scheme's `identify` refused is refused here too.
        if let Ok(refusal) = user.cast::<Refusal>() {
            return Ok(Verdict::Refused(refusal.clone()));
        }
        check_user(&user)?;
        if !scopes::user_has(&user, required)? {
            return self.refuse(py, Reason::InsufficientScope, required);
        }
        let credentials = Bound::new(py, AuthCredentials::new(user.clone().unbind()))?.into_any();
        Ok(Verdict::Admitted { user, credentials })
    }
}

/// Refuses what is no user but the mistake of a function that meant to return one. Each of these objects is there whether
/// or not the token is good, so taking it for a user would let everybody in.
pub(super) fn check_user(user: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = user.py();
    let kind = user.get_type();
    let mistake = if user.is_instance_of::<PyBool>() {
        "a bool: return the user, or None to refuse"
    } else if user.len().is_ok_and(|len| len == 0) {
        "something empty, as of a query that found nothing: return None to refuse"
    } else if kind.hasattr(intern!(py, "__await__"))? || kind.hasattr(intern!(py, "add_done_callback"))? {
        "something to await: write `return await ...` in it"
    } else if ["generator", "async_generator"].contains(&&*kind.name()?.to_string_lossy()) {
        "a generator: use return in it, not yield"
    } else {
        return Ok(());
    };
    Err(PyTypeError::new_err(format!("no user but {mistake}")))
}

impl Bearer {
    fn setup(&self) -> PyResult<&Setup> {
        self.setup
            .get()
            .ok_or_else(|| PyRuntimeError::new_err("Bearer was not set up: call super().__init__(...) in the subclass"))
    }

    /// Judges a request, for the scheme's own scopes.
    pub(super) fn judge<'py>(&self, headers: &Bound<'py, PyAny>) -> PyResult<Verdict<'py>> {
        let setup = self.setup()?;
        setup.judge_lines(headers.py(), &field_lines::authorization(headers)?, scopes::checked(&setup.scopes))
    }

    /// Judges the user of a [`Verdict::Pending`], for the scheme's own scopes.
    pub(super) fn judge_later<'py>(&self, user: Bound<'py, PyAny>) -> PyResult<Verdict<'py>> {
        let setup = self.setup()?;
        setup.judge_user(user, scopes::checked(&setup.scopes))
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
        Realm::try_new(realm).map_err(error::realm)?;
        let setup = Setup { source, realm: realm.to_owned(), scopes: scopes::join(scopes, error::policy)? };
        self.setup.set(setup).map_err(|_| PyRuntimeError::new_err("this Bearer is already set up: make another one"))
    }

    /// The name of what is protected.
    #[getter]
    fn realm(&self) -> PyResult<&str> {
        Ok(&self.setup()?.realm)
    }

    /// The scopes that every request needs.
    #[getter]
    fn scopes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        scopes::to_tuple(py, &self.setup()?.scopes)
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
        let required = scopes::checked(&required);
        if scopes::user_has(user, required)? {
            return Ok(None);
        }
        Bound::new(user.py(), Refusal::new(Reason::InsufficientScope, setup.realm()?, required)).map(Some)
    }

    /// `identify` up to the point where something must be awaited: `(value, False)` with the user or refusal, or
    /// `(awaitable, True)`.
    #[pyo3(name = "_begin", signature = (headers, scopes = None))]
    fn begin<'py>(
        &self,
        headers: &Bound<'py, PyAny>,
        scopes: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyAny>, bool)> {
        let setup = self.setup()?;
        let required = setup.required(scopes)?;
        let lines = field_lines::authorization(headers)?;
        Ok(match setup.judge_lines(headers.py(), &lines, scopes::checked(&required))? {
            Verdict::Admitted { user, .. } => (user, false),
            Verdict::Refused(refusal) => (refusal.into_any(), false),
            Verdict::Pending(awaitable) => (awaitable, true),
        })
    }

    /// The rest of `identify`, with what was awaited.
    #[pyo3(name = "_finish", signature = (user, scopes = None))]
    fn finish<'py>(&self, user: Bound<'py, PyAny>, scopes: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        let setup = self.setup()?;
        let required = setup.required(scopes)?;
        Ok(match setup.judge_user(user, scopes::checked(&required))? {
            Verdict::Admitted { user, .. } | Verdict::Pending(user) => user,
            Verdict::Refused(refusal) => refusal.into_any(),
        })
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let name = slf.get_type().name()?;
        let setup = slf.get().setup()?;
        Ok(format!("<{name} realm={:?} scopes={:?}>", setup.realm, setup.scopes))
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
