//! X-Download-Options: no opening of downloads in the site's context.

use super::keyword_header::keyword_header;

keyword_header! {
    /// `X-Download-Options`, of Internet Explorer 8 and later.
    XDownloadOptions: "X-Download-Options takes noopen" {
        /// The only value there is.
        NoOpen = "noopen",
    }
}
