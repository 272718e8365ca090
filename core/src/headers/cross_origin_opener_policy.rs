//! Cross-Origin-Opener-Policy: who shares a browsing context group.

use super::keyword_with_report_to::keyword_with_report_to;

keyword_with_report_to! {
    /// `Cross-Origin-Opener-Policy` ([HTML, section 7.1.3](https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-opener-policies)).
    ///
    /// The same value serves `cross-origin-opener-policy` and `cross-origin-opener-policy-report-only`.
    ///
    /// ```
    /// use sallet_core::CrossOriginOpenerPolicy;
    /// const POLICY: CrossOriginOpenerPolicy = CrossOriginOpenerPolicy::SAME_ORIGIN.report_to("coop");
    /// assert_eq!(POLICY.to_string(), "same-origin; report-to=\"coop\"");
    /// ```
    CrossOriginOpenerPolicy: "Cross-Origin-Opener-Policy takes same-origin, same-origin-allow-popups, noopener-allow-popups or unsafe-none" {
        /// Only documents of the same origin that say the same.
        SAME_ORIGIN = "same-origin",
        /// Also the pop-ups it opens (sign-in windows of others).
        SAME_ORIGIN_ALLOW_POPUPS = "same-origin-allow-popups",
        /// Cuts the tie to its opener, and keeps the one to its pop-ups.
        NOOPENER_ALLOW_POPUPS = "noopener-allow-popups",
        /// Everyone: the browser's default.
        UNSAFE_NONE = "unsafe-none",
    }
}
