use std::any::type_name;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use sallet_core::auth::{Realm, Refusal, Scopes};

use super::{BearerToken, Denied, Keys, Lookup};

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
    realm: String,
    scopes: String,
    pub(super) now: fn() -> u64,
}

impl<V> Bearer<V> {
    fn with(lookup: V) -> Self {
        Self { lookup, realm: "api".to_owned(), scopes: String::new(), now: unix_now }
    }

    /// Names what is protected, for people whose client asks them for a token. `api`, unless said otherwise.
    ///
    /// # Panics
    /// When the name is empty or has a character that cannot stand in a header: see [`Realm::try_new`]. The panic names
    /// the line of the caller.
    #[track_caller]
    pub fn realm(mut self, name: &str) -> Self {
        if let Err(error) = Realm::try_new(name) {
            panic!("{error}");
        }
        name.clone_into(&mut self.realm);
        self
    }

    pub(super) fn realm_checked(&self) -> Realm<'_> {
        Realm::new(&self.realm)
    }

    pub(super) fn scopes_checked(&self) -> Scopes<'_> {
        Scopes::new(&self.scopes)
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
    /// When this is no list of scopes: see [`Scopes::try_new`]. The panic names the line of the caller.
    #[track_caller]
    pub fn scopes(mut self, scopes: &str) -> Self {
        if let Err(error) = Scopes::try_new(scopes) {
            panic!("{error}");
        }
        scopes.clone_into(&mut self.scopes);
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
    /// When a user is an [`Option`], a [`Result`], a `bool`, a status, a response or a refusal: `Ok(None)` would let everybody
    /// in. The panic names the line of the caller.
    #[track_caller]
    pub fn from_fn<L, U>(lookup: F) -> Self
    where
        F: Fn(BearerToken) -> L,
        L: Future<Output = Result<U, Denied>>,
        U: Clone + Send + Sync + 'static,
    {
        if is_no_user::<U>() {
            panic!(
                "a lookup returns `Ok(user)`, and a {} is none, so that everybody would be let in: return \
                 `Err(Denied::Refused(Refusal::InvalidToken))` for a token that is nobody's, such as `user.ok_or(...)`",
                type_name::<U>()
            );
        }
        Self::with(Lookup(lookup))
    }
}

/// What a function returns that has not decided yet, or has said no in another way.
fn is_no_user<U>() -> bool {
    fn kind<T>() -> &'static str {
        type_name::<T>().split('<').next().unwrap_or_default()
    }
    let others = [
        kind::<Option<()>>(),
        kind::<Result<(), ()>>(),
        kind::<bool>(),
        kind::<Denied>(),
        kind::<Refusal>(),
        kind::<http::StatusCode>(),
        kind::<http::Response<()>>(),
    ];
    others.contains(&kind::<U>())
}

impl<V> fmt::Debug for Bearer<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer").field("realm", &self.realm).field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

/// A clock that stands before 1970 is broken; 0 leaves keys that have a first second closed.
fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
