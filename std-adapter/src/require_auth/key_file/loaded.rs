//! The keys of one reading of a file, and how they are kept.

use std::collections::HashSet;
use std::sync::Arc;

use sallet_core::auth::{Key, KeyTableBuilder, KeyringError};

use super::super::{OwnedKeyring, Ring};

/// More keys than these are found by an index, as in Python.
const SCANNED: usize = 256;

pub(super) struct Loaded {
    pub(super) ring: Ring,
    pub(super) len: usize,
}

impl Loaded {
    /// These keys; or why they are no ring, and the first of them that cannot be in one.
    pub(super) fn new(keys: &[Key<String>]) -> Result<Self, (KeyringError, usize)> {
        let ring = if keys.len() <= SCANNED {
            OwnedKeyring::try_new(keys.to_vec()).map(|ring| Ring::from(Arc::new(ring)))
        } else {
            let mut rows = KeyTableBuilder::new();
            keys.iter().for_each(|key| rows.push(&key.borrowed()));
            rows.finish().map(|table| Ring::from(Arc::new(table)))
        };
        // Each key by itself was found to be good.
        let ring = ring.map_err(|why| again(keys).unwrap_or((why, 0)))?;
        Ok(Self { ring, len: keys.len() })
    }
}

/// The first key that has the id or the token of one before it.
fn again(keys: &[Key<String>]) -> Option<(KeyringError, usize)> {
    let (mut ids, mut digests) = (HashSet::new(), HashSet::new());
    keys.iter().enumerate().find_map(|(at, key)| {
        let (id, digest) = (ids.insert(&key.id), digests.insert(key.digest.to_bytes()));
        match (id, digest) {
            (false, _) => Some((KeyringError::DuplicateId, at)),
            (true, false) => Some((KeyringError::DuplicateToken, at)),
            (true, true) => None,
        }
    })
}
