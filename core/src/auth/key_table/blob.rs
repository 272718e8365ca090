//! A table as one piece of bytes, which is quicker to read than rows.
//!
//! | Bytes | What |
//! |---|---|
//! | 11 | `sallet-keys` |
//! | 1 | the version, 1 |
//! | 4 | how many different scopes |
//! | | each: its length in 4 bytes, and its text |
//! | | each row: see `Row` |
//! | 32 | SHA-256 of all before |
//!
//! Numbers are little-endian. The checksum tells damage, and nobody's hand: whoever can write a blob can write keys.

use alloc::vec::Vec;

use super::{KeyProblem, KeyTable, KeyTableBuilder};
use crate::auth::Key;
use crate::auth::index::Sorted;
use crate::secret::Digest;

const MAGIC: &[u8] = b"sallet-keys";
const VERSION: u8 = 1;
const CHECKSUM: usize = 32;

/// What a row has. It is in the first byte; then come the length of the id in two bytes, what is said here, the digest, and the id.
mod has {
    /// Two bytes of a length; the principal is behind the id.
    pub(super) const PRINCIPAL: u8 = 1;
    /// Eight bytes.
    pub(super) const NOT_BEFORE: u8 = 2;
    /// Eight bytes.
    pub(super) const NOT_AFTER: u8 = 4;
    /// Four bytes: which. A row without them is no key, and keeps its id and digest out of force.
    pub(super) const SCOPES: u8 = 8;
    pub(super) const DIGEST: u8 = 16;
}

impl KeyTable {
    /// Writes the table, with what it keeps out of force, for [`from_blob`](Self::from_blob).
    ///
    /// The digests are in it: guard it as you would the store.
    pub fn to_blob(&self) -> Vec<u8> {
        let mut blob = Vec::with_capacity(MAGIC.len() + 64 + self.len() * 72);
        blob.extend(MAGIC);
        blob.push(VERSION);
        let scopes = || self.base.scopes.iter().chain(&self.fresh.scopes);
        blob.extend(u32_of(scopes().count()));
        for text in scopes() {
            blob.extend(u32_of(text.len()));
            blob.extend(text.as_bytes());
        }
        for at in (0..self.places()).filter(|&at| !self.is_gone(at)) {
            let (Some(key), Some(scopes)) = (self.get(at), self.scopes_place(at)) else { continue };
            let principal = if key.principal == key.id { "" } else { key.principal };
            let times = [(has::NOT_BEFORE, key.not_before), (has::NOT_AFTER, key.not_after)];
            let has_time = times.iter().filter(|(_, time)| time.is_some()).fold(0, |all, (bit, _)| all | bit);
            let has_principal = if principal.is_empty() { 0 } else { has::PRINCIPAL };
            blob.push(has::SCOPES | has::DIGEST | has_time | has_principal);
            blob.extend(u16_of(key.id.len()));
            if !principal.is_empty() {
                blob.extend(u16_of(principal.len()));
            }
            times.iter().filter_map(|(_, time)| *time).for_each(|time| blob.extend(time.to_le_bytes()));
            blob.extend(u32_of(scopes));
            blob.extend(key.digest.to_bytes());
            blob.extend(key.id.as_bytes());
            blob.extend(principal.as_bytes());
        }
        for row in &*self.out {
            // An id that no table takes matches nothing, and is left out.
            let id = if u16::try_from(row.id.len()).is_ok() { &*row.id } else { "" };
            blob.push(if row.digest.is_some() { has::DIGEST } else { 0 });
            blob.extend(u16_of(id.len()));
            row.digest.iter().for_each(|digest| blob.extend(digest.to_bytes()));
            blob.extend(id.as_bytes());
        }
        let checksum = Digest::of(&blob).to_bytes();
        blob.extend(checksum);
        blob
    }

    /// Which scopes the key at a place has, of those of the base and behind them the fresh ones.
    fn scopes_place(&self, at: usize) -> Option<usize> {
        Some(match at.checked_sub(self.base.len()) {
            None => self.base.records.get(at)?.scopes as usize,
            Some(at) => self.base.scopes.len() + self.fresh.records.get(at)?.scopes as usize,
        })
    }

    /// Reads what [`to_blob`](Self::to_blob) has written, and looks at each row again, as
    /// [`KeyTableBuilder::finish_leniently`] does.
    ///
    /// ```
    /// use sallet_core::auth::{Key, KeyBlobError, KeyTable, KeyTableBuilder};
    /// use sallet_core::secret::Digest;
    ///
    /// let mut rows = KeyTableBuilder::new();
    /// rows.push(&Key::new("ci", Digest::of(b"a token")).not_after(1_900_000_000));
    /// let mut blob = rows.finish()?.to_blob();
    ///
    /// let (table, problems) = KeyTable::from_blob(&blob)?;
    /// assert!(problems.is_empty());
    /// assert_eq!(table.verify(b"a token", 0).unwrap().key().id, "ci");
    ///
    /// blob[30] ^= 1;
    /// assert_eq!(KeyTable::from_blob(&blob).unwrap_err(), KeyBlobError::Damaged);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyBlobError`]; nothing of it is taken then.
    pub fn from_blob(blob: &[u8]) -> Result<(Self, Vec<KeyProblem>), KeyBlobError> {
        let body = blob.strip_prefix(MAGIC).ok_or(KeyBlobError::Kind)?;
        match body.first() {
            Some(&VERSION) => {}
            Some(_) => return Err(KeyBlobError::Version),
            None => return Err(KeyBlobError::Damaged),
        }
        let (all, checksum) = blob.split_last_chunk::<CHECKSUM>().ok_or(KeyBlobError::Damaged)?;
        if !Digest::from_bytes(*checksum).same_configured(&Digest::of(all)) {
            return Err(KeyBlobError::Damaged);
        }
        read(all.get(MAGIC.len() + 1..).unwrap_or_default()).ok_or(KeyBlobError::Damaged)
    }
}

fn read(rows: &[u8]) -> Option<(KeyTable, Vec<KeyProblem>)> {
    let mut rest = Rest(rows);
    let mut scopes = Vec::new();
    for _ in 0..rest.u32()? {
        let len = rest.u32()?;
        scopes.push(rest.text(len as usize)?);
    }
    let mut builder = KeyTableBuilder::new();
    while !rest.0.is_empty() {
        let [bits] = rest.array()?;
        let has = |bit| bits & bit != 0;
        let id_len = rest.u16()?;
        let principal_len = if has(has::PRINCIPAL) { Some(rest.u16()?) } else { None };
        let not_before = if has(has::NOT_BEFORE) { Some(rest.u64()?) } else { None };
        let not_after = if has(has::NOT_AFTER) { Some(rest.u64()?) } else { None };
        let scopes = if has(has::SCOPES) { Some(*scopes.get(rest.u32()? as usize)?) } else { None };
        let digest = if has(has::DIGEST) { Some(Digest::from_bytes(rest.array()?)) } else { None };
        let id = rest.text(id_len)?;
        let principal = match principal_len {
            Some(len) => rest.text(len)?,
            None => id,
        };
        match (scopes, digest) {
            (Some(scopes), Some(digest)) => {
                builder.push(&Key { id, principal, scopes, not_before, not_after, digest });
            }
            _ => builder.spoil(id, digest),
        }
    }
    Some(builder.finish_leniently())
}

/// What is still to be read.
struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn text(&mut self, len: usize) -> Option<&'b str> {
        str::from_utf8(self.take(len)?).ok()
    }

    fn u16(&mut self) -> Option<usize> {
        self.array().map(u16::from_le_bytes).map(usize::from)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// A table counts what it has by these.
fn u32_of(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

fn u16_of(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes()
}

/// Why bytes are not a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyBlobError {
    /// Something else altogether.
    Kind,
    /// Of another version.
    Version,
    /// Cut, or changed since it was written.
    Damaged,
}

impl KeyBlobError {
    /// What is wrong and how to mend it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Kind => "this is not a snapshot of keys: it does not begin with sallet-keys",
            Self::Version => {
                "the snapshot of keys is of another version of Sallet: load the rows, and write it anew with this one"
            }
            Self::Damaged => "the snapshot of keys was cut or changed since it was written: load the rows instead",
        }
    }
}

crate::dialect::error!(KeyBlobError);
