//! The schemes: for each of the core's rows the constructors of an [`Auth`].

use http::request::Parts;
use sallet_core::auth::AuthScheme;

use super::{Auth, IntoDenied, Keys, Lookup, LookupWithRequest, PresentedToken, User, Verify};

macro_rules! scheme {
    ($(#[$doc:meta])* $Row:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $Row {}

        impl $Row {
            /// Credentials are matched with a keyring: a `&'static` one, an [`Arc`](std::sync::Arc) of an
            /// [`OwnedKeyring`](super::OwnedKeyring), or one that is swapped while requests run ([`Keys`]).
            #[expect(clippy::new_ret_no_self, reason = "it names the scheme of an `Auth`")]
            pub fn new<K: Keys>(keys: K) -> Auth<K> {
                Auth::new(AuthScheme::$Row, keys)
            }

            /// Credentials are verified by a type of yours, or for `Basic` by `Passwords`.
            ///
            /// # Panics
            /// When the verifier is for another scheme. The panic names the line of the caller.
            #[track_caller]
            pub fn verify_by<V: Verify>(verifier: V) -> Auth<V> {
                if let Err(why) = verifier.fits(AuthScheme::$Row) {
                    panic!("{why}");
                }
                Auth::new(AuthScheme::$Row, verifier)
            }

            /// Credentials are looked up by a function of yours, in a database say.
            ///
            /// Its answers are a user, which is put into the extensions of the request: a [`Principal`](super::Principal), or a
            /// [`User`] of your own; a [`Refusal`](sallet_core::auth::Refusal), of which `Unavailable`, 503, is for when the
            /// database is away; a [`StatusCode`](http::StatusCode); or a [`Denied`](super::Denied) with a body or a `Retry-After` of your own. [`scopes`](Auth::scopes)
            /// are compared with those of the user.
            ///
            /// It is called with credentials that are well-formed. While it runs the request waits, its body unread; when the
            /// client goes away, the future is dropped. It waits with the inner service ready for it: put limits on concurrency
            /// outside of this layer, or strangers use them up.
            pub fn from_fn<F, L, U, E>(lookup: F) -> Auth<Lookup<F>>
            where
                F: Fn(PresentedToken) -> L,
                L: Future<Output = Result<U, E>>,
                U: User,
                E: IntoDenied,
            {
                Auth::new(AuthScheme::$Row, Lookup(lookup))
            }

            /// As [`from_fn`](Self::from_fn), with the head of the request: its method, URI, fields and extensions. The future
            /// cannot borrow from it, so take from it what you need before.
            pub fn from_fn_with_request<F, L, U, E>(lookup: F) -> Auth<LookupWithRequest<F>>
            where
                F: Fn(PresentedToken, &Parts) -> L,
                L: Future<Output = Result<U, E>>,
                U: User,
                E: IntoDenied,
            {
                Auth::new(AuthScheme::$Row, LookupWithRequest(lookup))
            }
        }
    };
}

scheme! {
    /// Bearer tokens (RFC 6750), and what they are verified against.
    ///
    /// Tokens in a database:
    ///
    /// ```
    /// use sallet_core::auth::{Refusal, Scopes};
    /// use sallet_core::secret::Digest;
    /// use sallet_hyper::{Bearer, PresentedToken, RequireAuthLayer, User};
    ///
    /// # #[derive(Clone)] struct Pool;
    /// # impl Pool { async fn account_by_digest(&self, _: [u8; 32]) -> Result<Option<Account>, ()> { Ok(None) } }
    /// #[derive(Clone)]
    /// struct Account {
    ///     name: String,
    ///     scopes: Scopes<String>,
    /// }
    ///
    /// impl User for Account {
    ///     fn scopes(&self) -> Scopes<&str> {
    ///         self.scopes.borrowed()
    ///     }
    /// }
    ///
    /// fn layer(pool: Pool) -> RequireAuthLayer<impl Clone> {
    ///     let bearer = Bearer::from_fn(move |token: PresentedToken| {
    ///         let pool = pool.clone();
    ///         async move {
    ///             let digest = Digest::of(token.as_str().as_bytes());
    ///             let account = pool.account_by_digest(digest.to_bytes()).await.map_err(|_| Refusal::Unavailable)?;
    ///             account.ok_or(Refusal::InvalidToken)
    ///         }
    ///     });
    ///     RequireAuthLayer::new(bearer.scopes("items:read"))
    /// }
    /// # let _ = layer;
    /// ```
    ///
    /// A function that looks at the request as well:
    ///
    /// ```
    /// use http::request::Parts;
    /// use sallet_core::auth::{Refusal, Scopes};
    /// use sallet_hyper::{Bearer, PresentedToken, Principal, RequireAuthLayer};
    ///
    /// # async fn introspect(_: &str, _: Option<&str>) -> Option<String> { None }
    /// let bearer = Bearer::from_fn_with_request(|token: PresentedToken, request: &Parts| {
    ///     let host = request.uri.host().map(str::to_owned);
    ///     async move {
    ///         let name = introspect(token.as_str(), host.as_deref()).await.ok_or(Refusal::InvalidToken)?;
    ///         Ok::<_, Refusal>(Principal::new(&name, &name, Scopes::EMPTY))
    ///     }
    /// });
    /// # let _ = RequireAuthLayer::new(bearer);
    /// ```
    Bearer
}

scheme! {
    /// A user and a password (RFC 7617), and what they are verified against.
    ///
    /// What is presented is `user:password`, decoded ([`PresentedToken::user_and_password`]). A key of a ring holds the digest of
    /// that: good for passwords that were drawn at random, while those of people are guessed from a digest. These are
    /// verified by Argon2id with the feature `passwords`, which has `Passwords`.
    ///
    /// Browsers ask for a password when they see the challenge on a 401, and then send it with every request, also for pages of
    /// other sites: [`Auth::cross_site`]. [`on_refusal`](super::RequireAuthLayer::on_refusal) with another status keeps them from
    /// asking.
    ///
    /// ```
    /// use sallet_core::auth::{Refusal, Scopes};
    /// use sallet_hyper::{Basic, PresentedToken, Principal, RequireAuthLayer};
    ///
    /// # async fn password_is_right(_: &str, _: &str) -> bool { false } // `Passwords::verify`
    /// let basic = Basic::from_fn(async |login: PresentedToken| {
    ///     let (user, password) = login.user_and_password().ok_or(Refusal::InvalidToken)?;
    ///     match password_is_right(user, password).await {
    ///         true => Ok(Principal::new(user, user, Scopes::EMPTY)),
    ///         false => Err(Refusal::InvalidToken),
    ///     }
    /// });
    /// # let _ = RequireAuthLayer::new(basic);
    /// ```
    Basic
}

scheme! {
    /// A key in a field of its own, `X-API-Key` unless [`Auth::header`] names another, and what it is verified against.
    ///
    /// Shared caches do not know that such a response is one client's, as they do where there is `Authorization` (RFC 9111 section
    /// 3.5). So what the app says to caches is made private, also where it says `public`, unless it says `private` or `no-store`.
    ApiKey
}
