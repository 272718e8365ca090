//! The keys of a keyring, one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::prelude::*;

use super::key::Key;
use super::ring::Ring;

/// What `for key in keyring` goes through: the keys of one moment. A `Key` shows neither token nor digest.
#[pyclass(frozen, module = "sallet")]
#[derive(Debug)]
pub(super) struct KeyIterator {
    ring: Arc<Ring>,
    next: AtomicUsize,
}

impl KeyIterator {
    pub(super) const fn new(ring: Arc<Ring>) -> Self {
        Self { ring, next: AtomicUsize::new(0) }
    }
}

#[pymethods]
impl KeyIterator {
    const fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self) -> Option<Key> {
        loop {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            if place >= self.ring.places() {
                return None;
            }
            if let Some(key) = self.ring.key(place) {
                return Some(Key::of(key));
            }
        }
    }
}
