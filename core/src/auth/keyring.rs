//! The keys a server knows, and the search that tells nothing about them.

use core::ops::Deref;

use subtle::{Choice, ConstantTimeEq, CtOption};

use super::{Key, Reason, Ring, Scopes};
use crate::dialect::{ok, valid};
use crate::secret::Digest;

/// A set of keys, checked once and searched in constant time.
///
/// `K` is where the keys live: `&'static [Key]` in flash, `Vec<Key<String>>`, `Box<[_]>`, `heapless::Vec<_, N>`,
/// anything that dereferences to a slice of keys.
///
/// ```
/// use sallet_core::{auth::{Key, Keyring, Reason}, digest_hex};
///
/// static RING: Keyring = Keyring::new(&[
///     Key::new("old", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")).not_after(2_000),
///     Key::new("new", digest_hex!("3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0")).not_before(1_000),
/// ]);
/// assert_eq!(RING.verify(b"abc", 1_500).unwrap().id, "old");
/// assert_eq!(RING.verify(b"abc", 2_001).unwrap_err(), Reason::Expired);
/// assert_eq!(RING.verify(b"abd", 1_500).unwrap_err(), Reason::Unknown);
/// ```
///
/// A ring that would let nobody or the wrong one in does not compile:
///
/// ```compile_fail,E0080
/// # use sallet_core::auth::Keyring;
/// static RING: Keyring = Keyring::new(&[]);
/// // error[E0080]: evaluation panicked: a keyring needs at least one key: add one, or leave authentication off
/// ```
///
/// ```compile_fail,E0080
/// # use sallet_core::{auth::{Key, Keyring}, digest_hex};
/// static RING: Keyring = Keyring::new(&[
///     Key::new("empty", digest_hex!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")),
/// ]);
/// // error[E0080]: evaluation panicked: this is the digest of the empty token: mint a token and store its digest
/// ```
#[derive(Clone, Copy)]
pub struct Keyring<K = &'static [Key]> {
    keys: K,
}

impl Keyring {
    /// A ring for a `static`.
    ///
    /// # Panics
    /// When there is no key, since nobody could ever add one, and for every reason for which [`Keyring::try_new`] fails; in a
    /// `static` that is a compile error.
    #[track_caller]
    pub const fn new(keys: &'static [Key]) -> Self {
        if keys.is_empty() {
            panic!("{}", KeyringError::Empty.message());
        }
        valid!(check(keys));
        Self { keys }
    }
}

const fn check(keys: &[Key<&str>]) -> Result<(), KeyringError> {
    let mut i = 0;
    while i < keys.len() {
        ok!(keys[i].check());
        let mut j = 0;
        while j < i {
            ok!(keys[i].check_beside(&keys[j]));
            j += 1;
        }
        i += 1;
    }
    Ok(())
}

impl<K, S> Keyring<K>
where
    K: Deref<Target = [Key<S>]>,
    S: AsRef<str>,
{
    /// A ring of keys that came from a file or the environment.
    ///
    /// Every key is compared with every other, which is quick for the sizes a linear search is meant for: for more than a few hundred
    /// there is [`IndexedKeyring`](super::IndexedKeyring).
    ///
    /// A ring without keys admits nobody. It is what remains when the last key was taken out, so it is no error: else the
    /// key that was to be revoked would stay in force.
    ///
    /// # Errors
    /// [`KeyringError`] when a key is unusable by itself, or two have one id or one token.
    pub fn try_new(keys: K) -> Result<Self, KeyringError> {
        for (i, key) in keys.iter().enumerate() {
            key.validate()?;
            for other in &keys[..i] {
                key.borrowed().check_beside(&other.borrowed())?;
            }
        }
        Ok(Self { keys })
    }

    /// The keys, in the order given.
    pub fn keys(&self) -> &[Key<S>] {
        &self.keys
    }

    /// Finds the key of a token and checks that it is in force at `now`, in seconds since 1970.
    ///
    /// The token is hashed once, and its digest compared with that of *every* key. See [`secret`](crate::secret) for
    /// what the time does not depend on. A device without a clock passes 0, and a key with `not_before` is then never
    /// good, and one with `not_after` never expires.
    ///
    /// # Errors
    /// [`Reason`]. It is for the log; each of these is one [`Refusal::InvalidToken`](super::Refusal::InvalidToken) to the
    /// client.
    pub fn verify(&self, token: &[u8], now: u64) -> Result<&Key<S>, Reason> {
        let position: Option<u32> = self.position(token).into();
        let key = position.and_then(|at| self.keys.get(at as usize)).ok_or(Reason::Unknown)?;
        key.in_force(now).map(|()| key)
    }

    /// The search of [`Keyring::verify`] alone, before anything is decided: where in the ring the token's key is.
    #[inline]
    pub fn position(&self, token: &[u8]) -> CtOption<u32> {
        let presented = Digest::of(token);
        let (mut found, mut position, mut at) = (0_u8, 0_u32, 0_u32);
        for key in &*self.keys {
            // One barrier per key, in `ct_eq`; behind it the compiler knows nothing to branch on.
            let hit = presented.ct_eq(&key.digest).unwrap_u8();
            found |= hit;
            // No two digests are the same, so at most one position is ever merged in.
            position |= u32::from(hit).wrapping_neg() & at;
            at = at.wrapping_add(1);
        }
        CtOption::new(position, Choice::from(found))
    }
}

impl<'k, K, S> Ring for &'k Keyring<K>
where
    K: Deref<Target = [Key<S>]>,
    S: AsRef<str> + 'k,
{
    type Found = &'k Key<S>;

    #[inline]
    fn verify(self, token: &[u8], now: u64) -> Result<&'k Key<S>, Reason> {
        Keyring::verify(self, token, now)
    }

    #[inline]
    fn grants(found: &&'k Key<S>, required: Scopes<&str>) -> bool {
        found.grants(required)
    }
}

impl<K, S> core::fmt::Debug for Keyring<K>
where
    K: Deref<Target = [Key<S>]>,
    S: AsRef<str>,
{
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Keyring")?;
        f.debug_list().entries(self.keys.iter().map(|key| key.id.as_ref())).finish()
    }
}

/// Why keys do not make a keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyringError {
    /// No keys in a ring for a `static`.
    Empty,
    /// An id is empty or holds a control character.
    Id,
    /// A principal is empty or holds a control character.
    Principal,
    /// The scopes are no list of scopes.
    Scopes,
    /// The key is never good.
    Window,
    /// The digest is that of the empty token.
    EmptyToken,
    /// Two keys have one id.
    DuplicateId,
    /// Two keys have one token.
    DuplicateToken,
    /// The index of an [`IndexedKeyring`](super::IndexedKeyring) does not fit.
    Room,
    /// Keys of a `static` [`IndexedKeyring`](super::IndexedKeyring) are not in the order of their digests.
    Order,
    /// An id or a principal is longer than a table takes.
    Long,
    /// There are more keys than are counted, or more names.
    TooMany,
    /// A row of a table is no key.
    Row,
}

impl KeyringError {
    /// What is wrong and how to mend it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Empty => "a keyring needs at least one key: add one, or leave authentication off",
            Self::Id => "a key id has at least one character and no control characters",
            Self::Principal => "a principal's name has at least one character and no control characters",
            Self::Scopes => {
                "scopes are separated by single spaces and hold visible ASCII characters other than the double quote \
                 and the backslash"
            }
            Self::Window => "not_after is before not_before, so the key is never valid: swap them",
            Self::EmptyToken => "this is the digest of the empty token: mint a token and store its digest",
            Self::DuplicateId => "two keys have the same id: give each its own, so that logs tell them apart",
            Self::DuplicateToken => {
                "two keys have the same token: mint one for each, so that one can be withdrawn alone"
            }
            Self::Room => "the index has no room for so many keys: IndexedKeyring::room says how much it takes",
            Self::Long => "an id and a principal have at most 65535 bytes",
            Self::TooMany => "a ring has at most 4 billion keys, and 4 GiB of ids and principals: make two of it",
            Self::Row => "a row is not a key: see what was said of it when it was read",
            Self::Order => "the keys of an indexed ring are in the order of their digests: sort them",
        }
    }
}

crate::dialect::error!(KeyringError);
