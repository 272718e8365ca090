//! The shape of the headers that isolate a page: one word, and the endpoint that its violations are reported to.

use super::{PolicyError, ReportingEndpoints};
use crate::cursor::Cursor;
use crate::grammar;
use crate::structured_field::{Item, Params};

/// Defines a header whose value is a structured-field token with parameters, of which browsers read `report-to`.
///
/// The generated `parse` ignores the ASCII case of the word; what is sent is the spelling of the specification.
macro_rules! keyword_with_report_to {
    (
        $(#[$meta:meta])*
        $type:ident: $choices:literal {
            $( $(#[$value_meta:meta])* $constant:ident = $text:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $type<'a> {
            value: &'static str,
            report_to: $crate::headers::keyword_with_report_to::ReportTo<'a>,
        }

        impl<'a> $type<'a> {
            /// Each value that it takes.
            pub(crate) const VALUES: &'static [&'static str] = &[$($text),+];

            $( $(#[$value_meta])* pub const $constant: Self = Self {
                value: $text,
                report_to: $crate::headers::keyword_with_report_to::ReportTo::NOBODY,
            }; )+

            /// With violations reported to an endpoint of [`ReportingEndpoints`](crate::ReportingEndpoints).
            ///
            /// # Panics
            /// When it is not a name: visible ASCII without quotes and backslashes. In a `const` that is a compile error.
            #[must_use]
            #[track_caller]
            pub const fn report_to(self, endpoint: &'a str) -> Self {
                let report_to = $crate::dialect::valid!(
                    $crate::headers::keyword_with_report_to::ReportTo::endpoint(endpoint)
                );
                Self { report_to, ..self }
            }

            /// The word, without parameters.
            pub const fn value(&self) -> &'static str {
                self.value
            }

            /// Reads the header's value: a word, ignoring ASCII case, and parameters.
            ///
            /// # Errors
            #[doc = concat!("[`PolicyError::BadValue`](crate::PolicyError::BadValue): ", $choices)]
            pub const fn parse(text: &'a str) -> Result<Self, $crate::headers::PolicyError> {
                const BAD: $crate::headers::PolicyError = $crate::headers::PolicyError::BadValue(concat!(
                    $choices, "; then ; report-to=\"name\" (quotes included) if wanted"
                ));
                let text = $crate::grammar::trim(text);
                let (word, params) = $crate::grammar::cut(text, $crate::grammar::find(text, b';', 0));
                let Some(report_to) = $crate::headers::keyword_with_report_to::ReportTo::parse(params) else {
                    return Err(BAD);
                };
                $( if word.eq_ignore_ascii_case($text) { return Ok(Self { value: $text, report_to }); } )+
                $( if $crate::headers::keyword_header::is_slip(word, $text) {
                    return Err($crate::headers::PolicyError::BadValue(concat!("did you mean ", $text, "? ", $choices)));
                } )+
                Err(BAD)
            }

            /// The endpoint, if it is not one of these.
            pub(crate) const fn undefined_endpoint(
                &self,
                defined: &$crate::headers::ReportingEndpoints<'_>,
            ) -> Option<&'a str> {
                self.report_to.undefined_endpoint(defined)
            }

            pub(crate) const fn render(&self, out: &mut $crate::cursor::Cursor<'_>) {
                out.put(self.value.as_bytes());
                self.report_to.render(out);
            }
        }

        $crate::dialect::display_by_render!($type<'_>);
    };
}
pub(crate) use keyword_with_report_to;

/// The parameters after the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReportTo<'a> {
    /// Parameters as they were given, with their semicolons.
    Text(&'a str),
    Endpoint(&'a str),
}

impl<'a> ReportTo<'a> {
    pub(super) const NOBODY: Self = Self::Text("");

    pub(super) const fn endpoint(name: &'a str) -> Result<Self, PolicyError> {
        let bytes = name.as_bytes();
        let plain = grammar::find(name, b'"', 0) == bytes.len() && grammar::find(name, b'\\', 0) == bytes.len();
        if plain && grammar::is_field_value(name) && grammar::find(name, b'\t', 0) == bytes.len() {
            Ok(Self::Endpoint(name))
        } else {
            Err(PolicyError::BadEndpointName)
        }
    }

    /// Parameters of an item (RFC 9651, section 3.1.2). Browsers ignore all but `report-to`, and that one unless it is a string
    /// (HTML, section 7.1.3.1).
    pub(super) const fn parse(params: &'a str) -> Option<Self> {
        match Params::parse(params) {
            Ok(read) if matches!(read.get("report-to"), None | Some(Item::String(_))) => Some(Self::Text(params)),
            _ => None,
        }
    }

    pub(super) const fn undefined_endpoint(&self, defined: &ReportingEndpoints<'_>) -> Option<&'a str> {
        let name = match *self {
            Self::Endpoint(name) => name,
            Self::Text(params) => match Params::parse(params) {
                Ok(read) => match read.get("report-to") {
                    Some(Item::String(name)) => name,
                    _ => return None,
                },
                Err(_) => return None,
            },
        };
        if defined.defines(name) { None } else { Some(name) }
    }

    pub(super) const fn render(&self, out: &mut Cursor<'_>) {
        match *self {
            Self::Text(params) => out.put(params.as_bytes()),
            Self::Endpoint(name) => {
                out.put(b"; report-to=\"");
                out.put(name.as_bytes());
                out.put(b"\"");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use crate::headers::{CrossOriginOpenerPolicy as Policy, PolicyError, ReportingEndpoints};
    use std::string::ToString;

    #[test]
    fn reads_a_word_and_parameters() {
        for (given, sent) in [
            ("same-origin", "same-origin"),
            (" SAME-ORIGIN ", "same-origin"),
            ("same-origin; report-to=\"coop\"", "same-origin; report-to=\"coop\""),
            ("Unsafe-None;report-to=\"a b\";x=1;y", "unsafe-none;report-to=\"a b\";x=1;y"),
            // Ignored by browsers, as all parameters but one are.
            ("same-origin;x=@1;y=:YQ==:", "same-origin;x=@1;y=:YQ==:"),
        ] {
            assert_eq!(Policy::parse(given).unwrap().to_string(), sent, "{given}");
        }
        for bad in [
            "",
            "same-site",
            "\"same-origin\"",
            "same-origin;",
            "same-origin ;x",
            "same-origin, same-origin",
            "same-origin; report-to=coop",
            "same-origin; report-to",
            "same-origin; report-to=\"a",
            "same-origin; Report-To=\"a\"",
            "same-origin\r\nx: y",
        ] {
            assert!(matches!(Policy::parse(bad), Err(PolicyError::BadValue(_))), "{bad:?}");
        }
    }

    #[test]
    fn an_endpoint_is_named() {
        const POLICY: Policy<'_> = Policy::SAME_ORIGIN.report_to("coop");
        assert_eq!(POLICY.to_string(), "same-origin; report-to=\"coop\"");
        assert_eq!((POLICY.value(), Policy::SAME_ORIGIN.to_string().as_str()), ("same-origin", "same-origin"));
        for policy in [POLICY, Policy::parse("same-origin; report-to=\"coop\"").unwrap()] {
            assert_eq!(policy.undefined_endpoint(&ReportingEndpoints::NONE), Some("coop"));
            assert_eq!(policy.undefined_endpoint(&ReportingEndpoints::new("coop=\"/r\"")), None);
        }
        assert_eq!(Policy::SAME_ORIGIN.undefined_endpoint(&ReportingEndpoints::NONE), None);
    }

    #[test]
    #[should_panic(expected = "report-to takes the name")]
    fn an_endpoint_that_is_no_name_is_refused() {
        let _ = Policy::SAME_ORIGIN.report_to("a\"; x=\"b");
    }
}
