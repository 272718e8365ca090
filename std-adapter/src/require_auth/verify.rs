//! Verifiers: a keyring, a function, or a type of the app's own.

use std::future::{Future, Ready};

use http::Request;
use http::request::Parts;
use sallet_core::auth::{AuthScheme, Reason, Refusal, Requirement};

use super::asked::Asked;
use super::auth::{Terms, unix_now};
use super::denied::No;
use super::{Denied, Keys, PresentedToken, Principal, User};
use crate::parts::with_parts;

/// Says whose a credential is, in a way of your own: a JWT, an introspection endpoint, a database with a cache.
///
/// What is around it stays Sallet's: the field is read and its grammar checked before, scopes are compared after, and refusals
/// get their challenge. [`Keys`] are verifiers too; where all that you need is a function there is
/// [`Bearer::from_fn`](super::Bearer::from_fn).
///
/// It is called for each request with a credential. What is known at once is returned as [`Verdict::Now`]; what has to be waited
/// for is a future, for which nothing is boxed:
///
/// ```
/// use std::future::Ready;
///
/// use http::request::Parts;
/// use sallet_core::auth::{Refusal, Scopes};
/// use sallet_hyper::require_auth::{Verdict, Verify};
/// use sallet_hyper::{Bearer, Denied, PresentedToken, Principal, RequireAuthLayer};
///
/// # #[derive(Clone)] struct Decoder;
/// # struct Claims { sub: String, scope: String }
/// # impl Decoder { fn claims(&self, _: &str) -> Option<Claims> { None } }
/// #[derive(Clone)]
/// struct Jwt(Decoder);
///
/// impl Verify for Jwt {
///     type User = Principal;
///     type Later = Ready<Result<Principal, Denied>>; // it never waits
///
///     fn verify(&self, token: PresentedToken, _: &Parts) -> Verdict<Self::User, Self::Later> {
///         let user = self.0.claims(token.as_str()).ok_or(Refusal::InvalidToken).and_then(|claims| {
///             let scopes = Scopes::parse(claims.scope).map_err(|_| Refusal::InvalidToken)?;
///             Ok(Principal::new(&claims.sub, &claims.sub, scopes))
///         });
///         Verdict::Now(user.map_err(Denied::from))
///     }
/// }
///
/// fn layer(decoder: Decoder) -> RequireAuthLayer<Jwt> {
///     RequireAuthLayer::new(Bearer::verify_by(Jwt(decoder)).scopes("items:read"))
/// }
/// # let _ = layer;
/// ```
///
/// `examples/jwt.rs` is a whole one, with a key set that is fetched and cached.
#[diagnostic::on_unimplemented(
    message = "`{Self}` verifies no credentials",
    label = "this is not a `Verify`",
    note = "a keyring is `&'static`, or an owned one in an `Arc`, and goes to `new`; a function goes to `from_fn`"
)]
pub trait Verify {
    /// Who sent a request.
    type User: User;

    /// The verdict where it has to be waited for: a future type of yours, or [`Ready`] if that never happens.
    type Later: Future<Output = Result<Self::User, Denied>>;

    /// Says whose `token` is. The request is there for what else counts, such as a path or a client certificate; its body is not
    /// read yet.
    ///
    /// It must not block. While [`Later`](Self::Later) runs the request waits, with the inner service ready for it; when the
    /// client goes away, the future is dropped.
    fn verify(&self, token: PresentedToken, request: &Parts) -> Verdict<Self::User, Self::Later>;

    /// Whether it can read what this scheme presents, or what to write instead.
    #[doc(hidden)]
    fn fits(&self, _: AuthScheme) -> Result<(), &'static str> {
        Ok(())
    }

    /// The whole check of a request, but for what is looked up later.
    #[doc(hidden)]
    fn judge<B>(&self, terms: &Terms<'_>, request: &mut Request<B>) -> Judged<Self::User, Self::Later> {
        match PresentedToken::of(&terms.need, request, terms.field) {
            Ok(token) => match with_parts(request, |parts| self.verify(token, parts)) {
                Verdict::Now(verdict) => Judged::Now(granted(verdict.map_err(No::Said), &terms.need)),
                Verdict::Later(later) => Judged::Later(later),
            },
            Err(reason) => Judged::Now(Err(No::Found(reason))),
        }
    }
}

/// What a [`Verify`] says of a token.
#[derive(Debug)]
pub enum Verdict<U, L> {
    /// Whose it is, or what is answered.
    Now(Result<U, Denied>),
    /// It has to be waited for.
    Later(L),
}

/// A verdict, or what it takes to get one.
#[doc(hidden)]
#[derive(Debug)]
pub enum Judged<U, L> {
    Now(Result<U, No>),
    Later(L),
}

/// Compares scopes: whoever has said whose the token is.
pub(super) fn granted<U: User>(verdict: Result<U, No>, need: &Requirement<&str>) -> Result<U, No> {
    let user = verdict?;
    if user.scopes().contains_all(need.scopes()) { Ok(user) } else { Err(No::Found(Reason::InsufficientScope)) }
}

impl<K: Keys> Verify for K {
    type User = Principal;
    type Later = Ready<Result<Principal, Denied>>;

    /// For a verifier of yours that asks a ring as well. The log does not learn whether a key has expired.
    fn verify(&self, token: PresentedToken, _: &Parts) -> Verdict<Self::User, Self::Later> {
        let who = self.current().verify(token.as_str().as_bytes(), unix_now());
        Verdict::Now(who.map_err(|_| Refusal::InvalidToken.into()))
    }

    fn judge<B>(&self, terms: &Terms<'_>, request: &mut Request<B>) -> Judged<Self::User, Self::Later> {
        Judged::Now(
            self.current().verdict(&terms.need, &Asked::new(request, terms.field), (terms.now)()).map_err(No::Found),
        )
    }
}
