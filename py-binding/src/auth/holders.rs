//! The users that keys stand for, as Python has them.

use std::sync::{Mutex, OnceLock, PoisonError};

use pyo3::prelude::*;
use sallet_core::auth::Key;

use super::principal::{AuthCredentials, Principal};

/// The user that a key stands for.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) principal: Py<Principal>,
    pub(super) credentials: Py<AuthCredentials>,
}

impl Holder {
    pub(super) fn new(py: Python<'_>, key: &Key<&str>) -> PyResult<Self> {
        let principal = Py::new(py, Principal::of_key(py, key)?)?;
        let credentials = Py::new(py, AuthCredentials::new(principal.clone_ref(py).into_any()))?;
        Ok(Self { principal, credentials })
    }

    pub(super) fn clone_ref(&self, py: Python<'_>) -> Self {
        Self { principal: self.principal.clone_ref(py), credentials: self.credentials.clone_ref(py) }
    }
}

/// Those of the keys that were used last, for a table of very many: one is made when its key is first shown, and a bounded number
/// is kept.
#[derive(Debug)]
pub(super) struct Holders {
    sets: OnceLock<Box<[Mutex<Set>]>>,
    len: usize,
}

/// Two keys whose places fall together, the one that was used last in front.
type Set = [Option<(usize, Holder)>; 2];

impl Holders {
    /// Twice as many are kept, which take 6 MB.
    const MAX_SETS: usize = 8192;

    pub(super) fn for_keys(keys: usize) -> Self {
        Self { sets: OnceLock::new(), len: keys.next_power_of_two().min(Self::MAX_SETS) }
    }

    /// The holder of the key at a place. The same place has to mean the same key each time.
    pub(super) fn get<'k>(&self, py: Python<'_>, at: usize, key: impl FnOnce() -> Key<&'k str>) -> PyResult<Holder> {
        let sets = self.sets.get_or_init(|| (0..self.len).map(|_| Mutex::default()).collect());
        let set = &sets[at % self.len];
        // No Python code runs while it is locked.
        let mut kept = set.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(&kept[1], Some((place, _)) if *place == at) {
            kept.swap(0, 1);
        }
        if let Some((place, holder)) = &kept[0]
            && *place == at
        {
            return Ok(holder.clone_ref(py));
        }
        drop(kept);
        let holder = Holder::new(py, &key())?;
        let mut kept = set.lock().unwrap_or_else(PoisonError::into_inner);
        kept.swap(0, 1);
        let oldest = kept[0].replace((at, holder.clone_ref(py)));
        drop(kept);
        drop(oldest);
        Ok(holder)
    }
}
