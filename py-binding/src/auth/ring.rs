//! One state of a keyring: a request that has begun with it ends with it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use pyo3::prelude::*;
use sallet_core::auth::{KeyTable, KeyTableBuilder, Keyring, Reason, Scopes, TableKey};

use super::holders::{Holder, Holders};
use crate::errors;

pub(super) type CoreKey = sallet_core::auth::Key<String>;

/// Its keys.
#[derive(Debug)]
pub(super) struct Ring {
    keys: Keys,
    /// Whether any key has a window; else no clock is read.
    timed: bool,
    /// When the reading of these keys began, among the readings of this keyring.
    pub(super) ticket: u64,
}

#[derive(Debug)]
enum Keys {
    /// Few: all are looked at.
    Scanned {
        ring: Keyring<Box<[CoreKey]>>,
        /// What a request gets, for each key; made once, for they are frozen.
        holders: Vec<Holder>,
        /// What they were made of, if it may hold rows that are out of force.
        table: Option<KeyTable>,
    },
    /// Very many: an index.
    Indexed {
        table: KeyTable,
        /// Of the places that last, and of the others.
        lasting: Arc<Holders>,
        fresh: Holders,
    },
}

/// A key that a request has shown.
pub(super) enum Found<'r> {
    Scanned(&'r CoreKey),
    Indexed(TableKey<'r>),
}

impl Ring {
    /// Of up to so many keys each is looked at.
    pub(super) const SCANNED: usize = 256;

    /// Of few keys.
    pub(super) fn scanned(py: Python<'_>, keys: Vec<CoreKey>, ticket: u64) -> PyResult<Self> {
        Self::new_scanned(py, keys, None, ticket)
    }

    fn new_scanned(py: Python<'_>, keys: Vec<CoreKey>, table: Option<KeyTable>, ticket: u64) -> PyResult<Self> {
        let ring = Keyring::try_new(keys.into_boxed_slice()).map_err(errors::ring)?;
        let holders = ring.keys().iter().map(|key| Holder::new(py, &key.borrowed())).collect::<PyResult<_>>()?;
        let timed = ring.keys().iter().any(|key| key.not_before.is_some() || key.not_after.is_some());
        Ok(Self { keys: Keys::Scanned { ring, holders, table }, timed, ticket })
    }

    /// `before` is what this was made of by changes.
    pub(super) fn of_table(py: Python<'_>, table: KeyTable, ticket: u64, before: Option<&Self>) -> PyResult<Self> {
        if table.len() <= Self::SCANNED {
            let mut keys: Vec<_> = table.iter().map(|key| owned(&key)).collect();
            keys.sort_unstable_by(|a, b| a.id.cmp(&b.id));
            return Self::new_scanned(py, keys, Some(table), ticket);
        }
        let lasting = match before.map(|before| &before.keys) {
            Some(Keys::Indexed { table: old, lasting, .. }) if old.shares_places(&table) => Arc::clone(lasting),
            _ => Arc::new(Holders::for_keys(table.lasting_places())),
        };
        let fresh = Holders::for_keys(table.places() - table.lasting_places());
        Ok(Self { timed: table.is_timed(), keys: Keys::Indexed { table, lasting, fresh }, ticket })
    }

    /// The keys as a table, to be changed.
    pub(super) fn table(&self) -> PyResult<Cow<'_, KeyTable>> {
        Ok(match &self.keys {
            Keys::Indexed { table, .. } | Keys::Scanned { table: Some(table), .. } => Cow::Borrowed(table),
            Keys::Scanned { ring, table: None, .. } => {
                let mut rows = KeyTableBuilder::new();
                ring.keys().iter().for_each(|key| rows.push(&key.borrowed()));
                Cow::Owned(rows.finish().map_err(errors::ring)?)
            }
        })
    }

    pub(super) fn len(&self) -> usize {
        match &self.keys {
            Keys::Scanned { holders, .. } => holders.len(),
            Keys::Indexed { table, .. } => table.len(),
        }
    }

    /// How many places there are for [`key`](Self::key), counted from 0.
    pub(super) fn places(&self) -> usize {
        match &self.keys {
            Keys::Scanned { ring, .. } => ring.keys().len(),
            Keys::Indexed { table, .. } => table.places(),
        }
    }

    /// The key at a place; `None` where none is any more.
    pub(super) fn key(&self, place: usize) -> Option<CoreKey> {
        match &self.keys {
            Keys::Scanned { ring, .. } => ring.keys().get(place).cloned(),
            Keys::Indexed { table, .. } => table.get(place).map(|key| owned(&key)),
        }
    }

    /// Whether a key has this id.
    pub(super) fn has(&self, id: &str) -> bool {
        match &self.keys {
            Keys::Scanned { ring, .. } => ring.keys().iter().any(|key| key.id == id),
            Keys::Indexed { table, .. } => table.by_id(id).is_some(),
        }
    }

    /// For `repr`: no more than are scanned.
    pub(super) fn ids(&self) -> Option<Vec<&str>> {
        match &self.keys {
            Keys::Scanned { ring, .. } => Some(ring.keys().iter().map(|key| &*key.id).collect()),
            Keys::Indexed { .. } => None,
        }
    }

    pub(super) fn now(&self) -> u64 {
        if !self.timed {
            return 0;
        }
        // A clock before 1970 is a broken one; at 0 it lets nothing in early.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
    }

    /// The user that a key stands for.
    #[inline]
    pub(super) fn holder(&self, py: Python<'_>, found: &Found<'_>) -> PyResult<Option<Holder>> {
        match (&self.keys, found) {
            (Keys::Scanned { ring, holders, .. }, Found::Scanned(key)) => {
                let holder = ring.keys().element_offset(key).and_then(|at| holders.get(at));
                Ok(holder.map(|holder| holder.clone_ref(py)))
            }
            (Keys::Indexed { table, lasting, fresh }, Found::Indexed(found)) => {
                match found.at().checked_sub(table.lasting_places()) {
                    None => lasting.get(py, found.at(), || found.key()).map(Some),
                    Some(at) => fresh.get(py, at, || found.key()).map(Some),
                }
            }
            _ => Ok(None),
        }
    }
}

impl<'r> sallet_core::auth::Ring for &'r Ring {
    type Found = Found<'r>;

    #[inline]
    fn verify(self, token: &[u8], now: u64) -> Result<Found<'r>, Reason> {
        match &self.keys {
            Keys::Scanned { ring, .. } => ring.verify(token, now).map(Found::Scanned),
            Keys::Indexed { table, .. } => table.verify(token, now).map(Found::Indexed),
        }
    }

    #[inline]
    fn grants(found: &Found<'r>, required: Scopes<&str>) -> bool {
        match found {
            Found::Scanned(key) => key.grants(required),
            Found::Indexed(found) => found.grants(required),
        }
    }
}

fn owned(key: &sallet_core::auth::Key<&str>) -> CoreKey {
    CoreKey {
        id: key.id.to_owned(),
        principal: key.principal.to_owned(),
        scopes: key.scopes.to_owned(),
        not_before: key.not_before,
        not_after: key.not_after,
        digest: key.digest,
    }
}
