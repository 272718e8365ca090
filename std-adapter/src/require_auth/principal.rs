use std::fmt;
use std::sync::Arc;

use sallet_core::auth::{Key, KeyTable, Scopes};

use super::OwnedKeyring;

/// Who sent the request, in its extensions once it is admitted, or on a public path if it brings a good credential.
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
    Table(Arc<KeyTable>, usize),
    Own(Arc<Own>),
}

/// Of a verifier of the app's own.
struct Own {
    id: Box<str>,
    name: Box<str>,
    scopes: Scopes<Box<str>>,
}

impl Principal {
    /// One that no key of a ring has: for a verifier of your own, and for tests of handlers.
    ///
    /// `id` names the credential in logs, `name` whom it belongs to.
    ///
    /// ```
    /// use axum::{Extension, Router, routing::get};
    /// use http::Request;
    /// use sallet_core::auth::Scopes;
    /// use sallet_hyper::Principal;
    /// use tower::ServiceExt;
    ///
    /// # #[cfg(feature = "axum")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let routes: Router = Router::new().route("/me", get(async |who: Principal| who.name().to_owned()));
    ///
    /// // In a test of the routes, without the layer that would put it there:
    /// let kim = Principal::new("test", "kim", Scopes::new("items:read"));
    /// let response = routes.layer(Extension(kim)).oneshot(Request::get("/me").body(String::new()).unwrap()).await.unwrap();
    /// assert_eq!(response.status(), 200);
    /// # }
    /// # #[cfg(not(feature = "axum"))]
    /// # fn main() {}
    /// ```
    #[must_use]
    pub fn new(id: &str, name: &str, scopes: Scopes<impl AsRef<str>>) -> Self {
        Self(Of::Own(Arc::new(Own { id: id.into(), name: name.into(), scopes: scopes.owned() })))
    }

    pub(super) const fn of_static(key: &'static Key) -> Self {
        Self(Of::Static(key))
    }

    pub(super) const fn of_shared(ring: Arc<OwnedKeyring>, at: usize) -> Self {
        Self(Of::Shared(ring, at))
    }

    pub(super) const fn of_table(table: Arc<KeyTable>, at: usize) -> Self {
        Self(Of::Table(table, at))
    }

    /// The id of the key, for logs.
    #[must_use]
    pub fn id(&self) -> &str {
        match self.of() {
            Ok(key) => key.id,
            Err(own) => &own.id,
        }
    }

    /// Whom the key belongs to.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.of() {
            Ok(key) => key.principal,
            Err(own) => &own.name,
        }
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
        match self.of() {
            // A ring holds no key whose scopes are no scopes; a principal without any is the safe answer all the same.
            Ok(key) => Scopes::parse(key.scopes).unwrap_or(Scopes::EMPTY),
            Err(own) => own.scopes.borrowed(),
        }
    }

    fn of(&self) -> Result<Key<&str>, &Own> {
        match &self.0 {
            Of::Static(key) => Ok(**key),
            Of::Shared(ring, at) => Ok(ring.keys()[*at].borrowed()),
            Of::Table(table, at) => Ok(table.get(*at).expect("a table does not change, so a key that was found stays")),
            Of::Own(own) => Err(own),
        }
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("scopes", &self.scopes().as_str())
            .finish()
    }
}
