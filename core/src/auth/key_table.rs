//! Keys by the million: an indexed ring that owns what it holds, and takes changes.

use alloc::sync::Arc;

use super::index::{self, Sorted};
use super::key::is_open;
use super::{Key, Reason, Ring, Scopes};
use crate::secret::Digest;

mod blob;
mod builder;
mod changes;
mod sorted;

pub use blob::KeyBlobError;
use builder::OutOfForce;
pub use builder::{KeyProblem, KeyTableBuilder};
pub use changes::KeyChange;
use sorted::SortedKeys;

/// Keys of any number in little memory: as an [`IndexedKeyring`](super::IndexedKeyring), which see for what its time depends on, that
/// owns its keys. For hosts with a heap: the feature `alloc`.
///
/// A key takes 54 bytes and its names; a principal called like its key takes none, and scopes that many keys have are kept once.
/// A table does not change: [`with_changes`](Self::with_changes) makes another that shares most of its memory with this one, so that
/// requests under way keep theirs. Cloning it is cheap.
///
/// ```
/// use sallet_core::auth::{Key, KeyChange, KeyTable, KeyTableBuilder};
/// use sallet_core::secret::Digest;
///
/// let mut rows = KeyTableBuilder::new();
/// for n in 0..1_000 {
///     rows.push(&Key::new(&format!("customer-{n}"), Digest::of(format!("token {n}").as_bytes())).scopes("items:read"));
/// }
/// let table = rows.finish()?;
/// assert_eq!(table.verify(b"token 471", 0).unwrap().key().id, "customer-471");
///
/// let (later, problems) = table.with_changes([KeyChange::Remove("customer-471")]);
/// assert!(problems.is_empty());
/// assert!(later.verify(b"token 471", 0).is_err());
/// assert!(table.verify(b"token 471", 0).is_ok()); // for a request that began with it
/// # Ok::<(), sallet_core::auth::KeyringError>(())
/// ```
#[derive(Clone, Default)]
pub struct KeyTable {
    base: Arc<SortedKeys>,
    /// Positions in `base` whose keys are out of force since it was made, in their order.
    gone: Arc<[u32]>,
    /// Keys that came since.
    fresh: Arc<SortedKeys>,
    /// Rows that could not be taken: their ids and digests stay out of force.
    out: Arc<[OutOfForce]>,
}

/// A key that was found in a [`KeyTable`]. Its texts are looked up when they are asked for.
#[derive(Clone, Copy)]
pub struct TableKey<'t> {
    table: &'t KeyTable,
    at: usize,
}

impl<'t> TableKey<'t> {
    /// The key.
    ///
    /// # Panics
    /// Never: a key that was found is in its table.
    pub fn key(&self) -> Key<&'t str> {
        self.table.get(self.at).expect("a key that was found is in its table")
    }

    /// Where in the table it is, for [`KeyTable::get`].
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Whether it is good for all of `required`.
    pub fn grants(&self, required: Scopes<&str>) -> bool {
        let scopes = || match self.at.checked_sub(self.table.base.len()) {
            None => self.table.base.scopes(self.at),
            Some(at) => self.table.fresh.scopes(at),
        };
        required.is_empty()
            || scopes()
                .and_then(|scopes| Scopes::parse(scopes).ok())
                .is_some_and(|granted| granted.contains_all(required))
    }
}

impl KeyTable {
    /// How many keys are in force, or have been or will be.
    pub fn len(&self) -> usize {
        self.base.len() - self.gone.len() + self.fresh.len()
    }

    /// Whether there is no key, so that nobody is admitted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether any key has a window, so that a clock has to be read.
    pub fn is_timed(&self) -> bool {
        self.base.is_timed() || self.fresh.is_timed()
    }

    /// Finds the key of a token and checks that it is in force at `now`, in seconds since 1970.
    ///
    /// The token is hashed once. What time depends on is said in [`secret`](crate::secret#time-of-an-index).
    ///
    /// # Errors
    /// [`Reason`]. It is for the log; each of these is one [`Refusal::InvalidToken`](super::Refusal::InvalidToken) to the client.
    #[inline]
    pub fn verify(&self, token: &[u8], now: u64) -> Result<TableKey<'_>, Reason> {
        let presented = Digest::of(token);
        // Both are searched whatever is found, and a digest is in force in one of them alone.
        let base = self.base.find(&presented);
        let fresh = self.fresh.find(&presented);
        let (base, fresh): (Option<u32>, Option<u32>) = (base.into(), fresh.into());
        // A key that is gone from the base may be a fresh one now.
        let fresh = fresh.map(|at| self.base.len() + at as usize);
        let at = fresh.or(base.map(|at| at as usize)).ok_or(Reason::Unknown)?;
        let window = match at.checked_sub(self.base.len()) {
            None => self.base.window(at).filter(|_| !self.is_gone(at)),
            Some(at) => self.fresh.window(at),
        };
        let window = window.ok_or(Reason::Unknown)?;
        is_open(window.not_before, window.not_after, now).map(|()| TableKey { table: self, at })
    }

    /// The key at a place that [`verify`](Self::verify) has named, or at any other; `None` where none is, or none any more.
    #[inline]
    pub fn get(&self, at: usize) -> Option<Key<&str>> {
        match at.checked_sub(self.base.len()) {
            None if self.is_gone(at) => None,
            None => self.base.key(at),
            Some(at) => self.fresh.key(at),
        }
    }

    /// How many places there are for [`get`](Self::get), counted from 0.
    pub fn places(&self) -> usize {
        self.base.len() + self.fresh.len()
    }

    /// How many places, counted from 0, mean the same key in a table and in those that [`with_changes`](Self::with_changes) makes of
    /// it, as long as [`shares_places`](Self::shares_places) says so.
    pub fn lasting_places(&self) -> usize {
        self.base.len()
    }

    /// Whether the [`lasting_places`](Self::lasting_places) of two tables are the same.
    pub fn shares_places(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.base, &other.base)
    }

    /// The key of an id.
    pub fn by_id(&self, id: &str) -> Option<Key<&str>> {
        let fresh = || self.fresh.place_of(id).and_then(|at| self.fresh.key(at));
        self.base_place_of(id).and_then(|at| self.base.key(at)).or_else(fresh)
    }

    fn base_place_of(&self, id: &str) -> Option<usize> {
        self.base.place_of(id).filter(|&at| !self.is_gone(at))
    }

    fn is_gone(&self, at: usize) -> bool {
        self.gone.binary_search(&index::position_of(at)).is_ok()
    }

    /// All keys, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = Key<&str>> {
        let mut gone = self.gone.iter().peekable();
        let base = (0..self.base.len()).filter(move |&at| gone.next_if_eq(&&index::position_of(at)).is_none());
        let base = base.filter_map(|at| self.base.key(at));
        base.chain((0..self.fresh.len()).filter_map(|at| self.fresh.key(at)))
    }

    /// Bytes on the heap.
    pub fn memory(&self) -> usize {
        self.base.memory() + self.fresh.memory() + size_of_val(&*self.gone) + size_of_val(&*self.out)
    }
}

impl<'t> Ring for &'t KeyTable {
    type Found = TableKey<'t>;

    #[inline]
    fn verify(self, token: &[u8], now: u64) -> Result<TableKey<'t>, Reason> {
        KeyTable::verify(self, token, now)
    }

    #[inline]
    fn grants(found: &TableKey<'t>, required: Scopes<&str>) -> bool {
        found.grants(required)
    }
}

impl core::fmt::Debug for TableKey<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("TableKey").field(&self.key()).finish()
    }
}

impl core::fmt::Debug for KeyTable {
    /// Their number alone: there may be very many.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "KeyTable({} keys)", self.len())
    }
}
