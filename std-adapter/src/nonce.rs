//! The nonce of one request.

use std::fmt;

use sallet_core::NONCE_ENTROPY;

/// The nonce of one response, in the request extensions while the request is handled.
///
/// Put it into the page (`<script nonce="…">`); the policy of the same response already names it. It is there whenever
/// the policy for this path has a [`Source::NONCE`](sallet_core::Source::NONCE).
///
/// With axum it is an extractor. **That needs the feature `axum`**: without it the compiler says only that a handler which
/// takes a `RequestNonce` is no `Handler<_, _>`. Anywhere else:
///
/// ```
/// use sallet_hyper::RequestNonce;
///
/// fn page(request: &http::Request<()>) -> Option<String> {
///     let nonce = request.extensions().get::<RequestNonce>()?;
///     Some(format!(r#"<script nonce="{nonce}">start()</script>"#))
/// }
/// ```
///
/// A [`SecurityHeadersService`](crate::security_headers::SecurityHeadersService) that finds a nonce in the extensions uses it instead
/// of drawing another, so that an enforced policy from one layer and a report-only policy from another agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestNonce(sallet_core::Nonce);

impl RequestNonce {
    /// A nonce from 128 bits of your own entropy, for hosts that have their own source and for tests. It must come from
    /// a cryptographic source and be used once.
    #[must_use]
    pub const fn new(entropy: [u8; NONCE_ENTROPY]) -> Self {
        Self(sallet_core::Nonce::new(entropy))
    }

    /// The text for the `nonce` attribute. It needs no escaping in HTML.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// `None` when the operating system has no entropy to give.
    // Not from a `NoncePool`: no safe code learns of a `fork` but by asking for the process id each time. Where libc answers
    // `getrandom` without a system call (glibc 2.41 with Linux 6.11), which minds forks and snapshots, that question alone
    // takes four times as long as the answer (145 and 35 ns; an older libc takes 370).
    pub(crate) fn draw() -> Option<Self> {
        let mut entropy = [0; NONCE_ENTROPY];
        getrandom::fill(&mut entropy).ok().map(|()| Self::new(entropy))
    }

    pub(crate) const fn core(&self) -> &sallet_core::Nonce {
        &self.0
    }
}

impl fmt::Display for RequestNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
