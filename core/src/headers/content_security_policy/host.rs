//! Grammar of the members that have no quotes.

use crate::grammar;

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
pub(super) const fn is_source(source: &str) -> bool {
    let bytes = source.as_bytes();
    let colon = grammar::find(source, b':', 0);
    if colon + 1 == bytes.len() {
        return is_scheme(bytes.split_at(colon).0);
    }
    let mut at = 0;
    if colon + 2 < bytes.len() && bytes[colon + 1] == b'/' && bytes[colon + 2] == b'/' {
        if !is_scheme(bytes.split_at(colon).0) {
            return false;
        }
        at = colon + 3;
    }
    let host_start = at;
    while at < bytes.len() && !matches!(bytes[at], b':' | b'/') {
        at += 1;
    }
    if !is_host(bytes.split_at(at).0.split_at(host_start).1) {
        return false;
    }
    if at < bytes.len() && bytes[at] == b':' {
        let port_start = at + 1;
        at = port_start;
        while at < bytes.len() && bytes[at] != b'/' {
            at += 1;
        }
        let port = bytes.split_at(at).0.split_at(port_start).1;
        if !(matches!(port, [b'*']) || is_port(port)) {
            return false;
        }
    }
    is_path(bytes.split_at(at).1)
}

/// `path-absolute = "/" [ segment-nz *( "/" segment ) ]`, or nothing (RFC 3986, section 3.3). Firefox drops a source with
/// `//` there.
const fn is_path(path: &[u8]) -> bool {
    let mut i = 0;
    while i < path.len() {
        let good = match path[i] {
            b'/' => i != 1,
            b'%' => i + 2 < path.len() && path[i + 1].is_ascii_hexdigit() && path[i + 2].is_ascii_hexdigit(),
            byte => {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'(' | b')' | b'*' | b'+')
                    || matches!(byte, b'=' | b':' | b'@')
            }
        };
        if !good {
            return false;
        }
        i += 1;
    }
    true
}

const fn is_scheme(scheme: &[u8]) -> bool {
    let mut i = 0;
    while i < scheme.len() {
        if !(scheme[i].is_ascii_alphanumeric() || matches!(scheme[i], b'+' | b'-')) {
            return false;
        }
        i += 1;
    }
    !scheme.is_empty() && scheme[0].is_ascii_alphabetic()
}

pub(in crate::headers) const fn is_host(host: &[u8]) -> bool {
    let labels = match host {
        [b'*'] => return true,
        [b'*', b'.', labels @ ..] => labels,
        labels => labels,
    };
    let mut i = 0;
    let mut label = 0;
    while i < labels.len() {
        if labels[i] == b'.' {
            if label == 0 {
                return false;
            }
            label = 0;
        } else if labels[i].is_ascii_alphanumeric() || matches!(labels[i], b'-' | b'_') {
            label += 1;
        } else {
            return false;
        }
        i += 1;
    }
    !labels.is_empty()
}

/// Digits, and a port that there is.
pub(in crate::headers) const fn is_port(digits: &[u8]) -> bool {
    let mut port = 0;
    let mut i = 0;
    while i < digits.len() {
        if !digits[i].is_ascii_digit() || i == 5 {
            return false;
        }
        port = 10 * port + (digits[i] - b'0') as u32;
        i += 1;
    }
    !digits.is_empty() && port <= 0xffff
}

/// `tt-policy-name = 1*( ALPHA / DIGIT / "-" / "#" / "=" / "_" / "/" / "@" / "." / "%" )`, or `*`
/// ([Trusted Types, section 4.2](https://www.w3.org/TR/trusted-types/#trusted-types-csp-directive)).
pub(super) const fn is_trusted_types_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if let [b'*'] = bytes {
        return true;
    }
    let mut i = 0;
    while i < bytes.len() {
        if !(bytes[i].is_ascii_alphanumeric()
            || matches!(bytes[i], b'-' | b'#' | b'=' | b'_' | b'/' | b'@' | b'.' | b'%'))
        {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sources() {
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
            assert!(is_source(good), "{good}");
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
            assert!(!is_source(bad), "{bad}");
        }
    }
}
