//! The keyring: the core's, behind a pointer that `reload` swaps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::{ArcSwap, Guard};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use sallet_core::auth::{AuthRequest, Reason, Requirement};

use super::key::Key;
use super::principal::{AuthCredentials, Principal};
use crate::errors;

type CoreKey = sallet_core::auth::Key<String>;

/// The native half of `sallet.Keyring`, which says all about it.
#[pyclass(frozen, subclass, module = "sallet")]
#[derive(Debug)]
pub(super) struct Keyring {
    ring: ArcSwap<Ring>,
    tickets: AtomicU64,
}

/// One state of a keyring: a request that has begun with it ends with it.
#[derive(Debug)]
pub(super) struct Ring {
    keys: sallet_core::auth::Keyring<Box<[CoreKey]>>,
    /// What a request gets, for each key; made once, for they are frozen.
    holders: Vec<Holder>,
    /// Whether any key has a window; else no clock is read.
    timed: bool,
    /// When the reading of these keys began, among the readings of this keyring.
    ticket: u64,
}

/// The user that a key stands for.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) principal: Py<Principal>,
    pub(super) credentials: Py<AuthCredentials>,
}

impl Ring {
    fn new(keys: &Bound<'_, PyAny>, ticket: u64) -> PyResult<Self> {
        let py = keys.py();
        let wrong = || {
            PyTypeError::new_err(
                "a Keyring is made of a list of Key: write Keyring([Key(...), ...]), or Keyring.from_file(path)",
            )
        };
        let mut inner = Vec::new();
        for key in keys.try_iter().map_err(|_| wrong())? {
            inner.push(key?.cast::<Key>().map_err(|_| wrong())?.get().inner().clone());
        }
        let keys = sallet_core::auth::Keyring::try_new(inner.into_boxed_slice()).map_err(errors::ring)?;
        let holders = keys.keys().iter().map(|key| Holder::new(py, key)).collect::<PyResult<_>>()?;
        let timed = keys.keys().iter().any(|key| key.not_before.is_some() || key.not_after.is_some());
        Ok(Self { keys, holders, timed, ticket })
    }

    fn now(&self) -> u64 {
        if !self.timed {
            return 0;
        }
        // A clock before 1970 is a broken one; at 0 it lets nothing in early.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
    }

    /// The verdict on one request, which is the core's.
    pub(super) fn verdict(&self, need: Requirement<&str>, request: &impl AuthRequest) -> Result<&Holder, Reason> {
        need.verdict(&self.keys, request, self.now()).and_then(|key| self.holder(key).ok_or(Reason::Unknown))
    }

    fn holder(&self, key: &CoreKey) -> Option<&Holder> {
        self.holders.get(self.keys.keys().element_offset(key)?)
    }
}

impl Holder {
    fn new(py: Python<'_>, key: &CoreKey) -> PyResult<Self> {
        let principal = Py::new(py, Principal::of_key(py, key)?)?;
        let credentials = Py::new(py, AuthCredentials::new(principal.clone_ref(py).into_any()))?;
        Ok(Self { principal, credentials })
    }
}

impl Keyring {
    pub(super) fn ring(&self) -> Guard<Arc<Ring>> {
        self.ring.load()
    }
}

#[pymethods]
impl Keyring {
    #[new]
    fn new(keys: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self { ring: ArcSwap::from_pointee(Ring::new(keys, 0)?), tickets: AtomicU64::new(1) })
    }

    /// The principal of a token, or `None`.
    fn verify(&self, py: Python<'_>, token: &Bound<'_, PyAny>) -> PyResult<Option<Py<Principal>>> {
        let token = if let Ok(text) = token.cast::<PyString>() {
            // A lone surrogate has no bytes, and so is no token either.
            let Ok(text) = text.to_str() else { return Ok(None) };
            text.as_bytes()
        } else if let Ok(bytes) = token.cast::<PyBytes>() {
            bytes.as_bytes()
        } else {
            return Err(PyTypeError::new_err("a token is str or bytes"));
        };
        let ring = self.ring();
        let found = ring.keys.verify(token, ring.now()).ok().and_then(|key| ring.holder(key));
        Ok(found.map(|holder| holder.principal.clone_ref(py)))
    }

    fn __len__(&self) -> usize {
        self.ring().holders.len()
    }

    /// A keyring without keys is still one: `Bearer(ring) if ring else None` must not open an app whose last key was
    /// taken out.
    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __bool__(&self) -> bool {
        true
    }

    fn __repr__(&self) -> String {
        let ids: Vec<_> = self.ring().keys.keys().iter().map(|key| key.id.clone()).collect();
        format!("<Keyring {ids:?}>")
    }

    /// A number to give to `_swap`, taken before the keys are read.
    #[pyo3(name = "_ticket")]
    fn ticket(&self) -> u64 {
        self.tickets.fetch_add(1, Ordering::Relaxed)
    }

    /// Puts other keys in the place of these, at once and for all threads; bad ones change nothing.
    ///
    /// Nor do keys whose reading began before that of the keys in force: a slow reload must not bring back a key that
    /// a later one has taken out. This needs no lock, so a signal handler may reload in the middle of a reload.
    #[pyo3(name = "_swap")]
    fn swap(&self, keys: &Bound<'_, PyAny>, ticket: u64) -> PyResult<()> {
        let fresh = Arc::new(Ring::new(keys, ticket)?);
        self.ring.rcu(|current| Arc::clone(if current.ticket < ticket { &fresh } else { current }));
        Ok(())
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
        Err(errors::no_pickle("Keyring", "make it again with Keyring.from_file or Keyring.from_env"))
    }
}
