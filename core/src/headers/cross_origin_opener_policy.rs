//! Cross-Origin-Opener-Policy: who shares a browsing context group.

use super::keyword_header::keyword_header;

keyword_header! {
    /// `Cross-Origin-Opener-Policy` ([HTML, section 7.1.3](https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-opener-policies)).
    CrossOriginOpenerPolicy: "Cross-Origin-Opener-Policy takes same-origin, same-origin-allow-popups, noopener-allow-popups or unsafe-none" {
        /// Only documents of the same origin that say the same.
        SameOrigin = "same-origin",
        /// Also the pop-ups it opens (sign-in windows of others).
        SameOriginAllowPopups = "same-origin-allow-popups",
        /// Cuts the tie to its opener, and keeps the one to its pop-ups.
        NoopenerAllowPopups = "noopener-allow-popups",
        /// Everyone: the browser's default.
        UnsafeNone = "unsafe-none",
    }
}
