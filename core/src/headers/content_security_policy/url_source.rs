//! A URL of a page as a source: what to allow so that the page may load it, and no more.

use super::Source;
use crate::cursor::{BufferTooSmall, Cursor};
use crate::dialect::display_by_render;
use crate::grammar::{self, cut};
use crate::uri;

/// The narrowest source for a URL that a page holds ([CSP3, section 6.7.2.8](https://www.w3.org/TR/CSP3/#match-url-to-source-expression)).
///
/// ```
/// use sallet_core::UrlSource;
/// let source = |url| UrlSource::of(url).map(|source| source.to_string());
/// assert_eq!(source("https://cdn.example/lib@5/ui.js?v=2").as_deref(), Some("https://cdn.example/lib@5/ui.js"));
/// // A path that ends in / allows everything below it, so the origin alone says it more honestly.
/// assert_eq!(source("wss://a.example:8443/").as_deref(), Some("wss://a.example:8443"));
/// // What would end a directive or a policy, or is no path of CSP, is percent-encoded.
/// assert_eq!(source("https://a.example/x;y,z'").as_deref(), Some("https://a.example/x%3By%2Cz%27"));
/// // A relative URL is the page's own.
/// assert_eq!(source("/static/app.js").as_deref(), Some("'self'"));
/// // CSP has no name for these.
/// assert_eq!(source("https://a.example/x/%2e%2E/y.js").as_deref(), Some("https://a.example"));
/// for url in ["https://a.example\\@evil.example/", "https://[::1]/", "https://{tenant}.example/", "https://a.example:80000/", "https://a..b/", "data:,x"] {
///     assert_eq!(source(url), None);
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UrlSource<'a> {
    /// With `://`; empty for a URL of the page's own origin.
    scheme: &'static str,
    /// Host and port.
    authority: &'a str,
    /// Without the query, as the URL has it; empty for the origin alone.
    path: &'a str,
}

/// What a page loads from; CSP matches other schemes as a whole only.
const SCHEMES: [&str; 4] = ["https://", "http://", "wss://", "ws://"];

impl<'a> UrlSource<'a> {
    /// Of an absolute `http`, `https`, `ws` or `wss` URL, or of a relative one.
    ///
    /// `None` where [`origin_of`](Self::origin_of) is, and where CSP has no name for the path: one that begins with `//`. A path with
    /// dot segments, which a browser takes out, gives the origin alone.
    pub const fn of(url: &'a str) -> Option<Self> {
        let Some((origin, path)) = split(url) else { return None };
        match path.as_bytes() {
            [.., b'/'] => Some(origin),
            [b'/', b'/', ..] => None,
            _ if has_dot_segment(path) => Some(origin),
            _ => Some(Self { path, ..origin }),
        }
    }

    /// Of all URLs of that URL's origin, for what is called at many paths.
    ///
    /// `None` for another scheme and for a URL that only leaves the scheme out (`//a.example`), and where CSP has no name
    /// for the host: an IPv6 address, a template (`{tenant}`), an empty label, a port that there is not. Nor is there a source for a
    /// URL with a backslash, which browsers read as a slash (URL Standard, section 4.4).
    pub const fn origin_of(url: &'a str) -> Option<Self> {
        match split(url) {
            Some((origin, _)) => Some(origin),
            None => None,
        }
    }

    /// Writes the source into `buf`.
    ///
    /// # Errors
    /// [`BufferTooSmall`], with the size that is needed.
    pub const fn write<'b>(&self, buf: &'b mut [u8]) -> Result<Source<'b>, BufferTooSmall> {
        let mut out = Cursor::new(buf);
        self.render(&mut out);
        match out.finish() {
            // Always a source; said without a panic, and what allows nothing is the safe way to be wrong.
            Ok(bytes) => match core::str::from_utf8(bytes) {
                Ok(text) => match Source::parse(text) {
                    Ok(source) => Ok(source),
                    Err(_) => Ok(Source::NONE),
                },
                Err(_) => Ok(Source::NONE),
            },
            Err(error) => Err(error),
        }
    }

    pub(crate) const fn render(&self, out: &mut Cursor<'_>) {
        if self.authority.is_empty() {
            out.put(Source::SELF.as_str().as_bytes());
            return;
        }
        out.put(self.scheme.as_bytes());
        out.put(self.authority.as_bytes());
        let mut rest = self.path.as_bytes();
        while let [byte, after @ ..] = rest {
            if uri::is_csp_path_byte(*byte) || uri::starts_with_encoded(rest) {
                out.put(&[*byte]);
            } else {
                out.put(&[b'%', hex(*byte >> 4), hex(*byte & 15)]);
            }
            rest = after;
        }
    }
}

display_by_render!(UrlSource<'_>);

/// Whether a segment is `.` or `..`, in any spelling (URL Standard, section 4.1).
const fn has_dot_segment(path: &str) -> bool {
    let mut rest = path;
    while !rest.is_empty() {
        let (segment, after) = cut(rest, grammar::find(rest, b'/', 0));
        let (mut dots, mut text) = (0, segment.as_bytes());
        while let [b'.', after @ ..] | [b'%', b'2', b'e' | b'E', after @ ..] = text {
            (dots, text) = (dots + 1, after);
        }
        if text.is_empty() && matches!(dots, 1 | 2) {
            return true;
        }
        rest = cut(after, 1).1;
    }
    false
}

/// The origin, and the path without query and fragment; no path if the origin is the page's own.
const fn split(url: &str) -> Option<(UrlSource<'_>, &str)> {
    let url = grammar::trim(url);
    if grammar::find(url, b'\\', 0) < url.len() {
        return None;
    }
    let Some((_, rest)) = uri::split_scheme(url) else {
        let (scheme, rest) = cut(url, grammar::find(url, b':', 0));
        let own = !matches!(url.as_bytes(), [b'/', b'/', ..]) && (rest.is_empty() || !uri::is_scheme(scheme));
        return if own { Some((UrlSource { scheme: "", authority: "", path: "" }, "")) } else { None };
    };
    let (authority, rest) = uri::split_authority(rest);
    // What is before an @ is a user, and no part of an origin.
    let authority = cut(authority, after_last_at(authority)).1;
    let (host, port) = uri::split_port(authority);
    if !uri::is_host(host) || !uri::is_port(port) {
        return None;
    }
    let mut known: &[&'static str] = &SCHEMES;
    while let [first, others @ ..] = known {
        if grammar::starts_with_ignore_case(url, first) {
            let path = cut(rest, end_of_path(rest)).0;
            return Some((UrlSource { scheme: first, authority, path: "" }, path));
        }
        known = others;
    }
    None
}

/// The bytes up to and with the last `@`.
const fn after_last_at(authority: &str) -> usize {
    let mut at = 0;
    loop {
        let next = grammar::find(authority, b'@', at);
        if next == authority.len() {
            return at;
        }
        at = next + 1;
    }
}

/// A query or a fragment ends it.
const fn end_of_path(rest: &str) -> usize {
    let (query, fragment) = (grammar::find(rest, b'?', 0), grammar::find(rest, b'#', 0));
    if query < fragment { query } else { fragment }
}

const fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'A' + digit - 10 }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::{String, ToString};

    fn source(url: &str) -> Option<String> {
        UrlSource::of(url).map(|source| source.to_string())
    }

    #[test]
    fn absolute_urls_are_an_origin_and_a_path() {
        for (url, expected) in [
            ("https://a.example", "https://a.example"),
            ("HTTPS://A.example:443?x=/y", "https://A.example:443"),
            (" http://127.0.0.1:8000/#x ", "http://127.0.0.1:8000"),
            ("https://user:p@ss@a.example/x", "https://a.example/x"),
            ("ws://localhost/socket", "ws://localhost/socket"),
            ("https://a.example/lib/", "https://a.example"),
            ("https://a.example//", "https://a.example"),
            ("https://a.example/x//y", "https://a.example/x//y"),
            ("https://a.example/%41%zz%4", "https://a.example/%41%25zz%254"),
            ("https://a.example/it's \u{e9}\"`", "https://a.example/it%27s%20%C3%A9%22%60"),
            ("https://a.example/x/../y.js", "https://a.example"),
            ("https://a.example/x/.%2E", "https://a.example"),
            ("https://a.example/.../x", "https://a.example/.../x"),
            ("https://a.example/a;b,c", "https://a.example/a%3Bb%2Cc"),
        ] {
            assert_eq!(source(url).as_deref(), Some(expected), "{url:?}");
            assert!(uri::is_csp_source(expected), "{expected}");
            let mut buf = [0; 64];
            assert_eq!(UrlSource::of(url).unwrap().write(&mut buf), Ok(Source::new(expected)));
        }
    }

    #[test]
    fn relative_urls_are_the_pages_own() {
        for url in ["", "x.js", "/x?y=https://a.example", "?x", "#x", "../x", "./a:b", "{a}:b", "'", "%zz"] {
            assert_eq!(source(url).as_deref(), Some("'self'"), "{url:?}");
        }
    }

    /// The server URLs of "Fault B" of a review: taken by a looser grammar, and then refused by the policy.
    #[test]
    fn what_csp_has_no_name_for_is_none() {
        for url in [
            "http://localhost:80000",
            "http://localhost:99999/x",
            "http://localhost:/x",
            "http://localhost:8a",
            "https://a..b",
            "https://.a",
            "https://",
            "https:///x",
            "https://user@",
            "https://[::1]:8000/",
            "https://{tenant}.example",
            "https://a'b",
            "https://a%20b",
            "https://b\u{fc}cher.example",
            "https://*.example",
            "https://a.example//x",
            "//",
            "//a.example/x",
            // A browser takes each for a slash.
            "https://a.example\\@evil.example/x",
            "/\\a.example",
            "\\\\a.example/x",
            "https:x",
            "data:,x",
            "javascript:x",
            "ftp://a.example",
            "httpx://a.example",
            "http+x://a",
        ] {
            assert_eq!(source(url), None, "{url:?}");
        }
    }

    #[test]
    fn the_origin_is_the_url_without_its_path() {
        let origin = |url| UrlSource::origin_of(url).map(|origin| origin.to_string());
        assert_eq!(origin("https://a.example:8443//x").as_deref(), Some("https://a.example:8443"));
        assert_eq!(origin("/x").as_deref(), Some("'self'"));
        assert_eq!(origin("https://[::1]/"), None);
    }
}
