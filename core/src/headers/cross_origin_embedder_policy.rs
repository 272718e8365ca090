//! Cross-Origin-Embedder-Policy: what a page may load from others.

use super::keyword_header::keyword_header;

keyword_header! {
    /// `Cross-Origin-Embedder-Policy` ([HTML, section 7.1.4](https://html.spec.whatwg.org/multipage/browsers.html#coep)).
    CrossOriginEmbedderPolicy: "Cross-Origin-Embedder-Policy takes require-corp, credentialless or unsafe-none" {
        /// Only what allows it by CORS or Cross-Origin-Resource-Policy.
        RequireCorp = "require-corp",
        /// Others too, but without cookies.
        Credentialless = "credentialless",
        /// Everything: the browser's default.
        UnsafeNone = "unsafe-none",
    }
}
