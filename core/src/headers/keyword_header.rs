//! The shape that most security headers share: one token out of a fixed few.

/// Defines a header whose whole value is one of a few texts.
///
/// The generated `parse` ignores ASCII case, as people write `deny` and `DENY`; what is sent is always the
/// spelling of the specification.
macro_rules! keyword_header {
    (
        $(#[$meta:meta])*
        $type:ident: $choices:literal {
            $( $(#[$variant_meta:meta])* $variant:ident = $text:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $type {
            $( $(#[$variant_meta])* $variant ),+
        }

        impl $type {
            /// Each value that it takes.
            pub(crate) const VALUES: &'static [&'static str] = &[$($text),+];

            /// Reads the header's value, ignoring ASCII case and space at the ends.
            ///
            /// # Errors
            #[doc = concat!("[`PolicyError::BadValue`](crate::PolicyError::BadValue): ", $choices)]
            pub const fn parse(text: &str) -> Result<Self, $crate::headers::PolicyError> {
                let text = $crate::grammar::trim(text);
                $( if text.eq_ignore_ascii_case($text) { return Ok(Self::$variant); } )+
                $( if $crate::headers::keyword_header::is_slip(text, $text) {
                    return Err($crate::headers::PolicyError::BadValue(concat!("did you mean ", $text, "? ", $choices)));
                } )+
                Err($crate::headers::PolicyError::BadValue($choices))
            }

            /// The header's value.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text ),+ }
            }

            pub(crate) const fn render(&self, out: &mut $crate::cursor::Cursor<'_>) {
                out.put(self.as_str().as_bytes());
            }
        }

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use keyword_header;

/// Whether `given` looks like `meant` with a letter too many, too few or mistaken, two that changed places, or other hyphens.
///
/// Of short words most differ by a letter: `on` is not a bad `no`.
pub(crate) const fn is_slip(given: &str, meant: &str) -> bool {
    meant.len() > 3 && is_near(given.as_bytes(), meant.as_bytes(), true)
}

const fn is_near(mut given: &[u8], mut meant: &[u8], may_slip: bool) -> bool {
    loop {
        (given, meant) = (past_hyphens(given), past_hyphens(meant));
        match (given, meant) {
            ([], []) => return true,
            ([a, after_a @ ..], [b, after_b @ ..]) if a.eq_ignore_ascii_case(b) => (given, meant) = (after_a, after_b),
            _ if !may_slip => return false,
            ([a, b, after_a @ ..], [c, d, after_b @ ..])
                if a.eq_ignore_ascii_case(d) && b.eq_ignore_ascii_case(c) && is_near(after_a, after_b, false) =>
            {
                return true;
            }
            ([_, after_a @ ..], [_, after_b @ ..]) => {
                return is_near(after_a, after_b, false)
                    || is_near(after_a, meant, false)
                    || is_near(given, after_b, false);
            }
            ([_, rest @ ..], []) | ([], [_, rest @ ..]) => return rest.is_empty(),
        }
    }
}

const fn past_hyphens(mut text: &[u8]) -> &[u8] {
    while let [b'-' | b'_' | b' ', rest @ ..] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::headers::{CrossOriginOpenerPolicy, XContentTypeOptions, XDnsPrefetchControl, XFrameOptions};

    #[test]
    fn a_typo_is_told_what_was_meant() {
        for (given, meant) in [
            (XFrameOptions::parse("SAME-ORIGINS").map(|_| ()), Some("SAMEORIGIN")),
            (XFrameOptions::parse("denny").map(|_| ()), Some("DENY")),
            (XFrameOptions::parse("DNEY").map(|_| ()), Some("DENY")),
            (XFrameOptions::parse("ALLOW-FROM https://a.example").map(|_| ()), None),
            (XContentTypeOptions::parse("nosnif").map(|_| ()), Some("nosniff")),
            (XContentTypeOptions::parse("sniff").map(|_| ()), None),
            (CrossOriginOpenerPolicy::parse("same_origin_allow_popup").map(|_| ()), Some("same-origin-allow-popups")),
            (CrossOriginOpenerPolicy::parse("").map(|_| ()), None),
            (XDnsPrefetchControl::parse("no").map(|_| ()), None),
        ] {
            let message = given.unwrap_err().message();
            let guess =
                message.strip_prefix("did you mean ").and_then(|rest| rest.split_once("? ")).map(|(guess, _)| guess);
            assert_eq!(guess, meant, "{message}");
        }
    }
}
