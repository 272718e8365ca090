//! Schemes, hosts, ports, paths and origins (RFC 3986): the one grammar for the sources of Content-Security-Policy, the
//! origins of Permissions-Policy, the endpoints of reports and the URLs that a page loads.
//!
//! Their specifications take different parts of it. Each has a function here, which says what it leaves out.

use crate::grammar::{self, cut};

/// `scheme-source / host-source` ([CSP3, section 2.3.1](https://www.w3.org/TR/CSP3/#grammardef-host-source)):
///
/// ```text
/// scheme-source = scheme ":"
/// host-source   = [ scheme "://" ] host [ ":" port ] [ path ]
/// host          = "*" / [ "*." ] 1*host-char *( "." 1*host-char ) [ "." ]
/// port          = 1*DIGIT / "*"
/// ```
///
/// Two departures: `_` is taken as a host character, as browsers do; a scheme has no `.`, because `cdn.example:` is a
/// host whose port was forgotten.
pub(crate) const fn is_csp_source(source: &str) -> bool {
    let (scheme, rest) = cut(source, grammar::find(source, b':', 0));
    let has_scheme = is_scheme(scheme) && grammar::find(scheme, b'.', 0) == scheme.len();
    let rest = match rest.as_bytes() {
        [b':'] => return has_scheme,
        [b':', b'/', b'/', ..] if has_scheme => cut(rest, 3).1,
        [b':', b'/', b'/', ..] => return false,
        _ => source,
    };
    let (authority, path) = cut(rest, grammar::find(rest, b'/', 0));
    let (host, port) = cut(authority, grammar::find(authority, b':', 0));
    (is_wildcard_host(host) || matches!(host.as_bytes(), [b'*']))
        && (is_port(port) || matches!(port.as_bytes(), [b':', b'*']))
        && is_csp_path(path)
}

/// `path-absolute = "/" [ segment-nz *( "/" segment ) ]`, or nothing (RFC 3986, section 3.3). Firefox drops a source with
/// `//` there.
const fn is_csp_path(path: &str) -> bool {
    let mut rest = path.as_bytes();
    if matches!(rest, [b'/', b'/', ..]) {
        return false;
    }
    while let [byte, after @ ..] = rest {
        if !is_csp_path_byte(*byte) && !starts_with_encoded(rest) {
            return false;
        }
        rest = after;
    }
    true
}

/// A byte that a path of CSP holds as it is: `pchar` without `;` and `,`, which end a directive and a policy (CSP3,
/// section 2.3.1), and without `'`, which quotes keywords.
pub(crate) const fn is_csp_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'/' | b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'(' | b')' | b'*' | b'+' | b'=' | b':' | b'@'
        )
}

/// `pct-encoded = "%" HEXDIG HEXDIG` in front.
pub(crate) const fn starts_with_encoded(text: &[u8]) -> bool {
    matches!(text, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// `http` or `https`, a host that may begin with `*.` or an IPv6 address, and a port, if any
/// ([Permissions Policy, section 5.2](https://www.w3.org/TR/permissions-policy/#structured-header-serialization)).
pub(crate) const fn is_allowlist_origin(text: &str) -> bool {
    let Some((scheme, rest)) = split_scheme(text) else { return false };
    let (host, port) = split_port(rest);
    (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http"))
        && (is_wildcard_host(host) || is_address(host))
        && is_port(port)
}

/// `https://`, a host that is not empty, without a user's name before it (RFC 9110, section 4.2.4), and a port that there
/// is. What a host may be is the browser's business: it turns names into addresses.
pub(crate) const fn is_https_url(url: &str) -> bool {
    let Some((scheme, rest)) = split_scheme(url) else { return false };
    let authority = split_authority(rest).0;
    let (host, port) = split_port(authority);
    scheme.eq_ignore_ascii_case("https")
        && !host.is_empty()
        && grammar::find(authority, b'@', 0) == authority.len()
        && (is_port(port) || matches!(port.as_bytes(), [b':']))
}

/// A scheme and what follows its `://`; nothing where there is none.
pub(crate) const fn split_scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = cut(url, grammar::find(url, b':', 0));
    match rest.as_bytes() {
        [b':', b'/', b'/', ..] if is_scheme(scheme) => Some((scheme, cut(rest, 3).1)),
        _ => None,
    }
}

/// The authority, which the first `/`, `?` or `#` ends (RFC 3986, section 3.2), and the rest.
pub(crate) const fn split_authority(rest: &str) -> (&str, &str) {
    let (mut length, mut bytes) = (0, rest.as_bytes());
    while let [byte, after @ ..] = bytes {
        if matches!(byte, b'/' | b'?' | b'#') {
            break;
        }
        length += 1;
        bytes = after;
    }
    cut(rest, length)
}

/// The host, brackets included, and what follows: a port with its colon, nothing, or something that is no port.
pub(crate) const fn split_port(authority: &str) -> (&str, &str) {
    match authority.as_bytes() {
        [b'[', ..] => cut(authority, grammar::find(authority, b']', 0) + 1),
        _ => cut(authority, grammar::find(authority, b':', 0)),
    }
}

/// `scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )` (RFC 3986, section 3.1).
pub(crate) const fn is_scheme(scheme: &str) -> bool {
    let mut rest = scheme.as_bytes();
    if !matches!(rest, [b'a'..=b'z' | b'A'..=b'Z', ..]) {
        return false;
    }
    while let [b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'-' | b'.', after @ ..] = rest {
        rest = after;
    }
    rest.is_empty()
}

/// [`is_host`], in front of which `*.` may stand for subdomains.
const fn is_wildcard_host(host: &str) -> bool {
    match host.as_bytes() {
        [b'*', b'.', ..] => is_host(cut(host, 2).1),
        _ => is_host(host),
    }
}

/// `1*host-char *( "." 1*host-char ) [ "." ]` (CSP3, section 2.3.1), which dotted IPv4 addresses are too.
pub(crate) const fn is_host(host: &str) -> bool {
    let mut rest = host.as_bytes();
    let mut label = false;
    while let [byte, after @ ..] = rest {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => label = true,
            b'.' if label => label = false,
            _ => return false,
        }
        rest = after;
    }
    !host.is_empty()
}

/// An IPv6 address in its brackets, by its characters (RFC 3986, section 3.2.2).
pub(crate) const fn is_address(host: &str) -> bool {
    let [b'[', inner @ .., b']'] = host.as_bytes() else { return false };
    let mut rest = inner;
    while let [b'a'..=b'f' | b'A'..=b'F' | b'0'..=b'9' | b':' | b'.', after @ ..] = rest {
        rest = after;
    }
    rest.is_empty() && !inner.is_empty()
}

/// Nothing, or a colon and the number of a port that there is.
pub(crate) const fn is_port(port: &str) -> bool {
    match port.as_bytes() {
        [] => true,
        [b':', digits @ ..] => digits.len() <= 5 && matches!(grammar::decimal(digits), Some(0..=0xffff)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sources_of_csp() {
        for good in [
            "https:",
            "data:",
            "*",
            "*.example",
            "a.example",
            "localhost:*",
            "localhost:8000",
            "https://*",
            "https://a.example:443/x/y.js",
            "wss://a.example",
            "a.example/path/",
            "a.example.",
            "http://127.0.0.1:8000",
            "my_host",
            "a.example/x//y",
            "a.example/%7Ex/(y)",
        ] {
            assert!(is_csp_source(good), "{good}");
        }
        for bad in [
            ":",
            "//a.example",
            "https://",
            "https:///x",
            "a..example",
            "a..",
            ".example",
            "*.",
            "a.*",
            "a.example:",
            "a.example:x",
            "a.example:999999",
            "a.example:65536",
            "https://a.example?x",
            "https://a.example/x#y",
            "ht/tp://a",
            "1x:",
            "1x://a",
            "a@b",
            "[::1]",
            "/path",
            "https:/a",
            // Found by fuzzing: no paths, and a browser drops the source.
            "a.example//x",
            "a.example/%",
            "a.example/%zz",
            "a.example/\"x",
            "a.example/`x",
        ] {
            assert!(!is_csp_source(bad), "{bad}");
        }
    }
}
