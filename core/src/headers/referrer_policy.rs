//! Referrer-Policy: how much of the address the next site learns.

use super::keyword_list::{keyword_list, split};

keyword_list! {
    /// `Referrer-Policy` ([Referrer Policy, section 4](https://www.w3.org/TR/referrer-policy/#referrer-policies)): a word, or several
    /// with commas, of which a browser takes the last that it knows.
    ///
    /// An empty value is refused: the field's grammar has none (section 4.1). Leave the header out instead.
    ///
    /// ```
    /// use sallet_core::ReferrerPolicy;
    /// const POLICY: ReferrerPolicy = ReferrerPolicy::new("no-referrer, strict-origin-when-cross-origin");
    /// assert_eq!(POLICY.last(), "strict-origin-when-cross-origin");
    /// ```
    ReferrerPolicy: "Referrer-Policy takes no-referrer, no-referrer-when-downgrade, same-origin, origin, strict-origin, \
                     origin-when-cross-origin, strict-origin-when-cross-origin or unsafe-url, or several of them with commas" {
        /// Nothing. Form posts then say `Origin: null`, which many CSRF checks refuse.
        NO_REFERRER = "no-referrer",
        /// Everything, except from HTTPS to HTTP.
        NO_REFERRER_WHEN_DOWNGRADE = "no-referrer-when-downgrade",
        /// Everything, to the same origin only.
        SAME_ORIGIN = "same-origin",
        /// The origin.
        ORIGIN = "origin",
        /// The origin, except from HTTPS to HTTP.
        STRICT_ORIGIN = "strict-origin",
        /// Everything to the same origin, the origin to others.
        ORIGIN_WHEN_CROSS_ORIGIN = "origin-when-cross-origin",
        /// Everything to the same origin, the origin to others, nothing from HTTPS to HTTP.
        STRICT_ORIGIN_WHEN_CROSS_ORIGIN = "strict-origin-when-cross-origin",
        /// Everything to everyone.
        UNSAFE_URL = "unsafe-url",
    }
}

impl ReferrerPolicy<'_> {
    /// The last word, which is what a browser of today does (section 8.1).
    pub const fn last(&self) -> &'static str {
        let mut rest = self.0;
        loop {
            match split(rest) {
                (_, Some(after)) => rest = after,
                (word, None) => match Self::spelling(word) {
                    Some(spelling) => return spelling,
                    None => unreachable!(),
                },
            }
        }
    }
}
