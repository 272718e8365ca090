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
            /// Reads the header's value, ignoring ASCII case and space at the ends.
            ///
            /// # Errors
            #[doc = concat!("[`PolicyError::UnknownValue`](crate::PolicyError::UnknownValue): ", $choices)]
            pub const fn parse(text: &str) -> Result<Self, $crate::headers::PolicyError> {
                let text = $crate::grammar::trim(text);
                $( if text.eq_ignore_ascii_case($text) { return Ok(Self::$variant); } )+
                Err($crate::headers::PolicyError::UnknownValue($choices))
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
