//! Referrer-Policy: how much of the address the next site learns.

use super::keyword_header::keyword_header;

keyword_header! {
    /// `Referrer-Policy` ([Referrer Policy, section 4](https://www.w3.org/TR/referrer-policy/#referrer-policies)).
    ReferrerPolicy: "Referrer-Policy takes no-referrer, no-referrer-when-downgrade, same-origin, origin, strict-origin, \
                     origin-when-cross-origin, strict-origin-when-cross-origin or unsafe-url" {
        /// Nothing. Form posts then say `Origin: null`, which many CSRF checks refuse.
        NoReferrer = "no-referrer",
        /// Everything, except from HTTPS to HTTP.
        NoReferrerWhenDowngrade = "no-referrer-when-downgrade",
        /// Everything, to the same origin only.
        SameOrigin = "same-origin",
        /// The origin.
        Origin = "origin",
        /// The origin, except from HTTPS to HTTP.
        StrictOrigin = "strict-origin",
        /// Everything to the same origin, the origin to others.
        OriginWhenCrossOrigin = "origin-when-cross-origin",
        /// Everything to the same origin, the origin to others, nothing from HTTPS to HTTP.
        StrictOriginWhenCrossOrigin = "strict-origin-when-cross-origin",
        /// Everything to everyone.
        UnsafeUrl = "unsafe-url",
    }
}
