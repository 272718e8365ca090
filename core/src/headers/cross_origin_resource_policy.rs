//! Cross-Origin-Resource-Policy: who may load this response.

use super::keyword_header::keyword_header;

keyword_header! {
    /// `Cross-Origin-Resource-Policy` ([Fetch, section 3.7](https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header)).
    ///
    /// It rules loads without CORS (`<img>`, `<script>`); a `fetch()` that passes CORS is not affected.
    CrossOriginResourcePolicy: "Cross-Origin-Resource-Policy takes same-origin, same-site or cross-origin" {
        /// Pages of the same origin.
        SameOrigin = "same-origin",
        /// Pages of the same site.
        SameSite = "same-site",
        /// Everyone.
        CrossOrigin = "cross-origin",
    }
}
