//! The shape of headers that are kept as the text they were checked to be.

/// Gives a type `X<'a>(&'a str)` that has a `parse` what follows from it.
macro_rules! text_header {
    ($type:ident) => {
        impl<'a> $type<'a> {
            /// The header's value, checked.
            ///
            /// # Panics
            /// When [`parse`](Self::parse) refuses it; in a `const` that is a compile error.
            #[track_caller]
            pub const fn new(value: &'a str) -> Self {
                $crate::dialect::valid!(Self::parse(value))
            }

            /// The header's value.
            pub const fn as_str(&self) -> &'a str {
                self.0
            }

            pub(crate) const fn render(&self, out: &mut $crate::cursor::Cursor<'_>) {
                out.put(self.0.as_bytes());
            }
        }

        $crate::dialect::display_by_render!($type<'_>);
    };
}
pub(crate) use text_header;
