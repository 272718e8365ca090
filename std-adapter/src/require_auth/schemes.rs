//! The schemes: for each of the core's rows the constructors of an [`Auth`].

use sallet_core::auth::{AuthScheme, Refusal};

use super::{Auth, Keys, Lookup, PresentedToken};

/// Bearer tokens (RFC 6750), and what they are verified against.
#[derive(Debug)]
pub enum Bearer {}

impl Bearer {
    /// Tokens are matched with a keyring: a `&'static` one, an [`Arc`](std::sync::Arc) of an
    /// [`OwnedKeyring`](super::OwnedKeyring), or one that is swapped while requests run ([`Keys`]).
    #[expect(clippy::new_ret_no_self, reason = "it names the scheme of an `Auth`")]
    pub fn new<K: Keys>(keys: K) -> Auth<K> {
        Auth::by_keys(AuthScheme::Bearer, keys)
    }

    /// Tokens are looked up by a function of yours, in a database say. What it returns is put into the request
    /// extensions.
    ///
    /// The function is called with tokens that are well-formed, by requests that need one. It decides about scopes as
    /// well: [`Refusal::InsufficientScope`] is one of its answers, and [`Refusal::Unavailable`] (503, gRPC: `UNAVAILABLE`) is for
    /// when the database is away. While it
    /// runs the request waits, its body unread; when the client goes away, the future is dropped. It waits with the inner
    /// service ready for it: put limits on concurrency outside of this layer, or strangers use them up.
    ///
    /// ```
    /// use sallet_core::auth::Refusal;
    /// use sallet_core::secret::Digest;
    /// use sallet_hyper::{Bearer, RequireAuthLayer};
    /// use sallet_hyper::require_auth::PresentedToken;
    ///
    /// # #[derive(Clone)] struct Pool;
    /// # impl Pool { async fn user_by_digest(&self, _: [u8; 32]) -> Result<Option<User>, ()> { Ok(None) } }
    /// #[derive(Clone)]
    /// struct User(String);
    ///
    /// fn layer(pool: Pool) -> RequireAuthLayer<impl Clone> {
    ///     RequireAuthLayer::new(Bearer::from_fn(move |token: PresentedToken| {
    ///         let pool = pool.clone();
    ///         async move {
    ///             let digest = Digest::of(token.as_str().as_bytes());
    ///             let user = pool.user_by_digest(digest.to_bytes()).await.map_err(|_| Refusal::Unavailable)?;
    ///             user.ok_or(Refusal::InvalidToken)
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
    pub fn from_fn<F, L, U>(lookup: F) -> Auth<Lookup<F>>
    where
        F: Fn(PresentedToken) -> L,
        L: Future<Output = Result<U, Refusal>>,
        U: Clone + Send + Sync + 'static,
    {
        Auth::by_fn(AuthScheme::Bearer, lookup)
    }
}
