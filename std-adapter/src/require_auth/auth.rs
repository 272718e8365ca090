//! What a layer authenticates requests by.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderName;
use sallet_core::auth::{AuthScheme, Realm, Requirement, Scopes};

use super::{Keys, Verify};
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
    pub(super) needs: Needs,
}

/// What a request needs, whoever verifies it.
#[derive(Debug, Clone)]
pub(super) struct Needs {
    scheme: AuthScheme,
    realm: Realm<String>,
    scopes: Scopes<String>,
    pub(super) now: fn() -> u64,
}

impl Needs {
    pub(super) fn need(&self) -> Requirement<&str> {
        Requirement::new(self.scheme, self.realm.borrowed(), self.scopes.borrowed())
    }
}

impl<V> Auth<V> {
    pub(super) fn new(scheme: AuthScheme, verifier: V) -> Self {
        let (realm, scopes) = (Realm::new("api").owned(), Scopes::EMPTY.owned());
        Self { verifier, needs: Needs { scheme, realm, scopes, now: unix_now } }
    }

    /// Names what is protected, for people whose client asks them for a token. `api`, unless said otherwise.
    ///
    /// # Panics
    /// When it is a text that [`Realm::parse`] refuses: empty, or with a character that cannot stand in a header. The panic
    /// names the line of the caller.
    #[track_caller]
    pub fn realm(mut self, name: impl Checked<Realm<String>>) -> Self {
        self.needs.realm = name.checked();
        self
    }
}

impl<V: Verify> Auth<V> {
    /// Asks for scopes: all of these, separated by single spaces. They are compared with those of the key, or of the
    /// [`User`](super::User) that a verifier of yours returns.
    ///
    /// # Panics
    /// When it is a text that [`Scopes::parse`] refuses. The panic names the line of the caller.
    #[track_caller]
    pub fn scopes(mut self, scopes: impl Checked<Scopes<String>>) -> Self {
        self.needs.scopes = scopes.checked();
        self
    }
}

impl<K: Keys> Auth<K> {
    /// Tells the time, in seconds since 1970, by another clock than the system's: for tests.
    pub fn clock(mut self, now: fn() -> u64) -> Self {
        self.needs.now = now;
        self
    }
}

/// What a request is judged by.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    pub(super) need: Requirement<&'a str>,
    /// The one that credentials are read from.
    pub(super) field: &'a HeaderName,
    pub(super) now: fn() -> u64,
}

impl<V> fmt::Debug for Auth<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let need = self.needs.need();
        f.debug_struct(need.scheme().name())
            .field("realm", &need.realm().as_str())
            .field("scopes", &need.scopes().as_str())
            .finish_non_exhaustive()
    }
}

/// A clock that stands before 1970 is broken; 0 leaves keys that have a first second closed.
pub(super) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
