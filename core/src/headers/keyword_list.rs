//! The shape of headers that are a list of words.

/// Defines a header whose value is a list, with commas, of words out of a fixed few.
///
/// The generated `parse` ignores their ASCII case; what is sent is the spelling of the specification.
macro_rules! keyword_list {
    (
        $(#[$meta:meta])*
        $type:ident: $choices:literal {
            $( $(#[$value_meta:meta])* $constant:ident = $text:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $type<'a>(&'a str);

        impl<'a> $type<'a> {
            /// Each word that it takes.
            pub(crate) const VALUES: &'static [&'static str] = &[$($text),+];

            $( $(#[$value_meta])* pub const $constant: Self = Self($text); )+

            /// The header's value, checked.
            ///
            /// # Panics
            /// When [`parse`](Self::parse) refuses it; in a `const` that is a compile error.
            #[track_caller]
            pub const fn new(value: &'a str) -> Self {
                $crate::dialect::valid!(Self::parse(value))
            }

            /// Reads the header's value: words with commas, ignoring ASCII case.
            ///
            /// # Errors
            #[doc = concat!("[`PolicyError::BadValue`](crate::PolicyError::BadValue): ", $choices)]
            pub const fn parse(value: &'a str) -> Result<Self, $crate::headers::PolicyError> {
                let mut rest = Some(value);
                while let Some(words) = rest {
                    let (word, after) = $crate::headers::keyword_list::split(words);
                    if Self::spelling(word).is_none() {
                        $( if $crate::headers::keyword_header::is_slip(word, $text) {
                            return Err($crate::headers::PolicyError::BadValue(
                                concat!("did you mean ", $text, "? ", $choices)
                            ));
                        } )+
                        return Err($crate::headers::PolicyError::BadValue($choices));
                    }
                    rest = after;
                }
                Ok(Self(value))
            }

            /// The specification's spelling of a word.
            const fn spelling(word: &str) -> Option<&'static str> {
                $( if word.eq_ignore_ascii_case($text) { return Some($text); } )+
                None
            }

            pub(crate) const fn render(&self, out: &mut $crate::cursor::Cursor<'_>) {
                let mut rest = Some(self.0);
                while let Some(words) = rest {
                    let (word, after) = $crate::headers::keyword_list::split(words);
                    if let Some(spelling) = Self::spelling(word) {
                        out.put(spelling.as_bytes());
                    }
                    if after.is_some() {
                        out.put(b", ");
                    }
                    rest = after;
                }
            }
        }

        $crate::dialect::display_by_render!($type<'_>);
    };
}
pub(crate) use keyword_list;

use crate::grammar;

/// The first word, and what follows its comma if it has one.
pub(super) const fn split(words: &str) -> (&str, Option<&str>) {
    let (word, rest) = grammar::cut(words, grammar::find(words, b',', 0));
    (grammar::trim(word), if rest.is_empty() { None } else { Some(grammar::cut(rest, 1).1) })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use crate::headers::{ClearSiteData, PolicyError, ReferrerPolicy};
    use std::string::ToString;

    #[test]
    fn reads_lists() {
        for (given, sent) in [
            ("no-referrer", "no-referrer"),
            // Referrer Policy, section 11.1: a fallback for browsers that do not know the last word.
            ("no-referrer,\tStrict-Origin-When-Cross-Origin ", "no-referrer, strict-origin-when-cross-origin"),
            ("origin, origin", "origin, origin"),
        ] {
            assert_eq!(ReferrerPolicy::parse(given).unwrap().to_string(), sent, "{given}");
        }
        assert_eq!(
            ClearSiteData::new("\"CACHE\",\"executioncontexts\"").to_string(),
            "\"cache\", \"executionContexts\""
        );
        for bad in ["", ",", "origin,", ",origin", "origin origin", "none", "origin\r\nx: y", "\"origin\""] {
            assert!(matches!(ReferrerPolicy::parse(bad), Err(PolicyError::BadValue(_))), "{bad:?}");
        }
    }

    #[test]
    fn a_typo_is_told_what_was_meant() {
        let message = ReferrerPolicy::parse("no-referrer, strict-origins").unwrap_err().message();
        assert!(message.starts_with("did you mean strict-origin? "), "{message}");
        let message = ClearSiteData::parse("cookies").unwrap_err().message();
        assert!(message.contains("quotes included"), "{message}");
    }
}
