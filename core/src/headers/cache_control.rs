//! Cache-Control: who may keep the response.

use super::PolicyError;
use crate::dialect::ok;
use crate::grammar;
use crate::structured_field::{Dictionary, Item, Value};

/// `Cache-Control` ([RFC 9111, section 5.2](https://www.rfc-editor.org/rfc/rfc9111#section-5.2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheControl<'a>(&'a str);

const BAD: PolicyError =
    PolicyError::BadValue("Cache-Control is a list of directives with commas: no-store, or private, max-age=60");

impl<'a> CacheControl<'a> {
    /// Nobody keeps it.
    pub const NO_STORE: Self = Self("no-store");

    /// The one browser it was made for may keep it, caches shared by several users may not.
    pub const PRIVATE: Self = Self("private");

    /// Reads a list of directives, `1#( token [ "=" ( token / quoted-string ) ] )`.
    ///
    /// # Errors
    /// [`BadValue`](PolicyError::BadValue) when it is not a list of directives, or an element is empty.
    pub const fn parse(value: &'a str) -> Result<Self, PolicyError> {
        let value = grammar::trim(value);
        let mut start = 0;
        while start <= value.len() {
            // A comma inside a quoted string (private="set-cookie, x") does not end the directive.
            let end = end_of_element(value, start);
            ok!(directive(grammar::trim(grammar::slice(value, start, end))));
            start = end + 1;
        }
        Ok(Self(value))
    }

    /// The names of its directives, in order.
    pub(crate) fn directives(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let (value, mut start) = (self.0, 0);
        core::iter::from_fn(move || {
            if start > value.len() {
                return None;
            }
            let end = end_of_element(value, start);
            let element = grammar::trim(grammar::slice(value, start, end));
            start = end + 1;
            Some(grammar::cut(element, grammar::find(element, b'=', 0)).0)
        })
    }

    /// Whether shared caches may not keep the response: it says `private` or `no-store`.
    pub const fn forbids_sharing(&self) -> bool {
        forbids_sharing(self.0)
    }
}

/// Whether a name is one of a targeted field, which some caches look at before `Cache-Control` (RFC 9213 section 2.1; a name of that
/// kind ends as that of `CDN-Cache-Control` does, which is registered).
pub(crate) const fn is_targeted(name: &[u8]) -> bool {
    const END: &[u8] = b"-cache-control";
    match name.len().checked_sub(END.len()) {
        Some(at) => matches!(name.split_at_checked(at), Some((_, end)) if end.eq_ignore_ascii_case(END)),
        None => false,
    }
}

/// Whether a line of a targeted field says `private` or `no-store`.
///
/// It is a structured dictionary (RFC 9213, section 2.1), so of two members of one key the last counts, and `?0` takes one back.
/// What cannot be read here counts as if it said nothing.
pub(crate) const fn targeted_forbids_sharing(line: &str) -> bool {
    let (mut private, mut no_store, mut must_understand) = (false, false, false);
    let mut rest = Dictionary::new(grammar::trim(line));
    while let Some(member) = rest.next() {
        // A date, say, which a cache may read.
        let Ok(member) = member else { return false };
        let says = matches!(member.value, Value::Item(Item::Boolean(true)));
        if grammar::eq(member.key, "private") {
            private = says;
        } else if grammar::eq(member.key, "no-store") {
            no_store = says;
        } else if grammar::eq(member.key, "must-understand") {
            must_understand = says;
        }
    }
    private || no_store && !must_understand
}

/// Whether a `Cache-Control` value says `private` or `no-store`.
///
/// `private="field"` protects one field only and does not count (RFC 9111, section 5.2.2.7), nor does `no-store` next to
/// `must-understand`, which has a cache that knows the status ignore it (section 5.2.2.3).
pub(crate) const fn forbids_sharing(value: &str) -> bool {
    has_element(value, "private") || has_element(value, "no-store") && !has_element(value, "must-understand")
}

/// Whether a line of a targeted field says `public`, or `s-maxage` with a number, and so that everybody may have the response.
pub(crate) const fn targeted_says_shared(line: &str) -> bool {
    let (mut public, mut shared_age) = (false, false);
    let mut rest = Dictionary::new(grammar::trim(line));
    while let Some(member) = rest.next() {
        let Ok(member) = member else { return false };
        if grammar::eq(member.key, "public") {
            public = matches!(member.value, Value::Item(Item::Boolean(true)));
        } else if grammar::eq(member.key, "s-maxage") {
            shared_age = matches!(member.value, Value::Item(Item::Other));
        }
    }
    public || shared_age
}

/// Likewise of a `Cache-Control` value.
pub(crate) fn says_shared(value: &str) -> bool {
    let mut start = 0;
    while start <= value.len() {
        let end = end_of_element(value, start);
        let element = grammar::trim(grammar::slice(value, start, end));
        let is_age = |(key, age): (&str, &str)| {
            key.eq_ignore_ascii_case("s-maxage") && !age.is_empty() && age.bytes().all(|byte| byte.is_ascii_digit())
        };
        if element.eq_ignore_ascii_case("public") || element.split_once('=').is_some_and(is_age) {
            return true;
        }
        start = end + 1;
    }
    false
}

/// Whether a `Surrogate-Control` value says `no-store` to all: `no-store;name` is for one surrogate ([Edge Architecture, section
/// 2.2](https://www.w3.org/TR/edge-arch/)).
pub(crate) const fn surrogate_forbids_sharing(value: &str) -> bool {
    has_element(value, "no-store")
}

/// Whether a list says `wanted` outside of quotes, in any case.
pub(crate) const fn has_element(value: &str, wanted: &str) -> bool {
    let mut start = 0;
    while start <= value.len() {
        let end = end_of_element(value, start);
        if grammar::trim(grammar::slice(value, start, end)).eq_ignore_ascii_case(wanted) {
            return true;
        }
        start = end + 1;
    }
    false
}

const fn end_of_element(value: &str, start: usize) -> usize {
    let bytes = value.as_bytes();
    let (mut i, mut quoted) = (start, false);
    while i < bytes.len() && (quoted || bytes[i] != b',') {
        match bytes[i] {
            b'"' => quoted = !quoted,
            // A quoted pair: its second byte ends nothing (RFC 9110, section 5.6.4).
            b'\\' if quoted && i + 1 < bytes.len() => i += 1,
            _ => {}
        }
        i += 1;
    }
    i
}

/// Whether a quoted string of a line never ends.
pub(crate) fn ends_in_quotes(line: &[u8]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'"' => quoted = !quoted,
            b'\\' => escaped = quoted,
            _ => {}
        }
    }
    quoted
}

const fn directive(element: &str) -> Result<(), PolicyError> {
    let equals = grammar::find(element, b'=', 0);
    let good = grammar::is_token(grammar::slice(element, 0, equals))
        && (equals == element.len() || {
            let argument = grammar::slice(element, equals + 1, element.len());
            grammar::is_token(argument) || is_quoted(argument)
        });
    if good { Ok(()) } else { Err(BAD) }
}

const fn is_quoted(argument: &str) -> bool {
    match argument.as_bytes() {
        [b'"', inner @ .., b'"'] => {
            let mut i = 0;
            while i < inner.len() {
                let byte = if inner[i] == b'\\' && i + 1 < inner.len() {
                    // quoted-pair (RFC 9110, section 5.6.4)
                    i += 1;
                    grammar::is_quotable(inner[i])
                } else {
                    grammar::is_qdtext(inner[i])
                };
                // Of obs-text, all is outside of ASCII.
                if !byte || !inner[i].is_ascii() {
                    return false;
                }
                i += 1;
            }
            true
        }
        _ => false,
    }
}

super::text_header::text_header!(CacheControl);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lists() {
        for good in [
            "no-store",
            "private, max-age=60",
            "private=\"set-cookie, x\"",
            "max-age=0,must-revalidate",
            "x=\"a\\\"b, \\\\\"",
            "x=\"\", y=\"\t\"",
        ] {
            assert_eq!(CacheControl::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            ",",
            "no-store,",
            "no store",
            "max-age=",
            "max-age=\"a",
            "a\r\nb",
            "private=\"a\"b",
            "x=\"a\\\"",
            "x=\"a\\",
            "x = y",
            "x=\"\u{e9}\"",
            "x=\"\\\u{e9}\"",
            "x=\"\\\n\"",
        ] {
            assert_eq!(CacheControl::parse(bad), Err(BAD), "{bad:?}");
        }
    }

    #[test]
    fn a_targeted_field_is_a_structured_dictionary() {
        for yes in ["private", "max-age=60, private", "no-store\t,max-age=0", "private=?1;x", "private=?0, private"] {
            assert!(targeted_forbids_sharing(yes), "{yes}");
        }
        for no in [
            "",
            "max-age=60",
            "private=?0",
            "private, private=?0",
            "Private",
            "privately",
            "x=\"a, private\"",
            "no-store=1",
            "must-understand, no-store",
        ] {
            assert!(!targeted_forbids_sharing(no), "{no}");
        }
        assert!(
            is_targeted(b"CDN-Cache-Control") && !is_targeted(b"cache-control") && !is_targeted(b"cdn-cache-control-x")
        );
    }

    #[test]
    fn knows_what_keeps_shared_caches_out() {
        for yes in ["private", "No-Store", "max-age=1, private", "must-understand, no-store, private"] {
            assert!(forbids_sharing(yes), "{yes}");
        }
        // The last one was found by fuzzing: its quotes end behind `private`.
        let quoted = "x=\"\\\", private, \"";
        for no in [
            "",
            "public",
            "private=\"set-cookie\"",
            "max-age=1, privately",
            "x=\"a, private\"",
            "must-understand,no-store",
            quoted,
        ] {
            assert!(!forbids_sharing(no), "{no}");
        }
    }
}
