//! Permissions-Policy: which powerful features the page and its frames may use.

mod features;

use super::{PolicyError, ReportingEndpoints};
use crate::cursor::Cursor;
use crate::dialect::ok;
use crate::grammar;
use crate::structured_field::{Dictionary, Item, Malformed, Member, Params, Value};
use crate::unchecked::{own_word, unchecked};
use crate::uri::{is_allowlist_origin, is_csp_source};

/// `Permissions-Policy` ([Permissions Policy, section 6.1](https://www.w3.org/TR/permissions-policy/#permissions-policy-http-header-field)).
///
/// A structured-field dictionary whose members are allowlists: `camera=()` for nobody,
/// `fullscreen=(self "https://a.example")` for some, `geolocation=*` for all, `usb=self` for the page itself; with
/// `;report-to=endpoint` after it, an allowlist says where its violations are reported.
///
/// The name of a feature may be any: browsers add and drop them ([`FEATURES`](Self::FEATURES) has those of today). A member whose
/// allowlist Sallet does not know is sent as it is after the mark [`UNCHECKED`](crate::UNCHECKED):
/// `camera=(), {unchecked}new-feature=(new-word)`.
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
        let mut rest = Members::new(value);
        loop {
            let text = rest.unmarked();
            let Some(member) = rest.next() else { break };
            let Ok((unchecked, Member { key, value, params })) = member else { return Err(BAD) };
            if unchecked {
                ok!(own_word(grammar::cut(text, text.len() - rest.0.text().len()).0));
            }
            if !(unchecked || is_feature(key) && is_allowlist(value) && names_endpoint(params)) {
                return Err(BAD);
            }
            if !unchecked && rest.has(key) {
                return Err(PolicyError::DuplicateFeature);
            }
        }
        if value.is_empty() { Err(BAD) } else { Ok(Self(value)) }
    }

    /// Whether a text begins with a member that is unchecked, and not with the mark of a whole value: browsers drop the header if
    /// one member is not of a structured field.
    pub(crate) const fn marks_a_member(text: &str) -> bool {
        matches!(Members::new(grammar::trim(text)).next(), Some(Ok((true, _))))
    }

    /// The first endpoint that a feature reports to and that is not one of these.
    pub(crate) const fn undefined_endpoint(&self, defined: &ReportingEndpoints<'_>) -> Option<&'a str> {
        let mut rest = Members::new(self.0);
        while let Some(Ok((_, Member { params, .. }))) = rest.next() {
            if let Some(Item::Token(name) | Item::String(name)) = params.get("report-to")
                && !defined.defines(name)
            {
                return Some(name);
            }
        }
        None
    }

    /// The names of the features that it rules, with whether each is unchecked.
    pub fn features(&self) -> impl Iterator<Item = (&'a str, bool)> + use<'a> {
        let mut rest = Members::new(self.0);
        core::iter::from_fn(move || rest.next()?.ok().map(|(unchecked, member)| (member.key, unchecked)))
    }

    pub(crate) const fn render(&self, out: &mut Cursor<'_>) {
        let mut rest = Members::new(self.0);
        loop {
            let text = rest.unmarked();
            let is_marked = text.len() < rest.0.text().len();
            if rest.next().is_none() {
                return;
            }
            if is_marked {
                out.put_mark();
            }
            out.put(grammar::cut(text, text.len() - rest.0.text().len()).0.as_bytes());
        }
    }
}

/// The members of a value, some of them after the mark [`UNCHECKED`](crate::UNCHECKED).
#[derive(Debug, Clone, Copy)]
struct Members<'a>(Dictionary<'a>);

impl<'a> Members<'a> {
    const fn new(value: &'a str) -> Self {
        Self(Dictionary::new(value))
    }

    /// What is left, without the mark in front of it.
    const fn unmarked(&self) -> &'a str {
        match unchecked(self.0.text()) {
            Some(text) => text,
            None => self.0.text(),
        }
    }

    /// The next member, and whether it is unchecked.
    const fn next(&mut self) -> Option<Result<(bool, Member<'a>), Malformed>> {
        let text = self.unmarked();
        let unchecked = text.len() < self.0.text().len();
        self.0 = Dictionary::new(text);
        match self.0.next() {
            Some(Ok(member)) => Some(Ok((unchecked, member))),
            Some(Err(error)) => Some(Err(error)),
            // A mark of nothing.
            None if unchecked => Some(Err(Malformed)),
            None => None,
        }
    }

    /// Whether a checked member of that key is to come.
    const fn has(mut self, key: &str) -> bool {
        while let Some(Ok((unchecked, member))) = self.next() {
            if !unchecked && grammar::eq(member.key, key) {
                return true;
            }
        }
        false
    }
}

/// A string, `*`, `self`, or a list of these (Permissions Policy, section 5.2). `src`, the origin that a frame was given, belongs
/// to the `allow` attribute (section 5.1); in a header browsers drop it.
const fn is_allowlist(value: Value<'_>) -> bool {
    match value {
        Value::Item(item) => is_allowed(item),
        Value::List(mut list) => {
            while let Some(item) = list.next() {
                if !is_allowed(item) {
                    return false;
                }
            }
            true
        }
    }
}

/// A string is a `scheme-source` or `host-source` of CSP (section 5.1), or the origin that earlier drafts have there, which may be of
/// an IPv6 address. A word that is a token elsewhere is the name of a host in quotes, which nobody means.
const fn is_allowed(item: Item<'_>) -> bool {
    match item {
        Item::Token(token) => grammar::eq(token, "*") || grammar::eq(token, "self"),
        Item::String(text) => {
            (is_csp_source(text) || is_allowlist_origin(text))
                && !(grammar::eq(text, "self") || grammar::eq(text, "src") || grammar::eq(text, "none"))
        }
        _ => false,
    }
}

/// `report-to` names an endpoint: as a token by the specification, as a string to its browsers. All other parameters are
/// ignored (section 5.2), as those of an item are.
const fn names_endpoint(params: Params<'_>) -> bool {
    matches!(params.get("report-to"), None | Some(Item::Token(_) | Item::String(_)))
}

/// `feature-identifier = 1*( ALPHA / DIGIT / "-" )` (section 5.1), as far as a dictionary key can be one (RFC 9651,
/// section 3.1.2).
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

super::text_header::text_header!(PermissionsPolicy, marked);

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::ToString;
    use std::vec::Vec;

    #[test]
    fn reads_allowlists() {
        for good in [
            "camera=()",
            "camera=(), microphone=(self), geolocation=*",
            "fullscreen=(self \"https://a.example\" \"https://*.b.example:8443\"), usb=self",
            "camera=();report-to=e, usb=*; report-to=\"e\";x=1",
            "gyroscope=\"https://a.example\"",
            "camera=()\t,  usb=(  self  \"https://a.example\";x )",
            "gyroscope=\"a.example\", hid=(\"https://*.a.example:*\" \"https:\" \"https://a.example/x\" \"*\")",
            "camera=();x=:YQ==:;y=@1;z=%\"%c3%a9\";report-to=\"X y\"",
            "new-feature=()",
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
            "camera=(\"https://a.example)",
            "camera=()\r\nx: y",
            "a=(\"https://\")",
            "camera=(\"https://a\"b\")",
            "camera=() ;report-to=x",
            "camera=();report-to",
            "camera=(self\t*)",
            "camera=\"self\"",
            "camera=src",
            "camera=(src)",
            "camera=(self src)",
            "camera=(\"self\")",
            "camera=\"none\"",
            "camera=();report-to=1",
            "{unchecked}",
            "camera=(), {unchecked}",
            "camera=(), {unchecked} usb=()",
            "{unchecked}{unchecked}usb=()",
            "usb=(), {unchecked}Camera=()",
            "usb={unchecked}()",
            "camera=1",
            "camera=(1)",
            // Found by fuzzing: no origins, and a browser drops them.
            "camera=(\"https://a..b\")",
            "camera=(\"https://a:b\")",
            "camera=(\"https://a:\")",
            "camera=(\"https://[\")",
            "camera=(\"https://[]\")",
            "camera=(\"https://[::1\")",
        ] {
            assert_eq!(PermissionsPolicy::parse(bad), Err(BAD), "{bad:?}");
        }
        assert_eq!(PermissionsPolicy::parse("camera=(), usb=(), camera=*"), Err(PolicyError::DuplicateFeature));
    }

    #[test]
    fn a_member_can_go_unchecked() {
        let text = "{unchecked}new_feature=(new-word 1);x,\tcamera=(), {unchecked}usb=src";
        let policy = PermissionsPolicy::parse(text).unwrap();
        assert_eq!(policy.as_str(), text);
        assert_eq!(policy.to_string(), "new_feature=(new-word 1);x,\tcamera=(), usb=src");
        let features: Vec<_> = policy.features().collect();
        assert_eq!(features, [("new_feature", true), ("camera", false), ("usb", true)]);
        for twice in ["usb=(), {unchecked}usb=src", "{unchecked}usb=(), usb=()", "{unchecked}usb=(), {unchecked}usb=()"]
        {
            assert!(PermissionsPolicy::parse(twice).is_ok(), "{twice}");
        }
        assert_eq!(PermissionsPolicy::parse("usb=(), {unchecked}usb=a, usb=*"), Err(PolicyError::DuplicateFeature));
        for (own, error) in [
            ("usb=(), {unchecked}usb=\"{unchecked}\"", PolicyError::MarkTwice),
            ("{unchecked}usb=();x=\"{One-for-each-request}\", camera=()", PolicyError::FixedNonce),
        ] {
            assert_eq!(PermissionsPolicy::parse(own), Err(error), "{own}");
        }
        // The mark is of the member, so the next one is checked.
        let policy = crate::SecurityHeaders::EMPTY;
        assert_eq!(policy.with("permissions-policy", "{unchecked}a=b, camera=none").map(|_| ()), Err(BAD));
        // What is no member leaves only the whole value.
        assert!(policy.with("permissions-policy", "{unchecked}camera 'none', usb=none").is_ok());
    }
}
