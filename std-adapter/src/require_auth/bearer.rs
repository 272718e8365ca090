use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use sallet_core::auth::{Realm, Scopes};

use crate::checked::Checked;

use super::{BearerToken, Denied, Keys, Lookup, user};

/// How requests are authenticated: by a bearer token (RFC 6750) and the keys it is matched with.
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
pub struct Bearer<V> {
    pub(super) lookup: V,
    realm: Realm<String>,
    scopes: Scopes<String>,
    pub(super) now: fn() -> u64,
}

impl<V> Bearer<V> {
    fn with(lookup: V) -> Self {
        Self { lookup, realm: Realm::new("api").owned(), scopes: Scopes::EMPTY.owned(), now: unix_now }
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

    /// What is protected.
    pub(super) fn realm_needed(&self) -> Realm<&str> {
        self.realm.borrowed()
    }

    /// What every request needs.
    pub(super) fn scopes_needed(&self) -> Scopes<&str> {
        self.scopes.borrowed()
    }
}

impl<K: Keys> Bearer<K> {
    /// Tokens are matched with a keyring: a `&'static` one, an [`Arc`](std::sync::Arc) of an
    /// [`OwnedKeyring`](super::OwnedKeyring), or one that is swapped while requests run ([`Keys`]).
    pub fn new(keys: K) -> Self {
        Self::with(keys)
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

impl<F> Bearer<Lookup<F>> {
    /// Tokens are looked up by a function of yours, in a database say. What it returns is put into the request
    /// extensions.
    ///
    /// The function is called with tokens that are well-formed, by requests that need one. It decides about scopes as
    /// well: [`Refusal::InsufficientScope`](sallet_core::auth::Refusal::InsufficientScope) is one of its answers. While it
    /// runs the request waits, its body unread; when the client goes away, the future is dropped. It waits with the inner
    /// service ready for it: put limits on concurrency outside of this layer, or strangers use them up.
    ///
    /// ```
    /// use sallet_core::auth::Refusal;
    /// use sallet_core::secret::Digest;
    /// use sallet_hyper::{Bearer, RequireAuthLayer};
    /// use sallet_hyper::require_auth::{BearerToken, Denied};
    ///
    /// # #[derive(Clone)] struct Pool;
    /// # impl Pool { async fn user_by_digest(&self, _: [u8; 32]) -> Result<Option<User>, ()> { Ok(None) } }
    /// #[derive(Clone)]
    /// struct User(String);
    ///
    /// fn layer(pool: Pool) -> RequireAuthLayer<impl Clone> {
    ///     RequireAuthLayer::new(Bearer::from_fn(move |token: BearerToken| {
    ///         let pool = pool.clone();
    ///         async move {
    ///             let digest = Digest::of(token.as_str().as_bytes());
    ///             let user = pool.user_by_digest(digest.to_bytes()).await.map_err(|_| Denied::Unavailable)?;
    ///             user.ok_or(Denied::Refused(Refusal::InvalidToken))
    ///         }
    ///     }))
    /// }
    /// # let _ = layer;
    /// ```
    ///
    /// # Panics
    /// When the user would be a value that is there for a bad token as for a good one, and so admits everybody: `()`, a `bool`,
    /// an `Option` or `Result`, a list, a type of the crate `http`, a refusal, a text or a number, or one of these in an
    /// `Arc`, `Box`, reference, array or tuple of one. Wrap a name or an id in a type of your own. What is inside that type is
    /// not seen. The panic names the line of the caller.
    #[track_caller]
    pub fn from_fn<L, U>(lookup: F) -> Self
    where
        F: Fn(BearerToken) -> L,
        L: Future<Output = Result<U, Denied>>,
        U: Clone + Send + Sync + 'static,
    {
        user::check::<U>();
        Self::with(Lookup(lookup))
    }
}

impl<V> fmt::Debug for Bearer<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer")
            .field("realm", &self.realm.borrowed().as_str())
            .field("scopes", &self.scopes.borrowed().as_str())
            .finish_non_exhaustive()
    }
}

/// A clock that stands before 1970 is broken; 0 leaves keys that have a first second closed.
fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
