//! Document-Isolation-Policy: isolation of one document, whoever opened or framed it.

use super::keyword_with_report_to::keyword_with_report_to;

keyword_with_report_to! {
    /// `Document-Isolation-Policy` ([WICG, "The headers"](https://wicg.github.io/document-isolation-policy/#dip-headers)), in Chrome
    /// since 137: what [`CrossOriginOpenerPolicy`](crate::CrossOriginOpenerPolicy) and
    /// [`CrossOriginEmbedderPolicy`](crate::CrossOriginEmbedderPolicy) isolate together, without what they ask of openers and
    /// frames.
    ///
    /// The same value serves `document-isolation-policy` and `document-isolation-policy-report-only`.
    DocumentIsolationPolicy: "Document-Isolation-Policy takes isolate-and-require-corp, isolate-and-credentialless or none" {
        /// Isolated; it loads from others only what allows it by CORS or Cross-Origin-Resource-Policy.
        ISOLATE_AND_REQUIRE_CORP = "isolate-and-require-corp",
        /// Isolated; it loads from others without cookies.
        ISOLATE_AND_CREDENTIALLESS = "isolate-and-credentialless",
        /// Not isolated: the browser's default.
        NONE = "none",
    }
}
