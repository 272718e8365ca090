//! The verdict on a request: whose it is, or why it is refused.

use super::{AuthRequest, CredentialsError, Refusal, Requirement, Ring};

impl Requirement<&str> {
    /// The whole check of one request: reads its credentials, verifies them against the ring, and compares scopes.
    ///
    /// `ring` is a reference to a [`Keyring`](super::Keyring), to an [`IndexedKeyring`](super::IndexedKeyring) or another [`Ring`]. `now` is in seconds
    /// since 1970: see [`Keyring::verify`](super::Keyring::verify).
    ///
    /// ```
    /// # use sallet_core::auth::{AuthScheme, Key, Keyring, Realm, Reason, Refusal, RequestFields, Requirement, Scopes};
    /// # use sallet_core::digest_hex;
    /// # static RING: Keyring = Keyring::new(&[Key::new(
    /// #     "sensor-7",
    /// #     digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    /// # )]);
    /// const READ: Requirement =
    ///     Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::new("items:read"));
    /// // The token `abc` is known, but not good for items.
    /// let fields = [("authorization", &b"Bearer abc"[..])];
    /// let reason = READ.verdict(&RING, &RequestFields::new("GET", &fields), 1_790_000_000).unwrap_err();
    /// assert_eq!(reason, Reason::InsufficientScope); // for the log
    /// assert_eq!(reason.refusal().status(), 403); // for the client
    /// ```
    ///
    /// # Errors
    /// [`Reason`], which is for the log; [`Reason::refusal`] is the answer to send.
    #[inline]
    pub fn verdict<R: Ring>(&self, ring: R, request: &impl AuthRequest, now: u64) -> Result<R::Found, Reason> {
        let key = self.read(request, |presented| ring.verify(presented.as_bytes(), now))??;
        if R::grants(&key, self.scopes()) { Ok(key) } else { Err(Reason::InsufficientScope) }
    }
}

/// Why a request is refused, for the log of the server. The client hears its [`refusal`](Reason::refusal), which tells less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// No credentials of the scheme were sent.
    Missing,
    /// They were, and cannot be read.
    Malformed(CredentialsError),
    /// No key has this token.
    Unknown,
    /// The key's `not_before` is still to come.
    NotYetValid,
    /// The key's `not_after` has passed.
    Expired,
    /// The token is good, but not for all the scopes that are needed.
    InsufficientScope,
    /// A browser sends the credentials for a page of another site.
    CrossSite,
    /// Too many wrong credentials came from the client, or for this user: these were not looked at.
    Throttled,
    /// The keys come from a store that has not answered for too long, or not yet: nobody knows which are still good.
    Unavailable,
    /// A function of the app's own, which verifies instead of a keyring, has said so.
    App(Refusal),
}

impl Reason {
    /// What the client is told.
    ///
    /// An unknown, an expired, a not yet valid and a revoked token are one answer: telling them apart would tell a thief which
    /// of his tokens were once good.
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::Missing => Refusal::Missing,
            Self::Malformed(error) => Refusal::Malformed(error),
            Self::Unknown | Self::NotYetValid | Self::Expired => Refusal::InvalidToken,
            Self::InsufficientScope => Refusal::InsufficientScope,
            Self::CrossSite => Refusal::CrossSite,
            Self::Throttled => Refusal::Throttled,
            Self::Unavailable => Refusal::Unavailable,
            Self::App(refusal) => refusal,
        }
    }

    /// The reason in words. No word of it comes from the request.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Missing => "no credentials of an accepted scheme were sent",
            Self::Malformed(error) | Self::App(Refusal::Malformed(error)) => error.message(),
            Self::Unknown => "no key matches the credentials",
            Self::NotYetValid => "the key is not valid yet: check its not_before and this machine's clock",
            Self::Expired => "the key has expired: give its owner a new one",
            Self::InsufficientScope => "the credentials do not have a required scope",
            Self::CrossSite => {
                "a page of another site made the browser send it: if that is meant, say cross_site where the scheme is set up"
            }
            Self::Throttled => "too many wrong credentials came before, so these were not looked at",
            Self::Unavailable => {
                "the store of the keys has not answered for too long: nobody is admitted until it does"
            }
            Self::App(Refusal::CrossSite) => "the app's own function refuses requests of other sites",
            Self::App(Refusal::Missing) => "the app's own function asks for credentials",
            Self::App(Refusal::InvalidToken) => "the app's own function refused the credentials",
            Self::App(Refusal::InsufficientScope) => "the app's own function asks for another scope",
            Self::App(Refusal::Unavailable) => "the app's own function cannot check credentials just now",
            Self::App(Refusal::Throttled) => "the app's own function has had too many wrong credentials",
        }
    }
}

crate::dialect::error!(Reason);
