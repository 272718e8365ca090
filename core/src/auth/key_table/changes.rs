//! A table after some changes.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{KeyProblem, KeyTable, KeyTableBuilder};
use crate::auth::index::{self, Sorted};
use crate::auth::{Key, KeyringError};
use crate::secret::Digest;

/// What happened to an id since a [`KeyTable`] was made.
#[derive(Debug, Clone, Copy)]
pub enum KeyChange<'c> {
    /// This is its key now, whatever it was before.
    Put(Key<&'c str>),
    /// It has no key any more.
    Remove(&'c str),
    /// Its row is no key, as in [`KeyTableBuilder::spoil`].
    Spoil(&'c str, Option<Digest>),
}

impl KeyChange<'_> {
    const fn id(&self) -> &str {
        match self {
            Self::Put(key) => key.id,
            Self::Remove(id) | Self::Spoil(id, _) => id,
        }
    }

    const fn digest(&self) -> Option<Digest> {
        match self {
            Self::Put(key) => Some(key.digest),
            Self::Remove(_) => None,
            Self::Spoil(_, digest) => *digest,
        }
    }
}

impl KeyTable {
    /// Another table, in which these changes were made; of two of one id the later counts. With it comes what is wrong with them.
    ///
    /// To take a key out of a million takes microseconds, to put one in takes some hundred at most. Now and then, after some thousand
    /// changes, the whole is made anew, which takes as long as making a table of all.
    ///
    /// Bad rows fail as they do in [`KeyTableBuilder::finish_leniently`]. A key that was put out of force because another row had its
    /// digest stays out when that row goes, until it is put in again or all is loaded anew.
    pub fn with_changes<'c>(&self, changes: impl IntoIterator<Item = KeyChange<'c>>) -> (Self, Vec<KeyProblem>) {
        let changes: Vec<_> = changes.into_iter().collect();
        let last: BTreeMap<_, _> = changes.iter().map(|change| (change.id(), change)).collect();

        let mut gone: Vec<_> = self.gone.to_vec();
        gone.extend(last.keys().filter_map(|id| self.base_place_of(id)).map(index::position_of));
        gone.sort_unstable();

        // Of two rows with one digest neither is in force.
        let mut problems = Vec::new();
        let mut spoiled: Vec<(&str, Option<Digest>)> = Vec::new();
        for change in last.values() {
            let Some(digest) = change.digest() else { continue };
            let Some(at) = self.base.place_of_digest(&digest).map(index::position_of) else { continue };
            let (Err(place), Some(other)) = (gone.binary_search(&at), self.base.key(at as usize)) else { continue };
            gone.insert(place, at);
            problems.push(KeyProblem { id: other.id.into(), why: KeyringError::DuplicateToken });
            spoiled.push((other.id, Some(digest)));
        }

        let is_old = |id: &str| !last.contains_key(id);
        let kept_out = self.out.iter().filter(|row| is_old(&row.id));
        let only_removes = last.values().all(|change| matches!(change, KeyChange::Remove(_)));
        let touches_fresh = last.keys().any(|id| self.fresh.place_of(id).is_some());
        if only_removes && !touches_fresh {
            let out = kept_out.cloned().collect();
            return (Self { gone: gone.into(), out, ..self.clone() }.compact(), problems);
        }
        let mut rows = KeyTableBuilder::new();
        let fresh = (0..self.fresh.len()).filter_map(|at| self.fresh.key(at));
        fresh.filter(|key| is_old(key.id)).for_each(|key| rows.push(&key));
        kept_out.for_each(|row| rows.spoil(&row.id, row.digest));
        spoiled.iter().for_each(|&(id, digest)| rows.spoil(id, digest));
        for change in last.values() {
            match change {
                KeyChange::Put(key) => rows.push(key),
                KeyChange::Remove(_) => {}
                KeyChange::Spoil(id, digest) => rows.spoil(id, *digest),
            }
        }
        let built = rows.build();
        problems.extend(built.problems);
        let (base, fresh) = (Arc::clone(&self.base), Arc::new(built.keys));
        (Self { base, gone: gone.into(), fresh, out: built.out.into() }.compact(), problems)
    }

    /// One table again, where there are too many changes to copy for each further one.
    fn compact(self) -> Self {
        if self.gone.len() + self.fresh.len() <= 64 + 4 * self.base.len().isqrt() {
            return self;
        }
        let mut rows = KeyTableBuilder::new();
        self.iter().for_each(|key| rows.push(&key));
        self.out.iter().for_each(|row| rows.spoil(&row.id, row.digest));
        let built = rows.build();
        Self { base: Arc::new(built.keys), out: built.out.into(), ..Self::default() }
    }
}
