//! Permissions-Policy: which powerful features the page and its frames may use.

use super::PolicyError;
use super::content_security_policy::host::{is_host, is_port};
use crate::dialect::ok;
use crate::grammar;

/// `Permissions-Policy` ([Permissions Policy, section 6.1](https://www.w3.org/TR/permissions-policy/#permissions-policy-http-header-field)).
///
/// A structured-field dictionary whose members are allowlists: `camera=()` for nobody,
/// `fullscreen=(self "https://a.example")` for some, `geolocation=*` for all, `usb=self` for the page itself.
/// Names of features are not held against a list: browsers add and drop them.
///
/// ```
/// use sallet_core::PermissionsPolicy;
/// const POLICY: PermissionsPolicy = PermissionsPolicy::new("camera=(), fullscreen=(self)");
/// assert_eq!(POLICY.as_str(), "camera=(), fullscreen=(self)");
/// ```
///
/// ```compile_fail
/// # use sallet_core::PermissionsPolicy;
/// // error[E0080]: evaluation panicked: Permissions-Policy is a list of feature=allowlist …
/// const POLICY: PermissionsPolicy = PermissionsPolicy::new("camera 'none'");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionsPolicy<'a>(&'a str);

const BAD: PolicyError = PolicyError::BadValue(
    "Permissions-Policy is a list of feature=allowlist with commas: camera=(), fullscreen=(self \"https://a.example\"), \
     geolocation=*",
);

impl<'a> PermissionsPolicy<'a> {
    /// Reads a header value.
    ///
    /// # Errors
    /// [`BadValue`](PolicyError::BadValue) and
    /// [`DuplicateFeature`](PolicyError::DuplicateFeature).
    pub const fn parse(value: &'a str) -> Result<Self, PolicyError> {
        let value = grammar::trim(value);
        let mut start = 0;
        while start <= value.len() {
            // No allowlist holds a comma: origins are serialised without one.
            let end = grammar::find(value, b',', start);
            let name = ok!(member(grammar::trim(grammar::slice(value, start, end))));
            if names(value, start, name) {
                return Err(PolicyError::DuplicateFeature);
            }
            start = end + 1;
        }
        Ok(Self(value))
    }
}

/// Whether `name` is among the members before byte `until`, each of which has been read already.
const fn names(value: &str, until: usize, name: &str) -> bool {
    let mut start = 0;
    while start < until {
        let end = grammar::find(value, b',', start);
        let member = grammar::trim(grammar::slice(value, start, end));
        if grammar::eq(grammar::slice(member, 0, grammar::find(member, b'=', 0)), name) {
            return true;
        }
        start = end + 1;
    }
    false
}

/// One `feature=allowlist`; gives the feature's name.
const fn member(member: &str) -> Result<&str, PolicyError> {
    let equals = grammar::find(member, b'=', 0);
    let name = grammar::slice(member, 0, equals);
    if equals == member.len() || !is_feature(name) {
        return Err(BAD);
    }
    let list = grammar::slice(member, equals + 1, member.len());
    if grammar::eq(list, "*") || grammar::eq(list, "self") {
        return Ok(name);
    }
    let [b'(', .., b')'] = list.as_bytes() else { return Err(BAD) };
    let inner = grammar::slice(list, 1, list.len() - 1);
    let mut start = 0;
    while start < inner.len() {
        let end = grammar::find(inner, b' ', start);
        let item = grammar::slice(inner, start, end);
        if !(item.is_empty()
            || grammar::eq(item, "self")
            || grammar::eq(item, "src")
            || grammar::eq(item, "*")
            || is_origin(item))
        {
            return Err(BAD);
        }
        start = end + 1;
    }
    Ok(name)
}

/// A dictionary key (RFC 9651, section 3.1.2) of letters, digits and hyphens, as every feature's name is.
const fn is_feature(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if !(bytes[i].is_ascii_lowercase() || bytes[i].is_ascii_digit() || bytes[i] == b'-') {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty() && bytes[0].is_ascii_lowercase()
}

/// `"https://a.example"`: a quoted origin, in which `*.` may stand for subdomains.
const fn is_origin(item: &str) -> bool {
    let scheme = if grammar::starts_with_ignore_case(item, "\"https://") {
        "\"https://".len()
    } else if grammar::starts_with_ignore_case(item, "\"http://") {
        "\"http://".len()
    } else {
        return false;
    };
    let rest = grammar::slice(item, scheme, item.len());
    let [authority @ .., b'"'] = rest.as_bytes() else { return false };
    is_authority(authority)
}

/// A host, which may begin with `*.`, or an IPv6 address in brackets; then a port, if any.
const fn is_authority(authority: &[u8]) -> bool {
    let bracketed = matches!(authority, [b'[', ..]);
    let mut end = 0;
    while end < authority.len() && (if bracketed { authority[end] != b']' } else { authority[end] != b':' }) {
        if bracketed && end > 0 && !(authority[end].is_ascii_hexdigit() || matches!(authority[end], b':' | b'.')) {
            return false;
        }
        end += 1;
    }
    let (host, port) = authority.split_at(end);
    let (good, port) = match port {
        [b']', port @ ..] => (host.len() > 1, port),
        port => (!bracketed && is_host(host) && !matches!(host, [b'*']), port),
    };
    good && match port {
        [] => true,
        [b':', digits @ ..] => is_port(digits),
        _ => false,
    }
}

super::text_header::text_header!(PermissionsPolicy);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_allowlists() {
        for good in [
            "camera=()",
            "camera=(), microphone=(self), geolocation=*",
            "fullscreen=(self \"https://a.example\" \"https://*.b.example:8443\"), usb=self",
            "usb=(\"https://[::1]:8443\" \"https://[2001:db8::1]\" \"http://127.0.0.1:65535\")",
        ] {
            assert_eq!(PermissionsPolicy::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn refuses_the_rest() {
        for bad in [
            "",
            "camera",
            "camera=",
            "camera=none",
            "camera 'none'",
            "camera=('self')",
            "camera=(self",
            "Camera=()",
            "camera=(),",
            "camera=(https://a.example)",
            "camera=(\"a.example\")",
            "camera=(\"https://a.example)",
            "camera=()\r\nx: y",
            "a=(\"https://\")",
            "camera=(\"https://a\"b\")",
            "camera=();report-to=x",
            // Found by fuzzing: no origins, and a browser drops them.
            "camera=(\"https://a..b\")",
            "camera=(\"https://a:b\")",
            "camera=(\"https://a:\")",
            "camera=(\"https://a:65536\")",
            "camera=(\"https://[\")",
            "camera=(\"https://[]\")",
            "camera=(\"https://[::1\")",
            "camera=(\"https://*\")",
        ] {
            assert_eq!(PermissionsPolicy::parse(bad), Err(BAD), "{bad:?}");
        }
        assert_eq!(PermissionsPolicy::parse("camera=(), usb=(), camera=*"), Err(PolicyError::DuplicateFeature));
    }
}
