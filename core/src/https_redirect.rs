//! Where a request that came over plain HTTP is sent: to the same URL over TLS.

use crate::grammar;
use crate::uri;
use core::fmt;

/// The answer to a request that should have come over TLS: its status, and where it points.
///
/// ```
/// use sallet_core::HttpsRedirect;
///
/// let to = HttpsRedirect::new("https", "app.example:80", b"/a%20b", b"x=1").expect("a host and a path");
/// assert_eq!(to.to_string(), "https://app.example/a%20b?x=1");
/// // A host that could point elsewhere is none (RFC 9110, section 7.2): the answer is 400.
/// assert_eq!(HttpsRedirect::new("https", "app.example@evil.example", b"/", b""), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpsRedirect<'a> {
    scheme: &'a str,
    authority: &'a str,
    path: &'a [u8],
    query: &'a [u8],
}

impl<'a> HttpsRedirect<'a> {
    /// 308 Permanent Redirect (RFC 9110, section 15.4.9): the client repeats the method and the body, and an API client may
    /// rewrite what it has stored.
    pub const STATUS: u16 = 308;

    /// The `Cache-Control` of the answer. A 308 is stored unless that is forbidden, and a cache behind the end of TLS cannot
    /// tell the two URLs apart: it would answer the request over TLS with the redirect to itself. So would a browser, long
    /// after a proxy that was set up wrongly has been put right.
    pub const CACHE_CONTROL: &'static str = "no-store";

    /// The redirect to `scheme` (`https` or `wss`). `host` is the value of `Host`, or what [`authority`](Self::authority)
    /// made of a name that was configured; `path` and `query` are as they were sent.
    ///
    /// `None` if the host is not one, or the path does not begin with `/` (`*`, or a whole URL) and would become a part of
    /// the host.
    #[must_use]
    pub const fn new(scheme: &'a str, host: &'a str, path: &'a [u8], query: &'a [u8]) -> Option<Self> {
        match (Self::authority(host), path) {
            (Some(authority), [b'/', ..]) => Some(Self { scheme, authority, path, query }),
            _ => None,
        }
    }

    /// The authority of the redirect, from a host and port: 80, the port of plain HTTP, becomes TLS's own, and any other
    /// stays, as where a browser upgrades a URL (RFC 6797, section 8.3). `None` if that is not a host.
    ///
    /// ```
    /// use sallet_core::HttpsRedirect;
    ///
    /// assert_eq!(HttpsRedirect::authority("[::1]:8443"), Some("[::1]:8443"));
    /// assert_eq!(HttpsRedirect::authority("https://app.example"), None);
    /// ```
    #[must_use]
    pub const fn authority(host: &str) -> Option<&str> {
        let (name, port) = uri::split_port(host);
        if !(uri::is_host(name) || uri::is_address(name)) || !uri::is_port(port) {
            return None;
        }
        match grammar::eq(port, ":80") || grammar::eq(port, ":443") {
            true => Some(name),
            false => Some(host),
        }
    }
}

/// The value of `Location`.
impl fmt::Display for HttpsRedirect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)?;
        write_encoded(f, self.path, false)?;
        if !self.query.is_empty() {
            f.write_str("?")?;
            write_encoded(f, self.query, true)?;
        }
        Ok(())
    }
}

/// Bytes as they are where a URI may hold them, others percent-encoded (RFC 3986, section 2.1), so that nothing of them ends
/// the field or begins a query or a fragment.
fn write_encoded(f: &mut fmt::Formatter<'_>, bytes: &[u8], is_query: bool) -> fmt::Result {
    for &byte in bytes {
        match byte {
            b'?' if is_query => f.write_str("?")?,
            b'?' | b'#' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => write!(f, "%{byte:02X}")?,
            b'!'..=b'~' => write!(f, "{}", char::from(byte))?,
            _ => write!(f, "%{byte:02X}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString;

    fn location(host: &str, path: &[u8], query: &[u8]) -> Option<std::string::String> {
        HttpsRedirect::new("https", host, path, query).map(|to| to.to_string())
    }

    #[test]
    fn keeps_the_path_and_the_query_as_they_were_sent() {
        for (path, query, told) in [
            ("/", "", "/"),
            ("/a%2Fb/%C3%A9;x=1", "a=b&c=%20+?/", "/a%2Fb/%C3%A9;x=1?a=b&c=%20+?/"),
            // After the host it names no other one.
            ("//evil.example/", "", "//evil.example/"),
            ("/caf\u{e9}", "q=\u{e9}#x", "/caf%C3%A9?q=%C3%A9%23x"),
            ("/a\r\nset-cookie: x?", "", "/a%0D%0Aset-cookie:%20x%3F"),
            ("/\\evil", "|", "/%5Cevil?%7C"),
        ] {
            let told = std::format!("https://a.example{told}");
            assert_eq!(location("a.example", path.as_bytes(), query.as_bytes()), Some(told));
        }
    }

    #[test]
    fn takes_no_host_that_could_point_elsewhere() {
        for host in [
            "",
            ":",
            ":80",
            "a.example:",
            "a.example:x",
            "a.example:99999",
            "a@b.example",
            "a.example/b",
            "a.example?b",
            "a.example#b",
            "a.example\\b",
            "a b",
            "a.example,b",
            "a.example\r\n",
            "http://a.example",
            "[::1",
            "[::1]x",
            "..",
            "caf\u{e9}.example",
            "%61.example",
            "a.example:80:80",
        ] {
            assert_eq!(HttpsRedirect::authority(host), None, "{host:?}");
            assert_eq!(location(host, b"/", b""), None, "{host:?}");
        }
    }

    #[test]
    fn takes_no_path_that_would_lengthen_the_host() {
        for path in ["", "*", ".evil.example/", "@evil.example/", ":1/", "http://evil.example/"] {
            assert_eq!(location("a.example", path.as_bytes(), b""), None, "{path:?}");
        }
    }

    #[test]
    fn the_port_is_the_one_that_a_browser_would_take() {
        for (host, authority) in [
            ("a.example", "a.example"),
            ("a.example:80", "a.example"),
            ("a.example:443", "a.example"),
            ("a.example:8080", "a.example:8080"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[2001:db8::1]:80", "[2001:db8::1]"),
        ] {
            assert_eq!(HttpsRedirect::authority(host), Some(authority), "{host:?}");
        }
    }
}
