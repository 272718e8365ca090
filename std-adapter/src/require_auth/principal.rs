use std::fmt;
use std::sync::Arc;

use sallet_core::auth::{Key, Scopes};

use super::OwnedKeyring;

/// Who sent the request, in its extensions once it is admitted.
///
/// It keeps the ring alive in which its key was found, so it can outlive a reload, and copying it copies no text.
///
/// With axum it is an extractor. **That needs the feature `axum`**: without it the compiler says only that a handler which
/// takes a `Principal` is no `Handler<_, _>`.
#[derive(Clone)]
pub struct Principal(Of);

#[derive(Clone)]
enum Of {
    Static(&'static Key),
    Shared(Arc<OwnedKeyring>, usize),
}

impl Principal {
    pub(super) const fn of_static(key: &'static Key) -> Self {
        Self(Of::Static(key))
    }

    pub(super) const fn of_shared(ring: Arc<OwnedKeyring>, at: usize) -> Self {
        Self(Of::Shared(ring, at))
    }

    /// The id of the key, for logs.
    #[must_use]
    pub fn id(&self) -> &str {
        self.key().id
    }

    /// Whom the key belongs to.
    #[must_use]
    pub fn name(&self) -> &str {
        self.key().principal
    }

    /// What the key is good for.
    ///
    /// ```
    /// use sallet_core::auth::Scopes;
    /// use sallet_hyper::Principal;
    ///
    /// const WRITE: Scopes = Scopes::new("items:write");
    ///
    /// fn may_write(who: &Principal) -> bool {
    ///     who.scopes().contains_all(WRITE)
    /// }
    /// ```
    #[must_use]
    pub fn scopes(&self) -> Scopes<&str> {
        // A ring holds no key whose scopes are no scopes; a principal without any is the safe answer all the same.
        Scopes::parse(self.key().scopes).unwrap_or(Scopes::EMPTY)
    }

    pub(super) fn key(&self) -> Key<&str> {
        match &self.0 {
            Of::Static(key) => **key,
            Of::Shared(ring, at) => ring.keys()[*at].borrowed(),
        }
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key();
        f.debug_struct("Principal")
            .field("id", &key.id)
            .field("name", &key.principal)
            .field("scopes", &key.scopes)
            .finish()
    }
}
