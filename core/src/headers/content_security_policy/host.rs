//! Grammar of the members that have no quotes.

use crate::text;

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
    let colon = text::find(source, b':', 0);
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
        if !is_port(bytes.split_at(at).0.split_at(port_start).1) {
            return false;
        }
    }
    // What is left is the path; `?` and `#` cannot stand in it.
    while at < bytes.len() {
        if matches!(bytes[at], b'?' | b'#' | b'<' | b'>' | b'\\' | b'^' | b'{' | b'}' | b'|') {
            return false;
        }
        at += 1;
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

const fn is_host(host: &[u8]) -> bool {
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

const fn is_port(port: &[u8]) -> bool {
    if let [b'*'] = port {
        return true;
    }
    let mut i = 0;
    while i < port.len() {
        if !port[i].is_ascii_digit() {
            return false;
        }
        i += 1;
    }
    !port.is_empty() && port.len() <= 5
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
        ] {
            assert!(is_source(good), "{good}");
        }
        for bad in [
            ":",
            "//a.example",
            "https://",
            "https:///x",
            "a..example",
            ".example",
            "*.",
            "a.*",
            "a.example:",
            "a.example:x",
            "a.example:999999",
            "https://a.example?x",
            "https://a.example/x#y",
            "ht/tp://a",
            "a@b",
            "[::1]",
            "/path",
            "https:/a",
        ] {
            assert!(!is_source(bad), "{bad}");
        }
    }
}
