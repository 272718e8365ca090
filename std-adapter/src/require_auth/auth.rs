//! What a layer authenticates requests by.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use sallet_core::auth::{AuthScheme, Realm, Refusal, Requirement, Scopes};

use super::{Keys, Lookup, PresentedToken, user};
use crate::checked::Checked;

/// How requests are authenticated: a scheme, what it asks for, and `V`, which verifies what is presented.
///
/// A scheme's own type makes it, as [`Bearer`](super::Bearer) does.
///
/// ```
/// use sallet_core::auth::{Key, Keyring};
/// use sallet_core::digest_hex;
/// use sallet_hyper::{Bearer, RequireAuthLayer};
///
/// static KEYS: Keyring = Keyring::new(&[
///     Key::new("ci", digest_hex!("4439cd9ae307e28c3d22555676c3b2274cf06c5445754d165528b5d4e6184718")).scopes("items:read"),
/// ]);
///
/// let layer = RequireAuthLayer::new(Bearer::new(&KEYS).realm("items").scopes("items:read"));
/// # let _ = layer;
/// ```
#[derive(Clone)]
#[must_use = "a scheme does nothing until a layer requires it"]
pub struct Auth<V> {
    pub(super) verifier: V,
    scheme: AuthScheme,
    realm: Realm<String>,
    scopes: Scopes<String>,
    pub(super) now: fn() -> u64,
}

impl<V> Auth<V> {
    fn new(scheme: AuthScheme, verifier: V) -> Self {
        Self { verifier, scheme, realm: Realm::new("api").owned(), scopes: Scopes::EMPTY.owned(), now: unix_now }
    }

    /// Names what is protected, for people whose client asks them for a token. `api`, unless said otherwise.
    ///
    /// # Panics
    /// When it is a text that [`Realm::parse`] refuses: empty, or with a character that cannot stand in a header. The panic
    /// names the line of the caller.
    #[track_caller]
    pub fn realm(mut self, name: impl Checked<Realm<String>>) -> Self {
        self.realm = name.checked();
        self
    }

    /// What every request needs.
    pub(super) fn need(&self) -> Requirement<&str> {
        Requirement::new(self.scheme, self.realm.borrowed(), self.scopes.borrowed())
    }
}

impl<K: Keys> Auth<K> {
    pub(super) fn by_keys(scheme: AuthScheme, keys: K) -> Self {
        Self::new(scheme, keys)
    }

    /// Asks for scopes: all of these, separated by single spaces.
    ///
    /// # Panics
    /// When it is a text that [`Scopes::parse`] refuses. The panic names the line of the caller.
    #[track_caller]
    pub fn scopes(mut self, scopes: impl Checked<Scopes<String>>) -> Self {
        self.scopes = scopes.checked();
        self
    }

    /// Tells the time, in seconds since 1970, by another clock than the system's: for tests.
    pub fn clock(mut self, now: fn() -> u64) -> Self {
        self.now = now;
        self
    }
}

impl<F> Auth<Lookup<F>> {
    #[track_caller]
    pub(super) fn by_fn<L, U>(scheme: AuthScheme, lookup: F) -> Self
    where
        F: Fn(PresentedToken) -> L,
        L: Future<Output = Result<U, Refusal>>,
        U: Clone + Send + Sync + 'static,
    {
        user::check::<U>();
        Self::new(scheme, Lookup(lookup))
    }
}

impl<V> fmt::Debug for Auth<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.scheme.name())
            .field("realm", &self.realm.borrowed().as_str())
            .field("scopes", &self.scopes.borrowed().as_str())
            .finish_non_exhaustive()
    }
}

/// A clock that stands before 1970 is broken; 0 leaves keys that have a first second closed.
pub(super) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
