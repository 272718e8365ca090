//! The shape of headers that are kept as the text they were checked to be.

/// Gives a type `X<'a>(&'a str)` that has a `parse` what follows from it; `marked` says that the type has a `render`, which leaves
/// marks out.
macro_rules! text_header {
    ($type:ident) => {
        $crate::headers::text_header::text_header!($type, marked);

        impl $type<'_> {
            pub(crate) const fn render(&self, out: &mut $crate::cursor::Cursor<'_>) {
                out.put(self.0.as_bytes());
            }
        }
    };
    ($type:ident, marked) => {
        impl<'a> $type<'a> {
            /// Its value is no choice of a few words.
            pub(crate) const VALUES: &'static [&'static str] = &[];

            /// The header's value, checked.
            ///
            /// # Panics
            /// When [`parse`](Self::parse) refuses it; in a `const` that is a compile error.
            #[track_caller]
            pub const fn new(value: &'a str) -> Self {
                $crate::dialect::valid!(Self::parse(value))
            }

            /// The header's value, as it was given.
            pub const fn as_str(&self) -> &'a str {
                self.0
            }
        }

        $crate::dialect::display_by_render!($type<'_>);
    };
}
pub(crate) use text_header;
