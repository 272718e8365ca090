//! Keys in the order of their digests, once and for all.

use alloc::boxed::Box;
use core::cmp::Ordering;

use subtle::CtOption;

use crate::auth::Key;
use crate::auth::index::{self, Sorted};
use crate::secret::Digest;

/// What is known of a key, but for its texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub(super) digest: Digest,
    /// Where its id begins among the names; behind it is the principal.
    pub(super) names: u32,
    pub(super) id_len: u16,
    /// 0 where it is the id.
    pub(super) principal_len: u16,
    pub(super) scopes: u32,
    /// One more than the place of its window; 0 for none.
    pub(super) window: u32,
}

/// The first and the last second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) not_before: Option<u64>,
    pub(super) not_after: Option<u64>,
}

/// Sorted keys, and what finds them by their ids.
#[derive(Debug, Default)]
pub(super) struct SortedKeys {
    pub(super) records: Box<[Record]>,
    pub(super) directory: Box<[u32]>,
    /// The places of the records, in the order of the hashes of their ids, and of their ids.
    pub(super) by_id: Box<[u32]>,
    pub(super) names: Box<str>,
    pub(super) scopes: Box<[Box<str>]>,
    pub(super) windows: Box<[[u64; 2]]>,
}

impl Window {
    /// Before 1970 there is nothing, and after the last second that can be said there is nothing either.
    pub(super) fn packed(self) -> [u64; 2] {
        [self.not_before.unwrap_or(0), self.not_after.unwrap_or(u64::MAX)]
    }

    fn of([first, last]: [u64; 2]) -> Self {
        Self { not_before: (first != 0).then_some(first), not_after: (last != u64::MAX).then_some(last) }
    }
}

impl SortedKeys {
    pub(super) const fn is_timed(&self) -> bool {
        !self.windows.is_empty()
    }

    #[inline]
    pub(super) fn find(&self, presented: &Digest) -> CtOption<u32> {
        index::find(presented, &self.directory, self)
    }

    #[inline]
    pub(super) fn key(&self, at: usize) -> Option<Key<&str>> {
        let record = self.records.get(at)?;
        let (id, behind) = self.names.get(record.names as usize..)?.split_at_checked(record.id_len.into())?;
        let principal = match record.principal_len {
            0 => id,
            len => behind.get(..len.into())?,
        };
        let window = self.window(at)?;
        Some(Key {
            id,
            principal,
            scopes: self.scopes(at)?,
            not_before: window.not_before,
            not_after: window.not_after,
            digest: record.digest,
        })
    }

    pub(super) fn scopes(&self, at: usize) -> Option<&str> {
        self.scopes.get(self.records.get(at)?.scopes as usize).map(|scopes| &**scopes)
    }

    pub(super) fn window(&self, at: usize) -> Option<Window> {
        match self.records.get(at)?.window.checked_sub(1) {
            None => Some(Window { not_before: None, not_after: None }),
            Some(window) => self.windows.get(window as usize).copied().map(Window::of),
        }
    }

    fn id(&self, at: u32) -> &str {
        let id = |record: &Record| self.names.get(record.names as usize..)?.get(..record.id_len.into());
        self.records.get(at as usize).and_then(id).unwrap_or_default()
    }

    /// Where the key of an id is.
    pub(super) fn place_of(&self, id: &str) -> Option<usize> {
        let hash = hash(id);
        let found = self.by_id.binary_search_by(|&at| in_order(self::hash(self.id(at)), self.id(at), hash, id));
        found.ok().and_then(|found| self.by_id.get(found)).map(|&at| at as usize)
    }

    /// Where a *configured* digest is.
    pub(super) fn place_of_digest(&self, digest: &Digest) -> Option<usize> {
        Option::<u32>::from(self.find(digest)).map(|at| at as usize)
    }

    pub(super) fn memory(&self) -> usize {
        let scopes = self.scopes.iter().map(|scopes| scopes.len() + size_of::<Box<str>>()).sum::<usize>();
        size_of_val(&*self.records)
            + size_of_val(&*self.directory)
            + size_of_val(&*self.by_id)
            + self.names.len()
            + size_of_val(&*self.windows)
            + scopes
    }
}

impl Sorted for SortedKeys {
    #[inline]
    fn len(&self) -> usize {
        self.records.len()
    }

    #[inline]
    fn get(&self, at: usize) -> Option<(&Digest, u32)> {
        self.records.get(at).map(|record| (&record.digest, index::position_of(at)))
    }
}

/// Spreads ids, so that few comparisons of texts put them in an order. Ids that somebody chose to collide cost more of those, and
/// nothing else.
pub(super) fn hash(id: &str) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 by the golden ratio
    let (words, rest) = id.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let mix = |state: u64, word: [u8; 8]| (state.rotate_left(29) ^ u64::from_le_bytes(word)).wrapping_mul(ODD);
    let state = words.iter().fold(id.len() as u64, |state, &word| mix(state, word));
    let state = mix(state, last);
    (state ^ state >> 32).wrapping_mul(ODD)
}

/// The order of [`SortedKeys::by_id`].
pub(super) fn in_order(hash: u64, id: &str, other_hash: u64, other: &str) -> Ordering {
    hash.cmp(&other_hash).then_with(|| id.cmp(other))
}
