//! Integrity-Policy: which resources must say what they are.

use super::{PolicyError, ReportingEndpoints};
use crate::grammar;
use crate::structured_field::{Dictionary, InnerList, Item, Member, Value};

/// `Integrity-Policy` ([SRI, "Integrity-Policy"](https://w3c.github.io/webappsec-subresource-integrity/#integrity-policy-section)):
/// what is of a kind in `blocked-destinations` and has no `integrity` attribute is not loaded.
///
/// A structured-field dictionary: `blocked-destinations=(script style)`, `endpoints=(name …)` of Reporting-Endpoints, and
/// `sources=(inline)`, which is the only source there is and the default.
///
/// ```
/// use sallet_core::IntegrityPolicy;
/// const POLICY: IntegrityPolicy = IntegrityPolicy::new("blocked-destinations=(script), endpoints=(integrity)");
/// assert_eq!(POLICY.as_str(), "blocked-destinations=(script), endpoints=(integrity)");
/// ```
///
/// ```compile_fail
/// # use sallet_core::IntegrityPolicy;
/// // error[E0080]: evaluation panicked: Integrity-Policy is blocked-destinations=(script style), …
/// const POLICY: IntegrityPolicy = IntegrityPolicy::new("blocked-destinations=script");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntegrityPolicy<'a>(&'a str);

const BAD: PolicyError = PolicyError::BadValue(
    "Integrity-Policy is blocked-destinations=(script style) or one of the two, then endpoints=(name) if wanted, with commas",
);

impl<'a> IntegrityPolicy<'a> {
    /// Reads a header value.
    ///
    /// # Errors
    /// [`BadValue`](PolicyError::BadValue): not a dictionary, a member twice or unknown, or nothing that is blocked. Browsers
    /// skip what they do not know, and enforce less than was meant.
    pub const fn parse(value: &'a str) -> Result<Self, PolicyError> {
        let value = grammar::trim(value);
        let mut rest = Dictionary::new(value);
        let mut blocks = false;
        while let Some(member) = rest.next() {
            let Ok(Member { key, value: Value::List(list), .. }) = member else { return Err(BAD) };
            let good = if grammar::eq(key, "blocked-destinations") {
                blocks = true;
                holds_only(list, &["script", "style"])
            } else if grammar::eq(key, "sources") {
                holds_only(list, &["inline"])
            } else {
                grammar::eq(key, "endpoints") && (list.is_empty() || holds_only(list, &[]))
            };
            if !good || rest.has(key) {
                return Err(BAD);
            }
        }
        if blocks { Ok(Self(value)) } else { Err(BAD) }
    }

    /// The first of its endpoints that is not one of these.
    pub(crate) const fn undefined_endpoint(&self, defined: &ReportingEndpoints<'_>) -> Option<&'a str> {
        let mut rest = Dictionary::new(self.0);
        while let Some(Ok(Member { key, value: Value::List(mut list), .. })) = rest.next() {
            while let Some(Item::Token(name)) = list.next() {
                if grammar::eq(key, "endpoints") && !defined.defines(name) {
                    return Some(name);
                }
            }
        }
        None
    }
}

/// Whether a list has a token, and none but `words`; any will do where there are none.
const fn holds_only(mut list: InnerList<'_>, words: &[&str]) -> bool {
    let mut some = false;
    while let Some(item) = list.next() {
        let Item::Token(token) = item else { return false };
        let (mut known, mut rest) = (words.is_empty(), words);
        while let [word, after @ ..] = rest {
            known |= grammar::eq(token, word);
            rest = after;
        }
        if !known {
            return false;
        }
        some = true;
    }
    some
}

super::text_header::text_header!(IntegrityPolicy);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_policies() {
        for good in [
            "blocked-destinations=(script)",
            "blocked-destinations=(script style), sources=(inline), endpoints=(a b-c)",
            "endpoints=(a),blocked-destinations=( style )",
            "blocked-destinations=(script;x=1);y",
            "blocked-destinations=(script);x=@1;y=:YQ==:, endpoints=()",
        ] {
            assert_eq!(IntegrityPolicy::parse(good).map(|policy| policy.0), Ok(good), "{good:?}");
        }
    }

    #[test]
    fn refuses_what_would_enforce_less_than_was_meant() {
        for bad in [
            "",
            "endpoints=(a)",
            "blocked-destinations",
            "blocked-destinations=script",
            "blocked-destinations=()",
            "blocked-destinations=(\"script\")",
            "blocked-destinations=(scripts)",
            "blocked-destinations=(script image)",
            "blocked-destination=(script)",
            "blocked-destinations=(script), sources=()",
            "blocked-destinations=(script), sources=(header)",
            "blocked-destinations=(script), endpoints=(\"a\")",
            "blocked-destinations=(script), blocked-destinations=(style)",
            "blocked-destinations=(script) endpoints=(a)",
            "blocked-destinations=(script),",
            "blocked-destinations=(script)\r\nx: y",
        ] {
            assert_eq!(IntegrityPolicy::parse(bad), Err(BAD), "{bad:?}");
        }
    }

    #[test]
    fn the_first_endpoint_that_is_not_defined_is_found() {
        let policy = IntegrityPolicy::new("endpoints=(a b), blocked-destinations=(script)");
        let undefined = |endpoints| policy.undefined_endpoint(&endpoints);
        assert_eq!(undefined(ReportingEndpoints::new("b=\"/b\", a=\"/a\"")), None);
        assert_eq!(undefined(ReportingEndpoints::new("a=\"/a\"")), Some("b"));
        assert_eq!(undefined(ReportingEndpoints::NONE), Some("a"));
        let without = IntegrityPolicy::new("blocked-destinations=(script)");
        assert_eq!(without.undefined_endpoint(&ReportingEndpoints::NONE), None);
    }
}
