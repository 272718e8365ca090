//! Permissions-Policy: which powerful features the page and its frames may use.

use super::{PolicyError, ReportingEndpoints};
use crate::grammar;
use crate::structured_field::{self, Dictionary, Item, Member, Params, Value};
use crate::uri::is_allowlist_origin;

/// `Permissions-Policy` ([Permissions Policy, section 6.1](https://www.w3.org/TR/permissions-policy/#permissions-policy-http-header-field)).
///
/// A structured-field dictionary whose members are allowlists: `camera=()` for nobody,
/// `fullscreen=(self "https://a.example")` for some, `geolocation=*` for all, `usb=self` for the page itself; with
/// `;report-to=endpoint` behind it, an allowlist says where its violations are reported.
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
        let mut rest = Dictionary::new(value);
        while let Some(member) = rest.next() {
            let Ok(Member { key, value, params }) = member else { return Err(BAD) };
            if !(is_feature(key) && is_allowlist(value) && names_endpoint(params)) {
                return Err(BAD);
            }
            if rest.has(key) {
                return Err(PolicyError::DuplicateFeature);
            }
        }
        if value.is_empty() { Err(BAD) } else { Ok(Self(value)) }
    }

    /// The first endpoint that a feature reports to and that is not one of these.
    pub(crate) const fn undefined_endpoint(&self, defined: &ReportingEndpoints<'_>) -> Option<&'a str> {
        let mut rest = Dictionary::new(self.0);
        while let Some(Ok(Member { params, .. })) = rest.next() {
            if let Some(Item::Token(name) | Item::String(name)) = params.get("report-to")
                && !defined.defines(name)
            {
                return Some(name);
            }
        }
        None
    }
}

/// `*`, `self` or one origin; or a list of these (Permissions Policy, section 5.2). `src` is the origin that a frame was
/// given, and stands in lists.
const fn is_allowlist(value: Value<'_>) -> bool {
    match value {
        Value::Item(Item::Token(token)) => grammar::eq(token, "*") || grammar::eq(token, "self"),
        Value::Item(Item::String(text)) => is_allowlist_origin(text),
        Value::Item(_) => false,
        Value::List(mut list) => {
            while let Some(item) = list.next() {
                let good = match item {
                    Item::Token(token) => {
                        grammar::eq(token, "*") || grammar::eq(token, "self") || grammar::eq(token, "src")
                    }
                    Item::String(text) => is_allowlist_origin(text),
                    _ => false,
                };
                if !good {
                    return false;
                }
            }
            true
        }
    }
}

/// `report-to` names an endpoint: as a string by the specification, as a token by its browsers. All other parameters are
/// ignored (section 5.2), as those of an item are.
const fn names_endpoint(params: Params<'_>) -> bool {
    match params.get("report-to") {
        None => true,
        Some(Item::Token(name) | Item::String(name)) => structured_field::is_key(name),
        Some(_) => false,
    }
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
            "camera=();report-to=e, usb=*; report-to=\"e\";x=1",
            "gyroscope=\"https://a.example\"",
            "camera=()\t,  usb=(  self  \"https://a.example\";x )",
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
            "camera=() ;report-to=x",
            "camera=();report-to",
            "camera=();report-to=\"X y\"",
            "camera=(self\t*)",
            "camera=\"self\"",
            "camera=src",
            "camera=1",
            "camera=(1)",
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
