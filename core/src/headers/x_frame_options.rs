//! X-Frame-Options: who may show the page in a frame.

use super::keyword_header::keyword_header;

keyword_header! {
    /// `X-Frame-Options` ([HTML, section 7.6](https://html.spec.whatwg.org/multipage/document-lifecycle.html#the-x-frame-options-header)).
    ///
    /// Browsers that know `frame-ancestors` ignore it; it is for those that do not.
    XFrameOptions: "X-Frame-Options takes DENY or SAMEORIGIN (for other origins use frame-ancestors in the CSP)" {
        /// Nobody.
        Deny = "DENY",
        /// Pages of the same origin.
        SameOrigin = "SAMEORIGIN",
    }
}
