//! Where the keys are, and how they are swapped.

use std::sync::Arc;

use sallet_core::auth::{AuthRequest, Key, KeyTable, Keyring, Reason, Requirement};

use super::Principal;

/// A keyring that was read from a file or the environment.
///
/// Without keys it admits nobody: that is how the last key is taken out.
///
/// ```
/// use std::sync::Arc;
///
/// use sallet_core::auth::{Key, KeyringError};
/// use sallet_core::secret::Digest;
/// use sallet_hyper::require_auth::Auth;
/// use sallet_hyper::{Bearer, OwnedKeyring};
///
/// fn bearer(lines: &[(String, Digest)]) -> Result<Auth<Arc<OwnedKeyring>>, KeyringError> {
///     let keys = lines.iter().map(|(id, digest)| Key {
///         id: id.clone(),
///         principal: id.clone(),
///         scopes: String::new(),
///         not_before: None,
///         not_after: None,
///         digest: *digest,
///     });
///     Ok(Bearer::new(Arc::new(OwnedKeyring::try_new(keys.collect())?)))
/// }
/// ```
pub type OwnedKeyring = Keyring<Vec<Key<String>>>;

/// The keys in force at this moment.
///
/// It is asked once for each request, so it must neither block nor wait. Swapping keys without a lock is what
/// [`arc-swap`](https://docs.rs/arc-swap) is for, and the feature of that name makes an `ArcSwap` one of these:
///
/// ```
/// # #[cfg(feature = "arc-swap")] {
/// use std::sync::Arc;
///
/// use arc_swap::ArcSwap;
/// use sallet_core::auth::KeyringError;
/// use sallet_hyper::require_auth::Auth;
/// use sallet_hyper::{Bearer, OwnedKeyring};
///
/// fn reload(ring: &ArcSwap<OwnedKeyring>, read: Result<OwnedKeyring, KeyringError>) {
///     match read {
///         Ok(new) => ring.store(Arc::new(new)), // requests under way finish with the old one
///         Err(error) => eprintln!("the old keys stay: {error}"),
///     }
/// }
///
/// fn bearer(ring: &Arc<ArcSwap<OwnedKeyring>>) -> Auth<Arc<ArcSwap<OwnedKeyring>>> {
///     Bearer::new(Arc::clone(ring))
/// }
/// # let _ = (reload, bearer);
/// # }
/// ```
///
/// An owned ring that nothing shares is none of these, and the compiler says to put it into an `Arc`:
///
/// ```compile_fail,E0277
/// # use sallet_hyper::{Bearer, OwnedKeyring};
/// # fn bearer(ring: OwnedKeyring) {
/// Bearer::new(ring);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of keys",
    label = "expected a `&'static Keyring`, or an owned ring in an `Arc`",
    note = "put an `OwnedKeyring` into an `Arc`: `Bearer::new(Arc::new(keys))`; make a `Keyring` of constants a `static`: `Bearer::new(&KEYS)`",
    note = "an `ArcSwap` of a ring takes the feature `arc-swap` of sallet-hyper; the keys of a file are a `KeyFile`, feature `file`; a function goes to `Bearer::from_fn`, a type that verifies in another way to `Bearer::verify_by`, `Passwords` to `Basic::verify_by`"
)]
pub trait Keys {
    /// The ring to look in for this request.
    fn current(&self) -> Ring;
}

impl Keys for &'static Keyring {
    fn current(&self) -> Ring {
        Ring::from(*self)
    }
}

impl Keys for Arc<OwnedKeyring> {
    fn current(&self) -> Ring {
        Ring::from(Self::clone(self))
    }
}

/// Keys by the thousand, found by an index. [`with_changes`](KeyTable::with_changes) makes a table with one key more or less, to be
/// swapped in.
///
/// ```
/// use std::sync::Arc;
///
/// use sallet_core::auth::{Key, KeyTableBuilder, KeyringError};
/// use sallet_core::secret::Digest;
/// use sallet_hyper::{Bearer, RequireAuthLayer};
///
/// # fn main() -> Result<(), KeyringError> {
/// # let rows = [("customer-1", Digest::of(b"a token"))];
/// let mut table = KeyTableBuilder::new();
/// for (id, digest) in rows {
///     table.push(&Key::new(id, digest).scopes("items:read"));
/// }
/// let layer = RequireAuthLayer::new(Bearer::new(Arc::new(table.finish()?)));
/// # let _ = layer;
/// # Ok(())
/// # }
/// ```
impl Keys for Arc<KeyTable> {
    fn current(&self) -> Ring {
        Ring::from(Self::clone(self))
    }
}

#[cfg(feature = "arc-swap")]
impl Keys for arc_swap::ArcSwap<KeyTable> {
    fn current(&self) -> Ring {
        Ring::from(self.load_full())
    }
}

#[cfg(feature = "arc-swap")]
impl Keys for arc_swap::ArcSwap<OwnedKeyring> {
    fn current(&self) -> Ring {
        Ring::from(self.load_full())
    }
}

impl<K: Keys + ?Sized> Keys for Arc<K> {
    fn current(&self) -> Ring {
        (**self).current()
    }
}

impl<K: Keys + ?Sized> Keys for &K {
    fn current(&self) -> Ring {
        (**self).current()
    }
}

/// A keyring that stays as it is for as long as one request needs it.
#[derive(Debug, Clone)]
pub struct Ring(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Static(&'static Keyring),
    Shared(Arc<OwnedKeyring>),
    Table(Arc<KeyTable>),
}

impl Ring {
    pub(super) fn verify(self, token: &[u8], now: u64) -> Result<Principal, Reason> {
        match self.0 {
            Kind::Static(ring) => ring.verify(token, now).map(Principal::of_static),
            Kind::Shared(ring) => {
                let at = index(&ring, ring.verify(token, now)?);
                Ok(Principal::of_shared(ring, at))
            }
            Kind::Table(table) => {
                let at = table.verify(token, now)?.at();
                Ok(Principal::of_table(table, at))
            }
        }
    }

    pub(super) fn verdict(
        self,
        need: &Requirement<&str>,
        request: &impl AuthRequest,
        now: u64,
    ) -> Result<Principal, Reason> {
        match self.0 {
            Kind::Static(ring) => need.verdict(ring, request, now).map(Principal::of_static),
            Kind::Shared(ring) => {
                let at = index(&ring, need.verdict(&*ring, request, now)?);
                Ok(Principal::of_shared(ring, at))
            }
            Kind::Table(table) => {
                let at = need.verdict(&*table, request, now)?.at();
                Ok(Principal::of_table(table, at))
            }
        }
    }
}

fn index(ring: &OwnedKeyring, key: &Key<String>) -> usize {
    ring.keys().element_offset(key).expect("a key that was found is in its ring")
}

impl From<&'static Keyring> for Ring {
    fn from(ring: &'static Keyring) -> Self {
        Self(Kind::Static(ring))
    }
}

impl From<Arc<OwnedKeyring>> for Ring {
    fn from(ring: Arc<OwnedKeyring>) -> Self {
        Self(Kind::Shared(ring))
    }
}

impl From<Arc<KeyTable>> for Ring {
    fn from(table: Arc<KeyTable>) -> Self {
        Self(Kind::Table(table))
    }
}
