//! The nonce of one request.

use std::fmt;

use sallet_core::NONCE_ENTROPY;

/// The nonce of one response, in the request extensions while the request is handled.
///
/// Put it into the page (`<script nonce="…">`); the policy of the same response already names it. It is there whenever
/// the policy chosen for the request has a [`Source::NONCE`](sallet_core::Source::NONCE): it is drawn before the inner service is
/// called, because no layer can tell whether that will ask for it. A response of a type in which no script runs is sent without it
/// all the same, and stays fit for shared caches. Where no policy has one, [`draw`](Self::draw) does.
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
/// # In templates
///
/// It is [`Display`](fmt::Display), and no template language finds a character to escape in it.
///
/// [askama](https://docs.rs/askama):
///
/// ```
/// use askama::Template;
/// use sallet_hyper::RequestNonce;
///
/// #[derive(Template)]
/// #[template(source = r#"<script nonce="{{ nonce }}">start()</script>"#, ext = "html")]
/// struct Page {
///     nonce: RequestNonce,
/// }
///
/// # fn main() -> Result<(), askama::Error> {
/// # let nonce = RequestNonce::new([0xA5; 16]);
/// // let nonce: RequestNonce = … of the request
/// let page = Page { nonce }.render()?;
/// assert_eq!(page, r#"<script nonce="paWlpaWlpaWlpaWlpaWlpQ">start()</script>"#);
/// # Ok(())
/// # }
/// ```
///
/// [maud](https://docs.rs/maud), where a function is a handy form of the element:
///
/// ```
/// use maud::{Markup, PreEscaped, html};
/// use sallet_hyper::RequestNonce;
///
/// fn script(nonce: RequestNonce, source: &str) -> Markup {
///     html! { script nonce=(nonce) { (PreEscaped(source)) } }
/// }
///
/// # let nonce = RequestNonce::new([0xA5; 16]);
/// let page = html! { h1 { "Hello" } (script(nonce, "start()")) };
/// assert_eq!(page.0, r#"<h1>Hello</h1><script nonce="paWlpaWlpaWlpaWlpaWlpQ">start()</script>"#);
/// ```
///
/// # Several layers
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

    /// A fresh one, for a page whose request has none: a layer draws one for each request whose policy has a
    /// [`Source::NONCE`](sallet_core::Source::NONCE), and says so in the extensions of the request. Tell the layers by
    /// [`ResponsePolicy::with_nonce`](crate::ResponsePolicy::with_nonce).
    ///
    /// `None` when the operating system has no entropy to give.
    // Not from a `NoncePool`: no safe code learns of a `fork` but by asking for the process id each time. Where libc answers
    // `getrandom` without a system call (glibc 2.41 with Linux 6.11), which minds forks and snapshots, that question alone
    // takes four times as long as the answer (145 and 35 ns; an older libc takes 370).
    #[must_use]
    pub fn draw() -> Option<Self> {
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
