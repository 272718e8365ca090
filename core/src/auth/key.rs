//! One key of a keyring.

use super::{KeyringError, Reason, Scopes, scopes};
use crate::grammar;
use crate::secret::Digest;

/// Who may come in with which token, for what, and when.
///
/// `S` is the kind of string: `&'static str` for keys in flash, `String` or `heapless::String` for keys read from a
/// file. It is plain data, and judged when it joins a [`Keyring`](super::Keyring).
///
/// ```
/// use sallet_core::{auth::Key, digest_hex, secret::Digest};
///
/// const SENSOR: Key = Key::new(
///     "sensor-7",
///     digest_hex!("3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0"),
/// )
/// .scopes("readings:write")
/// .not_after(1_893_456_000);
/// assert_eq!(SENSOR.principal, "sensor-7"); // the id, unless said otherwise
///
/// // Two keys of one principal overlap while one takes over from the other.
/// let fetched: Key<String> = Key {
///     id: "ci-2026-11".into(),
///     principal: "ci".into(),
///     scopes: "items:read items:write".into(),
///     not_before: Some(1_793_491_200),
///     not_after: None,
///     digest: Digest::from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")?,
/// };
/// # let _ = fetched;
/// # Ok::<(), sallet_core::secret::DigestError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Key<S = &'static str> {
    /// Names the key in logs; unique in its ring.
    pub id: S,
    /// Whom the key belongs to. Several keys may belong to one principal.
    pub principal: S,
    /// What the key is good for, in the form of [`Scopes`].
    pub scopes: S,
    /// The first second, counted from 1970, at which the key is good.
    pub not_before: Option<u64>,
    /// The last second, counted from 1970, at which the key is good.
    pub not_after: Option<u64>,
    /// What the key's token hashes to.
    pub digest: Digest,
}

impl<'a> Key<&'a str> {
    /// A key without scopes, good at any time, of a principal called like the key.
    pub const fn new(id: &'a str, digest: Digest) -> Self {
        Self { id, principal: id, scopes: "", not_before: None, not_after: None, digest }
    }

    /// Says whom the key belongs to.
    #[must_use]
    pub const fn principal(self, principal: &'a str) -> Self {
        Self { principal, ..self }
    }

    /// Says what the key is good for: scopes separated by spaces.
    #[must_use]
    pub const fn scopes(self, scopes: &'a str) -> Self {
        Self { scopes, ..self }
    }

    /// Says from which second on, counted from 1970, the key is good.
    #[must_use]
    pub const fn not_before(self, unix: u64) -> Self {
        Self { not_before: Some(unix), ..self }
    }

    /// Says until which second, counted from 1970, the key is good; that second is included.
    #[must_use]
    pub const fn not_after(self, unix: u64) -> Self {
        Self { not_after: Some(unix), ..self }
    }

    /// What is wrong with this key, whatever ring it is in.
    pub(super) const fn check(&self) -> Result<(), KeyringError> {
        if !is_name(self.id) {
            return Err(KeyringError::Id);
        }
        if !is_name(self.principal) {
            return Err(KeyringError::Principal);
        }
        if scopes::check(self.scopes).is_err() {
            return Err(KeyringError::Scopes);
        }
        if let (Some(first), Some(last)) = (self.not_before, self.not_after)
            && last < first
        {
            return Err(KeyringError::Window);
        }
        if self.digest.same_configured(&Digest::OF_EMPTY) {
            return Err(KeyringError::EmptyToken);
        }
        Ok(())
    }

    /// Why these two cannot be in one ring.
    pub(super) const fn check_beside(&self, other: &Key<&str>) -> Result<(), KeyringError> {
        if grammar::eq(self.id, other.id) {
            return Err(KeyringError::DuplicateId);
        }
        if self.digest.same_configured(&other.digest) {
            return Err(KeyringError::DuplicateToken);
        }
        Ok(())
    }
}

impl<S: AsRef<str>> Key<S> {
    /// The same key with borrowed strings.
    pub fn borrowed(&self) -> Key<&str> {
        Key {
            id: self.id.as_ref(),
            principal: self.principal.as_ref(),
            scopes: self.scopes.as_ref(),
            not_before: self.not_before,
            not_after: self.not_after,
            digest: self.digest,
        }
    }

    /// Whether this key alone would be taken into a ring.
    ///
    /// # Errors
    /// [`KeyringError`] about this key; those about a pair of keys show when the ring is made.
    pub fn validate(&self) -> Result<(), KeyringError> {
        self.borrowed().check()
    }

    /// Whether the key is good for all of `required`.
    pub fn grants(&self, required: Scopes<&str>) -> bool {
        required.is_empty() || Scopes::parse(self.scopes.as_ref()).is_ok_and(|granted| granted.contains_all(required))
    }

    /// Whether the key is good at `now`.
    pub(super) fn in_force(&self, now: u64) -> Result<(), Reason> {
        is_open(self.not_before, self.not_after, now)
    }
}

/// Whether a time is within a window.
pub(super) fn is_open(not_before: Option<u64>, not_after: Option<u64>, now: u64) -> Result<(), Reason> {
    if not_before.is_some_and(|first| now < first) {
        return Err(Reason::NotYetValid);
    }
    if not_after.is_some_and(|last| now > last) {
        return Err(Reason::Expired);
    }
    Ok(())
}

/// It will stand in logs, so no control characters: a name must not be able to forge a line.
const fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i].is_ascii_control() {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty()
}
