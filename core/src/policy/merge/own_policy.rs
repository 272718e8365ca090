//! A policy that the app has written itself, with the placeholder of a nonce.

use crate::headers::ContentSecurityPolicy;
use crate::nonce::{NONCE_LEN, Nonce, PLACEHOLDER};
use crate::policy::NonceForm;
use crate::scheme::Scheme;

/// What to send of an app's own policy that is [`Own::Fill`](super::Own::Fill): for the form and the scheme of its response. `None` where
/// it cannot be read; then it is sent as it is. Either way [`Nonce::fill`] puts the nonce in; without one, give
/// [`NonceForm::WithoutNonce`].
///
/// ```
/// use sallet_core::merge::own_policy;
/// use sallet_core::{Nonce, NonceForm, Scheme};
///
/// // What a handler gets from `str(policy.extend(...))`.
/// let own = "default-src 'self'; script-src 'nonce-{one-for-each-request}'; upgrade-insecure-requests";
/// let mut sent = own_policy(own, NonceForm::Fresh, Scheme::Http).unwrap().to_string().into_bytes();
/// Nonce::new([0; 16]).fill(&mut sent);
/// assert_eq!(sent, b"default-src 'self'; script-src 'nonce-AAAAAAAAAAAAAAAAAAAAAA'");
///
/// let image = own_policy(own, NonceForm::WithoutNonce, Scheme::Https).unwrap();
/// assert_eq!(image.to_string(), "default-src 'self'; script-src 'none'; upgrade-insecure-requests");
/// ```
pub fn own_policy(value: &str, form: NonceForm, scheme: Scheme) -> Option<ContentSecurityPolicy<'_>> {
    let policy = ContentSecurityPolicy::parse(value).ok()?.over(scheme)?;
    Some(if form == NonceForm::WithoutNonce { policy.without_nonce() } else { policy })
}

/// Whether a policy holds the placeholder.
pub(super) fn has_placeholder(value: &[u8]) -> bool {
    value.windows(NONCE_LEN).any(|found| found == PLACEHOLDER.as_bytes())
}

/// Whether a policy holds this nonce.
pub(super) fn holds(value: &[u8], nonce: &Nonce) -> bool {
    value.windows(NONCE_LEN).any(|found| found == nonce.as_bytes())
}
