//! Reporting-Endpoints: where browsers send their reports.

use super::PolicyError;
use crate::grammar;
use crate::structured_field::{Dictionary, Item, Member, Value};
use crate::uri;

/// `Reporting-Endpoints` ([Reporting API, section 3.2](https://www.w3.org/TR/reporting-1/#header)): a structured-field
/// dictionary of names and quoted URLs, `csp="https://reports.example/csp", default="/reports"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportingEndpoints<'a>(&'a str);

const BAD: PolicyError = PolicyError::BadValue(
    "Reporting-Endpoints is a list of name=\"https://…\" (lower-case names, quoted https, localhost or relative URLs), with commas",
);

impl<'a> ReportingEndpoints<'a> {
    /// No endpoint at all, which no header can say.
    pub(crate) const NONE: Self = Self("");

    /// Reads a header value.
    ///
    /// # Errors
    /// [`BadValue`](PolicyError::BadValue): not a dictionary, a name twice, or a value that isn't a URL in quotes which is
    /// potentially trustworthy on an https page (browsers ignore those).
    pub const fn parse(value: &'a str) -> Result<Self, PolicyError> {
        let value = grammar::trim(value);
        let mut rest = Dictionary::new(value);
        while let Some(member) = rest.next() {
            // Parameters mean nothing yet (Reporting API, section 3.2), and are sent as they are.
            let Ok(Member { key, value: Value::Item(Item::String(url)), .. }) = member else { return Err(BAD) };
            if !is_url(url) || rest.has(key) {
                return Err(BAD);
            }
        }
        if value.is_empty() { Err(BAD) } else { Ok(Self(value)) }
    }

    /// Whether an endpoint of that name is defined.
    pub const fn defines(&self, name: &str) -> bool {
        Dictionary::new(self.0).has(name)
    }
}

/// A URL of https, of http on this machine ([Secure Contexts, section 3.1](https://www.w3.org/TR/secure-contexts/#is-origin-trustworthy)),
/// or relative to the page (Reporting API, section 3.3). A structured-field string escapes with a backslash, and a browser reads it as
/// a slash.
const fn is_url(url: &str) -> bool {
    let bytes = url.as_bytes();
    if bytes.is_empty() || grammar::find(url, b' ', 0) < bytes.len() || grammar::find(url, b'\\', 0) < bytes.len() {
        return false;
    }
    match bytes {
        [b'/', b'/', ..] => uri::is_trustworthy_authority("https", grammar::cut(url, 2).1),
        _ => match uri::scheme_and_rest(url) {
            Some((scheme, rest)) => match rest.as_bytes() {
                [b'/', b'/', ..] => uri::is_trustworthy_authority(scheme, grammar::cut(rest, 2).1),
                _ => false,
            },
            None => true,
        },
    }
}

super::text_header::text_header!(ReportingEndpoints);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_endpoints() {
        let endpoints = ReportingEndpoints::new("csp=\"https://r.example/csp?x=1\", default=\"/reports\"");
        assert!(endpoints.defines("csp") && endpoints.defines("default") && !endpoints.defines("cs"));
        for good in [
            "a=\"/b\"\t,\t c=\"/d\"",
            "a=\"https://b/c,d\"",
            "a=\"/b\";x=1; y, *c.d_e-f=\"/g\"",
            "a=\"/b\";x=:YQ==:;y=@1",
            "a=\"r\", b=\"../r?x#y\", c=\"?x\", d=\"./a:b\", e=\"r/x:y\", f=\"//reports.example/r\"",
            "a=\"http://localhost/\", b=\"http://localhost.:8080\", c=\"HTTP://app.LocalHost\", d=\"http://127.0.0.1:9/r\"",
            "a=\"http://127.255.0.1\", b=\"http://[::1]/r\", c=\"https://[2001:db8::1]:8443/r\", d=\"https://b:/\"",
        ] {
            assert_eq!(ReportingEndpoints::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "csp",
            "csp=(\"/a\")",
            "csp=\"/a\",",
            "csp=\"/a b\"",
            "csp=",
            "csp=\"\"",
            "csp=https://a",
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
            "a=\"https://b:65536/\"",
            "a=\"https://[::1]443/\"",
            "a=\"https://[\"",
            "a=\"https://[::1\"",
            "a=\"https://[x]\"",
            "a=\"//\"",
            "a=\"///b\"",
            "a=\"//[/\"",
            "a=\"http://a.example\"",
            "a=\"http://localhost.example\"",
            "a=\"http://xlocalhost\"",
            "a=\"http://127.0.0.1.example\"",
            "a=\"http://128.0.0.1\"",
            "a=\"http://127.0.0.256\"",
            "a=\"http://[::2]\"",
            "a=\"http://user@localhost\"",
            "a=\"https:r\"",
            "a=\"ftp://a/\"",
            "a=\"data:,x\"",
            "a=\"javascript:x\"",
            "a=\"wss://a.example/\"",
        ] {
            assert_eq!(ReportingEndpoints::parse(bad), Err(BAD), "{bad:?}");
        }
    }
}
