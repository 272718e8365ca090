//! Reporting-Endpoints: where browsers send their reports.

use super::PolicyError;
use crate::dialect::ok;
use crate::grammar;

/// `Reporting-Endpoints` ([Reporting API, section 3.2](https://www.w3.org/TR/reporting-1/#header)): a structured-field
/// dictionary of names and quoted URLs, `csp="https://reports.example/csp", default="/reports"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportingEndpoints<'a>(&'a str);

const BAD: PolicyError = PolicyError::BadValue(
    "Reporting-Endpoints is a list of name=\"https://…\" (lower-case names, quoted https or path URLs), with commas",
);

impl<'a> ReportingEndpoints<'a> {
    /// Reads a header value.
    ///
    /// # Errors
    /// [`BadValue`](PolicyError::BadValue): not a list, a name twice, or a URL that is neither
    /// https nor a path (browsers ignore those).
    pub const fn parse(value: &'a str) -> Result<Self, PolicyError> {
        let value = grammar::trim(value);
        let mut start = 0;
        while start <= value.len() {
            let end = grammar::find(value, b',', start);
            let name = ok!(member(grammar::trim(grammar::slice(value, start, end))));
            if defines(grammar::slice(value, 0, start), name) {
                return Err(BAD);
            }
            start = end + 1;
        }
        Ok(Self(value))
    }

    /// Whether an endpoint of that name is defined.
    pub const fn defines(&self, name: &str) -> bool {
        defines(self.0, name)
    }
}

const fn defines(value: &str, name: &str) -> bool {
    let mut start = 0;
    while start < value.len() {
        let end = grammar::find(value, b',', start);
        let member = grammar::trim(grammar::slice(value, start, end));
        if grammar::eq(grammar::slice(member, 0, grammar::find(member, b'=', 0)), name) {
            return true;
        }
        start = end + 1;
    }
    false
}

/// `name="url"`; gives the name.
const fn member(member: &str) -> Result<&str, PolicyError> {
    let equals = grammar::find(member, b'=', 0);
    let name = grammar::slice(member, 0, equals);
    if equals == member.len() || !is_endpoint_name(name) {
        return Err(BAD);
    }
    let quoted = grammar::slice(member, equals + 1, member.len());
    let [b'"', .., b'"'] = quoted.as_bytes() else { return Err(BAD) };
    if quoted.len() < 3 {
        return Err(BAD);
    }
    let url = grammar::slice(quoted, 1, quoted.len() - 1);
    let bytes = url.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if !matches!(bytes[i], 0x21..=0x7e) || matches!(bytes[i], b'"' | b'\\') {
            return Err(BAD);
        }
        i += 1;
    }
    if bytes[0] == b'/' || has_host(url) { Ok(name) } else { Err(BAD) }
}

/// `https://`, then a host, without a user's name before it (RFC 9110, section 4.2.4).
const fn has_host(url: &str) -> bool {
    if !grammar::starts_with_ignore_case(url, "https://") {
        return false;
    }
    let rest = url.as_bytes().split_at("https://".len()).1;
    let mut end = 0;
    while end < rest.len() && !matches!(rest[end], b'/' | b'?' | b'#') {
        if rest[end] == b'@' {
            return false;
        }
        end += 1;
    }
    end > 0 && rest[0] != b':'
}

/// A structured-field key (RFC 9651, section 3.1.2).
pub(crate) const fn is_endpoint_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let ok = bytes[i].is_ascii_lowercase()
            || bytes[i] == b'*'
            || i > 0 && (bytes[i].is_ascii_digit() || matches!(bytes[i], b'_' | b'-' | b'.'));
        if !ok {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty()
}

super::text_header::text_header!(ReportingEndpoints);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_endpoints() {
        let endpoints = ReportingEndpoints::new("csp=\"https://r.example/csp?x=1\", default=\"/reports\"");
        assert!(endpoints.defines("csp") && endpoints.defines("default") && !endpoints.defines("cs"));
        for bad in [
            "",
            "csp",
            "csp=",
            "csp=\"\"",
            "csp=https://a",
            "csp=\"http://a\"",
            "CSP=\"/a\"",
            "a=\"/b\", a=\"/c\"",
            "a=\"/\n\"",
            // A structured-field string escapes with it, and a browser reads it as a slash.
            "a=\"/b\\c\"",
            "a=\"https://b\\\\c\"",
            // Found by fuzzing: an address without a host.
            "a=\"https://\"",
            "a=\"https:///b\"",
            "a=\"https://?b\"",
            "a=\"https://:443/\"",
            "a=\"https://user@b/\"",
        ] {
            assert_eq!(ReportingEndpoints::parse(bad), Err(BAD), "{bad:?}");
        }
    }
}
