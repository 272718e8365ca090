//! X-DNS-Prefetch-Control: whether links are looked up before a click.

use super::keyword_header::keyword_header;

keyword_header! {
    /// `X-DNS-Prefetch-Control`, in no standard but in browsers.
    XDnsPrefetchControl: "X-DNS-Prefetch-Control takes on or off" {
        /// Look-ups ahead of a click.
        On = "on",
        /// None: names of links on a private page do not reach the resolver.
        Off = "off",
    }
}
