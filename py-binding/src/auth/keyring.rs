//! The keyring: a pointer to keys that are swapped whole, and when they are too old.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use arc_swap::{ArcSwap, Guard};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use sallet_core::auth::{AuthRequest, KeyTable, KeyTableBuilder, Reason, Requirement, Scopes};

use super::holders::Holder;
use super::key::Key;
use super::key_iterator::KeyIterator;
use super::principal::Principal;
use super::ring::{Found, Ring};
use super::rows::{self, Problem};
use crate::errors;

/// The native half of `sallet.Keyring`, which says all about it.
#[pyclass(frozen, subclass, module = "sallet")]
#[derive(Debug)]
pub(super) struct Keyring {
    ring: ArcSwap<Ring>,
    tickets: AtomicU64,
    /// From when on nobody is admitted: in nanoseconds of [`CLOCK`].
    deadline: AtomicU64,
}

/// No time is as late.
const NEVER: u64 = u64::MAX;

/// A monotonic clock that starts when it is first looked at.
static CLOCK: LazyLock<Instant> = LazyLock::new(Instant::now);

fn nanoseconds() -> u64 {
    u64::try_from(CLOCK.elapsed().as_nanos()).unwrap_or(NEVER)
}

/// What a request is judged by.
pub(super) struct Current {
    ring: Guard<Arc<Ring>>,
    /// Nobody knows which keys are still good.
    stale: bool,
}

impl Current {
    /// The verdict on one request, which is the core's.
    #[inline]
    pub(super) fn verdict(
        &self,
        py: Python<'_>,
        need: Requirement<&str>,
        request: &impl AuthRequest,
    ) -> PyResult<Result<Holder, Reason>> {
        self.holder(py, need.verdict(self, request, self.ring.now()))
    }

    fn verify(&self, py: Python<'_>, token: &[u8]) -> PyResult<Result<Holder, Reason>> {
        self.holder(py, sallet_core::auth::Ring::verify(self, token, self.ring.now()))
    }

    #[inline]
    fn holder(&self, py: Python<'_>, found: Result<Found<'_>, Reason>) -> PyResult<Result<Holder, Reason>> {
        Ok(match found {
            Ok(found) => self.ring.holder(py, &found)?.ok_or(Reason::Unknown),
            Err(reason) => Err(reason),
        })
    }
}

impl<'r> sallet_core::auth::Ring for &'r Current {
    type Found = Found<'r>;

    #[inline]
    fn verify(self, token: &[u8], now: u64) -> Result<Found<'r>, Reason> {
        if self.stale {
            return Err(Reason::Unavailable);
        }
        sallet_core::auth::Ring::verify(&**self.ring, token, now)
    }

    #[inline]
    fn grants(found: &Found<'r>, required: Scopes<&str>) -> bool {
        <&Ring as sallet_core::auth::Ring>::grants(found, required)
    }
}

impl Keyring {
    #[inline]
    pub(super) fn ring(&self) -> Current {
        let deadline = self.deadline.load(Ordering::Relaxed);
        // No clock is read where there is none.
        let stale = deadline != NEVER && deadline <= nanoseconds();
        Current { ring: self.ring.load(), stale }
    }

    /// Puts another state in the place of this one, unless its reading began before.
    fn put(&self, py: Python<'_>, fresh: Ring) {
        let fresh = Arc::new(fresh);
        let old = self.ring.rcu(|current| Arc::clone(if current.ticket < fresh.ticket { &fresh } else { current }));
        // It may be large.
        py.detach(|| drop(old));
    }
}

/// All keys or none.
fn ring_of(keys: &Bound<'_, PyAny>, ticket: u64) -> PyResult<Ring> {
    let py = keys.py();
    let wrong = || {
        PyTypeError::new_err(
            "a Keyring is made of a list of Key: write Keyring([Key(...), ...]), or Keyring.from_file(path)",
        )
    };
    let (mut few, mut all) = (Vec::new(), KeyTableBuilder::new());
    for (at, key) in keys.try_iter().map_err(|_| wrong())?.enumerate() {
        let key = key?;
        let key = key.cast::<Key>().map_err(|_| wrong())?.get().inner();
        if at < Ring::SCANNED {
            few.push(key.clone());
        }
        all.push(&key.borrowed());
        rows::let_others_run(py, at);
    }
    if all.len() <= Ring::SCANNED {
        return Ring::scanned(py, few, ticket);
    }
    drop(few);
    Ring::of_table(py, py.detach(|| all.finish()).map_err(errors::ring)?, ticket, None)
}

#[pymethods]
impl Keyring {
    #[new]
    fn new(keys: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            ring: ArcSwap::from_pointee(ring_of(keys, 0)?),
            tickets: AtomicU64::new(1),
            deadline: AtomicU64::new(NEVER),
        })
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
        Ok(self.ring().verify(py, token)?.ok().map(|holder| holder.principal))
    }

    fn __len__(&self) -> usize {
        self.ring.load().len()
    }

    /// Goes through the keys that are in force now, whatever replaces them meanwhile.
    fn __iter__(&self) -> KeyIterator {
        KeyIterator::new(self.ring.load_full())
    }

    /// Whether a key has this id. Without it Python would compare each key with the text, and find none equal.
    fn __contains__(&self, id: &Bound<'_, PyAny>) -> PyResult<bool> {
        let id = id
            .cast::<PyString>()
            .map_err(|_| PyTypeError::new_err("a Keyring is asked for the id of a key: write key.id in keyring"))?;
        // A lone surrogate is in no id.
        Ok(id.to_str().is_ok_and(|id| self.ring.load().has(id)))
    }

    /// A keyring without keys is still one: `Bearer(ring) if ring else None` must not open an app whose last key was
    /// taken out.
    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __bool__(&self) -> bool {
        true
    }

    fn __repr__(&self) -> String {
        let ring = self.ring.load();
        match ring.ids() {
            Some(ids) => format!("<Keyring {ids:?}>"),
            None => format!("<Keyring of {} keys>", ring.len()),
        }
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
        self.put(keys.py(), ring_of(keys, ticket)?);
        Ok(())
    }

    /// The same with the rows of a store, of which those are left out that are in doubt. Returns what is wrong with them, by id.
    #[pyo3(name = "_load")]
    fn load(&self, rows: &Bound<'_, PyAny>, ticket: u64) -> PyResult<Vec<Problem>> {
        let py = rows.py();
        let (read, problems) = rows::read(rows)?;
        let (table, found) = py.detach(|| read.finish_leniently());
        self.put(py, Ring::of_table(py, table, ticket, None)?);
        Ok(rows::joined(problems, found))
    }

    /// The same with what `_blob` has made.
    #[pyo3(name = "_load_blob")]
    fn load_blob(&self, blob: &Bound<'_, PyBytes>, ticket: u64) -> PyResult<Vec<Problem>> {
        let (py, bytes) = (blob.py(), blob.as_bytes());
        let (table, found) = py.detach(|| KeyTable::from_blob(bytes)).map_err(errors::blob)?;
        self.put(py, Ring::of_table(py, table, ticket, None)?);
        Ok(rows::joined(Vec::new(), found))
    }

    /// All that `_load` was given, in a form that is quicker to read. The digests are in it.
    #[pyo3(name = "_blob")]
    fn blob<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let ring = self.ring.load_full();
        let table = ring.table()?;
        let blob = py.detach(|| table.to_blob());
        Ok(PyBytes::new(py, &blob))
    }

    /// Works in what has happened to some ids: pairs of an id and its row, or `None` where it has none any more.
    #[pyo3(name = "_change")]
    fn change(&self, changes: &Bound<'_, PyAny>, ticket: u64) -> PyResult<Vec<Problem>> {
        let py = changes.py();
        let (changes, problems) = rows::changes(changes)?;
        loop {
            let current = self.ring.load_full();
            if current.ticket >= ticket {
                return Ok(Vec::new());
            }
            let table = current.table()?;
            let (next, found) = py.detach(|| table.with_changes(changes.iter().map(rows::Change::borrowed)));
            let fresh = Arc::new(Ring::of_table(py, next, ticket, Some(&current))?);
            let before = self.ring.compare_and_swap(&current, fresh);
            if Arc::ptr_eq(&before, &current) {
                return Ok(rows::joined(problems, found));
            }
        }
    }

    /// From so many seconds on nobody is admitted, because nobody knows which keys are still good; `None` takes that back.
    #[pyo3(name = "_deadline", signature = (seconds))]
    fn deadline(&self, seconds: Option<f64>) -> PyResult<()> {
        let at = match seconds {
            None => NEVER,
            Some(seconds) if seconds.is_nan() || seconds < 0.0 => {
                return Err(PyValueError::new_err("seconds is 0 or more, or None"));
            }
            // Good from the start of the clock on, whatever it says.
            Some(0.0) => 0,
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates, and is not negative"
            )]
            Some(seconds) => nanoseconds().saturating_add((seconds * 1e9) as u64).min(NEVER - 1),
        };
        self.deadline.store(at, Ordering::Relaxed);
        Ok(())
    }

    /// Takes other keys, at once and for all threads.
    fn replace(&self, keys: &Bound<'_, PyAny>) -> PyResult<()> {
        let ticket = self.ticket();
        self.swap(keys, ticket)
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
