//! X-Content-Type-Options: no guessing of media types.

use super::keyword_header::keyword_header;

keyword_header! {
    /// `X-Content-Type-Options` ([Fetch, section 3.6](https://fetch.spec.whatwg.org/#x-content-type-options-header)).
    ///
    /// Stops a browser from running an upload as a script because it looks like one.
    XContentTypeOptions: "X-Content-Type-Options takes nosniff" {
        /// The only value there is.
        NoSniff = "nosniff",
    }
}
