//! Cross-Origin-Embedder-Policy: what a page may load from others.

use super::keyword_with_report_to::keyword_with_report_to;

keyword_with_report_to! {
    /// `Cross-Origin-Embedder-Policy` ([HTML, section 7.1.4](https://html.spec.whatwg.org/multipage/browsers.html#coep)).
    ///
    /// The same value serves `cross-origin-embedder-policy` and `cross-origin-embedder-policy-report-only`.
    CrossOriginEmbedderPolicy: "Cross-Origin-Embedder-Policy takes require-corp, credentialless or unsafe-none" {
        /// Only what allows it by CORS or Cross-Origin-Resource-Policy.
        REQUIRE_CORP = "require-corp",
        /// Others too, but without cookies.
        CREDENTIALLESS = "credentialless",
        /// Everything: the browser's default.
        UNSAFE_NONE = "unsafe-none",
    }
}
