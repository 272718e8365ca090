//! What a requirement verifies against, whichever way the keys are kept.

use super::{Reason, Scopes};

/// Keys that a presented token is looked up in: a reference to a [`Keyring`](super::Keyring), which is scanned whole, to an
/// [`IndexedKeyring`](super::IndexedKeyring), which has an index, or to a host's own choice between such.
///
/// [`Requirement::verdict`](super::Requirement::verdict) takes any of them. To implement it for a type of your own, hand the call on
/// to one of these: they own the comparison.
///
/// ```
/// use sallet_core::auth::{Key, Keyring, Reason, Ring, Scopes};
///
/// /// Keys that are good while a switch is on.
/// struct Switched {
///     keys: Keyring,
///     on: bool,
/// }
///
/// impl<'k> Ring for &'k Switched {
///     type Found = &'k Key;
///
///     fn verify(self, token: &[u8], now: u64) -> Result<&'k Key, Reason> {
///         if self.on { self.keys.verify(token, now) } else { Err(Reason::Unavailable) }
///     }
///
///     fn grants(found: &Self::Found, required: Scopes<&str>) -> bool {
///         found.grants(required)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a ring of keys",
    note = "pass a reference to the ring itself: `&*ring` of one in a `Box` or an `Arc`"
)]
pub trait Ring {
    /// What says whose a token is.
    type Found;

    /// Finds the key of a token and checks that it is in force at `now`, in seconds since 1970.
    ///
    /// # Errors
    /// [`Reason`], for the log.
    fn verify(self, token: &[u8], now: u64) -> Result<Self::Found, Reason>;

    /// Whether what was found is good for all of `required`.
    fn grants(found: &Self::Found, required: Scopes<&str>) -> bool;
}
