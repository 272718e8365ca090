//! X-XSS-Protection: the filter that browsers have removed.

use super::keyword_header::keyword_header;

keyword_header! {
    /// `X-XSS-Protection`. Browsers have removed the filter; while it lived it could be made to block a page's
    /// own scripts, hence `0`.
    XXssProtection: "X-XSS-Protection takes 0, or 1; mode=block, or 1" {
        /// Off: what is advised today.
        Off = "0",
        /// On, as older articles advise.
        Block = "1; mode=block",
        /// On, cleaning the page instead of blocking it.
        On = "1",
    }
}
