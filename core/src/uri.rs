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
/// One departure: `_` is taken as a host character, as browsers do. A scheme may hold `.`, as those of native apps do
/// ([RFC 8252, section 7.1](https://www.rfc-editor.org/rfc/rfc8252#section-7.1)).
pub(crate) const fn is_csp_source(source: &str) -> bool {
    let (scheme, rest) = cut(source, grammar::find(source, b':', 0));
    // The colon may be that of a port, or a character of the path.
    let rest = match rest.as_bytes() {
        [b':'] if is_scheme(scheme) => return true,
        [b':', b'/', b'/', ..] if is_scheme(scheme) => cut(rest, 3).1,
        _ => source,
    };
    let (authority, path) = cut(rest, grammar::find(rest, b'/', 0));
    let (host, port) = cut(authority, grammar::find(authority, b':', 0));
    (is_wildcard_host(host) || matches!(host.as_bytes(), [b'*']))
        && (port.is_empty() || is_csp_port(port))
        && is_csp_path(path)
}

/// `port-part = 1*DIGIT / "*"`, with its colon: of any size, for a port that there is not matches nothing.
const fn is_csp_port(port: &str) -> bool {
    let [b':', port @ ..] = port.as_bytes() else { return false };
    let mut rest = port;
    while let [b'0'..=b'9', after @ ..] = rest {
        rest = after;
    }
    matches!(port, [b'*']) || rest.is_empty() && !port.is_empty()
}

/// `path-absolute = "/" [ segment-nz *( "/" segment ) ]`, or nothing (RFC 3986, section 3.3). Firefox drops a source with
/// `//` there.
const fn is_csp_path(path: &str) -> bool {
    let mut rest = path.as_bytes();
    if matches!(rest, [b'/', b'/', ..]) {
        return false;
    }
    while let [byte, after @ ..] = rest {
        if !is_csp_path_byte(*byte) && *byte != b'\'' && !starts_with_encoded(rest) {
            return false;
        }
        rest = after;
    }
    true
}

/// A byte that a path of CSP holds as it is: `pchar` without `;` and `,`, which end a directive and a policy (CSP3,
/// section 2.3.1). `'` is one too, and is percent-encoded where a path is written, because it quotes keywords.
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

/// What follows `scheme://` in a URL that browsers trust: of https, or of http on this machine ([Secure Contexts, section
/// 3.1](https://www.w3.org/TR/secure-contexts/#is-origin-trustworthy)). The host is not empty and no user's name is before it (RFC 9110,
/// section 4.2.4); the port exists. What else a host may be is the browser's business: it turns names into addresses.
pub(crate) const fn is_trustworthy_authority(scheme: &str, rest: &str) -> bool {
    let (host, port) = split_port(split_authority(rest).0);
    let is_trusted = scheme.eq_ignore_ascii_case("https") && (is_address(host) || is_domain(host))
        || scheme.eq_ignore_ascii_case("http") && is_loopback(host);
    is_trusted && (is_port(port) || matches!(port.as_bytes(), [b':']))
}

/// Some text without the code points that no host has ([URL, section 3.1](https://url.spec.whatwg.org/#forbidden-host-code-point)).
const fn is_domain(host: &str) -> bool {
    let mut rest = host.as_bytes();
    while let [byte, after @ ..] = rest {
        match byte {
            b'%' if !starts_with_encoded(rest) => return false,
            b'#' | b'/' | b':' | b'<' | b'>' | b'?' | b'@' | b'[' | b'\\' | b']' | b'^' | b'|' | ..=b' ' | 0x7f.. => {
                return false;
            }
            _ => rest = after,
        }
    }
    !host.is_empty()
}

/// `localhost` or a name below it, 127.0.0.0/8 or `[::1]`.
const fn is_loopback(host: &str) -> bool {
    const NAME: &[u8] = b"localhost";
    if let Some([a, _, _, _]) = ipv4(host) {
        return a == 127;
    }
    let name = match host.as_bytes() {
        [name @ .., b'.'] => name,
        name => name,
    };
    let (before, last) = match name.len().checked_sub(NAME.len()) {
        Some(at) => name.split_at(at),
        None => return host.eq_ignore_ascii_case("[::1]"),
    };
    last.eq_ignore_ascii_case(NAME) && (matches!(before, [.., b'.']) && is_host(host) || before.is_empty())
}

/// A scheme and what follows its colon; nothing where there is none, as in a relative URL.
pub(crate) const fn scheme_and_rest(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = cut(url, grammar::find(url, b':', 0));
    if !rest.is_empty() && is_scheme(scheme) { Some((scheme, cut(rest, 1).1)) } else { None }
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

/// An IPv6 address in its brackets (RFC 3986, section 3.2.2): eight groups, `::` for some of them, the last two as an IPv4 address
/// if wanted.
pub(crate) const fn is_address(host: &str) -> bool {
    let [b'[', _, .., b']'] = host.as_bytes() else { return false };
    let mut rest = grammar::slice(host, 1, host.len() - 1);
    let (mut groups, mut shortened) = (0, false);
    if let [b':', b':', ..] = rest.as_bytes() {
        (rest, shortened) = (cut(rest, 2).1, true);
    }
    while !rest.is_empty() {
        let (group, after) = cut(rest, grammar::find(rest, b':', 0));
        if after.is_empty() && ipv4(group).is_some() {
            groups += 2;
            rest = after;
            break;
        }
        if !is_hex_group(group) {
            return false;
        }
        groups += 1;
        rest = match after.as_bytes() {
            [] => after,
            [b':', b':', ..] if !shortened => {
                shortened = true;
                cut(after, 2).1
            }
            // A colon in front of nothing.
            [b':'] => return false,
            _ => cut(after, 1).1,
        };
    }
    rest.is_empty() && if shortened { groups < 8 } else { groups == 8 }
}

const fn is_hex_group(group: &str) -> bool {
    let mut rest = group.as_bytes();
    while let [byte, after @ ..] = rest
        && byte.is_ascii_hexdigit()
    {
        rest = after;
    }
    rest.is_empty() && matches!(group.len(), 1..=4)
}

/// Four numbers up to 255 with dots.
const fn ipv4(host: &str) -> Option<[u64; 4]> {
    let mut address = [0; 4];
    let (mut rest, mut i) = (host, 0);
    while i < 4 {
        let (number, after) = cut(rest, grammar::find(rest, b'.', 0));
        address[i] = match grammar::decimal(number.as_bytes()) {
            Some(value @ 0..=255) if number.len() <= 3 => value,
            _ => return None,
        };
        rest = match after.as_bytes() {
            [] if i == 3 => after,
            [b'.', ..] if i < 3 => cut(after, 1).1,
            _ => return None,
        };
        i += 1;
    }
    Some(address)
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
            "a.example/it's",
            "a.example/x:",
            "a.example/x://y",
            "a.example:999999",
            "com.example.app:",
            // A host whose port was forgotten, as people read it.
            "a.example:",
            "com.example.app://cb",
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
            "a.example:x",
            "a.example:8*",
            "https://a.example?x",
            "https://a.example/x#y",
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

    #[test]
    fn reads_addresses() {
        for good in [
            "[::]",
            "[::1]",
            "[1::]",
            "[2001:db8::1]",
            "[1:2:3:4:5:6:7:8]",
            "[1:2:3:4:5:6:7::]",
            "[::ffff:192.0.2.1]",
            "[1:2:3:4:5:6:1.2.3.4]",
            "[A:b::]",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "[]",
            "[",
            "]",
            "[:]",
            "[:::]",
            "[1]",
            "[1:2:3:4:5:6:7]",
            "[1:2:3:4:5:6:7:8:9]",
            "[1:2:3:4:5:6:7:8::]",
            "[1::2::3]",
            "[1:2:3:4:5:6:7:]",
            "[:1:2:3:4:5:6:7]",
            "[12345::]",
            "[g::]",
            "[::1.2.3]",
            "[::1.2.3.256]",
            "[1.2.3.4::]",
            "[fe80::1%eth0]",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
