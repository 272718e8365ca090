//! How a request travelled.

/// Whether a response travels over HTTP or HTTPS, as the host knows it: from its own socket or its configuration. A
/// request's `X-Forwarded-Proto` says what the client wants it to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS, here or at a proxy that the host trusts.
    Https,
}

impl Scheme {
    pub(crate) const fn is_http(self) -> bool {
        matches!(self, Self::Http)
    }
}
