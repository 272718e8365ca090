//! Many keys: found by the leading bits of a digest, compared in constant time.

use core::ops::{Deref, DerefMut};

use subtle::CtOption;

use super::index::{self, Sorted};
use super::{Key, KeyringError, Reason, Ring, Scopes};
use crate::dialect::{ok, valid};
use crate::secret::Digest;

/// A set of keys of any size, found in a time that hardly grows with it.
///
/// A [`Keyring`](super::Keyring) compares every key; this compares a few. **Its time depends on the leading 64 bits of the SHA-256 of
/// what was presented, and on the number of keys**, and on nothing else: what that may tell a client is said in
/// [`secret`](crate::secret#time-of-an-index). So it is for tokens of at least 128 random bits alone, as
/// [`Token::mint`](crate::secret::Token::mint) makes them. Of up to a few hundred keys prefer a `Keyring`.
///
/// `K` is where the keys are, as in a `Keyring`; they stay there, in their order. The index is in `I`, anything that dereferences to a
/// slice of `u32`: [`room`](Self::room) says how long. There is no heap.
///
/// ```
/// use sallet_core::auth::{IndexedKeyring, Key, Reason};
/// use sallet_core::secret::Digest;
///
/// let key = |n: u32| Key {
///     id: format!("customer-{n}"),
///     principal: format!("customer-{n}"),
///     scopes: String::new(),
///     not_before: None,
///     not_after: None,
///     digest: Digest::of(format!("token {n}").as_bytes()),
/// };
/// let keys: Vec<_> = (0..10_000).map(key).collect();
/// let room = vec![0; IndexedKeyring::room(keys.len())];
/// let ring = IndexedKeyring::try_new(keys, room)?;
/// assert_eq!(ring.verify(b"token 4711", 0).unwrap().id, "customer-4711");
/// assert_eq!(ring.verify(b"token 10000", 0).unwrap_err(), Reason::Unknown);
/// # Ok::<(), sallet_core::auth::KeyringError>(())
/// ```
///
/// # How slow can it be made?
///
/// Eight keys are compared, whatever is presented. Somebody who has keys made may choose tokens whose digests begin alike, so that
/// many fall into one place of the index; there it halves its way to those that have all 64 leading bits of what was presented, which
/// takes as many steps as the number of keys has bits. More than eight such keys would be compared as well, and each of them costs
/// whoever wants it 2^64 hashes.
#[derive(Clone, Copy)]
pub struct IndexedKeyring<K = &'static [Key], I = &'static [u32]> {
    keys: K,
    /// Where the keys are in the order of their digests, for each of them, and behind it the directory. Empty where the keys are in
    /// this order themselves.
    index: I,
}

impl IndexedKeyring {
    /// A ring for a `static`, of keys that are in the order of their digests. It needs no room.
    ///
    /// Ids are not compared with one another.
    ///
    /// ```
    /// use sallet_core::{auth::{IndexedKeyring, Key}, digest_hex};
    ///
    /// static RING: IndexedKeyring = IndexedKeyring::new(&[
    ///     Key::new("new", digest_hex!("3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0")),
    ///     Key::new("old", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
    /// ]);
    /// assert_eq!(RING.verify(b"abc", 0).unwrap().id, "old");
    /// ```
    ///
    /// ```compile_fail,E0080
    /// # use sallet_core::{auth::{IndexedKeyring, Key}, digest_hex};
    /// static RING: IndexedKeyring = IndexedKeyring::new(&[
    ///     Key::new("old", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
    ///     Key::new("new", digest_hex!("3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0")),
    /// ]);
    /// // error[E0080]: evaluation panicked: the keys of an indexed ring are in the order of their digests: sort them
    /// ```
    ///
    /// # Panics
    /// When there is no key, one is unusable by itself, two have one token, or they are in another order; in a `static` that is a
    /// compile error.
    #[track_caller]
    pub const fn new(keys: &'static [Key]) -> Self {
        if keys.is_empty() {
            panic!("{}", KeyringError::Empty.message());
        }
        valid!(check(keys));
        Self { keys, index: &[] }
    }

    /// How many numbers the index of so many keys takes: one for each key, and half as many again, which makes it faster. Without the
    /// second part it works too.
    pub const fn room(keys: usize) -> usize {
        keys.saturating_add(index::directory_len(keys))
    }
}

const fn check(keys: &[Key<&str>]) -> Result<(), KeyringError> {
    let mut i = 0;
    while i < keys.len() {
        ok!(keys[i].check());
        if i > 0 {
            if keys[i - 1].digest.same_configured(&keys[i].digest) {
                return Err(KeyringError::DuplicateToken);
            }
            if !keys[i - 1].digest.is_before(&keys[i].digest) {
                return Err(KeyringError::Order);
            }
        }
        i += 1;
    }
    Ok(())
}

impl<K, I, S> IndexedKeyring<K, I>
where
    K: Deref<Target = [Key<S>]>,
    I: Deref<Target = [u32]>,
    S: AsRef<str>,
{
    /// A ring of keys that came from a file or a table. It takes as long as sorting the keys twice.
    ///
    /// A ring without keys admits nobody, as a [`Keyring`](super::Keyring::try_new) without.
    ///
    /// # Errors
    /// [`KeyringError`] when a key is unusable by itself, two have one id or one token, or there is not room enough.
    pub fn try_new(keys: K, mut room: I) -> Result<Self, KeyringError>
    where
        I: DerefMut,
    {
        if u32::try_from(keys.len()).is_err() {
            return Err(KeyringError::TooMany);
        }
        if keys.len() > room.len() {
            return Err(KeyringError::Room);
        }
        keys.iter().try_for_each(Key::validate)?;
        let (order, directory) = room.split_at_mut(keys.len());
        for (at, place) in (0..).zip(order.iter_mut()) {
            *place = at;
        }
        let key = |place: u32| keys.get(place as usize);
        let id = |place| key(place).map(|key| key.id.as_ref());
        order.sort_unstable_by(|&a, &b| id(a).cmp(&id(b)));
        if order.array_windows().any(|&[a, b]| id(a) == id(b)) {
            return Err(KeyringError::DuplicateId);
        }
        let bytes = |place| key(place).map(|key| key.digest.to_bytes());
        order.sort_unstable_by_key(|&place| bytes(place));
        if order.array_windows().any(|&[a, b]| bytes(a) == bytes(b)) {
            return Err(KeyringError::DuplicateToken);
        }
        index::fill(directory, &Ordered { keys: &keys, order });
        Ok(Self { keys, index: room })
    }

    /// The keys, in the order given.
    pub fn keys(&self) -> &[Key<S>] {
        &self.keys
    }

    /// Finds the key of a token and checks that it is in force at `now`, in seconds since 1970: as
    /// [`Keyring::verify`](super::Keyring::verify), by the index.
    ///
    /// # Errors
    /// [`Reason`]. It is for the log; each of these is one [`Refusal::InvalidToken`](super::Refusal::InvalidToken) to the
    /// client.
    pub fn verify(&self, token: &[u8], now: u64) -> Result<&Key<S>, Reason> {
        let position: Option<u32> = self.position(token).into();
        let key = position.and_then(|at| self.keys.get(at as usize)).ok_or(Reason::Unknown)?;
        key.in_force(now).map(|()| key)
    }

    /// The search of [`verify`](Self::verify) alone, before anything is decided: where in the ring the token's key is.
    #[inline]
    pub fn position(&self, token: &[u8]) -> CtOption<u32> {
        let (order, directory) = self.index.split_at_checked(self.keys.len()).unwrap_or((&[], &[]));
        index::find(&Digest::of(token), directory, &Ordered { keys: &self.keys, order })
    }
}

/// Keys in the order of their digests: by way of another slice, or as they are.
struct Ordered<'k, S> {
    keys: &'k [Key<S>],
    order: &'k [u32],
}

impl<S> Sorted for Ordered<'_, S> {
    fn len(&self) -> usize {
        self.keys.len()
    }

    fn get(&self, at: usize) -> Option<(&Digest, u32)> {
        let place = self.order.get(at).copied().unwrap_or(index::position_of(at));
        self.keys.get(place as usize).map(|key| (&key.digest, place))
    }
}

impl<'k, K, I, S> Ring for &'k IndexedKeyring<K, I>
where
    K: Deref<Target = [Key<S>]>,
    I: Deref<Target = [u32]>,
    S: AsRef<str> + 'k,
{
    type Found = &'k Key<S>;

    #[inline]
    fn verify(self, token: &[u8], now: u64) -> Result<&'k Key<S>, Reason> {
        IndexedKeyring::verify(self, token, now)
    }

    #[inline]
    fn grants(found: &&'k Key<S>, required: Scopes<&str>) -> bool {
        found.grants(required)
    }
}

impl<K, I, S> core::fmt::Debug for IndexedKeyring<K, I>
where
    K: Deref<Target = [Key<S>]>,
{
    /// Their number alone: there may be very many.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "IndexedKeyring({} keys)", self.keys.len())
    }
}
