//! Who sent a request, as a verifier of the app's own says it.

use std::sync::Arc;

use http::Extensions;
use sallet_core::auth::Scopes;

use super::Principal;

/// Who sent the request: what a verifier of your own returns for a good credential.
///
/// It is put into the extensions of the request, under its own type. `Ok` admits whatever is in it, so a type has to be named a
/// user before it can be returned. `Option<User>`, `Result`, `()`, `bool`, `StatusCode` and texts are there for a bad token as
/// for a good one, and Rust lets nobody make a user of them:
///
/// ```compile_fail,E0277
/// use sallet_core::auth::Refusal;
/// use sallet_hyper::{Bearer, PresentedToken, Principal};
///
/// // A query that found nothing would admit everybody.
/// Bearer::from_fn(async |_: PresentedToken| Ok::<Option<Principal>, Refusal>(None));
/// ```
///
/// [`Principal::new`] makes one for most uses. For a type of your own:
///
/// ```
/// use sallet_core::auth::Scopes;
/// use sallet_hyper::User;
///
/// #[derive(Clone)]
/// struct Account {
///     id: String,
///     scopes: Scopes<String>,
/// }
///
/// impl User for Account {
///     fn id(&self) -> Option<&str> {
///         Some(&self.id)
///     }
///
///     fn scopes(&self) -> Scopes<&str> {
///         self.scopes.borrowed()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say who sent the request",
    label = "whatever is in `Ok` is admitted, and this is not a `User`",
    note = "return the user in `Ok`, and `Err(Refusal::InvalidToken)` where there is none; `Option::ok_or` makes one of the other",
    note = "a user is a `Principal`, or a type of your own: `impl sallet_hyper::User for Account {{}}`; wrap a name: `struct Name(String)`"
)]
pub trait User: Clone + Send + Sync + 'static {
    /// The id of the credential, for logs; never the credential.
    fn id(&self) -> Option<&str> {
        None
    }

    /// Whom it belongs to, for logs.
    fn name(&self) -> Option<&str> {
        None
    }

    /// What it is good for. Sallet compares it with what [`Auth::scopes`](super::Auth::scopes) asks for; without an answer of
    /// yours it is nothing.
    fn scopes(&self) -> Scopes<&str> {
        Scopes::EMPTY
    }

    #[doc(hidden)]
    fn enter(self, extensions: &mut Extensions) {
        extensions.insert(self);
    }

    /// What the one who has entered is good for.
    #[doc(hidden)]
    fn entered(extensions: &Extensions) -> Option<Scopes<&str>> {
        extensions.get::<Self>().map(Self::scopes)
    }
}

impl User for Principal {
    fn id(&self) -> Option<&str> {
        Some(self.id())
    }

    fn name(&self) -> Option<&str> {
        Some(self.name())
    }

    fn scopes(&self) -> Scopes<&str> {
        self.scopes()
    }
}

impl<U: User> User for Arc<U> {
    fn id(&self) -> Option<&str> {
        (**self).id()
    }

    fn name(&self) -> Option<&str> {
        (**self).name()
    }

    fn scopes(&self) -> Scopes<&str> {
        (**self).scopes()
    }
}
