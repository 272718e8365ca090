//! Whether a browser sends a request for a page of another site.
//!
//! Browsers attach Basic credentials by themselves, to requests that any page makes ([Fetch, section 4.7](https://fetch.spec.whatwg.org/#http-network-or-cache-fetch)). So a page of another site could
//! change things in the name of whoever is signed in.

use super::AuthRequest;
use crate::uri;

/// Methods that change nothing (RFC 9110 section 9.2.1).
const SAFE: [&str; 4] = ["GET", "HEAD", "OPTIONS", "TRACE"];

/// What is asked for.
pub(super) const FIELDS: [&str; 3] = ["sec-fetch-site", "origin", "host"];

/// Whether the request changes something, or opens a WebSocket, and a browser sends it for a page of another site.
///
/// `Sec-Fetch-Site` says so where the connection is one that browsers trust ([Fetch Metadata, section
/// 2.4](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header)); elsewhere `Origin`, held against the host that was asked. A client that sends neither is no browser. `same-site` is another
/// site here: a neighbour's subdomain is a neighbour's.
pub(super) fn is_forged(request: &impl AuthRequest) -> bool {
    (request.is_websocket() || !SAFE.contains(&request.method())) && is_cross_site(request)
}

/// Whether a browser says that it sends the request for a page of another site, whatever the request does: the question of
/// [`Requirement::cross_site`](super::Requirement::cross_site), for safe methods too. A client that is no browser says what it likes.
///
/// ```
/// use sallet_core::auth::{RequestFields, is_cross_site};
///
/// assert!(is_cross_site(&RequestFields::new("GET", &[("sec-fetch-site", b"cross-site")])));
/// assert!(!is_cross_site(&RequestFields::new("GET", &[("sec-fetch-site", b"same-origin")])));
/// assert!(!is_cross_site(&RequestFields::new("GET", &[])));
/// ```
pub fn is_cross_site(request: &impl AuthRequest) -> bool {
    let mut sites = request.lines("sec-fetch-site");
    if let Some(site) = sites.next() {
        return sites.next().is_some() || !matches!(site, b"same-origin" | b"none");
    }
    let mut origins = request.lines("origin");
    let Some(origin) = origins.next() else { return false };
    let (mut hosts, more) = (request.lines("host"), origins.next().is_some());
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return true };
    more || !is_origin_of(origin, host)
}

/// Whether an `Origin` is that of the host that was asked. An opaque one, `null`, is nobody's.
fn is_origin_of(origin: &[u8], host: &[u8]) -> bool {
    let Ok(origin) = str::from_utf8(origin) else { return false };
    let Some((scheme, authority)) = uri::split_scheme(origin) else { return false };
    let default: &[u8] = if scheme.eq_ignore_ascii_case("https") { b":443" } else { b":80" };
    let [authority, host] = [authority.as_bytes(), host].map(|name| name.strip_suffix(default).unwrap_or(name));
    !authority.is_empty() && authority.eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::RequestFields;

    fn is_forged_with(method: &str, fields: &[(&str, &[u8])]) -> bool {
        is_forged(&RequestFields::new(method, fields))
    }

    #[test]
    fn what_browsers_say_of_the_site() {
        for (site, forged) in [
            (&b"same-origin"[..], false),
            (b"none", false),
            (b"same-site", true),
            (b"cross-site", true),
            (b"", true),
            (b"Same-Origin", true),
        ] {
            // It counts more than an origin.
            let fields = [("Sec-Fetch-Site", site), ("Origin", b"https://a.example"), ("Host", b"a.example")];
            assert_eq!(is_forged_with("POST", &fields), forged, "{site:?}");
            assert!(!is_forged_with("GET", &fields));
        }
        let twice = [("sec-fetch-site", &b"same-origin"[..]), ("sec-fetch-site", b"same-origin")];
        assert!(is_forged_with("DELETE", &twice));
        let socket = [("upgrade", &b"websocket"[..]), ("sec-fetch-site", b"cross-site")];
        assert!(is_forged_with("GET", &socket));
    }

    #[test]
    fn an_origin_is_held_against_the_host() {
        for (origin, host, forged) in [
            ("https://a.example", "a.example", false),
            ("https://a.example", "A.example:443", false),
            ("http://a.example", "a.example:80", false),
            ("http://localhost:8000", "localhost:8000", false),
            ("http://[::1]:8000", "[::1]:8000", false),
            ("http://localhost:8000", "localhost:8001", true),
            ("http://a.example:443", "a.example", true),
            ("https://b.example", "a.example", true),
            ("https://a.example.b.example", "a.example", true),
            ("null", "a.example", true),
            ("null", "null", true),
            ("", "a.example", true),
            ("https://", "", true),
        ] {
            let fields = [("origin", origin.as_bytes()), ("host", host.as_bytes())];
            assert_eq!(is_forged_with("PUT", &fields), forged, "{origin} {host}");
        }
        assert!(!is_forged_with("POST", &[]), "no browser");
        assert!(is_forged_with("POST", &[("origin", b"https://a.example")]), "no host");
        // A method is compared with its case (RFC 9110 section 9.1).
        assert!(is_forged_with("get", &[("sec-fetch-site", b"cross-site")]));
    }
}
