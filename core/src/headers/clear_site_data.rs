//! Clear-Site-Data: what the browser forgets of the site.

use super::keyword_list::keyword_list;

keyword_list! {
    /// `Clear-Site-Data` ([Clear Site Data, section 3.1](https://www.w3.org/TR/clear-site-data/#header)): words in quotes, with commas.
    ///
    /// It belongs to the answer of a sign-out, so give it by a path rule and not to the whole app.
    ///
    /// ```
    /// use sallet_core::ClearSiteData;
    /// const SIGN_OUT: ClearSiteData = ClearSiteData::new("\"cookies\", \"storage\"");
    /// assert_eq!(SIGN_OUT.to_string(), "\"cookies\", \"storage\"");
    /// ```
    ClearSiteData: "Clear-Site-Data is a list of \"cache\", \"cookies\", \"storage\", \"executionContexts\", \"clientHints\", \
                    \"prefetchCache\", \"prerenderCache\" or \"*\", quotes included, with commas" {
        /// What is cached for the origin.
        CACHE = "\"cache\"",
        /// The cookies of the whole registrable domain.
        COOKIES = "\"cookies\"",
        /// Local storage, databases, service workers.
        STORAGE = "\"storage\"",
        /// Reloads open pages.
        EXECUTION_CONTEXTS = "\"executionContexts\"",
        /// Which client hints were asked for.
        CLIENT_HINTS = "\"clientHints\"",
        /// Pages that were fetched ahead.
        PREFETCH_CACHE = "\"prefetchCache\"",
        /// Pages that were rendered ahead.
        PRERENDER_CACHE = "\"prerenderCache\"",
        /// All of them, and what later browsers add.
        EVERYTHING = "\"*\"",
    }
}
